"""Years of the calendar: seeded once, imported with a line's error, replaced whole."""

from datetime import date

import pytest

from policy import calendars
from policy.models import CalendarDay, CalendarYear
from policy.workdays import DueOn, add_workdays, stored_calendar
from portal.audit.models import Event

HEAD = "date,kind,name\n"


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("day,kind\n", "header", 1),
        ("", "header", 1),
        (HEAD + "2027-01-01,off\n", "line", 2),
        (HEAD + "2027-01-01,off,元旦\n2027-02-30,off,x\n", "date", 3),
        (HEAD + "2027-01-01,holiday,元旦\n", "kind", 2),
        (HEAD + "2026-01-01,off,元旦\n", "year", 2),
        (HEAD + "2027-01-01,off,元旦\n\n2027-01-01,work,元旦\n", "twice", 4),
    ],
)
def test_a_wrong_line_of_an_import_is_named(text, reason, line):
    with pytest.raises(calendars.CalendarRefused) as error:
        calendars.read_days(text, year=2027)
    assert (error.value.reason, error.value.line) == (reason, line)


def test_an_import_with_a_byte_order_mark_and_empty_lines_is_read():
    text = "\ufeff" + HEAD + "2027-01-01, off ,元旦\n\n2027-01-03,work,元旦调休\n"
    assert calendars.read_days(text, year=2027) == [
        (date(2027, 1, 1), False, "元旦"),
        (date(2027, 1, 3), True, "元旦调休"),
    ]


@pytest.mark.django_db
def test_seeding_twice_loads_each_year_once():
    assert calendars.seed(actor="test") == [2024, 2025, 2026]
    assert calendars.seed(actor="test") == []
    assert CalendarYear.objects.count() == 3
    assert Event.objects.filter(action="calendar.load").count() == 3
    assert add_workdays(date(2026, 2, 13), 5) == DueOn(date(2026, 2, 27))


@pytest.mark.django_db
def test_seeding_leaves_an_imported_year_alone():
    days = [day for day in calendars.packaged_days(2026) if day[2] != "元旦"]
    calendars.load_year(2026, days, source="国办发明电", actor="test")
    assert calendars.seed(actor="test") == [2024, 2025]
    assert CalendarYear.objects.get(year=2026).source == "国办发明电"


@pytest.mark.django_db
def test_a_provisional_year_is_replaced_whole_by_its_import():
    golden_week = [(date(2027, 10, day), False, "国庆节") for day in range(1, 8)]
    new_year = (date(2027, 1, 1), False, "元旦")
    first = [new_year, (date(2027, 1, 4), False, "元旦"), *golden_week]
    calendars.load_year(2027, first, source="暂定", provisional=True, actor="test")
    assert add_workdays(date(2027, 1, 1), 1) == DueOn(date(2027, 1, 5), provisional=True)
    calendars.load_year(2027, [new_year, *golden_week], source="国办", actor="test")
    assert add_workdays(date(2027, 1, 1), 1) == DueOn(date(2027, 1, 4))
    assert CalendarDay.objects.filter(name="元旦").count() == 1


@pytest.mark.django_db
def test_an_implausible_year_changes_nothing():
    days = [(date(2027, month, 1 + day), False, "x") for month in range(1, 13) for day in range(9)]
    with pytest.raises(calendars.CalendarRefused) as error:
        calendars.load_year(2027, days, source="x", actor="test")
    assert error.value.reason == "implausible"
    assert not CalendarYear.objects.exists()


@pytest.mark.django_db
def test_the_stored_calendar_takes_one_query(django_assert_num_queries):
    calendars.seed(actor="test")
    with django_assert_num_queries(1):
        stored_calendar()
