"""The award as a waterfall, of lines without a formula too: a tier, or what the reviewers propose."""

from datetime import date
from decimal import Decimal

import pytest

from policy import computing
from policy.entries import Catalogue
from reviews import waterfall

SCHEMA = Catalogue().newest("15-3").schema
TIERS = [
    {"from": "90", "label": "一档", "amount_cny": "500000.00"},
    {"from": "75", "label": "二档", "amount_cny": "300000.00"},
]
SCOPE = computing.Scope({"station": "abc", "organisation": "abc"}, call="15-3-2026-1")
STATION = {"runs_station": True, "listed": True, "site_in_nanjing": True}


def computed(settings, **inputs) -> dict:
    return computing.compute(
        SCHEMA,
        inputs=STATION | inputs,
        settings=settings,
        committed={},
        on=date(2026, 3, 1),
        scope=SCOPE,
    ).as_json()


@pytest.mark.parametrize(
    ("score", "amount", "words"),
    [
        ("82.00", "300000.00", "绩效评分 82.00，对应档次金额（二档）"),
        ("74.99", "0.00", "绩效评分 74.99，对应档次金额（未达最低档）"),
    ],
)
def test_tier_is_a_bar_that_tells_the_score(score, amount, words):
    found = computed({"tiers": TIERS}, performance_score=score)
    first, last = waterfall.steps(found, SCHEMA, proposed_cny=Decimal(amount))
    assert (first.amount_cny, first.note) == (Decimal(amount), words)
    assert (last.amount_cny, last.kind) == (Decimal(amount), "final")
    assert waterfall.score(found) == score


def test_what_reviewers_propose_is_a_bar_and_the_cap_another():
    found = computed({}, proposed_cny="600000.00")
    bars = waterfall.steps(found, SCHEMA, proposed_cny=Decimal("500000.00"))
    assert [bar.amount_cny for bar in bars] == [
        Decimal(600_000),
        Decimal(500_000),
        Decimal(500_000),
    ]
    assert waterfall.score(found) == ""


def test_without_a_score_nothing_is_drawn():
    assert waterfall.steps(computed({"tiers": TIERS}), SCHEMA, proposed_cny=Decimal(1)) == []
