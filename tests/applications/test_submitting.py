"""Submitting: number, snapshot, routing and papers, once."""

import json
import threading
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from django.db import DatabaseError, connection, connections, transaction

from applications import drafts, sheets, snapshot, submitting
from applications.models import Application, Numbering, Party, Submission
from applications.submitting import AlreadySubmitted, KeyReused, NotSubmitted, prepare
from applications.workflow import MoveRefused
from portal import clock
from portal.audit.models import Event
from portal.notices.models import Notice
from tests.applications.definition import fill, invoice, start, submitted, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return world()


def submit(application, place, *, key="k", actor=None, arrived_at=None, **more):
    return submitting.submit(
        application,
        actor=actor or place.admin,
        key=key,
        arrived_at=arrived_at or clock.now(),
        **more,
    )


def test_submission_gives_number_amounts_routing_history_and_notices(place):
    application = submitted(place)
    assert application.number == "10-1-2026-0001"
    assert application.status == "recommendation"
    assert application.holder_unit == place.district
    assert application.due_on is not None
    # 2 × ¥1,130.00, of it 30 %, to the 分 where the line has no rounding of its own.
    assert application.claimed_cny == Decimal("2260.00")
    assert application.computed_cny == Decimal("678.00")
    assert application.asked_cny == Decimal("600.00")
    parties = Party.objects.filter(application=application).values_list("part", "unit__code")
    assert sorted(parties) == [("district", "xixia"), ("lead", "kjj")]
    event = Event.objects.get(action="application.submit")
    assert (event.from_state, event.to_state) == ("draft", "recommendation")
    assert set(Notice.objects.values_list("recipient", flat=True)) >= {
        place.filler.pk,
        place.admin.pk,
    }


def test_snapshot_hashes_to_what_the_receipt_says(place):
    application = submitted(place)
    submission = application.submissions.get()
    canonical = json.dumps(
        submission.snapshot, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    assert sha256(canonical.encode()).hexdigest() == submission.sha256
    assert submission.snapshot["sections"]["unit"]["unit_name"] == place.organisation.name
    assert submission.snapshot["invoices"][0]["gross_cny"] == "1130.00"


def test_profile_that_changes_later_changes_nothing_that_was_submitted(place):
    application = submitted(place)
    name = place.organisation.name
    place.organisation.name = "改名有限公司"
    place.organisation.save()
    application = Application.objects.get(pk=application.pk)
    taken = prepare(application).snapshot["sections"]["unit"]["unit_name"]
    assert taken == name


def test_numbers_count_on_without_a_gap_though_one_was_rolled_back(place):
    application = fill(start(place), place)
    with transaction.atomic():
        submit(application, place, key="lost")
        transaction.set_rollback(True)
    assert submit(application, place, key="kept").application.number == "10-1-2026-0001"
    assert Numbering.objects.get(series="10-1-2026").last == 1


def test_same_key_gives_the_same_receipt(place):
    application = fill(start(place), place)
    first = submit(application, place, key="twice")
    assert submit(application, place, key="twice") == first
    assert Submission.objects.count() == 1
    assert Event.objects.filter(action="application.submit").count() == 1


@pytest.mark.parametrize("other", [{"pledged": False}, {"seen_sha256": "0" * 64}])
def test_same_key_with_another_request_is_refused(place, other):
    application = fill(start(place), place)
    first = submit(application, place, key="twice")
    with pytest.raises(KeyReused) as refused:
        submit(application, place, key="twice", **other)
    assert refused.value.submission == first


def test_key_of_another_case_is_refused(place):
    submitted(place, key="mine")
    other = world_beside(place)
    application = fill(start(other), other)
    with pytest.raises(KeyReused):
        submit(application, other, key="mine")
    application.refresh_from_db()
    assert application.status == "draft"


def world_beside(place):
    """Another organisation under the same call."""
    from portal.accounts.models import Role
    from tests.applications.definition import World
    from tests.factories import OrganisationFactory, person

    organisation = OrganisationFactory(district=place.district)
    return World(
        place.district, place.lead, place.measure, place.call, organisation,
        person(Role.FILLER, organisation=organisation),
        person(Role.ORG_ADMIN, organisation=organisation),
    )  # fmt: skip


def test_second_request_with_another_key_is_shown_the_receipt(place):
    application = submitted(place, key="first")
    with pytest.raises(AlreadySubmitted) as already:
        submit(application, place, key="second")
    assert already.value.submission == application.submissions.get()


def test_filler_may_not_submit_but_hands_over(place):
    application = fill(start(place), place)
    with pytest.raises(MoveRefused) as refused:
        submit(application, place, actor=place.filler)
    assert refused.value.reason == "role"
    assert not Submission.objects.exists()


def test_missing_answers_keep_a_draft_where_it_is_and_are_named(place):
    application = start(place)
    with pytest.raises(NotSubmitted) as refused:
        submit(application, place)
    assert refused.value.reason == "problems"
    missing = {(p.section, p.field) for p in refused.value.facts["problems"] if p.stops}
    assert {("team", "staff"), ("attachments", "licence"), ("investment", "")} <= missing
    application.refresh_from_db()
    assert (application.status, application.number) == ("draft", None)


def test_more_than_the_rules_give_is_not_asked_for(place):
    application = fill(start(place), place)
    drafts.save_section(application, "amount", {"asked_cny": "678.01"}, actor=place.filler)
    with pytest.raises(NotSubmitted) as refused:
        submit(application, place)
    assert [p.code for p in refused.value.facts["problems"] if p.stops] == ["above_capped"]
    drafts.save_section(application, "amount", {"asked_cny": "678.00"}, actor=place.filler)
    assert submit(application, place, key="k2").application.asked_cny == Decimal("678.00")


def test_organisation_of_a_kind_that_is_not_eligible_submits_nothing(place):
    place.organisation.kind = "bank"
    place.organisation.save()
    application = fill(start(place), place)
    with pytest.raises(NotSubmitted) as refused:
        submit(application, place)
    assert [p.code for p in refused.value.facts["problems"] if p.stops] == ["not_eligible"]


def test_pledge_is_required(place):
    application = fill(start(place), place)
    with pytest.raises(NotSubmitted) as refused:
        submit(application, place, pledged=False)
    assert refused.value.reason == "pledge"


def test_content_that_changed_since_it_was_checked_is_refused(place):
    application = fill(start(place), place)
    seen = prepare(application).sha256
    drafts.save_section(application, "team", {"staff": 27}, actor=place.filler)
    with pytest.raises(NotSubmitted) as refused:
        submit(application, place, seen_sha256=seen)
    assert refused.value.reason == "changed"
    assert submit(application, place, key="k2", seen_sha256=prepare(application).sha256).round == 0


@pytest.mark.parametrize(
    ("offset", "accepted"),
    [(timedelta(milliseconds=-1), True), (timedelta(0), False), (timedelta(milliseconds=1), False)],
)
def test_arrival_decides_against_the_cut_off_to_the_millisecond(place, offset, accepted, clock):
    application = fill(start(place), place)
    arrived_at = place.call.closes_at + offset
    # It is later already: the body took its time.
    clock.set(place.call.closes_at + timedelta(seconds=20))
    if accepted:
        submission = submit(application, place, arrived_at=arrived_at)
        assert submission.arrived_at < place.call.closes_at < submission.received_at
    else:
        with pytest.raises(NotSubmitted) as refused:
            submit(application, place, arrived_at=arrived_at)
        assert refused.value.reason == "late"


def test_duplicate_invoice_stops_submission(place):
    application = fill(start(place), place, rows=4)
    sheets.append_invoices(application, [invoice(1)], actor=place.filler)
    with pytest.raises(NotSubmitted) as refused:
        submit(application, place)
    assert [p.code for p in refused.value.facts["problems"] if p.stops] == ["wrong_rows"]


@pytest.mark.parametrize("column", ["snapshot", "sha256", "round", "action"])
def test_submission_is_frozen_in_the_database(place, column):
    submission = submitted(place).submissions.get()
    other = {"snapshot": {}, "sha256": "0" * 64, "round": 9, "action": "correct"}[column]
    with pytest.raises(DatabaseError), transaction.atomic():
        Submission.objects.filter(pk=submission.pk).update(**{column: other})
    with pytest.raises(DatabaseError), transaction.atomic():
        submission.delete()


def test_papers_follow_by_task_and_running_it_again_changes_nothing(place, run_tasks):
    from applications import tasks

    application = submitted(place)
    run_tasks()
    submission = application.submissions.get()
    assert submission.receipt.content_type == submission.form.content_type == "application/pdf"
    papers = submission.receipt_id, submission.form_id
    tasks.make_submission_papers(submission.pk)
    submission.refresh_from_db()
    assert (submission.receipt_id, submission.form_id) == papers


def test_sweep_makes_papers_that_a_lost_message_missed(place, clock):
    from applications import tasks

    submission = submitted(place).submissions.get()
    assert tasks.sweep_papers() == 0
    clock.advance(timedelta(minutes=2))
    assert tasks.sweep_papers() == 1
    submission.refresh_from_db()
    assert submission.receipt_id and submission.form_id
    assert tasks.sweep_papers() == 0


def test_fingerprint_ignores_the_order_of_keys_and_nothing_else():
    assert snapshot.fingerprint({"a": 1, "b": [1, 2]}) == snapshot.fingerprint(
        {"b": [1, 2], "a": 1}
    )
    assert snapshot.fingerprint({"b": [2, 1]}) != snapshot.fingerprint({"b": [1, 2]})


@pytest.mark.django_db(transaction=True)
def test_ten_requests_at_once_make_one_case():
    """A double click, in earnest: half of them bear one key, half their own."""
    place = world()
    application = fill(start(place), place)
    arrived_at, outcomes = clock.now(), []
    barrier = threading.Barrier(10)

    def request(number):
        key = "same" if number % 2 else f"own-{number}"
        try:
            barrier.wait(timeout=30)
            found = submitting.submit(
                application, actor=place.admin, key=key, arrived_at=arrived_at
            )
            outcomes.append(("receipt", found.pk))
        except AlreadySubmitted as already:
            outcomes.append(("receipt", already.submission.pk))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=request, args=[number]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 10
    assert set(outcomes) == {("receipt", Submission.objects.get().pk)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_event WHERE action = 'application.submit'")
        assert cursor.fetchone() == (1,)
    assert Numbering.objects.get().last == 1
