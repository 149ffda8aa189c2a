"""Geometry of the small figures: numbers in, SVG numbers out. Pure.

Every coordinate leaves as a string without thousand separators or a decimal comma, so that
templates may put it into an attribute under any language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple


def svg_number(value: Decimal | float | int) -> str:
    """At most two decimals, a point, no separators: ``12``, ``12.5``."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


class Segment(NamedTuple):
    """A piece of a bar: its class, left edge, width, and words."""

    kind: str
    x: str
    width: str
    label: str
    amount_cny: Decimal


class Bullet(NamedTuple):
    segments: list[Segment]
    ghost: Segment | None
    cap_x: str | None
    over_cap: bool


def bullet(
    *,
    cap_cny: Decimal | None,
    parts: Sequence[tuple[str, str, Decimal]],
    ghost_cny: Decimal | None = None,
    width: int = 400,
) -> Bullet:
    """A bullet bar: ``parts`` are (kind, label, amount) set end to end, the cap a line.

    The scale leaves 10 % of room behind the cap, so that an excess shows beyond the line;
    without a cap the longest bar fills the width.
    """
    total = sum((amount for _kind, _label, amount in parts), Decimal(0))
    longest = max(total, ghost_cny or Decimal(0))
    bound = max(longest, (cap_cny or Decimal(0)) * Decimal("1.1"))
    scale = Decimal(width) / bound if bound else Decimal(0)
    segments, x = [], Decimal(0)
    for kind, label, amount in parts:
        length = amount * scale
        segments.append(Segment(kind, svg_number(x), svg_number(length), label, amount))
        x += length
    ghost = None
    if ghost_cny is not None and ghost_cny > total:
        length = (ghost_cny - total) * scale
        ghost = Segment("ghost", svg_number(x), svg_number(length), "", ghost_cny)
    return Bullet(
        segments,
        ghost,
        None if cap_cny is None else svg_number(cap_cny * scale),
        cap_cny is not None and longest > cap_cny,
    )


@dataclass(frozen=True)
class Step:
    """A bar of the waterfall: what it is, its amount, how it is meant, and its clause.

    ``kind``: ``total`` stands on the ground, ``minus`` hangs from the bar before it, ``final``
    is the outcome. ``clause`` names the rule's source, ``note`` what happened in words.
    """

    label: str
    amount_cny: Decimal
    kind: str = "total"
    clause: str = ""
    note: str = ""


class WaterfallBar(NamedTuple):
    step: Step
    x: str
    y: str
    width: str
    height: str
    centre: str
    value_y: str
    link_y: str
    link_to: str


class Waterfall(NamedTuple):
    bars: list[WaterfallBar]
    width: str
    height: str
    ground_y: str
    label_y: str


def waterfall(steps: Sequence[Step], *, width: int = 360, plot: int = 90) -> Waterfall:
    """Bars from what was claimed to what is proposed; a ``minus`` hangs from its predecessor."""
    top, foot = 18, 20
    highest = max((abs(step.amount_cny) for step in steps), default=Decimal(0))
    scale = Decimal(plot) / highest if highest else Decimal(0)
    slot = Decimal(width) / max(len(steps), 1)
    bar_width = slot * Decimal("0.76")
    ground = Decimal(top + plot)
    bars, level = [], ground
    for index, step in enumerate(steps):
        length = max(abs(step.amount_cny) * scale, Decimal(1))
        y = level if step.kind == "minus" else ground - length
        x = slot * index + (slot - bar_width) / 2
        level = y + length if step.kind == "minus" else y
        bars.append(
            WaterfallBar(
                step,
                svg_number(x),
                svg_number(y),
                svg_number(bar_width),
                svg_number(length),
                svg_number(x + bar_width / 2),
                svg_number(y - 5),
                svg_number(level),
                svg_number(x + slot),
            )
        )
    return Waterfall(
        bars,
        svg_number(width),
        svg_number(top + plot + foot),
        svg_number(ground),
        svg_number(top + plot + 15),
    )


def captions_fit(steps: Sequence[Step], *, width: int = 360) -> bool:
    """Whether the labels of a waterfall have room beneath their bars: 11 px a Chinese character,
    6 px a letter."""
    slot = width / max(len(steps), 1)
    return all(
        sum(11 if ord(letter) > 0x2E7F else 6 for letter in str(step.label)) <= slot
        for step in steps
    )


class Dot(NamedTuple):
    cx: str
    kind: str


def dots(*, total: int, taken: int, held: int = 0) -> tuple[list[Dot], str]:
    """A dot for each place, taken ones first, then held ones; and the figure's width."""
    kinds = ["on"] * min(taken, total) + ["held"] * max(0, min(held, total - taken))
    kinds += ["off"] * (total - len(kinds))
    return [Dot(svg_number(6 + 12 * i), kind) for i, kind in enumerate(kinds)], svg_number(
        12 * total
    )
