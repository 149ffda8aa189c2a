"""How an amount in 元 is written: 万元, ¥ and 大写. Pure; amounts are exact Decimals.

What an amount is, and its one rounding, is in ``policy.money``.
"""

from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")
WAN = Decimal(10_000)

_DIGITS = "零壹贰叁肆伍陆柒捌玖"


def wan(amount: Decimal | int) -> Decimal:
    """元 in 万元, exact: at least two decimals, more where the amount has them."""
    value = Decimal(amount).quantize(FEN).scaleb(-4)
    return value.quantize(FEN) if value == value.quantize(FEN) else value.normalize()


def show_wan(amount: Decimal | int) -> str:
    """``2000000`` as ``200.00``."""
    return f"{wan(amount):,f}"


def short_wan(amount: Decimal) -> str:
    """In 万元 without idle zeros, for large print: ``2000000`` as ``200``."""
    text = show_wan(amount)
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_cny(amount: Decimal) -> str:
    """``2000000`` as ``¥2,000,000.00``; a minus stands before the sign."""
    return f"{'-' if amount < 0 else ''}¥{abs(amount):,.2f}"


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
