"""Checking the catalogue: the real one is green, and each broken one is red where it is broken.

``small/`` is a catalogue of one line that is whole; every folder of ``broken/`` is the same with
one fault (the other files are links to the whole one).
"""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from policy.checking import article_texts, check, squeeze
from policy.entries import CATALOGUE, SHARED
from tests.catalogue import CATALOGUE as WHOLE

HERE = Path(__file__).parent
DATED = "13-1/2024-08-27"
AWARD, CAPS, CASES, FORM = (f"{DATED}/{name}.yaml" for name in ("award", "caps", "cases", "form"))
SETTINGS, STAGES, LETTERS, RUBRIC = (
    f"{DATED}/{name}.yaml" for name in ("settings", "stages", "letters", "rubric")
)

BROKEN = [  # folder, file, line, reason
    ("award_missing", "13-1/measure.yaml", 1, "award.yaml is missing: named here"),
    ("control_character", STAGES, 3, "special characters are not allowed"),
    ("document_missing", "13-1/measure.yaml", 2, "document.yaml is missing: named here"),
    ("measure_missing", "sentences.yaml", 8, "13-1/measure.yaml is missing: named here"),
    ("sentences_missing", "13-1/measure.yaml", 6, "sentences.yaml is missing: named here"),
    ("shared_missing", SETTINGS, 2, "shared.yaml is missing: named here"),
    ("text_missing", "document.yaml", 5, "document.txt is missing: named here"),
    ("units_missing", "document.yaml", 8, "units.yaml is missing: named here"),
    ("alias", CAPS, 6, "alias *here is not allowed"),
    ("anchor_missing", RUBRIC, 12, "1 anchors for 2 levels"),
    ("article_not_listed", "document.yaml", 5, "articles of the text and of the list differ: [12]"),
    ("cap_of_nothing", CAPS, 4, "a cap lies between 0 and 1e12 元"),
    ("case_of_another_kind", CASES, 2, "the result does not show kind above"),
    ("case_with_a_unit", CASES, 6, "new_input_cny: wrong_unit"),
    ("case_with_an_unknown_input", CASES, 6, "colour: unknown"),
    ("change_of_no_part", STAGES, 7, "no part with the code 'fen'"),
    ("check_with_a_wrong_operand", FORM, 15, "no field 'input_cny'"),
    ("check_with_an_unknown_figure", FORM, 15, "lte has no figure {rest}"),
    ("date_without_zero", "document.yaml", 4, "'2024-8-27' is not a date as YYYY-MM-DD"),
    ("deduction_without_input", AWARD, 7, "deduction tax needs the input 'base_tax_cny'"),
    ("default_out_of_bounds", SETTINGS, 8, "default does not fit"),
    ("direct_award_is_a_mark", STAGES, 10, "expected a mapping of what is left"),
    ("duplicate_key", "13-1/measure.yaml", 9, "key 'money' stands twice"),
    ("empty_file", LETTERS, 1, "file is empty"),
    ("empty_text", f"{DATED}/attachments.yaml", 3, "text is empty"),
    ("evidence_of_no_slot", FORM, 10, "no attachment 'invoice'"),
    ("example_without_name", CASES, 1, "an example call has a name"),
    ("fault_after_a_list", SETTINGS, 3, "names no stage, cap or quota"),
    ("field_twice", FORM, 13, "code 'own_input_cny' stands twice"),
    ("file_missing", AWARD, 1, "cases.yaml is missing: named here"),
    (
        "folder_not_a_date",
        "13-1/measure.yaml",
        1,
        "folder 2024: a definition's is named by its date",
    ),
    ("fraction_without_quotes", AWARD, 6, "write the fraction 0.20 as text"),
    ("holder_unknown", STAGES, 4, "'mayor' is not one of applicant, district, lead"),
    ("input_of_another_type", AWARD, 8, "form.yaml has no field 'new_input_cny' of type money"),
    ("input_unknown", FORM, 10, "award.yaml has no input 'new_output_cny'"),
    ("kind_without_case", CASES, 1, "kind excluded has no case"),
    ("letter_unknown", LETTERS, 2, "'greeting' is not one of acceptance, correction"),
    ("line_in_another_folder", "13-1/measure.yaml", 1, "line 13-2 stands in folder 13-1"),
    ("line_of_another_article", "13-1/measure.yaml", 2, "line 13-1 is not of article 12"),
    ("list_for_an_entry", SETTINGS, 3, "'rounding_settings' of shared.yaml is a list"),
    ("list_for_mapping", f"{DATED}/eligibility.yaml", 1, "expected a mapping, got a list"),
    ("misquoted_cap", CAPS, 7, "not in the text of article 13: 最高300万元奖励"),
    ("misquoted_clause", "13-1/measure.yaml", 6, "not in the text of article 13"),
    ("misquoted_why", FORM, 8, "not in the text of article 13: 根据新增投入30%"),
    ("missing_key", CAPS, 2, "missing key 'amount_cny'"),
    ("next_stage_unknown", STAGES, 5, "no stage 'payment'"),
    ("no_definition", "13-1/measure.yaml", 1, "no dated definition"),
    ("not_utf8", "units.yaml", 2, "not UTF-8 at byte 44"),
    ("not_yaml", STAGES, 9, "expected ',' or '}'"),
    ("number_without_unit", FORM, 11, "unit is missing"),
    ("one_language", FORM, 11, "missing key 'en'"),
    ("rate_not_a_number", AWARD, 6, "'20%' is not a number"),
    ("rate_over_one", AWARD, 6, "a rate is a fraction above 0 and up to 1"),
    ("required_if_of_no_field", FORM, 13, "no field 'with_company'"),
    ("requirement_without_case", CASES, 1, "no case shows requirement.with_enterprise"),
    ("scope_unknown", CAPS, 5, "'galaxy' is not one of project, task, centre"),
    ("sentence_missing", "sentences.yaml", 5, "not the next sentence of article 13"),
    ("sentence_of_another_line", "sentences.yaml", 6, "line 13-1 does not quote this sentence"),
    ("sentence_without_rule", "sentences.yaml", 6, "speaks of money, has no rule and no why"),
    ("setting_of_no_stage", SETTINGS, 4, "names no stage, cap or quota"),
    ("title_not_of_the_text", "document.yaml", 7, "title of article 13 is not the text's"),
    ("too_many_inputs", FORM, 9, "13 inputs; a section has at most 12"),
    ("units_out_of_order", "document.yaml", 8, "responsible units of article 13"),
    ("unknown_key", AWARD, 7, "unknown key 'formula'"),
    ("unknown_part", f"{DATED}/formulas.yaml", 1, "no such part of a definition"),
    ("unknown_placeholder", LETTERS, 4, "unknown placeholder {bank_account}"),
    ("unknown_unit", "document.yaml", 8, "units.yaml has no unit 'czx'"),
    ("unknown_use", SETTINGS, 3, "shared.yaml has no 'rounding'"),
    ("weights_not_hundred", RUBRIC, 4, "weights add up to 90, not 100"),
    ("wrong_amount", CASES, 2, "computed_cny is 1400000.00, not 1400000.01"),
    ("wrong_binding_cap", CASES, 10, "binding_cap is project, not call_budget"),
    ("wrong_type", "13-1/measure.yaml", 8, "expected true or false, got text 'yes'"),
]


def test_every_broken_catalogue_is_in_the_table():
    assert sorted(folder.name for folder in (HERE / "broken").iterdir()) == sorted(
        row[0] for row in BROKEN
    )
    assert [row[0] for row in BROKEN if row[2] is None] == []


def test_the_small_catalogue_is_whole():
    report = check(HERE / "small")
    assert report.faults == []
    assert (report.articles, report.lines, report.quotes, report.cases) == (1, 1, 5, 6)


@pytest.mark.parametrize(
    ("folder", "file", "line", "reason"), BROKEN, ids=[row[0] for row in BROKEN]
)
def test_a_broken_file_is_named_with_line_and_reason(folder, file, line, reason):
    faults = check(HERE / "broken" / folder).faults
    assert (Path(folder) / file, line) in [(fault.file, fault.line) for fault in faults]
    assert reason in " ".join(fault.reason for fault in faults)


def test_the_command_is_red_for_a_broken_catalogue_and_says_where(capsys):
    with pytest.raises(CommandError, match="1 fault"):
        call_command("policy", "check", "--path", str(HERE / "broken" / "wrong_amount"))
    assert f"wrong_amount/{CASES}:2: case below" in capsys.readouterr().err


def test_the_command_is_green_for_the_catalogue(capsys):
    call_command("policy", "check")
    assert capsys.readouterr().out.startswith("32 lines, 32 definitions, 22 articles: ")


def test_a_folder_that_is_not_there_is_a_fault():
    (fault,) = check(HERE / "nowhere").faults
    assert fault.reason == "folder is missing"


# --- the catalogue itself ---------------------------------------------------------------


@pytest.fixture(scope="module")
def catalogue():
    return WHOLE


def test_the_document_has_22_articles_in_order(catalogue):
    texts = article_texts(catalogue.text)
    assert list(texts) == list(range(1, 23))
    assert all(text.endswith(("）", ")", "〕")) for text in texts.values())


def test_the_text_has_no_line_break_or_space_inside_a_paragraph(catalogue):
    paragraphs = catalogue.text.splitlines()
    assert [text for text in paragraphs if squeeze(text) != text] == []
    assert "*" not in catalogue.text


def test_every_sentence_is_listed_and_those_with_money_have_a_rule_or_a_reason(catalogue):
    report = check()
    assert report.sentences == 103
    assert len(report.without_money) == 76
    reasons = [why for _article, _text, why in report.without_money if why]
    assert len(reasons) == 8
    assert {line for row in catalogue.sentences for line in row.lines} == {
        measure.line for _file, measure in catalogue.measures
    }


def test_the_command_lists_the_sentences_without_money(capsys):
    call_command("policy", "check", "--sentences")
    out = capsys.readouterr().out
    assert "103 sentences: 27 with a rule, 76 without money" in out
    assert "   9  探索开展合作创新采购，邀请供应商合作研发、共担风险。" in out
    assert "[基金的设立，不经申报]" in out


def test_every_line_has_every_setting_that_is_common(catalogue):
    """Point by point what the document leaves open, wherever a line has the part it is about."""
    for entry in catalogue.definitions:
        schema = entry.schema
        known = {setting.code for setting in schema.settings}
        wanted = {"handling_unit", "waiting_list", "award_year", "fiscal_year_start"}
        if schema.award.kind != "none":
            wanted |= {"group_limit_cny", "group_lines", "group_period", "budget_short"}
            wanted |= {"city_share", "instalments"}
            if not schema.caps:
                wanted.add("case_limit_cny")
        for cap in schema.caps:
            wanted.add(f"{cap.code}.amount_cny")
            for name in ("scope", "period", "once"):
                if getattr(cap, f"{name}_source") == "inferred":
                    wanted.add(f"{cap.code}.{name}")
        if schema.quota is not None:
            wanted |= {"quota.meaning", "quota.exit_frees"}
        for stack in schema.stacking:
            wanted |= {f"{stack.code}.mode", f"{stack.code}.scope"}
        if schema.award.kind == "rate_of_base":
            wanted |= {"rounding_unit", "rounding_mode"}
        if schema.award.items or schema.award.deductions:
            wanted |= {"window_start", "window_end", "tax_inclusive", "exclude_related"}
            wanted.add("exclude_fiscal")
        assert wanted - known == set(), entry.line


def test_each_line_has_its_folder_and_one_definition(catalogue):
    folders = sorted(
        folder.name for folder in CATALOGUE.iterdir() if folder.is_dir() and folder.name != SHARED
    )
    assert folders == sorted(measure.line for _file, measure in catalogue.measures)
    assert len(folders) == len(catalogue.definitions) == 32


def test_only_the_cultivation_list_is_without_money(catalogue):
    assert [m.line for _file, m in catalogue.measures if not m.money] == ["13-0"]
