"""Loading years of the working-day calendar: from the package's data, or from an import."""

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta

import chinese_calendar
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from policy.models import CalendarDay, CalendarYear
from portal import clock
from portal.audit.recording import record

SEEDED_YEARS = (2024, 2025, 2026)
# Fewer or more working days than any year has had: a sign of a wrong file.
PLAUSIBLE_WORKDAYS = range(240, 260)


class CalendarRefused(ValueError):
    """``reason`` is one of header, line, date, kind, year, twice, implausible, no_reason;
    ``line`` from 1."""

    def __init__(self, reason: str, *, line: int | None = None, found: object = None):
        self.reason, self.line, self.found = reason, line, found
        place = f"line {line}: " if line else ""
        super().__init__(f"{place}{reason}: {found}")


Day = tuple[date, bool, str]


def packaged_days(year: int) -> list[Day]:
    """The year's named days and exceptions as chinesecalendar knows them."""
    names = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
    days = []
    for known, is_workday in (
        (chinese_calendar.constants.holidays, False),
        (chinese_calendar.constants.workdays, True),
    ):
        for day, name in known.items():
            if day.year == year:
                label = names.get(name, name)
                days.append((day, is_workday, f"{label}调休" if is_workday else label))
    return sorted(days)


def read_days(text: str, *, year: int) -> list[Day]:
    """The days of a CSV with the head ``date,kind,name``; kind is ``work`` or ``off``."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    head = [cell.strip() for cell in next(rows, [])]
    if head != ["date", "kind", "name"]:
        raise CalendarRefused("header", line=1, found=",".join(head))
    days: list[Day] = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != 3:
            raise CalendarRefused("line", line=rows.line_num, found=",".join(row))
        day_text, kind, name = (cell.strip() for cell in row)
        try:
            day = date.fromisoformat(day_text)
        except ValueError:
            raise CalendarRefused("date", line=rows.line_num, found=day_text) from None
        if kind not in {"work", "off"}:
            raise CalendarRefused("kind", line=rows.line_num, found=kind)
        if day.year != year:
            raise CalendarRefused("year", line=rows.line_num, found=day_text)
        if any(day == known for known, _is_workday, _name in days):
            raise CalendarRefused("twice", line=rows.line_num, found=day_text)
        days.append((day, kind == "work", name))
    return days


def count_workdays(year: int, days: Iterable[Day]) -> int:
    exceptions = {day: is_workday for day, is_workday, _name in days}
    first = date(year, 1, 1)
    every = (first + timedelta(days=step) for step in range((date(year + 1, 1, 1) - first).days))
    return sum(exceptions.get(day, day.weekday() < 5) for day in every)


@transaction.atomic
def load_year(
    year: int, days: list[Day], *, source: str, actor, provisional: bool = False
) -> CalendarYear:
    """Put the year's days in place of what was known of it; CalendarRefused if implausible."""
    workdays = count_workdays(year, days)
    if workdays not in PLAUSIBLE_WORKDAYS:
        raise CalendarRefused("implausible", found=f"{workdays} working days in {year}")
    row, _created = CalendarYear.objects.update_or_create(
        year=year,
        defaults={"source": source, "provisional": provisional, "loaded_at": clock.now()},
    )
    CalendarDay.objects.filter(year=row).delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(date=day, year=row, is_workday=is_workday, name=name)
        for day, is_workday, name in days
    )
    record(
        "calendar.load",
        obj=row,
        actor=actor,
        data={"source": source, "provisional": provisional, "workdays": workdays},
    )
    _announce(year, actor=actor)
    return row


@transaction.atomic
def set_day(day: date, *, is_workday: bool, name: str = "", reason: str, actor) -> CalendarDay:
    """Change one day of a loaded year; CalendarRefused for a year that is not loaded.

    A day that becomes what its weekday says keeps a row: it was decided.
    """
    if not reason.strip():
        raise CalendarRefused("no_reason")
    row = CalendarYear.objects.select_for_update().filter(year=day.year).first()
    if row is None:
        raise CalendarRefused("year", found=day.year)
    before = CalendarDay.objects.filter(date=day).first()
    changed, _created = CalendarDay.objects.update_or_create(
        date=day, defaults={"year": row, "is_workday": is_workday, "name": name.strip()}
    )
    record(
        "calendar.set_day",
        obj=row,
        actor=actor,
        data={
            "date": day.isoformat(),
            "before": before.is_workday if before else day.weekday() < 5,
            "after": is_workday,
            "name": changed.name,
            "reason": reason.strip(),
        },
    )
    _announce(day.year, actor=actor)
    return changed


def _announce(year: int, *, actor) -> None:
    """Let the floors above compute anew what depends on the year's days, in this transaction."""
    for path in settings.CALENDAR_LISTENERS:
        import_string(path)(year, actor=actor)


def seed(*, actor) -> list[int]:
    """Load the packaged years that are not known yet; what an administrator imported stays."""
    known = set(CalendarYear.objects.values_list("year", flat=True))
    missing = [year for year in SEEDED_YEARS if year not in known]
    for year in missing:
        load_year(year, packaged_days(year), source="chinesecalendar", actor=actor)
    return missing
