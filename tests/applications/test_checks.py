"""Findings: missing, wrong, inconsistent; and how far a section has come by them."""

import copy

import pytest
from django.utils import translation

from applications import checks, content, drafts, sheets
from applications.models import TableRow
from applications.sections import State, progress
from tests.applications.definition import (
    BODY,
    TEAM,
    attach,
    field,
    fill,
    invoice,
    start,
    text,
    world,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return world()


def found(application, section):
    held = content.load(application)
    target = held.schema.form.section(section)
    return {(p.field, p.code, p.severity) for p in checks.section_problems(held, target)}


def save(application, place, section, **data):
    drafts.save_section(application, section, data, actor=place.filler)


def states(application):
    return {
        report.section.code: report.state for report in progress(content.load(application)).reports
    }


# --- answers ------------------------------------------------------------------------------


def test_required_is_missing_and_a_condition_makes_required(place):
    application = start(place)
    save(application, place, "team", **TEAM)
    assert found(application, "team") == set()
    save(application, place, "team", has_fund=True)
    assert found(application, "team") == {("fund_no", "required", "missing")}
    assert ("audit", "no_file", "missing") in found(application, "attachments")
    save(application, place, "team", has_fund=False, staff=None)
    assert found(application, "team") == {("staff", "required", "missing")}
    assert ("audit", "no_file", "missing") not in found(application, "attachments")


def test_comparison_speaks_only_when_all_its_answers_can_be_read(place):
    application = start(place)
    save(application, place, "team", **TEAM | {"managers": 30})
    assert found(application, "team") == {("managers", "managers_within_staff", "error")}
    save(application, place, "team", staff="很多")
    assert found(application, "team") == {("staff", "not_a_number", "error")}
    save(application, place, "team", staff=30)
    assert found(application, "team") == set()


def test_message_names_figures_with_their_units_in_the_readers_language(place):
    application = start(place)
    save(application, place, "team", **TEAM | {"managers": 30, "funds_cny": "100000001.00"})
    told = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            held = content.load(application)
            target = held.schema.form.section("team")
            told[language] = [p.message for p in checks.section_problems(held, target)]
    assert told["zh-hans"] == [
        "验证资金规模：10000.0001 大于上限 10000",
        "其中技术经理人：技术经理人 30 人 多于专职人员 26 人",
    ]
    assert told["en"][1] == "of them technology managers: 30 people managers, but 26 people staff"


def test_profile_that_lacks_what_is_required_sends_to_the_profile():
    body = copy.deepcopy(BODY)
    unit = body["form"]["groups"][0]["sections"][0]["fields"]
    unit.append(
        field("legal", "text", "法定代表人", "Legal", prefill="organisation.legal_representative",
              readonly=True, required=True)
    )  # fmt: skip
    place = world(body=body)
    application = start(place)
    assert found(application, "unit") == set()
    place.organisation.legal_representative = ""
    place.organisation.save(update_fields=["legal_representative"])
    application.organisation.refresh_from_db()
    assert found(application, "unit") == {("legal", "profile_missing", "error")}


# --- tables -------------------------------------------------------------------------------


def row(application, position, table="results", **data):
    return TableRow.objects.create(
        application=application, table=table, position=position, data=data
    )


def test_table_needs_its_rows_and_blank_ones_do_not_count(place):
    application = start(place)
    row(application, 1)
    row(application, 2, result=None, verdict="")
    assert found(application, "validated") == {("", "too_few_rows", "missing")}
    row(application, 3, result="甲")
    assert found(application, "validated") == {("verdict", "required", "missing")}


def test_value_that_stands_twice_names_the_first_row(place):
    application = start(place)
    row(application, 1, result="甲", verdict="passed")
    row(application, 2, result="乙", verdict="passed")
    twin = row(application, 3, result="甲", verdict="passed")
    held = content.load(application)
    (problem,) = checks.section_problems(held, held.schema.form.section("validated"))
    assert (problem.row, problem.row_uid, problem.code) == (3, twin.uid, "result_once")
    assert problem.message == "第 3 行 成果名称：“甲”与第 1 行重复"


def test_fixed_rows_are_asked_though_none_is_stored(place):
    application = start(place)
    held = content.load(application)
    problems = checks.section_problems(held, held.schema.form.section("goals"))
    assert len(problems) == 6
    assert problems[0].message == "入库 第1年：请填写此项"


KINDS = [
    ({"kind": "lte", "left": "a", "right": "b"}, {"a": "2.00", "b": "1.00"}, "2.00 大于 1.00"),
    ({"kind": "lte", "left": "a", "right": "b"}, {"a": "1.00", "b": "1.00"}, None),
    ({"kind": "same", "left": "a", "right": "b"}, {"a": "1.00", "b": "1"}, None),
    ({"kind": "same", "left": "a", "right": "b"}, {"a": "1.00", "b": "1.01"}, "¥1.00"),
    ({"kind": "sum_equals", "parts": ["a", "b"], "total": "c"}, {"a": "1.00", "b": "2.00", "c": "3.00"}, None),
    ({"kind": "sum_equals", "parts": ["a", "b"], "total": "c"}, {"a": "1.00", "b": "2.00", "c": "4.00"}, "¥1.00"),
    ({"kind": "sum_equals", "parts": ["a", "b"], "total": "c"}, {"a": "1.00", "c": "4.00"}, None),
    ({"kind": "sum_to", "parts": ["a", "b"], "value": "100"}, {"a": "60.00", "b": "40.00"}, None),
    ({"kind": "sum_to", "parts": ["a", "b"], "value": "100"}, {"a": "60.00", "b": "50.00"}, "¥10.00"),
    ({"kind": "date_order", "left": "d", "right": "e"}, {"d": "2026-01", "e": "2025-12"}, "2026-01"),
    ({"kind": "date_order", "left": "d", "right": "e"}, {"d": "2025-12", "e": "2025-12"}, None),
    ({"kind": "at_most_selected", "left": "m", "value": "1"}, {"m": ["x", "y"]}, "2"),
    ({"kind": "at_most_selected", "left": "m", "value": "2"}, {"m": ["x", "y"]}, None),
    ({"kind": "equals_table_total", "left": "a", "table": "t", "column": "n"}, {"a": "30.00"}, None),
    ({"kind": "equals_table_total", "left": "a", "table": "t", "column": "n"}, {"a": "31.00"}, "¥1.00"),
    ({"kind": "lte_table_rows", "left": "k", "table": "t"}, {"k": 2}, None),
    ({"kind": "lte_table_rows", "left": "k", "table": "t"}, {"k": 3}, "2 行"),
]  # fmt: skip
MESSAGES = {
    "lte": "{left} 大于 {right}", "same": "{left} 与 {right}", "sum_equals": "差 {difference}",
    "sum_to": "差 {difference}", "date_order": "{left} 晚于 {right}", "at_most_selected": "{count} 项",
    "equals_table_total": "差 {difference}", "lte_table_rows": "{left} 多于 {rows} 行",
}  # fmt: skip


@pytest.mark.parametrize(("check", "answers", "said"), KINDS)
def test_every_kind_of_comparison(check, answers, said):
    yuan = text("元", "CNY")
    body = copy.deepcopy(BODY)
    choices = [{"code": code, "label": text(code)} for code in "xy"]
    section = {
        "code": "compared", "title": text("比较"), "kind": "fields",
        "fields": [
            *(field(code, "money", code, code, unit=yuan) for code in "abc"),
            *(field(code, "month", code, code) for code in "de"),
            field("k", "integer", "k", "k", unit=text("项")),
            field("m", "multichoice", "m", "m", choices=choices),
        ],
        "checks": [check | {"code": "compares", "message": text(MESSAGES[check["kind"]])}],
    }  # fmt: skip
    table = {
        "code": "listed", "title": text("清单"), "kind": "table",
        "table": {"code": "t", "columns": [field("n", "money", "n", "n", unit=yuan)]},
    }  # fmt: skip
    body["form"]["groups"][0]["sections"] += [section, table]
    place = world(body=body)
    application = start(place)
    for position, amount in ((1, "10.00"), (2, "20.00")):
        row(application, position, table="t", n=amount)
    save(application, place, "compared", **answers)
    held = content.load(application)
    problems = checks.section_problems(held, held.schema.form.section("compared"))
    assert len(problems) == (said is not None)
    if said is not None:
        assert said.replace("2.00 大于 1.00", "¥2.00 大于 ¥1.00") in str(problems[0].text)


# --- how far sections have come -----------------------------------------------------------------


def test_states_of_sections_from_nothing_to_done(place):
    application = start(place)
    assert states(application) == {
        "unit": State.DONE, "team": State.EMPTY, "validated": State.EMPTY, "goals": State.EMPTY,
        "investment": State.EMPTY, "attachments": State.EMPTY, "amount": State.EMPTY,
        "review": State.LOCKED,
    }  # fmt: skip
    save(application, place, "team", title="甲")
    assert states(application)["team"] == State.STARTED
    save(application, place, "team", staff="x")
    assert states(application)["team"] == State.PROBLEM


def test_review_opens_when_nothing_stops_it_and_locks_again(place):
    application = fill(start(place), place)
    held = states(application)
    assert held.pop("review") == State.EMPTY
    assert set(held.values()) == {State.DONE}
    sheets.append_invoices(application, [invoice(1)], actor=place.filler)
    assert states(application)["review"] == State.LOCKED


def test_words_of_a_state_say_what_is_left(place):
    application = start(place)
    save(application, place, "team", title="甲")
    report = progress(content.load(application)).of("team")
    assert report.word == "填写中 · 还差 5 项"
    save(application, place, "team", staff="x")
    report = progress(content.load(application)).of("team")
    assert report.word == "有问题 · 专职人员：“x”不是数字"


def test_infected_file_stops_the_case(place):
    application = fill(start(place), place)
    file = attach(application, "licence", actor=place.filler)
    type(file.blob).objects.filter(pk=file.blob_id).update(scan="infected")
    assert ("licence", "infected", "error") in found(application, "attachments")
