"""Statements that a guard refuses, from rows that are there."""

# A second row like the first, but for what the statement changes.
COPY = (
    "INSERT INTO {table} SELECT (jsonb_populate_record(null::{table},"
    " to_jsonb(t) || jsonb_build_object('id', 999999{more}))).* FROM {table} t WHERE {where} LIMIT 1"
)
DRAFTED, SIGNED = "state = 'drafted'", "state = 'confirmed'"


def copy(table: str, where: str = "true", **changes) -> str:
    """Insert a copy of a row with other values (SQL expressions)."""
    more = "".join(f", '{name}', {value}" for name, value in changes.items())
    return COPY.format(table=table, where=where, more=more)


def other(table: str, *names: str, where: str = "true", **changes) -> str:
    """A copy whose uid and such are new."""
    fresh = {name: f"'new-{name}'" for name in names}
    return copy(table, where, **fresh | changes)
