"""Rights of the running role that are narrower than the default (see docs/structure.md)."""

from django.conf import settings
from django.db import migrations


def _statement(verb: str, rights: str, preposition: str, tables: tuple[str, ...]):
    """``rights`` is "UPDATE, DELETE", or "UPDATE (column, …)" for columns."""

    def run(apps, schema_editor):
        role = settings.DATABASE_RUNTIME_ROLE
        with schema_editor.connection.cursor() as cursor:
            # One role for everything (DATABASE_OWNER_URL not given): there is nobody to narrow.
            cursor.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role]
            )
            if cursor.fetchone():
                name = schema_editor.connection.ops.quote_name(role)
                for table in tables:
                    cursor.execute(f'{verb} {rights} ON "{table}" {preposition} {name}')

    return run


class Withheld(migrations.RunPython):
    """Read by portal.integrity: what was withheld stays withheld."""

    withheld: list[tuple[str, str]]


def withhold(rights: str, *tables: str) -> migrations.RunPython:
    """A migration operation: the running role loses ``rights`` ("UPDATE, DELETE") on the tables."""
    operation = Withheld(
        _statement("REVOKE", rights, "FROM", tables), _statement("GRANT", rights, "TO", tables)
    )
    operation.withheld = [(table, right) for table in tables for right in rights.split(", ")]
    return operation


def grant_columns(right: str, table: str, *columns: str) -> migrations.RunPython:
    """A migration operation: of a table withheld before, the running role may write these columns."""
    listed = f"{right} ({', '.join(columns)})"
    return migrations.RunPython(
        _statement("GRANT", listed, "TO", (table,)), _statement("REVOKE", listed, "FROM", (table,))
    )
