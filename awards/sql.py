"""The ledger's database side, applied by migration 0002 as the owner.

Not pgtrigger: its triggers can be ignored by a setting of the session, and nothing may move the
counters but a posting.
"""

LEDGER = """
-- The one place where counters move. With the owner's rights: the running role has no UPDATE on
-- the counters. The CHECKs of awards_capaccount refuse what is over a cap.
CREATE FUNCTION ledger_post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  entry awards_entry%ROWTYPE;
  reserved numeric := 0;
  approved numeric := 0;
BEGIN
  SELECT * INTO STRICT entry FROM awards_entry WHERE id = NEW.entry_id;
  IF entry.kind IN ('approve', 'release') THEN
    -- An approval converts the reservation: what was reserved beyond the approved amount is
    -- freed. A release takes back what was approved as well.
    SELECT coalesce(sum(e.amount_cny) FILTER (WHERE e.kind = 'reserve'), 0),
           coalesce(sum(e.amount_cny) FILTER (WHERE e.kind = 'approve'), 0)
      INTO reserved, approved
      FROM awards_entry e JOIN awards_posting p ON p.entry_id = e.id
     WHERE e.award_id = entry.award_id AND p.account_id = NEW.account_id;
  END IF;
  UPDATE awards_capaccount SET
    committed_cny = committed_cny + CASE entry.kind
      WHEN 'reserve' THEN entry.amount_cny
      WHEN 'opening' THEN entry.amount_cny
      WHEN 'approve' THEN entry.amount_cny - reserved
      WHEN 'release' THEN -entry.amount_cny
      WHEN 'claw_back' THEN -entry.amount_cny
      ELSE 0 END,
    approved_cny = approved_cny + CASE entry.kind
      WHEN 'approve' THEN entry.amount_cny
      WHEN 'release' THEN -least(entry.amount_cny, approved)
      WHEN 'opening' THEN entry.amount_cny
      WHEN 'claw_back' THEN -entry.amount_cny
      ELSE 0 END,
    paid_cny = paid_cny + CASE entry.kind
      WHEN 'pay' THEN entry.amount_cny
      WHEN 'opening' THEN entry.amount_cny
      WHEN 'return' THEN -entry.amount_cny
      WHEN 'claw_back' THEN -entry.amount_cny
      ELSE 0 END,
    committed_places = committed_places + CASE entry.kind
      WHEN 'reserve' THEN entry.places
      WHEN 'opening' THEN entry.places
      WHEN 'release' THEN -entry.places
      ELSE 0 END
  WHERE id = NEW.account_id;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_post AFTER INSERT ON awards_posting
  FOR EACH ROW EXECUTE FUNCTION ledger_post();

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only'
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_append_only';
END $$;
CREATE TRIGGER ledger_entry_kept BEFORE UPDATE OR DELETE ON awards_entry
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_posting_kept BEFORE UPDATE OR DELETE ON awards_posting
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

-- New accounts start empty, whoever makes them.
CREATE FUNCTION ledger_account_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.committed_cny := 0; NEW.approved_cny := 0; NEW.paid_cny := 0; NEW.committed_places := 0;
  RETURN NEW;
END $$;
CREATE TRIGGER ledger_account_empty BEFORE INSERT ON awards_capaccount
  FOR EACH ROW EXECUTE FUNCTION ledger_account_empty();

-- Every entry has exactly one audit event and at least one posting by the commit.
CREATE FUNCTION ledger_entry_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM audit_require('awards.entry', NEW.id::text, '', NEW.kind);
  PERFORM 1 FROM awards_posting WHERE entry_id = NEW.id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'ledger entry % has no posting', NEW.id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_entry_posted';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_whole AFTER INSERT ON awards_entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_whole();
"""

DROP = """
DROP TRIGGER ledger_entry_whole ON awards_entry;
DROP TRIGGER ledger_account_empty ON awards_capaccount;
DROP TRIGGER ledger_posting_kept ON awards_posting;
DROP TRIGGER ledger_entry_kept ON awards_entry;
DROP TRIGGER ledger_post ON awards_posting;
DROP FUNCTION ledger_entry_whole();
DROP FUNCTION ledger_account_empty();
DROP FUNCTION ledger_refuse();
DROP FUNCTION ledger_post();
"""
