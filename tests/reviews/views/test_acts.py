"""The desk's acts: what is posted is done, what is refused says why and loses nothing."""

import html
import re

import pytest
from django.urls import reverse

from applications.models import Application
from applications.workflow import move
from portal.accounts.models import Role
from reviews import checking, consulting, findings, proposing
from reviews.models import (
    CheckItem,
    Proposal,
    Recommendation,
)
from tests.factories import person
from tests.reviews.cases import (
    add_invoice,
    make_case,
    make_office,
    status_of,
)
from tests.reviews.views.pages import post, told

pytestmark = pytest.mark.django_db


def test_recommend_goes_on_to_the_next_case_of_the_list(client, office):
    first = make_case(office, at="recommendation")
    second = make_case(office, at="recommendation")
    page = post(
        client, office.district_clerk, "review_recommend", first.uid, query="?view=mine",
        seen=first.revision, opinion="同意推荐", how="papers",
    )  # fmt: skip
    assert page.status_code == 302
    assert page["Location"] == f"/reviews/cases/{second.uid}/?view=mine&acted={first.uid}"
    assert status_of(first) == "formal_check"


def test_recommend_without_the_visits_record_keeps_what_was_typed(client, office):
    case = make_case(office, at="recommendation")
    page = post(
        client, office.district_clerk, "review_recommend", case.uid,
        seen=case.revision, opinion="同意推荐至牵头单位", how="visit", visitors="张三、李四",
    )  # fmt: skip
    assert page.status_code == 422
    assert "请填写核查日期。" in told(page)
    assert "请填写核查记录。" in told(page)
    assert "同意推荐至牵头单位" in told(page)
    assert "张三、李四" in told(page)
    assert "<title>错误：" in told(page)
    assert Recommendation.objects.count() == 0


def test_an_act_on_a_case_that_moved_says_what_changed(client, office):
    case = make_case(office)
    checking.tick_rest(case, actor=office.lead_clerk)
    seen = case.revision
    proposal = proposing.draft(case, "refuse", actor=office.lead_clerk, reason="x")
    proposing.send_back(proposal, actor=office.lead_head, note="再议")
    move(case, "withdraw", actor=case.applicant, note="另行申报")
    page = post(client, office.lead_clerk, "review_accept", case.uid, seen=seen)
    assert page.status_code == 422
    assert "已有变动" in told(page)
    assert "已撤回" in told(page)
    assert status_of(case) == "withdrawn"


def test_accept_with_open_items_says_how_many(client, office):
    case = make_case(office)
    page = post(client, office.lead_clerk, "review_accept", case.uid, seen=case.revision)
    assert page.status_code == 422
    assert "还有 3 项未核对。" in told(page)


def test_accept_asks_the_co_units(client, office):
    case = make_case(office)
    checking.tick_rest(case, actor=office.lead_clerk)
    page = post(client, office.lead_clerk, "review_accept", case.uid, seen=case.revision)
    assert page.status_code == 302
    assert status_of(case) == "joint_review"
    assert case.opinions.count() == 2


def test_refuse_from_the_desk_drafts_only(client, office):
    case = make_case(office)
    post(client, office.lead_clerk, "review_refuse", case.uid, seen=case.revision, reason="不在宁")
    assert status_of(case) == "formal_check"
    assert Proposal.objects.get().reason == "不在宁"


def test_opinion_and_conclusion(client):
    office = make_office(co_units=1)
    case = make_case(office, at="joint_review")
    consulting.start(case, actor=office.lead_clerk)
    page = post(
        client, office.co_clerk(0), "review_opinion", case.uid,
        seen=case.revision, outcome="objection", text="",
    )  # fmt: skip
    assert page.status_code == 422
    assert "请写明事实和依据。" in told(page)
    post(
        client, office.co_clerk(0), "review_opinion", case.uid,
        seen=case.revision, outcome="objection", text="欠税未清",
    )  # fmt: skip
    opinion = case.opinions.get()
    assert (opinion.outcome, opinion.text) == ("objection", "欠税未清")
    page = post(client, office.lead_clerk, "review_conclude", case.uid, seen=case.revision)
    assert page.status_code == 422
    answer = {f"answer_{opinion.uid}": "已补缴"}
    post(client, office.lead_clerk, "review_conclude", case.uid, seen=case.revision, **answer)
    assert status_of(case) == "expert_review"


def test_tick_by_htmx_gives_the_row_and_the_count(client, office):
    case = make_case(office)
    page = post(
        client, office.lead_clerk, "review_tick", case.uid, "staff", htmx=True, result="passed"
    )
    assert page.status_code == 200
    assert "<html" not in told(page)
    assert 'id="settled" hx-swap-oob="true">1/3<' in told(page)
    assert CheckItem.objects.get().result == "passed"


def test_tick_as_failed_without_a_note_says_so_beside_the_field(client, office):
    case = make_case(office)
    for htmx in (True, False):
        page = post(
            client, office.lead_clerk, "review_tick", case.uid, "staff", htmx=htmx,
            result="failed", note=" ",
        )  # fmt: skip
        assert page.status_code == 422
        assert 'id="e-staff">请填写理由。<' in told(page)
    assert CheckItem.objects.count() == 0


def test_tick_keeps_the_page_of_the_open_document(client, office):
    case = make_case(office)
    file = case.attachments.get(slot="social_insurance")
    post(
        client, office.lead_clerk, "review_tick", case.uid, "staff",
        query=f"?doc={file.uid}", result="passed", attachment=file.uid, page="2",
    )  # fmt: skip
    client.force_login(office.lead_clerk)
    page = client.get(reverse("review_desk", args=[case.uid]))
    assert f"doc={file.uid}&amp;page=2" in told(page)
    assert "社保证明 第 2 页" in told(page)


def test_finding_without_a_reason_keeps_the_panel_open(client, office):
    case = make_case(office)
    add_invoice(case, related_party=True)
    key = findings.current(case)[0].key
    page = post(
        client, office.lead_clerk, "review_finding", case.uid, query="?tab=findings",
        key=key, state="dismissed", reason="",
    )  # fmt: skip
    assert page.status_code == 422
    assert "请写明核实情况。" in told(page)
    post(
        client, office.lead_clerk, "review_finding", case.uid, query="?tab=findings",
        key=key, state="confirmed", reason="关联属实，予以剔除",
    )  # fmt: skip
    assert findings.open_ones(case) == []


def hidden(page, name: str) -> str:
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', told(page))[1])


def test_a_colleagues_opinion_is_not_replaced_unseen(client, office):
    case = make_case(office, at="joint_review")
    consulting.start(case, actor=office.lead_clerk)
    user, colleague = office.co_clerk(0), person(Role.CLERK, unit=office.co_units[0])
    first = case.opinions.get(unit=office.co_units[0])
    consulting.give(first, actor=colleague, outcome="objection", text="欠税未清")
    stale = {"seen": case.revision, "given": "", "outcome": "no_objection", "text": "无异议"}
    page = post(client, user, "review_opinion", case.uid, **stale)
    assert page.status_code == 422
    assert f"{colleague} 已于" in told(page)
    assert "反馈“有异议”，您的意见尚未保存" in told(page)
    assert "无异议</textarea>" in told(page)
    first.refresh_from_db()
    assert (first.outcome, first.text) == ("objection", "欠税未清")
    # Told of it, the same person may still say otherwise.
    informed = stale | {"given": hidden(page, "given")}
    assert post(client, user, "review_opinion", case.uid, **informed).status_code == 302
    first.refresh_from_db()
    assert first.outcome == "no_objection"


def test_an_answer_is_to_the_words_that_the_page_showed(client, office):
    case = make_case(office, at="joint_review")
    consulting.start(case, actor=office.lead_clerk)
    first, second = (case.opinions.get(unit=unit) for unit in office.co_units)
    consulting.give(first, actor=office.co_clerk(0), outcome="objection", text="欠税未清")
    consulting.give(second, actor=office.co_clerk(1), outcome="no_objection")
    client.force_login(office.lead_clerk)
    page = client.get(reverse("review_desk", args=[case.uid]) + "?act=conclude")
    mark = f"given_{first.uid}"
    shown = hidden(page, mark)
    consulting.give(first, actor=office.co_clerk(0), outcome="objection", text="另欠社保")
    stale = {"seen": case.revision, f"answer_{first.uid}": "税款已补缴", mark: shown}
    page = post(client, office.lead_clerk, "review_conclude", case.uid, **stale)
    assert page.status_code == 422
    assert "内容在您打开之后已被他人修改" in told(page)
    assert "另欠社保" in told(page)
    assert "税款已补缴</textarea>" in told(page)
    assert status_of(case) == "joint_review"
    informed = stale | {mark: hidden(page, mark)}
    assert (
        post(client, office.lead_clerk, "review_conclude", case.uid, **informed).status_code == 302
    )
    first.refresh_from_db()
    assert (first.text, first.answer) == ("另欠社保", "税款已补缴")


def test_an_act_refused_because_the_case_changed_is_done_once_the_change_was_told(client, office):
    case = make_case(office, at="recommendation")
    stale = {"seen": case.revision, "reason": "缺审计报告"}
    Application.objects.filter(pk=case.pk).update(revision=case.revision + 1)
    page = post(client, office.district_clerk, "review_return", case.uid, **stale)
    assert page.status_code == 422
    assert "缺审计报告" in told(page)
    assert status_of(case) == "recommendation"
    stale["seen"] = hidden(page, "seen")
    assert (
        post(client, office.district_clerk, "review_return", case.uid, **stale).status_code == 302
    )
    assert status_of(case) == "returned"
