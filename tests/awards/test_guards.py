"""What the database itself refuses in awards, guard by guard, whoever asks: each act is tried by
the owner, whom no missing right stops, and refused by the guard of that name."""

import re

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from awards import exports, payments
from awards.models import Award, Decision, Payment, Share
from tests.awards import guards_signed
from tests.awards.cases import cap, make_scene
from tests.awards.guards import DRAFTED, SIGNED, copy, other
from tests.awards.test_decisions import confirmed, draft, ready
from tests.conftest import _flush_as_owner, owner_connection

ENTRY = {"uid": "'new'", "idempotency_key": "'new'"}

# guard → a statement that it refuses.
REFUSED = {
    # awards
    "award_approved_within_recommended": "UPDATE awards_award SET approved_cny = recommended_cny + 1",
    "award_paid_within_approved": "UPDATE awards_award SET paid_cny = approved_cny + 1"
    " WHERE approved_cny > 0",
    "award_recommended_within_capped": other(
        "awards_award",
        "uid",
        application_id="0",
        state="'reserved'",
        recommended_cny="capped_cny + 1",
    ),
    "awards_award_application_id_key": other("awards_award", "uid", state="'reserved'"),
    "awards_award_uid_key": copy("awards_award", application_id="0", state="'reserved'"),
    "award_starts_reserved": other("awards_award", "uid", application_id="0", state="'paid'"),
    # accounts
    "cap_not_negative": "UPDATE awards_capaccount SET cap_cny = -1"
    " WHERE rule <> 'call_budget' AND cap_cny IS NOT NULL",
    "committed_within_cap": "UPDATE awards_capaccount SET committed_cny = cap_cny + 0.01"
    " WHERE cap_cny IS NOT NULL",
    "approved_within_committed": "UPDATE awards_capaccount SET approved_cny = committed_cny + 0.01",
    "paid_within_approved": "UPDATE awards_capaccount SET paid_cny = approved_cny + 0.01",
    "places_within_quota": "UPDATE awards_capaccount SET committed_places = cap_places + 1"
    " WHERE cap_places IS NOT NULL",
    "capaccount_key": copy("awards_capaccount", "rule <> 'call_budget'"),
    "cap_follows_call": "UPDATE awards_capaccount SET cap_cny = cap_cny + 1"
    " WHERE rule = 'call_budget'",
    # entries
    "awards_entry_uid_key": copy("awards_entry", "kind = 'opening'", idempotency_key="'new'"),
    "awards_entry_idempotency_key_key": copy("awards_entry", "kind = 'opening'", uid="'new'"),
    "entry_not_negative": copy("awards_entry", "kind = 'opening'", **ENTRY | {"amount_cny": "-1"}),
    "entry_of_award": copy("awards_entry", "kind = 'opening'", **ENTRY | {"kind": "'reserve'"}),
    "entry_of_payment": copy(
        "awards_entry",
        "kind = 'opening'",
        **ENTRY | {"payment_id": "(SELECT min(id) FROM awards_payment)"},
    ),
    "entry_fits_award": copy("awards_entry", "kind = 'approve'", **ENTRY),
    "posting_once": "INSERT INTO awards_posting (entry_id, account_id)"
    " SELECT entry_id, account_id FROM awards_posting LIMIT 1",
    "posting_with_entry": "INSERT INTO awards_posting (entry_id, account_id)"
    " SELECT e.id, a.id FROM awards_entry e, awards_capaccount a"
    " WHERE e.kind = 'opening' AND a.rule = 'call_budget' LIMIT 1",
    "ledger_append_only": "UPDATE awards_entry SET note = 'x'",
    "ledger_append_only (entry deleted)": "DELETE FROM awards_entry",
    "ledger_append_only (posting)": "DELETE FROM awards_posting",
    # decisions
    "decision_number_once": other("awards_decision", "uid", where=DRAFTED),
    "awards_decision_uid_key": other("awards_decision", "number", where=DRAFTED),
    "decision_starts_drafted": other("awards_decision", "uid", "number", where=SIGNED),
    "decision_released_whole": f"UPDATE awards_decision SET state = 'released' WHERE {DRAFTED}",
    "decision_confirmed_whole": f"UPDATE awards_decision SET funding_source = '' WHERE {SIGNED}",
    "decision_two_people": "UPDATE awards_decision SET released_by_id = drafted_by_id,"
    f" released_at = now() WHERE {DRAFTED}",
    "decision_text_kept": f"UPDATE awards_decision SET title = 'x' WHERE {SIGNED}",
    "awards_decisionitem_award_id_key": copy(
        "awards_decisionitem",
        f"decision_id IN (SELECT id FROM awards_decision WHERE {DRAFTED})",
    ),
    "decisionitem_not_negative": "UPDATE awards_decisionitem SET approved_cny = -1"
    f" WHERE decision_id IN (SELECT id FROM awards_decision WHERE {DRAFTED})",
    "decisionitem_of_draft": "UPDATE awards_decisionitem SET approved_cny = 1"
    f" WHERE decision_id IN (SELECT id FROM awards_decision WHERE {SIGNED})",
    "decisionitem_of_draft (deleted)": "DELETE FROM awards_decisionitem"
    f" WHERE decision_id IN (SELECT id FROM awards_decision WHERE {SIGNED})",
    # payments
    "awards_paymentbatch_uid_key": other("awards_paymentbatch", "number", where=DRAFTED),
    "awards_paymentbatch_number_key": other("awards_paymentbatch", "uid", where=DRAFTED),
    "paymentbatch_starts_drafted": other(
        "awards_paymentbatch", "uid", "number", where="state = 'released'"
    ),
    "paymentbatch_released_whole": "UPDATE awards_paymentbatch SET state = 'released'"
    f" WHERE {DRAFTED}",
    "paymentbatch_two_people": "UPDATE awards_paymentbatch SET released_by_id = drafted_by_id,"
    f" released_at = now() WHERE {DRAFTED}",
    "awards_payment_uid_key": copy("awards_payment", "state = 'planned'", instalment="9"),
    "payment_once_per_instalment": other("awards_payment", "uid", where="state = 'planned'"),
    "payment_positive": other(
        "awards_payment", "uid", where="state = 'planned'", instalment="9", amount_cny="0"
    ),
    "payment_payee_whole": other(
        "awards_payment", "uid", where="state = 'planned'", instalment="9", payee_bank="''"
    ),
    "payment_starts_planned": other(
        "awards_payment", "uid", where="state = 'planned'", instalment="9", state="'sent'"
    ),
    "payment_of_draft": other(
        "awards_payment", "uid", where="state = 'sent'", instalment="9", state="'planned'"
    ),
    "payment_outcome_whole": "UPDATE awards_payment SET state = 'arrived' WHERE state = 'sent'",
    "payment_order_kept": "UPDATE awards_payment SET payee_account = '1'",
    # shares
    "share_position": copy("awards_share", "position = 1", uscc="'x'"),
    "share_once": copy("awards_share", "position = 1", position="9"),
    "share_bounds": copy("awards_share", "position = 1", position="9", uscc="'x'", percent="0"),
    "payment_of_share": other(
        "awards_payment",
        "uid",
        where="state = 'planned'",
        instalment="9",
        share_id="(SELECT min(id) FROM awards_share)",
    ),
    "payment_within_share": other(
        "awards_payment",
        "uid",
        where="state = 'planned'",
        instalment="9",
        amount_cny="9999999",
        share_id="(SELECT min(id) FROM awards_share)",
        award_id="(SELECT min(award_id) FROM awards_share)",
    ),
    # exports
    "awards_export_uid_key": copy("awards_export"),
    "export_done_whole": "UPDATE awards_export SET state = 'done'",
    "export_rows_within_total": "UPDATE awards_export SET done_rows = total_rows + 1",
} | guards_signed.REFUSED
# Guards that only speak at the commit: the acts, and what must be named.
AT_COMMIT = {
    "award_has_reservation": other(
        "awards_award", "uid", state="'reserved'", approved_cny="null", paid_cny="0",
        application_id="(SELECT max(id) FROM applications_application)",
    ),
    "audit_required (cap)": "UPDATE awards_capaccount SET cap_cny = cap_cny + 1"
    " WHERE rule LIKE '%/unit'",
    "audit_required (decision)": "UPDATE awards_decision SET state = 'discarded'"
    f" WHERE {DRAFTED}",
    "audit_required (batch)": "UPDATE awards_paymentbatch SET state = 'discarded'"
    f" WHERE {DRAFTED}",
    "audit_required (payment)": "UPDATE awards_payment SET state = 'cancelled'"
    " WHERE state = 'planned'",
    "shares_are_the_award": copy("awards_share", "position = 1", position="9", uscc="'x'"),
    "audit_required (entry)": copy("awards_entry", "kind = 'opening'", **ENTRY),
    "payment_agrees_with_ledger": "UPDATE awards_payment SET state = 'bounced', note = 'x',"
    " bounced_on = current_date WHERE state = 'sent'",
} | guards_signed.AT_COMMIT  # fmt: skip
# What a state machine refuses says so in words, not by a name.
STATES = {
    "award_states": "UPDATE awards_award SET state = 'reserved' WHERE state = 'confirmed'",
    "award_basis_kept": "UPDATE awards_award SET computed_cny = computed_cny + 1",
    "award_not_deleted": "DELETE FROM awards_award",
    "decision_states": f"UPDATE awards_decision SET state = 'drafted' WHERE {SIGNED}",
    "payment_states": "UPDATE awards_payment SET state = 'planned' WHERE state = 'sent'",
    "payment_not_deleted": "DELETE FROM awards_payment",
    "share_kept": "UPDATE awards_share SET name = 'x'",
    "paymentbatch_states": "UPDATE awards_paymentbatch SET state = 'drafted'"
    " WHERE state = 'released'",
} | guards_signed.STATES
WITHHELD = [
    ("awards_award", "UPDATE"), ("awards_award", "DELETE"), ("awards_award", "TRUNCATE"),
    ("awards_capaccount", "UPDATE"), ("awards_capaccount", "DELETE"),
    ("awards_capaccount", "TRUNCATE"),
    ("awards_entry", "UPDATE"), ("awards_entry", "DELETE"), ("awards_entry", "TRUNCATE"),
    ("awards_posting", "UPDATE"), ("awards_posting", "DELETE"), ("awards_posting", "TRUNCATE"),
    ("awards_decision", "DELETE"), ("awards_decision", "TRUNCATE"),
    ("awards_payment", "DELETE"), ("awards_payment", "TRUNCATE"),
    ("awards_share", "UPDATE"), ("awards_share", "DELETE"), ("awards_share", "TRUNCATE"),
    ("awards_paymentbatch", "DELETE"), ("awards_paymentbatch", "TRUNCATE"),
    *guards_signed.WITHHELD,
]  # fmt: skip


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker):
    """Awards, decisions and payments in every state, committed: the owner sees them too."""
    with django_db_blocker.unblock():
        scene = make_scene(
            caps=[cap("unit", "9000000", scope="organisation")], settings={"instalments": [60, 40]}
        )
        shared = scene.approved()
        with transaction.atomic():
            for position, amount in ((1, "600000"), (2, "400000")):
                Share.objects.create(
                    award=shared, position=position, uscc=f"code-{position}", name="x",
                    percent=int(amount) // 10_000, amount_cny=amount,
                )  # fmt: skip
        awards = [ready(scene) for _ in range(3)]
        confirmed(scene, *awards)
        sent = payments.draft(scene.call, awards=awards[:2], actor=scene.finance)
        payments.release(sent, actor=scene.finance_head)
        payments.draft(scene.call, awards=awards[2:], actor=scene.finance)
        guards_signed.fill(scene, paid=awards[:2])
        draft(scene, ready(scene), number="2")
        scene.case()
        exports.ask("ledger", actor=scene.finance, year=2026)
        assert set(Award.objects.values_list("state", flat=True)) == {
            "approved", "confirmed", "reserved",
        }  # fmt: skip
        assert set(Decision.objects.values_list("state", flat=True)) == {"confirmed", "drafted"}
        assert set(Payment.objects.values_list("state", flat=True)) == {"sent", "planned"}
        yield scene
        _flush_as_owner(connection.ops, [])
        connection.close()


def attempt(statement: str, *, commit: bool = False) -> psycopg.Error:
    """What the database answers to the owner; whatever it is, it is rolled back."""
    with (
        owner_connection() as owner,
        pytest.raises(psycopg.Error) as caught,
        owner.transaction(force_rollback=True),
    ):
        done = owner.execute(statement)
        assert done.rowcount > 0, "the statement met no row"
        if commit:
            owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return caught.value


@pytest.mark.parametrize("guard", REFUSED)
def test_guard_refuses_at_once(committed, guard):
    assert attempt(REFUSED[guard]).diag.constraint_name == guard.partition(" ")[0]


@pytest.mark.parametrize("guard", AT_COMMIT)
def test_guard_refuses_at_the_commit(committed, guard):
    error = attempt(AT_COMMIT[guard], commit=True)
    assert error.diag.constraint_name == guard.partition(" ")[0]


@pytest.mark.parametrize("guard", STATES)
def test_state_machine_refuses(committed, guard):
    error = str(attempt(STATES[guard]))
    assert "Invalid transition" in error or "Cannot" in error


@pytest.mark.parametrize(("table", "right"), WITHHELD)
def test_right_is_withheld_from_the_running_role(committed, django_db_blocker, table, right):
    statement = {
        "UPDATE": f"UPDATE {table} SET id = id",
        "DELETE": f"DELETE FROM {table}",
        "TRUNCATE": f"TRUNCATE {table} CASCADE",
    }[right]
    with django_db_blocker.unblock():
        with (
            connection.cursor() as cursor,
            pytest.raises(DatabaseError, match="permission denied"),
        ):
            cursor.execute(statement)
        connection.close()


def test_new_account_is_empty_whatever_its_maker_says(committed):
    with owner_connection() as owner, owner.transaction(force_rollback=True):
        owner.execute(
            "INSERT INTO awards_capaccount (rule, scope, label_zh, label_en, clause, lines,"
            " committed_cny, approved_cny, paid_cny, committed_places)"
            " VALUES ('x', 'y', '', '', '', '{}', 5, 5, 5, 5)"
        )
        row = owner.execute(
            "SELECT committed_cny, approved_cny, paid_cny, committed_places FROM awards_capaccount"
            " WHERE rule = 'x'"
        ).fetchone()
    assert row == (0, 0, 0, 0)


# The second approval of one award, the second outcome of one payment: refused by the trigger
# before the index is asked. Without the trigger the index holds.
INDEXES = {
    "entry_once_per_award": copy("awards_entry", "kind = 'approve'", **ENTRY),
    "entry_once_per_payment": copy("awards_entry", "kind = 'pay'", **ENTRY),
}


@pytest.mark.parametrize("guard", INDEXES)
def test_index_refuses_what_the_trigger_would_let_pass(committed, guard):
    with (
        owner_connection() as owner,
        pytest.raises(psycopg.errors.UniqueViolation) as caught,
        owner.transaction(force_rollback=True),
    ):
        owner.execute("ALTER TABLE awards_entry DISABLE TRIGGER ledger_entry_effect")
        owner.execute(INDEXES[guard])
    assert caught.value.diag.constraint_name == guard


# --- every guard of awards is tried -----------------------------------------------------

# Trigger → the guards above by which it speaks (a trigger of the ledger has no name of its own
# in what it refuses).
TRIGGERS = {
    "ledger_account_empty": "test_new_account_is_empty_whatever_its_maker_says",
    "ledger_award_reserved": "award_has_reservation",
    "ledger_call_changed": "tests/awards/test_ledger.py (account follows the call)",
    "ledger_cap_changed": "audit_required (cap)",
    "ledger_cap_of_call": "cap_follows_call",
    "ledger_case_moved": "tests/awards/test_ledger.py (case that ends with money reserved)",
    "ledger_entry_effect": "entry_fits_award",
    "ledger_entry_kept": "ledger_append_only",
    "ledger_entry_whole": "audit_required (entry)",
    "ledger_payment_entered": "tests/awards/test_ledger.py (payment still called planned)",
    "ledger_payment_moved": "payment_agrees_with_ledger",
    "ledger_post": "posting_with_entry",
    "ledger_posting_kept": "ledger_append_only (posting)",
    "decision_state_audited": "audit_required (decision)",
    "paymentbatch_state_audited": "audit_required (batch)",
    "payment_state_audited": "audit_required (payment)",
} | guards_signed.TRIGGERS


def test_every_guard_of_awards_is_tried(committed):
    """A constraint, unique index or trigger that is added without its line above is found here."""
    tried = {guard.partition(" ")[0] for guard in [*REFUSED, *AT_COMMIT, *STATES, *INDEXES]}
    with owner_connection() as owner:
        own = "conrelid::regclass::text LIKE 'awards\\_%'"
        columns = owner.execute(
            "SELECT table_name || '_' || column_name || '_check' FROM information_schema.columns"
        ).fetchall()
        constraints = owner.execute(
            f"SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u', 'x') AND {own}"
        ).fetchall()
        indexes = owner.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND NOT indisprimary"
            " AND indrelid::regclass::text LIKE 'awards\\_%'"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
        ).fetchall()
        triggers = owner.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND (tgname LIKE 'ledger\\_%'"
            " OR tgrelid::regclass::text LIKE 'awards\\_%')"
        ).fetchall()
    ranges = {name for (name,) in columns}
    found = {name for (name,) in [*constraints, *indexes]} - ranges
    # pgtrigger_<name>_<hash>
    found |= {re.sub(r"^pgtrigger_(.*)_[0-9a-f]+$", r"\1", name) for (name,) in triggers}
    assert len(found) > 60
    assert sorted(found - tried - set(TRIGGERS)) == []
