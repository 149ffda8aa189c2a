"""The audit chain: closed at commit, complete, and not to be edited by the running role."""

import hashlib
import threading

import pytest
from django.db import DatabaseError, connection, transaction

from portal.accounts.models import User
from portal.audit.models import Event, Head
from portal.audit.recording import record
from tests.awards.racing import at_once, until_somebody_waits
from tests.factories import UserFactory


def _subject():
    return Head(pk=1)


@pytest.mark.django_db(transaction=True)
def test_events_are_chained_in_commit_order():
    with transaction.atomic():
        first = record("test.first", obj=_subject(), actor="system:test", data={"名": "𬭎"})
        second = record("test.second", obj=_subject(), actor="system:test")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.position, second.position) == (1, 2)
    assert first.previous_hash == "0" * 64
    assert second.previous_hash == first.hash
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_canonical(e, e.position) FROM audit_event e ORDER BY position")
        texts = [row[0] for row in cursor.fetchall()]
    digest = hashlib.sha256((first.previous_hash + texts[0]).encode()).hexdigest()
    assert digest == first.hash
    head = Head.objects.get()
    assert (head.position, head.hash) == (2, second.hash)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "UPDATE audit_head SET position = 9",
    ],
)
def test_running_role_cannot_touch_the_log(statement):
    with transaction.atomic():
        record("test.first", obj=_subject(), actor="system:test")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Event.objects.get().action == "test.first"


@pytest.mark.django_db(transaction=True)
def test_record_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        record("test.first", obj=_subject(), actor="system:test")
    assert not Event.objects.exists()


def _switch(user, before: str, after: str, *, told: bool = True) -> None:
    User.objects.filter(pk=user.pk).update(is_active=after == "active")
    if told:
        record("user.switch", obj=user, actor="test", from_state=before, to_state=after)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("told", [True, False])
def test_change_that_happens_twice_needs_two_events(told):
    """One event does not tell of the same change once more in its transaction."""
    user = UserFactory()
    try:
        with transaction.atomic():
            _switch(user, "active", "disabled")
            _switch(user, "disabled", "active")
            _switch(user, "active", "disabled", told=told)
    except DatabaseError as error:
        assert error.__cause__.diag.constraint_name == "audit_required"
        assert not told
    else:
        assert told
    user.refresh_from_db()
    assert user.is_active != told


@pytest.mark.django_db(transaction=True)
def test_same_change_in_the_next_transaction_needs_its_own_event():
    user = UserFactory()
    with transaction.atomic():
        _switch(user, "active", "disabled")
    with transaction.atomic():
        _switch(user, "disabled", "active")
    with pytest.raises(DatabaseError), transaction.atomic():
        _switch(user, "active", "disabled", told=False)


@pytest.mark.django_db(transaction=True)
def test_two_that_commit_at_once_have_a_place_each():
    """The second waits at the head of the chain for the first, and follows it."""
    with transaction.atomic():
        record("test.act", obj=_subject(), actor="system:test")
    closed = threading.Event()

    def first():
        with transaction.atomic():
            made = record("test.first", obj=_subject(), actor="system:test")
            connection.check_constraints()
            closed.set()
            until_somebody_waits()
        return made

    def second():
        assert closed.wait(30)
        with transaction.atomic():
            return record("test.second", obj=_subject(), actor="system:test")

    results = at_once(first, second)
    assert [type(row) for row in results] == [Event, Event], results
    assert [Event.objects.get(pk=row.pk).position for row in results] == [2, 3]
