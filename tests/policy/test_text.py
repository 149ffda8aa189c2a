"""Bilingual text: the active language, and values put in once."""

from decimal import Decimal

import pytest
from django.utils import translation

from policy.text import Text, counted, fill, placeholders

HELLO = Text("{name}：您好", "Dear {name}")


@pytest.mark.parametrize(("language", "text"), [("zh-hans", "中"), ("en", "E"), ("en-gb", "E")])
def test_a_text_follows_the_active_language(language, text):
    with translation.override(language):
        assert str(Text("中", "E")) == text


def test_without_a_language_it_is_chinese():
    with translation.override(None):
        assert str(Text("中", "E")) == "中"


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{name} {name}", "王 王"),
        ("{{7*7}} {7*7}", "{{7*7}} {7*7}"),
        ("{name.__class__} {name[0]} {name!r} {0}", "{name.__class__} {name[0]} {name!r} {0}"),
        ("{unknown}", "{unknown}"),
        ("%(name)s $name", "%(name)s $name"),
        ("{ name }", "{ name }"),
    ],
)
def test_only_plain_names_are_replaced(template, filled):
    assert fill(template, {"name": "王"}) == filled


def test_what_a_value_contains_stays_text():
    assert fill("{name}，{amount}", {"name": "{amount}", "amount": 5}) == "{amount}，5"


def test_each_language_takes_its_own_value():
    assert HELLO.fill(name=Text("南京", "Nanjing")) == Text("南京：您好", "Dear Nanjing")


def test_placeholders_are_those_of_both_languages():
    assert Text("{a}", "{b} {{c}}").placeholders == {"a", "b", "c"}
    assert placeholders("{A} {1} {}") == set()


@pytest.mark.parametrize(
    ("amount", "unit", "zh", "en"),
    [
        ("1", Text("人", "persons"), "1 人", "1 person"),
        ("2", Text("人", "persons"), "2 人", "2 persons"),
        ("1", Text("小时/年", "hours a year"), "1 小时/年", "1 hour a year"),
        ("1200", Text("项", "items"), "1,200 项", "1,200 items"),
        ("1", Text("平方米", "m²"), "1 平方米", "1 m²"),
        ("1", Text("万元", "CNY 10,000"), "1 万元", "¥10,000.00"),
        ("3.5", Text("万元", "CNY 10,000"), "3.5 万元", "¥35,000.00"),
        ("12", Text("元", "CNY"), "12 元", "¥12.00"),
        ("7", None, "7", "7"),
    ],
)
def test_counted_tells_the_unit_as_people_say_it(amount, unit, zh, en):
    assert counted(Decimal(amount), unit) == Text(zh, en)
