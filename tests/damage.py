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
from django.conf import settings

VARIABLE = "PORTAL_TEST_DAMAGE"


@dataclass(frozen=True)
class Damage:
    kind: str  # constraint, index, trigger, right, function, lock or advisory
    name: str  # the constraint's, trigger's … name; "file.py:function:lines" of a lock
    table: str = ""
    statement: str = ""
    function: str = ""  # what a trigger runs

    def __str__(self) -> str:
        return f"{self.kind} {self.table}{'.' if self.table else ''}{self.name}"

    @property
    def place(self) -> str:
        """File and function of a lock."""
        return self.name.rsplit(":", 1)[0]


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
    """Take one lock away: the SELECT at that line locks no row, or waits for no name."""
    damage = chosen()
    if damage is not None and damage.kind == "lock":
        with _rows_not_locked(damage):
            yield
    elif damage is not None and damage.kind == "advisory":
        with _name_not_locked(damage):
            yield
    else:
        yield


@contextmanager
def _rows_not_locked(damage: Damage) -> Iterator[None]:
    from django.db.models import QuerySet

    original = QuerySet.select_for_update
    first, last = (int(number) for number in damage.name.rsplit(":", 1)[1].split("-"))

    def select_for_update(self, *args, **kwargs):
        place, line = of_product(sys._getframe(1))
        here = place == damage.place and first <= line <= last
        return self.all() if here else original(self, *args, **kwargs)

    QuerySet.select_for_update = select_for_update
    try:
        yield
    finally:
        QuerySet.select_for_update = original


@contextmanager
def _name_not_locked(damage: Damage) -> Iterator[None]:
    original = psycopg.Cursor.execute

    def execute(self, query, params=None, **kwargs):
        if "advisory" in str(query) and of_product(sys._getframe(1))[0] == damage.place:
            query, params = "SELECT true", None
        return original(self, query, params, **kwargs)

    psycopg.Cursor.execute = execute
    try:
        yield
    finally:
        psycopg.Cursor.execute = original


def of_product(frame) -> tuple[str, int]:
    """File, function and line of the portal's own code that called; "" if a test did."""
    root = f"{settings.BASE_DIR}/"
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(root) and not file.startswith((f"{root}.venv/", f"{root}tests/damage")):
            return f"{file.removeprefix(root)}:{frame.f_code.co_name}", frame.f_lineno
        frame = frame.f_back
    return "", 0
