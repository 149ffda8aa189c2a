"""What an applicant reads of a call: every term under one heading, every step of the way."""

import pytest

from policy.call_page import chapter_of, page_of
from policy.differences import Line
from policy.entries import Catalogue
from policy.text import Text

CATALOGUE = Catalogue()
ENTRIES = pytest.mark.parametrize("entry", CATALOGUE.definitions, ids=lambda entry: entry.line)


def lines_of(schema):
    return [Line(item.code, item.label, None, Text("甲", "A")) for item in schema.settings]


@ENTRIES
def test_every_setting_stands_in_exactly_one_block_or_is_the_limit_of_a_step(entry):
    page = page_of(entry.schema, settings={}, terms=lines_of(entry.schema))
    shown = [
        line.code for blocks in page.terms.values() for block in blocks for line in block.lines
    ]
    limits = {f"{step.code}.limit_workdays" for step in page.steps}
    assert len(shown) == len(set(shown))
    assert set(shown) == {item.code for item in entry.schema.settings} - limits


@ENTRIES
def test_every_condition_stands_with_its_clause(entry):
    page = page_of(entry.schema)
    asked = [*entry.schema.eligibility.requirements, *entry.schema.eligibility.time_limits]
    assert {(item.clause, item.label) for item in asked} == {
        (quoted.clause, label) for quoted in page.conditions for label in quoted.labels
    }


@ENTRIES
def test_the_way_leads_from_the_first_stage_to_the_last_without_side_ways(entry):
    codes = [step.code for step in page_of(entry.schema).steps]
    assert codes[0] == entry.schema.stages[0].code
    assert len(codes) == len(set(codes))
    assert not {"correction", "objection"} & set(codes)
    assert codes[-1] in {"payment", "decision"}


def test_a_reward_of_persons_is_applied_for_by_their_employer():
    people = {e.line for e in CATALOGUE.definitions if page_of(e.schema).is_for_person}
    assert people == {"20-1"}


def test_limits_are_a_calls_and_a_measure_has_none():
    schema = CATALOGUE.newest("10-1").schema
    assert {step.limit_workdays for step in page_of(schema).steps} == {None}
    steps = page_of(schema, settings={"recommendation.limit_workdays": 3}).steps
    assert (steps[0].code, steps[0].limit_workdays) == ("recommendation", 3)


@pytest.mark.parametrize(
    ("line", "code", "chapter"),
    [
        ("10-1", "eligible_kinds", "conditions"),
        ("10-1", "cases_per_organisation", "conditions"),
        ("10-1", "centre_and_platform.mode", "conditions"),
        ("10-2", "first_by", "conditions"),
        ("8-4", "two_years_from", "conditions"),
        ("10-1", "rate", "amount"),
        ("10-1", "centre.once", "amount"),
        ("10-1", "quota.meaning", "amount"),
        ("10-1", "correction.limit_workdays", "schedule"),
        ("10-1", "public_notice.objection_decide_workdays", "schedule"),
        ("10-1", "correction.max_rounds", "schedule"),
        ("10-1", "waiting_list", "review"),
        ("10-1", "handling_unit", "contact"),
    ],
)
def test_a_setting_stands_where_an_applicant_looks_for_it(line, code, chapter):
    schema = CATALOGUE.newest(line).schema
    assert chapter_of(schema.setting(code), schema) == chapter
