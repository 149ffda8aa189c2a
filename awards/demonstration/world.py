"""What the acts of the demonstration share: people, calls, cases, papers, chance and the schedule."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from django.db import connection

from applications.models import Application
from awards.demonstration.answers import Project
from awards.demonstration.cast import Cast, Member
from awards.demonstration.papers import Papers
from awards.demonstration.plots import Courses, Plot
from awards.demonstration.rounds import Group, Round
from awards.demonstration.timeline import Schedule
from policy.models import Call, Measure


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
    # Shown experts (by the local part of their address) that have open sheets today.
    busy: set[str] = field(default_factory=set)

    def random(self, *key: object) -> Random:
        """Chance of its own for each key, the same for the same seed."""
        return Random("/".join(map(str, (self.seed, *key))))

    def member(self, plot: Plot) -> Member:
        return self.cast.members[plot.organisation]

    def case(self, plot: Plot) -> Application:
        """The case as it stands now."""
        return (
            Application.objects.select_related(
                "call__measure", "call__lead_unit", "definition", "organisation", "district"
            )
            .defer("definition__body", "call__guide_zh")
            .get(pk=self.cases[plot.key])
        )

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
def savepoints(on: bool) -> Iterator[None]:
    """Whether inner transactions may be rolled back alone. The load is one transaction, which an
    act that fails ends: there a savepoint for each verb would only cost time."""
    features = connection.features
    before, features.uses_savepoints = features.uses_savepoints, on
    try:
        yield
    finally:
        features.uses_savepoints = before
