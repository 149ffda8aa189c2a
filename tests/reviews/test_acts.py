"""Acts from the pages: what is posted is done, what is refused says why and loses nothing."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from applications.models import Correction, Letter
from applications.workflow import move
from portal import clock as clocks
from portal.accounts.models import Role
from reviews import checking, consulting, findings, panels, proposing, verifying
from reviews.models import (
    CheckItem,
    Expert,
    Objection,
    Panel,
    Proposal,
    Recommendation,
    Scoring,
    Selection,
    Verification,
)
from tests.factories import person
from tests.reviews.cases import (
    add_invoice,
    at_day,
    fill_all,
    fill_sheet,
    make_case,
    make_office,
    make_pool,
    published,
    scoring_panel,
    selected,
    status_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


def post(client, user, route, *args, query: str = "", htmx: bool = False, **data):
    client.logout()
    if user is not None:
        client.force_login(user)
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(reverse(route, args=args) + query, data, headers=headers)


def told(page) -> str:
    """The error summary's and notices' words."""
    return page.content.decode()


# --- the desk's acts ------------------------------------------------------------------------


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


# --- ticks and findings ------------------------------------------------------------------------


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


# --- correction ------------------------------------------------------------------------------------


def flags(**more):
    return {
        "flag": ["team.full_time_staff", "files.audit"],
        "reason.team.full_time_staff": "与社保证明不符",
        "reason.files.audit": "未上传专项审计报告",
    } | more


def test_correction_is_previewed_before_it_is_sent(client, office):
    case = make_case(office)
    given = flags(seen=case.revision, step="preview")
    page = post(client, office.lead_clerk, "review_correction", case.uid, **given)
    assert page.status_code == 200
    assert "1. 专职人员：与社保证明不符" in told(page)
    assert "2. 专项审计报告：未上传专项审计报告" in told(page)
    assert Correction.objects.count() == 0
    page = post(
        client, office.lead_clerk, "review_correction", case.uid, **(given | {"step": "send"})
    )
    assert page.status_code == 302
    assert len(Correction.objects.get().flagged) == 2
    assert Letter.objects.get().kind == "correction"


def test_correction_names_rows_by_their_numbers(client, office):
    case = make_case(office)
    rows = {"rows.investment": ["1-2", ""], "rows-reason.investment": ["发票模糊", ""]}
    post(
        client, office.lead_clerk, "review_correction", case.uid,
        seen=case.revision, step="send", **rows,
    )  # fmt: skip
    uids = [row.uid for row in case.invoices.all()]
    assert [flag["path"] for flag in Correction.objects.get().flagged] == [
        f"investment.{uid}" for uid in uids
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "请至少勾选一处需要补正的内容。"),
        ({"flag": ["files.audit"]}, "专项审计报告：请写明补正要求。"),
        ({"rows.investment": ["9"], "rows-reason.investment": ["x"]}, "没有第 9 行。"),
        ({"rows.investment": ["1"], "rows-reason.investment": [" "]}, "请写明补正要求。"),
    ],
)
def test_correction_with_gaps_says_where(client, office, given, words):
    case = make_case(office)
    page = post(
        client, office.lead_clerk, "review_correction", case.uid,
        seen=case.revision, step="send", **given,
    )  # fmt: skip
    assert page.status_code == 422
    assert words in told(page)
    assert Correction.objects.count() == 0


def test_second_correction_locks_what_the_first_did_not_touch(client, office):
    case = make_case(office)
    given = flags(seen=case.revision, step="send")
    post(client, office.lead_clerk, "review_correction", case.uid, **given)
    move(case, "correct", actor=case.applicant)
    client.force_login(office.lead_clerk)
    page = client.get(reverse("review_correction", args=[case.uid]))
    places = {place.path: place for part in page.context["draft"].parts for place in part.places}
    assert places["files.audit"].is_locked is False
    assert places["files.licence"].is_locked is True
    case.refresh_from_db()
    page = post(
        client, office.lead_clerk, "review_correction", case.uid, seen=case.revision,
        step="send", flag=["files.licence"], **{"reason.files.licence": "过期"},
    )  # fmt: skip
    assert page.status_code == 422
    assert "再次补正只能涉及首次补正已指出的内容，下列内容不能新增：法人证照" in told(page)


# --- verification ---------------------------------------------------------------------------------------


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


# --- proposals --------------------------------------------------------------------------------------------


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


# --- experts ----------------------------------------------------------------------------------------------


def test_panel_from_draw_to_conclusion_over_its_pages(client, office):
    make_pool(8)
    case = make_case(office, at="expert_review")
    page = post(client, office.lead_clerk, "review_panel_draw", office.call.uid)
    assert page.status_code == 422
    post(client, office.lead_clerk, "review_panel_draw", office.call.uid, cases=[case.uid])
    panel = Panel.objects.get()
    post(client, office.lead_head, "review_panel_approve", panel.uid)
    page = post(client, office.lead_clerk, "review_panel_freeze", panel.uid)
    assert page.status_code == 422
    assert "还有 5 份评分表未提交。" in told(page)
    fill_all(panel, {case.pk: [("35", "50")] * 5})
    post(client, office.lead_clerk, "review_panel_freeze", panel.uid)
    sheet = panels.sheets(panel).first()
    post(client, office.lead_head, "review_panel_unlock", panel.uid, sheet=sheet.uid, reason="笔误")
    panel.refresh_from_db()
    assert panel.state == "scoring"
    fill_sheet(panels.sheets(panel).first(), ("35", "50"))
    post(client, office.lead_clerk, "review_panel_freeze", panel.uid)
    post(client, office.lead_clerk, "review_panel_conclude", panel.uid)
    assert status_of(case) == "verification"


def test_panel_is_discarded_with_a_reason_and_seats_are_replaced(client, office):
    case = make_case(office, at="expert_review")
    panel = scoring_panel(office, case)
    seat = panel.seats.order_by("order").first()
    page = post(client, office.lead_clerk, "review_seat_replace", panel.uid, seat.uid, reason="")
    assert page.status_code == 422
    post(client, office.lead_clerk, "review_seat_replace", panel.uid, seat.uid, reason="生病")
    seat.refresh_from_db()
    assert seat.state == "withdrawn"
    assert post(client, office.lead_head, "review_panel_discard", panel.uid).status_code == 422
    post(client, office.lead_head, "review_panel_discard", panel.uid, reason="领域不符")
    panel.refresh_from_db()
    assert panel.state == "discarded"


@pytest.fixture
def sheet(office) -> Scoring:
    return panels.sheets(scoring_panel(office, make_case(office, at="expert_review"))).first()


def test_sheet_is_saved_then_handed_in(client, sheet):
    user = sheet.seat.expert.user
    page = post(
        client, user, "review_sheet", sheet.uid, step="save",
        **{"score.fit": "35", "comment.fit": "", "score.team": "", "comment.team": ""},
    )  # fmt: skip
    assert page.status_code == 302
    sheet.refresh_from_db()
    assert sheet.scores["fit"]["score"] == "35.0"
    page = post(
        client, user, "review_sheet", sheet.uid, step="submit",
        **{"score.fit": "35", "score.team": "20", "comment.team": "", "opinion": "总体较好"},
    )  # fmt: skip
    assert page.status_code == 422
    assert "团队与治理：该分值须写明评语。" in told(page)
    post(
        client, user, "review_sheet", sheet.uid, step="submit",
        **{"score.fit": "35", "score.team": "20", "comment.team": "专职人员不足"},
    )  # fmt: skip
    sheet.refresh_from_db()
    assert sheet.submitted_at is not None


def test_sheet_with_a_wrong_score_keeps_what_was_typed(client, sheet):
    page = post(
        client, sheet.seat.expert.user, "review_sheet", sheet.uid, step="save",
        **{"score.fit": "41", "comment.fit": "很好", "score.team": "50"},
    )  # fmt: skip
    assert page.status_code == 422
    assert "分值在 0 与 40 之间。" in told(page)
    assert 'value="41"' in told(page)
    assert "很好" in told(page)


def test_autosave_saves_what_can_be_saved(client, sheet):
    page = post(
        client, sheet.seat.expert.user, "review_sheet_save", sheet.uid, htmx=True,
        **{"score.fit": "99", "comment.fit": "", "score.team": "50", "comment.team": "好"},
    )  # fmt: skip
    assert page.status_code == 422
    assert "分值在 0 与 40 之间。" in told(page)
    sheet.refresh_from_db()
    assert sheet.scores == {"team": {"score": "50.0", "comment": "好"}}
    page = post(
        client, sheet.seat.expert.user, "review_sheet_save", sheet.uid, htmx=True,
        **{"score.fit": "38", "comment.fit": ""},
    )  # fmt: skip
    assert page.status_code == 200
    assert "合计 88.0 分" in told(page)


def test_stepping_back_moves_a_reserve_up(client, office, sheet):
    user = sheet.seat.expert.user
    page = post(client, user, "review_sheet_conflict", sheet.uid)
    assert page.status_code == 422
    post(client, user, "review_sheet_conflict", sheet.uid, kind="kin")
    assert sheet.seat.panel.seats.filter(state="seated").count() == 5
    client.force_login(user)
    assert client.get(reverse("review_sheet", args=[sheet.uid])).status_code == 404


def test_expert_is_added_and_changed(client, office):
    user = person(Role.EXPERT)
    page = post(
        client, office.lead_clerk, "review_expert_add",
        email="nobody@example.org", employer="南京大学", fields_=["bio"],
    )  # fmt: skip
    assert page.status_code == 422
    assert "nobody@example.org 不是已启用的评审专家账号。" in told(page)
    post(
        client, office.lead_clerk, "review_expert_add",
        email=user.email, employer="南京大学", fields_=["bio"],
    )  # fmt: skip
    expert = Expert.objects.get(user=user)
    post(
        client, office.lead_clerk, "review_expert_change", expert.uid,
        employer="东南大学", fields_=["ai"],
    )  # fmt: skip
    expert.refresh_from_db()
    assert (expert.employer, expert.fields, expert.active) == ("东南大学", ["ai"], False)


# --- selection, notice, objection ---------------------------------------------------------------------------


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
