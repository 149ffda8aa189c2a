"""Acts on several cases over their pages: shown before, each by its own verb, told after."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications.models import Letter, Transition
from portal.accounts.models import Role
from reviews import checking, consulting, proposing
from reviews.models import Opinion, Recommendation
from tests.factories import OrganisationFactory, person
from tests.reviews.cases import make_case, status_of
from tests.reviews.views.pages import post, told

pytestmark = pytest.mark.django_db


def many(office, count: int, at: str) -> list:
    return [make_case(office, at=at, invoices=0) for _number in range(count)]


def choose(client, user, act: str, *cases, query: str = ""):
    client.force_login(user)
    return client.get(
        reverse("review_batch") + query, {"act": act, "case": [case.uid for case in cases]}
    )


def ready(page) -> list:
    return [case for case, _seen in page.context["ready"]]


def sent(page) -> dict:
    """What the page would send."""
    text = page.content.decode()
    token = re.search(r'name="batch" value="([^"]+)"', text)[1]
    return {"batch": token, "case": re.findall(r'name="case" value="([^"]+)"', text)}


def do(client, user, act: str, *cases, **more):
    page = choose(client, user, act, *cases)
    answer = post(client, user, "review_batch", act=act, **sent(page), **more)
    assert answer.status_code == 302, told(answer)
    return client.get(answer.url)


def checked(office, *cases):
    for case in cases:
        checking.tick_rest(case, actor=office.lead_clerk)
    return cases


def outcome(page) -> tuple[int, list[str]]:
    return len(page.context["done"]), [row["why"] for row in page.context["left"]]


def test_a_list_is_recommended_under_one_opinion_each_case_by_itself(client, office):
    cases = many(office, 3, "recommendation")
    page = do(client, office.district_clerk, "recommend", *cases, opinion="同意推荐")
    assert outcome(page) == (3, [])
    assert [status_of(case) for case in cases] == ["formal_check"] * 3
    rows = Recommendation.objects.filter(application__in=cases)
    assert {(row.opinion, row.visited_on, row.made_by) for row in rows} == {
        ("同意推荐", None, office.district_clerk)
    }
    assert Transition.objects.filter(application__in=cases, action="recommend").count() == 3


def test_the_opinion_is_needed_and_the_choice_stays(client, office):
    cases = many(office, 2, "recommendation")
    page = choose(client, office.district_clerk, "recommend", *cases)
    wrong = post(client, office.district_clerk, "review_batch", act="recommend", **sent(page))
    assert wrong.status_code == 422
    assert "请填写推荐意见。" in told(wrong)
    assert sorted(sent(wrong)["case"]) == sorted(sent(page)["case"])
    assert {status_of(case) for case in cases} == {"recommendation"}


def test_only_what_was_checked_item_by_item_is_accepted(client, office):
    done, _open, failed = cases = many(office, 3, "formal_check")
    checked(office, done)
    checking.tick(failed, "staff", actor=office.lead_clerk, result="failed", note="缺 2 人")
    checked(office, failed)
    page = choose(client, office.lead_clerk, "accept", *cases)
    assert ready(page) == [done]
    assert "未核对。" in told(page)
    assert "有 1 项不符合" in told(page)
    page = do(client, office.lead_clerk, "accept", *cases)
    assert outcome(page) == (1, [])
    assert [status_of(case) for case in cases] == ["joint_review", "formal_check", "formal_check"]
    assert Letter.objects.filter(application__in=cases, kind="acceptance").count() == 1


def test_what_changed_since_is_refused_alone_and_told_with_its_reason(client, office):
    first, second = cases = checked(office, *many(office, 2, "formal_check"))
    page = choose(client, office.lead_clerk, "accept", *cases)
    proposing.draft(second, "refuse", actor=office.lead_clerk, reason="材料虚假")
    answer = post(client, office.lead_clerk, "review_batch", act="accept", **sent(page))
    result = client.get(answer.url)
    done, left = outcome(result)
    assert done == 1
    assert "待负责人审签" in left[0]
    assert "1 件已办理，1 件未办理。" in told(result)
    assert (status_of(first), status_of(second)) == ("joint_review", "formal_check")


def test_a_second_press_and_a_reload_do_nothing_more(client, office):
    cases = checked(office, *many(office, 2, "formal_check"))
    page = choose(client, office.lead_clerk, "accept", *cases)
    first = post(client, office.lead_clerk, "review_batch", act="accept", **sent(page))
    again = client.post(reverse("review_batch"), {"act": "accept", **sent(page)})
    assert again.url == first.url
    # From another window, that knows of no result: what the same person did is done.
    other = post(client, office.lead_clerk, "review_batch", act="accept", **sent(page))
    assert outcome(client.get(other.url)) == (2, [])
    assert Transition.objects.filter(application__in=cases, action="accept").count() == 2


def test_what_is_no_token_is_none_and_an_address_brings_no_old_one(client, office):
    cases = checked(office, *many(office, 2, "formal_check"))
    odd = sent(choose(client, office.lead_clerk, "accept", cases[0])) | {"batch": "a/b"}
    answer = post(client, office.lead_clerk, "review_batch", act="accept", **odd)
    assert outcome(client.get(answer.url)) == (1, [])
    first = {"act": "accept", "case": cases[1].uid, "batch": answer.url.rstrip("/").split("/")[-1]}
    client.force_login(office.lead_clerk)
    again = client.get(reverse("review_batch"), first)
    answer = post(client, office.lead_clerk, "review_batch", act="accept", **sent(again))
    assert outcome(client.get(answer.url)) == (1, [])
    assert [status_of(case) for case in cases] == ["joint_review"] * 2


def test_a_joint_review_ends_where_nobody_is_waited_for_or_against(client, office):
    agreed, against, waiting = cases = many(office, 3, "joint_review")
    for case in cases:
        consulting.start(case, actor=office.lead_clerk)
    for case, outcomes in (
        (agreed, ["no_objection"] * 2),
        (against, ["no_objection", "objection"]),
    ):
        for number, given in enumerate(outcomes):
            opinion = case.opinions.get(unit=office.co_units[number])
            consulting.give(opinion, actor=office.co_clerk(number), outcome=given, text="欠税")
    page = choose(client, office.lead_clerk, "conclude", *cases)
    assert ready(page) == [agreed]
    assert "请对每一条异议写明处理意见。" in told(page)
    assert "还有 2 家单位未反馈。" in told(page)
    assert outcome(do(client, office.lead_clerk, "conclude", *cases)) == (1, [])
    assert status_of(agreed) == "expert_review"
    assert status_of(waiting) == "joint_review"


def test_a_co_unit_has_nothing_against_many_and_overwrites_no_objection(client, office):
    cases = many(office, 3, "joint_review")
    for case in cases:
        consulting.start(case, actor=office.lead_clerk)
    user, unit = office.co_clerk(0), office.co_units[0]
    mine = cases[2].opinions.get(unit=unit)
    consulting.give(mine, actor=user, outcome="objection", text="欠税")
    page = choose(client, user, "consent", *cases)
    assert set(ready(page)) == set(cases[:2])
    # Sent all the same, it is refused.
    values = [f"{case.uid}.1" for case in cases]
    answer = post(client, user, "review_batch", act="consent", case=values, text="信用无异常")
    assert outcome(client.get(answer.url)) == (2, ["该事项已经办理过。"])
    found = Opinion.objects.filter(application__in=cases, unit=unit).order_by("application")
    assert [(row.outcome, row.text) for row in found] == [
        ("no_objection", "信用无异常"), ("no_objection", "信用无异常"), ("objection", "欠税"),
    ]  # fmt: skip


def test_a_case_of_others_is_neither_shown_nor_done(client, office):
    own, foreign = many(office, 2, "recommendation")
    stranger = person(Role.CLERK, unit=OrganisationFactory().district)
    page = choose(client, stranger, "recommend", own, foreign)
    assert own.organisation.name not in told(page)
    assert page.context["gone"] == 2
    values = [f"{case.uid}.{case.revision}" for case in (own, foreign)]
    answer = post(client, stranger, "review_batch", act="recommend", case=values, opinion="x")
    result = client.get(answer.url)
    assert outcome(result) == (0, ["没有这件申报，或不由您办理。"] * 2)
    assert own.organisation.name not in told(result)
    # Who sees the case without the part in it reads why.
    page = choose(client, office.lead_clerk, "recommend", own)
    assert ready(page) == []


def test_nothing_chosen_goes_back_to_the_list_at_its_place(client, office):
    client.force_login(office.lead_clerk)
    answer = client.get(reverse("review_batch"), {"act": "accept", "view": "soon", "q": "紫金"})
    assert answer.url == f"{reverse('review_inbox')}?view=soon&q=%E7%B4%AB%E9%87%91"
    assert "请先勾选要办理的申报。" in client.get(answer.url).content.decode()
    assert client.get(reverse("review_batch"), {"act": "pay"}).status_code == 404


def test_the_inbox_offers_what_the_stage_and_the_part_allow(client, office):
    make_case(office, at="recommendation")
    case = make_case(office, at="formal_check")
    consulting.start(make_case(office, at="joint_review"), actor=office.lead_clerk)
    make_case(office, at="selection")

    def acts(user, view="mine"):
        client.force_login(user)
        page = client.get(reverse("review_inbox"), {"view": view})
        return [batch.code for batch in page.context["batches"]], page.content.decode()

    assert acts(office.district_clerk)[0] == ["recommend"]
    offered, text = acts(office.lead_clerk)
    assert offered == ["accept", "conclude"]
    assert f'name="case" value="{case.uid}" form="batch"' in text
    # What no offered act is for has no box.
    assert text.count('class="cell-pick"') == 4
    assert text.count('form="batch"') == 2
    assert acts(office.co_clerk(0), "opinions")[0] == ["consent"]
    offered, text = acts(office.lead_head)
    assert offered == []
    assert 'name="case"' not in text


@pytest.mark.parametrize(
    ("act", "at", "who"),
    [
        ("recommend", "recommendation", "district_clerk"),
        ("accept", "formal_check", "lead_clerk"),
        ("conclude", "joint_review", "lead_clerk"),
    ],
)
def test_the_page_takes_as_many_queries_for_30_as_for_1(client, office, act, at, who):
    def queries(cases):
        choose(client, getattr(office, who), act, *cases)
        with CaptureQueriesContext(connection) as captured:
            page = client.get(
                reverse("review_batch"), {"act": act, "case": [case.uid for case in cases]}
            )
        assert len(page.context["ready"]) + len(page.context["refused"]) == len(cases)
        return len(captured), len(page.content)

    cases = many(office, 30, at)
    if at == "joint_review":
        for case in cases:
            consulting.start(case, actor=office.lead_clerk)
    (one, _bytes), (thirty, size) = queries(cases[:1]), queries(cases)
    assert one == thirty <= 15
    assert size < 100_000
