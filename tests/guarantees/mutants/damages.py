"""The damages, enumerated from the schema and the source, so a new guard is a new damage.

Left out are foreign keys, NOT NULL and the range of Django's positive numbers: they come with the
column, and no line of ours makes them.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from portal.embedded import paths
from portal.embedded.postgres import Postgres
from portal.integrity import withheld
from tests.conftest import owner_connection
from tests.damage import Damage

ROOT = Path(settings.BASE_DIR)

_CONSTRAINTS = """
  SELECT conname, conrelid::regclass::text FROM pg_constraint
   WHERE contype IN ('c', 'u', 'x') AND connamespace = 'public'::regnamespace
     AND conname NOT IN (SELECT table_name || '_' || column_name || '_check'
                           FROM information_schema.columns WHERE table_schema = 'public')
   ORDER BY 2, 1
"""
_INDEXES = """
  SELECT indexrelid::regclass::text, indrelid::regclass::text
    FROM pg_index JOIN pg_class ON indexrelid = pg_class.oid
   WHERE indisunique AND NOT indisprimary AND relnamespace = 'public'::regnamespace
     AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 2, 1
"""
_TRIGGERS = """
  SELECT tgname, tgrelid::regclass::text, tgfoid::regproc::text
    FROM pg_trigger WHERE NOT tgisinternal ORDER BY 2, 1
"""
# audit_close's INSERT … ON CONFLICT waits for the head's row before its FOR UPDATE does.
_LOCKING_FUNCTIONS = """
  SELECT proname, pg_get_functiondef(oid) FROM pg_proc
   WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' AND prosrc ~ 'FOR (NO KEY )?UPDATE'
     AND proname <> 'audit_close'
   ORDER BY 1
"""
# Which tables a table's triggers write, for tests that reach a guard through them.
_WRITTEN_BY_TRIGGER = """
  SELECT DISTINCT tgrelid::regclass::text, target[1] FROM pg_trigger JOIN pg_proc p ON tgfoid = p.oid,
         regexp_matches(prosrc, '(?:INSERT INTO|UPDATE|DELETE FROM) (\\w+)', 'g') target
   WHERE NOT tgisinternal
"""


def every_damage() -> tuple[list[Damage], dict[str, set[str]]]:
    """All damages; and the tables that writing a table writes as well."""
    with Postgres(Path(os.environ["DATA_DIR"]), durable=False):
        _migrate()
        with owner_connection(dbname=paths.DATABASE) as connection:
            found = list(_from_schema(connection.execute))
            written: dict[str, set[str]] = {}
            for table, target in connection.execute(_WRITTEN_BY_TRIGGER).fetchall():
                written.setdefault(table, set()).add(target)
    return [*found, *_from_source()], written


def _migrate() -> None:
    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = paths.DATABASE
    call_command("migrate", verbosity=0, interactive=False)
    connections.close_all()


def own_tables() -> dict[str, str]:
    """Table → folder of the app that makes it."""
    found = {model._meta.db_table: _folder(app) for app in own_apps() for model in app.get_models()}
    for model in apps.get_models():
        for many in model._meta.local_many_to_many:
            if model._meta.db_table in found:
                found[many.m2m_db_table()] = found[model._meta.db_table]
    return found | {"portal_clock": "portal"}


def own_apps() -> list:
    return [app for app in apps.get_app_configs() if (ROOT / app.name.split(".")[0]).is_dir()]


def _folder(app) -> str:
    return str(Path(app.path).relative_to(ROOT))


def _from_schema(execute) -> Iterator[Damage]:
    own = own_tables()
    for name, table in execute(_CONSTRAINTS).fetchall():
        if table in own:
            statement = f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}" CASCADE'
            yield Damage("constraint", name, table, statement)
    for name, table in execute(_INDEXES).fetchall():
        if table in own:
            yield Damage("index", name, table, f'DROP INDEX "{name.strip(chr(34))}"')
    for name, table, function in execute(_TRIGGERS).fetchall():
        if table in own:
            yield Damage("trigger", name, table, f'DROP TRIGGER "{name}" ON "{table}"', function)
    for name, text in execute(_LOCKING_FUNCTIONS).fetchall():
        without = re.sub(r"\s+FOR (NO KEY )?UPDATE(?=\s*;)", "", text)
        if without != text:
            yield Damage("function", f"{name}:FOR UPDATE", "", without, name)
    role = settings.DATABASE_RUNTIME_ROLE
    for table, right in sorted(withheld()):
        yield Damage("right", right, table, f'GRANT {right} ON "{table}" TO "{role}"')


def _from_source() -> Iterator[Damage]:
    """One damage for each place that locks rows, or a name."""
    tops = sorted({app.name.split(".")[0] for app in own_apps()})
    for path in sorted(path for top in tops for path in (ROOT / top).rglob("*.py")):
        file = str(path.relative_to(ROOT))
        if "/migrations/" in file or file.startswith("portal/embedded/"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield from _locks_of(node, f"{file}:{node.name}")


def _locks_of(function: ast.FunctionDef, place: str) -> Iterator[Damage]:
    advisory = False
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "select_for_update"
        ):
            yield Damage("lock", f"{place}:{node.lineno}-{node.end_lineno}")
        if isinstance(node, ast.Constant) and "_advisory_" in str(node.value):
            advisory = True
    if advisory:
        yield Damage("advisory", f"{place}:{function.lineno}-{function.end_lineno}")
