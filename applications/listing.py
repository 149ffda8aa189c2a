"""Cases as the applicant's list shows them: where each stands, who holds it, what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from applications.models import ENDED, Application, Status
from applications.workflow import stage
from policy import workdays

TONES: dict[str, str] = {
    Status.DRAFT: "info",
    Status.HANDED: "info",
    Status.RETURNED: "warn",
    Status.CORRECTION: "warn",
    Status.PAID: "good",
    Status.RECOGNISED: "good",
}


@dataclass(frozen=True)
class Card:
    application: Application
    state: str
    tone: str
    holder: str
    due_on: date | None
    due_waiting: bool
    workdays_left: int | None
    next_step: str

    @property
    def is_draft(self) -> bool:
        return self.application.submitted_at is None


def stage_name(application: Application, code: str) -> Any:
    """A stage by its name in the plan, else by the status it is."""
    found = stage(application, code)
    return found.label if found else Status(code).label if code in Status.values else ""


def holder_name(application: Application) -> str:
    """The unit and its division that hold the case: never a person; 本单位 while it is with the
    applicant."""
    if application.status in ENDED:
        return ""
    unit = application.holder_unit
    if unit is None:
        return _("本单位")
    return f"{unit.name} {unit.division_name}".strip()


def cards(
    rows: Sequence[Application], *, today: date, calendar: workdays.Calendar | None = None
) -> list[Card]:
    """The rows with their working days left; the calendar is read once (2 queries)."""
    calendar = calendar or workdays.stored_calendar()
    found = []
    for row in rows:
        left = (
            workdays.workdays_between(today, row.due_on, calendar=calendar) if row.due_on else None
        )
        found.append(
            Card(
                application=row,
                state=str(stage_name(row, row.status) or Status(row.status).label)
                if row.submitted_at and row.status not in ENDED
                else str(Status(row.status).label),
                tone=TONES.get(row.status, "neutral" if row.status in ENDED else "info"),
                holder=holder_name(row),
                due_on=row.due_on,
                due_waiting=row.due_waiting is not None,
                workdays_left=left,
                next_step=str(stage_name(row, row.next_stage)) if row.next_stage else "",
            )
        )
    return found
