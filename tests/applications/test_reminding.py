"""Reminders before a cut-off and before a correction is due."""

from datetime import timedelta

import pytest

from applications import reminding
from applications.reminding import step_of
from policy import call_changes
from portal.accounts.models import Role
from portal.notices.models import Notice
from tests.applications.definition import fill, start, submitted, world
from tests.factories import person

pytestmark = pytest.mark.django_db


def told():
    return sorted(
        Notice.objects.filter(dedupe_key__startswith="remind:").values_list(
            "recipient__name", "subject", "subject_en"
        )
    )


@pytest.mark.parametrize(
    ("hours", "step"),
    [
        (168, "7d"),
        (73, "7d"),
        (72, "3d"),
        (25, "3d"),
        (24, "1d"),
        (4.01, "1d"),
        (4, "4h"),
        (0.1, "4h"),
    ],
)
def test_step_is_the_nearest_that_has_been_reached(hours, step):
    assert step_of(timedelta(hours=hours)) == step


def test_draft_is_reminded_four_times_once_each_and_no_more(clock):
    place = world(days=9)
    start(place)
    ends = place.call.closes_at
    sent = []
    for hours in (169, 167, 167, 71, 23, 3, 2, -1):
        clock.set(ends - timedelta(hours=hours))
        sent.append(reminding.remind())
    assert sent == [0, 2, 0, 2, 2, 2, 0, 0]
    names = {name for name, *_subjects in told()}
    assert names == {"李填报", "王主管"}


def test_reminder_speaks_both_languages(clock):
    place = world(days=9)
    start(place)
    clock.set(place.call.closes_at - timedelta(days=2))
    reminding.remind()
    _name, chinese, english = told()[0]
    assert chinese.startswith("“2026年度概念验证中心申报”尚未提交，")
    assert english.startswith("“Concept-verification centres 2026” is not submitted yet; ")


def test_submitted_case_is_left_alone(clock):
    place = world(days=9)
    submitted(place)
    clock.set(place.call.closes_at - timedelta(days=2))
    assert reminding.remind() == 0


def test_draft_of_a_call_that_was_extended_is_reminded_anew(clock):
    place = world(days=9)
    fill(start(place), place)
    clock.set(place.call.closes_at - timedelta(hours=3))
    assert reminding.remind() == 2
    change = call_changes.draft(
        place.call,
        "closes_at",
        after=place.call.closes_at + timedelta(days=1),
        reason="准备时间不足",
        actor=person(Role.POLICY_ADMIN),
    )
    call_changes.put_into_effect(change, actor=person(Role.POLICY_ADMIN))
    assert reminding.remind() == 2, "the new cut-off has its own reminders"
