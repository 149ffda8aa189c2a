"""Every route × persona × method, against one table (access_table.py)."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction
from django.http import HttpResponseNotFound
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.guarantees.access.row import Row
from tests.guarantees.access_table import TABLE
from tests.guarantees.cast import MEMBERS, NOBODY, PERSONAS, VISITOR, World, make_world

# Reading leaves everything as it was, but for the session, the cache and the log.
WRITTEN_BY_GET = {"django_session", "portal_cache", "audit_event"}
_WRITE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.I)


def routes() -> list[str]:
    """The names of all routes of the portal, namespaces included; a nameless one by its pattern."""

    def walk(patterns, space: str, prefix: str) -> Iterator[str]:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                inner = f"{space}{entry.namespace}:" if entry.namespace else space
                yield from walk(entry.url_patterns, inner, prefix + str(entry.pattern))
            elif isinstance(entry, URLPattern):
                yield space + (entry.name or f"(nameless) {prefix}{entry.pattern}")

    return sorted(set(walk(get_resolver().url_patterns, "", "/")))


@pytest.fixture(scope="module")
def world(module_rows) -> World:
    """The cast, made once for all routes, in a transaction that is rolled back."""
    return make_world()


@pytest.fixture(scope="module")
def clients(world) -> dict[str, Client]:
    """A signed-in client for each persona."""
    found = {VISITOR: Client()}
    for name, user in world.users.items():
        found[name] = Client()
        found[name].force_login(user)
    return found


@pytest.fixture
def bare_refusals(monkeypatch):
    """A refusal is its status here: its page, the same for every route, is a third of all the work."""
    monkeypatch.setattr("portal.urls.handler404", lambda request, exception: HttpResponseNotFound())


def test_every_route_has_a_row_and_every_row_a_route():
    assert sorted(TABLE) == routes()


@pytest.mark.parametrize("route", routes())
def test_route_lets_in_whom_the_table_names(route, world, clients, bare_refusals):
    row = TABLE[route]
    kwargs = world.made(row.kwargs) if row.kwargs else {}
    url = reverse(route, kwargs=kwargs) + row.query
    faults = [
        fault
        for method in ("get", "post", "put", "delete")
        for persona in _personas(row, method)
        if (fault := _fault(row, url, method, persona, clients[persona]))
    ]
    assert faults == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_refusal_is_one_page_for_every_persona_and_changes_nothing(clients, method):
    nowhere = Row("nowhere", get=NOBODY, post=NOBODY)
    faults = [
        fault
        for persona in MEMBERS
        if (fault := _fault(nowhere, "/nothing-here/", method, persona, clients[persona]))
    ]
    assert faults == []


def _personas(row: Row, method: str) -> list[str]:
    """Everybody, but where fewer tell as much: allauth's own pages tell signed in from signed
    out only, and methods that no route takes are tried by those whom the route lets in."""
    if row.flow:
        return [] if method in {"put", "delete"} else [VISITOR, "newcomer", "filler", "auditor"]
    if method in {"put", "delete"}:
        return [VISITOR, *sorted((row.get or NOBODY) | (row.post or NOBODY))[:2]]
    return list(PERSONAS)


def _fault(row: Row, url: str, method: str, persona: str, client: Client) -> str:
    """What is wrong with the answer; "" if it is as the table says."""
    allowed = getattr(row, method, None)
    cookies = client.cookies.copy()
    written: set[str] = set()
    # Each request leaves the world as it found it.
    with transaction.atomic(), connection.execute_wrapper(_watch(written)):
        data = row.data if method == "post" else None
        response = getattr(client, method)(url, data)
        transaction.set_rollback(True)
    client.cookies = cookies
    if method == "get" and written - WRITTEN_BY_GET:
        return f"get {persona}: writes {', '.join(sorted(written - WRITTEN_BY_GET))}"
    status, entered = response.status_code, _entered(response)
    if row.flow:
        right = status < 500 if persona in (row.get or row.post) else status != 200
        return "" if right else f"{method} {persona}: {status}"
    if persona in (allowed or NOBODY):
        return "" if entered else f"{method} {persona}: {status}, not let in"
    if entered:
        return f"{method} {persona}: {status}, let in"
    # A signed-in stranger learns nothing: foreign, absent and not his are one answer.
    if persona in MEMBERS and status not in ({404} if allowed else {404, 405}):
        return f"{method} {persona}: {status} instead of 404"
    return ""


def _watch(written: set[str]):
    """Note the tables that are written."""

    def watch(execute, sql, params, many, context):
        if found := _WRITE.match(sql):
            written.add(found[1])
        return execute(sql, params, many, context)

    return watch


def _entered(response) -> bool:
    if response.status_code in {301, 302, 303}:
        return urlsplit(response["Location"]).path != reverse("account_login")
    return response.status_code < 400 or response.status_code in {400, 409, 422}
