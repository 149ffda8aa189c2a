"""How far the sections of a case have come, as the task list tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from applications.checks import ERROR, MISSING, WARNING, Problem, section_problems
from applications.content import Content
from policy.schema import Group, Section


class State(models.TextChoices):
    EMPTY = "empty", _("未开始")
    STARTED = "started", _("填写中")
    DONE = "done", _("已完成")
    PROBLEM = "problem", _("有问题")
    LOCKED = "locked", _("暂不可填")


TONES = {
    State.EMPTY: "info",
    State.STARTED: "warn",
    State.DONE: "plain",
    State.PROBLEM: "bad",
    State.LOCKED: "plain",
}


@dataclass(frozen=True)
class Report:
    """A section, its number in the whole form, its state and its problems."""

    section: Section
    group: Group
    number: int
    state: str
    problems: tuple[Problem, ...]
    is_filled: bool

    @property
    def is_optional(self) -> bool:
        """Nothing is written and nothing is missing: it may stay as it is."""
        return self.state == State.EMPTY and not self.missing and self.section.kind != "review"

    @property
    def tone(self) -> str:
        return "plain" if self.is_optional else TONES[State(self.state)]

    @property
    def missing(self) -> int:
        return sum(problem.severity == MISSING for problem in self.problems)

    @property
    def word(self) -> str:
        """``填写中 · 还差 2 项``, ``有问题 · 第 3 行…``: the state and what it means."""
        label = State(self.state).label
        if self.is_optional:
            return str(_("选填"))
        if self.state == State.STARTED and self.missing:
            return _("%(state)s · 还差 %(count)s 项") % {"state": label, "count": self.missing}
        if self.state == State.PROBLEM:
            first = next(problem for problem in self.problems if problem.severity == ERROR)
            # The row bears the section's title already.
            told = first.text if first.label == self.section.title else first.message
            return f"{label} · {told}"
        return str(label)


@dataclass(frozen=True)
class Progress:
    reports: tuple[Report, ...]

    @property
    def done(self) -> int:
        return sum(report.state == State.DONE for report in self.reports)

    @property
    def total(self) -> int:
        return len(self.reports)

    @property
    def due(self) -> int:
        """How many sections there are to do: without those that may stay as they are."""
        return sum(not report.is_optional for report in self.reports)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for report in self.reports for problem in report.problems)

    @property
    def stops(self) -> bool:
        """Whether something keeps the case from being submitted."""
        return any(problem.stops for problem in self.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == WARNING)

    def of(self, code: str) -> Report:
        return next(report for report in self.reports if report.section.code == code)

    def groups(self) -> list[tuple[Group, list[Report]]]:
        found: dict[str, tuple[Group, list[Report]]] = {}
        for report in self.reports:
            found.setdefault(report.group.code, (report.group, []))[1].append(report)
        return list(found.values())


def progress(content: Content) -> Progress:
    """The reports of all sections, in the form's order; the review opens when nothing stops it."""
    reports: list[Report] = []
    placed = [
        (group, section) for group in content.schema.form.groups for section in group.sections
    ]
    for number, (group, section) in enumerate(placed, start=1):
        found = tuple(section_problems(content, section))
        filled = content.has_input(section)
        reports.append(
            Report(section, group, number, _state(section, found, filled), found, filled)
        )
    stopped = any(problem.stops for report in reports for problem in report.problems)
    return Progress(
        tuple(
            Report(
                report.section, report.group, report.number,
                State.LOCKED if stopped else State.EMPTY, report.problems, report.is_filled,
            )
            if report.section.kind == "review"
            else report
            for report in reports
        )
    )  # fmt: skip


def _state(section: Section, found: Sequence[Any], filled: bool) -> State:
    severities = {problem.severity for problem in found}
    if ERROR in severities:
        return State.PROBLEM
    if MISSING in severities:
        return State.STARTED if filled else State.EMPTY
    if filled:
        return State.DONE
    # Nothing typed and nothing missing: known from the profile, or optional and skipped.
    return State.DONE if _is_known(section) else State.EMPTY


def _is_known(section: Section) -> bool:
    """Whether the section asks for something required, all of it known from the profile."""
    return section.kind == "fields" and any(
        item.required or item.readonly for item in section.fields
    )
