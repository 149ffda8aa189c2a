"""Due dates that wait for a year's calendar, and the dates of what is still to come."""

from datetime import date

from django.db import transaction

from applications import drafts
from applications.models import Application, Correction, Status
from applications.workflow import due, plan
from policy import workdays
from policy.schema import Stage
from portal.audit.recording import record


def recompute_waiting() -> int:
    """Compute the due dates that wait for a calendar; the number of dates found.

    Called when a calendar year is imported, after its days are in place. Repeats safely.
    """
    found = 0
    for pk in Application.objects.filter(due_waiting__isnull=False).values_list("pk", flat=True):
        with transaction.atomic():
            case = drafts.lock(Application(pk=pk))
            if case.due_waiting is None:
                continue
            start = date.fromisoformat(case.due_waiting["from"])
            fields = due(start, case.due_waiting["workdays"])
            if fields["due_on"] is None:
                continue
            Application.objects.filter(pk=pk).update(**fields)
            if case.status == Status.CORRECTION:
                Correction.objects.filter(
                    application=case, answered_at__isnull=True, due_on__isnull=True
                ).update(due_on=fields["due_on"])
            record(
                "application.due_computed",
                obj=case,
                actor="system:calendar",
                data={"due_on": fields["due_on"].isoformat()},
            )
            found += 1
    return found


def expected(application: Application, *, today: date, calendar=None) -> dict[str, workdays.DueOn]:
    """When each coming stage is expected to end, by its limit after the one before.

    A stage without a limit, or a year without a calendar, ends the forecast: dates are never
    guessed.
    """
    road = [stage for stage in plan(application) if stage.code != Status.CORRECTION]
    ahead = _ahead(road, application)
    start = application.due_on
    if start is None:
        return {}
    start = max(start, today)
    calendar = calendar or workdays.stored_calendar()
    found: dict[str, workdays.DueOn] = {}
    for stage in ahead:
        if stage.limit_workdays is None:
            break
        end = workdays.add_workdays(start, stage.limit_workdays, calendar=calendar)
        found[stage.code] = end
        if end.date is None:
            break
        start = end.date
    return found


def _ahead(road: list[Stage], application: Application) -> list[Stage]:
    """The stages after the one that the case stands in, in the plan's order."""
    by_code = {stage.code: stage for stage in road}
    ahead, code = [], application.next_stage
    while code in by_code and by_code[code] not in ahead:
        ahead.append(by_code[code])
        code = by_code[code].next or ""
    return ahead
