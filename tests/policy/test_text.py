"""Bilingual text: the active language, and values put in once."""

import pytest
from django.utils import translation

from policy.text import Text, fill, placeholders

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
