"""Values of a call's settings: what each type takes, how it reads, what is missing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from policy import call_settings
from policy.call_settings import SettingWrong
from policy.schema import CallSetting, Text, parse
from tests.policy.callable import BODY

SCHEMA = parse(BODY)


@pytest.mark.parametrize(
    ("code", "value", "stored"),
    [
        ("rate", "0.30", "0.3"),
        ("rate", Decimal("1"), "1"),
        ("window_months", 60, 60),
        ("min_invested", "5000000", "5000000.00"),
        ("ratio_weight", "1.50", "1.50"),
        ("counts_from", "2026-01-01", "2026-01-01"),
        ("exclude_fiscal", False, False),
        ("rounding", "wan", "wan"),
        ("fields", ["bio", "ai"], ["ai", "bio"]),
        ("fields", [], []),
        ("instalments", [50, 30, 20], [50, 30, 20]),
        ("formal_check.limit_workdays", 1, 1),
    ],
)
def test_a_possible_value_comes_out_in_its_stored_form(code, value, stored):
    assert call_settings.clean(SCHEMA.setting(code), value) == stored


@pytest.mark.parametrize(
    ("code", "value", "reason"),
    [
        ("rate", "0", "too_small"),
        ("rate", "1.0001", "too_large"),
        ("rate", "0.1234567", "too_fine"),
        ("rate", "NaN", "type"),
        ("rate", True, "type"),
        ("rate", 0.3, "type"),
        ("window_months", 0, "too_small"),
        ("window_months", 61, "too_large"),
        ("window_months", "24", "type"),
        ("min_invested", "-1", "too_small"),
        ("min_invested", "0.001", "too_fine"),
        ("min_invested", "1e12", "type"),
        ("ratio_weight", "x", "type"),
        ("counts_from", "2026-02-30", "type"),
        ("counts_from", 2026, "type"),
        ("exclude_fiscal", "yes", "type"),
        ("rounding", "fen", "unknown_choice"),
        ("fields", "ai", "type"),
        ("fields", ["ai", "space"], "unknown_choice"),
        ("instalments", [50, 30], "sum"),
        ("instalments", [], "too_small"),
        ("instalments", [120, -20], "too_small"),
        ("instalments", [10] * 11, "too_many"),
        ("instalments", ["50", "50"], "type"),
        ("formal_check.limit_workdays", 0, "too_small"),
    ],
)
def test_an_impossible_value_is_refused_with_its_reason(code, value, reason):
    with pytest.raises(SettingWrong) as error:
        call_settings.clean(SCHEMA.setting(code), value)
    assert (error.value.code, error.value.reason) == (code, reason)


@pytest.mark.parametrize(
    ("code", "value", "zh", "en"),
    [
        ("rate", "0.3", "30%", "30%"),
        ("rate", "0.125", "12.5%", "12.5%"),
        ("rate", "1", "100%", "100%"),
        ("window_months", 24, "24 个月", "24 months"),
        ("min_invested", "5000000.00", "500.00 万元（¥5,000,000.00）", "¥5,000,000.00"),
        ("exclude_fiscal", True, "是", "yes"),
        ("rounding", "wan", "万元", "ten thousand"),
        ("fields", ["ai", "bio"], "人工智能、生物医药", "AI, Biomedicine"),
        ("fields", [], "无", "none"),
        ("instalments", [50, 30, 20], "5:3:2（分 3 期：50%、30%、20%）", "5:3:2 (50%, 30%, 20%)"),
        ("instalments", [55, 45], "55:45（分 2 期：55%、45%）", "55:45 (55%, 45%)"),
        ("instalments", [100], "一次拨付", "paid at once"),
        ("formal_check.limit_workdays", 5, "5 个工作日", "5 working days"),
        ("counts_from", None, "未设定", "not set"),
    ],
)
def test_a_value_reads_in_plain_words(code, value, zh, en):
    shown = call_settings.show(SCHEMA.setting(code), value)
    assert (shown.zh, shown.en) == (zh, en)


def test_problems_name_what_is_missing_wrong_and_unknown_at_once():
    values = {"rounding": "fen", "strange": 1, "window_months": None}
    found = call_settings.problems(SCHEMA, values)
    assert {code: wrong.reason for code, wrong in found.items()} == {
        "strange": "unknown",
        "rate": "missing",
        "rounding": "unknown_choice",
    }


def test_what_is_not_chosen_is_the_definitions_default():
    setting = SCHEMA.setting("window_months")
    assert call_settings.effective(setting, {}) == 24
    assert call_settings.effective(setting, {"window_months": 12}) == 12


@pytest.mark.parametrize(
    ("code", "value", "same"),
    [
        ("ratio_weight", "1.00", True),
        ("ratio_weight", "1.01", False),
        ("window_months", 24, True),
        ("fields", None, True),
        ("fields", ["ai"], False),
        ("rounding", "wan", False),
    ],
)
def test_a_value_equal_to_the_default_is_told_from_another(code, value, same):
    assert call_settings.is_default(SCHEMA.setting(code), value) is same


def test_the_order_of_choices_makes_no_difference():
    chosen = replace(SCHEMA.setting("fields"), default=["ai", "bio"])
    assert call_settings.is_default(chosen, ["bio", "ai"])
    assert not call_settings.is_default(chosen, ["bio"])


# --- lists of organisations ---------------------------------------------------------------

PILOTS = CallSetting(
    code="pilot_units",
    type="organisations",
    label=Text("试点单位名单", "Pilots"),
    help=Text("逐行填写。", "A line each."),
)
ONE = {"uscc": "12320000466006770E", "name": "示例大学（虚构）"}
TWO = {"uscc": "52320100MJ000123X9", "name": "示例协会（虚构）"}


def test_a_list_of_organisations_is_kept_by_credit_code():
    assert call_settings.clean(PILOTS, [TWO, ONE]) == [ONE, TWO]
    assert call_settings.show(PILOTS, [ONE, TWO]) == Text(
        "2 家：示例大学（虚构）、示例协会（虚构）",
        "2 organisation(s): 示例大学（虚构）、示例协会（虚构）",
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("12320000466006770E", "type"),
        ([{"uscc": "12320000466006770E"}], "type"),
        ([], "too_many"),
        ([ONE] * 501, "too_many"),
        ([{**ONE, "uscc": "12320000466006770F"}], "not_a_uscc"),
        ([{**ONE, "uscc": 12}], "not_a_uscc"),
        ([{**ONE, "name": " "}], "without_name"),
        ([ONE, ONE], "listed_twice"),
    ],
)
def test_a_wrong_list_of_organisations_is_refused(value, reason):
    with pytest.raises(call_settings.SettingWrong) as refused:
        call_settings.clean(PILOTS, value)
    assert refused.value.reason == reason


def test_organisations_are_typed_a_line_each():
    from django.core.exceptions import ValidationError

    from policy.forms.settings import setting_field

    field = setting_field(PILOTS)
    typed = "１２３２００００４６６００６７７０Ｅ 示例大学（虚构）\n\n52320100MJ000123X9，示例协会（虚构）\n"
    assert field.clean(typed) == [ONE, TWO]
    assert field.clean("") is None
    assert field.prepare_value([ONE, TWO]).splitlines()[1] == "52320100MJ000123X9 示例协会（虚构）"
    for text, code in (
        ("12320000466006770E", "form"),
        ("12320000466006770F 示例大学", "code"),
        ("12320000466006770E 甲\n12320000466006770E 乙", "twice"),
    ):
        with pytest.raises(ValidationError) as wrong:
            field.clean(text)
        assert wrong.value.code == code
