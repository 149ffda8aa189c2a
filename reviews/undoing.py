"""Undoing an act on a case: the move (``applications.undoing``), and what was written with it."""

from collections.abc import Callable

from django.db import transaction

from applications import letters, undoing
from applications.models import Application, Correction, Part, Transition
from portal import clock
from portal.audit.recording import record
from portal.notices import outbox
from reviews.models import Opinion, PanelCase, Recommendation, SelectionItem
from reviews.refusals import Refused


@transaction.atomic
def undo(application: Application, *, actor, seen_revision: int) -> Transition:
    """Take back the actor's own last act within ten seconds; returns the move that was undone.

    Its notices are dropped unsent, its letters recalled, its parties let go. What was typed is
    kept for the next try. Raises ``MoveRefused`` (see ``take_back``), ``Refused``: acted_since.
    """
    application, act = undoing.take_back(application, actor=actor, seen_revision=seen_revision)
    # A panel or a meeting that the case was put into since; before the act it could be in none.
    if (
        PanelCase.objects.filter(application=application).exists()
        or SelectionItem.objects.filter(application=application).exists()
    ):
        raise Refused("acted_since")
    _WITH[act.action](application, act, actor)
    return act


def _recommendation(application: Application, act: Transition, actor) -> None:
    row = Recommendation.objects.filter(application=application, undone_at__isnull=True).latest(
        "pk"
    )
    row.undone_at = clock.now()
    row.save(update_fields=["undone_at"])
    record(
        "recommendation.undo",
        obj=row,
        actor=actor,
        data={"application": application.pk},
        from_state=row.outcome,
        to_state="undone",
    )


def _acceptance(application: Application, act: Transition, actor) -> None:
    letters.recall(application, since=act.at, actor=actor)
    if act.target != "joint_review":
        return
    asked = Opinion.objects.filter(application=application, asked_at__gte=act.at)
    units = sorted(asked.values_list("unit__code", flat=True))
    asked.delete()
    now = clock.now()
    application.parties.filter(part=Part.CO_UNIT, since__gte=act.at, ended_at__isnull=True).update(
        ended_at=now
    )
    outbox.recall(f"opinion:{application.pk}:", at=now)
    record("opinion.unask", obj=application, actor=actor, data={"units": units})


def _correction(application: Application, act: Transition, actor) -> None:
    letters.recall(application, since=act.at, actor=actor)
    row = Correction.objects.filter(application=application, answered_at__isnull=True).latest(
        "round"
    )
    record(
        "correction.unask",
        obj=row,
        actor=actor,
        data={"application": application.pk, "round": row.round, "flagged": row.flagged},
        from_state=str(row.round),
        to_state="undone",
    )
    row.delete()
    application.correction_round -= 1
    application.save(update_fields=["correction_round"])


def _conclusion(application: Application, act: Transition, actor) -> None:
    """The lead unit's answers stay: they stand in the form again."""


_WITH: dict[str, Callable[[Application, Transition, object], None]] = {
    "recommend": _recommendation,
    "return": _recommendation,
    "accept": _acceptance,
    "ask_correction": _correction,
    "conclude_joint_review": _conclusion,
}
