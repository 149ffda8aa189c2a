"""Questions on calls: asked by an organisation, answered by the lead unit, public once approved.

The clerk drafts a public answer and its wording of the question, a head of the unit approves it; or
the clerk answers the asker alone, points to an answer that is public already, or declines with a
reason. The asker is told each time, and is named to nobody outside the unit.
"""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from policy import workdays
from policy.leading import led
from policy.models import Call
from policy.models.questions import MAX_ANSWER, MAX_QUESTION, Question
from policy.text import Text
from portal import clock
from portal.accounts.loading import organisation_of, units_of
from portal.accounts.models import Membership, Organisation, Role, User
from portal.audit.recording import record
from portal.notices.outbox import enqueue

# A dam against floods, not a rule of the policy: an organisation's questions on one call.
MOST_A_DAY = 5
State = Question.State


class QuestionRefused(Exception):
    """An act on a question was refused and nothing was written.

    ``reason`` is one of role, state, changed, closed, too_many, same, empty, too_long, no_reason,
    same_person, no_target; ``facts`` says what stands against it.
    """

    def __init__(self, reason: str, **facts: Any):
        self.reason, self.facts = reason, facts
        super().__init__(f"{reason} {facts or ''}".strip())


# --- asking ---------------------------------------------------------------------------


@transaction.atomic
def ask(call: Call, text: str, *, actor: User) -> Question:
    """Ask a question on a published call that has not reached its cut-off.

    Raises ``QuestionRefused``: role, closed, empty, too_long, same, too_many.
    """
    organisation = organisation_of(actor)
    if organisation is None:
        raise QuestionRefused("role")
    text = _given(text, most=MAX_QUESTION)
    # The organisation's row is the lock of its daily number.
    Organisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk)
    call = Call.objects.select_related("measure", "lead_unit").get(pk=call.pk)
    now = clock.now()
    if not takes_questions(call, at=now):
        raise QuestionRefused("closed", closes_at=call.closes_at)
    own = Question.objects.filter(call=call, organisation=organisation)
    if same := own.filter(text=text).first():
        raise QuestionRefused("same", uid=same.uid)
    if own.filter(asked_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise QuestionRefused("too_many", most=MOST_A_DAY)
    question = Question.objects.create(
        call=call,
        organisation=organisation,
        asked_by=actor,
        asked_at=now,
        text=text,
        due_on=due_of(call, start=clock.local(now).date()),
    )
    record("question.ask", obj=question, actor=actor, to_state=State.ASKED, data=_facts(question))
    _tell_unit(question, Role.CLERK, _("咨询待答复：{title}"), key="asked", at=now)
    return question


def takes_questions(call: Call, *, at) -> bool:
    """From publication to the cut-off."""
    return call.status == Call.Status.PUBLISHED and at < call.closes_at


def due_of(call: Call, *, start: date) -> date | None:
    """Until when an answer is due: the call's own limit; None where it sets none, or where the
    calendar of the year is not loaded."""
    if call.question_workdays is None:
        return None
    return workdays.add_workdays(start, call.question_workdays).date


# --- answering ------------------------------------------------------------------------


@transaction.atomic
def draft_public(
    question: Question, *, public_text: str, answer: str, actor: User, seen_revision: int
) -> Question:
    """Put a public answer, and the wording of the question, before a head of the unit."""
    question = _held(question, actor, Role.CLERK, State.ASKED, seen_revision)
    now = clock.now()
    _move(
        question, State.DRAFTED, "question.draft", actor,
        public_text=_given(public_text, most=MAX_QUESTION),
        answer=_given(answer, most=MAX_ANSWER), answered_by=actor, answered_at=now, note="",
    )  # fmt: skip
    _tell_unit(question, Role.HEAD, _("咨询答复待审签：{title}"), key="drafted", at=now, but=actor)
    return question


@transaction.atomic
def approve(question: Question, *, actor: User, seen_revision: int) -> Question:
    """Make a drafted answer public, as a second person and a head of the unit."""
    question = _held(question, actor, Role.HEAD, State.DRAFTED, seen_revision)
    if question.answered_by_id == actor.pk:
        raise QuestionRefused("same_person")
    now = clock.now()
    _move(
        question, State.PUBLIC, "question.approve", actor, approved_by=actor, approved_at=now
    )  # fmt: skip
    _tell_asker(question, _("您的咨询已公开答复：{title}"), key="public", at=now)
    return question


@transaction.atomic
def send_back(question: Question, *, note: str, actor: User, seen_revision: int) -> Question:
    """Send a draft back with a reason (a head), or take one's own draft back (its clerk)."""
    role = Role.CLERK if question.answered_by_id == actor.pk else Role.HEAD
    question = _held(question, actor, role, State.DRAFTED, seen_revision)
    note = note.strip()[:500]
    if not note and question.answered_by_id != actor.pk:
        raise QuestionRefused("no_reason")
    now = clock.now()
    drafter = question.answered_by
    _move(question, State.ASKED, "question.send_back", actor, note=note)
    if drafter is not None and drafter != actor:
        _tell(drafter, question, _("咨询答复被退回：{title}"), key="back", at=now, body=note)
    return question


@transaction.atomic
def answer_privately(
    question: Question, *, answer: str, actor: User, seen_revision: int
) -> Question:
    """Answer the asker alone; nothing becomes public."""
    question = _held(question, actor, Role.CLERK, State.ASKED, seen_revision)
    now = clock.now()
    _move(
        question, State.PRIVATE, "question.answer_privately", actor,
        answer=_given(answer, most=MAX_ANSWER), public_text="", answered_by=actor,
        answered_at=now, note="",
    )  # fmt: skip
    _tell_asker(question, _("您的咨询已答复：{title}"), key="private", at=now)
    return question


@transaction.atomic
def merge(question: Question, *, into: Question, actor: User, seen_revision: int) -> Question:
    """Point the asker to an answer of the same call that is public already."""
    question = _held(question, actor, Role.CLERK, State.ASKED, seen_revision)
    target = Question.objects.select_for_update(of=("self",)).get(pk=into.pk)
    if target.state != State.PUBLIC or target.call_id != question.call_id:
        raise QuestionRefused("no_target")
    now = clock.now()
    _move(
        question, State.MERGED, "question.merge", actor,
        merged_into=target, answer="", public_text="", answered_by=actor, answered_at=now, note="",
    )  # fmt: skip
    _tell_asker(question, _("您的咨询已有公开答复：{title}"), key="merged", at=now)
    return question


@transaction.atomic
def decline(question: Question, *, reason: str, actor: User, seen_revision: int) -> Question:
    """Decline to answer, with a reason that the asker reads."""
    question = _held(question, actor, Role.CLERK, State.ASKED, seen_revision)
    if not reason.strip():
        raise QuestionRefused("no_reason")
    now = clock.now()
    _move(
        question, State.DECLINED, "question.decline", actor,
        note=reason.strip()[:500], answer="", public_text="", answered_by=actor, answered_at=now,
    )  # fmt: skip
    _tell_asker(question, _("您的咨询不予答复：{title}"), key="declined", at=now)
    return question


@transaction.atomic
def take_down(question: Question, *, reason: str, actor: User, seen_revision: int) -> Question:
    """Take a public answer down, to be worded anew; those merged into it are asked anew by none:
    they point to it again once it is public again."""
    question = _held(question, actor, Role.HEAD, State.PUBLIC, seen_revision)
    if not reason.strip():
        raise QuestionRefused("no_reason")
    now = clock.now()
    _move(
        question, State.ASKED, "question.take_down", actor,
        approved_by=None, approved_at=None, pinned=False, note=reason.strip()[:500],
        due_on=due_of(question.call, start=clock.local(now).date()),
    )  # fmt: skip
    _tell_asker(question, _("公开答复已撤下，正在修订：{title}"), key="down", at=now)
    _tell_unit(question, Role.CLERK, _("公开答复已撤下，待重新答复：{title}"), key="down", at=now)
    return question


@transaction.atomic
def pin(question: Question, *, on: bool, actor: User, seen_revision: int) -> Question:
    """Put a public answer at the head of the call's page, or let it go."""
    question = _held(question, actor, Role.CLERK, State.PUBLIC, seen_revision)
    if question.pinned != on:
        _move(question, State.PUBLIC, "question.pin" if on else "question.unpin", actor, pinned=on)
    return question


def calendar_changed(year: int, *, actor) -> None:
    """A year was loaded or changed: what waits for its answer is dated anew."""
    waiting = Question.objects.filter(
        state__in=[State.ASKED, State.DRAFTED], call__question_workdays__isnull=False
    ).filter(Q(due_on__isnull=True) | Q(due_on__year=year) | Q(asked_at__year=year))
    for question in waiting.select_related("call"):
        due_on = due_of(question.call, start=clock.local(question.asked_at).date())
        if due_on != question.due_on:
            Question.objects.filter(pk=question.pk).update(due_on=due_on)


# --- what waits -----------------------------------------------------------------------


def waiting_count(user) -> int:
    """The number beside 咨询答疑 in the menu: questions to answer (for a clerk) and drafts to approve
    (for a head) on calls that the user's units lead. No query beyond that of ``leading.led``."""
    if not user.is_authenticated:
        return 0
    clerk = {unit.pk for unit in units_of(user, Role.CLERK)}
    head = {unit.pk for unit in units_of(user, Role.HEAD)}
    return sum(
        (row.asked if row.unit in clerk else 0) + (row.drafted if row.unit in head else 0)
        for row in led(user)
    )


def answers_questions(user) -> bool:
    """Clerks and heads of units that lead a measure."""
    return bool(led(user))


# --- inside ---------------------------------------------------------------------------


def _held(question: Question, actor: User, role: str, state: str, seen_revision: int) -> Question:
    """The question, locked, where the actor may act on it. It is not joined to who answered, which
    an act changes: see ``policy.calls.locked``."""
    question = (
        Question.objects.select_for_update(of=("self",))
        .select_related("call__measure", "call__lead_unit", "asked_by")
        .get(pk=question.pk)
    )
    lead = question.call.lead_unit_id
    held = Membership.objects.active().filter(user=actor, role=role, unit=lead)
    if not actor.is_active or not held.exists():
        raise QuestionRefused("role", role=str(role))
    if question.state != state:
        raise QuestionRefused("state", state=question.state)
    if question.revision != seen_revision:
        raise QuestionRefused("changed")
    return question


def _move(question: Question, state: str, action: str, actor: User, **values) -> None:
    before = question.state
    for name, value in values.items():
        setattr(question, name, value)
    question.state, question.revision = state, F("revision") + 1
    question.save(update_fields=["state", "revision", *values])
    question.refresh_from_db(fields=["revision"])
    record(
        action, obj=question, actor=actor, from_state=before, to_state=state, data=_facts(question)
    )


def _facts(question: Question) -> dict[str, Any]:
    """What the log keeps: the words as they stood, and no person."""
    facts = {
        "call": question.call.code,
        "text": question.text,
        "public_text": question.public_text,
        "answer": question.answer,
        "note": question.note,
        "pinned": question.pinned,
        "merged_into": question.merged_into.uid if question.merged_into else "",
    }
    return {name: value for name, value in facts.items() if value}


def _given(text: str, *, most: int) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise QuestionRefused("empty")
    if len(text) > most:
        raise QuestionRefused("too_long", most=most, length=len(text))
    return text


def _tell_unit(question: Question, role: str, template, *, key: str, at, but=None) -> None:
    held = Membership.objects.active().filter(
        unit=question.call.lead_unit_id, role=role, user__is_active=True
    )
    for row in held.select_related("user").order_by("user_id"):
        if row.user != but:
            _tell(row.user, question, template, key=key, at=at, desk=True)


def _tell_asker(question: Question, template, *, key: str, at) -> None:
    _tell(question.asked_by, question, template, key=f"asker:{key}", at=at, desk=False)


def _tell(person, question, template, *, key: str, at, body="", desk: bool = True) -> None:
    call = question.call
    address = f"/questions/{question.uid}/"
    enqueue(
        person,
        subject=format_lazy(template, title=Text(zh=call.title_zh, en=call.title_en)),
        body=body,
        url=address if desk else f"/calls/{call.uid}/questions/{question.uid}/",
        dedupe_key=f"question:{question.pk}:{question.revision}:{key}:{person.pk}",
        at=at,
    )
