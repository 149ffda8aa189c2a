"""Submitting: the one act by which a draft becomes a case, and what follows it on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from applications import (
    amounts,
    checks,
    content,
    corrections,
    drafts,
    identities,
    numbering,
    snapshot,
)
from applications.models import Answer, Application, Part, Status, Submission
from applications.roles import case_roles
from applications.workflow import BY_ACTION, MoveRefused, add_party, move
from policy.models import Call
from portal import clock
from portal.types import known

KEY_LENGTH = 64


class NotSubmitted(Exception):
    """Nothing was submitted: ``reason`` is one of pledge, problems, late, early, changed,
    nothing_asked, above_capped; facts as attributes."""

    def __init__(self, reason: str, **facts: Any):
        self.reason, self.facts = reason, facts
        super().__init__(f"{reason}: {facts or ''}".rstrip(": "))


class KeyReused(Exception):
    """The idempotency key came with another request before: nothing is done again."""

    def __init__(self, submission: Submission):
        self.submission = submission
        super().__init__(submission.idempotency_key)


class AlreadySubmitted(Exception):
    """The case has left the applicant's hands by another request: here is its receipt."""

    def __init__(self, submission: Submission):
        self.submission = submission
        super().__init__(submission.application.number)


@dataclass(frozen=True)
class Prepared:
    """What would be submitted now: shown on the check page, compared when it is submitted."""

    content: content.Content
    problems: list[checks.Problem]
    computation: Any
    asked_cny: Decimal | None
    snapshot: dict
    sha256: str

    @property
    def stops(self) -> bool:
        return any(problem.stops for problem in self.problems)


def prepare(application: Application, *, held: content.Content | None = None) -> Prepared:
    """The case as it would be submitted, with everything that is wrong with it; ``held`` is its
    content where a page has read (and computed) it already."""
    if held is None:
        held = content.load(application)
        amounts.preview(held)
    computation = held.computation
    asked_cny = amounts.asked(held, computation)
    taken = snapshot.take(
        held,
        computation=computation.as_json() if computation else {},
        asked_cny=None if asked_cny is None else f"{asked_cny:.2f}",
    )
    return Prepared(
        content=held,
        problems=checks.problems(application, content=held),
        computation=computation,
        asked_cny=asked_cny,
        snapshot=taken,
        sha256=snapshot.fingerprint(taken),
    )


def submit(
    application: Application,
    *,
    actor,
    key: str,
    arrived_at: datetime,
    pledged: bool = True,
    seen_sha256: str = "",
) -> Submission:
    """Submit the case: number, snapshot, routing and move in one transaction, once for each key.

    ``arrived_at`` (the request's arrival by the database clock) decides against the cut-off;
    ``seen_sha256`` is the hash that the check page showed: another content is refused. The same
    key gives the same receipt; another request under it raises KeyReused; a case that another
    request submitted raises AlreadySubmitted. Raises NotSubmitted and MoveRefused.
    """
    return _once(
        application, "submit", actor=actor, key=key, arrived_at=arrived_at, pledged=pledged,
        seen_sha256=seen_sha256,
    )  # fmt: skip


def resubmit(application: Application, *, actor, key, arrived_at, pledged=True, seen_sha256=""):
    """Submit again what the district returned; the number stays. As ``submit``."""
    return _once(
        application, "resubmit", actor=actor, key=key, arrived_at=arrived_at, pledged=pledged,
        seen_sha256=seen_sha256,
    )  # fmt: skip


def submit_correction(
    application: Application, *, actor, key, arrived_at, pledged=True, seen_sha256=""
):
    """Answer a correction: the differences are listed, the case goes back to the check.

    A correction whose due date has passed is refused (NotSubmitted "late"), whether or not the
    sweep has come by yet. As ``submit``.
    """
    return _once(
        application, "correct", actor=actor, key=key, arrived_at=arrived_at, pledged=pledged,
        seen_sha256=seen_sha256,
    )  # fmt: skip


ACTIONS: dict[str, str] = {
    Status.DRAFT: "submit",
    Status.HANDED: "submit",
    Status.RETURNED: "resubmit",
    Status.CORRECTION: "correct",
}


def _once(application, action, *, actor, key, arrived_at, pledged, seen_sha256) -> Submission:
    if not key or len(key) > KEY_LENGTH:
        raise ValueError("an idempotency key has 1 to 64 characters")
    request = {
        "application": application.uid,
        "action": action,
        "actor": actor.pk,
        "pledged": pledged,
        "seen": seen_sha256,
    }
    request_sha256 = snapshot.fingerprint(request)
    try:
        return _submit(
            application, action, actor=actor, key=key, arrived_at=arrived_at, pledged=pledged,
            seen_sha256=seen_sha256, request_sha256=request_sha256,
        )  # fmt: skip
    except IntegrityError as error:
        # Two requests with one key at once: the first has committed.
        constraint = getattr(error.__cause__, "diag", None)
        if constraint is None or "idempotency_key" not in (constraint.constraint_name or ""):
            raise
        return known(_answered(key, request_sha256))


def _answered(key: str, request_sha256: str) -> Submission | None:
    earlier = Submission.objects.filter(idempotency_key=key).select_related("application").first()
    if earlier is not None and earlier.request_sha256 != request_sha256:
        raise KeyReused(earlier)
    return earlier


@transaction.atomic
def _submit(
    application, action, *, actor, key, arrived_at, pledged, seen_sha256, request_sha256
) -> Submission:
    application = drafts.lock(application)
    # Under the lock: a request that waited for its own twin finds the twin's receipt.
    if earlier := _answered(key, request_sha256):
        return earlier
    row = BY_ACTION[action]
    if not case_roles(actor, application) & set(row.roles):
        raise MoveRefused("role", action=action, status=application.status)
    if application.status not in row.sources:
        last = application.submissions.order_by("-round").first()
        if last is not None:
            raise AlreadySubmitted(last)
        raise MoveRefused("state", action=action, status=application.status)
    now = clock.now()
    _in_time(application, action, arrived_at)
    prepared = prepare(application)
    _complete(prepared, pledged=pledged, seen_sha256=seen_sha256)
    round_ = application.submissions.count()
    submission = Submission(
        application=application,
        round=round_,
        action=action,
        arrived_at=arrived_at,
        received_at=now,
        submitted_by=actor,
        snapshot=prepared.snapshot,
        sha256=prepared.sha256,
        idempotency_key=key,
        request_sha256=request_sha256,
    )
    _freeze(prepared)
    if action == "correct":
        corrections.answer(application, after=prepared.snapshot, at=now)
    submission.application = move(
        application,
        action,
        actor=actor,
        prepare=lambda case: _write(case, prepared, at=now, first=round_ == 0),
    )
    submission.save(force_insert=True)
    from applications.tasks import make_submission_papers

    make_submission_papers.delay_on_commit(submission.pk)
    return submission


def _in_time(application: Application, action: str, arrived_at: datetime) -> None:
    """The cut-off is the call's for a first submission, the due date's end for a correction.

    A call that a sweep has closed meanwhile does not shut out what arrived before the cut-off.
    """
    call = application.call
    if action == "submit" and application.direct:
        # A nomination is confirmed within its own limit, whether the call is still open or not.
        due_on = application.due_on
        if due_on is not None and clock.local(arrived_at).date() > due_on:
            raise NotSubmitted(
                "late", due_on=due_on, arrived_at=arrived_at, as_usual=arrived_at < call.closes_at
            )
        return
    if action == "submit":
        if call.status not in {Call.Status.PUBLISHED, Call.Status.CLOSED}:
            raise NotSubmitted("early", opens_at=call.opens_at)
        if arrived_at < call.opens_at:
            raise NotSubmitted("early", opens_at=call.opens_at)
        if arrived_at >= call.closes_at:
            raise NotSubmitted("late", closes_at=call.closes_at, arrived_at=arrived_at)
    if action == "correct":
        correction = corrections.waiting(application)
        due_on = correction.due_on if correction else None
        if due_on is not None and clock.local(arrived_at).date() > due_on:
            raise NotSubmitted("late", due_on=due_on, arrived_at=arrived_at)


def _complete(prepared: Prepared, *, pledged: bool, seen_sha256: str) -> None:
    if prepared.stops:
        raise NotSubmitted("problems", problems=prepared.problems)
    if not pledged:
        raise NotSubmitted("pledge")
    if seen_sha256 and seen_sha256 != prepared.sha256:
        raise NotSubmitted("changed", sha256=prepared.sha256)


def _freeze(prepared: Prepared) -> None:
    """Write what was prefilled into the answers: from now on the profile may change."""
    held = prepared.content
    for section in held.schema.form.sections:
        filled = [item for item in section.fields if item.prefill]
        if not filled:
            continue
        values = held.section_values(section)
        answer = held.answers.get(section.code) or Answer(
            application=held.application, section=section.code
        )
        data = answer.data | {item.code: values[item.code] for item in filled}
        if data != answer.data:
            answer.data = data
            answer.save()


def _write(case: Application, prepared: Prepared, *, at: datetime, first: bool) -> None:
    """Number, amounts and routing on the locked row, before the move saves it."""
    computation = prepared.computation
    if first:
        case.number = numbering.application_number(case)
        case.submitted_at = at
        add_party(case, Part.DISTRICT, unit=case.district, at=at)
        add_party(case, Part.LEAD, unit=case.call.lead_unit, at=at)
    case.claimed_cny = _claimed(prepared)
    case.computed_cny = computation.computed_cny if computation else None
    case.capped_cny = computation.capped_cny if computation else None
    case.asked_cny = prepared.asked_cny or Decimal("0.00")
    case.computation = prepared.snapshot["computation"]
    case.subjects = identities.subjects(prepared.content)


def _claimed(prepared: Prepared) -> Decimal | None:
    """The base as claimed: the table's total, or the answer that is the base."""
    award = prepared.content.schema.award
    if award.items:
        return prepared.content.invoices.claimed_cny
    base: Mapping[str, Any] = prepared.content.values
    item = next((item for item in award.inputs if item.code == award.base), None)
    if item is None or item.type not in {"money", "money_wan"} or not base.get(known(award.base)):
        return None
    return Decimal(base[known(award.base)])
