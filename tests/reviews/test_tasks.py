"""The sweeps as tasks: run twice, they do their work once."""

from datetime import date, timedelta

import pytest

from reviews import consulting, tasks
from tests.reviews.cases import at_day, make_case, make_office, published, status_of

pytestmark = pytest.mark.django_db


def test_sweep_opinions_twice_lets_silence_speak_once(clock):
    office = make_office(co_units=2)
    case = make_case(office, at="joint_review")
    consulting.start(case, actor=office.lead_clerk)
    clock.set(at_day(case.due_on + timedelta(days=1)))
    assert [tasks.sweep_opinions(), tasks.sweep_opinions()] == [2, 0]
    assert set(case.opinions.values_list("outcome", flat=True)) == {"silent"}


def test_sweep_notices_twice_closes_once(clock):
    clock.set(at_day(date(2026, 3, 6)))
    office = make_office()
    case = make_case(office, at="public_notice")
    published(office, case)
    clock.set(at_day(date(2026, 3, 14)))
    assert [tasks.sweep_notices(), tasks.sweep_notices()] == [1, 0]
    assert status_of(case) == "decision"


def test_both_sweeps_are_on_the_schedule(settings):
    tasks_of = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {tasks.sweep_opinions.name, tasks.sweep_notices.name} <= tasks_of
