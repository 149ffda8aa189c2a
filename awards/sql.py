"""The ledger's database side, applied by the first migration as the owner.

Not pgtrigger: its triggers can be ignored by a setting of the session, and nothing may move the
counters but a posting.
"""

# EFFECTS (below) replaces ledger_post() and ledger_entry_whole().
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

# Replaced by a later migration where it was made without the last state.
CASE_AGREES = """
-- Case and award tell the same: no case ends with money reserved, none is paid without the ledger.
CREATE OR REPLACE FUNCTION ledger_case_agrees(wanted bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  standing text;
  award_state text;
BEGIN
  SELECT status INTO standing FROM applications_application WHERE id = wanted;
  SELECT state INTO award_state FROM awards_award WHERE application_id = wanted;
  IF (CASE
    WHEN standing = 'finance' THEN coalesce(award_state, '') = 'approved'
    WHEN standing = 'payment' THEN coalesce(award_state, '') = 'confirmed'
    WHEN standing = 'paid' THEN coalesce(award_state, '') = 'paid'
    WHEN standing = 'recognised' THEN coalesce(award_state, '') = 'approved'
    WHEN standing IN ('public_notice', 'objection', 'decision')
      THEN coalesce(award_state, 'reserved') = 'reserved'
    WHEN standing IN ('withdrawn', 'cancelled', 'not_selected', 'not_recommended', 'refused',
                      'lapsed')
      THEN coalesce(award_state, 'released') = 'released'
    ELSE award_state IS NULL END)
  THEN
    RETURN;
  END IF;
  RAISE EXCEPTION 'case % stands at %, its award at %', wanted, standing, award_state
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'award_agrees_with_case';
END $$;
"""

# What an entry changes and what a posting moves: both are put in place anew by later migrations.
ENTRY_EFFECT = """
CREATE OR REPLACE FUNCTION ledger_entry_effect() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  award awards_award%ROWTYPE;
  payment awards_payment%ROWTYPE;
  held integer;
BEGIN
  NEW.transaction_id := pg_current_xact_id()::text::bigint;
  NEW.committed_change_cny := 0; NEW.approved_change_cny := 0;
  NEW.paid_change_cny := 0; NEW.places_change := 0;
  IF NEW.kind = 'opening' THEN
    NEW.committed_change_cny := NEW.amount_cny; NEW.approved_change_cny := NEW.amount_cny;
    NEW.paid_change_cny := NEW.amount_cny; NEW.places_change := NEW.places;
    RETURN NEW;
  END IF;
  SELECT * INTO award FROM awards_award WHERE id = NEW.award_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN NEW;  -- entry_of_award or the foreign key refuses it
  END IF;
  IF NEW.payment_id IS NOT NULL THEN
    SELECT * INTO payment FROM awards_payment WHERE id = NEW.payment_id;
    IF payment.award_id <> award.id OR payment.amount_cny <> NEW.amount_cny THEN
      PERFORM ledger_refuse_entry(NEW, award);
    END IF;
  END IF;
  SELECT coalesce(sum(places_change), 0) INTO held FROM awards_entry WHERE award_id = award.id;

  IF NEW.kind = 'reserve' THEN
    IF award.state <> 'reserved' OR NEW.amount_cny <> award.recommended_cny OR NEW.places > 1 THEN
      PERFORM ledger_refuse_entry(NEW, award);
    END IF;
    NEW.committed_change_cny := NEW.amount_cny; NEW.places_change := NEW.places;
  ELSIF NEW.kind = 'approve' THEN
    IF award.state <> 'reserved' OR NEW.amount_cny > award.recommended_cny OR NEW.places <> 0 THEN
      PERFORM ledger_refuse_entry(NEW, award);
    END IF;
    NEW.committed_change_cny := NEW.amount_cny - award.recommended_cny;
    NEW.approved_change_cny := NEW.amount_cny;
    UPDATE awards_award SET state = 'approved', approved_cny = NEW.amount_cny WHERE id = award.id;
  ELSIF NEW.kind = 'confirm' THEN
    IF award.state <> 'approved' OR NEW.amount_cny <> award.approved_cny OR NEW.places <> 0 THEN
      PERFORM ledger_refuse_entry(NEW, award);
    END IF;
    UPDATE awards_award SET state = 'confirmed' WHERE id = award.id;
  ELSIF NEW.kind = 'pay' THEN
    IF award.state <> 'confirmed' OR NEW.places <> 0
       OR award.paid_cny + NEW.amount_cny > award.approved_cny THEN
      PERFORM ledger_refuse_entry(NEW, award);
    END IF;
    NEW.paid_change_cny := NEW.amount_cny;
    UPDATE awards_award SET paid_cny = paid_cny + NEW.amount_cny,
           state = CASE WHEN paid_cny + NEW.amount_cny = approved_cny THEN 'paid' ELSE state END
     WHERE id = award.id;
  ELSIF NEW.kind = 'return' THEN
    IF award.state NOT IN ('confirmed', 'paid') OR NEW.amount_cny > award.paid_cny
       OR NEW.places <> 0
       OR NOT EXISTS (SELECT 1 FROM awards_entry
                       WHERE payment_id = NEW.payment_id AND kind = 'pay') THEN
      PERFORM ledger_refuse_entry(NEW, award);
    END IF;
    NEW.paid_change_cny := -NEW.amount_cny;
    UPDATE awards_award SET paid_cny = paid_cny - NEW.amount_cny, state = 'confirmed'
     WHERE id = award.id;
  ELSIF NEW.kind = 'claw_back' THEN
    IF award.state NOT IN ('confirmed', 'paid') OR NEW.amount_cny > award.paid_cny
       OR NEW.amount_cny = 0 OR NEW.places > held THEN
      PERFORM ledger_refuse_entry(NEW, award);
    END IF;
    NEW.committed_change_cny := -NEW.amount_cny; NEW.approved_change_cny := -NEW.amount_cny;
    NEW.paid_change_cny := -NEW.amount_cny; NEW.places_change := -NEW.places;
    UPDATE awards_award
       SET approved_cny = approved_cny - NEW.amount_cny, paid_cny = paid_cny - NEW.amount_cny
     WHERE id = award.id;
  ELSIF NEW.kind = 'release' THEN
    IF award.state = 'reserved' THEN
      IF NEW.amount_cny <> award.recommended_cny OR NEW.places <> held THEN
        PERFORM ledger_refuse_entry(NEW, award);
      END IF;
      UPDATE awards_award SET state = 'released' WHERE id = award.id;
    ELSIF award.state IN ('approved', 'confirmed') THEN
      -- The place is freed or kept, as the call says (quota.exit_frees).
      IF NEW.amount_cny <> award.approved_cny - award.paid_cny
         OR NEW.places NOT IN (0, CASE WHEN award.paid_cny = 0 THEN held ELSE 0 END) THEN
        PERFORM ledger_refuse_entry(NEW, award);
      END IF;
      NEW.approved_change_cny := -NEW.amount_cny;
      UPDATE awards_award SET approved_cny = approved_cny - NEW.amount_cny,
             state = CASE WHEN paid_cny = 0 THEN 'released' ELSE 'paid' END
       WHERE id = award.id;
    ELSE
      PERFORM ledger_refuse_entry(NEW, award);
    END IF;
    NEW.committed_change_cny := -NEW.amount_cny; NEW.places_change := -NEW.places;
  ELSE
    PERFORM ledger_refuse_entry(NEW, award);
  END IF;
  RETURN NEW;
END $$;
"""

POST = """
-- The one place where counters move. The CHECKs of awards_capaccount refuse what is over a cap.
CREATE OR REPLACE FUNCTION ledger_post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  entry awards_entry%ROWTYPE;
  account awards_capaccount%ROWTYPE;
  elsewhere numeric;
BEGIN
  SELECT * INTO STRICT entry FROM awards_entry WHERE id = NEW.entry_id;
  IF entry.transaction_id <> pg_current_xact_id()::text::bigint THEN
    RAISE EXCEPTION 'entry % was closed with its transaction', entry.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_with_entry';
  END IF;
  UPDATE awards_capaccount SET
    committed_cny = committed_cny + entry.committed_change_cny,
    approved_cny = approved_cny + entry.approved_change_cny,
    paid_cny = paid_cny + entry.paid_change_cny,
    committed_places = committed_places + entry.places_change
  WHERE id = NEW.account_id
  RETURNING * INTO account;
  -- A ceiling over several lines: what they gave under calls without it counts all the same.
  IF cardinality(account.lines) > 0 AND entry.committed_change_cny > 0 THEN
    SELECT coalesce(sum(e.committed_change_cny), 0) INTO elsewhere
      FROM awards_entry e
      JOIN awards_award w ON w.id = e.award_id
      JOIN policy_call c ON c.id = w.call_id
      JOIN policy_measure m ON m.id = c.measure_id
     WHERE w.organisation_id = account.organisation_id AND m.line = ANY(account.lines)
       AND (account.year IS NULL OR w.year = account.year)
       AND NOT EXISTS (SELECT 1 FROM awards_posting p
                        WHERE p.entry_id = e.id AND p.account_id = account.id);
    IF account.committed_cny + elsewhere > account.cap_cny THEN
      RAISE EXCEPTION 'account % holds %, % more elsewhere: above its cap of %',
          account.id, account.committed_cny, elsewhere, account.cap_cny
        USING ERRCODE = 'check_violation', CONSTRAINT = 'group_within_cap',
              DETAIL = format('Failing row contains (%s, …).', account.id);
    END IF;
  END IF;
  RETURN NULL;
END $$;
"""

# An entry says what it changes and moves its award; a posting carries that to an account.
EFFECTS = (
    """
CREATE FUNCTION ledger_refuse_entry(entry awards_entry, award awards_award) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'entry % of % (% places) does not fit award % (%: % recommended, % approved, % paid)',
      entry.kind, entry.amount_cny, entry.places, award.id, award.state,
      award.recommended_cny, award.approved_cny, award.paid_cny
    USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_fits_award';
END $$;

-- What an entry changes, worked out from its kind and the award as it stands; and the award's
-- own move. With the owner's rights: the running role has no UPDATE on awards.
--
--   kind       committed        approved   paid   places    award
--   opening    + a              + a        + a    + p       none
--   reserve    + a              .          .      + p       reserved
--   approve    + a - reserved   + a        .      .         reserved -> approved
--   confirm    .                .          .      .         approved -> confirmed
--   pay        .                .          + a    .         -> paid when all that is approved is
--   return     .                .          - a    .         paid -> confirmed
--   claw_back  - a              - a        - a    - p       as it was
--   release    - a              - a if     .      - p       -> released if nothing was paid,
--                               approved                    else -> paid (the rest is given up)
"""
    + ENTRY_EFFECT
    + """CREATE TRIGGER ledger_entry_effect BEFORE INSERT ON awards_entry
  FOR EACH ROW EXECUTE FUNCTION ledger_entry_effect();

"""
    + POST
    + """-- By the commit every entry has its audit event and its postings: a reservation moves the call's
-- account, every later act exactly the accounts of the reservation; and the case stands where
-- the award stands.
CREATE OR REPLACE FUNCTION ledger_entry_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM audit_require('awards.entry', NEW.id::text, '', NEW.kind);
  IF NOT EXISTS (SELECT 1 FROM awards_posting WHERE entry_id = NEW.id)
     OR NEW.kind = 'reserve' AND NOT EXISTS (
       SELECT 1 FROM awards_posting p
         JOIN awards_capaccount a ON a.id = p.account_id
         JOIN awards_award w ON w.id = NEW.award_id AND w.call_id = a.call_id
        WHERE p.entry_id = NEW.id AND a.rule = 'call_budget')
     OR NEW.kind NOT IN ('reserve', 'opening') AND EXISTS (
       SELECT account_id FROM (
         SELECT p.account_id, p.entry_id = NEW.id AS of_this
           FROM awards_posting p JOIN awards_entry e ON e.id = p.entry_id
          WHERE e.id = NEW.id OR e.award_id = NEW.award_id AND e.kind = 'reserve') both_sides
        GROUP BY account_id HAVING count(*) <> 2) THEN
    RAISE EXCEPTION 'ledger entry % (%) is not posted to all its accounts', NEW.id, NEW.kind
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_entry_posted';
  END IF;
  IF NEW.award_id IS NOT NULL THEN
    PERFORM ledger_case_agrees(application_id) FROM awards_award WHERE id = NEW.award_id;
  END IF;
  RETURN NULL;
END $$;

"""
    + CASE_AGREES
    + """
CREATE FUNCTION ledger_case_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ledger_case_agrees(NEW.id);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_case_moved AFTER UPDATE OF status ON applications_application
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION ledger_case_moved();

-- An award without its reservation is no award.
CREATE FUNCTION ledger_award_reserved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM awards_entry WHERE award_id = NEW.id AND kind = 'reserve') THEN
    RAISE EXCEPTION 'award % holds nothing', NEW.id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'award_has_reservation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_award_reserved AFTER INSERT ON awards_award
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_award_reserved();

-- A payment that is called sent, or bounced, is so in the ledger too; and the other way round.
CREATE FUNCTION ledger_payment_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted bigint;
  standing text;
  paid boolean;
  returned boolean;
BEGIN
  wanted := CASE TG_TABLE_NAME WHEN 'awards_payment' THEN NEW.id ELSE NULL END;
  IF TG_TABLE_NAME = 'awards_entry' THEN wanted := NEW.payment_id; END IF;
  SELECT state INTO standing FROM awards_payment WHERE id = wanted;
  SELECT count(*) FILTER (WHERE kind = 'pay') > 0, count(*) FILTER (WHERE kind = 'return') > 0
    INTO paid, returned FROM awards_entry WHERE payment_id = wanted;
  IF paid <> (standing IN ('sent', 'arrived', 'bounced')) OR returned <> (standing = 'bounced') THEN
    RAISE EXCEPTION 'payment % is %, the ledger says otherwise', wanted, standing
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payment_agrees_with_ledger';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_payment_moved AFTER UPDATE OF state ON awards_payment
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_payment_agrees();
CREATE CONSTRAINT TRIGGER ledger_payment_entered AFTER INSERT ON awards_entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.payment_id IS NOT NULL) EXECUTE FUNCTION ledger_payment_agrees();

-- Budget and places of a call's account are the call's, whoever writes which.
CREATE FUNCTION ledger_cap_of_call() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM policy_call WHERE id = NEW.call_id
                  AND budget_cny IS NOT DISTINCT FROM NEW.cap_cny
                  AND places IS NOT DISTINCT FROM NEW.cap_places) THEN
    RAISE EXCEPTION 'the account of call % does not show its budget and places', NEW.call_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'cap_follows_call';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ledger_cap_of_call BEFORE INSERT OR UPDATE OF cap_cny, cap_places ON awards_capaccount
  FOR EACH ROW WHEN (NEW.rule = 'call_budget') EXECUTE FUNCTION ledger_cap_of_call();
CREATE FUNCTION ledger_call_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE awards_capaccount SET cap_cny = NEW.budget_cny, cap_places = NEW.places
   WHERE call_id = NEW.id AND rule = 'call_budget';
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_call_changed AFTER UPDATE OF budget_cny, places ON policy_call
  FOR EACH ROW WHEN (OLD.budget_cny IS DISTINCT FROM NEW.budget_cny
                     OR OLD.places IS DISTINCT FROM NEW.places)
  EXECUTE FUNCTION ledger_call_changed();

-- Another cap is changed by an act that is on record.
CREATE FUNCTION ledger_cap_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM audit_require('awards.capaccount', NEW.id::text, '', 'cap');
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_cap_changed AFTER UPDATE OF cap_cny, cap_places ON awards_capaccount
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.rule <> 'call_budget' AND (OLD.cap_cny IS DISTINCT FROM NEW.cap_cny
                                       OR OLD.cap_places IS DISTINCT FROM NEW.cap_places))
  EXECUTE FUNCTION ledger_cap_changed();
"""
)

DROP_EFFECTS = """
DROP TRIGGER ledger_cap_changed ON awards_capaccount;
DROP TRIGGER ledger_call_changed ON policy_call;
DROP TRIGGER ledger_cap_of_call ON awards_capaccount;
DROP TRIGGER ledger_payment_entered ON awards_entry;
DROP TRIGGER ledger_payment_moved ON awards_payment;
DROP TRIGGER ledger_award_reserved ON awards_award;
DROP TRIGGER ledger_case_moved ON applications_application;
DROP TRIGGER ledger_entry_effect ON awards_entry;
DROP FUNCTION ledger_cap_changed();
DROP FUNCTION ledger_call_changed();
DROP FUNCTION ledger_cap_of_call();
DROP FUNCTION ledger_payment_agrees();
DROP FUNCTION ledger_award_reserved();
DROP FUNCTION ledger_case_moved();
DROP FUNCTION ledger_case_agrees(bigint);
DROP FUNCTION ledger_entry_effect();
DROP FUNCTION ledger_refuse_entry(awards_entry, awards_award);
"""

# While a claw-back is open, and for ever where it took the support itself back, nothing more of its
# award is planned or paid. The signature of a claw-back and a payment meet at the award's row: the
# entry of a payment has locked it (ledger_entry_effect), so the later of the two sees the other.
STOPPED = """
CREATE FUNCTION claw_back_stops_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM awards_clawback WHERE award_id = NEW.award_id
              AND (state = 'released' OR state = 'repaid' AND frees_place)) THEN
    RAISE EXCEPTION 'a claw-back of award % is open', NEW.award_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'claw_back_stops_payment';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER claw_back_stops_entry AFTER INSERT ON awards_entry
  FOR EACH ROW WHEN (NEW.kind = 'pay') EXECUTE FUNCTION claw_back_stops_payment();
CREATE TRIGGER claw_back_stops_plan AFTER INSERT ON awards_payment
  FOR EACH ROW EXECUTE FUNCTION claw_back_stops_payment();

-- With the owner's rights: the running role may not lock awards.
CREATE FUNCTION claw_back_holds_award() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM awards_award WHERE id = NEW.award_id FOR NO KEY UPDATE;
  RETURN NEW;
END $$;
CREATE TRIGGER claw_back_holds_award BEFORE UPDATE OF state ON awards_clawback
  FOR EACH ROW WHEN (NEW.state = 'released') EXECUTE FUNCTION claw_back_holds_award();
"""

DROP_STOPPED = """
DROP TRIGGER claw_back_holds_award ON awards_clawback;
DROP TRIGGER claw_back_stops_plan ON awards_payment;
DROP TRIGGER claw_back_stops_entry ON awards_entry;
DROP FUNCTION claw_back_holds_award();
DROP FUNCTION claw_back_stops_payment();
"""

# An opening and a claw-back are signed by two people outside the ledger: the entry and what was
# signed name each other and tell the same.
SIGNED = """
CREATE FUNCTION ledger_signed_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted bigint;
  agrees boolean;
BEGIN
  IF TG_TABLE_NAME = 'awards_entry' THEN wanted := NEW.id; ELSE wanted := NEW.entry_id; END IF;
  SELECT CASE e.kind
    WHEN 'opening' THEN TG_TABLE_NAME <> 'awards_repayment' AND EXISTS (
      SELECT 1 FROM awards_opening o
       WHERE o.entry_id = e.id AND o.state = 'approved'
         AND o.amount_cny = e.amount_cny AND o.places = e.places)
    WHEN 'claw_back' THEN TG_TABLE_NAME <> 'awards_opening' AND EXISTS (
      SELECT 1 FROM awards_repayment r JOIN awards_clawback c ON c.id = r.claw_back_id
       WHERE r.entry_id = e.id AND r.amount_cny = e.amount_cny
         AND c.award_id = e.award_id AND c.state IN ('released', 'repaid')
         AND (c.frees_place OR e.places = 0))
    ELSE false END
    INTO agrees FROM awards_entry e WHERE e.id = wanted;
  IF agrees IS NOT TRUE THEN
    RAISE EXCEPTION 'ledger entry % is not what was signed', wanted
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entry_signed';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_signed_entered AFTER INSERT ON awards_entry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.kind IN ('opening', 'claw_back')) EXECUTE FUNCTION ledger_signed_agrees();
CREATE CONSTRAINT TRIGGER ledger_signed_opening AFTER UPDATE OF entry_id ON awards_opening
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.entry_id IS NOT NULL) EXECUTE FUNCTION ledger_signed_agrees();
CREATE CONSTRAINT TRIGGER ledger_signed_repayment AFTER INSERT ON awards_repayment
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_signed_agrees();
"""

DROP_SIGNED = """
DROP TRIGGER ledger_signed_repayment ON awards_repayment;
DROP TRIGGER ledger_signed_opening ON awards_opening;
DROP TRIGGER ledger_signed_entered ON awards_entry;
DROP FUNCTION ledger_signed_agrees();
"""
