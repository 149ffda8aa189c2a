"""Reading an answer: each type takes what it should, and names what it does not."""

from datetime import date
from decimal import Decimal

import pytest

from policy.answers import AnswerRefused, read
from policy.issues import MESSAGES, Issue
from policy.schema import Choice, Field, Text

T = Text("字段", "Field")
CHOICES = (Choice("a", T), Choice("b", T), Choice("c", T))


def field(kind, **more):
    if kind in {"integer", "decimal", "money", "money_wan", "percent"}:
        more.setdefault("unit", Text("元", "CNY"))
    if kind in {"choice", "multichoice"}:
        more.setdefault("choices", CHOICES)
    return Field("x", kind, T, **more)


@pytest.mark.parametrize(
    ("item", "raw", "value"),
    [
        (field("text"), " 王𬭎 ", " 王𬭎 "),
        (field("textarea"), "x" * 5000, "x" * 5000),
        (field("integer"), 3, 3),
        (field("integer"), "12", 12),
        (field("decimal"), "12.5", Decimal("12.5")),
        (field("decimal", decimals=4), "0.1234", Decimal("0.1234")),
        (field("decimal", min=Decimal(-5)), "-5", Decimal(-5)),
        (field("money"), "100", Decimal("100.00")),
        (field("money_wan"), "999999999999.99", Decimal("999999999999.99")),
        (field("percent"), "100", Decimal(100)),
        (field("date"), "2026-02-28", date(2026, 2, 28)),
        (field("month"), "2026-12", "2026-12"),
        (field("choice"), "b", "b"),
        (field("multichoice"), ["c", "a"], ["c", "a"]),
        (field("bool"), False, False),
        (field("uscc"), "91320100MA1W000030", "91320100MA1W000030"),
        (field("uscc"), "12320000466006770E", "12320000466006770E"),
        (field("id_number"), "320104196901012619", "320104196901012619"),
        # the example of GB 11643
        (field("id_number"), "11010519491231002X", "11010519491231002X"),
        (field("phone"), "13800001234", "13800001234"),
        (field("email"), "a@example.org", "a@example.org"),
        (field("url"), "https://example.org/收费?x=1", "https://example.org/收费?x=1"),
        (field("text"), "", None),
        (field("multichoice"), [], None),
        (field("money"), None, None),
    ],
)
def test_a_fitting_answer_is_read(item, raw, value):
    assert read(item, raw) == value


@pytest.mark.parametrize(
    ("item", "raw", "code"),
    [
        (field("text"), 5, "not_text"),
        (field("text"), "x" * 201, "too_long"),
        (field("text", max_length=60), "字" * 61, "too_long"),
        (field("text", pattern=r"\d{12}", pattern_hint=T), "12345678901", "pattern"),
        (field("text", pattern=r"\d{12}", pattern_hint=T), "123456789012\n", "pattern"),
        (field("integer"), "1.5", "not_whole"),
        (field("integer"), 1.0, "not_a_number"),
        (field("integer"), True, "not_a_number"),
        (field("integer"), "-1", "negative"),
        (field("integer", min=Decimal(3)), "2", "below_min"),
        (field("integer", min=Decimal(3)), "-2", "negative"),
        (field("integer", max=Decimal(9)), "10", "above_max"),
        (field("decimal"), "1.234", "too_fine"),
        (field("decimal"), "1,000", "not_a_number"),
        (field("decimal"), "٣", "not_a_number"),
        (field("decimal", min=Decimal(-5)), "-6", "below_min"),
        (field("money"), "abc", "not_a_number"),
        (field("money"), "1e3", "not_a_number"),
        (field("money"), "NaN", "not_a_number"),
        (field("money"), "200 万", "wrong_unit"),
        (field("money"), "200元", "wrong_unit"),
        (field("money"), "1,000元", "wrong_unit"),
        (field("money"), "0.001", "too_fine"),
        (field("money"), "1000000000000", "too_large"),
        (field("percent"), "100.01", "above_max"),
        (field("percent"), "50%", "wrong_unit"),
        (field("date"), "2026-2-3", "not_a_date"),
        (field("date"), "2026-02-30", "not_a_date"),
        (field("date"), 20260203, "not_a_date"),
        (field("date"), "20260203", "not_a_date"),
        (field("month"), "2026-13", "not_a_month"),
        (field("month"), 202612, "not_a_month"),
        (field("choice"), "d", "not_a_choice"),
        (field("choice"), ["a"], "not_a_choice"),
        (field("multichoice"), "a", "not_a_list"),
        (field("multichoice"), ["a", "d"], "not_a_choice"),
        (field("multichoice"), ["a", "a"], "chosen_twice"),
        (field("multichoice", max_selected=2), ["a", "b", "c"], "too_many"),
        (field("bool"), "true", "not_a_bool"),
        (field("bool"), 1, "not_a_bool"),
        (field("uscc"), "91320100MA1W000031", "not_a_uscc"),
        (field("id_number"), "11010519491231002x", "not_an_id_number"),
        (field("id_number"), "110105194912310021", "not_an_id_number"),
        (field("id_number"), "110105194913310028", "not_an_id_number"),
        (field("id_number"), "110105491231002", "not_an_id_number"),
        (field("id_number"), 110105194912310021, "not_an_id_number"),
        (field("uscc"), "91320100-MA1W00003-0", "not_a_uscc"),
        (field("uscc"), 5, "not_a_uscc"),
        (field("phone"), "12800001234", "not_a_phone"),
        (field("phone"), "138000012345", "not_a_phone"),
        (field("phone"), "１３８００００１２３４", "not_a_phone"),
        (field("email"), "a@b", "not_an_email"),
        (field("email"), "a@b.org\nBcc: c@d.org", "not_an_email"),
        (field("url"), "javascript:alert(1)", "not_a_url"),
        (field("url"), "https://", "not_a_url"),
        (field("url"), "https://[", "not_a_url"),
        (field("url"), "https://a.org/ b", "not_a_url"),
    ],
)
def test_an_unfitting_answer_is_refused_with_its_reason(item, raw, code):
    with pytest.raises(AnswerRefused) as error:
        read(item, raw)
    assert (error.value.issue.field, error.value.issue.code) == ("x", code)
    assert "%(" not in str(error.value.issue)


def test_every_message_is_made_of_the_facts_that_are_given():
    issue = Issue("x", "above_max", {"value": "12", "max": Decimal(9)})
    assert str(issue) == "12 大于上限 9"
    assert Issue("net_cny", "required", row=3).place == "items[3].net_cny"
    assert set(MESSAGES) >= {"unknown", "required", "wrong_unit"}
