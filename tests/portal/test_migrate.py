import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from portal.database import conninfo
from tests.conftest import owner_connection

OURS = {"audit", "files", "accounts", "notices", "policy", "applications", "reviews", "awards"}
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


def test_a_database_of_the_migrations_before_they_were_put_together_is_recorded_as_it_stands():
    together = {
        key
        for key, migration in MigrationLoader(None).disk_migrations.items()
        if migration.replaces and key[0] in OURS
    }
    assert {app for app, _name in together} == OURS
    with owner_connection() as owner:
        before = _schema(owner)
        for key in together:  # what they replace is recorded
            owner.execute("DELETE FROM django_migrations WHERE app = %s AND name = %s", key)
        call_command("migrate", verbosity=0)
        assert together <= set(owner.execute("SELECT app, name FROM django_migrations"))
        assert _schema(owner) == before


def _schema(owner) -> set:
    """Columns, constraints, indexes, triggers and rights."""
    return set(
        owner.execute(
            "SELECT 'column', attrelid::regclass::text, attname, format_type(atttypid, atttypmod)"
            " FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
            " WHERE relnamespace = 'public'::regnamespace AND attnum > 0 UNION ALL"
            " SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = 'public'::regnamespace UNION ALL"
            " SELECT 'index', tablename, indexname, indexdef FROM pg_indexes"
            " WHERE schemaname = 'public' UNION ALL"
            " SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)"
            " FROM pg_trigger WHERE NOT tgisinternal UNION ALL"
            " SELECT 'rights', oid::regclass::text, '', relacl::text FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace"
        )
    )
