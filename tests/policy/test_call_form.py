"""The form of a real call: every setting with unit and explanation, in Chinese and English."""

import pytest
from django.conf import settings
from django.urls import reverse

from policy.calls import schema_of
from policy.forms import CallForm, field_name
from policy.models import Definition, Measure
from policy.naming import with_names
from tests.policy.callable import person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_policy")]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("line", ["10-1", "8-4", "3-1a", "13-0"])
def test_every_setting_stands_in_the_form_with_its_help(client, line, language):
    client.force_login(person("drafter"))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    response = client.get(reverse("policy_call_new", args=[line]))
    page = response.content.decode()
    assert len(response.content) <= 100_000
    schema = schema_of(Definition.objects.get(measure__line=line))
    for setting in schema.settings:
        assert f'name="{field_name(setting.code)}"' in page, setting.code
        told = setting.help.zh if language == "zh-hans" else setting.help.en
        assert told.split("“")[0][:12] in page, setting.code


def test_units_and_lines_are_named_in_the_form():
    schema = with_names(schema_of(Definition.objects.get(measure__line="20-1")))
    form = CallForm(schema=schema)
    units = dict(form.fields[field_name("handling_unit")].choices)
    assert units["rsj"] == "市人社局"
    lines = dict(form.fields[field_name("group_lines")].choices)
    assert lines["10-1"] == f"10-1 {Measure.objects.get(line='10-1').name_zh}"


@pytest.mark.parametrize("typed", ["75 25 二档\n90  50 一档\n", "75，25，二档\n90、50、一档"])
def test_tiers_are_typed_a_line_each_and_told_in_plain_words(typed):
    schema = schema_of(Definition.objects.get(measure__line="15-3"))
    form = CallForm({field_name("tiers"): typed}, schema=schema)
    form.is_valid()
    assert field_name("tiers") not in form.errors
    chosen = form.draft_fields() if not form.errors else None
    found = form.cleaned_data[field_name("tiers")]
    assert [row["amount_cny"] for row in found] == ["250000.00", "500000.00"]
    assert chosen is None or chosen["settings"]["tiers"][0]["label"] == "一档"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("90", "第 1 行应为"),
        # Where a comma stands inside an amount, commas cannot divide: nothing is guessed.
        ("90,1,000,一档", "第 1 行应为"),
        ("9 1,000，一档", "第 1 行应为"),
        ("90 60 一档", "不得大于 50.00 万元"),
        ("75 25\n75 20", "起始分 75 重复"),
        ("90 20\n75 25", "高于更高的档次"),
        ("101 20", "不得大于 100"),
    ],
)
def test_a_wrong_table_of_tiers_says_what_is_wrong(typed, words):
    schema = schema_of(Definition.objects.get(measure__line="15-3"))
    form = CallForm({field_name("tiers"): typed}, schema=schema)
    form.is_valid()
    assert words in " ".join(form.errors.get(field_name("tiers"), []))
