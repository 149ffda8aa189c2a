"""Corrections (补正) from the applicant's side: what waits, what changed, what came too late."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction

from applications import drafts, snapshot
from applications.models import Application, Correction, Status
from applications.unlocking import open_correction as waiting
from applications.workflow import move, schema_of
from portal import clock
from portal.types import known

# After the end of the last day: what arrived before it may still be on its way in.
GRACE = timedelta(minutes=10)

__all__ = ["answer", "lapse_overdue", "latest", "waiting"]


def latest(application: Application) -> Correction | None:
    """The last round, answered or not."""
    return application.corrections.order_by("-round").first()


def answer(application: Application, *, after: Mapping[str, Any], at: datetime) -> Correction:
    """Close the open round with the differences between what stood and what stands now. The caller
    holds the case."""
    correction = known(waiting(application))
    before = known(application.submissions.order_by("-round").first()).snapshot
    correction.differences = snapshot.differences(schema_of(application), before, after)
    correction.answered_at = at
    correction.save(update_fields=["differences", "answered_at"])
    return correction


def lapse_overdue() -> int:
    """Give up every case whose correction is overdue; the number of cases. Repeats safely.

    A due date that waits for a calendar year is never overdue.
    """
    now = clock.now()
    overdue = Application.objects.filter(
        status=Status.CORRECTION, due_on__lt=clock.local(now).date()
    )
    done = 0
    for pk in overdue.values_list("pk", flat=True):
        with transaction.atomic():
            case = drafts.lock(Application(pk=pk))
            if case.status != Status.CORRECTION or not _is_over(case, now):
                continue
            move(case, "lapse", actor="system:sweep")
            done += 1
    return done


def _is_over(case: Application, now: datetime) -> bool:
    if case.due_on is None:
        return False
    midnight = datetime.combine(case.due_on + timedelta(days=1), time(), tzinfo=clock.ZONE)
    return now >= midnight + GRACE
