import pytest
from django.core.management import CommandError, call_command

from tests.conftest import owner_connection

# The owner's changes below are committed, and undone by a second statement.
pytestmark = pytest.mark.django_db(transaction=True)


def verify(capsys, *names: str) -> list[str]:
    """The command's lines, times cut off."""
    try:
        call_command("verify", *names)
    except CommandError as error:
        assert error.returncode == 1
    return [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()]


def test_untouched_database_has_no_fault(capsys):
    assert verify(capsys, "clock", "roles", "schema") == [
        "ok    clock: the portal's clock is the database's, not moved",
        "ok    roles: the running role owns nothing, and may nothing that the migrations"
        " withhold from it",
        "ok    schema: every migration is applied, every trigger enabled,"
        " every constraint validated",
        "3 checks, no fault",
    ]


@pytest.mark.parametrize(
    ("damage", "mend", "check", "fault"),
    [
        (
            "UPDATE portal_clock SET shift = interval '1 hour'",
            "UPDATE portal_clock SET shift = interval '0'",
            "clock",
            "the clock is moved by 1:00:00: only tests and demonstrations may do that",
        ),
        (
            "GRANT DELETE ON audit_event TO portal_app",
            "REVOKE DELETE ON audit_event FROM portal_app",
            "roles",
            "the running role portal_app may DELETE audit_event",
        ),
        (
            "ALTER TABLE audit_event DISABLE TRIGGER audit_event_close",
            "ALTER TABLE audit_event ENABLE TRIGGER audit_event_close",
            "schema",
            "trigger audit_event_close of audit_event is disabled",
        ),
        (
            "ALTER TABLE auth_group ADD CONSTRAINT late CHECK (id > 0) NOT VALID",
            "ALTER TABLE auth_group DROP CONSTRAINT late",
            "schema",
            "constraint late of auth_group is not validated",
        ),
        (
            "UPDATE django_migrations SET name = '0001_x' WHERE app = 'portal' AND name = '0001_clock'",
            "UPDATE django_migrations SET name = '0001_clock' WHERE app = 'portal' AND name = '0001_x'",
            "schema",
            "migration portal.0001_clock is not applied",
        ),
    ],
)
def test_damage_is_told_in_one_clear_line(capsys, damage, mend, check, fault):
    with owner_connection() as owner:
        owner.execute(damage)
        try:
            assert verify(capsys, check) == [f"FAULT {check}: {fault}"]
        finally:
            owner.execute(mend)
    assert verify(capsys, check)[-1] == "1 checks, no fault"


def test_check_that_fails_is_a_fault_and_the_others_go_on(capsys, settings):
    settings.VERIFIERS = ["tests.portal.test_verify.broken", "portal.integrity.clock"]
    lines = verify(capsys)
    assert "broken: the check itself failed: ZeroDivisionError" in lines[0]
    assert lines[1].startswith("ok    clock")


def broken():
    """never holds"""
    yield from [1 // 0]


def test_check_writes_nothing(capsys, settings):
    settings.VERIFIERS = ["tests.portal.test_verify.writing"]
    assert "read-only transaction" in verify(capsys)[0]


def writing():
    """writes"""
    from django.contrib.auth.models import Group

    Group.objects.create(name="x")
    yield from []


def test_unknown_check_is_refused(capsys):
    with pytest.raises(CommandError, match="no check nonsense; there are clock, roles, schema"):
        call_command("verify", "nonsense")
