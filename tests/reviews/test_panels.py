"""Panels: drawn by one, approved by another, without conflicts, frozen before they are seen."""

from decimal import Decimal as D

import pytest
from django.db import IntegrityError, transaction

from applications.models import Application
from applications.workflow import add_party, move
from portal.accounts import memberships
from portal.accounts.models import Role
from portal.audit.models import Event
from portal.audit.recording import record
from portal.notices.models import Notice
from reviews import panels, scoring
from reviews.models import Conflict, Expert, Panel, PanelCase, Scoring, Seat
from reviews.refusals import Refused
from tests.factories import MembershipFactory, person
from tests.reviews.cases import (
    fill_all,
    fill_sheet,
    make_case,
    make_expert,
    make_office,
    make_pool,
    parties,
    scoring_panel,
    status_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


def in_review(office, **more) -> Application:
    return make_case(office, at="expert_review", **more)


def seats(panel, state) -> list[Seat]:
    return list(panel.seats.filter(state=state).select_related("expert__user").order_by("order"))


# --- draw ----------------------------------------------------------------------------


def test_draw_seats_experts_and_reserves_by_the_stage(office):
    make_pool(8)
    case = in_review(office)
    panel = panels.draw(office.call, cases=[case], actor=office.lead_clerk)
    assert (panel.state, panel.size) == ("drawn", 5)
    assert [seat.code for seat in seats(panel, "seated")] == list("ABCDE")
    assert [seat.code for seat in seats(panel, "reserve")] == list("FG")
    assert [row.application for row in panel.cases.all()] == [case]
    assert Scoring.objects.count() == 0
    assert parties(case, "expert") == set()


def test_draw_logs_seed_pool_and_result_and_replays(office):
    make_pool(9)
    panel = panels.draw(office.call, cases=[in_review(office)], actor=office.lead_clerk)
    event = Event.objects.get(action="panel.draw")
    assert event.data["seed"] == panel.seed
    assert len(panel.seed) == 32
    assert len(event.data["pool"]["experts"]) == 9
    assert event.data["result"] == panel.result
    assert panels.replay(panel) is True
    panel.result["seats"][0], panel.result["seats"][1] = (
        panel.result["seats"][1],
        panel.result["seats"][0],
    )
    assert panels.replay(panel) is False


def test_draw_is_stratified_by_the_cases_fields(office):
    make_pool(12)
    cases = [
        in_review(office, answers={"team": {"fields": ["ai"]}}),
        in_review(office, answers={"team": {"fields": ["ai", "bio"]}}),
    ]
    panel = panels.draw(office.call, cases=cases, actor=office.lead_clerk)
    assert panel.pool["demand"] == {"ai": 2, "bio": 1}
    fields = [seat.expert.fields for seat in seats(panel, "seated")]
    assert sorted(fields) == [["ai"]] * 3 + [["bio"]] * 2


@pytest.mark.parametrize("kind", ["employer", "member", "named", "official", "declared"])
def test_draw_leaves_out_conflicts_and_says_why(office, kind):
    make_pool(6)
    case = in_review(office)
    other = in_review(office, answers={"team": {"avoid_experts": "赵 评审、钱某（竞争单位）"}})
    expert = make_expert(name="赵评审" if kind == "named" else "孙评审")
    if kind == "employer":
        Expert.objects.filter(pk=expert.pk).update(employer_uscc=case.organisation.uscc)
    if kind == "member":
        move(case, "withdraw", actor=case.applicant, note="x")
        case = in_review(office)

        MembershipFactory(user=expert.user, role=Role.FILLER, organisation=case.organisation)
    if kind == "official":
        MembershipFactory(user=expert.user, role=Role.CLERK, unit=office.district)
    if kind == "declared":
        Conflict.objects.create(
            application=case, expert=expert, kind="kin", declared_at=case.submitted_at
        )
    panel = panels.draw(office.call, cases=[case, other], actor=office.lead_clerk)
    assert not panel.seats.filter(expert=expert).exists()
    row = next(row for row in panel.pool["experts"] if row["uid"] == expert.uid)
    assert row["excluded"] == kind


def test_draw_takes_a_name_only_where_it_stands_alone(office):
    make_pool(5)
    case = in_review(office, answers={"team": {"avoid_experts": "赵评审员"}})
    expert = make_expert(name="赵评审")
    panel = panels.draw(office.call, cases=[case], actor=office.lead_clerk)
    row = next(row for row in panel.pool["experts"] if row["uid"] == expert.uid)
    assert row["excluded"] == ""


@pytest.mark.parametrize("how", ["inactive", "role ended", "account disabled"])
def test_draw_takes_only_active_experts(office, how):
    make_pool(5)
    expert = make_expert()
    if how == "inactive":
        Expert.objects.filter(pk=expert.pk).update(active=False)
    if how == "role ended":
        memberships.end(expert.user.memberships.get(), actor="system:test", reason="离任")
    if how == "account disabled":
        type(expert.user).objects.filter(pk=expert.user.pk).update(is_active=False)
        states = {"from_state": "active", "to_state": "disabled"}
        record("user.disable", obj=expert.user, actor="system:test", **states)
    panel = panels.draw(office.call, cases=[in_review(office)], actor=office.lead_clerk)
    assert expert.uid not in {row["uid"] for row in panel.pool["experts"]}


def test_draw_from_too_small_a_pool_says_how_many_there_are(office):
    make_pool(4)
    with pytest.raises(Refused) as refused:
        panels.draw(office.call, cases=[in_review(office)], actor=office.lead_clerk)
    assert refused.value.reason == "too_few_experts"
    assert refused.value.facts == {"wanted": 5, "available": 4}
    assert Panel.objects.count() == 0


def test_draw_refuses_a_case_elsewhere_and_a_case_twice(office):
    make_pool(8)
    early, case = make_case(office, at="joint_review"), in_review(office)
    with pytest.raises(Refused) as refused:
        panels.draw(office.call, cases=[case, early], actor=office.lead_clerk)
    assert refused.value.facts == {"numbers": [early.number]}
    panels.draw(office.call, cases=[case], actor=office.lead_clerk)
    with pytest.raises(Refused) as refused:
        panels.draw(office.call, cases=[case], actor=office.lead_clerk)
    assert (refused.value.reason, refused.value.facts["numbers"]) == ("in_panel", [case.number])
    with pytest.raises(Refused) as refused:
        panels.draw(office.call, cases=[], actor=office.lead_clerk)
    assert refused.value.reason == "no_cases"


@pytest.mark.parametrize("who", ["lead_head", "district_clerk", "stranger"])
def test_draw_by_another_than_the_lead_clerk_is_refused(office, who):
    make_pool(8)
    with pytest.raises(Refused) as refused:
        panels.draw(office.call, cases=[in_review(office)], actor=getattr(office, who))
    assert refused.value.reason == "role"


# --- approve ---------------------------------------------------------------------------


def test_approve_opens_the_cases_to_the_seated_and_tells_them(office):
    make_pool(8)
    case = in_review(office)
    panel = panels.draw(office.call, cases=[case], actor=office.lead_clerk)
    panels.approve(panel, actor=office.lead_head)
    panel.refresh_from_db()
    assert (panel.state, panel.approved_by) == ("scoring", office.lead_head)
    assert panel.due_on is not None
    seated = {seat.expert.user.uid for seat in seats(panel, "seated")}
    assert parties(case, "expert") == seated
    assert Scoring.objects.filter(application=case).count() == 5
    told = Notice.objects.filter(dedupe_key__startswith="panel:")
    assert {notice.recipient.uid for notice in told} == seated


def test_approve_by_whoever_drew_is_refused_also_by_the_database(office):
    make_pool(8)
    both = person(Role.CLERK, unit=office.lead)

    MembershipFactory(user=both, role=Role.HEAD, unit=office.lead)
    panel = panels.draw(office.call, cases=[in_review(office)], actor=both)
    with pytest.raises(Refused) as refused:
        panels.approve(panel, actor=both)
    assert refused.value.reason == "same_person"
    with pytest.raises(IntegrityError, match="panel_two_people"), transaction.atomic():
        Panel.objects.filter(pk=panel.pk).update(
            state="scoring", approved_by=both, approved_at=panel.drawn_at
        )


def test_approve_by_a_clerk_is_refused(office):
    make_pool(8)
    panel = panels.draw(office.call, cases=[in_review(office)], actor=office.lead_clerk)
    with pytest.raises(Refused) as refused:
        panels.approve(panel, actor=person(Role.CLERK, unit=office.lead))
    assert refused.value.reason == "role"


def test_discard_frees_the_cases_and_keeps_the_draw(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    with pytest.raises(Refused) as refused:
        panels.discard(panel, actor=office.lead_head, reason=" ")
    assert refused.value.reason == "reason_missing"
    panels.discard(panel, actor=office.lead_head, reason="领域不符")
    panel.refresh_from_db()
    assert (panel.state, panel.discarded_reason) == ("discarded", "领域不符")
    assert panel.seats.count() == 7
    assert parties(case, "expert") == set()
    assert list(panels.waiting(office.call)) == [case]


# --- conflict ----------------------------------------------------------------------------


def test_conflict_moves_the_first_fitting_reserve_up(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    leaving, reserves = seats(panel, "seated")[0], seats(panel, "reserve")
    fitting = next((seat for seat in reserves if leaving.field in seat.expert.fields), reserves[0])
    successor = panels.conflict(
        leaving, application=case, actor=leaving.expert.user, kind="co_project"
    )
    assert successor == fitting
    assert {seat.state for seat in panel.seats.filter(pk=leaving.pk)} == {"withdrawn"}
    assert panel.seats.filter(state="seated").count() == 5
    assert leaving.expert.user.uid not in parties(case, "expert")
    assert successor.expert.user.uid in parties(case, "expert")
    assert Scoring.objects.filter(seat=successor, application=case).exists()
    assert Conflict.objects.get().kind == "co_project"


def test_conflict_leaves_the_expert_without_the_case(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    seat = seats(panel, "seated")[0]
    panels.conflict(seat, application=case, actor=seat.expert.user, kind="kin")
    assert not Application.objects.visible_to(seat.expert.user).filter(pk=case.pk).exists()
    with pytest.raises(Refused) as refused:
        sheet = Scoring.objects.get(seat=seat, application=case)
        scoring.score(sheet, actor=seat.expert.user, scores={})
    assert refused.value.reason == "state"


def test_a_sheet_of_an_expert_with_a_conflict_is_refused_by_the_database(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    seat = seats(panel, "seated")[0]
    panels.conflict(seat, application=case, actor=seat.expert.user, kind="kin")
    sheet = Scoring.objects.get(seat=seat, application=case)
    with pytest.raises(IntegrityError, match="may not judge"), transaction.atomic():
        Scoring.objects.filter(pk=sheet.pk).update(total=D(80), submitted_at=panel.drawn_at)


def test_conflict_of_another_expert_or_of_no_known_kind_is_refused(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    first, second = seats(panel, "seated")[:2]
    for actor, kind, reason in (
        (second.expert.user, "kin", "role"),
        (first.expert.user, "dislike", "outcome"),
        (first.expert.user, "other", "reason_missing"),
    ):
        with pytest.raises(Refused) as refused:
            panels.conflict(first, application=case, actor=actor, kind=kind)
        assert refused.value.reason == reason


def test_a_reserve_with_a_conflict_does_not_move_up(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    reserves = seats(panel, "reserve")
    for seat in reserves:
        Expert.objects.filter(pk=seat.expert_id).update(employer=case.organisation.name)
    leaving = seats(panel, "seated")[0]
    assert panels.conflict(leaving, application=case, actor=leaving.expert.user, kind="kin") is None
    assert panel.seats.filter(state="seated").count() == 4


def test_replace_needs_the_lead_clerk_and_a_reason(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    seat = seats(panel, "seated")[0]
    with pytest.raises(Refused) as refused:
        panels.replace(seat, actor=seat.expert.user, reason="生病")
    assert refused.value.reason == "role"
    with pytest.raises(Refused) as refused:
        panels.replace(seat, actor=office.lead_clerk, reason="")
    assert refused.value.reason == "reason_missing"
    successor = panels.replace(seat, actor=office.lead_clerk, reason="生病")
    assert successor.state == "seated"


# --- freeze ----------------------------------------------------------------------------------


def test_freeze_ranks_by_the_trimmed_mean(office):
    first, second = in_review(office), in_review(office)
    panel = scoring_panel(office, first, second)
    fill_all(
        panel,
        {
            first.pk: [("20", "40"), ("30", "50"), ("30", "50"), ("32", "50"), ("40", "60")],
            second.pk: [("35", "50"), ("35", "50"), ("36", "50"), ("35", "50.5"), ("36", "51")],
        },
    )
    panels.freeze(panel, actor=office.lead_clerk)
    rows = {row.application_id: row for row in panel.cases.all()}
    assert (rows[first.pk].mean, rows[first.pk].spread, rows[first.pk].rank) == (
        D("80.67"), D("40.00"), 2,
    )  # fmt: skip
    assert (rows[second.pk].mean, rows[second.pk].rank) == (D("85.50"), 1)
    assert rows[first.pk].dropped is True
    assert [row.application_id for row in panels.flagged(panel)] == [first.pk]


def test_freeze_waits_for_every_sheet(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    sheets = list(panels.sheets(panel))
    for sheet in sheets[:-1]:
        fill_sheet(sheet, ("35", "50"))
    with pytest.raises(Refused) as refused:
        panels.freeze(panel, actor=office.lead_clerk)
    assert refused.value.reason == "scores_missing"
    assert refused.value.facts["sheets"] == [{"code": "E", "number": case.number}]
    assert PanelCase.objects.get().mean is None


def test_freeze_with_fewer_than_the_least_is_refused(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    for seat in seats(panel, "reserve") + seats(panel, "seated")[:3]:
        Seat.objects.filter(pk=seat.pk).update(state="withdrawn")
    for sheet in panels.sheets(panel):
        fill_sheet(sheet, ("35", "50"))
    with pytest.raises(Refused) as refused:
        panels.freeze(panel, actor=office.lead_clerk)
    assert refused.value.reason == "too_few_experts"
    assert refused.value.facts == {"wanted": 3, "available": 2}


def test_freeze_leaves_out_a_withdrawn_case(office):
    case, gone = in_review(office), in_review(office)
    panel = scoring_panel(office, case, gone)
    for sheet in panels.sheets(panel):
        if sheet.application_id == case.pk:
            fill_sheet(sheet, ("35", "50"))
    move(gone, "withdraw", actor=gone.applicant, note="另行安排")
    panels.freeze(panel, actor=office.lead_clerk)
    rows = {row.application_id: row.mean for row in panel.cases.all()}
    assert rows == {case.pk: D("85.00"), gone.pk: None}


def test_scores_of_a_frozen_panel_do_not_change(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    fill_all(panel, {case.pk: [("35", "50")] * 5})
    panels.freeze(panel, actor=office.lead_clerk)
    sheet = panels.sheets(panel).first()
    with pytest.raises(Refused) as refused:
        scoring.score(sheet, actor=sheet.seat.expert.user, scores={})
    assert refused.value.reason == "state"
    with (
        pytest.raises(Exception, match="Cannot update"),
        transaction.atomic(),
    ):
        Scoring.objects.filter(pk=sheet.pk).update(total=D(99))


def test_unlock_opens_one_sheet_with_a_reason_and_takes_the_results_back(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    fill_all(panel, {case.pk: [("35", "50")] * 5})
    panels.freeze(panel, actor=office.lead_clerk)
    sheet = panels.sheets(panel).first()
    for actor, reason, expected in (
        (office.lead_clerk, "笔误", "role"),
        (office.lead_head, "  ", "reason_missing"),
    ):
        with pytest.raises(Refused) as refused:
            panels.unlock(panel, scoring=sheet, actor=actor, reason=reason)
        assert refused.value.reason == expected
    panels.unlock(panel, scoring=sheet, actor=office.lead_head, reason="笔误")
    panel.refresh_from_db()
    assert (panel.state, panel.unlocked_reason) == ("scoring", "笔误")
    assert PanelCase.objects.get().rank is None
    fill_sheet(panels.sheets(panel).first(), ("40", "60"), comment="更正")
    panels.freeze(panel, actor=office.lead_clerk)
    assert PanelCase.objects.get().mean == D("85.00")


def test_unlock_after_a_case_left_the_review_is_refused(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    fill_all(panel, {case.pk: [("35", "50")] * 5})
    panels.freeze(panel, actor=office.lead_clerk)
    panels.conclude(panel, actor=office.lead_clerk)
    with pytest.raises(Refused) as refused:
        panels.unlock(
            panel, scoring=panels.sheets(panel).first(), actor=office.lead_head, reason="笔误"
        )
    assert refused.value.reason == "state"


def test_conclude_moves_every_case_on(office):
    cases = [in_review(office), in_review(office)]
    panel = scoring_panel(office, *cases)
    fill_all(panel, {case.pk: [("35", "50")] * 5 for case in cases})
    with pytest.raises(Refused) as refused:
        panels.conclude(panel, actor=office.lead_clerk)
    assert refused.value.reason == "state"
    panels.freeze(panel, actor=office.lead_clerk)
    panels.conclude(panel, actor=office.lead_clerk)
    assert {status_of(case) for case in cases} == {"verification"}


def test_conclude_over_a_wide_spread_needs_a_note(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    fill_all(panel, {case.pk: [("10", "40"), *[("35", "50")] * 4]})
    panels.freeze(panel, actor=office.lead_clerk)
    with pytest.raises(Refused) as refused:
        panels.conclude(panel, actor=office.lead_clerk)
    assert refused.value.reason == "second_look"
    panels.conclude(panel, actor=office.lead_clerk, note="已复核，专家 A 说明理由充分")
    assert status_of(case) == "verification"


def test_an_expert_sees_the_case_only_while_seated(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    seated, reserve = seats(panel, "seated")[0], seats(panel, "reserve")[0]
    visible = Application.objects.visible_to
    assert visible(seated.expert.user).filter(pk=case.pk).exists()
    assert not visible(reserve.expert.user).filter(pk=case.pk).exists()
    add_party(case, "expert", user=reserve.expert.user, at=case.submitted_at)
    assert visible(reserve.expert.user).filter(pk=case.pk).exists()


def test_the_lead_units_clerks_learn_when_the_last_sheet_is_in(office):
    case = in_review(office)
    panel = scoring_panel(office, case)
    told = Notice.objects.filter(
        recipient=office.lead_clerk, subject=f"评分表已交齐：{panel.title}"
    )
    sheets = list(panels.sheets(panel))
    for sheet in sheets[:-1]:
        fill_sheet(sheet, ("35", "50"))
    assert told.count() == 0
    fill_sheet(sheets[-1], ("35", "50"))
    assert told.count() == 1
