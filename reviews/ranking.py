"""From experts' totals to a ranking: pure rules. Source: process.md, Experts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

POINT = Decimal("0.01")


@dataclass(frozen=True)
class Outcome:
    """Mean and spread in points; ``dropped``: the highest and the lowest were left out."""

    mean: Decimal
    spread: Decimal
    dropped: bool


def outcome(totals: Sequence[Decimal], *, drop_extremes_from: int) -> Outcome:
    """The mean of the totals, rounded half up to 0.01 points.

    With ``drop_extremes_from`` experts or more, one highest and one lowest total are left out;
    below that the plain mean. The spread is that of all totals.
    """
    if not totals:
        raise ValueError("no totals")
    ordered = sorted(totals)
    dropped = len(ordered) >= max(drop_extremes_from, 3)
    kept = ordered[1:-1] if dropped else ordered
    mean = (sum(kept, Decimal(0)) / len(kept)).quantize(POINT, rounding=ROUND_HALF_UP)
    spread = (ordered[-1] - ordered[0]).quantize(POINT, rounding=ROUND_HALF_UP)
    return Outcome(mean, spread, dropped)


def ranks(means: Mapping[str, Decimal]) -> dict[str, int]:
    """Each key's place, the best first; equal means share a place and the next is left out."""
    ordered = sorted(means.values(), reverse=True)
    return {key: ordered.index(mean) + 1 for key, mean in means.items()}
