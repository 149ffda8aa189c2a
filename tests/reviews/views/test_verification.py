"""Verification and proposals: drafted by one, released or sent back by another."""

import html
import re

import pytest
from django.urls import reverse

from applications.workflow import move
from portal.accounts.models import Role
from reviews import proposing, verifying
from reviews.models import (
    Verification,
)
from tests.factories import person
from tests.reviews.cases import (
    make_case,
    status_of,
)
from tests.reviews.views.pages import post, told

pytestmark = pytest.mark.django_db


def test_verification_is_drafted_and_released_from_its_pages(client, office):
    case = make_case(office, at="verification")
    first, second = case.invoices.all()
    rows = {
        f"amount.{first.uid}": "1,000,000.00", f"reason.{first.uid}": "设备未到场",
        f"amount.{second.uid}": "1130000.00", f"reason.{second.uid}": "",
    }  # fmt: skip
    page = post(
        client, office.lead_clerk, "review_verification", case.uid,
        seen=case.revision, note="核减一台", **rows,
    )  # fmt: skip
    assert page.status_code == 302
    draft = Verification.objects.get()
    assert str(draft.verified_cny) == "2130000.00"
    page = post(
        client, office.lead_head, "review_verification_released", draft.uid,
        drafted_at=draft.drafted_at.isoformat(),
    )  # fmt: skip
    assert page.status_code == 302
    assert status_of(case) == "selection"


def test_verification_with_a_wrong_row_keeps_the_table(client, office):
    case = make_case(office, at="verification")
    first, second = case.invoices.all()
    page = post(
        client, office.lead_clerk, "review_verification", case.uid, seen=case.revision,
        **{f"amount.{first.uid}": "1000000", f"reason.{first.uid}": "",
           f"amount.{second.uid}": "1130000.00", f"reason.{second.uid}": "保留"},
    )  # fmt: skip
    assert page.status_code == 422
    assert "第 1 行少于可计入数额，请写明核减原因。" in told(page)
    assert 'value="1000000"' in told(page)
    assert "保留" in told(page)


def test_verification_sum_follows_what_is_typed(client, office):
    case = make_case(office, at="verification")
    first = case.invoices.first()
    page = post(
        client, office.lead_clerk, "review_verification_sum", case.uid, htmx=True,
        **{f"amount.{first.uid}": "130000", f"reason.{first.uid}": "x"},
    )  # fmt: skip
    assert "¥378,000.00" in told(page)


def test_head_sends_a_verification_back_with_a_reason(client, office):
    case = make_case(office, at="verification")
    draft = verifying.draft(case, actor=office.lead_clerk, given={}, note="")
    page = post(client, office.lead_head, "review_verification_back", draft.uid, note="")
    assert page.status_code == 422
    post(client, office.lead_head, "review_verification_back", draft.uid, note="附依据")
    draft.refresh_from_db()
    assert (draft.state, draft.sent_back_note) == ("sent_back", "附依据")


def test_head_releases_or_sends_back_a_proposal(client, office):
    first, second = make_case(office), make_case(office)
    one = proposing.draft(first, "refuse", actor=office.lead_clerk, reason="不在宁")
    two = proposing.draft(second, "refuse", actor=office.lead_clerk, reason="不在宁")
    page = post(client, office.lead_head, "review_proposal_release", one.uid)
    assert page["Location"] == "/reviews/release/"
    assert status_of(first) == "refused"
    assert (
        post(client, office.lead_head, "review_proposal_back", two.uid, note="").status_code == 422
    )
    post(client, office.lead_head, "review_proposal_back", two.uid, note="再议")
    assert status_of(second) == "formal_check"


def test_release_of_a_stale_proposal_says_what_changed(client, office):
    case = make_case(office)
    proposal = proposing.draft(case, "refuse", actor=office.lead_clerk, reason="x")
    move(case, "withdraw", actor=case.applicant, note="另行申报")
    client.force_login(office.lead_head)
    page = client.get(reverse("review_proposal", args=[proposal.uid]))
    assert page.context["is_stale"] is True
    page = post(client, office.lead_head, "review_proposal_release", proposal.uid)
    assert page.status_code == 422
    assert "已撤回" in told(page)


def test_a_draft_made_since_is_told_before_it_is_replaced(client, office):
    """A second tab, or Back after drafting: the page knows of no draft."""
    case = make_case(office, at="verification")
    colleague = person(Role.CLERK, unit=office.lead)
    verifying.draft(case, actor=colleague, given={}, note="甲稿")
    stale = {"seen": case.revision, "draft": "", "note": "乙稿"}
    page = post(client, office.lead_clerk, "review_verification", case.uid, **stale)
    assert page.status_code == 422
    assert f"{colleague} 已于" in told(page)
    assert "您的内容尚未保存；核对后再次提交将替换该稿。" in told(page)
    assert "乙稿</textarea>" in told(page)
    assert Verification.objects.get().note == "甲稿"
    mark = html.unescape(re.search(r'name="draft" value="([^"]+)"', told(page))[1])
    informed = stale | {"draft": mark}
    answer = post(client, office.lead_clerk, "review_verification", case.uid, **informed)
    assert answer.status_code == 302
    assert Verification.objects.get().note == "乙稿"
