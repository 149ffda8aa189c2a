"""Two at once at one question, and at one organisation's daily number."""

from datetime import timedelta

import pytest

from policy import call_changes, questions
from policy.models import CallChange
from policy.models.questions import Question
from policy.questions import QuestionRefused
from portal.accounts.models import Role
from tests import factories
from tests.accounts.test_races import interleaved
from tests.policy.catalogue import make_measure, make_open_call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call():
    return make_open_call(make_measure(1))


@pytest.fixture
def clerk(call):
    return factories.person(Role.CLERK, unit=call.lead_unit)


@pytest.fixture
def filler():
    return factories.person(Role.FILLER)


def test_question_that_two_clerks_answer_is_answered_once(call, clerk, filler, monkeypatch):
    question = questions.ask(call, "起算日？", actor=filler)
    other = factories.person(Role.CLERK, unit=call.lead_unit)

    def answer(actor):
        return lambda: questions.answer_privately(
            question, answer="自建设期起。", actor=actor, seen_revision=question.revision
        )

    first, second = interleaved(monkeypatch, questions, "record", answer(clerk), answer(other))
    assert (first.state, getattr(second, "reason", second)) == ("private", "state")
    question.refresh_from_db()
    assert question.answered_by == clerk


def test_the_last_question_of_the_day_is_asked_once(call, filler, monkeypatch):
    for number in range(questions.MOST_A_DAY - 1):
        questions.ask(call, f"第{number}问", actor=filler)
    acts = [lambda text=text: questions.ask(call, text, actor=filler) for text in ("甲", "乙")]
    _first, second = interleaved(monkeypatch, questions, "record", *acts)
    assert isinstance(second, QuestionRefused), second
    assert second.reason == "too_many"
    assert Question.objects.count() == questions.MOST_A_DAY


def test_question_is_not_merged_into_an_answer_that_is_being_taken_down(
    call, clerk, filler, monkeypatch
):
    head = factories.person(Role.HEAD, unit=call.lead_unit)
    public = questions.ask(call, "起算日？", actor=filler)
    public = questions.draft_public(
        public, public_text="起算日？", answer="自建设期起。", actor=clerk,
        seen_revision=public.revision,
    )  # fmt: skip
    public = questions.approve(public, actor=head, seen_revision=public.revision)
    waiting = questions.ask(call, "从哪天起算？", actor=filler)
    _first, second = interleaved(
        monkeypatch,
        questions,
        "record",
        lambda: questions.take_down(
            public, reason="有误", actor=head, seen_revision=public.revision
        ),
        lambda: questions.merge(waiting, into=public, actor=clerk, seen_revision=waiting.revision),
    )
    assert isinstance(second, QuestionRefused), second
    assert second.reason == "no_target"


def test_act_on_a_call_is_dropped_or_put_into_effect_not_both(call, monkeypatch):
    drafter, second_person = (factories.person(Role.POLICY_ADMIN) for _person in range(2))
    later = call.closes_at + timedelta(days=5)
    change = call_changes.draft(call, "closes_at", actor=drafter, reason="x", after=later)
    _first, second = interleaved(
        monkeypatch,
        call_changes,
        "record",
        lambda: call_changes.put_into_effect(change, actor=second_person),
        lambda: call_changes.drop(change, actor=drafter),
    )
    assert isinstance(second, call_changes.CallRefused), second
    assert CallChange.objects.get().state == "released"
