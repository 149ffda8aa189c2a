"""Undoing (撤销) an officer's reversible act, within ten seconds: as long as nobody was told.

The notices of an act are held for that long, so an act that is undone was never announced. Acts on
the ledger have no undo. The upper floor's verb takes back what it wrote beside the move
(``reviews.undoing``).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from applications.models import Application, Transition
from applications.workflow import MoveRefused, due, holder_of, next_stage, stage
from portal import clock
from portal.audit.models import Event
from portal.audit.recording import record
from portal.notices import outbox
from portal.types import constraint_of

UNDO = "undo"
# Moves without effect on money, names in public or the applicant's rights once they are told.
UNDOABLE = frozenset(
    {"recommend", "return", "accept", "ask_correction", "conclude_joint_review"}
)  # fmt: skip
LIMIT = outbox.HOLD


def left_s(act: Transition, *, at: datetime) -> float:
    """Seconds that are left to undo the act; 0 when it is too late."""
    return max(0.0, (act.at + LIMIT - at).total_seconds())


def last_act(application: Application, user) -> Transition | None:
    """The case's last move, if it is the user's own and of a kind that can be undone."""
    act = application.transitions.select_related("actor", "unit").last()
    if act is None or act.actor_id != user.pk or act.action not in UNDOABLE:
        return None
    return act


def standing(transitions: Iterable[Transition]) -> list[Transition]:
    """The moves of a history without those that were undone, and without the undoing."""
    found: list[Transition] = []
    for row in transitions:
        if row.action != UNDO:
            found.append(row)
        elif found:
            found.pop()
    return found


@transaction.atomic
def take_back(
    application: Application, *, actor, seen_revision: int
) -> tuple[Application, Transition]:
    """Put the case back to where it stood before the actor's last act; returns both.

    Holder, due date and start of the stage are again what they were. The act's notices are
    dropped unsent; nobody is told of the undoing. Raises ``MoveRefused``: state (no act of the
    kind is the last one), role (another's), changed (something happened since), too_late.
    """
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related(
            "call__measure",
            "call__lead_unit",
            "definition",
            "organisation",
            "district",
        )
        .get(pk=application.pk)
    )
    history = list(application.transitions.select_related("actor", "unit"))
    act = history[-1] if history else None
    status, now = application.status, clock.now()
    if seen_revision != application.revision:
        raise MoveRefused("changed", action=UNDO, status=status, changed_by=act)
    if act is None or act.action not in UNDOABLE or act.target != status:
        raise MoveRefused("state", action=UNDO, status=status, changed_by=act)
    if act.actor_id != actor.pk:
        raise MoveRefused("role", action=UNDO, status=status)
    if not left_s(act, at=now):
        raise MoveRefused("too_late", action=UNDO, status=status)
    if _something_since(application, act):
        raise MoveRefused("acted_since", action=UNDO, status=status)
    outbox.recall(f"application:{application.pk}:{application.revision}:", at=now)
    _write(application, act, standing(history)[:-1], actor=actor, at=now)
    return application, act


def _write(
    application: Application, act: Transition, before: Sequence[Transition], *, actor, at: datetime
) -> None:
    began = before[-1].at if before else application.started_at
    limit = stage(application, act.source)
    dates = due(clock.local(began).date(), limit.limit_workdays if limit else None)
    application.status = act.source
    application.revision += 1
    application.stage_started_at = began
    application.holder_unit = holder_of(application, act.source)
    application.next_stage = next_stage(application, after=act.source)
    for name, value in dates.items():
        setattr(application, name, value)
    try:
        with transaction.atomic():
            Transition.objects.create(
                application=application,
                action=UNDO,
                source=act.target,
                target=act.source,
                actor=actor,
                unit=act.unit,
                at=at,
            )
    except IntegrityError as error:
        if constraint_of(error) != "transition_undone_in_time":
            raise
        raise MoveRefused("too_late", action=UNDO, status=act.target) from None
    application.save(
        update_fields=[
            "status",
            "revision",
            "stage_started_at",
            "holder_unit",
            "next_stage",
            *dates,
        ]
    )
    record(
        f"application.{UNDO}",
        obj=application,
        actor=actor,
        data={
            "undone": act.action,
            "number": application.number,
            "revision": application.revision,
        },
        from_state=act.target,
        to_state=act.source,
    )


def _something_since(application: Application, act: Transition) -> bool:
    """Whether anything about the case was done after the act, by whomever."""
    about = Q(object_type="applications.application", object_id=str(application.pk))
    told = Event.objects.filter(about, action=f"application.{act.action}").latest("id")
    later = Event.objects.filter(id__gt=told.id).exclude(transaction_id=told.transaction_id)
    if later.filter(about | Q(data__application=application.pk)).exists():
        return True
    # Saving a section leaves no event.
    edited = Q(updated_at__gt=act.at)
    return (
        application.answers.filter(edited).exists()
        or application.table_rows.filter(edited).exists()
        or application.invoices.filter(edited).exists()
        or application.attachments.filter(
            Q(uploaded_at__gt=act.at) | Q(removed_at__gt=act.at)
        ).exists()
    )
