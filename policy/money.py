"""Money: Decimal in 元, rounded once and by one function, read out in 大写."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal

from policy.text import Text

FEN = Decimal("0.01")
WAN = Decimal(10_000)
# What a column of numeric(14, 2) holds.
MAX_CNY = Decimal("999999999999.99")
UNITS = {"fen": FEN, "yuan": Decimal(1), "hundred": Decimal(100), "wan": WAN}
Unit = Literal["fen", "yuan", "hundred", "wan"]
Mode = Literal["down", "half_up"]

_DIGITS = "零壹贰叁肆伍陆柒捌玖"


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


def wan(amount: Decimal) -> Decimal:
    """元 in 万元, exact: at least two decimals, more where the amount has them."""
    value = amount.quantize(FEN).scaleb(-4)
    return value.quantize(FEN) if value == value.quantize(FEN) else value.normalize()


def from_wan(value: Decimal) -> Decimal:
    """万元 in 元; finer than a 分 raises NotMoney."""
    return cny(value * WAN)


def show_wan(amount: Decimal) -> str:
    """``2000000`` as ``200.00``."""
    return f"{wan(amount):,f}"


def show_cny(amount: Decimal) -> str:
    """``2000000`` as ``¥2,000,000.00``."""
    return f"¥{amount:,.2f}"


def echo(amount: Decimal) -> Text:
    """What stands beside an input: ``200.00 万元 = ¥2,000,000.00 = 人民币贰佰万元整``."""
    figures = f"= {show_cny(amount)}"
    return Text(
        zh=f"{show_wan(amount)} 万元 {figures} = {uppercase_cny(amount)}",
        en=f"{show_wan(amount)} × CNY 10,000 {figures} = {uppercase_cny(amount)}",
    )


def uppercase_cny(amount: Decimal) -> str:
    """The amount in 大写, as on vouchers (《正确填写票据和结算凭证的基本规定》), up to 10¹⁶ 元.

    整 closes an amount in whole 元 or 角; 零 stands for one or more zeros inside, before 角
    where the unit 元 is zero, and before 分 where there is no 角.
    """
    if amount < 0:
        return "人民币负" + uppercase_cny(-amount).removeprefix("人民币")
    fen_total = int((amount / FEN).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    yuan, (jiao, fen) = fen_total // 100, divmod(fen_total % 100, 10)
    text = f"{_whole(yuan)}元" if yuan else ""
    if not jiao and not fen:
        return f"人民币{text or '零元'}整"
    if jiao:
        zero = "零" if yuan and yuan % 10 == 0 else ""
        text += f"{zero}{_DIGITS[jiao]}角"
    elif yuan:
        text += "零"
    return "人民币" + text + (f"{_DIGITS[fen]}分" if fen else "整")


def _whole(number: int) -> str:
    """A whole number above 0; parts below a unit are led by 零 where they leave a gap."""
    for size, unit in ((10**8, "亿"), (10**4, "万"), (1000, "仟"), (100, "佰"), (10, "拾")):
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if 0 < low < size // 10 else ""
            return _whole(high) + unit + gap + (_whole(low) if low else "")
    return _DIGITS[number]
