"""The contract of a definition, on the real one of 10-1."""

import json
import time
from dataclasses import fields, is_dataclass
from decimal import Decimal

import pytest

from policy import call_settings
from policy.computing import canonical
from policy.invoices import COLUMNS
from policy.schema import INVOICE_CATEGORIES, LETTER_CODES, Condition, SchemaError, Text, parse
from policy.strict import build
from tests.catalogue import CATALOGUE

CENTRE = CATALOGUE.newest("10-1")
SCHEMA = CENTRE.schema


def texts_of(part):
    """Every Text below a dataclass."""
    if isinstance(part, Text):
        yield part
    elif is_dataclass(part):
        for field in fields(part):
            yield from texts_of(getattr(part, field.name))
    elif isinstance(part, tuple):
        for item in part:
            yield from texts_of(item)


def test_a_definition_survives_being_stored():
    assert parse(json.loads(canonical(CENTRE.body))) == SCHEMA


@pytest.mark.parametrize("mark", [True, False])
def test_a_body_stored_with_a_mere_mark_of_direct_award_is_still_read(mark):
    assert parse(json.loads(canonical(CENTRE.body)) | {"direct_award": mark}) == SCHEMA


def test_every_text_has_both_languages_in_their_own_script():
    for text in texts_of(SCHEMA):
        chinese = any("\u4e00" <= sign <= "\u9fff" for sign in text.en)
        assert not chinese, text
        assert text.zh.strip() and text.en.strip()


def test_parsing_is_fast_enough_for_a_page():
    start = time.process_time()  # of this process alone: others may keep the machine busy
    parse(CENTRE.body)
    assert time.process_time() - start < 0.5


# --- form -----------------------------------------------------------------------------


def test_the_form_asks_what_the_process_lists_in_six_groups():
    codes = {group.code: [s.code for s in group.sections] for group in SCHEMA.form.groups}
    assert codes == {
        "applicant": ["organisation", "payee"],
        "project": ["project", "funding", "fiscal_grants", "partners"],
        "centre": [
            "centre",
            "provincial",
            "team",
            "facilities",
            "funds",
            "pool",
            "results",
            "goals",
            "plan",
        ],
        "investment": ["investment", "amount"],
        "submission": ["avoidance", "attachments", "review"],
    }


def test_no_section_asks_more_than_twelve_inputs():
    counts = {
        section.code: sum(not item.readonly for item in section.fields)
        for section in SCHEMA.form.sections
    }
    assert max(counts.values()) <= 12


def test_what_the_profile_knows_is_not_asked_again():
    profile = {item.prefill for item in SCHEMA.form.fields.values() if item.prefill}
    assert {"organisation.uscc", "organisation.bank_account", "organisation.district"} <= profile
    for item in SCHEMA.form.fields.values():
        if item.prefill and item.prefill.startswith("organisation."):
            assert item.readonly or item.code in {"contact_name", "contact_phone"}


def test_what_the_award_rule_reads_the_form_asks():
    for item in SCHEMA.award.inputs:
        assert SCHEMA.form.fields[item.code].type == item.type
        assert SCHEMA.form.fields[item.code].choices == item.choices


def test_fields_tables_and_slots_are_found_by_code():
    assert SCHEMA.form.section("team").title.zh == "团队与治理"
    assert SCHEMA.form.section_of("technology_managers").code == "team"
    assert list(SCHEMA.form.tables) == ["fiscal_grants", "partners", "results", "goals"]
    assert SCHEMA.slot("special_audit").max_bytes == 50 * 1024 * 1024
    with pytest.raises(KeyError):
        SCHEMA.slot("nothing")


def test_the_goals_have_fixed_rows_and_three_years():
    table = SCHEMA.form.tables["goals"]
    assert [column.code for column in table.columns] == ["year_1", "year_2", "year_3"]
    assert [row.code for row in table.rows][:3] == ["pool_in", "verified", "transferred_nanjing"]


def test_the_invoice_table_has_the_columns_of_the_process():
    assert [column.label.zh for column in COLUMNS] == [
        "类别", "名称", "规格", "数量", "供应商", "供应商信用代码", "合同号", "发票号码", "开票日期",
        "不含税额", "税额", "价税合计", "付款日期", "凭证号", "关联交易", "财政资金占比",
    ]  # fmt: skip
    invoices = SCHEMA.form.section("investment").invoices
    assert tuple(choice.code for choice in invoices.categories) == INVOICE_CATEGORIES


@pytest.mark.parametrize(
    ("condition", "answers", "holds"),
    [
        (Condition("x", equals="a"), {"x": "a"}, True),
        (Condition("x", equals="a"), {"x": ["b", "a"]}, True),
        (Condition("x", equals="a"), {}, False),
        (Condition("x", one_of=("a", "b")), {"x": "b"}, True),
        (Condition("x", one_of=("a", "b")), {"x": ["c"]}, False),
        (Condition("x", is_true=True), {"x": True}, True),
        (Condition("x", is_true=True), {"x": "yes"}, False),
        (Condition("x", is_true=False), {}, True),
        (Condition("x", at_least=Decimal(1)), {"x": 1}, True),
        (Condition("x", at_least=Decimal(1)), {"x": "0.99"}, False),
        (Condition("x", at_least=Decimal(1)), {"x": ""}, False),
        (Condition("x", answered=True), {"x": "z"}, True),
        (Condition("x", answered=True), {"x": []}, False),
        (Condition("x", answered=False), {}, True),
    ],
)
def test_a_condition_on_another_answer(condition, answers, holds):
    assert condition.holds(answers) is holds


@pytest.mark.parametrize("data", [{"field": "x"}, {"field": "x", "equals": "a", "is_true": True}])
def test_a_condition_has_exactly_one_test(data):
    with pytest.raises(SchemaError, match="exactly one of"):
        build(Condition, data)


# --- plan, rubric, letters ------------------------------------------------------------------


def test_the_plan_leads_from_recommendation_to_payment():
    road, code = [], "recommendation"
    while code:
        stage = SCHEMA.stage(code)
        road.append((stage.code, stage.holder, stage.limit_workdays))
        code = stage.next
    assert road == [
        ("recommendation", "district", 10),
        ("formal_check", "lead", 5),
        ("joint_review", "co_units", 7),
        ("expert_review", "experts", 10),
        ("verification", "lead", 20),
        ("selection", "lead", None),
        ("public_notice", "public", 5),
        ("decision", "lead", 10),
        ("finance", "finance", 10),
        ("payment", "finance", 30),
    ]
    correction = SCHEMA.stage("correction")
    assert (correction.limit_workdays, correction.max_rounds) == (10, 2)
    experts = SCHEMA.stage("expert_review")
    assert (experts.min_experts, experts.experts, experts.mask_names) == (3, 5, True)


def test_a_call_replaces_what_a_stage_a_cap_or_the_quota_has_by_default():
    chosen = {
        "joint_review.silence": "wait",
        "correction.limit_workdays": 5,
        "expert_review.experts": 7,
        "centre.once": False,
        "quota.meaning": "stock",
    }
    assert SCHEMA.stage("joint_review", chosen).silence == "wait"
    assert SCHEMA.stage("correction", chosen).limit_workdays == 5
    assert SCHEMA.stage("expert_review", chosen).experts == 7
    assert SCHEMA.stage("joint_review").silence == "consent"
    assert [cap.once for cap in SCHEMA.cap_plan(chosen)] == [False]
    assert [cap.once for cap in SCHEMA.cap_plan({})] == [True]
    assert SCHEMA.quota_plan(chosen).meaning == "stock"
    assert SCHEMA.quota_plan({}).places == 10


def test_the_rubric_is_that_of_the_process_with_words_for_each_level():
    assert [(c.label.zh, c.weight) for c in SCHEMA.rubric.criteria] == [
        ("定位与产业契合", 10),
        ("场地设备资金", 20),
        ("团队与治理", 20),
        ("验证流程与项目库", 15),
        ("验证、在宁转化与融资成效", 25),
        ("规划与可持续", 10),
    ]
    assert [level.from_percent for level in SCHEMA.rubric.levels] == [90, 75, 60, 0]
    anchors = [anchor.zh for c in SCHEMA.rubric.criteria for anchor in c.anchors]
    assert len(anchors) == len(set(anchors)) == 24
    assert min(map(len, anchors)) >= 20


def test_there_is_a_letter_for_every_occasion():
    assert tuple(letter.code for letter in SCHEMA.letters) == LETTER_CODES


def test_markup_in_a_letters_value_stays_text():
    letter = SCHEMA.letter("refusal")
    values = dict.fromkeys(letter.body.placeholders, "{{7*7}} {clause}")
    body = letter.body.fill(**values).zh
    assert "{{7*7}} {clause}" in body
    assert "49" not in body


# --- settings -------------------------------------------------------------------------------

CALL = {"rate": "0.3", "window_start": "2025-01-01", "window_end": "2025-12-31"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, {}),
        ({"rate": None}, {"rate": "missing"}),
        ({"window_end": "2024-12-31"}, {"window_end": "reversed"}),
        ({"expert_review.experts": 3, "expert_review.min_experts": 5},
         {"expert_review.experts": "too_small"}),
        ({"correction.max_rounds": 4}, {"correction.max_rounds": "too_large"}),
        ({"eligible_kinds": ["bank"]}, {"eligible_kinds": "unknown_choice"}),
        ({"instalments": [50, 40]}, {"instalments": "sum"}),
        ({"colour": "red"}, {"colour": "unknown"}),
    ],
)  # fmt: skip
def test_what_keeps_a_call_of_10_1_from_being_published(change, found):
    problems = call_settings.problems(SCHEMA, CALL | change)
    assert {code: wrong.reason for code, wrong in problems.items()} == found


def test_every_setting_explains_itself():
    for setting in SCHEMA.settings:
        assert setting.help.zh.endswith(("。", "）")), setting.code
        if setting.type in {"integer", "workdays", "money", "decimal"}:
            assert setting.unit is not None, setting.code
