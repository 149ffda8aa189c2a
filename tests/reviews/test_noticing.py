"""The public notice: from the next working day, for the call's working days, then the decision."""

from datetime import date

import pytest

from applications.models import Application
from applications.workflow import move
from policy.models import CalendarDay, CalendarYear
from reviews import noticing, objecting
from reviews.models import PublicNotice
from reviews.refusals import Refused
from tests.reviews.cases import (
    at_day,
    load_calendar,
    make_case,
    make_office,
    published,
    selected,
    status_of,
)

pytestmark = pytest.mark.django_db
FRIDAY = date(2026, 3, 6)


@pytest.fixture
def office(clock):
    clock.set(at_day(FRIDAY))
    return make_office()


@pytest.fixture
def case(office):
    return make_case(office, at="public_notice")


def test_publish_starts_on_the_next_working_day_and_counts_it(office, case):
    notice = published(office, case)
    assert (notice.starts_on, notice.ends_on) == (date(2026, 3, 9), date(2026, 3, 13))
    case.refresh_from_db()
    assert case.due_on == date(2026, 3, 13)


@pytest.mark.parametrize(
    ("start", "limit", "first", "last"),
    [
        (date(2026, 4, 3), 5, date(2026, 4, 7), date(2026, 4, 13)),
        (date(2026, 9, 30), 5, date(2026, 10, 8), date(2026, 10, 13)),
        (date(2026, 3, 8), 1, date(2026, 3, 9), date(2026, 3, 9)),
    ],
)
def test_period_counts_the_loaded_working_days(start, limit, first, last, db):

    load_calendar(2026)
    off = [(4, 6), (10, 1), (10, 2), (10, 5), (10, 6), (10, 7)]
    for month, day in off:
        CalendarDay.objects.create(
            date=date(2026, month, day), year_id=2026, is_workday=False, name="假"
        )
    CalendarDay.objects.create(date=date(2026, 10, 10), year_id=2026, is_workday=True, name="班")
    found = noticing.period(start, limit)
    assert (found["starts_on"], found["ends_on"]) == (first, last)


def test_period_of_a_year_that_is_not_loaded_stays_open(db):
    load_calendar(2026)
    found = noticing.period(date(2026, 12, 30), 5)
    assert found == {
        "starts_on": date(2026, 12, 31),
        "ends_on": None,
        "due_waiting": {"from": "2026-12-30", "workdays": 5},
    }


def test_sweep_dates_a_notice_once_the_calendar_came(office, case, clock):
    CalendarYear.objects.filter(year=2027).delete()
    clock.set(at_day(date(2026, 12, 30)))
    notice = published(office, case)
    assert notice.ends_on is None
    load_calendar(2027)
    noticing.sweep()
    notice.refresh_from_db()
    assert (notice.ends_on, notice.due_waiting) == (date(2027, 1, 6), None)
    case.refresh_from_db()
    assert case.due_on == date(2027, 1, 6)


def test_a_call_s_second_notice_is_told_from_its_first(office, case):
    office.call.title_zh = "2026年度概念验证中心申报通知（第一批）"
    first = "2026年度概念验证中心（第一批）拟支持名单公示"
    assert noticing.proposed_title(office.call) == first
    published(office, case)
    assert noticing.proposed_title(office.call) == f"{first}（第 2 次）"


def test_publish_before_the_confirmation_is_refused(office, case):
    selection = selected(office, case)
    type(selection).objects.filter(pk=selection.pk).update(
        state="drafted", confirmed_by=None, confirmed_at=None
    )
    with pytest.raises(Refused) as refused:
        noticing.publish(selection, actor=office.lead_clerk, title="x", text="x", contact="x")
    assert refused.value.reason == "state"


def test_publish_twice_is_refused(office, case):
    notice = published(office, case)
    with pytest.raises(Refused) as refused:
        noticing.publish(
            notice.selection, actor=office.lead_clerk, title="x", text="x", contact="x"
        )
    assert refused.value.reason == "already"


@pytest.mark.parametrize("who", ["lead_head", "district_clerk", "stranger"])
def test_publish_by_another_than_the_lead_clerk_is_refused(office, case, who):
    with pytest.raises(Refused) as refused:
        noticing.publish(
            selected(office, case), actor=getattr(office, who), title="x", text="x", contact="x"
        )
    assert refused.value.reason == "role"


def test_close_waits_for_the_end_of_the_last_day(office, case, clock):
    notice = published(office, case)
    clock.set(at_day(notice.ends_on, hour=23))
    with pytest.raises(Refused) as refused:
        noticing.close(notice, actor=office.lead_clerk)
    assert (refused.value.reason, refused.value.facts) == (
        "too_early", {"ends_on": notice.ends_on},
    )  # fmt: skip
    assert noticing.sweep() == 0
    clock.set(at_day(date(2026, 3, 14), hour=0))
    assert noticing.sweep() == 1
    assert noticing.sweep() == 0
    assert status_of(case) == "decision"


def test_close_by_the_clerk_moves_every_case_but_the_withdrawn(office, case, clock):
    gone = make_case(office, at="public_notice")
    notice = published(office, case, gone)
    move(gone, "withdraw", actor=gone.applicant, note="另行安排")
    clock.set(at_day(date(2026, 3, 16)))
    noticing.close(notice, actor=office.lead_clerk)
    assert (status_of(case), status_of(gone)) == ("decision", "withdrawn")
    notice.refresh_from_db()
    assert notice.closed_by == office.lead_clerk
    with pytest.raises(Refused) as refused:
        noticing.close(notice, actor=office.lead_clerk)
    assert refused.value.reason == "already"


def test_close_by_another_than_the_lead_clerk_is_refused(office, case, clock):
    notice = published(office, case)
    clock.set(at_day(date(2026, 3, 16)))
    for actor in (office.stranger, office.district_clerk):
        with pytest.raises(Refused) as refused:
            noticing.close(notice, actor=actor)
        assert refused.value.reason == "role"


def file(notice, case, **more):
    fields = {
        "signed_as": "person", "signatory": "周某", "contact": "13900000000", "text": "投入不实",
    }  # fmt: skip
    return objecting.file(notice, application=case, **(fields | more))


def test_an_open_objection_keeps_the_whole_notice_open(office, case, clock):
    other = make_case(office, at="public_notice")
    notice = published(office, case, other)
    clock.set(at_day(notice.starts_on))
    file(notice, other)
    clock.set(at_day(date(2026, 3, 16)))
    with pytest.raises(Refused) as refused:
        noticing.close(notice, actor=office.lead_clerk)
    assert (refused.value.reason, refused.value.facts) == ("objections_open", {"count": 1})
    assert noticing.sweep() == 0
    assert status_of(case) == "public_notice"


def test_an_objection_to_a_withdrawn_case_keeps_nothing_open(office, case, clock):
    other = make_case(office, at="public_notice")
    notice = published(office, case, other)
    clock.set(at_day(notice.starts_on))
    file(notice, other)
    move(other, "withdraw", actor=other.applicant, note="x")
    clock.set(at_day(date(2026, 3, 16)))
    assert noticing.sweep() == 1
    assert status_of(case) == "decision"


@pytest.mark.parametrize(
    ("day", "public", "open_"),
    [
        (date(2026, 3, 8), False, False),
        (date(2026, 3, 9), True, True),
        (date(2026, 3, 13), True, True),
        (date(2026, 3, 14), True, False),
    ],
)
def test_the_public_reads_it_from_the_first_day_and_objects_until_the_last(day, public, open_):
    notice = PublicNotice(starts_on=date(2026, 3, 9), ends_on=date(2026, 3, 13))
    assert noticing.is_public(notice, on=day) is public
    assert noticing.is_open(notice, on=day) is open_


def test_supported_are_the_notices_cases_alone(office, case):
    selection = selected(office, case)
    make_case(office, at="public_notice")
    assert list(noticing.supported(selection)) == [Application.objects.get(pk=case.pk)]
