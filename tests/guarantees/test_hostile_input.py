"""What no form sends: a NUL in an address or a field, a place in a list that is none, a number
beyond any. No page breaks on it, and nothing is let through by it."""

import pytest
from django.db import transaction
from django.urls import reverse

from tests.guarantees.access_table import TABLE
from tests.guarantees.cast import NOBODY, VISITOR
from tests.guarantees.test_access_matrix import clients, world  # noqa: F401

# Every name that a page reads from its address.
PARAMETERS = [
    *["q", "state", "status", "page", "after", "before", "year", "date", "group", "field", "call"],
    *["tab", "act", "doc", "row", "at", "back", "next", "role", "preview", "undo", "unread", "of"],
    *["action", "actor", "object_id", "since", "until", "line", "kind", "wrong", "check"],
]
HOSTILE = {
    "a NUL": "a%00b",
    "a number beyond any": "9" * 40,
    "a place that is none": "WyJcdTAwMDAiLDEyXQ",
    "markup": "%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "a bare surrogate": "%ED%A0%80",
    "nothing but a quote": "'",
}
READ = sorted(name for name, row in TABLE.items() if row.get and not row.flow)
POSTED = sorted(name for name, row in TABLE.items() if row.post and not row.flow)


def _somebody(allowed) -> str:
    return next(iter(sorted((allowed or NOBODY) - {VISITOR})), VISITOR)


@pytest.mark.parametrize("route", READ)
def test_hostile_address_breaks_no_page(route, world, clients):  # noqa: F811
    row = TABLE[route]
    url = reverse(route, kwargs=world.made(row.kwargs) if row.kwargs else {})
    client = clients[_somebody(row.get)]
    for name, value in HOSTILE.items():
        query = "&".join(f"{parameter}={value}" for parameter in PARAMETERS)
        with transaction.atomic():
            answer = client.get(f"{url}?{query}")
            transaction.set_rollback(True)
        assert answer.status_code < 500, name
        assert (answer.status_code == 400) == (name == "a NUL"), name
        if not answer.streaming:
            assert b"<script>alert" not in answer.content, name


@pytest.mark.parametrize("route", POSTED)
def test_nul_in_a_field_is_refused_before_the_page_sees_it(route, world, clients):  # noqa: F811
    row = TABLE[route]
    url = reverse(route, kwargs=world.made(row.kwargs) if row.kwargs else {})
    client = clients[_somebody(row.post)]
    with transaction.atomic():
        answer = client.post(url, {"text": "a\0b", **row.data})
        transaction.set_rollback(True)
    assert answer.status_code == 400
