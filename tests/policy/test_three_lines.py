"""What is particular to 11-1, 13-1 and 15-3: their sections, what is asked when, what is open."""

import copy

import pytest

from policy.schema import SchemaError, parse
from tests.catalogue import CATALOGUE

LINES = ("11-1", "13-1", "15-3")


@pytest.fixture(params=LINES)
def schema(request):
    return CATALOGUE.newest(request.param).schema


# Sections of each line by group, in the order in which a clerk reads them.
SECTIONS = {
    "11-1": {
        "applicant": ["organisation", "payee"],
        "project": ["project", "funding", "fiscal_grants", "partners"],
        "platform": [
            "platform", "facilities", "opening", "service", "services", "conversions", "safety",
            "goals", "plan",
        ],
        "investment": ["investment", "amount"],
        "submission": ["avoidance", "attachments", "review"],
    },
    "13-1": {
        "applicant": ["organisation", "payee", "institution"],
        "project": [
            "project", "enterprise", "contract", "partners", "topic", "indicators", "results",
        ],
        "investment": ["funding", "fiscal_grants", "baseline", "investment", "amount"],
        "submission": ["avoidance", "attachments", "review"],
    },
    "15-3": {
        "applicant": ["organisation", "payee"],
        "station": ["station", "premises_and_team"],
        "outcome": [
            "outcome", "performance", "financings", "events", "products", "plan", "amount",
        ],
        "submission": ["avoidance", "attachments", "review"],
    },
}  # fmt: skip


def test_the_sections_stand_in_their_groups(schema):
    found = {group.code: [row.code for row in group.sections] for group in schema.form.groups}
    assert found == SECTIONS[schema.line]


def test_what_the_profile_knows_is_not_asked_again(schema):
    for item in schema.form.fields.values():
        if item.prefill and item.prefill.startswith("organisation."):
            assert item.readonly or item.code in {"contact_name", "contact_phone"}


def test_the_permits_of_11_1_are_asked_where_chemistry_or_biology_is():
    schema = CATALOGUE.newest("11-1").schema
    asked = [item for item in schema.form.section("safety").fields if item.required_if]
    asked = [item for item in asked if item.required_if.field == "process_nature"]
    assert len(asked) == 7
    slot = schema.slot("permits")
    for condition in [item.required_if for item in asked] + [slot.required_if]:
        assert condition.holds({"process_nature": ["physical", "biology"]})
        assert condition.holds({"process_nature": ["chemistry"]})
        assert not condition.holds({"process_nature": ["physical", "data"]})


def test_what_13_1_leaves_open_is_a_setting():
    codes = {setting.code for setting in CATALOGUE.newest("13-1").schema.settings}
    assert {
        "new_input_meaning", "categories", "window_start", "window_end", "exclude_related",
        "exclude_fiscal", "tax_inclusive", "rounding_unit", "rounding_mode", "eligible_states",
        "project.scope", "project.period", "project.once", "instalments",
    } <= codes  # fmt: skip
    # The rate and the ceiling are the document's.
    assert "rate" not in codes


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"increase": {"setting": "rounding_unit", "input": "with_enterprise"}},
         "no required input 'with_enterprise'"),
        ({"increase": {"setting": "window_start", "input": "baseline_input_cny"}},
         "no choice setting 'window_start'"),
        ({"items": False, "base": "baseline_input_cny"},
         "an increase is one of the invoice table's total"),
    ],
)  # fmt: skip
def test_an_increase_that_cannot_be_computed_is_refused(change, reason):
    body = copy.deepcopy(CATALOGUE.newest("13-1").body)
    body["award"] |= change
    with pytest.raises(SchemaError, match=reason):
        parse(body)
