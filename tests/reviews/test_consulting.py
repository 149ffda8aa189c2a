"""The joint review: who speaks, what silence means, when it ends."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from applications.workflow import MoveRefused
from portal.audit.models import Event
from portal.notices.models import Notice
from reviews import consulting
from reviews.models import Opinion
from reviews.refusals import Refused
from tests.reviews.cases import make_case, make_office, parties, status_of

pytestmark = pytest.mark.django_db
CONSENT, WAIT = {}, {"joint_review.silence": "wait"}


def asked(office, **more):
    case = make_case(office, at="joint_review", **more)
    consulting.start(case, actor=office.lead_clerk)
    return case, list(case.opinions.order_by("unit__position", "unit__code"))


def opinion_of(case, unit) -> Opinion:
    return case.opinions.get(unit=unit)


def test_start_asks_every_co_unit_once():
    office = make_office()
    office.co_clerk(0)
    case, opinions = asked(office)
    consulting.start(case, actor=office.lead_clerk)
    assert {row.unit.code for row in opinions} == {unit.code for unit in office.co_units}
    assert parties(case, "co_unit") == {unit.code for unit in office.co_units}
    assert {row.due_on for row in opinions} == {case.due_on}
    told = Notice.objects.filter(recipient=office.co_clerk(0), subject__contains="会商")
    assert [notice.subject for notice in told] == [f"{case.number} 请反馈会商意见"]


def test_give_writes_opinion_and_event():
    office = make_office()
    case, _opinions = asked(office)
    opinion = opinion_of(case, office.co_units[0])
    consulting.give(opinion, actor=office.co_clerk(0), outcome="objection", text="欠税未清")
    opinion.refresh_from_db()
    assert (opinion.outcome, opinion.text) == ("objection", "欠税未清")
    assert opinion.given_by == office.co_clerk(0)
    event = Event.objects.get(action="opinion.give")
    assert (event.from_state, event.to_state) == ("waiting", "objection")


@pytest.mark.parametrize("outcome", ["objection", "veto"])
def test_give_against_a_case_needs_a_reason(outcome):
    office = make_office()
    case, _opinions = asked(office)
    with pytest.raises(Refused) as refused:
        consulting.give(
            opinion_of(case, office.co_units[0]),
            actor=office.co_clerk(0),
            outcome=outcome,
            text="  ",
        )
    assert refused.value.reason == "reason_missing"


@pytest.mark.parametrize("outcome", ["silent", "waiting", "maybe"])
def test_give_takes_no_outcome_that_a_unit_cannot_give(outcome):
    office = make_office()
    case, _opinions = asked(office)
    with pytest.raises(Refused) as refused:
        consulting.give(
            opinion_of(case, office.co_units[0]), actor=office.co_clerk(0), outcome=outcome
        )
    assert refused.value.reason == "outcome"


@pytest.mark.parametrize("who", ["co_clerk_1", "lead_clerk", "stranger"])
def test_give_for_another_unit_is_refused(who):
    office = make_office()
    case, _opinions = asked(office)
    actor = office.co_clerk(1) if who == "co_clerk_1" else getattr(office, who)
    with pytest.raises(Refused) as refused:
        consulting.give(opinion_of(case, office.co_units[0]), actor=actor, outcome="no_objection")
    assert refused.value.reason == "role"
    assert opinion_of(case, office.co_units[0]).outcome == "waiting"


def test_give_after_the_joint_review_is_refused():
    office = make_office(co_units=1)
    case, _opinions = asked(office)
    opinion = opinion_of(case, office.co_units[0])
    consulting.give(opinion, actor=office.co_clerk(0), outcome="no_objection")
    consulting.conclude(case, actor=office.lead_clerk)
    with pytest.raises(Refused) as refused:
        consulting.give(opinion, actor=office.co_clerk(0), outcome="veto", text="太迟")
    assert refused.value.reason == "state"


def test_conclude_waits_for_every_unit():
    office = make_office()
    case, _opinions = asked(office)
    consulting.give(
        opinion_of(case, office.co_units[0]), actor=office.co_clerk(0), outcome="no_objection"
    )
    with pytest.raises(Refused) as refused:
        consulting.conclude(case, actor=office.lead_clerk)
    assert refused.value.reason == "opinions_waiting"
    assert refused.value.facts["units"] == [office.co_units[1].code]
    consulting.give(
        opinion_of(case, office.co_units[1]), actor=office.co_clerk(1), outcome="no_objection"
    )
    consulting.conclude(case, actor=office.lead_clerk)
    assert status_of(case) == "expert_review"


def test_conclude_answers_every_objection():
    office = make_office(co_units=1)
    case, (opinion,) = asked(office)
    consulting.give(opinion, actor=office.co_clerk(0), outcome="objection", text="欠税未清")
    with pytest.raises(Refused) as refused:
        consulting.conclude(case, actor=office.lead_clerk, answers={opinion.uid: " "})
    assert refused.value.reason == "unanswered"
    consulting.conclude(case, actor=office.lead_clerk, answers={opinion.uid: "已补缴，附凭证"})
    opinion.refresh_from_db()
    assert (opinion.answer, opinion.answered_by) == ("已补缴，附凭证", office.lead_clerk)
    assert status_of(case) == "expert_review"


def test_give_anew_takes_the_former_answer_away():
    office = make_office(co_units=1)
    case, (opinion,) = asked(office)
    consulting.give(opinion, actor=office.co_clerk(0), outcome="objection", text="一")
    Opinion.objects.filter(pk=opinion.pk).update(
        answer="答一", answered_by=office.lead_clerk, answered_at=case.stage_started_at
    )
    consulting.give(opinion, actor=office.co_clerk(0), outcome="objection", text="二")
    with pytest.raises(Refused) as refused:
        consulting.conclude(case, actor=office.lead_clerk)
    assert refused.value.reason == "unanswered"


def test_conclude_stops_at_a_veto_where_a_veto_ends_the_case():
    office = make_office(co_units=1)
    case, (opinion,) = asked(office)
    consulting.give(opinion, actor=office.co_clerk(0), outcome="veto", text="重大安全事故")
    with pytest.raises(Refused) as refused:
        consulting.conclude(case, actor=office.lead_clerk, answers={opinion.uid: "不同意"})
    assert refused.value.reason == "vetoed"
    assert status_of(case) == "joint_review"


def test_conclude_answers_a_veto_where_a_veto_does_not_end_the_case():
    office = make_office(co_units=1, settings={"joint_review.veto_ends": False})
    case, (opinion,) = asked(office)
    consulting.give(opinion, actor=office.co_clerk(0), outcome="veto", text="重大安全事故")
    consulting.conclude(case, actor=office.lead_clerk, answers={opinion.uid: "事故已结案"})
    assert status_of(case) == "expert_review"


def test_conclude_by_another_than_the_lead_clerk_is_refused():
    office = make_office(co_units=0)
    case = make_case(office, at="joint_review")
    for actor in (office.lead_head, office.district_clerk, office.stranger):
        with pytest.raises((Refused, MoveRefused)) as refused:
            consulting.conclude(case, actor=actor)
        assert refused.value.reason == "role"
    consulting.conclude(case, actor=office.lead_clerk)
    assert status_of(case) == "expert_review"


def test_conclude_of_a_case_that_moved_says_so():
    office = make_office(co_units=0)
    case = make_case(office, at="joint_review")
    with pytest.raises(Refused) as refused:
        consulting.conclude(case, actor=office.lead_clerk, seen_revision=case.revision - 1)
    assert refused.value.reason == "changed"
    assert refused.value.facts["changed_by"].action == "accept"


def after_the_limit(case) -> datetime:
    night = datetime.combine(case.due_on, datetime.min.time(), ZoneInfo("Asia/Shanghai"))
    return night + timedelta(days=1, seconds=1)


def test_sweep_takes_silence_for_consent_only_after_the_limit(clock):
    office = make_office(co_units=1, settings=CONSENT)
    case, (opinion,) = asked(office)
    clock.set(after_the_limit(case) - timedelta(minutes=5))
    assert consulting.sweep() == 0
    clock.set(after_the_limit(case))
    assert consulting.sweep() == 1
    assert consulting.sweep() == 0
    opinion.refresh_from_db()
    assert opinion.outcome == "silent"
    assert Event.objects.filter(action="opinion.silent").count() == 1


def test_sweep_lets_a_unit_wait_where_the_call_says_wait(clock):
    office = make_office(co_units=1, settings=WAIT)
    case, (opinion,) = asked(office)
    clock.set(after_the_limit(case))
    assert consulting.sweep() == 0
    opinion.refresh_from_db()
    assert opinion.outcome == "waiting"


def test_a_late_veto_still_counts(clock):
    office = make_office(co_units=1, settings=CONSENT)
    case, (opinion,) = asked(office)
    clock.set(after_the_limit(case))
    consulting.sweep()
    consulting.give(opinion, actor=office.co_clerk(0), outcome="veto", text="刚查明")
    with pytest.raises(Refused) as refused:
        consulting.conclude(case, actor=office.lead_clerk)
    assert refused.value.reason == "vetoed"


def test_sweep_takes_over_a_due_date_that_came_with_the_calendar():
    office = make_office(co_units=1)
    case, (opinion,) = asked(office)
    Opinion.objects.update(due_on=None)
    consulting.sweep()
    opinion.refresh_from_db()
    assert opinion.due_on == case.due_on


def test_the_lead_units_clerks_learn_when_every_unit_has_spoken():
    office = make_office()
    case, _opinions = asked(office)
    told = Notice.objects.filter(
        recipient=office.lead_clerk, subject=f"{case.number}：会商意见已齐"
    )
    for index, unit in enumerate(office.co_units):
        assert told.count() == 0
        consulting.give(
            opinion_of(case, unit), actor=office.co_clerk(index), outcome="no_objection"
        )
    assert told.count() == 1
