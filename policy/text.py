"""Bilingual policy text and the one way to put values into it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language

from portal.money import WAN, show_cny

_PLACEHOLDER = re.compile(r"\{([a-z][a-z_]*)\}")
# ``persons``, ``hours a year``: the noun of a unit is in the plural.
_PLURAL = re.compile(r"s( a \w+)?$")


def placeholders(template: str) -> set[str]:
    """Names that stand in braces: ``{amount}`` yes, ``{{7*7}}`` and ``{ x }`` no."""
    return set(_PLACEHOLDER.findall(template))


def fill(template: str, values: Mapping[str, object]) -> str:
    """Put values in place of ``{name}``, once: what a value contains stays text.

    Names without a value stay as they are; nothing is evaluated, no attribute or index read.
    """
    return _PLACEHOLDER.sub(
        lambda match: str(values[match[1]]) if match[1] in values else match[0], template
    )


@dataclass(frozen=True)
class Text:
    """A text in Chinese and English; as a string it follows the active language."""

    zh: str
    en: str

    def __str__(self):
        return self.en if (get_language() or "").startswith("en") else self.zh

    def fill(self, **values: object) -> "Text":
        """Values may themselves be ``Text``: each language takes its own."""
        return Text(
            zh=fill(self.zh, {k: v.zh if isinstance(v, Text) else v for k, v in values.items()}),
            en=fill(self.en, {k: v.en if isinstance(v, Text) else v for k, v in values.items()}),
        )

    @property
    def placeholders(self) -> set[str]:
        return placeholders(self.zh) | placeholders(self.en)


def counted(amount: Decimal, unit: Text | None) -> Text:
    """A number with its unit as people say it: ``1 人`` / ``1 person``, ``2 persons``; what is
    counted in 万元 is told in yuan in English: ``3 万元`` / ``¥30,000.00``."""
    if unit is None:
        return Text(f"{amount:,f}", f"{amount:,f}")
    if unit.zh == "万元":
        told = show_cny(amount * WAN)
    elif unit.zh == "元":
        told = show_cny(amount)
    else:
        one = _PLURAL.sub(r"\1", unit.en) if amount == 1 else unit.en
        told = f"{amount:,f} {one}".rstrip()
    return Text(f"{amount:,f} {unit.zh}".rstrip(), told)
