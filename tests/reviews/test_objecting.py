"""Objections: signed, in time, taken up, and decided by two people."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from portal.notices.models import Notice
from reviews import noticing, objecting, proposing
from reviews.models import Objection, Proposal
from reviews.refusals import Refused
from tests.reviews.cases import at_day, make_case, make_office, published, status_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(clock):
    clock.set(at_day(date(2026, 3, 6)))
    return make_office()


@pytest.fixture
def case(office):
    return make_case(office, at="public_notice")


@pytest.fixture
def notice(office, case, clock):
    found = published(office, case)
    clock.set(at_day(found.starts_on))
    return found


GIVEN = {"signed_as": "person", "signatory": "周某", "contact": "13900000000", "text": "投入不实"}


def file(notice, case, **more):
    return objecting.file(notice, application=case, **(GIVEN | more))


def accepted(office, notice, case):
    return objecting.accept(file(notice, case), actor=office.lead_clerk)


def test_file_keeps_it_and_tells_the_clerks(office, case, notice):
    clerk = office.lead_clerk
    objection = file(notice, case)
    assert (objection.state, objection.due_on) == ("filed", date(2026, 3, 12))
    assert status_of(case) == "public_notice"
    told = Notice.objects.filter(recipient=clerk, dedupe_key__startswith="objection:").get()
    assert told.subject == f"{case.number}：收到异议"
    assert "周某" not in told.subject + told.body


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"signatory": "  "}, "unsigned"),
        ({"contact": ""}, "unsigned"),
        ({"signed_as": "nobody"}, "unsigned"),
        ({"text": " \n"}, "reason_missing"),
    ],
)
def test_file_without_name_contact_or_reason_is_refused(notice, case, wrong, reason):
    with pytest.raises(Refused) as refused:
        file(notice, case, **wrong)
    assert refused.value.reason == reason
    assert Objection.objects.count() == 0


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 3, 14)])
def test_file_outside_the_period_is_refused(notice, case, clock, day):
    clock.set(at_day(day))
    with pytest.raises(Refused) as refused:
        file(notice, case)
    assert refused.value.reason == "closed"


def test_file_about_a_case_that_is_not_in_the_notice_is_refused(office, notice):
    with pytest.raises(Refused) as refused:
        file(notice, make_case(office, at="public_notice"))
    assert refused.value.reason == "no_case"


def test_an_unsigned_objection_is_refused_by_the_database(notice, case):
    objection = file(notice, case)
    with pytest.raises(IntegrityError, match="objection_signed"), transaction.atomic():
        Objection.objects.filter(pk=objection.pk).update(signatory="")


def test_accept_takes_the_case_out_of_the_notice(office, case, notice):
    objection = accepted(office, notice, case)
    assert (objection.state, objection.accepted_by) == ("accepted", office.lead_clerk)
    case.refresh_from_db()
    assert (case.status, case.holder_unit) == ("objection", office.lead)
    last = case.transitions.last()
    assert "周某" not in last.note + last.public_note


def test_accept_twice_is_refused(office, case, notice):
    objection = accepted(office, notice, case)
    with pytest.raises(Refused) as refused:
        objecting.accept(objection, actor=office.lead_clerk)
    assert refused.value.reason == "state"


@pytest.mark.parametrize("who", ["lead_head", "district_clerk", "stranger"])
def test_accept_by_another_than_the_lead_clerk_is_refused(office, case, notice, who):
    with pytest.raises(Refused) as refused:
        objecting.accept(file(notice, case), actor=getattr(office, who))
    assert refused.value.reason == "role"


def decide(office, objection, *, upheld, conclusion="经核实，投入属实"):
    return objecting.decide(
        objection, actor=office.lead_clerk, upheld=upheld, conclusion=conclusion
    )


def test_a_dismissed_objection_brings_the_case_back(office, case, notice, clock):
    objection = accepted(office, notice, case)
    proposal = decide(office, objection, upheld=False)
    assert status_of(case) == "objection"
    proposing.release(proposal, actor=office.lead_head)
    objection.refresh_from_db()
    assert (objection.state, objection.conclusion) == ("dismissed", "经核实，投入属实")
    assert objection.decided_by == office.lead_head
    assert status_of(case) == "public_notice"
    clock.set(at_day(date(2026, 3, 16)))
    assert noticing.sweep() == 1


def test_the_case_waits_until_every_accepted_objection_is_decided(office, case, notice):
    first, second = accepted(office, notice, case), accepted(office, notice, case)
    proposing.release(decide(office, first, upheld=False), actor=office.lead_head)
    assert status_of(case) == "objection"
    proposing.release(decide(office, second, upheld=False), actor=office.lead_head)
    assert status_of(case) == "public_notice"


def test_an_upheld_objection_is_released_only_where_the_money_is_freed(office, case, notice):
    first, second = accepted(office, notice, case), file(notice, case)
    proposal = decide(office, first, upheld=True, conclusion="投入不实")
    with pytest.raises(Refused) as refused:
        proposing.release(proposal, actor=office.lead_head)
    assert refused.value.reason == "frees_money"
    assert status_of(case) == "objection"
    proposing.release(proposal, actor=office.lead_head, money_freed=True)
    assert status_of(case) == "cancelled"
    assert {row.state for row in Objection.objects.filter(pk__in=[first.pk, second.pk])} == {
        "upheld"
    }


def test_decide_before_it_was_accepted_or_twice_is_refused(office, case, notice):
    filed = file(notice, case)
    with pytest.raises(Refused) as refused:
        decide(office, filed, upheld=False)
    assert refused.value.reason == "state"
    objection = objecting.accept(filed, actor=office.lead_clerk)
    decide(office, objection, upheld=False)
    with pytest.raises(Refused) as refused:
        decide(office, objection, upheld=True)
    assert refused.value.reason == "proposal_pending"
    assert Proposal.objects.count() == 1


def test_decide_without_a_conclusion_is_refused(office, case, notice):
    with pytest.raises(Refused) as refused:
        decide(office, accepted(office, notice, case), upheld=False, conclusion=" ")
    assert refused.value.reason == "reason_missing"
