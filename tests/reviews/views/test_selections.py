"""Selection, public notice and objections over their pages."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from portal import clock as clocks
from reviews.models import (
    Objection,
    Proposal,
    Selection,
)
from tests.reviews.cases import (
    at_day,
    make_case,
    published,
    selected,
    status_of,
)
from tests.reviews.views.pages import post, told

pytestmark = pytest.mark.django_db


def test_selection_is_drafted_summed_and_sent_back(client, office):
    case = make_case(office, at="selection")
    rows = {f"outcome.{case.uid}": "support", f"amount.{case.uid}": "600,000.00"}
    fields = {"title": "第 1 次会议", "met_on": clocks.today().isoformat(), "minutes": "纪要"}
    page = post(
        client, office.lead_clerk, "review_selection_sum", office.call.uid, htmx=True, **rows
    )
    assert "拟支持 1 个" in told(page)
    assert "¥600,000.00" in told(page)
    post(client, office.lead_clerk, "review_selection_draft", office.call.uid, **fields, **rows)
    selection = Selection.objects.get()
    assert str(selection.items.get().recommended_cny) == "600000.00"
    post(client, office.lead_head, "review_selection_back", selection.uid, note="再核")
    selection.refresh_from_db()
    rows[f"amount.{case.uid}"] = "500000"
    page = post(
        client, office.lead_clerk, "review_selection_edit", selection.uid,
        seen=selection.revision, **fields, **rows,
    )  # fmt: skip
    assert page.status_code == 302
    assert str(selection.items.get().recommended_cny) == "500000.00"


@pytest.mark.parametrize(
    ("outcome", "amount", "words"),
    [
        ("support", "viel", "金额填写有误"),
        ("support", "99999999", "下列项目的金额须大于 0 且不超过可支持的最高额"),
        ("reject", "0", "下列项目须写明理由"),
        ("", "0", "请至少选择一个项目。"),
    ],
)
def test_selection_with_a_wrong_row_keeps_the_table(client, office, outcome, amount, words):
    case = make_case(office, at="selection")
    page = post(
        client, office.lead_clerk, "review_selection_draft", office.call.uid,
        title="会", met_on=clocks.today().isoformat(), minutes="",
        **{f"outcome.{case.uid}": outcome, f"amount.{case.uid}": amount},
    )  # fmt: skip
    assert page.status_code == 422
    assert words in told(page)
    assert f'value="{amount}"' in told(page)
    assert Selection.objects.count() == 0


def test_notice_is_published_objected_to_and_decided(client, office, clock):
    clock.set(at_day(date(2026, 3, 6)))
    case = make_case(office, at="public_notice")
    selection = selected(office, case)
    page = post(
        client, office.lead_clerk, "review_selection_publish", selection.uid,
        title="公示", text="现予公示", contact="025-1",
    )  # fmt: skip
    notice = selection.public_notice
    assert page["Location"] == f"/reviews/notices/{notice.uid}/"
    clock.set(at_day(notice.starts_on))
    given = {"signed_as": "person", "signatory": "", "contact": "1", "text": "投入不实"}
    page = post(client, None, "review_objection_file", notice.uid, case.uid, **given)
    assert page.status_code == 422
    assert "请署真实姓名或单位名称。" in told(page)
    assert "投入不实" in told(page)
    given["signatory"] = "周某"
    post(client, None, "review_objection_file", notice.uid, case.uid, **given)
    objection = Objection.objects.get()
    assert objection.filed_by is None
    post(client, office.lead_clerk, "review_objection_accept", objection.uid)
    assert status_of(case) == "objection"
    case.refresh_from_db()
    page = post(
        client, office.lead_clerk, "review_objection_decide", objection.uid,
        seen=case.revision, upheld="no", conclusion="",
    )  # fmt: skip
    assert page.status_code == 422
    post(
        client, office.lead_clerk, "review_objection_decide", objection.uid,
        seen=case.revision, upheld="no", conclusion="经核实，投入属实",
    )  # fmt: skip
    post(client, office.lead_head, "review_proposal_release", Proposal.objects.get().uid)
    assert status_of(case) == "public_notice"
    page = post(client, office.lead_clerk, "review_notice_close", notice.uid)
    assert page.status_code == 422
    clock.set(at_day(notice.ends_on + timedelta(days=1)))
    post(client, office.lead_clerk, "review_notice_close", notice.uid)
    assert status_of(case) == "decision"


def test_one_signatory_files_three_objections_an_hour_and_locks_nobody_out(client, office, clock):
    clock.set(at_day(date(2026, 3, 6)))
    case = make_case(office, at="public_notice")
    notice = published(office, case)
    clock.set(at_day(notice.starts_on))

    def file(contact):
        given = {"signed_as": "person", "signatory": "周", "contact": contact, "text": "x"}
        return post(client, None, "review_objection_file", notice.uid, case.uid, **given)

    assert [file("139").status_code for _index in range(4)] == [302, 302, 302, 422]
    assert file("138").status_code == 302
    assert Objection.objects.count() == 4


def test_upheld_objection_is_released_where_the_money_is_freed(client, office, clock):
    clock.set(at_day(date(2026, 3, 6)))
    case = make_case(office, at="public_notice")
    notice = published(office, case)
    clock.set(at_day(notice.starts_on))
    post(
        client, None, "review_objection_file", notice.uid, case.uid,
        signed_as="person", signatory="周", contact="1", text="x",
    )  # fmt: skip
    objection = Objection.objects.get()
    post(client, office.lead_clerk, "review_objection_accept", objection.uid)
    case.refresh_from_db()
    post(
        client, office.lead_clerk, "review_objection_decide", objection.uid,
        seen=case.revision, upheld="yes", conclusion="投入不实",
    )  # fmt: skip
    proposal = Proposal.objects.get()
    client.force_login(office.lead_head)
    page = client.get(reverse("review_proposal", args=[proposal.uid]))
    assert page.context["release_url"] == f"/awards/proposals/{proposal.uid}/release/"
    assert (
        post(client, office.lead_head, "review_proposal_release", proposal.uid).status_code == 422
    )
    post(client, office.lead_head, "award_proposal_release", proposal.uid)
    assert status_of(case) == "cancelled"
