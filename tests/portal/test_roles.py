import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction

pytestmark = pytest.mark.django_db


def _refused(statement: str) -> str:
    with (
        pytest.raises(DatabaseError) as refusal,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    return str(refusal.value)


def test_tests_connect_as_the_running_role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (settings.DATABASE_RUNTIME_ROLE, False)


def test_running_role_owns_no_table():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tableowner = current_user")
        assert cursor.fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SET ROLE portal_owner",
    ],
)
def test_running_role_makes_nothing(statement):
    assert "permission denied" in _refused(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "UPDATE audit_head SET position = 0",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    ],
)
def test_running_role_cannot_touch_the_audit_log(statement):
    assert "permission denied" in _refused(statement) or "must be owner" in _refused(statement)


def test_running_role_writes_ordinary_rows():
    group = Group.objects.create(name="a")
    Group.objects.filter(pk=group.pk).update(name="b")
    assert Group.objects.get().name == "b"
    group.delete()
    assert not Group.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_transactional_test_starts_with_empty_tables(turn):
    assert not Group.objects.exists()
    Group.objects.create(name="left behind")
