"""Joint review (会商): the co-responsible units give their opinions, the lead unit concludes."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import workflow
from applications.models import Application, Part
from portal import clock
from portal.accounts.models import Membership, Role
from portal.audit.recording import record
from portal.notices.outbox import enqueue_all
from portal.types import known
from reviews.holding import hold, refuse_while_pending
from reviews.models import Opinion
from reviews.refusals import Refused

GIVEN = frozenset({Opinion.Outcome.NO_OBJECTION, Opinion.Outcome.OBJECTION, Opinion.Outcome.VETO})


def start(application: Application, *, actor) -> list[Opinion]:
    """Ask the measure's co-units; called by ``accept`` once the case, which it has locked, stands
    in the joint review."""
    now = clock.now()
    units = application.call.co_units
    workflow.add_parties([application], Part.CO_UNIT, units=units, at=now)
    before = set(application.opinions.values_list("unit", flat=True))
    asked = Opinion.objects.bulk_create(
        [
            Opinion(application=application, unit=unit, asked_at=now, due_on=application.due_on)
            for unit in units
            if unit.pk not in before
        ]
    )
    record(
        "opinion.ask",
        obj=application,
        actor=actor,
        data={"units": [opinion.unit.code for opinion in asked]},
    )
    _tell_units(application, asked, at=now)
    return asked


def _tell_units(application: Application, opinions: list[Opinion], *, at: datetime) -> None:
    clerks = Membership.objects.active().filter(
        unit__in=[opinion.unit_id for opinion in opinions], role=Role.CLERK
    )
    enqueue_all(
        (row.user for row in clerks.select_related("user").order_by("pk")),
        subject=format_lazy(_("{number} 请反馈会商意见"), number=application.number),
        url=f"/reviews/cases/{application.uid}/",
        key=f"opinion:{application.pk}",
        at=at,
    )


def given_mark(opinion: Opinion) -> str:
    """Which words of the unit a page showed: when they were given; "" while none are."""
    return opinion.given_at.isoformat() if opinion.given_at else ""


@transaction.atomic
def give(
    opinion: Opinion, *, actor, outcome: str, text: str = "", seen_given: str | None = None
) -> Opinion:
    """A co-unit's opinion; it may be given anew until the lead unit concludes, late ones too.

    An objection or a veto needs its reason. ``seen_given``: the mark (``given_mark``) of what the
    page showed; what a colleague gave since is not replaced unseen. Raises ``Refused``: state,
    role, given_since (opinion), reason_missing, outcome.
    """
    if outcome not in GIVEN:
        raise Refused("outcome", outcome=outcome)
    application = hold(
        opinion.application,
        actor=actor,
        roles=["co_unit_clerk"],
        statuses=["joint_review"],
    )
    if not _clerk_of(actor, opinion.unit_id):
        raise Refused("role", roles=["co_unit_clerk"])
    opinion = Opinion.objects.select_related("unit", "given_by").get(pk=opinion.pk)
    opinion.application = application
    if seen_given is not None and seen_given != given_mark(opinion):
        reason = "given_since" if opinion.given_at else "changed"
        raise Refused(reason, opinion=opinion)
    text = text.strip()
    if outcome != Opinion.Outcome.NO_OBJECTION and not text:
        raise Refused("reason_missing")
    before = opinion.outcome
    opinion.outcome, opinion.text = outcome, text
    opinion.given_by, opinion.given_at = actor, clock.now()
    # What the lead unit answered was an answer to the former words.
    opinion.answer, opinion.answered_by, opinion.answered_at = "", None, None
    # Not the day it is due: a sweep may be taking it over from the calendar.
    opinion.save(
        update_fields=[
            "outcome", "text", "given_by", "given_at", "answer", "answered_by", "answered_at",
        ]
    )  # fmt: skip
    record(
        "opinion.give",
        obj=opinion,
        actor=actor,
        data={"unit": opinion.unit.code, "application": opinion.application_id, "text": text},
        from_state=before,
        to_state=outcome,
    )
    _tell_lead(opinion)
    return opinion


def _tell_lead(opinion: Opinion) -> None:
    """The lead unit's clerks learn when every unit has spoken."""
    application = opinion.application
    if application.opinions.filter(outcome=Opinion.Outcome.WAITING).exists():
        return
    clerks = Membership.objects.active().filter(unit=application.call.lead_unit_id, role=Role.CLERK)
    enqueue_all(
        (row.user for row in clerks.select_related("user")),
        subject=format_lazy(_("{number}：会商意见已齐"), number=application.number),
        url=f"/reviews/cases/{application.uid}/",
        key=f"opinions:{application.pk}",
        at=known(opinion.given_at),
    )


def _clerk_of(user, unit_id: int) -> bool:
    return Membership.objects.active().filter(user=user, unit=unit_id, role=Role.CLERK).exists()


@transaction.atomic
def conclude(
    application: Application,
    *,
    actor,
    answers: Mapping[str, str] | None = None,
    seen_revision: int | None = None,
) -> Application:
    """End the joint review: every unit has spoken, every objection has an answer.

    ``answers``: the lead unit's answers by opinion uid. Where the stage says that a veto ends
    the case, a veto stops the conclusion: the clerk proposes the refusal instead. Raises
    ``Refused``: changed, state, role, proposal_pending, opinions_waiting, vetoed, unanswered.
    """
    application = hold(
        application,
        actor=actor,
        roles=["lead_clerk"],
        statuses=["joint_review"],
        seen_revision=seen_revision,
    )
    refuse_while_pending(application)
    now, today = clock.now(), clock.today()
    _fall_silent(application, today=today)
    opinions = list(application.opinions.select_related("unit"))
    if waiting := [row.unit.code for row in opinions if row.outcome == Opinion.Outcome.WAITING]:
        raise Refused("opinions_waiting", units=waiting)
    vetoes = [row.unit.code for row in opinions if row.outcome == Opinion.Outcome.VETO]
    if vetoes and _setting(application, "veto_ends"):
        raise Refused("vetoed", units=vetoes)
    for opinion in opinions:
        if opinion.outcome not in {Opinion.Outcome.OBJECTION, Opinion.Outcome.VETO}:
            continue
        answer = ((answers or {}).get(opinion.uid) or opinion.answer).strip()
        if not answer:
            raise Refused("unanswered", units=[opinion.unit.code])
        opinion.answer, opinion.answered_by, opinion.answered_at = answer, actor, now
        opinion.save(update_fields=["answer", "answered_by", "answered_at"])
        record("opinion.answer", obj=opinion, actor=actor, data={"answer": answer})
    return workflow.move(
        application, "conclude_joint_review", actor=actor, unit=application.call.lead_unit
    )


def _setting(application: Application, name: str):
    stage = workflow.stage(application, "joint_review")
    return getattr(stage, name) if stage else None


def falls_silent(opinion: Opinion, *, today) -> bool:
    """Whether the unit let its limit pass and its silence counts as consent, swept or not."""
    return (
        opinion.outcome == Opinion.Outcome.WAITING
        and opinion.due_on is not None
        and opinion.due_on < today
        and _setting(opinion.application, "silence") == "consent"
    )


def _fall_silent(application: Application, *, today) -> int:
    """Units that let the limit pass consent, where the stage says so. The caller holds the case."""
    if _setting(application, "silence") != "consent":
        return 0
    late = application.opinions.filter(outcome=Opinion.Outcome.WAITING, due_on__lt=today)
    count = 0
    for opinion in late:
        opinion.outcome = Opinion.Outcome.SILENT
        opinion.save(update_fields=["outcome"])
        record(
            "opinion.silent",
            obj=opinion,
            actor="system:sweep",
            data={"due_on": known(opinion.due_on).isoformat()},
            from_state=Opinion.Outcome.WAITING,
            to_state=Opinion.Outcome.SILENT,
        )
        count += 1
    return count


def sweep() -> int:
    """Let the late units' silence speak, case by case; and take over due dates that a calendar
    has given since. Returns the number of opinions that fell silent. Safe to repeat."""
    today, count = clock.today(), 0
    late = Opinion.objects.filter(
        outcome=Opinion.Outcome.WAITING, application__status="joint_review"
    )
    for opinion in late.filter(due_on__isnull=True, application__due_on__isnull=False):
        Opinion.objects.filter(pk=opinion.pk, due_on__isnull=True).update(
            due_on=opinion.application.due_on
        )
    cases = late.filter(due_on__lt=today).values_list("application", flat=True).distinct()
    for pk in cases:
        with transaction.atomic():
            application = (
                Application.objects.select_for_update(of=("self",))
                .select_related("call", "definition")
                .get(pk=pk)
            )
            if application.status == "joint_review":
                count += _fall_silent(application, today=today)
    return count
