"""One deliberate damage to the database or the code, for `make mutants`.

The runner names it in the environment; the session's own database, or the code as loaded, is damaged
before the first test. A suite that stays green does not hold what it claims to hold.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import psycopg

VARIABLE = "PORTAL_TEST_DAMAGE"


@dataclass(frozen=True)
class Damage:
    kind: str  # constraint, index, trigger, right or lock
    name: str  # the constraint's, trigger's … name; "file.py:function:line" of a lock
    table: str = ""
    statement: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.table}{'.' if self.table else ''}{self.name}"


def environment(damage: Damage | None) -> dict[str, str]:
    return {VARIABLE: json.dumps(asdict(damage))} if damage else {}


def chosen() -> Damage | None:
    told = os.environ.get(VARIABLE)
    return Damage(**json.loads(told)) if told else None


def to_database(conninfo: str) -> None:
    """Damage the session's database, as its owner."""
    damage = chosen()
    if damage is not None and damage.statement:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(damage.statement)


@contextmanager
def to_code() -> Iterator[None]:
    """Take one lock away: the SELECT at that line locks no row."""
    damage = chosen()
    if damage is None or damage.kind != "lock":
        yield
        return
    from django.db.models import QuerySet

    file, _function, line = damage.name.split(":")
    original = QuerySet.select_for_update

    def select_for_update(self, *args, **kwargs):
        frame = sys._getframe(1)
        # Manager methods call through django/db/models/manager.py.
        while "django/db/models" in frame.f_code.co_filename:
            frame = frame.f_back
        first, last = (int(number) for number in line.split("-"))
        here = frame.f_code.co_filename.endswith(file) and first <= frame.f_lineno <= last
        return self.all() if here else original(self, *args, **kwargs)

    QuerySet.select_for_update = select_for_update
    try:
        yield
    finally:
        QuerySet.select_for_update = original
