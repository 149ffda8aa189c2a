"""Made-up answers: whatever a line's form asks, they pass its checks and meet its requirements."""

import re
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from stdnum.cn import uscc

from applications import checks
from applications.content import ASKED_FIELDS, Content, InvoiceFigures
from applications.models import Answer, Application, Attachment, TableRow
from awards.demonstration import vocabulary
from awards.demonstration.answers import Composer, Project, attached, demanded, matching
from awards.demonstration.codes import credit_code
from policy.models import Call
from portal.accounts.models import Organisation, Unit
from portal.files.models import Blob
from tests.catalogue import CATALOGUE

LINES = {entry.line: entry.schema for entry in CATALOGUE.definitions if entry.schema.can_be_called}


def organisation(kind: str) -> Organisation:
    return Organisation(
        name="南京𬭎源先进材料有限公司",
        uscc=credit_code(Random(1), "91", "320111"),
        kind=kind,
        district=Unit(code="pukou", name_zh="浦口区"),
        founded_on=date(2019, 5, 20),
        legal_representative="周𬭎",
        address="南京市浦口区百合路 1 号",
        contact_name="周知远",
        contact_phone="13800001234",
        bank_account_name="南京𬭎源先进材料有限公司",
        bank_name="金陵银行",
        bank_account="62284800001",
        bank_code="102301000012",
        registered_capital_cny=Decimal("50000000"),
        revenue_cny=Decimal("90000000"),
        rd_expense_cny=Decimal("9000000"),
        staff_count=120,
        rd_staff_count=60,
        hightech_number="GR202432001234",
        hightech_until=date(2030, 1, 1),
        specialised="省专精特新中小企业",
    )


def content_of(schema, kind: str, chosen: dict) -> Content:
    case = Application(call=Call(settings=chosen), organisation=organisation(kind))
    return Content(case, schema, {}, {}, InvoiceFigures(), {})


def filled(schema, *, seed: int, kind: str) -> Content:
    """A case that holds what was composed, in memory."""
    chosen = {
        "window_start": "2024-01-01", "window_end": "2026-06-30", "rate": "0.2",
        "eligible_kinds": [kind],
    }  # fmt: skip
    content = content_of(schema, kind, chosen)
    project = Project(
        organisation="南京𬭎源先进材料有限公司", topic="固态电解质", title="固态电解质中试平台建设",
        address="南京市浦口区百合路 1 号", leader="周知远",
    )  # fmt: skip
    random = Random(f"{schema.line}/{seed}")
    made = Composer(content, project, random=random, today=date(2026, 8, 3)).compose()
    content.answers = {
        code: Answer(section=code, data=data, revision=1) for code, data in made.sections.items()
    }
    for section in schema.form.sections:
        if section.table is not None:
            content.rows[section.table.code] = [
                TableRow(table=section.table.code, position=number, data=row)
                for number, row in enumerate(made.tables[section.code], start=1)
            ]
    content.invoices = InvoiceFigures(rows=len(made.invoices), claimed_cny=project.claimed_cny)
    for code in attached(schema, content.values, random):
        content.attachments[code] = [Attachment(name=f"{code}.pdf", blob=Blob(scan="none"))]
    for code in ASKED_FIELDS:
        if code in schema.form.fields:
            section = schema.form.section_of(code).code
            data = content.answers.get(section, Answer(section=section, data={})).data
            content.answers[section] = Answer(
                section=section, data=data | {code: "100000.00"}, revision=1
            )
    content.__dict__.pop("values", None)
    return content


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("line", sorted(LINES))
def test_whatever_a_form_asks_is_answered_so_that_nothing_stops_it(line, seed):
    schema = LINES[line]
    kinds = demanded(schema, {}).get("organisation_kind")
    kind = next(iter(kinds.one_of)) if kinds and kinds.one_of else "enterprise"
    content = filled(schema, seed=seed, kind=kind)
    found = [
        f"{problem.section}.{problem.field}: {problem.message}"
        for section in schema.form.sections
        for problem in checks.section_problems(content, section)
        if problem.stops
    ]
    assert found == []


def test_the_same_random_gives_the_same_answers_and_another_gives_others():
    first, again, other = (
        {code: answer.data for code, answer in filled(LINES["10-1"], seed=seed, kind="hospital").answers.items()}
        for seed in (1, 1, 2)
    )  # fmt: skip
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    "pattern",
    [r"\d{12}", r"[A-Z0-9]{5,12}", r"\d{8}|\d{20}|[0-9A-Za-z-]{6,20}", r"ZL\d{9,13}(\.\d)?"],
)
def test_texts_fit_their_patterns(pattern):
    for seed in range(20):
        assert re.fullmatch(pattern, matching(pattern, Random(seed)), re.ASCII)


def test_credit_codes_are_valid():
    codes = {credit_code(Random(seed), "52", "320113") for seed in range(50)}
    assert {uscc.is_valid(code) for code in codes} == {True}
    assert len(codes) == 50


def test_a_list_of_others_names_organisations_and_no_prose():
    entry = LINES["10-1"]
    answers = filled(entry, seed=1, kind="hospital").answers
    told = next(data.data["co_builders"] for data in answers.values() if "co_builders" in data.data)
    assert told in (None, "\n".join(vocabulary.PARTNERS))
