"""What the steps share: a ``Trip`` says what is asked for, a ``Road`` holds the portal, a page for
each person and what was found on the way."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as at
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from policy.entries import Catalogue
from policy.schema import DefinitionSchema
from portal.clock import ZONE
from portal.documents.rendering import render_pdf
from tests.applications.lines import Sample
from tests.e2e import look
from tests.e2e.stack import Stack
from tests.e2e.waiting import PATIENCE_MS

CATALOGUE = Catalogue()
PASSWORD = settings.DEMO_PASSWORD
PHONE_WIDTH, DESK_WIDTH, HEIGHT = 375, 1366, 768
# A mail goes by the worker, when the beat has called it.
MAIL_S = 90
BANK_ACCOUNT = "6228480000123450001"


@dataclass(frozen=True)
class Trip:
    """Who asks whom for what. ``settings`` are the inputs of the call's form beside its own; ``net_cny``
    is the net amount of each of the eight invoices, of which the first is recognised at
    ``first_cny`` (None where the line has no invoices)."""

    sample: Sample
    organisation: str
    uscc: str
    mail: str
    call_title: str
    call_title_en: str
    settings: dict[str, str]
    co_units: tuple[str, ...]
    decision: str
    # what comes out: the recognised total in 万元 as shown, the grant in 元
    verified_wan: str
    granted_cny: str
    net_cny: Decimal | None = None
    first_cny: Decimal | None = None
    # the experts' mean, where the call's tiers go by it
    score: str = ""
    # the lead unit: its people's accounts, its name, whom a notice names
    lead: str = "lead"
    lead_unit: str = "市科技局"
    contact: str = "市科技局成果转化处 025-68786000"
    # a wrong value of a setting that is tried first: (input, value)
    wrong_setting: tuple[str, str] | None = None
    # a picture of each step
    pictures: bool = False

    @property
    def line(self) -> str:
        return self.sample.line

    @property
    def schema(self) -> DefinitionSchema:
        return CATALOGUE.newest(self.line).schema

    @property
    def admin(self) -> str:
        return f"admin@{self.mail}"

    @property
    def filler(self) -> str:
        return f"filler@{self.mail}"

    @property
    def clerk(self) -> str:
        return f"{self.lead}.clerk"

    @property
    def head(self) -> str:
        return f"{self.lead}.head"

    @property
    def gross_cny(self) -> Decimal:
        return self.net_cny * Decimal("1.13")


# Whether a press sends a form the browser's own way.
LEADS_ON = """(el) => el.type === "submit" && el.form !== null && !el.form.hasAttribute("hx-post")
  && !el.hasAttribute("hx-post") && !el.form.hasAttribute("data-upload")
  && (el.form.noValidate || el.formNoValidate || el.form.checkValidity())"""


def demo(local: str) -> str:
    return f"{local}@demo.example"


@dataclass
class Road:
    """What the steps share: the portal, a page for each person, and what was found on the way."""

    trip: Trip
    stack: Stack
    browser: Browser
    folder: Path
    contexts: dict[str, BrowserContext] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    steps: int = 0
    found: dict[str, str] = field(default_factory=dict)

    # --- people ------------------------------------------------------------------------

    def page_of(self, email: str) -> Page:
        """The person's page, in a context of the person's own."""
        if email not in self.pages:
            context = self.browser.new_context(
                viewport={"width": DESK_WIDTH, "height": HEIGHT}, accept_downloads=True
            )
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
            page.on("console", lambda message: self._hear(page, message))
            page.on("response", lambda response: self._see(page, response))
            page.on("dialog", lambda dialog: dialog.accept())
            self.contexts[email], self.pages[email] = context, page
        return self.pages[email]

    def _hear(self, page: Page, message) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"{page.url}: {message.text}")

    def _see(self, page: Page, response) -> None:
        # The answer to a wrong entry (422) is no fault.
        if response.status >= 400 and response.status != 422:
            self.complaints.append(f"{page.url}: {response.status} {response.url}")

    def enter(self, email: str, path: str) -> Page:
        """The person on the page, signed in (again, where the idle limit has passed)."""
        page = self.page_of(email)
        self.goto(page, path)
        if "/accounts/login/" in page.url:
            self.sign_in(page, email)
            self.goto(page, path)
        assert "/accounts/login/" not in page.url, f"{email} is not let in"
        return page

    def goto(self, page: Page, path: str) -> None:
        page.goto(path if path.startswith("http") else self.stack.url + path)

    def sign_in(self, page: Page, email: str) -> None:
        page.locator("input[name=login]").fill(email)
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        page.wait_for_url(lambda url: "/accounts/login/" not in url)

    # --- looking -------------------------------------------------------------------------

    def shoot(self, page: Page, name: str) -> None:
        """A picture of the step; an applicant's also on the phone, without overflow."""
        if not self.trip.pictures:
            return
        self.steps += 1
        stem = f"road-{self.steps:02}-{name}"
        look.shoot(page, stem)
        if any(self.pages.get(email) is page for email in (self.trip.admin, self.trip.filler)):
            page.set_viewport_size({"width": PHONE_WIDTH, "height": HEIGHT})
            look.shoot(page, f"{stem}-{PHONE_WIDTH}")
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > PHONE_WIDTH:
                self.faults.append(f"{stem}: {wide} px wide on a phone of {PHONE_WIDTH} px")
            page.set_viewport_size({"width": DESK_WIDTH, "height": HEIGHT})

    def close(self) -> None:
        for context in self.contexts.values():
            context.close()

    # --- doing ---------------------------------------------------------------------------

    def fill(self, page: Page, **values: str) -> None:
        """Inputs by their names; a select takes the value of its option."""
        for name, value in values.items():
            control = page.locator(f"[name={name}]:not([type=hidden])").first
            if control.evaluate("el => el.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)

    def press(self, page: Page, name: str, *, exact: bool = True) -> None:
        """Press the button of that name."""
        self.send(page, page.get_by_role("button", name=name, exact=exact).first)

    def send(self, page: Page, button: Locator) -> None:
        """Press the button; where its form leads to another page, that page stands then.

        A form of a page that stood open for a minute is sent by a script, once the server was heard.
        """
        if button.evaluate(LEADS_ON):
            with page.expect_navigation():
                button.click()
        else:
            button.click()

    def said(self, page: Page, text: str) -> None:
        expect(page.locator("main")).to_contain_text(text)

    def paper(self, title: str) -> str:
        """A PDF with a title, as a file to upload."""
        path = self.folder / f"{title}.pdf"
        if not path.exists():
            rows = [["单位名称", self.trip.organisation], ["统一社会信用代码", self.trip.uscc]]
            path.write_bytes(render_pdf("documents/sample.typ", {"title": title, "rows": rows}))
        return str(path)

    def mail_to(self, email: str, *, subject: str) -> str:
        """The body of the newest mail to the address, from the portal's page of kept mails."""
        page = self.page_of("visitor")
        ends = time.monotonic() + MAIL_S
        while time.monotonic() < ends:
            self.goto(page, "/mails/")
            letter = page.locator(".task", has_text=email).filter(has_text=subject).first
            if letter.count():
                letter.click()
                return page.locator("main").inner_text()
            page.wait_for_timeout(500)
        raise AssertionError(f"no mail “{subject}” to {email}")

    def today(self) -> str:
        return self.stack.now().astimezone(ZONE).date().isoformat()

    def until(self, day: str) -> None:
        """On to 09:30 of the day, if it is not yet: limits and notices run, sessions end."""
        moment = datetime.combine(date.fromisoformat(day), at(9, 30), ZONE)
        self.stack.advance(max(moment - self.stack.now(), timedelta(0)))

    def year(self) -> int:
        return self.stack.now().astimezone(ZONE).year

    def type_to_confirm(self, page: Page, button: str) -> None:
        """Type what the page asks for, then press the button that names the act."""
        control = page.locator("[name=confirmation]")
        asked = page.locator(f"label[for={control.get_attribute('id')}]").inner_text()
        control.fill(re.search("“(.+?)”", asked)[1])
        self.press(page, button)

    def ledger(self) -> tuple[str, str, str, int]:
        """Committed, approved, paid (元) and places of the call's budget account."""
        ((committed, approved, paid, places),) = self.stack.rows(
            "SELECT a.committed_cny, a.approved_cny, a.paid_cny, a.committed_places"
            " FROM awards_capaccount a JOIN policy_call c ON c.id = a.call_id"
            " WHERE a.rule = 'call_budget' AND c.uid = %s",
            self.found["call"],
        )
        return str(committed), str(approved), str(paid), places


@contextmanager
def walking(trip: Trip, *, stack: Stack, browser: Browser, folder: Path) -> Iterator[Road]:
    """A road to walk; at its end no page was too wide for a phone, and no browser complained."""
    road = Road(trip, stack, browser, folder)
    try:
        yield road
        assert road.faults == []
        assert road.complaints == []
    finally:
        road.close()
