"""What the acts of the demonstration share: people, calls, cases, papers, chance and the schedule."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor

from applications.models import Application
from awards.demonstration.answers import Project
from awards.demonstration.cast import Cast, Member
from awards.demonstration.papers import Papers
from awards.demonstration.plots import Courses, Plot
from awards.demonstration.rounds import Group, Round
from awards.demonstration.timeline import Schedule
from policy.models import Call, Measure

# Prepared when it comes for the third time; more kinds of statements than there are.
PREPARED_FROM, PREPARED_MAX = 3, 1000
AROUND = ("call__measure", "call__lead_unit", "definition", "organisation", "district")


@dataclass
class Running:
    """A round that is played: its call, once drafted, and its cases."""

    round: Round
    measure: Measure
    courses: Courses
    plots: list[Plot]
    opens: int = 0
    closes: int = 0
    number: int = 1
    of: int = 1
    gates: dict[int, dict[str, int]] = field(default_factory=dict)
    drafted: Call | None = None

    @property
    def call(self) -> Call:
        """The call, once it has been drafted."""
        assert self.drafted is not None, self.round.key
        return self.drafted

    def of_group(self, group: Group, *ends: str) -> list[Plot]:
        return [
            plot for plot in self.plots if plot.group is group and (not ends or plot.end in ends)
        ]


@dataclass
class World:
    seed: str
    cast: Cast
    papers: Papers
    schedule: Schedule
    cases: dict[str, int] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    # By plot: call, organisation and whatever else a case belongs to.
    around: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Shown experts (by the local part of their address) that have open sheets today.
    busy: set[str] = field(default_factory=set)

    def random(self, *key: object) -> Random:
        """Chance of its own for each key, the same for the same seed."""
        return Random("/".join(map(str, (self.seed, *key))))

    def member(self, plot: Plot) -> Member:
        return self.cast.members[plot.organisation]

    def case(self, plot: Plot) -> Application:
        """The case as it stands now, beside what it belongs to as that was at the first act: no
        verb trusts it, each reads again what it locks."""
        pk = self.cases[plot.key]
        if plot.key in self.around:
            case = Application.objects.get(pk=pk)
            case._state.fields_cache.update(self.around[plot.key])
            return case
        case = (
            Application.objects.select_related(*AROUND)
            .defer("definition__body", "call__guide_zh")
            .get(pk=pk)
        )
        names = {name.partition("__")[0] for name in AROUND}
        self.around[plot.key] = {name: case._state.fields_cache[name] for name in names}
        return case

    def lead(self, running: Running, part: str = "clerk"):
        unit = running.call.lead_unit
        return self.cast.clerk(unit) if part == "clerk" else self.cast.head(unit)

    def next_number(self, series: str) -> int:
        self.numbers[series] = self.numbers.get(series, 0) + 1
        return self.numbers[series]

    def plan(self, day: int, at: str, what: str, do: Callable, *arguments: object) -> None:
        """An act of the schedule."""
        self.schedule.add(day, at, what, lambda: do(self, *arguments))

    def hour(self, plot: Plot, what: str, first: int = 9, last: int = 16) -> str:
        """A time of the day that is the case's own for this act."""
        chance = self.random(plot.key, what)
        return f"{chance.randint(first, last):02}:{chance.randint(0, 59):02}"


@contextmanager
def prepared() -> Iterator[None]:
    """Statements are prepared by the database when they come again: a load says the same few
    hundred ones tens of thousands of times, and planning them takes longer than doing them."""
    connection.ensure_connection()
    features: Any = connection.features
    session = connection.connection
    before = features.uses_server_side_binding, session.cursor_factory, session.prepare_threshold
    features.uses_server_side_binding = True
    session.cursor_factory, session.prepare_threshold = ServerBindingCursor, PREPARED_FROM
    session.prepared_max = max(session.prepared_max or 0, PREPARED_MAX)
    try:
        yield
    finally:
        features.uses_server_side_binding, session.cursor_factory, session.prepare_threshold = (
            before
        )


@contextmanager
def savepoints(on: bool) -> Iterator[None]:
    """Whether inner transactions may be rolled back alone. The load is one transaction, which an
    act that fails ends: there a savepoint for each verb would only cost time."""
    features = connection.features
    before, features.uses_savepoints = features.uses_savepoints, on
    try:
        yield
    finally:
        features.uses_savepoints = before
