"""Rights of the running role that are narrower than the default (see docs/structure.md)."""

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class _Rights(Operation):
    """``forwards`` and ``backwards`` are statements about a table, up to the role's name."""

    reduces_to_sql = False
    reversible = True

    def __init__(self, forwards: list[str], backwards: list[str], description: str) -> None:
        self.forwards = forwards
        self.backwards = backwards
        self.description = description
        # Read by portal.integrity: what was withheld stays withheld.
        self.withheld: list[tuple[str, str]] = []

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models know nothing of rights."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _execute(schema_editor, self.forwards)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _execute(schema_editor, self.backwards)

    def describe(self) -> str:
        return self.description


def _execute(schema_editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
    role = settings.DATABASE_RUNTIME_ROLE
    with schema_editor.connection.cursor() as cursor:
        # One role for everything (DATABASE_OWNER_URL not given): there is nobody to narrow.
        cursor.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role]
        )
        if cursor.fetchone():
            name = schema_editor.connection.ops.quote_name(role)
            for statement in statements:
                cursor.execute(f"{statement} {name}")


def _on(verb: str, rights: str, preposition: str, tables: tuple[str, ...]) -> list[str]:
    return [f'{verb} {rights} ON "{table}" {preposition}' for table in tables]


def withhold(rights: str, *tables: str) -> Operation:
    """A migration operation: the running role loses ``rights`` ("UPDATE, DELETE") on the tables."""
    operation = _Rights(
        _on("REVOKE", rights, "FROM", tables),
        _on("GRANT", rights, "TO", tables),
        f"Withhold {rights} on {', '.join(tables)}",
    )
    operation.withheld = [(table, right) for table in tables for right in rights.split(", ")]
    return operation


def grant_columns(right: str, table: str, *columns: str) -> Operation:
    """A migration operation: of a table withheld before, the running role may write these columns."""
    listed = f"{right} ({', '.join(columns)})"
    return _Rights(
        _on("GRANT", listed, "TO", (table,)),
        _on("REVOKE", listed, "FROM", (table,)),
        f"Grant {listed} on {table}",
    )
