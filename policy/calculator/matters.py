"""What an applicant has in hand: the second question, and which lines each answer concerns."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from policy.strict import build
from policy.text import Text

FILE = Path(__file__).parent / "matters.yaml"


@dataclass(frozen=True)
class Matter:
    code: str
    label: Text
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _File:
    matters: tuple[Matter, ...]


@cache
def matters() -> tuple[Matter, ...]:
    """All matters in the order of the page. Raises ``strict.SchemaError`` for a faulty file."""
    found: _File = build(_File, yaml.safe_load(FILE.read_text("utf-8")))
    return found.matters


def lines_of(codes: frozenset[str]) -> frozenset[str] | None:
    """The lines that the chosen matters concern; None where none is chosen: all of them."""
    if not codes:
        return None
    return frozenset(line for item in matters() if item.code in codes for line in item.lines)
