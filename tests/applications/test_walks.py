"""An applicant's walk of every line, in the pages: start, fill in, check, submit, receipt."""

import re
from random import Random

import pytest
from django.urls import reverse

from applications import checks, content, drafts
from applications.models import Application
from awards.demonstration.answers import Project
from awards.demonstration.filling import fill
from awards.demonstration.papers import Papers
from policy.models import Measure
from portal import clock
from portal.accounts.models import Role, Unit
from tests.applications.definition import make_call
from tests.catalogue import CATALOGUE
from tests.factories import OrganisationFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_policy")]
SCHEMAS = {entry.line: entry.schema for entry in CATALOGUE.definitions}
# What a call must decide where the document is silent; invented. Of choices the first is taken.
DECIDED = {
    "rate": "0.30",
    "premium_rate": "0.50",
    "window_start": "2024-01-01",
    "window_end": "2026-06-30",
}


def decided(setting):
    return DECIDED.get(setting.code) or setting.choices[0].code


def kind_for(schema) -> str:
    """A kind of organisation that may apply."""
    for row in schema.eligibility.requirements:
        if row.test.field == "organisation_kind" and row.test.one_of:
            return row.test.one_of[0]
    return "enterprise"


def open_call(line: str):
    schema = SCHEMAS[line]
    required = {setting.code: decided(setting) for setting in schema.settings if setting.required}
    return make_call(Measure.objects.get(line=line), CATALOGUE.newest(line).body, settings=required)


@pytest.fixture(params=sorted(SCHEMAS))
def call(request):
    return open_call(request.param)


@pytest.fixture
def organisation(call):
    made = OrganisationFactory(
        district=Unit.objects.get(code="qixia"), kind=kind_for(SCHEMAS[call.measure.line])
    )
    return made


def url(name: str, *args) -> str:
    return reverse(f"application_{name}", args=args)


def test_a_line_is_applied_for_from_its_call_to_the_receipt(client, call, organisation, run_tasks):
    schema = SCHEMAS[call.measure.line]
    admin = person(Role.ORG_ADMIN, organisation=organisation)
    client.force_login(admin)
    assert client.get(url("start", call.uid)).status_code == 200
    client.post(url("start", call.uid))
    case = Application.objects.get(organisation=organisation)

    project = Project(
        organisation=organisation.name, topic="固态电解质", title="固态电解质项目",
        address="南京市栖霞区学海路 1 号", leader="周知远",
    )  # fmt: skip
    papers = Papers(clock.now())
    fill(case, project, actor=admin, random=Random(schema.line), papers=papers)
    case.refresh_from_db()

    for section in schema.form.sections:
        if section.kind != "review":
            page = client.get(url("section", case.uid, section.code))
            assert page.status_code == 200, section.code
    found = [f"{p.section}.{p.field}: {p.message}" for p in checks.problems(case) if p.stops]
    assert found == []

    page = client.get(url("check", case.uid)).content.decode()
    data = {
        name: re.search(rf'name="{name}" value="([^"]*)"', page)[1]
        for name in ("action", "key", "seen")
    }
    read = re.findall(r'name="(warnings?|confirm\w*)"[^>]*value="([^"]*)"', page)
    response = client.post(url("check", case.uid), data | dict(read) | {"pledge": "1"})
    assert response.status_code == 302, response.content.decode()[:2000]
    assert response["Location"] == url("receipt", case.uid)
    case.refresh_from_db()
    assert (case.status, case.title) == (
        "recommendation",
        content.load(case).values["project_name"],
    )
    receipt = client.get(url("receipt", case.uid)).content.decode()
    assert case.number in receipt
    assert bool(case.asked_cny) is (schema.award.kind != "none")


@pytest.mark.parametrize(
    ("line", "section", "heads"),
    [
        # rows without units: the head tells the column's
        ("3-1a", "contract_classes", ["合同数（项）", "合同成交额（元）", "技术交易额（元）"]),
        # rows with units of their own
        ("12-1", "performance", ["上一考核期", "本考核期"]),
    ],
)
def test_a_number_of_a_fixed_table_has_its_unit_once(client, line, section, heads):
    call = open_call(line)
    made = OrganisationFactory(
        district=Unit.objects.get(code="qixia"), kind=kind_for(SCHEMAS[line])
    )
    admin = person(Role.ORG_ADMIN, organisation=made)
    case = drafts.start(call, organisation=made, actor=admin)
    client.force_login(admin)
    page = client.get(url("section", case.uid, section)).content.decode()
    found = re.findall(r'data-label="([^"]+)"', page)[: len(heads)]
    assert found == heads
