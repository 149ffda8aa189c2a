"""Money: one rounding, exact 万元, and 大写 as vouchers want it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import money

CASES = [
    ("0", "人民币零元整"),
    ("0.01", "人民币壹分"),
    ("0.10", "人民币壹角整"),
    ("0.15", "人民币壹角伍分"),
    ("1", "人民币壹元整"),
    ("1.05", "人民币壹元零伍分"),
    ("1.50", "人民币壹元伍角整"),
    ("10", "人民币壹拾元整"),
    ("10.50", "人民币壹拾元零伍角整"),
    ("11", "人民币壹拾壹元整"),
    ("100.01", "人民币壹佰元零壹分"),
    ("101", "人民币壹佰零壹元整"),
    ("110", "人民币壹佰壹拾元整"),
    ("1001", "人民币壹仟零壹元整"),
    ("1010", "人民币壹仟零壹拾元整"),
    ("1409.50", "人民币壹仟肆佰零玖元伍角整"),
    ("1680.32", "人民币壹仟陆佰捌拾元零叁角贰分"),
    ("6007.14", "人民币陆仟零柒元壹角肆分"),
    ("16409.02", "人民币壹万陆仟肆佰零玖元零贰分"),
    ("325.04", "人民币叁佰贰拾伍元零肆分"),
    ("10000", "人民币壹万元整"),
    ("10001", "人民币壹万零壹元整"),
    ("10010", "人民币壹万零壹拾元整"),
    ("10100", "人民币壹万零壹佰元整"),
    ("11000", "人民币壹万壹仟元整"),
    ("100000", "人民币壹拾万元整"),
    ("107000.53", "人民币壹拾万柒仟元零伍角叁分"),
    ("1234567.89", "人民币壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分"),
    ("2000000", "人民币贰佰万元整"),
    ("20000000", "人民币贰仟万元整"),
    ("100000000", "人民币壹亿元整"),
    ("100000001", "人民币壹亿零壹元整"),
    ("100010000", "人民币壹亿零壹万元整"),
    ("110000000", "人民币壹亿壹仟万元整"),
    ("101000000", "人民币壹亿零壹佰万元整"),
    ("1000000000000", "人民币壹万亿元整"),
    ("1000000000001", "人民币壹万亿零壹元整"),
    ("1000100000000", "人民币壹万零壹亿元整"),
    ("1000000010000", "人民币壹万亿零壹万元整"),
    ("999999999999.99", "人民币玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ("-1.20", "人民币负壹元贰角整"),
]


@pytest.mark.parametrize(("amount", "text"), CASES)
def test_uppercase_of_an_amount(amount, text):
    assert money.uppercase_cny(Decimal(amount)) == text


@given(st.decimals(min_value=0, max_value=10**15, places=2))
def test_uppercase_reads_back_to_the_same_amount(amount):
    assert read_back(money.uppercase_cny(amount)) == amount


def read_back(text: str) -> Decimal:
    """An independent reader of 大写: digits times their units, sections by 亿 and 万."""
    digits = {name: value for value, name in enumerate("零壹贰叁肆伍陆柒捌玖")}
    text = text.removeprefix("人民币").removesuffix("整")
    whole, _, rest = text.rpartition("元")
    total = Decimal(0)
    for size, unit in ((Decimal("0.1"), "角"), (Decimal("0.01"), "分")):
        if unit in rest:
            total += digits[rest[rest.index(unit) - 1]] * size

    def section(part: str) -> int:
        value = digit = 0
        for sign in part:
            if sign in digits:
                digit = digits[sign]
            else:
                value += digit * {"拾": 10, "佰": 100, "仟": 1000}[sign]
                digit = 0
        return value + digit

    def below_yi(part: str) -> int:
        high, found, low = part.rpartition("万")
        return section(high) * 10_000 * bool(found) + section(low)

    high, _, low = whole.rpartition("亿")
    return total + below_yi(high) * 10**8 + below_yi(low)


@pytest.mark.parametrize(
    ("amount", "unit", "mode", "rounded"),
    [
        ("1234567.895", "fen", "half_up", "1234567.90"),
        ("1234567.895", "fen", "down", "1234567.89"),
        ("1234567.50", "yuan", "half_up", "1234568.00"),
        ("1234567.99", "yuan", "down", "1234567.00"),
        ("1234550", "hundred", "half_up", "1234600.00"),
        ("1234599.99", "hundred", "down", "1234500.00"),
        ("1235000", "wan", "half_up", "1240000.00"),
        ("1239999.99", "wan", "down", "1230000.00"),
        ("0", "wan", "half_up", "0.00"),
    ],
)
def test_rounding(amount, unit, mode, rounded):
    assert str(money.round_cny(Decimal(amount), unit=unit, mode=mode)) == rounded


@given(
    st.decimals(min_value=0, max_value=10**11, places=6),
    st.sampled_from(sorted(money.UNITS)),
    st.sampled_from(["down", "half_up"]),
)
def test_rounding_loses_less_than_a_unit(amount, unit, mode):
    rounded = money.round_cny(amount, unit=unit, mode=mode)
    assert abs(amount - rounded) < money.UNITS[unit]
    assert mode == "half_up" or rounded <= amount
    assert rounded % money.UNITS[unit] == 0


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1.5, "not_a_number"),
        (True, "not_a_number"),
        (None, "not_a_number"),
        ("abc", "not_a_number"),
        ("1e3", "not_a_number"),
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("-0.01", "negative"),
        ("0.001", "too_fine"),
        ("1000000000000", "too_large"),
    ],
)
def test_what_is_not_money_is_refused_with_its_reason(value, reason):
    with pytest.raises(money.NotMoney) as error:
        money.cny(value)
    assert error.value.reason == reason


def test_amount_is_echoed_in_three_ways():
    assert money.echo(Decimal("2000000")).zh == "200.00 万元 = ¥2,000,000.00 = 人民币贰佰万元整"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("2000000", "200.00"),
        ("12345.67", "1.234567"),
        ("0", "0.00"),
        ("123456780000", "12,345,678.00"),
    ],
)
def test_wan_is_exact(amount, shown):
    assert money.show_wan(Decimal(amount)) == shown


@given(st.decimals(min_value=0, max_value=10**11, places=2))
def test_wan_and_back_is_the_same_amount(amount):
    assert money.from_wan(money.wan(amount)) == amount


def test_a_sum_of_nothing_is_shown_as_any_amount():
    assert money.show_wan(sum([])) == "0.00"
