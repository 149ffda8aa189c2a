"""Pages by key: every row once, in order, forwards and backwards, at one query each."""

import pytest
from django.test import RequestFactory

from policy.models import CalendarDay, CalendarYear
from portal import clock
from portal.paging import _encode, page_by_key

pytestmark = pytest.mark.django_db
KEYS = ["-is_workday", "date"]


@pytest.fixture
def days():
    year = CalendarYear.objects.create(year=2026, source="test", loaded_at=clock.now())
    CalendarDay.objects.bulk_create(
        CalendarDay(date=f"2026-01-{n:02d}", year=year, is_workday=n % 3 == 0) for n in range(1, 24)
    )
    return list(CalendarDay.objects.order_by(*KEYS))


def walk(start: str, step: str, size: int = 5) -> list[list[CalendarDay]]:
    pages, url = [], start
    while True:
        request = RequestFactory().get("/" + url)
        page = page_by_key(CalendarDay.objects.all(), request, keys=KEYS, size=size)
        pages.append(page.rows)
        url = getattr(page, step)
        if not url:
            return pages


def test_pages_forwards_hold_every_row_once_in_order(days):
    pages = walk("", "next_url")
    assert [row for page in pages for row in page] == days
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]


def test_pages_backwards_from_the_last_hold_every_row_once(days):
    request = RequestFactory().get("/")
    url = ""
    while True:
        page = page_by_key(CalendarDay.objects.all(), request, keys=KEYS, size=5)
        if not page.next_url:
            break
        url = page.next_url
        request = RequestFactory().get("/" + url)
    pages = walk(url, "previous_url")
    assert [row for page in reversed(pages) for row in page] == days


def test_filters_stay_in_the_address_of_the_next_page(days):
    request = RequestFactory().get("/?year=2026&after=")
    page = page_by_key(CalendarDay.objects.all(), request, keys=KEYS, size=5)
    assert page.next_url.startswith("?year=2026&after=")


@pytest.mark.parametrize("place", ["x", "W10", "WzEsICJ4Il0", "bnVsbA", "W1tdLCAxXQ", "💥"])
def test_place_that_does_not_parse_starts_at_the_first_page(days, place):
    request = RequestFactory().get("/", {"after": place})
    page = page_by_key(CalendarDay.objects.all(), request, keys=KEYS, size=5)
    assert page.rows == days[:5]


@pytest.mark.parametrize("way", ["after", "before"])
def test_a_place_at_which_nothing_stands_any_more_shows_the_first_page(days, way):
    beyond = days[19] if way == "after" else days[3]
    gone = days[20:] if way == "after" else days[:3]
    key = _encode([beyond.is_workday, beyond.date])
    CalendarDay.objects.filter(pk__in=[day.pk for day in gone]).delete()
    page = page_by_key(
        CalendarDay.objects.all(), RequestFactory().get("/", {way: key}), keys=KEYS, size=5
    )
    assert page.rows == list(CalendarDay.objects.order_by(*KEYS)[:5])
    assert (page.previous_url, page.next_url[:7]) == ("", "?after=")


def test_page_asks_one_query(days, django_assert_num_queries):
    request = RequestFactory().get("/")
    with django_assert_num_queries(1):
        page_by_key(CalendarDay.objects.all(), request, keys=KEYS, size=5)
