"""Triggers that hold even against the tables' owner, each tried on committed rows by a statement that
it alone refuses: whatever the statement did is rolled back. Those of awards stand in
``tests/awards/test_guards.py``, those of accounts and the log in ``tests/accounts/test_guards.py``."""

from decimal import Decimal

import psycopg
import pytest
from django.db import connection

from applications.models import Submission
from policy import call_changes
from portal import clock
from portal.database import conninfo
from tests.awards.cases import make_scene
from tests.awards.guards import other
from tests.awards.test_withdrawing import objected
from tests.conftest import _flush_as_owner

PROTECTED = "P0001", "Cannot"  # pgtrigger.Protect says so, without a name
UNTOLD = "23000", "audit_required"

# Trigger, what it refuses, and how.
REFUSED = [
    ("submission_not_deleted", "DELETE FROM applications_submission", PROTECTED),
    ("transition_append_only", "UPDATE applications_transition SET note = 'x'", PROTECTED),
    ("transition_append_only", "DELETE FROM applications_transition", PROTECTED),
    ("objection_not_deleted", "DELETE FROM reviews_objection", PROTECTED),
    ("callchange_kept", "DELETE FROM policy_callchange", ("23000", "policy_callchange_kept")),
]
# Those that speak at the commit: a change of state that no event tells of.
UNTOLD_CHANGES = [
    ("policy_call_created", other("policy_call", "uid", "code", status="'draft'")),
    ("policy_callchange_created", other("policy_callchange", "uid", field="'close'", after="''")),
    (
        "policy_callchange_moved",
        "UPDATE policy_callchange SET state = 'dropped', dropped_by_id = drafted_by_id,"
        " dropped_at = now()",
    ),
]


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker):
    """A submitted case with its history and an objection, on a call with an act that waits."""
    with django_db_blocker.unblock():
        scene = make_scene(caps=[])
        case, _proposal = objected(scene)
        Submission.objects.create(
            application=case, round=1, arrived_at=clock.now(), received_at=clock.now(),
            submitted_by=case.admin, snapshot={}, sha256="0" * 64, idempotency_key="1",
            request_sha256="0" * 64,
        )  # fmt: skip
        call_changes.draft(
            scene.call, "budget_cny", actor=scene.call.drafted_by, reason="x",
            after=scene.call.budget_cny + Decimal(1),
        )  # fmt: skip
        yield
        _flush_as_owner(connection.ops, [])
        connection.close()


def refusal(role: str, statement: str) -> tuple[str, str]:
    """SQLSTATE and the name, or the message where none is given, of what the role is answered."""
    alias = "owner" if role == "owner" else "default"
    with (
        psycopg.connect(conninfo(alias), autocommit=True) as asking,
        pytest.raises(psycopg.Error) as caught,
        asking.transaction(force_rollback=True),
    ):
        done = asking.execute(statement)
        assert done.rowcount > 0, "the statement met no row"
        asking.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return caught.value.sqlstate, caught.value.diag.constraint_name or str(caught.value)


@pytest.mark.parametrize(("trigger", "statement", "told"), REFUSED)
def test_what_is_kept_is_refused_to_the_owner_too(committed, trigger, statement, told):
    code, name = refusal("owner", statement)
    assert (code, told[1] in name) == (told[0], True), name


@pytest.mark.parametrize("role", ["owner", "running role"])
@pytest.mark.parametrize(("trigger", "statement"), UNTOLD_CHANGES)
def test_change_that_no_event_tells_of_is_refused_at_the_commit(
    committed, trigger, statement, role
):
    assert refusal(role, statement) == UNTOLD
