"""A call in plain words: before → after, in both languages."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from policy import calendars, call_changes, calls
from policy.differences import defaults_kept, difference, difference_of, remarks
from portal.clock import ZONE
from tests.policy.callable import make_draft, make_published, person

pytestmark = pytest.mark.django_db

OPENS = datetime(2026, 12, 1, 9, 0, tzinfo=ZONE)
CLOSES = datetime(2026, 12, 25, 17, 30, tzinfo=ZONE)


def lines(found) -> list[tuple]:
    return [
        (line.code, line.before and line.before.zh, line.after and line.after.zh) for line in found
    ]


def test_difference_of_a_new_call_names_every_field_and_setting_off_its_default():
    call = make_draft(
        opens_at=OPENS,
        closes_at=CLOSES,
        settings={"rate": "0.3", "window_months": 36, "exclude_fiscal": True},
    )
    assert lines(difference(call)) == [
        ("definition", None, "2025年1月1日起施行的版本"),
        ("title_zh", None, "2026年度概念验证中心申报通知"),
        ("title_en", None, "2026 call for concept-verification centres"),
        ("guide_zh", None, "一、申报对象。"),
        ("year", None, "2026"),
        ("opens_at", None, "2026年12月1日 09:00"),
        ("closes_at", None, "2026年12月25日 17:30"),
        ("budget_cny", None, "2,000.00 万元（¥20,000,000.00）"),
        ("places", "文件规定 10 个", "10 个"),
        ("rate", None, "30%"),
        ("window_months", "24 个月", "36 个月"),
    ]
    english = {line.code: (line.what.en, line.after.en) for line in difference(call)}
    assert english["budget_cny"] == ("Budget", "¥20,000,000.00")
    assert english["window_months"] == ("Months that count", "36 months")


def test_settings_that_stay_at_their_default_are_the_rest():
    call = make_draft(settings={"rate": "0.3", "window_months": 36, "exclude_fiscal": True})
    assert [line.code for line in defaults_kept(call)] == [
        "min_invested",
        "ratio_weight",
        "counts_from",
        "exclude_fiscal",
        "rounding",
        "fields",
        "instalments",
        "formal_check.limit_workdays",
    ]


@pytest.mark.parametrize(
    ("field", "after", "code", "before_zh", "after_zh"),
    [
        (
            "closes_at",
            CLOSES + timedelta(days=7),
            "closes_at",
            "2026年12月25日 17:30",
            "2027年1月1日 17:30",
        ),
        (
            "budget_cny",
            Decimal("25000000"),
            "budget_cny",
            "2,000.00 万元（¥20,000,000.00）",
            "2,500.00 万元（¥25,000,000.00）",
        ),
        ("close", None, "status", "已发布", "提前截止"),
    ],
)
def test_difference_of_a_change_is_against_what_was_published(
    clock, field, after, code, before_zh, after_zh
):
    clock.set(datetime(2026, 12, 2, tzinfo=ZONE))
    call = make_published(opens_at=OPENS, closes_at=CLOSES)
    change = call_changes.draft(call, field, after=after, reason="理由", actor=person("drafter"))
    assert lines([difference_of(change)]) == [(code, before_zh, after_zh)]


def test_remarks_point_at_a_cut_off_on_a_day_off_a_short_window_and_a_thin_budget():
    calendars.seed(actor="test")
    saturday = datetime(2026, 12, 12, 17, 30, tzinfo=ZONE)
    call = make_draft(opens_at=OPENS, closes_at=saturday, budget_cny=Decimal("19999999.99"))
    schema = calls.schema_of(call.definition)
    assert [remark.en for remark in remarks(call, schema=schema)] == [
        "The cut-off does not fall on a working day.",
        "Open for 11 days, less than the customary 20.",
        "The budget of ¥19,999,999.99 does not cover 10 places at the cap (¥20,000,000.00).",
    ]


def test_remarks_say_that_a_year_is_not_loaded_and_nothing_else_of_a_sound_call():
    call = make_draft(opens_at=OPENS, closes_at=CLOSES)
    schema = calls.schema_of(call.definition)
    assert [remark.en for remark in remarks(call, schema=schema)] == [
        "The calendar of 2026 is not loaded; due dates wait for it."
    ]
    calendars.seed(actor="test")
    assert remarks(call, schema=schema) == []
