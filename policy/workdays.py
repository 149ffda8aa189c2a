"""Working days: counted by a calendar whose years are known, never guessed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, timedelta

from policy.models import CalendarYear
from portal.written import Written


class YearNotLoaded(LookupError):
    def __init__(self, year: int):
        self.year = year
        super().__init__(f"the calendar of {year} is not loaded")


@dataclass(frozen=True)
class Calendar:
    """``years``: each known year and whether it is provisional. ``exceptions``: days that
    depart from Monday to Friday, True for a working day.
    """

    years: Mapping[int, bool]
    exceptions: Mapping[date, bool]

    def is_workday(self, day: date) -> bool:
        if day.year not in self.years:
            raise YearNotLoaded(day.year)
        return self.exceptions.get(day, day.weekday() < 5)


@dataclass(frozen=True)
class DueOn:
    """A due date; without one, ``missing_year`` is the year that must be loaded first."""

    date: date | None
    provisional: bool = False
    missing_year: int | None = None


_held: ContextVar[Calendar | None] = ContextVar("calendar", default=None)


@contextmanager
def held_calendar() -> Iterator[None]:
    """Inside, the calendar is read once, for work that computes many dates in one transaction."""
    token = _held.set(stored_calendar())
    try:
        yield
    finally:
        _held.reset(token)


_DAYS = Written(
    lambda: CalendarYear.objects.order_by().values_list(
        "year", "provisional", "days__date", "days__is_workday"
    )
)


def stored_calendar() -> Calendar:
    """The calendar in the database: one query. A page that shows many dates reads it once."""
    if (held := _held.get()) is not None:
        return held
    years: dict[int, bool] = {}
    exceptions: dict[date, bool] = {}
    for year, provisional, day, is_workday in _DAYS.read():
        years[year] = provisional
        if day is not None:
            exceptions[day] = is_workday
    return Calendar(years=years, exceptions=exceptions)


def add_workdays(start: date, count: int, *, calendar: Calendar | None = None) -> DueOn:
    """The ``count``-th working day after ``start``; the start day itself does not count.

    Provisional when a day on the way lies in a provisional year. A year that is not loaded
    gives no date but its number.
    """
    if count < 1:
        raise ValueError(f"count is at least 1, not {count}")
    calendar = calendar or stored_calendar()
    day, left = start, count
    while left:
        day += timedelta(days=1)
        try:
            left -= calendar.is_workday(day)
        except YearNotLoaded as missing:
            return DueOn(date=None, missing_year=missing.year)
    days = range(start.year, day.year + 1)
    return DueOn(date=day, provisional=any(calendar.years.get(year) for year in days))


def workdays_between(start: date, end: date, *, calendar: Calendar | None = None) -> int | None:
    """Working days after ``start`` up to and including ``end``; negative when ``end`` is earlier.

    None where a year on the way is not loaded. From today to a due date: the days left.
    """
    calendar = calendar or stored_calendar()
    if end < start:
        passed = workdays_between(end, start, calendar=calendar)
        return None if passed is None else -passed
    try:
        return sum(
            calendar.is_workday(start + timedelta(days=step))
            for step in range(1, (end - start).days + 1)
        )
    except YearNotLoaded:
        return None
