"""Every line of the catalogue runs: its form, evidence, rubric, plan and letters hold together."""

from itertools import pairwise

import pytest

from applications.forms import SectionForm
from applications.models import MOVES
from policy.entries import REVIEWERS_INPUTS
from policy.schema import LETTER_FIELDS
from policy.text import placeholders
from tests.catalogue import CATALOGUE

ENTRIES = {entry.line: entry for entry in CATALOGUE.definitions}
SCHEMAS = {line: entry.schema for line, entry in ENTRIES.items()}
LINES = sorted(SCHEMAS)
UNITS = {
    entry.article: [*entry.units, *(unit.code for unit in CATALOGUE.units if unit.kind == "district")]
    for entry in CATALOGUE.document.articles
}  # fmt: skip
# What the reviewers add; the form does not ask it.
# Side stages: not on the road, but reached from it and back.
SIDE = {"correction", "objection"}
WITHOUT_MONEY = {"12-1", "13-0"}


@pytest.fixture(params=LINES)
def line(request) -> str:
    return request.param


@pytest.fixture
def schema(line):
    return SCHEMAS[line]


def named_evidence(schema) -> set[str]:
    """All that somebody points to as evidence: fields, requirements, check points, criteria."""
    found = {code for item in schema.form.fields.values() for code in item.evidence}
    for part in (schema.eligibility.requirements, schema.rubric.criteria):
        found |= {code for item in part for code in item.evidence}
    return found | {
        code for stage in schema.stages for point in stage.checks for code in point.evidence
    }


def test_all_32_lines_can_be_called():
    assert len(LINES) == 32
    assert [line for line in LINES if not SCHEMAS[line].can_be_called] == []


def test_every_section_of_a_form_builds_and_asks_at_most_twelve(schema):
    for section in schema.form.sections:
        form = SectionForm(section, shown={})
        asked = [item.code for item in section.fields if not item.readonly]
        assert list(form.fields) == asked
        assert len(asked) <= 12


def test_a_form_names_the_case_and_ends_with_files_and_review(schema):
    kinds = [section.kind for section in schema.form.sections]
    assert kinds[-2:] == ["attachments", "review"]
    assert schema.form.fields["project_name"].max_length == 60
    assert schema.form.section("organisation").fields[0].prefill == "organisation.name"


def test_every_input_of_the_rule_is_asked_or_given_by_reviewers(schema):
    for item in schema.award.inputs:
        if item.code not in REVIEWERS_INPUTS:
            assert schema.form.fields[item.code].type == item.type
    kinds = [section.kind for section in schema.form.sections]
    assert schema.award.items is ("invoices" in kinds)


def test_every_requirement_has_its_evidence(schema):
    fields = schema.form.fields
    for item in schema.eligibility.requirements:
        proofs = set(item.evidence) | set(fields[item.test.field].evidence)
        known = {part.code for part in (*schema.attachments, *schema.form.sections)}
        assert proofs & (known | set(fields)), item.code


def test_every_attachment_proves_something(schema):
    idle = {slot.code for slot in schema.attachments} - named_evidence(schema)
    assert idle == set()


def test_a_rubric_stands_where_experts_judge_and_nowhere_else(schema):
    stages = {stage.code for stage in schema.stages}
    criteria = schema.rubric.criteria
    assert bool(criteria) is ("expert_review" in stages)
    if criteria:
        assert sum(item.weight for item in criteria) == 100
        assert all(item.evidence for item in criteria)
        assert schema.rubric.stratify_by in schema.form.fields
    asks = any(section.code == "avoidance" for section in schema.form.sections)
    assert asks is bool(criteria)


def test_the_plan_is_one_road_that_the_workflow_allows(line, schema):
    stages = {stage.code: stage for stage in schema.stages}
    road, at = [], schema.stages[0]
    while at is not None:
        road.append(at.code)
        at = stages.get(at.next) if at.next else None
    assert set(road) | SIDE == set(stages)
    assert set(pairwise(road)) <= set(MOVES)
    last = "decision" if line in WITHOUT_MONEY else "payment"
    assert road[-1] == last
    assert (last, "recognised" if line in WITHOUT_MONEY else "paid") in MOVES


def test_every_stage_is_held_by_a_unit_that_the_article_names(line, schema):
    named = UNITS[CATALOGUE.measure(line).article]
    lead, others = named[0], named[1:]
    bureaus = [code for code in others if code not in UNITS[1][-12:]]
    for stage in schema.stages:
        if stage.holder == "co_units":
            assert bureaus, stage.code
        if stage.holder == "finance":
            assert "czj" in named
        if stage.holder == "district":
            assert set(UNITS[1][-12:]) <= set(named)
    assert lead


def test_every_limit_of_the_plan_is_the_calls_to_replace(schema):
    settings = {setting.code for setting in schema.settings}
    limited = {
        f"{stage.code}.limit_workdays"
        for stage in schema.stages
        if stage.limit_workdays is not None and stage.code != "objection"
    }
    assert limited <= settings


# What the verbs that issue a letter tell it, beside the case's own facts.
FACTS = {
    "acceptance": set(),
    "correction": {"items"},
    "refusal": {"reason"},
    "result": {"result"},
    "decision": {"decision_no", "amount", "amount_upper"},
    "payment": {"instalment", "paid_amount", "amount_upper", "paid_on", "payee_account"},
}
OF_THE_CASE = {
    "organisation", "application_no", "title", "measure", "line", "article", "clause", "document",
    "document_no", "call", "unit", "unit_phone", "date", "due_on", "limit_workdays", "round",
}  # fmt: skip


def test_letters_are_complete_and_render_with_their_facts(line, schema):
    wanted = set(FACTS) - ({"payment"} if line in WITHOUT_MONEY else set())
    assert {letter.code for letter in schema.letters} == wanted
    for letter in schema.letters:
        known = {name: f"〈{name}〉" for name in OF_THE_CASE | FACTS[letter.code]}
        for text in (letter.subject.fill(**known), letter.body.fill(**known)):
            assert not placeholders(text.zh) & LETTER_FIELDS
            assert not placeholders(text.en) & LETTER_FIELDS


def test_a_line_without_money_asks_for_none(line, schema):
    asks = "requested_cny" in schema.form.fields
    assert asks is (line not in WITHOUT_MONEY)
    pays = any(section.code == "payee" for section in schema.form.sections)
    assert pays is (line not in WITHOUT_MONEY)


def test_what_is_asked_for_stays_under_a_ceiling_of_the_document(schema):
    caps = [cap.amount_cny for cap in schema.caps if cap.source == "stated"]
    asked = schema.form.fields.get("requested_cny")
    if schema.award.kind == "discretionary" and caps:
        assert asked.max == min(caps)


def test_two_lines_are_candidates_for_an_award_without_application():
    assert [line for line in LINES if SCHEMAS[line].direct_award] == ["15-2", "18-1"]


def test_an_id_number_is_asked_only_where_a_person_is_paid():
    asking = {
        line
        for line, schema in SCHEMAS.items()
        for item in schema.form.fields.values()
        if item.type == "id_number"
    }
    paid = {
        line
        for line, schema in SCHEMAS.items()
        for item in schema.form.fields.values()
        if item.payee == "account"
    }
    assert asking == paid == {"20-1"}


# A cap counted for these is told apart by an answer of the form; the others are the organisation's,
# or (a project without a name of its own elsewhere) the case's.
TOLD_APART = {"task", "centre", "platform", "result", "incubator", "institute", "station", "fund"}


def test_what_a_cap_counts_for_is_told_by_an_answer_of_the_form(schema):
    scopes = {cap.scope for cap in schema.caps} & TOLD_APART
    named = {item.scope: item.field for item in schema.identities if not item.stacking}
    assert scopes <= set(named)
    for field in named.values():
        assert schema.form.fields[field].required
