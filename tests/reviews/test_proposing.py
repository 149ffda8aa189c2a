"""Proposals: drafted by one, released by another, void once the case has moved."""

import pytest
from django.db import IntegrityError, transaction

from applications.models import Letter
from applications.workflow import move
from portal.accounts.models import Role
from portal.audit.models import Event
from portal.notices.models import Notice
from reviews import consulting, proposing
from reviews.models import Proposal
from reviews.refusals import Refused
from tests.factories import MembershipFactory, person
from tests.reviews.cases import make_case, make_office, status_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def case(office):
    return make_case(office, at="formal_check")


def refusal(office, case, **more):
    return proposing.draft(case, "refuse", actor=office.lead_clerk, reason="建设地点不在宁", **more)


def test_draft_waits_and_tells_the_heads(office, case):
    head = office.lead_head
    proposal = refusal(office, case)
    assert (proposal.state, proposal.unit, proposal.case_revision) == (
        "drafted", office.lead, case.revision,
    )  # fmt: skip
    assert status_of(case) == "formal_check"
    notice = Notice.objects.get(recipient=head)
    assert notice.url == f"/reviews/proposals/{proposal.uid}/"


def test_draft_without_a_reason_is_refused(office, case):
    with pytest.raises(Refused) as refused:
        proposing.draft(case, "refuse", actor=office.lead_clerk, reason=" \n")
    assert refused.value.reason == "reason_missing"


def test_draft_twice_is_refused(office, case):
    refusal(office, case)
    with pytest.raises(Refused) as refused:
        refusal(office, case)
    assert refused.value.reason == "proposal_pending"


@pytest.mark.parametrize("who", ["lead_head", "district_clerk", "stranger"])
def test_draft_by_another_than_the_clerk_is_refused(office, case, who):
    with pytest.raises(Refused) as refused:
        proposing.draft(case, "refuse", actor=getattr(office, who), reason="x")
    assert refused.value.reason == "role"


def test_draft_from_a_page_that_is_out_of_date_is_refused(office, case):
    with pytest.raises(Refused) as refused:
        refusal(office, case, seen_revision=case.revision - 1)
    assert refused.value.reason == "changed"


def test_release_moves_the_case_and_issues_the_letter(office, case):
    proposal = refusal(office, case)
    proposing.release(proposal, actor=office.lead_head)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.settled_by) == ("released", office.lead_head)
    assert status_of(case) == "refused"
    last = case.transitions.last()
    assert (last.actor, last.public_note) == (office.lead_head, "建设地点不在宁")
    assert Letter.objects.get(application=case).kind == "refusal"
    assert Event.objects.filter(action="proposal.release").count() == 1


def test_release_by_the_drafter_is_refused_also_by_the_database(office, case):
    both = person(Role.CLERK, unit=office.lead)
    MembershipFactory(user=both, role=Role.HEAD, unit=office.lead)
    proposal = proposing.draft(case, "refuse", actor=both, reason="x")
    with pytest.raises(Refused) as refused:
        proposing.release(proposal, actor=both)
    assert refused.value.reason == "same_person"
    with pytest.raises(IntegrityError, match="proposal_two_people"), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(
            state="released", settled_by=both, settled_at=proposal.drafted_at
        )
    assert status_of(case) == "formal_check"


@pytest.mark.parametrize("who", ["lead_clerk", "district_head", "stranger"])
def test_release_by_another_than_a_head_of_the_unit_is_refused(office, case, who):
    proposal = refusal(office, case)
    with pytest.raises(Refused) as refused:
        proposing.release(proposal, actor=getattr(office, who))
    assert refused.value.reason == "role"
    assert status_of(case) == "formal_check"


def test_release_after_the_case_moved_says_what_changed(office, case):
    proposal = refusal(office, case)
    move(case, "withdraw", actor=case.applicant, note="另行申报")
    with pytest.raises(Refused) as refused:
        proposing.release(proposal, actor=office.lead_head)
    assert refused.value.reason == "changed"
    assert refused.value.facts["changed_by"].action == "withdraw"
    proposal.refresh_from_db()
    assert proposal.state == "drafted"


def test_release_twice_is_refused(office, case):
    proposal = refusal(office, case)
    proposing.release(proposal, actor=office.lead_head)
    with pytest.raises(Refused) as refused:
        proposing.release(proposal, actor=office.lead_head)
    assert refused.value.reason == "state"


def test_send_back_frees_the_case_and_tells_the_clerk(office, case):
    proposal = refusal(office, case)
    with pytest.raises(Refused) as refused:
        proposing.send_back(proposal, actor=office.lead_head, note="")
    assert refused.value.reason == "reason_missing"
    proposing.send_back(proposal, actor=office.lead_head, note="依据不足")
    proposal.refresh_from_db()
    assert (proposal.state, proposal.settled_note) == ("sent_back", "依据不足")
    assert Notice.objects.filter(recipient=office.lead_clerk, body="依据不足").count() == 1
    assert refusal(office, case).state == "drafted"


def test_refusal_after_a_veto_is_released_from_the_joint_review():
    office = make_office(co_units=1)
    case = make_case(office, at="joint_review")
    consulting.start(case, actor=office.lead_clerk)
    consulting.give(case.opinions.get(), actor=office.co_clerk(0), outcome="veto", text="x")
    proposal = refusal(office, case)
    with pytest.raises(Refused) as refused:
        consulting.conclude(case, actor=office.lead_clerk)
    assert refused.value.reason == "proposal_pending"
    proposing.release(proposal, actor=office.lead_head)
    assert status_of(case) == "refused"
