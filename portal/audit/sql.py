"""The audit log's database side, applied by the first migration as the owner."""

CHAIN = """
CREATE FUNCTION audit_canonical(event audit_event, chain_position bigint) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_array(
    chain_position, event.id,
    to_char(event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    event.transaction_id, event.actor_id, event.actor_label, event.action, event.object_type,
    event.object_id, event.from_state, event.to_state, event.data, event.algorithm
  )::text
$$;

-- Runs at commit with the owner's rights: the running role may not update an event.
CREATE FUNCTION audit_close() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  head audit_head%ROWTYPE;
  digest text;
BEGIN
  INSERT INTO audit_head (id, position, hash) VALUES (1, 0, repeat('0', 64))
    ON CONFLICT (id) DO NOTHING;
  SELECT * INTO head FROM audit_head WHERE id = 1 FOR UPDATE;
  digest := encode(
    sha256(convert_to(head.hash || audit_canonical(NEW, head.position + 1), 'UTF8')), 'hex');
  UPDATE audit_event
     SET position = head.position + 1, previous_hash = head.hash, hash = digest
   WHERE id = NEW.id;
  UPDATE audit_head SET position = head.position + 1, hash = digest WHERE id = 1;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER audit_event_close AFTER INSERT ON audit_event
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_close();

-- What is chained never changes, whoever asks. (A test's TRUNCATE fires no row trigger.)
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit events are append-only'
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'audit_append_only';
END $$;
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
  FOR EACH ROW WHEN (OLD.hash IS NOT NULL) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
  FOR EACH ROW EXECUTE FUNCTION audit_refuse();
-- An event arrives unchained: its place is given by the trigger alone.
CREATE FUNCTION audit_unchained() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.position := NULL; NEW.previous_hash := NULL; NEW.hash := NULL;
  NEW.at := portal_now(); NEW.transaction_id := pg_current_xact_id()::text::bigint;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_event_unchained BEFORE INSERT ON audit_event
  FOR EACH ROW EXECUTE FUNCTION audit_unchained();

-- Called by the deferred triggers of audited tables: exactly one event must tell of this change
-- for each time that it happened in this transaction.
CREATE FUNCTION audit_require(kind text, object text, old_state text, new_state text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM audit_event
    WHERE transaction_id = pg_current_xact_id()::text::bigint
      AND object_type = kind AND object_id = object
      AND from_state = coalesce(old_state, '') AND to_state = new_state;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no audit event for % %: % -> %', kind, object, old_state, new_state
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'audit_required';
  END IF;
END $$;
"""

DROP = """
DROP FUNCTION audit_require(text, text, text, text);
DROP TRIGGER audit_event_unchained ON audit_event;
DROP TRIGGER audit_event_no_delete ON audit_event;
DROP TRIGGER audit_event_no_update ON audit_event;
DROP TRIGGER audit_event_close ON audit_event;
DROP FUNCTION audit_unchained();
DROP FUNCTION audit_refuse();
DROP FUNCTION audit_close();
DROP FUNCTION audit_canonical(audit_event, bigint);
"""

# The n-th time that a change happens in a transaction needs the n-th event: one event told of any
# number of the same change before. The deferred triggers call it once for each.
REQUIRE = """
CREATE OR REPLACE FUNCTION audit_require(kind text, object text, old_state text, new_state text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  tally text := 'audit.t' || md5(concat_ws('|', kind, object, coalesce(old_state, ''), new_state));
  times integer := coalesce(nullif(current_setting(tally, true), ''), '0')::integer + 1;
  told integer;
BEGIN
  SELECT count(*) INTO told FROM audit_event
    WHERE transaction_id = pg_current_xact_id()::text::bigint
      AND object_type = kind AND object_id = object
      AND from_state = coalesce(old_state, '') AND to_state = new_state;
  IF told < times THEN
    RAISE EXCEPTION 'no audit event for % %: % -> % (time %)', kind, object, old_state, new_state, times
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'audit_required';
  END IF;
  PERFORM set_config(tally, times::text, true);
END $$;
"""
