"""Withdrawing, cancelling, and promoting from the waiting list."""

from decimal import Decimal

import pytest

from awards import promoting
from awards.confirming import confirm_selection
from awards.models import Award
from awards.withdrawing import cancel, release_proposal, withdraw
from portal import clock
from portal.notices.models import Notice
from reviews import noticing, objecting
from reviews.models import Objection
from reviews.refusals import Refused
from tests.awards.cases import make_scene
from tests.awards.test_ledger import counters, flush

pytestmark = pytest.mark.django_db

WAN = Decimal(10_000)


def admin_of(case):
    return case.organisation.memberships.get(role="org_admin").user


def test_withdrawing_after_the_selection_frees_amount_and_place():
    scene = make_scene()
    award = scene.reserved()
    withdraw(award.application, actor=admin_of(award.application), reason="项目变更")
    flush()
    award.refresh_from_db()
    award.application.refresh_from_db()
    assert (award.state, award.application.status) == ("released", "withdrawn")
    assert counters(scene) == (0, 0, 0, 0)


def test_withdrawing_before_the_selection_touches_no_account():
    scene = make_scene()
    case = scene.case()
    withdraw(case, actor=case.admin, reason="项目变更")
    case.refresh_from_db()
    assert case.status == "withdrawn"


@pytest.mark.parametrize(
    ("who", "note", "reason"),
    [("lead_head", "x", "role"), ("admin", " ", "reason_missing")],
)
def test_withdrawing_is_the_admins_with_a_reason(who, note, reason):
    scene = make_scene()
    case = scene.reserved().application
    actor = admin_of(case) if who == "admin" else scene.lead_head
    with pytest.raises(Refused) as caught:
        withdraw(case, actor=actor, reason=note)
    assert caught.value.reason == reason
    assert counters(scene) == (100 * WAN, 0, 0, 1)


def test_withdrawing_after_the_decision_is_too_late():
    scene = make_scene()
    case = scene.approved().application
    with pytest.raises(Refused) as caught:
        withdraw(case, actor=admin_of(case), reason="x")
    assert caught.value.reason == "state"


def objected(scene):
    """A case on public notice with an accepted objection, and the proposal to uphold it."""
    case = scene.case()
    selection = scene.selection((case, "support", "1000000"))
    confirm_selection(selection, actor=scene.lead_head)
    notice = noticing.publish(
        selection, actor=scene.lead_clerk, title="公示", text="x", contact="025-1"
    )
    now = clock.now()
    objection = Objection.objects.create(
        notice=notice,
        application=case,
        signed_as="person",
        signatory="张三",
        contact="025-2",
        text="数据不实",
        filed_at=now,
    )
    objecting.accept(objection, actor=scene.lead_clerk)
    return case, objecting.decide(
        objection, actor=scene.lead_clerk, upheld=True, conclusion="异议属实"
    )


def test_upheld_objection_frees_what_was_reserved():
    scene = make_scene()
    case, proposal = objected(scene)
    release_proposal(proposal, actor=scene.lead_head)
    flush()
    case.refresh_from_db()
    proposal.refresh_from_db()
    assert (case.status, proposal.state) == ("cancelled", "released")
    assert counters(scene) == (0, 0, 0, 0)


def test_upheld_objection_by_who_may_not_frees_nothing():
    scene = make_scene()
    case, proposal = objected(scene)
    with pytest.raises(Refused) as caught:
        release_proposal(proposal, actor=scene.lead_clerk)
    assert caught.value.reason in {"role", "same_person"}
    case.refresh_from_db()
    assert (case.status, counters(scene)) == ("objection", (100 * WAN, 0, 0, 1))


def test_cancelling_before_the_decision_frees_what_was_reserved():
    scene = make_scene()
    award = scene.to_decision(scene.reserved())
    cancel(award.application, actor=scene.lead_head, reason="弄虚作假")
    flush()
    assert counters(scene) == (0, 0, 0, 0)


def waitlisted(scene, *, held: int = 1):
    """Supported cases that fill the places, and two that wait, by rank."""
    cases = [scene.case() for _ in range(held + 2)]
    items = [(case, "support", "1000000") for case in cases[:held]]
    items += [(case, "waitlist", "0") for case in cases[held:]]
    confirm_selection(scene.selection(*items), actor=scene.lead_head)
    return cases


def test_freed_place_tells_the_lead_units_clerks_how_many_wait():
    scene = make_scene(places=1, quota={"places": 1, "clause": "x"})
    first, *_rest = waitlisted(scene)
    withdraw(first, actor=first.admin, reason="x")
    notice = Notice.objects.filter(recipient=scene.lead_clerk, url__startswith="/awards/").get()
    assert "备选 2 家" in notice.body


def test_waiting_list_is_promoted_by_two_people_when_a_place_is_free():
    scene = make_scene(places=1, quota={"places": 1, "clause": "x"})
    first, second, third = waitlisted(scene)
    waiting = promoting.waiting_list(scene.call)
    assert [item.application for item in waiting] == [second, third]
    withdraw(first, actor=first.admin, reason="x")
    selection = promoting.draft(
        scene.call,
        picks={second: Decimal("800000")},
        title="备选递补",
        met_on=clock.today(),
        actor=scene.lead_clerk,
    )
    with pytest.raises(Refused) as caught:
        promoting.draft(
            scene.call,
            picks={second: Decimal(1)},
            title="再次",
            met_on=clock.today(),
            actor=scene.lead_clerk,
        )
    assert caught.value.reason == "drafted_elsewhere"
    confirm_selection(selection, actor=scene.lead_head)
    flush()
    second.refresh_from_db()
    assert second.status == "public_notice"
    assert Award.objects.get(application=second).recommended_cny == 80 * WAN
    assert [item.application for item in promoting.waiting_list(scene.call)] == [third]


@pytest.mark.parametrize(
    ("pick", "title", "who", "reason"),
    [
        (None, "x", "lead_clerk", "no_cases"),
        ("second", " ", "lead_clerk", "title_missing"),
        ("first", "x", "lead_clerk", "not_waiting"),
        ("second", "x", "lead_head", "role"),
    ],
)
def test_promotion_refuses(pick, title, who, reason):
    scene = make_scene(places=1, quota={"places": 1, "clause": "x"})
    first, second, _third = waitlisted(scene)
    picks = {} if pick is None else {{"first": first, "second": second}[pick]: Decimal(1)}
    with pytest.raises(Refused) as caught:
        promoting.draft(
            scene.call, picks=picks, title=title, met_on=clock.today(), actor=getattr(scene, who)
        )
    assert caught.value.reason == reason
