"""Questions on calls: asking, answering, approving; what the database refuses."""

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from policy import calendars, questions
from policy.models import CalendarYear, Call
from policy.models.questions import MAX_QUESTION, Question
from policy.questions import QuestionRefused
from portal import clock as portal_clock
from portal.accounts.models import Role, User
from portal.audit.models import Event
from portal.audit.recording import record
from portal.notices.models import Notice
from tests import factories
from tests.policy.catalogue import make_measure, make_open_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def call():
    return make_open_call(make_measure(1))


@pytest.fixture
def people(call):
    """The lead unit's clerk and head, and who asks."""
    lead = call.lead_unit
    return {
        "clerk": factories.person(Role.CLERK, unit=lead),
        "head": factories.person(Role.HEAD, unit=lead),
        "filler": factories.person(Role.FILLER, name="提问人"),
    }


def ask(call, people, text="投入起算日如何确定？"):
    return questions.ask(call, text, actor=people["filler"])


def drafted(call, people, **more):
    question = ask(call, people, **more)
    return questions.draft_public(
        question, public_text="投入从哪一天起算？", answer="自建设期起算。",
        actor=people["clerk"], seen_revision=question.revision,
    )  # fmt: skip


def published(call, people, **more):
    question = drafted(call, people, **more)
    return questions.approve(question, actor=people["head"], seen_revision=question.revision)


def refusal(act) -> str:
    with pytest.raises(QuestionRefused) as refused, transaction.atomic():
        act()
    return refused.value.reason


# --- the road ------------------------------------------------------------------------


def test_question_becomes_public_by_two_people_and_keeps_what_was_asked(call, people):
    question = published(call, people)
    question.refresh_from_db()
    assert (question.state, question.text, question.public_text) == (
        "public", "投入起算日如何确定？", "投入从哪一天起算？",
    )  # fmt: skip
    assert (question.answered_by, question.approved_by) == (people["clerk"], people["head"])
    steps = Event.objects.filter(object_type="policy.question", object_id=str(question.pk))
    assert list(steps.order_by("id").values_list("action", "from_state", "to_state")) == [
        ("question.ask", "", "asked"),
        ("question.draft", "asked", "drafted"),
        ("question.approve", "drafted", "public"),
    ]


def test_each_step_tells_whom_it_concerns(call, people):
    question = published(call, people)
    told = Notice.objects.order_by("pk").values_list("recipient", "url")
    assert list(told) == [
        (people["clerk"].pk, f"/questions/{question.uid}/"),
        (people["head"].pk, f"/questions/{question.uid}/"),
        (people["filler"].pk, f"/calls/{call.uid}/questions/{question.uid}/"),
    ]


def test_private_answer_is_not_public(call, people):
    question = ask(call, people)
    questions.answer_privately(question, answer="请电询。", actor=people["clerk"], seen_revision=1)
    assert Question.objects.public().count() == 0
    assert Notice.objects.filter(recipient=people["filler"]).count() == 1


def test_declining_needs_a_reason(call, people):
    question = ask(call, people)
    act = {"actor": people["clerk"], "seen_revision": 1}
    assert refusal(lambda: questions.decline(question, reason=" ", **act)) == "no_reason"
    assert questions.decline(question, reason="与本批无关。", **act).state == "declined"


def test_question_is_merged_into_a_public_one_of_its_call_only(call, people):
    target = published(call, people)
    question = ask(call, people, text="从哪天起算？")
    act = {"actor": people["clerk"], "seen_revision": 1}
    waiting = ask(call, people, text="另一个问题")
    assert refusal(lambda: questions.merge(question, into=waiting, **act)) == "no_target"
    elsewhere = published(make_open_call(make_measure(2)), people)
    assert refusal(lambda: questions.merge(question, into=elsewhere, **act)) == "no_target"
    assert questions.merge(question, into=target, **act).merged_into == target


def test_drafter_does_not_approve_even_as_head(call, people):
    factories.MembershipFactory(user=people["clerk"], role=Role.HEAD, unit=call.lead_unit)
    question = drafted(call, people)
    act = {"actor": people["clerk"], "seen_revision": question.revision}
    assert refusal(lambda: questions.approve(question, **act)) == "same_person"


def test_head_sends_back_with_a_reason_and_the_clerk_takes_back_without(call, people):
    question = drafted(call, people)
    seen = {"seen_revision": question.revision}
    assert (
        refusal(lambda: questions.send_back(question, note="", actor=people["head"], **seen))
        == "no_reason"
    )
    back = questions.send_back(question, note="请引用条款。", actor=people["head"], **seen)
    assert (back.state, back.note, back.answer) == ("asked", "请引用条款。", "自建设期起算。")
    other = drafted(call, people, text="另一个问题")
    taken = questions.send_back(other, note="", actor=people["clerk"], seen_revision=other.revision)
    assert taken.state == "asked"


def test_public_answer_is_taken_down_to_be_worded_anew(call, people):
    question = published(call, people)
    question = questions.pin(question, on=True, actor=people["clerk"], seen_revision=3)
    down = questions.take_down(
        question, reason="口径调整", actor=people["head"], seen_revision=question.revision
    )
    down.refresh_from_db()
    assert (down.state, down.pinned, down.approved_by) == ("asked", False, None)
    assert Question.objects.public().count() == 0


@pytest.mark.parametrize("role", ["head", "filler"])
def test_only_the_clerk_of_the_lead_unit_answers(call, people, role):
    question = ask(call, people)
    act = {"actor": people[role], "seen_revision": 1}
    assert refusal(lambda: questions.answer_privately(question, answer="x", **act)) == "role"


def test_clerk_of_another_unit_answers_nothing(call, people):
    question = ask(call, people)
    act = {"actor": factories.person(Role.CLERK), "seen_revision": 1}
    assert refusal(lambda: questions.answer_privately(question, answer="x", **act)) == "role"


def test_act_on_a_changed_question_is_refused(call, people):
    question = drafted(call, people)
    act = {"actor": people["head"], "seen_revision": question.revision - 1}
    assert refusal(lambda: questions.approve(question, **act)) == "changed"


# --- asking ---------------------------------------------------------------------------


def test_asking_needs_an_organisation_and_an_open_call(call, people, clock):
    assert refusal(lambda: questions.ask(call, "x", actor=people["clerk"])) == "role"
    clock.set(call.closes_at)
    assert refusal(lambda: ask(call, people)) == "closed"


def test_asking_has_limits(call, people):
    assert refusal(lambda: ask(call, people, text=" \n")) == "empty"
    assert refusal(lambda: ask(call, people, text="长" * (MAX_QUESTION + 1))) == "too_long"
    for number in range(questions.MOST_A_DAY):
        ask(call, people, text=f"问题{number}")
    assert refusal(lambda: ask(call, people, text="问题0")) == "same"
    colleague = factories.person(Role.FILLER, organisation=_organisation(people))
    assert refusal(lambda: questions.ask(call, "更多", actor=colleague)) == "too_many"


def _organisation(people):
    return people["filler"].memberships.get().organisation


def test_a_day_later_the_organisation_may_ask_again(call, people, clock):
    for number in range(questions.MOST_A_DAY):
        ask(call, people, text=f"问题{number}")
    clock.advance(timedelta(days=1, seconds=5))
    assert ask(call, people, text="更多").state == "asked"


# --- due dates ------------------------------------------------------------------------


def test_due_date_counts_the_calls_own_working_days(people, clock):
    calendars.load_year(2026, calendars.packaged_days(2026), source="x", actor="test")
    clock.set(portal_clock.now().replace(year=2026, month=3, day=6, hour=2))  # a Friday
    call = make_open_call(make_measure(2), question_workdays=3)
    assert str(ask(call, people).due_on) == "2026-03-11"


def test_without_a_limit_or_a_calendar_there_is_no_due_date(call, people):
    assert ask(call, people).due_on is None
    limited = make_open_call(make_measure(2), question_workdays=3)
    CalendarYear.objects.all().delete()
    assert ask(limited, people).due_on is None


def test_loading_the_calendar_dates_what_waits(people, clock):
    clock.set(portal_clock.now().replace(year=2026, month=3, day=6, hour=2))
    call = make_open_call(make_measure(2), question_workdays=3)
    question = ask(call, people)
    assert question.due_on is None
    calendars.load_year(2026, calendars.packaged_days(2026), source="x", actor="test")
    question.refresh_from_db()
    assert str(question.due_on) == "2026-03-11"


# --- what waits -----------------------------------------------------------------------


def test_waiting_count_is_the_clerks_questions_and_the_heads_drafts(call, people):
    ask(call, people)
    drafted(call, people, text="另一个问题")
    drafted(call, people, text="第三个问题")
    stranger = factories.person(Role.CLERK)
    counted = [
        questions.waiting_count(User.objects.get(pk=who.pk)) for who in (*people.values(), stranger)
    ]
    assert counted == [1, 2, 0, 0]


# --- what the database refuses ----------------------------------------------------------


def broken(**values) -> str:
    """The constraint that refuses the values on the one question there is."""
    refused = "nothing"
    try:
        with transaction.atomic():
            question = Question.objects.select_for_update().get()
            before = question.state
            Question.objects.filter(pk=question.pk).update(**values)
            if values.get("state", before) != before:
                record("x", obj=question, actor="x", from_state=before, to_state=values["state"])
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except (IntegrityError, ProgrammingError, DataError) as error:
        diag = error.__cause__.diag
        refused = diag.constraint_name or diag.message_primary
    return refused


def test_public_needs_a_second_person(call, people):
    question = drafted(call, people)
    now = portal_clock.now()
    assert (
        broken(state="public", approved_by=question.answered_by, approved_at=now)
        == "policy_question_second_person"
    )
    assert broken(state="public") == "policy_question_approved_if_public"
    assert broken(approved_by=people["head"]) == "policy_question_approved_if_public"


def test_approved_is_what_was_drafted(call, people):
    drafted(call, people)
    signed = {"state": "public", "approved_by": people["head"], "approved_at": portal_clock.now()}
    assert broken(**signed, answer="另一个答复") == "policy_question_kept_as_signed"


def test_public_answer_is_not_edited(call, people):
    published(call, people)
    assert broken(answer="另一个答复") == "policy_question_kept_as_signed"
    assert broken(approved_by=factories.UserFactory()) == "policy_question_kept_as_signed"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"text": "另一个问题"}, "policy_question_kept_as_asked"),
        ({"state": "public"}, "Invalid transition"),
        ({"state": "drafted"}, "policy_question_draft_whole"),
        ({"state": "private"}, "policy_question_private_whole"),
        ({"state": "merged"}, "policy_question_merged_whole"),
        ({"state": "declined"}, "policy_question_declined_with_reason"),
        ({"state": "lost"}, "Invalid transition"),
        ({"pinned": True}, "policy_question_approved_if_public"),
    ],
)
def test_question_is_refused(call, people, values, constraint):
    ask(call, people)
    assert constraint in broken(**values)


def test_merging_into_what_is_not_public_is_refused_by_the_database(call, people):
    question = ask(call, people)
    assert broken(state="merged", merged_into=question) == "policy_question_merged_into_public"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"state": "private", "answer": "x"}, "policy_question_starts_asked"),
        ({"text": " "}, "policy_question_text_given"),
    ],
)
def test_question_is_not_made(call, people, values, constraint):
    values = {
        "call": call, "organisation": _organisation(people), "asked_by": people["filler"],
        "asked_at": portal_clock.now(), "text": "问题",
    } | values  # fmt: skip
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Question.objects.create(**values)
    assert refused.value.__cause__.diag.constraint_name == constraint


def test_unknown_state_is_refused_by_its_own_constraint(call, people):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conname = 'policy_question_state_known'"
        )
        assert "declined" in cursor.fetchone()[0]


@pytest.mark.parametrize("unaudited", ["asked", "moved"])
def test_change_without_its_event_is_refused(call, people, unaudited):
    question = ask(call, people) if unaudited == "moved" else None
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        if question:
            Question.objects.filter(pk=question.pk).update(state="declined", note="x")
        else:
            Question.objects.create(
                call=call, organisation=_organisation(people), asked_by=people["filler"],
                asked_at=portal_clock.now(), text="问题",
            )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert refused.value.__cause__.diag.constraint_name == "audit_required"


def test_question_is_not_deleted(call, people):
    question = ask(call, people)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        question.delete()


def test_limit_of_a_call_is_a_working_day_at_least(call):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        make_open_call(make_measure(2), question_workdays=0)
    assert refused.value.__cause__.diag.constraint_name == "policy_call_question_workdays_positive"


def test_limit_of_a_published_call_is_not_edited(call):
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Call.objects.filter(pk=call.pk).update(question_workdays=5)
    assert refused.value.__cause__.diag.constraint_name == "policy_call_pinned"
