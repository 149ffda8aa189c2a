"""政策测算 hands its answers on to the draft: what the form asks for, and nothing else."""

import pytest
from django.http import QueryDict
from django.urls import reverse

from applications import prefilling
from applications.models import Answer, Application
from policy import loading
from policy.entries import Catalogue
from policy.models import Measure
from portal.accounts.models import Role
from tests.applications.definition import make_call
from tests.factories import OrganisationFactory, person

pytestmark = pytest.mark.django_db
CATALOGUE = Catalogue()
ENTRY = CATALOGUE.newest("8-1")
TOLD = "organisation_kind=enterprise&matter=project&jointly_published=yes&enterprise_input_cny=500"


@pytest.fixture
def call():
    loading.load(CATALOGUE, actor="test")
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
