"""Two acts at one thing at one moment, over two connections: the second waits for the lock that the
first holds, then reads what the first has done, and says so. Without the lock it acts on what no
longer is: each pair names what would then happen."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from types import ModuleType
from typing import NamedTuple

import pytest
from django.db import transaction

from applications import drafts, nominated, workflow
from awards import clawbacks, decisions, openings, payments, receipts, withdrawing
from awards.models import Receipt
from policy import calendars, call_changes, calls
from portal import clock
from portal.accounts.models import Role
from portal.audit.models import Event
from reviews import (
    consulting,
    experts,
    nominating,
    noticing,
    objecting,
    panels,
    proposing,
    selecting,
)
from reviews.models import Opinion
from tests.accounts.test_races import interleaved
from tests.awards.cases import make_scene
from tests.awards.test_clawbacks import drafted as drafted_claw_back
from tests.awards.test_clawbacks import paid
from tests.awards.test_decisions import draft as drafted_decision
from tests.awards.test_decisions import paid_out, ready
from tests.awards.test_openings import enter
from tests.awards.test_receipts import paper
from tests.factories import OrganisationFactory, person
from tests.policy.callable import fields, make_callable_measure
from tests.policy.callable import person as administrator
from tests.reviews import direct
from tests.reviews.cases import (
    fill_all,
    make_blob,
    make_case,
    make_expert,
    make_office,
    make_pool,
    published,
    scoring_panel,
)
from tests.reviews.test_nominating import draft as drafted_nomination
from tests.reviews.test_objecting import file as filed

pytestmark = pytest.mark.django_db(transaction=True)


class Pair(NamedTuple):
    """The first act is held where its module records it, done but not committed."""

    module: ModuleType
    first: Callable
    second: Callable


# --- money --------------------------------------------------------------------------------


def claw_back_that_is_signed_and_dropped() -> Pair:
    scene = make_scene(caps=[])
    found = drafted_claw_back(scene, paid(scene))
    return Pair(
        clawbacks,
        lambda: clawbacks.release(found, actor=scene.lead_head),
        lambda: clawbacks.discard(found, actor=scene.lead_clerk, reason="x"),
    )


def claw_back_of_money_that_bounces() -> Pair:
    """Else what the bank has just brought back is demanded from the organisation."""
    scene = make_scene(caps=[])
    payment = paid_out(scene)
    found = drafted_claw_back(scene, payment.award)
    return Pair(
        payments,
        lambda: payments.bounce(payment, actor=scene.finance, on=clock.today(), reason="x"),
        lambda: clawbacks.release(found, actor=scene.lead_head),
    )


def opening_that_is_counted_and_dropped() -> Pair:
    scene = make_scene(caps=[])
    one, other = (person(Role.POLICY_ADMIN, name=name) for name in "甲乙")
    found = enter(scene, OrganisationFactory(), one)
    return Pair(
        openings,
        lambda: openings.approve(found, actor=other),
        lambda: openings.drop(found, actor=one, reason="x"),
    )


def sixth_receipt() -> Pair:
    scene = make_scene(caps=[])
    payment = scene.pay(scene.payment(scene.confirmed(), "1000000"))
    for number in range(receipts.MAX_RECEIPTS - 1):
        Receipt.objects.create(
            payment=payment, name=f"{number}.pdf", blob=make_blob(f"receipt {number}"),
            uploaded_by=scene.finance, uploaded_at=clock.now(),
        )  # fmt: skip
    papers = [paper("一"), paper("二")]
    one, other = (
        lambda upload=p: receipts.add(payment, upload, actor=scene.finance) for p in papers
    )
    return Pair(receipts, one, other)


def support_that_is_called_off_while_it_is_being_paid() -> Pair:
    """Else a payment stays in hand for a case that has ended."""
    scene = make_scene(caps=[])
    award = scene.confirmed()
    return Pair(
        payments,
        lambda: payments.draft(scene.call, awards=[award], actor=scene.finance),
        lambda: withdrawing.cancel(award.application, actor=scene.lead_head, reason="x"),
    )


def decision_that_two_edit() -> Pair:
    """The drafter changes with the first edit: the second is not told that there is no decision."""
    scene = make_scene(caps=[])
    award = ready(scene)
    found = drafted_decision(scene, award)

    def edit(clerk) -> Callable:
        return lambda: decisions.update(
            found, number="2", title="x", text="x", items={award: Decimal("800000")}, actor=clerk,
            seen_revision=found.revision,
        )  # fmt: skip

    other_clerk = person(Role.CLERK, unit=scene.lead)
    return Pair(decisions, edit(other_clerk), edit(scene.lead_clerk))


# --- calls and cases ----------------------------------------------------------------------


def call_that_two_edit() -> Pair:
    """Else the second's words go nowhere, and an event says they did."""
    call = calls.draft(make_callable_measure(), fields(), actor=administrator("one"))

    def act(name: str) -> Callable:
        return lambda: calls.update(
            call, fields(title_zh=name), actor=administrator(name), seen_revision=call.revision
        )

    return Pair(calls, act("two"), act("three"))


def change_of_a_call_that_is_dropped_and_released() -> Pair:
    call = calls.publish(
        calls.draft(make_callable_measure(), fields(), actor=administrator("one")),
        actor=administrator("two"),
    )
    change = call_changes.draft(
        call, "budget_cny", actor=administrator("one"), reason="x", after=call.budget_cny + 1
    )
    return Pair(
        call_changes,
        lambda: call_changes.drop(change, actor=administrator("one")),
        lambda: call_changes.put_into_effect(change, actor=administrator("two")),
    )


def case_that_its_organisation_starts_and_the_unit_opens() -> Pair:
    """Else the head meets an error that names no organisation."""
    office = make_office(**direct.CALL)
    organisation = OrganisationFactory(district=office.district)
    admin = person(Role.ORG_ADMIN, organisation=organisation)
    found = drafted_nomination(office, direct.line(organisation))
    return Pair(
        drafts,
        lambda: drafts.start(office.call, organisation=organisation, actor=admin),
        lambda: nominating.release(found, actor=office.lead_head),
    )


def list_that_is_released_and_dropped() -> Pair:
    office = make_office(**direct.CALL)
    found = drafted_nomination(office, direct.line(OrganisationFactory(district=office.district)))
    return Pair(
        nominated,
        lambda: nominating.release(found, actor=office.lead_head),
        lambda: nominating.discard(found, actor=office.lead_clerk, note="x"),
    )


# --- review -------------------------------------------------------------------------------


def case_that_two_draw_a_panel_for() -> Pair:
    office = make_office()
    make_pool()
    cases = [make_case(office, at="expert_review")]

    def act():
        return panels.draw(office.call, cases=cases, actor=office.lead_clerk)

    return Pair(panels, act, act)


def panel_that_is_discarded_and_approved() -> Pair:
    office = make_office()
    make_pool()
    cases = [make_case(office, at="expert_review")]
    panel = panels.draw(office.call, cases=cases, actor=office.lead_clerk)
    other_head = person(Role.HEAD, unit=office.lead)
    return Pair(
        panels,
        lambda: panels.discard(panel, actor=other_head, reason="x"),
        lambda: panels.approve(panel, actor=office.lead_head),
    )


def seat_that_is_left_twice() -> Pair:
    """Else two reserves move up into one seat."""
    office = make_office()
    panel = scoring_panel(office, make_case(office, at="expert_review"))
    seat = panel.seats.filter(state="seated").first()

    def act():
        return panels.replace(seat, actor=office.lead_clerk, reason="x")

    return Pair(panels, act, act)


def panel_that_is_concluded_while_a_case_is_withdrawn() -> Pair:
    office = make_office()
    case = make_case(office, at="expert_review")
    panel = scoring_panel(office, case)
    fill_all(panel, {case.pk: [("30", "50")] * 5})
    panels.freeze(panel, actor=office.lead_clerk)
    return Pair(
        workflow,
        lambda: withdrawing.withdraw(case, actor=case.applicant, reason="x"),
        lambda: panels.conclude(panel, actor=office.lead_clerk),
    )


def opinion_and_the_end_of_the_joint_review() -> Pair:
    """Else the clerk is told of a unit that has long spoken."""
    office = make_office(co_units=1)
    case = make_case(office, at="joint_review")
    with transaction.atomic():
        consulting.start(case, actor=office.lead_clerk)
    opinion, clerk = case.opinions.get(), office.co_clerk(0)
    return Pair(
        consulting,
        lambda: consulting.give(opinion, actor=clerk, outcome="objection", text="重复"),
        lambda: consulting.conclude(case, actor=office.lead_clerk),
    )


def proposal_that_is_released_and_sent_back() -> Pair:
    """Else the case has ended by a proposal that reads as sent back."""
    office = make_office()
    case = make_case(office, at="formal_check")
    found = proposing.draft(case, action="refuse", actor=office.lead_clerk, reason="x")
    other_head = person(Role.HEAD, unit=office.lead)
    return Pair(
        proposing,
        lambda: proposing.release(found, actor=office.lead_head),
        lambda: proposing.send_back(found, actor=other_head, note="x"),
    )


def selection_that_two_edit() -> Pair:
    office = make_office()
    case = make_case(office, at="selection")
    values = {
        "title": "第 1 次会议", "met_on": clock.today(), "minutes": "纪要",
        "items": [selecting.Item(case, "reject", Decimal(0), "不符合要求")],
    }  # fmt: skip
    found = selecting.draft(office.call, actor=office.lead_clerk, **values)

    def act():
        return selecting.update(
            found, actor=office.lead_clerk, seen_revision=found.revision, **values
        )

    return Pair(selecting, act, act)


# --- public notice ------------------------------------------------------------------------


def _notice():
    """A notice on its last day but for the dates: it may be objected to, and closed."""
    office = make_office()
    case = make_case(office, at="public_notice")
    notice = published(office, case)
    return office, case, notice


def _ended(notice) -> None:
    day = clock.today() - timedelta(days=1)
    type(notice).objects.filter(pk=notice.pk).update(starts_on=day, ends_on=day)


def notice_that_two_close() -> Pair:
    office, _case, notice = _notice()
    _ended(notice)

    def act():
        return noticing.close(notice, actor=office.lead_clerk)

    return Pair(noticing, act, act)


def objection_in_the_last_moment(monkeypatch) -> tuple[Callable, Callable]:
    """Filed while the notice closes: whoever comes first. The day turns between the two."""
    office, case, notice = _notice()
    _ended(notice)
    monkeypatch.setattr(noticing, "is_open", lambda notice, on: notice.closed_at is None)
    return (
        lambda: filed(notice, case),
        lambda: noticing.close(notice, actor=office.lead_clerk),
    )


# What the second is told: the reason of its refusal.
PAIRS = {
    claw_back_that_is_signed_and_dropped: "state",
    claw_back_of_money_that_bounces: "not_paid",
    opening_that_is_counted_and_dropped: "state",
    sixth_receipt: "too_many_receipts",
    support_that_is_called_off_while_it_is_being_paid: "payment_drafted",
    decision_that_two_edit: "changed",
    call_that_two_edit: "StaleDraft",
    change_of_a_call_that_is_dropped_and_released: "not_open_change",
    case_that_its_organisation_starts_and_the_unit_opens: "live_cases",
    list_that_is_released_and_dropped: "state",
    case_that_two_draw_a_panel_for: "in_panel",
    panel_that_is_discarded_and_approved: "state",
    seat_that_is_left_twice: "state",
    panel_that_is_concluded_while_a_case_is_withdrawn: "state",
    opinion_and_the_end_of_the_joint_review: "unanswered",
    proposal_that_is_released_and_sent_back: "state",
    selection_that_two_edit: "changed",
    notice_that_two_close: "already",
}


def told(result) -> str:
    """The reason of a refusal, or what came instead of one."""
    if isinstance(result, calls.StaleDraft):
        return "StaleDraft"
    return getattr(result, "reason", "") if isinstance(result, Exception) else f"done: {result!r}"


@pytest.mark.parametrize("make", PAIRS, ids=lambda make: make.__name__)
def test_second_is_told_what_the_first_has_done(monkeypatch, make):
    pair = make()
    done, refused = interleaved(monkeypatch, pair.module, "record", pair.first, pair.second)
    assert not isinstance(done, Exception), done
    assert told(refused) == PAIRS[make], repr(refused)


@pytest.mark.parametrize("earlier", ["objection", "close"])
def test_objection_and_the_close_of_its_notice_come_one_after_the_other(monkeypatch, earlier):
    """Else the notice ends, and its cases go on, over an open objection."""
    file, close = objection_in_the_last_moment(monkeypatch)
    if earlier == "objection":
        done, refused = interleaved(monkeypatch, objecting, "record", file, close)
    else:
        done, refused = interleaved(monkeypatch, noticing, "record", close, file)
    assert not isinstance(done, Exception), done
    assert told(refused) == {"objection": "objections_open", "close": "closed"}[earlier], repr(
        refused
    )


def test_two_lists_of_the_same_organisations_are_never_each_others_victim(monkeypatch):
    """Their organisations are locked in one order, whatever that of the lists."""
    office = make_office(**direct.CALL)
    names = [OrganisationFactory(district=office.district) for _ in range(2)]
    lists = [drafted_nomination(office, *map(direct.line, order)) for order in (names, names[::-1])]
    done, refused = interleaved(
        monkeypatch, nominated, "record",
        *(lambda found=found: nominating.release(found, actor=office.lead_head) for found in lists),
    )  # fmt: skip
    assert not isinstance(done, Exception), done
    assert told(refused) == "live_cases", repr(refused)


# --- acts that both succeed ----------------------------------------------------------------


def test_an_opinion_that_is_given_is_not_swept_into_silence(monkeypatch):
    office = make_office()
    case = make_case(office, at="joint_review")
    with transaction.atomic():
        consulting.start(case, actor=office.lead_clerk)
    opinion = case.opinions.get(unit=office.co_units[0])
    Opinion.objects.filter(pk=opinion.pk).update(due_on=clock.today() - timedelta(days=1))
    clerk = office.co_clerk(0)
    done, swept = interleaved(
        monkeypatch, consulting, "record",
        lambda: consulting.give(opinion, actor=clerk, outcome="objection", text="重复"),
        consulting.sweep,
    )  # fmt: skip
    assert not isinstance(done, Exception), done
    assert swept == 0
    assert Opinion.objects.get(pk=opinion.pk).outcome == "objection"


def test_two_calls_of_a_measure_that_are_drafted_at_once_have_a_code_each(monkeypatch):
    measure, drafter = make_callable_measure(), administrator("drafter")

    def act():
        return calls.draft(measure, fields(), actor=drafter)

    one, other = interleaved(monkeypatch, calls, "record", act, act)
    assert (one.code != other.code, one.code[:-1]) == (True, other.code[:-1])


def test_two_drafts_that_an_organisation_starts_at_once_have_a_place_each(monkeypatch):
    office = make_office(settings={drafts.CASES_SETTING: 2})
    organisation = OrganisationFactory(district=office.district)
    admin = person(Role.ORG_ADMIN, organisation=organisation)

    def act():
        return drafts.start(office.call, organisation=organisation, actor=admin)

    one, other = interleaved(monkeypatch, drafts, "record", act, act)
    assert [one.ordinal, other.ordinal] == [1, 2], (one, other)


def test_events_of_two_changes_at_once_tell_what_stood_before_each(monkeypatch):
    office, expert = make_office(), make_expert(employer="甲")

    def change(employer: str) -> Callable:
        return lambda: experts.change(
            expert, employer=employer, fields=["bio"], active=True, actor=office.lead_clerk
        )

    interleaved(monkeypatch, experts, "record", change("乙"), change("丙"))
    events = Event.objects.filter(action="expert.change").order_by("position")
    assert [event.data["changed"]["employer"] for event in events] == [["甲", "乙"], ["乙", "丙"]]


def test_events_of_one_day_that_two_set_tell_what_stood_before_each(monkeypatch):
    calendars.load_year(2026, calendars.packaged_days(2026), source="test", actor="test")
    monday = date(2026, 3, 2)
    acts = [
        lambda off=off: calendars.set_day(monday, is_workday=off, reason="x", actor="test")
        for off in (False, True)
    ]
    interleaved(monkeypatch, calendars, "record", *acts)
    events = Event.objects.filter(action="calendar.set_day").order_by("position")
    assert [event.data["before"] for event in events] == [True, False]
