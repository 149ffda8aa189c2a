"""Which question comes next: the one that settles most of what is still open.

Who asks, and what is in hand, come first; then the statements that the lines in question turn on,
several on one page; then single choices and amounts. Eight at most: what is left open after them
is answered in place, line by line.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from policy.calculator.reply import KIND, MATTER, Reply
from policy.calculator.results import Result
from policy.schema import Field

MOST = 8
# Statements on one page.
STATEMENTS = 8


@dataclass(frozen=True)
class Question:
    """``no`` counts from 1; ``fields`` are the statements of a page, or the one that is asked;
    ``names``: the measures that wait for it, ``serves`` the same for each field."""

    code: str
    form: Literal["kind", "matters", "statements", "choice", "multichoice", "number"]
    no: int
    fields: tuple[Field, ...] = ()
    names: tuple[str, ...] = ()
    serves: tuple[tuple[str, ...], ...] = ()

    @property
    def statements(self) -> list[tuple[Field, tuple[str, ...]]]:
        """Each field with the measures that wait for it."""
        return list(zip(self.fields, self.serves, strict=True))


def next_question(
    results: Iterable[Result],
    inputs: Mapping[str, Field],
    reply: Reply,
    *,
    lines: frozenset[str] | None,
) -> Question | None:
    """The next question, or None when nothing is left to ask or eight were answered.

    ``lines``: those that are in question, None for all (see ``matters.lines_of``).
    """
    no = asked(inputs, reply) + 1
    if no > MOST:
        return None
    if not reply.has(KIND):
        return Question(KIND, "kind", no, (inputs[KIND],))
    if not reply.has(MATTER):
        return Question(MATTER, "matters", no)
    waiting: dict[str, list[Result]] = {}
    for result in results:
        if result.outcome == "depends" and (lines is None or result.line in lines):
            for item in result.open_fields:
                if not reply.has(item.code):
                    waiting.setdefault(item.code, []).append(result)
    statements = [code for code in waiting if inputs[code].type == "bool"]
    if statements:
        shown = sorted(statements, key=lambda code: -len(waiting[code]))[:STATEMENTS]
        return Question(
            "statements", "statements", no, tuple(inputs[code] for code in shown),
            _names(result for code in shown for result in waiting[code]),
            tuple(_names(waiting[code]) for code in shown),
        )  # fmt: skip
    if not waiting:
        return None
    # A choice decides whether a line fits at all, so it comes before the amounts; then what
    # serves most lines, and lines that wait for nothing else.
    code = min(
        waiting,
        key=lambda code: (
            inputs[code].type not in {"choice", "multichoice"},
            -len(waiting[code]),
            min(len(result.open_fields) for result in waiting[code]),
        ),
    )
    item = inputs[code]
    form: Literal["choice", "multichoice", "number"] = "number"
    if item.type in {"choice", "multichoice"}:
        form = "choice" if item.type == "choice" else "multichoice"
    return Question(code, form, no, (item,), _names(waiting[code]))


def asked(inputs: Mapping[str, Field], reply: Reply) -> int:
    """How many questions were dealt with; a page of statements counts as one."""
    dealt = {code for code in inputs if reply.has(code)}
    statements = {code for code in dealt if inputs[code].type == "bool"}
    pages = math.ceil(len(statements) / STATEMENTS)
    return pages + len(dealt - statements) + int(reply.has(MATTER))


def _names(results: Iterable[Result]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(result.name) for result in results))
