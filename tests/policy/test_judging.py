"""A line judged from answers: fits, does not, or depends, with reason, clause and amount."""

from datetime import date
from decimal import Decimal

import pytest

from policy.computing import InputsRefused
from policy.judging import formula, judge_line
from tests.catalogue import CATALOGUE

ON = date(2026, 3, 2)


@pytest.fixture(scope="module")
def schemas():
    return {entry.line: entry.schema for entry in CATALOGUE.definitions}


def verdict(schemas, line, given, **more):
    return judge_line(schemas[line], given, on=ON, **more)


CALL = {"rounding_unit": "yuan", "rounding_mode": "down"}


def test_a_line_fits_with_its_amount_and_clause(schemas):
    found = verdict(
        schemas, "8-1", {"jointly_published": True, "enterprise_input_cny": "10000000"}, settings={}
    )
    assert (found.outcome, found.amount_cny) == ("fits", Decimal("1000000.00"))
    assert found.ceiling_cny == Decimal("2000000")
    assert found.clause.endswith("按企业投入的10%给予最高200万元资助")
    assert found.needs == ()


def test_what_is_not_met_is_named_with_its_clause_and_nothing_more_is_asked(schemas):
    found = verdict(schemas, "18-1", {"pilot_unit": False, "right": "ownership"})
    assert (found.outcome, found.amount_cny, found.needs) == ("no", None, ())
    assert [reason.code for reason in found.not_met] == ["pilot_unit"]
    assert all("赋权改革成果数每项5万元" in reason.clause for reason in found.not_met)


def test_a_missing_fact_makes_it_depend_on_that_fact(schemas):
    found = verdict(schemas, "8-1", {"jointly_published": True}, settings={})
    assert found.outcome == "depends"
    assert [(need.kind, need.code) for need in found.needs] == [("input", "enterprise_input_cny")]


def test_without_a_call_it_depends_on_what_the_document_leaves_open(schemas):
    given = {
        "organisation_kind": "new_rd",
        "merged": True,
        "platform_built": False,
        "proposed_cny": "100000",
    }
    found = verdict(schemas, "13-2", given)
    assert found.outcome == "depends"
    assert ("setting", "merger_condition") in [(need.kind, need.code) for need in found.needs]
    both = verdict(schemas, "13-2", given, settings={"merger_condition": "all"})
    assert both.outcome == "no"
    either = verdict(schemas, "13-2", given, settings={"merger_condition": "any"})
    assert (either.outcome, either.amount_cny) == ("fits", Decimal("100000.00"))


def test_answers_for_other_lines_are_passed_over_and_wrong_ones_refused(schemas):
    given = {"jointly_published": True, "enterprise_input_cny": "100", "premium_cny": "x"}
    assert verdict(schemas, "8-1", given, settings={}).amount_cny == Decimal("10.00")
    with pytest.raises(InputsRefused, match="premium_cny: not_a_number"):
        verdict(schemas, "15-2", {"premium_cny": "x"})


@pytest.mark.parametrize(
    ("line", "settings", "zh"),
    [
        ("8-1", None, "企业投入 × 10%，最高 200 万元"),
        ("18-1", None, "赋权改革成果数 × 5 万元，最高 100 万元"),
        ("15-2", None, "保费 × 不超过 50%"),
        ("15-2", {"premium_rate": "0.40"}, "保费 × 40%"),
        ("10-1", None, "建设投入（支持基数） × 比例（由申报通知确定），最高 200 万元"),
        ("7-1", None, "由评审确定，最高 500 万元"),
    ],
)
def test_the_formula_in_a_phrase(schemas, line, settings, zh):
    assert formula(schemas[line], settings).zh == zh


def test_a_line_of_places_has_no_formula_and_fits_without_an_amount(schemas):
    found = verdict(schemas, "13-0", {"organisation_kind": "new_rd"})
    assert (found.outcome, found.formula, found.amount_cny) == ("fits", None, None)
