"""What the models of `policy` cannot say, applied by its first migration as the owner."""

# A call's definition is its measure's, and its acts are audited.
GUARDS = """
ALTER TABLE policy_call ADD CONSTRAINT policy_call_definition_of_measure
  FOREIGN KEY (definition_id, measure_id) REFERENCES policy_definition (id, measure_id)
  DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION policy_call_audited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM audit_require(
    'policy.call', NEW.id::text,
    CASE WHEN TG_OP = 'UPDATE' THEN OLD.status ELSE '' END, NEW.status);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER policy_call_created AFTER INSERT ON policy_call
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION policy_call_audited();
CREATE CONSTRAINT TRIGGER policy_call_moved AFTER UPDATE ON policy_call
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION policy_call_audited();
"""

DROP_GUARDS = """
DROP TRIGGER policy_call_moved ON policy_call;
DROP TRIGGER policy_call_created ON policy_call;
DROP FUNCTION policy_call_audited();
ALTER TABLE policy_call DROP CONSTRAINT policy_call_definition_of_measure;
"""

# Acts on published calls: audited, and nothing changes a published call but a released act.
CHANGES = """
CREATE FUNCTION policy_callchange_audited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM audit_require(
    'policy.callchange', NEW.id::text,
    CASE WHEN TG_OP = 'UPDATE' THEN OLD.state ELSE '' END, NEW.state);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER policy_callchange_created AFTER INSERT ON policy_callchange
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION policy_callchange_audited();
CREATE CONSTRAINT TRIGGER policy_callchange_moved AFTER UPDATE ON policy_callchange
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION policy_callchange_audited();

CREATE FUNCTION policy_callchange_drafted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an act on a call starts as a draft'
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_callchange_drafted';
END $$;
CREATE TRIGGER policy_callchange_drafted BEFORE INSERT ON policy_callchange
  FOR EACH ROW WHEN (NEW.state <> 'drafted') EXECUTE FUNCTION policy_callchange_drafted();

-- Budget, cut-off and an early end of a published call rest on an act that two people signed.
CREATE FUNCTION policy_call_changed_by_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'closed' AND OLD.status <> 'closed' THEN
    PERFORM 1 FROM policy_callchange
      WHERE call_id = NEW.id AND field = 'close' AND state = 'released';
  ELSIF NEW.budget_cny IS DISTINCT FROM OLD.budget_cny THEN
    PERFORM 1 FROM policy_callchange
      WHERE call_id = NEW.id AND field = 'budget_cny' AND state = 'released'
        AND after::numeric = NEW.budget_cny;
  ELSE
    PERFORM 1 FROM policy_callchange
      WHERE call_id = NEW.id AND field = 'closes_at' AND state = 'released'
        AND after::timestamptz = NEW.closes_at;
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a published call changes by a released act only'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_call_changed_by_act';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER policy_call_changed_by_act AFTER UPDATE ON policy_call
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status <> 'draft' AND (
    OLD.budget_cny IS DISTINCT FROM NEW.budget_cny
    OR OLD.closes_at IS DISTINCT FROM NEW.closes_at
    OR OLD.status IS DISTINCT FROM NEW.status))
  EXECUTE FUNCTION policy_call_changed_by_act();
"""

# 0004. Places and texts too.
MORE_CHANGES = """
CREATE FUNCTION policy_call_put_right_by_act() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  column_name text;
BEGIN
  FOREACH column_name IN ARRAY ARRAY['places', 'title_zh', 'title_en', 'guide_zh'] LOOP
    CONTINUE WHEN to_jsonb(OLD) -> column_name IS NOT DISTINCT FROM to_jsonb(NEW) -> column_name;
    PERFORM 1 FROM policy_callchange
      WHERE call_id = NEW.id AND field = column_name AND state = 'released'
        AND after = to_jsonb(NEW) ->> column_name;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'a published call changes by a released act only (%)', column_name
        USING ERRCODE = 'integrity_constraint_violation',
              CONSTRAINT = 'policy_call_changed_by_act';
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER policy_call_put_right_by_act AFTER UPDATE ON policy_call
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status <> 'draft' AND (
    OLD.places IS DISTINCT FROM NEW.places
    OR OLD.title_zh IS DISTINCT FROM NEW.title_zh
    OR OLD.title_en IS DISTINCT FROM NEW.title_en
    OR OLD.guide_zh IS DISTINCT FROM NEW.guide_zh))
  EXECUTE FUNCTION policy_call_put_right_by_act();
"""

DROP_MORE_CHANGES = """
DROP TRIGGER policy_call_put_right_by_act ON policy_call;
DROP FUNCTION policy_call_put_right_by_act();
"""

DROP_CHANGES = """
DROP TRIGGER policy_call_changed_by_act ON policy_call;
DROP FUNCTION policy_call_changed_by_act();
DROP TRIGGER policy_callchange_drafted ON policy_callchange;
DROP FUNCTION policy_callchange_drafted();
DROP TRIGGER policy_callchange_moved ON policy_callchange;
DROP TRIGGER policy_callchange_created ON policy_callchange;
DROP FUNCTION policy_callchange_audited();
"""
