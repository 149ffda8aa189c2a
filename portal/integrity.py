"""The portal's own checks behind `manage.py verify`: clock, roles, schema.

A check is a function that yields its faults as sentences; its docstring names what holds when it
yields none. The apps add theirs to ``settings.VERIFIERS``.
"""

from collections.abc import Iterator

import pgtrigger
from django.db import connection
from django.db.migrations.loader import MigrationLoader


def _rows(statement: str, *parameters: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def clock() -> Iterator[str]:
    """the portal's clock is the database's, not moved"""
    for (shift,) in _rows("SELECT shift FROM portal_clock WHERE shift <> interval '0'"):
        yield f"the clock is moved by {shift}: only tests and demonstrations may do that"


def roles() -> Iterator[str]:
    """the running role owns nothing, and may nothing that the migrations withhold from it"""
    [(role, superuser, owner)] = _rows(
        "SELECT current_user, rolsuper, pg_has_role(current_user, datdba, 'MEMBER')"
        " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
    )
    if superuser:
        yield f"the running role {role} is a superuser"
    elif owner:
        yield f"the running role {role} owns the database; give DATABASE_OWNER_URL another role"
    for table, right in sorted(withheld()):
        if _rows("SELECT WHERE has_table_privilege(%s, %s)", table, right):
            yield f"the running role {role} may {right} {table}"


def withheld() -> set[tuple[str, str]]:
    """Table and right, for all rights that a migration withholds from the running role."""
    nodes = MigrationLoader(None).disk_migrations.values()
    return {
        pair
        for migration in nodes
        for operation in migration.operations
        for pair in getattr(operation, "withheld", [])
    }


def schema() -> Iterator[str]:
    """every migration is applied, every trigger enabled, every constraint validated"""
    loader = MigrationLoader(connection)
    for app, name in sorted(loader.graph.nodes.keys() - loader.applied_migrations.keys()):
        yield f"migration {app}.{name} is not applied"
    for table, trigger in _rows(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid"
        " WHERE tgenabled NOT IN ('O', 'A') AND relnamespace = 'public'::regnamespace"
    ):
        yield f"trigger {trigger} of {table} is disabled"
    for table, constraint in _rows(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE NOT convalidated AND connamespace = 'public'::regnamespace"
    ):
        yield f"constraint {constraint} of {table} is not validated"
    for model, trigger in pgtrigger.registered():
        status, _enabled = trigger.get_installation_status(model)
        if status != "INSTALLED":
            yield f"trigger {trigger.get_pgid(model)} of {model._meta.db_table} is {status.lower()}"
