"""A line of a computation's explanation: what, how much, in which unit, by which clause."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Step:
    """A line of the explanation. ``unit`` is cny, rate, items or points; None: not known."""

    code: str
    label_zh: str
    label_en: str
    value: str | None
    unit: str
    clause: str


def plain(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def step(code, label_zh, label_en, amount, clause="") -> Step:
    return Step(code, label_zh, label_en, plain(amount), "cny", clause)
