"""What a person's units lead, and the questions that wait there: one statement, written by hand."""

import pytest
from django.db.models import Count, Q

from policy import questions
from policy.leading import Led, led, led_measures
from policy.models import Call, Measure
from policy.models.questions import Question
from portal.accounts.models import Role, User
from tests import factories
from tests.policy.catalogue import hand_over, make_draft_call, make_measure, make_open_call

pytestmark = pytest.mark.django_db


def fresh(user: User) -> User:
    """The user as the next request reads it."""
    return User.objects.get(pk=user.pk)


def ask(call: Call, times: int = 1) -> list[Question]:
    filler = factories.person(Role.FILLER)
    return [questions.ask(call, f"问题{number}？", actor=filler) for number in range(times)]


def draft(question: Question, *, actor: User) -> None:
    questions.draft_public(
        question, public_text="问？", answer="答。", actor=actor, seen_revision=question.revision
    )


def test_led_counts_what_waits_on_the_calls_of_each_measure_in_the_catalogues_order():
    second, first, idle = make_measure(2), make_measure(1), make_measure(3)
    unit = first.lead_unit
    clerk = factories.person(Role.CLERK, unit=unit)
    asked = ask(make_open_call(first), times=3)
    draft(asked[0], actor=clerk)
    ask(make_open_call(second), times=1)
    assert led(fresh(clerk)) == [
        Led(first.pk, unit.pk, asked=2, drafted=1),
        Led(second.pk, unit.pk, asked=1, drafted=0),
        Led(idle.pk, unit.pk, asked=0, drafted=0),
    ]


def test_led_names_a_measure_of_which_the_unit_is_in_charge_of_a_call_only():
    measure, other = make_measure(1), factories.UnitFactory()
    call = make_open_call(measure)
    Call.objects.filter(pk=call.pk).update(lead_unit=other)
    theirs = factories.person(Role.HEAD, unit=other)
    leading = factories.person(Role.CLERK, unit=measure.lead_unit)
    ask(call, times=2)
    assert led(fresh(theirs)) == [Led(measure.pk, other.pk, asked=2, drafted=0)]
    # The measure's own lead unit still leads it; the call's questions are the other's.
    assert led(fresh(leading)) == [Led(measure.pk, measure.lead_unit_id, asked=0, drafted=0)]


def test_led_of_a_person_of_two_units_counts_what_the_list_of_questions_shows():
    measure, other = make_measure(1), factories.UnitFactory()
    own, theirs = make_open_call(measure), make_open_call(measure, number=2)
    Call.objects.filter(pk=theirs.pk).update(lead_unit=other)
    clerk = factories.person(Role.CLERK, unit=measure.lead_unit)
    factories.MembershipFactory(user=clerk, role=Role.CLERK, unit=other)
    ask(own, times=2)
    ask(theirs, times=3)
    listed = Question.objects.of_units([measure.lead_unit, other]).aggregate(
        asked=Count("pk", filter=Q(state="asked"))
    )
    assert questions.waiting_count(fresh(clerk)) == listed["asked"] == 5
    assert led_measures(fresh(clerk)) == [measure.pk]


def test_led_is_empty_for_roles_and_units_that_lead_nothing():
    measure = make_measure(1)
    make_draft_call(measure)
    nobody = [
        factories.person(Role.CLERK, unit=factories.UnitFactory()),
        factories.person(Role.FINANCE, unit=measure.lead_unit),
        factories.person(Role.FILLER),
    ]
    assert [led(fresh(user)) for user in nobody] == [[], [], []]


def test_led_follows_a_measure_that_was_handed_over():
    measure, other = make_measure(1), factories.UnitFactory()
    make_open_call(measure)
    before = factories.person(Role.CLERK, unit=measure.lead_unit)
    after = factories.person(Role.CLERK, unit=other)
    hand_over(Measure.objects.get(pk=measure.pk), other)
    assert led_measures(fresh(before)) == []
    assert led_measures(fresh(after)) == [measure.pk]


@pytest.mark.parametrize("calls", [1, 30])
def test_led_is_one_query_and_asked_once_for_a_request(calls, django_assert_num_queries):
    measure = make_measure(1)
    for number in range(calls):
        ask(make_open_call(measure, number=number))
    clerk = fresh(factories.person(Role.CLERK, unit=measure.lead_unit))
    assert clerk.present_memberships
    with django_assert_num_queries(1):
        assert [row.asked for row in led(clerk)] == [calls]
        led(clerk)
        led_measures(clerk)


def test_led_asks_nothing_for_whom_no_unit_has(django_assert_num_queries):
    filler = fresh(factories.person(Role.FILLER))
    assert filler.present_memberships
    with django_assert_num_queries(0):
        assert led(filler) == []
