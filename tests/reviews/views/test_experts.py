"""Panels and score sheets over their pages."""

import html
import re

import pytest
from django.urls import reverse

from portal.accounts.models import Role
from reviews import panels
from reviews.models import (
    Expert,
    Panel,
    Scoring,
)
from tests.factories import person
from tests.reviews.cases import (
    fill_all,
    fill_sheet,
    make_case,
    make_pool,
    scoring_panel,
    status_of,
)
from tests.reviews.views.pages import post, told

pytestmark = pytest.mark.django_db


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


def hidden(client, user, sheet) -> dict[str, str]:
    """What a page of the sheet, opened now, sends of itself."""
    client.force_login(user)
    text = client.get(reverse("review_sheet", args=[sheet.uid])).content.decode()
    found = re.findall(r'name="(_page|_seen)" value="([^"]*)"', text)
    return {name: html.unescape(value) for name, value in found}


def test_a_late_autosave_is_told_to_press_save_and_changes_nothing(client, sheet):
    user = sheet.seat.expert.user
    page = hidden(client, user, sheet)
    post(client, user, "review_sheet", sheet.uid, step="save", **page, **{"score.fit": "35"})
    late = post(
        client, user, "review_sheet_save", sheet.uid, htmx=True, **page, **{"score.fit": "3"}
    )
    assert late.status_code == 422
    assert "本页已保存过；之后的改动尚未保存，请按“保存”。" in told(late)
    sheet.refresh_from_db()
    assert sheet.scores["fit"]["score"] == "35.0"


def test_a_stale_second_tab_shows_both_and_saves_once_chosen(client, sheet):
    user = sheet.seat.expert.user
    first, second = hidden(client, user, sheet), hidden(client, user, sheet)
    post(
        client, user, "review_sheet", sheet.uid, step="save", **first,
        **{"score.fit": "35", "comment.fit": "先存", "opinion": "支持"},
    )  # fmt: skip
    typed = {"score.fit": "3", "comment.fit": "后填", "score.team": "50", "opinion": ""}
    late = post(client, user, "review_sheet_save", sheet.uid, htmx=True, **second, **typed)
    assert late.status_code == 422
    assert "（分值）：另一页面已于" in told(late)
    assert "存为“35”，未被覆盖。" in told(late)
    assert "另一页面另改 1 处，刷新后显示" in told(late)
    page = post(client, user, "review_sheet", sheet.uid, step="submit", **second, **typed)
    text = told(page)
    assert page.status_code == 422
    assert 'value="3"' in text
    assert "后填" in text
    assert '<dd class="preserve">先存</dd>' in text
    assert ">支持</textarea>" in text
    assert "hx-post" not in text
    sheet.refresh_from_db()
    assert (sheet.scores["fit"]["score"], sheet.scores["team"]["score"]) == ("35.0", "50.0")
    found = re.findall(r'name="(_page|_seen)" value="([^"]*)"', text)
    chosen = {name: html.unescape(value) for name, value in found}
    post(
        client, user, "review_sheet", sheet.uid, step="save", **chosen,
        **typed | {"opinion": "支持"},
    )  # fmt: skip
    sheet.refresh_from_db()
    assert sheet.scores["fit"] == {"score": "3.0", "comment": "后填"}
    assert sheet.opinion == "支持"


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
