"""The district recommends, returns, or has its head decline."""

from datetime import timedelta

import pytest
from django.urls import reverse

from portal import clock
from portal.accounts.models import Role
from reviews import proposing, recommending
from reviews.models import Finding, Recommendation
from reviews.recommending import Visit
from reviews.refusals import Refused
from tests.factories import person
from tests.reviews.cases import add_invoice, make_case, make_office, status_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def case(office):
    return make_case(office, at="recommendation")


def test_recommend_keeps_the_visit_and_moves_the_case_on(office, case):
    visit = Visit(clock.today(), "张三、李四", "场地 800 平方米，设备到位")
    recommending.recommend(
        case, actor=office.district_clerk, opinion="情况属实，同意推荐", visit=visit
    )
    row = Recommendation.objects.get()
    assert (row.outcome, row.visited_on, row.visitors) == ("recommended", visit.on, "张三、李四")
    assert status_of(case) == "formal_check"
    assert case.transitions.last().unit == office.district


def test_recommend_on_the_papers_alone_has_no_visit(office, case):
    recommending.recommend(case, actor=office.district_clerk, opinion="同意推荐")
    assert Recommendation.objects.get().visited_on is None


@pytest.mark.parametrize(
    ("opinion", "visit", "reason"),
    [
        (" ", None, "reason_missing"),
        ("同意", ("", "张三", ""), "visit_incomplete"),
        ("同意", ("", " ", "记录"), "visit_incomplete"),
        ("同意", ("tomorrow", "张三", "记录"), "visit_date"),
    ],
)
def test_recommend_with_gaps_is_refused(office, case, opinion, visit, reason):
    if visit is not None:
        day = clock.today() + timedelta(days=visit[0] == "tomorrow")
        visit = Visit(day, visit[1], visit[2])
    with pytest.raises(Refused) as refused:
        recommending.recommend(case, actor=office.district_clerk, opinion=opinion, visit=visit)
    assert refused.value.reason == reason
    assert status_of(case) == "recommendation"


@pytest.mark.parametrize("who", ["district_head", "lead_clerk", "stranger"])
def test_recommend_by_another_than_the_districts_clerk_is_refused(office, case, who):
    with pytest.raises(Refused) as refused:
        recommending.recommend(case, actor=getattr(office, who), opinion="同意")
    assert refused.value.reason == "role"


def test_recommend_keeps_what_was_found(office, case):
    other = make_case(office, at="formal_check")
    add_invoice(case, invoice_no=other.invoices.first().invoice_no)
    recommending.recommend(case, actor=office.district_clerk, opinion="同意")
    assert "same_invoice" in set(Finding.objects.values_list("kind", flat=True))


def test_return_gives_the_case_back_with_its_reason(office, case):
    with pytest.raises(Refused) as refused:
        recommending.return_to_applicant(case, actor=office.district_clerk, reason="")
    assert refused.value.reason == "reason_missing"
    recommending.return_to_applicant(case, actor=office.district_clerk, reason="场地证明过期")
    case.refresh_from_db()
    assert (case.status, case.holder_unit) == ("returned", None)
    assert case.transitions.last().public_note == "场地证明过期"
    assert Recommendation.objects.get().outcome == "returned"


def test_decline_is_drafted_by_the_clerk_and_released_by_the_head(office, case):
    proposal = proposing.draft(case, "decline", actor=office.district_clerk, reason="不在本区实施")
    assert status_of(case) == "recommendation"
    assert proposal.unit == office.district
    proposing.release(proposal, actor=office.district_head)
    assert status_of(case) == "not_recommended"
    row = Recommendation.objects.get()
    assert (row.outcome, row.opinion) == ("not_recommended", "不在本区实施")


def test_recommend_past_a_pending_decline_is_refused(office, case):
    proposing.draft(case, "decline", actor=office.district_clerk, reason="不在本区实施")
    with pytest.raises(Refused) as refused:
        recommending.recommend(case, actor=office.district_clerk, opinion="同意")
    assert (refused.value.reason, refused.value.facts["action"]) == ("proposal_pending", "decline")


def test_the_applicant_reads_at_once_why_the_case_came_back(client, office, case):
    reason = "请补充近一年服务成效数据。"
    recommending.return_to_applicant(case, actor=office.district_clerk, reason=reason)
    client.force_login(person(Role.FILLER, organisation=case.organisation))
    for route in ("application_case", "application_workspace"):
        page = client.get(reverse(route, args=[case.uid]))
        assert page.context["returned_because"] == reason
        assert f"退回意见</strong>：{reason}" in page.content.decode() or (
            f"退回意见：{reason}" in page.content.decode()
        )
