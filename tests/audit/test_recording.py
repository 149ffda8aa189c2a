"""The audit chain: closed at commit, complete, and not to be edited by the running role."""

import hashlib

import pytest
from django.db import DatabaseError, connection, transaction

from portal.audit.models import Event, Head
from portal.audit.recording import record


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
