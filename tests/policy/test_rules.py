"""Rules: what of an invoice counts, in which order it is asked, and which cap binds."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import money, rules
from policy.invoices import Invoice
from policy.rules import BaseRule, Room

RULE = BaseRule(
    categories=frozenset({"equipment"}),
    window_start=date(2025, 1, 1),
    window_end=date(2025, 12, 31),
    exclude_related=True,
    exclude_fiscal=True,
    tax_inclusive=False,
)


def change(rule, **more):
    from dataclasses import replace

    return replace(rule, **more)


def invoice(**more):
    values = {
        "category": "equipment",
        "invoice_date": date(2025, 6, 30),
        "net_cny": Decimal("1000.00"),
        "tax_cny": Decimal("130.00"),
        "gross_cny": Decimal("1130.00"),
    }
    return Invoice(**values | more)


@pytest.mark.parametrize(
    ("row", "rule", "parts"),
    [
        (invoice(), RULE, {"tax": "130.00"}),
        (invoice(), change(RULE, tax_inclusive=True), {}),
        (invoice(category="lease"), RULE, {"category": "1130.00"}),
        (invoice(invoice_date=date(2025, 1, 1)), RULE, {"tax": "130.00"}),
        (invoice(invoice_date=date(2025, 12, 31)), RULE, {"tax": "130.00"}),
        (invoice(invoice_date=date(2024, 12, 31)), RULE, {"window": "1130.00"}),
        (invoice(invoice_date=date(2026, 1, 1)), RULE, {"window": "1130.00"}),
        (invoice(related_party=True), RULE, {"related": "1130.00"}),
        (invoice(related_party=True), change(RULE, exclude_related=False), {"tax": "130.00"}),
        # the first reason that excludes an invoice is the only one
        (
            invoice(category="lease", invoice_date=date(2024, 1, 1), related_party=True),
            RULE,
            {"category": "1130.00"},
        ),
        # the share of fiscal money is taken of what is left without tax
        (invoice(fiscal_percent=Decimal("40")), RULE, {"tax": "130.00", "fiscal": "400.00"}),
        (
            invoice(fiscal_percent=Decimal("40")),
            change(RULE, tax_inclusive=True),
            {"fiscal": "452.00"},
        ),
        (
            invoice(fiscal_percent=Decimal("40")),
            change(RULE, exclude_fiscal=False),
            {"tax": "130.00"},
        ),
        (invoice(fiscal_percent=Decimal("33.335")), RULE, {"tax": "130.00", "fiscal": "333.35"}),
        # the reviewer's amount counts where it is below what is left
        (invoice(verified_cny=Decimal("900.00")), RULE, {"tax": "130.00", "reduction": "100.00"}),
        (invoice(verified_cny=Decimal("1130.00")), RULE, {"tax": "130.00"}),
        (invoice(verified_cny=Decimal("0.00")), RULE, {"tax": "130.00", "reduction": "1000.00"}),
        (
            invoice(fiscal_percent=Decimal("40"), verified_cny=Decimal("700.00")),
            RULE,
            {"tax": "130.00", "fiscal": "400.00"},
        ),
    ],
)
def test_what_of_an_invoice_does_not_count(row, rule, parts):
    found = rules.excluded(row, rule)
    assert {reason: str(amount) for reason, amount in found.items()} == parts


def test_exclusions_name_every_reason_in_order():
    totals = rules.exclusions([invoice(), invoice(category="lease")], RULE)
    assert list(totals) == ["category", "window", "related", "tax", "fiscal", "reduction"]
    assert (totals["category"], totals["tax"]) == (Decimal("1130.00"), Decimal("130.00"))


def room(code, cap, used="0"):
    return Room(code, f"{code}:x/y", Decimal(cap), Decimal(used))


@pytest.mark.parametrize(
    ("amount", "rooms", "result"),
    [
        ("100", [], ("100", None)),
        ("100", [room("a", "100")], ("100", None)),
        ("100.01", [room("a", "100")], ("100", "a")),
        ("100", [room("a", "150", "60")], ("90", "a")),
        ("100", [room("a", "90"), room("b", "80")], ("80", "b")),
        ("100", [room("a", "80"), room("b", "80")], ("80", "a")),
        ("100", [room("a", "50", "60")], ("0.00", "a")),
        ("0", [room("a", "50", "60")], ("0", None)),
    ],
)
def test_the_tightest_cap_binds_where_something_is_cut(amount, rooms, result):
    capped, code = rules.capped(Decimal(amount), rooms)
    assert (str(capped), code) == result


# --- tiers, sharing, cuts -----------------------------------------------------------------

TABLE = [
    {"label": "一档", "from": "90", "amount_cny": "1000000.00"},
    {"label": "二档", "from": "75", "amount_cny": "500000.00"},
]


@pytest.mark.parametrize(
    ("score", "label"),
    [("100", "一档"), ("90", "一档"), ("89.99", "二档"), ("75", "二档"), ("74.99", None)],
)
def test_a_tier_is_reached_from_its_lowest_score_on(score, label):
    found = rules.tier(Decimal(score), TABLE)
    assert (found and found["label"]) == label


@given(
    st.decimals(min_value=0, max_value=10**9, places=2),
    st.decimals(min_value="0.01", max_value=1, places=4),
)
def test_city_and_district_bear_the_whole_together(amount, share):
    city, district = rules.shares(amount, share)
    assert city + district == amount
    assert min(city, district) >= 0


@given(
    st.lists(st.decimals(min_value=0, max_value=10**8, places=2), max_size=12),
    st.decimals(min_value=0, max_value=10**8, places=2),
    st.sampled_from(["fen", "yuan", "wan"]),
)
def test_a_cut_in_proportion_fits_and_loses_less_than_a_unit_each(amounts, left, unit):
    found = rules.pro_rata(amounts, left, unit=unit)
    assert sum(found, Decimal(0)) <= max(left, Decimal(0)) or found == amounts
    total = sum(amounts, Decimal(0))
    if total > left:
        for amount, cut in zip(amounts, found, strict=True):
            assert 0 <= amount * left / total - cut < money.UNITS[unit]
    else:
        assert found == amounts
