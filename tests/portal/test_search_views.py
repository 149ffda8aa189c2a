"""The search page: what whom it shows, in groups, within few queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications.models import Application
from policy import calls
from portal.accounts.models import Role
from portal.searching import SHOWN
from portal.templatetags.search_ui import marked
from tests.awards.cases import make_scene
from tests.factories import OrganisationFactory, person
from tests.policy import callable as callables

pytestmark = pytest.mark.django_db


def search(client, text: str):
    return client.get(reverse("search"), {"q": text})


def shown(client, text: str) -> dict[str, list[str]]:
    groups = search(client, text).context["groups"]
    return {str(group.label): [hit.title for hit in group.shown] for group in groups}


@pytest.fixture
def scene():
    return make_scene()


def test_a_visitor_finds_measures_and_calls_and_no_case(client, scene):
    case = scene.case()
    found = shown(client, scene.measure.name_zh)
    assert list(found)[:2] == ["支持措施与条款", "申报通知"]
    assert found["支持措施与条款"][0] == f"{scene.measure.line} {scene.measure.name_zh}"
    assert found["申报通知"] == [scene.call.title_zh]
    assert shown(client, case.number) == {}


def test_a_clause_is_found_with_a_sentence_around_the_word(client, scene):
    word = scene.measure.clause[2:6]
    [group] = [g for g in search(client, word).context["groups"] if g.label == "支持措施与条款"]
    assert word in group.hits[0].excerpt
    assert f"<mark>{word}</mark>" in search(client, word).content.decode()


def test_a_help_page_is_found_by_what_it_says(client):
    assert "办理页快捷键" in str(shown(client, "快捷键")["使用帮助"])


def test_a_draft_call_is_not_found(client, scene):
    fields = callables.fields(title_zh="尚在起草之申报通知", year=2031)
    calls.draft(scene.measure, fields, actor=person(Role.POLICY_ADMIN))
    client.force_login(scene.lead_clerk)
    assert shown(client, "尚在起草") == {}


def test_each_finds_the_cases_that_are_his(client, scene):
    mine, other = scene.case(), scene.case()
    applicant, stranger = mine.admin, person(Role.ORG_ADMIN)
    for user, finds in ((applicant, True), (stranger, False), (scene.lead_clerk, True)):
        client.force_login(user)
        for text in (mine.number, mine.title, mine.organisation.name):
            titles = shown(client, text).get("申报", [])
            assert (any(mine.number in title for title in titles)) is finds, (user, text)
    client.force_login(applicant)
    assert shown(client, other.number) == {}


def test_roles_without_a_page_of_cases_find_none(client, scene):
    case = scene.case()
    for role in (Role.AUDITOR, Role.POLICY_ADMIN, Role.ACCOUNT_ADMIN, Role.EXPERT):
        client.force_login(person(role))
        assert "申报" not in shown(client, case.number), role


def test_an_expert_learns_no_name_of_a_case_that_he_reads(client, scene):
    case = scene.case()
    expert = person(Role.EXPERT)
    case.parties.create(part="expert", user=expert, since=case.started_at)
    assert Application.objects.visible_to(expert).exists()
    client.force_login(expert)
    assert shown(client, case.organisation.name) == {}


def test_finance_finds_cases_with_an_award_and_arrives_at_it(client, scene):
    award = scene.approved()
    client.force_login(scene.finance)
    [group] = search(client, award.application.number).context["groups"]
    assert [hit.url for hit in group.hits] == [reverse("award_detail", args=[award.uid])]


def test_a_district_finds_its_organisations_and_no_other(client, scene):
    here = OrganisationFactory(name="南京紫东先导验证有限公司", district=scene.district)
    OrganisationFactory(name="南京紫东异地验证有限公司")
    client.force_login(person(Role.CLERK, unit=scene.district))
    assert shown(client, "紫东")["申报单位"] == [here.name]
    client.force_login(scene.lead_clerk)
    assert "申报单位" not in shown(client, "紫东")


def test_a_single_character_is_told_to_be_too_short(client, scene):
    assert "请至少输入两个字" in search(client, "一").content.decode()
    assert "没有找到" in search(client, "无此内容").content.decode()
    assert search(client, "").status_code == 200


def test_markup_that_was_typed_is_shown_as_typed(client):
    page = search(client, "<script>alert(1)</script>").content.decode()
    assert "<script>alert" not in page
    assert marked("a<b中试b", ["中试"]) == "a&lt;b<mark>中试</mark>b"


@pytest.mark.parametrize("count", [1, 30])
def test_queries_are_few_whatever_is_found(client, scene, count):
    for _number in range(count):
        scene.case()
    client.force_login(scene.lead_clerk)
    search(client, "概念验证")
    with CaptureQueriesContext(connection) as queries:
        found = search(client, "概念验证").context["groups"]
    [cases] = [group for group in found if group.label == "申报"]
    assert (len(cases.shown), cases.has_more) == (min(count, SHOWN), count > SHOWN)
    assert len(queries) <= 15, len(queries)
