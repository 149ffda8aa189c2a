"""政策测算 hands its answers on to the draft: what the form asks for, and nothing else."""

from decimal import Decimal

import pytest
from django.http import QueryDict
from django.urls import reverse

from applications import drafts, prefilling, snapshot
from applications.content import load
from applications.models import Answer, Application
from policy.models import Measure
from portal import clock
from portal.accounts.models import Role
from tests.applications.definition import make_call
from tests.catalogue import CATALOGUE
from tests.factories import OrganisationFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_policy")]
ENTRY = CATALOGUE.newest("8-1")
TOLD = "organisation_kind=enterprise&matter=project&jointly_published=yes&enterprise_input_cny=500"


@pytest.fixture
def call():
    measure = Measure.objects.get(line="8-1")
    return make_call(measure, ENTRY.body, settings=dict(ENTRY.cases.example_call or {}))


@pytest.fixture
def filler(client, call):
    organisation = OrganisationFactory(kind="enterprise")
    user = person(Role.FILLER, organisation=organisation)
    client.force_login(user)
    return client


def test_calculator_starts_from_the_profile_and_leads_to_the_draft_with_the_answers(filler, call):
    content = filler.get(reverse("calculator"), QueryDict(TOLD)).content.decode()
    start = reverse("application_start", args=[call.uid])
    assert f'href="{start}?organisation_kind=enterprise&amp;' in content
    response = filler.get(reverse("calculator"))
    assert response.context["question"].form == "matters"
    assert "来自单位信息" in response.content.decode()


def test_answers_are_shown_sent_again_and_stored_in_yuan(filler, call):
    address = reverse("application_start", args=[call.uid])
    content = filler.get(f"{address}?{TOLD}").content.decode()
    assert "从政策测算带入的内容" in content and "500.00 万元" in content
    assert '<input type="hidden" name="enterprise_input_cny" value="500">' in content
    assert '<input type="hidden" name="jointly_published" value="yes">' in content
    response = filler.post(address, {"enterprise_input_cny": "500", "jointly_published": "yes"})
    assert response.status_code == 302
    stored: dict = {}
    for answer in Answer.objects.filter(application=Application.objects.get()):
        stored |= answer.data
    assert stored == {"enterprise_input_cny": "5000000.00", "jointly_published": True}


def test_each_carried_answer_tells_its_source_until_somebody_writes_another(filler, call):
    filler.post(reverse("application_start", args=[call.uid]), QueryDict(TOLD))
    case = Application.objects.get()
    places = {
        code: answer.section
        for answer in Answer.objects.filter(application=case)
        for code in answer.touched
    }
    mark = f"来自政策测算，{clock.today()} 带入"

    def sources(code: str) -> str:
        section = places[code]
        page = filler.get(reverse("application_section", args=[case.uid, section]))
        return str(page.context["form"].fields[code].note)

    assert sources("enterprise_input_cny") == mark
    assert sources("jointly_published") == mark
    workspace = filler.get(reverse("application_workspace", args=[case.uid])).content.decode()
    assert "项来自政策测算，请核对" in workspace
    user = case.started_by
    drafts.save_section(
        case, places["enterprise_input_cny"], {"enterprise_input_cny": "6000000.00"}, actor=user
    )
    assert sources("enterprise_input_cny") == ""
    assert sources("jointly_published") == mark


def test_a_prefilled_answer_is_said_to_come_from_the_profile_until_it_is_written(filler, call):
    filler.post(reverse("application_start", args=[call.uid]))
    case = Application.objects.get()
    address = reverse("application_section", args=[case.uid, "organisation"])
    note = filler.get(address).context["form"].fields["contact_phone"].note
    assert note.startswith("来自单位信息库")
    drafts.save_section(
        case, "organisation", {"contact_phone": "13912345678"}, actor=case.started_by
    )
    assert filler.get(address).context["form"].fields["contact_phone"].note == ""


@pytest.fixture
def centre():
    """10-1, whose base is the sum of the invoices."""
    entry = CATALOGUE.newest("10-1")
    measure = Measure.objects.get(line="10-1")
    return make_call(measure, entry.body, settings=dict(entry.cases.example_call or {}))


SUMMED = {"construction_input_cny": "860", "market_operated": "yes", "site_in_nanjing": "yes"}


def test_the_sum_stands_beside_the_invoices_and_is_no_part_of_the_application(filler, centre):
    address = reverse("application_start", args=[centre.uid])
    assert "860.00 万元" in filler.get(address, SUMMED).content.decode()
    filler.post(address, SUMMED)
    case = Application.objects.get()
    content = load(case)
    assert prefilling.estimate(content) == Decimal("8600000.00")
    table = next(item for item in content.schema.form.sections if item.kind == "invoices")
    assert not content.has_input(table)
    page = filler.get(reverse("application_section", args=[case.uid, table.code]))
    assert page.context["estimate_cny"] == Decimal("8600000.00")
    assert "测算数不随申报提交" in page.content.decode()
    workspace = filler.get(reverse("application_workspace", args=[case.uid])).content.decode()
    assert "政策测算时填写合计 860.00 万元，请按发票逐张填写" in workspace
    taken = snapshot.take(content, computation={}, asked_cny=None)
    assert "construction_input_cny" not in snapshot.canonical(taken)


def test_a_kind_that_is_not_the_profiles_is_not_carried_and_the_page_says_so(filler, call):
    address = reverse("application_start", args=[call.uid])
    said = "政策测算时选择的单位性质与单位信息不同"
    assert said in filler.get(f"{address}?organisation_kind=university").content.decode()
    assert said not in filler.get(f"{address}?{TOLD}").content.decode()


def test_without_answers_nothing_is_stored_and_nothing_is_announced(filler, call):
    address = reverse("application_start", args=[call.uid])
    assert "从政策测算带入的内容" not in filler.get(address).content.decode()
    assert filler.post(address).status_code == 302
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        "enterprise_input_cny=-5",
        "enterprise_input_cny=五百",
        "enterprise_input_cny=1e99",
        "jointly_published=perhaps",
        "nothing_of_the_kind=yes",
        "owner=某企业",
        "organisation_kind=enterprise",
        "jointly_published=<script>",
    ],
)
def test_what_cannot_be_read_or_is_no_fact_of_the_award_is_left_out(query):
    assert prefilling.carried(QueryDict(query), ENTRY.schema) == []


def test_a_refused_start_stores_no_answer_and_keeps_them_on_the_page(filler, call):
    address = reverse("application_start", args=[call.uid])
    filler.post(address, {"jointly_published": "yes"})
    again = filler.post(address, {"jointly_published": "no"})
    assert again.status_code == 422
    assert [answer.data for answer in Answer.objects.all()] == [{"jointly_published": True}]
    assert again.context["carried"][0].typed == "no"


@pytest.mark.parametrize("entry", CATALOGUE.definitions, ids=lambda entry: entry.line)
def test_every_fact_that_the_form_asks_in_the_same_words_can_be_carried(entry):
    """No code means one thing to the calculator and another to the form."""
    asked = {item.code: item for item in entry.schema.award.inputs}
    for section in entry.schema.form.sections:
        for item in section.fields:
            if item.code in asked:
                assert item.type == asked[item.code].type
                assert {c.code for c in item.choices} == {c.code for c in asked[item.code].choices}
