"""What a test does to the database, as seen from its process: the tables that it writes, the guards
that refuse it something, the places where it locks. By this the tests for a damage are chosen.

A guard that refuses (a constraint, a right, most triggers) can only be missed by a test that it
refused; a trigger that acts, by a test that wrote its table; a lock, by a test that reached it with
more than one connection.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import psycopg

from tests.damage import of_product

_WRITE = re.compile(
    r'\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE(?: TABLE)?|COPY)\s+"?(\w+)', re.I
)
_FUNCTION = re.compile(r"PL/pgSQL function (?:public\.)?(\w+)\(")
_DENIED = re.compile(r"permission denied for table (\w+)")
_SCHEMA = re.compile(r"pg_constraint|pg_trigger|pg_index|has_\w+_privilege|information_schema")


@dataclass
class Seen:
    """One test: its outcome and what it touched."""

    test: str
    outcome: str = "passed"
    seconds: float = 0
    transactional: bool = False
    schema: bool = False  # it reads the schema itself
    written: list[str] = field(default_factory=list)
    on_conflict: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)

    def note(self, kind: str, what: str) -> None:
        known = getattr(self, kind)
        if what not in known:
            known.append(what)

    def statement(self, query: str) -> None:
        if found := _WRITE.search(query):
            self.note("written", found[1])
            if "ON CONFLICT" in query:
                self.note("on_conflict", found[1])
        if "advisory" in query:
            self.note("locked", of_product(sys._getframe(2))[0])
        self.schema = self.schema or bool(_SCHEMA.search(query))

    def error(self, error: psycopg.Error) -> None:
        diag = error.diag
        for name in [diag.constraint_name, *_FUNCTION.findall(diag.context or "")]:
            if name:
                self.note("refused", name)
        if denied := _DENIED.search(str(error)):
            self.note("refused", f"right {denied[1]}")

    def as_row(self) -> dict:
        return asdict(self)


class Watch:
    """A pytest plugin: ``current`` is what the running test did so far."""

    current = Seen("")

    @contextmanager
    def open(self) -> Iterator[None]:
        from django.db.models import QuerySet

        watch, execute, many = self, psycopg.Cursor.execute, psycopg.Cursor.executemany
        commit, lock = psycopg.Connection.commit, QuerySet.select_for_update

        def watched(original):
            def call(self, query, *args, **kwargs):
                watch.current.statement(query if isinstance(query, str) else str(query))
                return watch.told(original, self, query, *args, **kwargs)

            return call

        def select_for_update(self, *args, **kwargs):
            watch.current.note("locked", of_product(sys._getframe(1))[0])
            return lock(self, *args, **kwargs)

        psycopg.Cursor.execute, psycopg.Cursor.executemany = watched(execute), watched(many)
        psycopg.Connection.commit = lambda self: watch.told(commit, self)
        QuerySet.select_for_update = select_for_update
        try:
            yield
        finally:
            psycopg.Cursor.execute, psycopg.Cursor.executemany = execute, many
            psycopg.Connection.commit, QuerySet.select_for_update = commit, lock

    def told(self, original, *args, **kwargs):
        try:
            return original(*args, **kwargs)
        except psycopg.Error as error:
            self.current.error(error)
            raise
