"""The demonstration's time: working days counted from today, and acts in the order of time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from policy import workdays
from portal import clock

# The limit of a stage that has none, in working days.
USUAL_LIMIT = 10


class Days:
    """Working days by their number: -1 is the last one before today, 1 the first after it."""

    def __init__(self, today: date, *, calendar: workdays.Calendar | None = None) -> None:
        self.today = today
        self._calendar = calendar or workdays.stored_calendar()
        self._known: dict[int, date] = {0: today}

    def date(self, number: int) -> date:
        step = 1 if number > 0 else -1
        last = max(self._known) if number > 0 else min(self._known)
        day = self._known[last]
        while number not in self._known:
            day += timedelta(days=step)
            if self._calendar.is_workday(day):
                last += step
                self._known[last] = day
        return self._known[number]

    def moment(self, number: int, at: time) -> datetime:
        return datetime.combine(self.date(number), at, clock.ZONE)


@dataclass(order=True)
class Act:
    """Something that somebody does: when, and what is told of it."""

    at: datetime
    order: int
    what: str = field(compare=False)
    do: Callable[[], object] = field(compare=False)


class Schedule:
    """All acts; taken in the order of time, whatever the order in which they were planned."""

    def __init__(self, days: Days) -> None:
        self.days = days
        self._acts: list[Act] = []

    def add(self, number: int, at: str, what: str, do: Callable[[], object]) -> None:
        """``at`` is the time of the day (``09:30``). What would come today or later is left out:
        the past ends with the last working day."""
        if number >= 0:
            return
        hour, _colon, minute = at.partition(":")
        moment = self.days.moment(number, time(int(hour), int(minute)))
        self._acts.append(Act(moment, len(self._acts), what, do))

    def acts(self) -> list[Act]:
        return sorted(self._acts)
