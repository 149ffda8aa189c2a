"""Money: Decimal in 元, rounded once and by one function. How it is written: portal.money."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal

from policy.text import Text
from portal.money import FEN, WAN, show_cny, show_wan, uppercase_cny, wan

__all__ = [
    "FEN", "MAX_CNY", "WAN", "NotMoney", "cny", "echo", "from_wan", "round_cny", "show_cny",
    "show_wan", "uppercase_cny", "wan",
]  # fmt: skip

# What a column of numeric(14, 2) holds.
MAX_CNY = Decimal("999999999999.99")
UNITS = {"fen": FEN, "yuan": Decimal(1), "hundred": Decimal(100), "wan": WAN}
Unit = Literal["fen", "yuan", "hundred", "wan"]
Mode = Literal["down", "half_up"]


class NotMoney(ValueError):
    """Not an amount in 元: ``reason`` is one of not_a_number, negative, too_fine, too_large."""

    def __init__(self, value: object, reason: str):
        self.value, self.reason = value, reason
        super().__init__(f"{value!r}: {reason}")


def cny(value: object) -> Decimal:
    """``value`` (string, int or Decimal, never float) as an amount in 元 with two decimals.

    Raises NotMoney for what is negative, finer than a 分 or above MAX_CNY.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise NotMoney(value, "not_a_number")
    if isinstance(value, str) and "e" in value.lower():
        raise NotMoney(value, "not_a_number")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise NotMoney(value, "not_a_number") from None
    if not amount.is_finite():
        raise NotMoney(value, "not_a_number")
    if amount < 0:
        raise NotMoney(value, "negative")
    if amount > MAX_CNY:
        raise NotMoney(value, "too_large")
    if amount != amount.quantize(FEN):
        raise NotMoney(value, "too_fine")
    return amount.quantize(FEN)


def round_cny(amount: Decimal, *, unit: Unit, mode: Mode) -> Decimal:
    """The amount as a whole multiple of the unit (分, 元, 百元, 万元), with two decimals.

    ``down`` cuts off, ``half_up`` rounds the half away from zero; less than one unit is lost.
    """
    step = UNITS[unit]
    rounding = {"down": ROUND_DOWN, "half_up": ROUND_HALF_UP}[mode]
    return ((amount / step).quantize(Decimal(1), rounding=rounding) * step).quantize(FEN)


def from_wan(value: Decimal) -> Decimal:
    """万元 in 元; finer than a 分 raises NotMoney."""
    return cny(value * WAN)


def echo(amount: Decimal) -> Text:
    """What stands beside an input: ``200.00 万元 = ¥2,000,000.00 = 人民币贰佰万元整``."""
    figures = f"= {show_cny(amount)}"
    return Text(
        zh=f"{show_wan(amount)} 万元 {figures} = {uppercase_cny(amount)}",
        en=f"{show_wan(amount)} × CNY 10,000 {figures} = {uppercase_cny(amount)}",
    )
