"""Working days: the vectors of 2026, and years that nobody has published."""

from datetime import date

import pytest

from policy import calendars
from policy.workdays import Calendar, DueOn, add_workdays, workdays_between


def calendar(*years, provisional=()):
    days = [day for year in years for day in calendars.packaged_days(year)]
    return Calendar(
        years=dict.fromkeys(years, False) | dict.fromkeys(provisional, True),
        exceptions={day: is_workday for day, is_workday, _name in days},
    )


VECTORS = [
    (date(2026, 2, 13), 5, date(2026, 2, 27)),
    (date(2026, 4, 29), 5, date(2026, 5, 9)),
    (date(2026, 9, 18), 5, date(2026, 9, 24)),
    (date(2026, 9, 24), 7, date(2026, 10, 12)),
    (date(2026, 9, 30), 5, date(2026, 10, 13)),
]


@pytest.mark.parametrize(("start", "count", "due"), VECTORS)
def test_working_days_after_a_start(start, count, due):
    assert add_workdays(start, count, calendar=calendar(2026)) == DueOn(due)


@pytest.mark.parametrize(("start", "count", "due"), VECTORS)
def test_working_days_between_are_the_same_count(start, count, due):
    assert workdays_between(start, due, calendar=calendar(2026)) == count
    assert workdays_between(due, start, calendar=calendar(2026)) == -count


def test_days_off_of_2026_are_those_announced():
    off = [
        date(2026, month, day)
        for month, first, last in [
            (1, 1, 3),
            (2, 15, 23),
            (4, 4, 6),
            (5, 1, 5),
            (6, 19, 21),
            (9, 25, 27),
            (10, 1, 7),
        ]
        for day in range(first, last + 1)
    ]
    work = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
    days = calendars.packaged_days(2026)
    assert [day for day, is_workday, _name in days if not is_workday] == off
    assert [(day.month, day.day) for day, is_workday, _name in days if is_workday] == work


def test_a_year_that_is_not_loaded_is_named_and_not_guessed():
    due = add_workdays(date(2026, 12, 29), 5, calendar=calendar(2026))
    assert due == DueOn(None, missing_year=2027)
    assert workdays_between(date(2026, 12, 29), date(2027, 1, 4), calendar=calendar(2026)) is None


def test_the_last_days_of_a_loaded_year_need_no_next_year():
    assert add_workdays(date(2026, 12, 29), 2, calendar=calendar(2026)) == DueOn(date(2026, 12, 31))


def test_a_date_reached_through_a_provisional_year_is_provisional():
    known = calendar(2026, provisional=[2027])
    assert add_workdays(date(2026, 12, 29), 5, calendar=known) == DueOn(
        date(2027, 1, 5), provisional=True
    )
    assert add_workdays(date(2026, 12, 29), 2, calendar=known).provisional is False


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count):
    with pytest.raises(ValueError, match="at least 1"):
        add_workdays(date(2026, 3, 2), count, calendar=calendar(2026))
