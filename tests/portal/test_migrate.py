import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from portal.database import conninfo
from tests.conftest import owner_connection

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_migrate_runs_as_the_owner_although_the_portal_does_not(capsys):
    with owner_connection() as owner:
        owner.execute("UPDATE django_migrations SET applied = now() WHERE app = 'portal'")
    call_command("migrate", "portal", verbosity=1)
    assert "No migrations to apply" in capsys.readouterr().out
    assert "portal_app" in conninfo("default") and "portal_owner" in conninfo("owner")


def test_migrate_grants_again_what_a_new_table_needs_and_nothing_that_was_withheld():
    with owner_connection() as owner:
        owner.execute(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM portal_app"
        )
        call_command("migrate", verbosity=0)
        owner.execute("CREATE TABLE made_later (id int)")
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT has_table_privilege('made_later', 'INSERT, UPDATE, DELETE'),"
                    " has_table_privilege('audit_event', 'UPDATE, DELETE')"
                )
                assert cursor.fetchone() == (True, False)
        finally:
            owner.execute("DROP TABLE made_later")


def test_migrate_without_the_running_role_says_so(settings):
    settings.DATABASE_RUNTIME_ROLE = "nobody_here"
    with pytest.raises(CommandError, match=r"the running role nobody_here .* does not exist"):
        call_command("migrate", verbosity=0)
