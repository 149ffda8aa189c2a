"""A real browser against a live server that runs as the portal does, as the running role."""

import functools
import os
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.e2e import look
from tests.e2e.stack import Stack
from tests.e2e.waiting import PATIENCE_MS

# Playwright's loop lives in this thread; the tests' own queries are synchronous all the same.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def _settled(act: Callable) -> Callable:
    """A click or key that leads to another page is over when that page stands: Playwright's is as
    soon as it begins to load, and what is counted then may not be there yet."""

    @functools.wraps(act)
    def done(of: Page | Locator, *args, **kwargs):
        found = act(of, *args, **kwargs)
        page = of if isinstance(of, Page) else of.page
        if not page.is_closed():
            page.wait_for_load_state()
        return found

    return done


for _kind in (Page, Locator):
    for _name in ("click", "press"):
        setattr(_kind, _name, _settled(getattr(_kind, _name)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The roads take minutes: half of them begins each process's half, so both end together."""
    roads = [item for item in items if item.path.name.startswith("test_road")]
    pages = [item for item in items if item not in roads]
    middle = len(pages) // 2
    items[:] = [*roads[::2], *pages[:middle], *roads[1::2], *pages[middle:]]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = look.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(worker_id) -> Iterator[Stack]:
    """One portal for all roads of a process: each leaves it with its clock put right and nothing
    wrong, and so is what all of them leave behind."""
    portal = Stack(settings.BASE_DIR / "var" / "e2e" / worker_id)
    portal.start()
    try:
        yield portal
        result = portal.manage("verify")
        assert result.returncode == 0, result.stdout + result.stderr
    finally:
        portal.stop()


@pytest.fixture
def open_page(chromium, live_server) -> Iterator[Callable[..., Page]]:
    """``open_page(path, user=None, language="zh-hans", width=1366, display="",
    expected=200)``: a page in a context of its own, signed in as the user. The answer's status
    is ``expected``.

    What the browser complained of (script errors, refused by CSP, failed requests) must be
    nothing when the test ends; the answer to a wrong entry (422) is no fault.
    """
    contexts, complaints = [], []

    def open_(
        path: str,
        *,
        user=None,
        language: str = "zh-hans",
        width: int = 1366,
        display: str = "",
        expected: int = 200,
    ) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 768})
        contexts.append(context)
        cookies = {settings.LANGUAGE_COOKIE_NAME: language}
        if display:
            cookies["display"] = display
        if user is not None:
            client = Client()
            client.force_login(user)
            cookies[settings.SESSION_COOKIE_NAME] = client.cookies[
                settings.SESSION_COOKIE_NAME
            ].value
        context.add_cookies(
            [{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()]
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))

        def note(message) -> None:
            if message.type == "error" and "Failed to load resource" not in message.text:
                complaints.append(f"{page.url}: {message.text}")

        def answered(response) -> None:
            # A page, or a fragment, may refuse what was sent; a file is there or it is missing.
            asked = response.request.resource_type in {"document", "xhr", "fetch"}
            if response.status >= (500 if asked else 400):
                complaints.append(f"{response.url}: {response.status}")

        page.on("console", note)
        page.on("response", answered)
        assert page.goto(live_server.url + path).status == expected
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def faults_of(open_page, live_server) -> Callable[..., list[str]]:
    """``faults_of(path, name, user=None, language="zh-hans", widths=(375, 1366))``: what is wrong
    with the page in words (``look.faults``). A reader goes from page to page in one context.
    """
    pages: dict[tuple, Page] = {}

    def faults(
        path: str, name: str, *, user=None, language: str = "zh-hans", widths=(375, 1366)
    ) -> list[str]:
        reader = user and user.pk, language
        if reader not in pages:
            pages[reader] = open_page(path, user=user, language=language)
        else:
            assert pages[reader].goto(live_server.url + path).status == 200
        return look.faults(pages[reader], f"{name}-{language[:2]}", widths=widths)

    return faults
