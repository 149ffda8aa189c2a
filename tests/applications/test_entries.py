"""What is typed, what is stored, what is told."""

import pytest
from django.utils import translation

from applications.entries import digest, enter, same, told, typed
from policy import answers
from policy.schema import Choice, Field
from policy.text import Text

WAN, PEOPLE = Text("万元", "CNY 10,000"), Text("人", "people")


def field(kind, **more):
    return Field("f", kind, Text("项", "Item"), **more)


CHOICE = field(
    "choice",
    choices=(Choice("bio", Text("生物医药", "Biomedicine")), Choice("ai", Text("人工智能", "AI"))),
)
MANY = field("multichoice", choices=CHOICE.choices)


@pytest.mark.parametrize(
    ("item", "given", "stored"),
    [
        (field("text"), "  南京\u00a0大学 ", "南京\u00a0大学"),
        (field("text"), "两\n行", "两 行"),
        (field("text"), "空\x00字\x1b符", "空字符"),
        (field("textarea"), "一\r\n二\r三", "一\n二\n三"),
        (field("text"), "   ", None),
        (field("integer", unit=PEOPLE), "２６", 26),
        (field("integer", unit=PEOPLE), "1,200", 1200),
        (field("integer", unit=PEOPLE), "2.5", "2.5"),
        (field("integer", unit=PEOPLE), "二十六", "二十六"),
        (field("decimal", unit=PEOPLE), "12.50", "12.50"),
        (field("percent", unit=Text("%", "%")), "30%", "30"),
        (field("money", unit=WAN), "￥1,260,000", "1260000.00"),
        (field("money", unit=WAN), "1e6", "1e6"),
        (field("money", unit=WAN), "-5", "-5.00"),
        (field("money", unit=WAN), "1.005", "1.005"),
        (field("money_wan", unit=WAN), "200", "2000000.00"),
        (field("money_wan", unit=WAN), "0.0001", "1.00"),
        (field("money_wan", unit=WAN), "0.0000001", "0.001"),
        (field("money_wan", unit=WAN), "200万", "200万"),
        (field("date"), "2025/3/4", "2025-03-04"),
        (field("date"), "2025年3月4日", "2025-03-04"),
        (field("date"), "20250304", "2025-03-04"),
        (field("date"), "2025-03-04 00:00:00", "2025-03-04"),
        (field("date"), "2025-02-30", "2025-02-30"),
        (field("date"), "去年", "去年"),
        (field("month"), "2025年3月", "2025-03"),
        (field("month"), "2025-13", "2025-13"),
        (field("bool"), "是", True),
        (field("bool"), "false", False),
        (field("bool"), "也许", "也许"),
        (field("uscc"), "91320100ma1w000030", "91320100MA1W000030"),
        (field("phone"), "138 0000 1234", "13800001234"),
        (CHOICE, "生物医药", "bio"),
        (CHOICE, "biomedicine", "bio"),
        (CHOICE, "ai", "ai"),
        (CHOICE, "其他", "其他"),
        (MANY, ["bio", "", "人工智能"], ["bio", "ai"]),
        (MANY, "生物医药、人工智能", ["bio", "ai"]),
        (MANY, [], None),
    ],
)
def test_typed_text_becomes_the_stored_form_or_stays_as_it_was(item, given, stored):
    assert enter(item, given) == stored
    assert type(enter(item, given)) is type(stored)


@pytest.mark.parametrize(
    ("item", "stored", "shown"),
    [
        (field("money_wan", unit=WAN), "2000000.00", "200.00"),
        (field("money_wan", unit=WAN), "1234567.89", "123.456789"),
        (field("money_wan", unit=WAN), "0.001", "0.0000001"),
        (field("money_wan", unit=WAN), "二百", "二百"),
        (field("bool"), True, "true"),
        (field("integer", unit=PEOPLE), 26, "26"),
        (field("text"), None, ""),
        (MANY, None, []),
    ],
)
def test_stored_answer_comes_back_into_its_input_and_is_the_same_again(item, stored, shown):
    assert typed(item, stored) == shown
    assert enter(item, typed(item, stored)) == stored


@pytest.mark.parametrize(
    ("item", "stored", "zh", "en"),
    [
        (field("money_wan", unit=WAN), "2000000.00", "200.00 万元", "¥2,000,000.00"),
        (field("money", unit=WAN), "1130.00", "¥1,130.00", "¥1,130.00"),
        (field("integer", unit=PEOPLE), 1200, "1,200 人", "1,200 people"),
        (field("percent", unit=Text("%", "%")), "30", "30%", "30%"),
        (field("bool"), False, "否", "No"),
        (CHOICE, "bio", "生物医药", "Biomedicine"),
        (MANY, ["bio", "ai"], "生物医药、人工智能", "Biomedicine, AI"),
        (field("integer", unit=PEOPLE), "二十六", "二十六", "二十六"),
        (field("text"), None, "", ""),
    ],
)
def test_stored_answer_is_told_in_both_languages(item, stored, zh, en):
    for language, words in (("zh-hans", zh), ("en", en)):
        with translation.override(language):
            assert told(item, stored) == words


@pytest.mark.parametrize(
    ("item", "given"),
    [
        (field("integer", unit=PEOPLE), "26"),
        (field("money", unit=WAN), "１，１３０．００"),
        (field("money_wan", unit=WAN), "12.5"),
        (field("date"), "2025.3.14"),
        (field("month"), "2025/3"),
        (field("bool"), "否"),
        (MANY, "AI"),
        (field("uscc"), "91320100MA1W000030"),
    ],
)
def test_what_is_entered_can_be_read_by_the_rules(item, given):
    assert answers.read(item, enter(item, given)) is not None


def test_digest_and_same_agree_that_nothing_is_nothing():
    assert digest(None) == digest("") == digest([])
    assert digest("a") != digest("b") and digest(26) != digest("26")
    assert same(None, "") and same([], None) and not same(False, None) and not same(0, None)
