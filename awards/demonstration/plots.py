"""Who applies where, and on which day each case comes to each stage: planned before anything is done.

Days are numbers of working days (``timeline.Days``). A case is planned backwards, from where it
stands today to the day on which its draft was started.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from awards.demonstration.rounds import Group, Round, Single
from awards.demonstration.timeline import USUAL_LIMIT
from policy.schema import Stage

# Stages through which a group goes together, with the usual days from each to the next.
GROUP_GAPS = {
    "expert_review": 8, "verification": 7, "selection": 5, "public_notice": 6, "decision": 3,
    "finance": 3, "payment": 5,
}  # fmt: skip
# How long ago the first instalment of a call that is paid out was drafted.
PAID_OUT = 45
# Ends of a single case that leave the road, by the stage from which they do.
LEAVES = {
    "decline": "recommendation", "decline_pending": "recommendation", "returned": "recommendation",
    "refuse": "formal_check", "refuse_pending": "formal_check", "correction": "formal_check",
    "lapse": "formal_check", "corrected_twice_withdraw": "formal_check", "withdraw": "joint_review",
    "veto": "joint_review", "veto_pending": "joint_review",
}  # fmt: skip
# Cases that are over: when they were submitted is free.
OVER = ("decline", "refuse", "lapse", "corrected_twice_withdraw", "withdraw", "veto")
UNSUBMITTED = ("draft", "handed")
# What may happen to a case on its way, and how often it does.
DETOURS = {"returned": 0.12, "corrected": 0.3, "silent": 0.15, "objected": 0.2, "taken_back": 0.08}
# Ends after which an organisation may take a place of the same line in another call.
FREE_AGAIN = (*OVER, "reject", "uphold", "give_up", "revoke")


@dataclass
class Plot:
    """A case as planned. ``entry``: the day on which it comes to each stage it reaches."""

    key: str
    round: Round
    end: str
    organisation: str
    group: Group | None = None
    left: int = 3
    entry: dict[str, int] = field(default_factory=dict)
    detours: frozenset[str] = frozenset()
    started: int = 0

    @property
    def submitted(self) -> int:
        return min(self.entry.values(), default=0)


def plots(rounds: Sequence[Round], kinds: Mapping[str, str], districts: Mapping[str, str],
          *, random: Random) -> list[Plot]:  # fmt: skip
    """The cases of all rounds with the organisations that apply. ``kinds`` and ``districts``: of
    the organisations, by their key."""
    found: list[Plot] = []
    holders: dict[str, set[str]] = {}
    for row in rounds:
        pool = [key for key, kind in kinds.items() if kind in row.kinds]
        random.shuffle(pool)
        wanted = {key for part in [*row.singles, *row.groups] for key in cast(Any, part).orgs}
        taken = set(holders.get(row.line, ())) | wanted
        waiting: Counter[str] = Counter()

        def next_one(end: str, pool=pool, taken=taken, waiting=waiting) -> str:
            free = [key for key in pool if key not in taken]
            if end in {"recommendation", "decline_pending"}:
                free.sort(key=lambda key: waiting[districts[key]])
            taken.add(free[0])
            waiting[districts[free[0]]] += 1
            return free[0]

        for end, left, key, group in _ends(row):
            key = key or next_one(end)
            number = f"{row.key}-{len(found) + 1}"
            found.append(Plot(number, row, end, key, group, left))
            if end not in FREE_AGAIN:
                holders.setdefault(row.line, set()).add(key)
    return found


def _ends(row: Round):
    """(end, days left, organisation or "", group) of each case of the round."""
    parts: list[tuple[Single | Group, list[str], Group | None]] = [
        (single, [single.end] * single.count, None) for single in row.singles
    ]
    parts += [
        (group, [end for end, count in group.ends.items() for _one in range(count)], group)
        for group in row.groups
    ]
    for part, ends, group in parts:
        for index, end in enumerate(ends):
            lefts = part.left if isinstance(part, Single) else (part.left,)
            key = part.orgs[index] if index < len(part.orgs) else ""
            yield end, lefts[index % len(lefts)], key, group


# --- days -----------------------------------------------------------------------------------


class Courses:
    """Plans the days of the cases of one round along its line's stages."""

    def __init__(self, stages: Sequence[Stage], *, random: Random) -> None:
        self.road = [
            stage.code for stage in stages if stage.code not in {"correction", "objection"}
        ]
        self.limits = {stage.code: stage.limit_workdays or USUAL_LIMIT for stage in stages}
        self.random = random

    def gates(self, group: Group) -> dict[str, int]:
        """The days on which the group as a whole comes to its stages, the one reached last."""
        reach = "payment" if group.reach == "paid" else group.reach
        reach = self.known(reach)
        age = PAID_OUT if group.reach == "paid" else max(1, self.limits[reach] - group.left)
        common = [code for code in self.road if code in GROUP_GAPS]
        found = {reach: -age}
        for code in reversed(common[: common.index(reach)]):
            following = common[common.index(code) + 1]
            found[code] = found[following] - self.gap(code)
        return found

    def gap(self, code: str) -> int:
        return self.limits["public_notice"] + 1 if code == "public_notice" else GROUP_GAPS[code]

    def known(self, code: str) -> str:
        """The stage, or the last one before it that the line has."""
        order = ["recommendation", "formal_check", "joint_review", *GROUP_GAPS]
        while code not in self.road:
            code = order[order.index(code) - 1]
        return code

    def plan(self, plot: Plot, gates: Mapping[str, int]) -> None:
        """Give the case its days, from the stage it stands in back to its start."""
        if plot.end in UNSUBMITTED:
            plot.started = -self.random.randint(2, 6)
            return
        plot.detours = self.detours(plot)
        if plot.group is not None:
            plot.entry = dict(gates)
            first = min(gates.values()) - self.random.randint(0, 1)
            at = next(code for code in self.road if code in gates)
            plot.entry[at] = first
        else:
            at = self.known(LEAVES.get(plot.end, plot.end))
            plot.entry[at] = self.stands_since(plot, at)
        for code in reversed(self.road[: self.road.index(at)]):
            following = self.road[self.road.index(code) + 1]
            plot.entry[code] = plot.entry[following] - self.stay(plot, code)
        plot.started = plot.submitted - self.random.randint(4, 9)

    def stands_since(self, plot: Plot, at: str) -> int:
        """When a single case came to its last stage: so that its days left are the planned ones."""
        if plot.end in OVER:
            return -self.random.randint(70, 80) if plot.round.closes is None else -6
        if plot.end == "correction":
            return -max(1, self.limits["correction"] - plot.left) - 2
        if plot.end == "returned":
            return -self.random.randint(3, 5)
        return -max(1, self.limits[at] - plot.left)

    def stay(self, plot: Plot, code: str) -> int:
        """How long the case stays in a stage before the group's, with its detours."""
        if code == "recommendation":
            return self.random.randint(2, 4) + (5 if "returned" in plot.detours else 0)
        if code == "formal_check":
            return 3 + (7 if "corrected" in plot.detours else 0)
        if code == "joint_review":
            silent = "silent" in plot.detours
            return self.limits[code] + 1 if silent else self.random.randint(4, 6)
        return GROUP_GAPS[code]

    def detours(self, plot: Plot) -> frozenset[str]:
        found = {name for name, chance in DETOURS.items() if self.random.random() < chance}
        if plot.group is None and plot.round.closes is not None:
            found -= {"returned", "corrected"}
        return frozenset(found)
