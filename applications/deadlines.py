"""Due dates that wait for a year's calendar, and the dates of what is still to come."""

from datetime import date

from django.db import transaction
from django.db.models import Q

from applications import drafts
from applications.models import Application, Correction, Status
from applications.workflow import due, plan, stage
from policy import workdays
from policy.schema import Stage
from portal import clock
from portal.audit.recording import record


def recompute(year: int, *, actor) -> int:
    """Compute anew the due dates that wait for the year's calendar or count its days; the number
    that changed.

    A listener of the calendar: called in the transaction that loads or changes a year, so that
    no date ever rests on a calendar that is no longer true. Repeats safely.
    """
    concerned = Application.objects.in_hand().filter(
        Q(due_waiting__isnull=False) | Q(due_on__year=year) | Q(stage_started_at__year=year)
    )
    return sum(_recompute(pk, actor=actor) for pk in concerned.values_list("pk", flat=True))


@transaction.atomic
def _recompute(pk: int, *, actor) -> bool:
    case = drafts.lock(Application(pk=pk))
    if case.due_waiting is not None:
        start, limit = date.fromisoformat(case.due_waiting["from"]), case.due_waiting["workdays"]
    elif case.due_on is not None and (here := stage(case, case.status)) is not None:
        start, limit = clock.local(case.stage_started_at).date(), here.limit_workdays
    else:
        return False
    before = {name: getattr(case, name) for name in ("due_on", "due_provisional", "due_waiting")}
    found = due(start, limit)
    if found == before:
        return False
    Application.objects.filter(pk=pk).update(**found)
    if case.status == Status.CORRECTION:
        Correction.objects.filter(application=case, answered_at__isnull=True).update(
            due_on=found["due_on"]
        )
    told = {name: day.isoformat() if day else None for name, day in
            (("before", before["due_on"]), ("after", found["due_on"]))}  # fmt: skip
    record("application.due_computed", obj=case, actor=actor, data=told)
    return True


def expected(application: Application, *, today: date, calendar=None) -> dict[str, workdays.DueOn]:
    """When each coming stage is expected to end, by its limit after the one before.

    A stage without a limit, or a year without a calendar, ends the forecast: dates are never
    guessed.
    """
    ahead = ahead_of(application)
    start = application.due_on
    if start is None:
        return {}
    start = max(start, today)
    calendar = calendar or workdays.stored_calendar()
    found: dict[str, workdays.DueOn] = {}
    for coming in ahead:
        if coming.limit_workdays is None:
            break
        end = workdays.add_workdays(start, coming.limit_workdays, calendar=calendar)
        found[coming.code] = end
        if end.date is None:
            break
        start = end.date
    return found


def ahead_of(application: Application) -> list[Stage]:
    """The stages after the one that the case stands in, in the plan's order. Loops (a correction,
    an objection) are not on the road."""
    by_code = {item.code: item for item in plan(application)}
    ahead: list[Stage] = []
    code = application.next_stage
    while code in by_code and by_code[code] not in ahead:
        ahead.append(by_code[code])
        code = by_code[code].next or ""
    return ahead
