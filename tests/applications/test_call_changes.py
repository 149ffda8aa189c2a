"""Releasing an act on a call tells those concerned, in the transaction that puts it into effect."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from applications import call_changes
from applications.models import Application
from policy import call_changes as drafting
from policy.calls import CallRefused
from portal import clock
from portal.accounts.models import Role
from portal.notices.models import Notice
from tests.factories import OrganisationFactory
from tests.factories import person as member
from tests.policy.callable import make_published, person

pytestmark = pytest.mark.django_db

MORE = Decimal("25000000.00")


def make_change(call, field="budget_cny", after=MORE, **more):
    values = {"reason": "追加财政预算", "actor": person("drafter")} | more
    return drafting.draft(call, field, after=after, **values)


def start_draft(call, organisation) -> Application:
    now = clock.now()
    return Application.objects.create(
        call=call,
        definition=call.definition,
        organisation=organisation,
        district=organisation.district,
        started_by=organisation.registered_by,
        started_at=now,
        stage_started_at=now,
    )


def told(change) -> set[int]:
    keys = Notice.objects.filter(dedupe_key__startswith=f"callchange:{change.pk}:released:")
    return set(keys.values_list("recipient", flat=True))


def test_people_of_organisations_with_a_draft_are_told_and_others_are_not():
    call = make_published()
    organisation, stranger = OrganisationFactory(), OrganisationFactory()
    filler = member(Role.FILLER, organisation=organisation)
    admin = member(Role.ORG_ADMIN, organisation=organisation)
    member(Role.FILLER, organisation=stranger)
    clerk = member(Role.CLERK, unit=call.lead_unit)
    start_draft(call, organisation)
    start_draft(make_published(call.measure), stranger)
    change = make_change(call, "closes_at", call.closes_at + timedelta(days=7))
    call_changes.release(change, actor=person("publisher"))
    assert told(change) == {filler.pk, admin.pk, clerk.pk, change.drafted_by_id}


def test_a_refused_release_tells_nobody():
    call = make_published()
    start_draft(call, OrganisationFactory())
    change = make_change(call)
    with pytest.raises(CallRefused) as error:
        call_changes.release(change, actor=person("drafter"))
    assert error.value.reason == "second_person"
    assert told(change) == set()


def test_the_notice_says_what_changed_and_why():
    call = make_published()
    change = make_change(call)
    call_changes.release(change, actor=person("publisher"))
    body = Notice.objects.filter(dedupe_key__contains=":released:").first().body
    assert body == (
        "预算由2,000.00 万元（¥20,000,000.00）变更为2,500.00 万元（¥25,000,000.00）。"
        "理由：追加财政预算"
    )


def test_the_workspace_of_a_draft_announces_the_change(client):
    call = make_published()
    organisation = OrganisationFactory()
    filler = member(Role.FILLER, organisation=organisation)
    application = start_draft(call, organisation)
    call_changes.release(make_change(call), actor=person("publisher"))
    client.force_login(filler)
    page = client.get(reverse("application_workspace", args=[application.uid])).content.decode()
    assert "变更公告" in page
    assert "追加财政预算" in page
