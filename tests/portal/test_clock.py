from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from portal import clock as portal_clock
from tests.conftest import owner_connection

MOMENT = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
# A busy machine may take its time between two looks at the clock.
SLACK = timedelta(seconds=60)


def test_clock_set_is_seen_by_the_open_transaction(clock):
    before = portal_clock.now()
    clock.set(MOMENT)
    assert abs(before - datetime.now(UTC)) < SLACK
    assert timedelta() <= portal_clock.now() - MOMENT < SLACK


def test_clock_advance_adds_to_what_was_set(clock):
    clock.set(MOMENT)
    clock.advance(timedelta(days=40))
    assert timedelta() <= portal_clock.now() - MOMENT - timedelta(days=40) < SLACK


def test_clock_is_true_again_in_the_next_test(db):
    assert abs(portal_clock.now() - datetime.now(UTC)) < SLACK


def test_today_is_the_date_in_nanjing(clock):
    clock.set(datetime(2027, 3, 1, 16, 30, tzinfo=UTC))
    assert portal_clock.today().isoformat() == "2027-03-02"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE portal_clock SET shift = interval '1 day'",
        "DELETE FROM portal_clock",
        "INSERT INTO portal_clock (shift) VALUES (interval '1 day')",
        "TRUNCATE portal_clock",
    ],
)
def test_running_role_cannot_move_the_clock(db, statement):
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_one_hand_at_a_time_moves_the_clock_for_a_history():
    with portal_clock.held() as one, portal_clock.held() as other:
        assert (one.claim(wait=False), other.claim(wait=False)) == (True, False)
    with portal_clock.held() as later:
        assert later.claim(wait=False)


def test_clock_without_its_row_is_the_true_time(db):
    with owner_connection() as owner:
        owner.execute("BEGIN")
        owner.execute("DELETE FROM portal_clock")
        now = owner.execute("SELECT portal_now()").fetchone()[0]
        owner.execute("ROLLBACK")
    assert abs(now - datetime.now(UTC)) < SLACK


def test_clock_has_one_row_at_most(db):
    with owner_connection() as owner, pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute("INSERT INTO portal_clock DEFAULT VALUES")


def test_clock_command_moves_and_resets_in_a_demonstration(clock, settings, capsys):
    settings.DEMO = True
    call_command("clock", "--set", "2027-03-01T09:00")
    assert capsys.readouterr().out.startswith("2027-03-01 09:00:0")
    call_command("clock", "--days", "2.5")
    assert capsys.readouterr().out.startswith("2027-03-03 21:00:0")
    call_command("clock", "--reset")
    assert capsys.readouterr().out.endswith("moved by 0:00:00\n")
    assert clock.shift() == timedelta()


def test_clock_command_moves_nothing_outside_a_demonstration(clock, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="demonstration only"):
        call_command("clock", "--days", "1")
    assert clock.shift() == timedelta()
