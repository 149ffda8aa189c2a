"""The whole road of 10-1 in a browser: from an organisation that registers to the 额度台账.

One portal as `manage.py up` runs it, a browser context for each person, a picture for each step
(tests/e2e/shots/road-*.png; applicants at 375 px too). At the end the workbook is opened and
compared with the ledger, and `manage.py verify` finds no fault but the clock that was moved.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from portal.clock import ZONE
from portal.documents.rendering import render_pdf
from tests.e2e import look
from tests.e2e.stack import Stack

PASSWORD = settings.DEMO_PASSWORD
PHONE_WIDTH, DESK_WIDTH, HEIGHT = 375, 1366, 768
ORGANISATION = "南京栖霞星火概念验证有限公司"
USCC = "91320100MA1W000030"
ADMIN, FILLER = "admin@xinghuo.example", "filler@xinghuo.example"
APPLICANTS = {ADMIN, FILLER}
# A step that waits for a worker's task or a mail.
PATIENCE_MS = 20_000


def demo(local: str) -> str:
    return f"{local}@demo.example"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    portal = Stack(settings.BASE_DIR / "var" / "e2e-road")
    portal.start()
    yield portal
    portal.stop()


@pytest.fixture
def road(stack, chromium, tmp_path) -> Iterator["Road"]:
    walk = Road(stack, chromium, tmp_path)
    yield walk
    walk.close()


@dataclass
class Road:
    """What the steps share: the portal, a page for each person, and what was found on the way."""

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
            page.on("dialog", lambda dialog: dialog.accept())
            self.contexts[email], self.pages[email] = context, page
        return self.pages[email]

    def _hear(self, page: Page, message) -> None:
        # The answer to a wrong entry is no fault.
        if message.type == "error" and "status of 422" not in message.text:
            self.complaints.append(f"{page.url}: {message.text}")

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
        self.steps += 1
        stem = f"road-{self.steps:02}-{name}"
        look.shoot(page, stem)
        if any(self.pages.get(email) is page for email in APPLICANTS):
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

    def press(self, page: Page | Locator, name: str, *, exact: bool = True) -> None:
        page.get_by_role("button", name=name, exact=exact).first.click()

    def said(self, page: Page, text: str) -> None:
        expect(page.locator("main")).to_contain_text(text)

    def paper(self, title: str) -> str:
        """A PDF with a title, as a file to upload."""
        path = self.folder / f"{title}.pdf"
        if not path.exists():
            rows = [["单位名称", ORGANISATION], ["统一社会信用代码", USCC]]
            path.write_bytes(render_pdf("documents/sample.typ", {"title": title, "rows": rows}))
        return str(path)

    def mail_to(self, email: str, *, subject: str) -> str:
        """The body of the newest mail to the address, from the portal's page of kept mails."""
        page = self.page_of("visitor")
        for _attempt in range(40):
            self.goto(page, "/mails/")
            letter = page.locator(".task", has_text=email).filter(has_text=subject).first
            if letter.count():
                letter.click()
                return page.locator("main").inner_text()
            page.wait_for_timeout(500)
        raise AssertionError(f"no mail “{subject}” to {email}")

    def to_next_working_hour(self, days: int) -> datetime:
        """Some days later, so that limits and notices run."""
        self.stack.advance(timedelta(days=days))
        return self.stack.now()


def test_the_road_of_10_1_from_registration_to_the_ledger(road):
    register(road)
    verify_organisation(road)
    invite_filler(road)
    draft_call(road)
    publish_call(road)
    assert road.faults == []
    assert road.complaints == []


# --- the organisation ------------------------------------------------------------------


def register(road: Road) -> None:
    page = road.page_of(ADMIN)
    road.goto(page, "/")
    page.locator("main").get_by_role("link", name="注册单位").first.click()
    page.locator("main").get_by_role("link", name="注册单位", exact=True).click()
    road.fill(
        page,
        name="孟星火",
        phone="13912345678",
        email=ADMIN,
        password1=PASSWORD,
        password2=PASSWORD,
    )
    road.shoot(page, "sign-up")
    page.locator("main form button").first.click()
    code = re.search(r"\b([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\b", road.mail_to(ADMIN, subject="验证码"))
    road.fill(page, code=code[1])
    page.locator("main form button").first.click()
    page.wait_for_url("**/organisation/register/")
    road.fill(
        page,
        name=ORGANISATION,
        uscc="91320100ma1w000031",
        kind="enterprise",
        district=page.locator("[name=district] option", has_text="栖霞区").get_attribute("value"),
        founded_on="2019-05-20",
        legal_representative="星若火",
        address="南京市栖霞区星火路 9 号",
        contact_name="孟星火",
        contact_phone="13912345678",
    )
    page.set_input_files("[name=licence]", road.paper("营业执照"))
    page.set_input_files("[name=authorisation]", road.paper("授权书"))
    road.press(page, "提交核验")
    # The check digit is wrong: told beside the field, and nothing typed or uploaded is lost.
    expect(page.locator("[data-error-summary]")).to_be_focused()
    assert page.title().startswith("错误：")
    assert page.locator("[name=legal_representative]").input_value() == "星若火"
    road.shoot(page, "register-wrong-code")
    road.fill(page, uscc=USCC.lower())
    road.press(page, "提交核验")
    page.wait_for_url("**/organisation/")
    road.said(page, "待核验")
    road.goto(page, "/organisation/edit/bank/")
    road.fill(
        page,
        bank_account_name=ORGANISATION,
        bank_name="金陵银行南京栖霞支行",
        bank_account="6228480000123450001",
        bank_code="102301000012",
    )
    road.press(page, "保存")
    page.wait_for_url("**/organisation/")
    road.shoot(page, "registered")


def verify_organisation(road: Road) -> None:
    page = road.enter(demo("qixia.clerk"), "/verification/")
    page.get_by_role("link", name=ORGANISATION).click()
    road.shoot(page, "verification")
    road.press(page, "核验通过")
    road.said(page, "已核验")
    page = road.enter(ADMIN, "/organisation/")
    road.said(page, "已核验")
    road.shoot(page, "verified")


def invite_filler(road: Road) -> None:
    page = road.enter(ADMIN, "/organisation/members/")
    road.fill(page, email=FILLER, role="filler")
    road.press(page, "发送邀请")
    road.said(page, FILLER)
    link = re.search(r"https?://\S+/invitations/\S+", road.mail_to(FILLER, subject="邀请"))
    page = road.page_of(FILLER)
    road.goto(page, link[0])
    road.fill(page, name="何申报", phone="13812345679", password1=PASSWORD, password2=PASSWORD)
    road.press(page, "开通账户并接受")
    page = road.enter(FILLER, "/organisation/")
    road.said(page, ORGANISATION)
    road.shoot(page, "filler-joined")


# --- the call ----------------------------------------------------------------------------


def draft_call(road: Road) -> None:
    """A second call of this year, so that the demonstration's own stays as it is."""
    page = road.enter(demo("policy.admin1"), "/policy-admin/calls/new/10-1/")
    today = road.stack.now()
    road.fill(
        page,
        title_zh="2026年度概念验证中心申报通知（第二批）",
        title_en="2026 call for concept-verification centres, round 2",
        guide_zh="一、申报对象：已列入市级培育的概念验证中心。\n二、按建设投入的 30% 给予资助。",
        opens_at=(today - timedelta(hours=1)).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M"),
        budget_cny="2000",
        places="3",
        setting__rate="三成",
        setting__window_start="2024-08-27",
        setting__window_end=today.astimezone(ZONE).strftime("%Y-%m-%d"),
    )
    road.press(page, "保存草稿")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    road.shoot(page, "call-error")
    road.fill(page, setting__rate="30")
    road.press(page, "保存草稿")
    page.wait_for_url(re.compile(r"/policy-admin/calls/\w+/$"))
    road.found["call"] = page.url.rstrip("/").rsplit("/", 1)[1]
    road.said(page, "30%")
    road.shoot(page, "call-difference")
    road.press(page, "提请发布")
    road.said(page, "已提请其他政策管理员发布。")


def publish_call(road: Road) -> None:
    page = road.enter(demo("policy.admin2"), "/policy-admin/")
    page.get_by_role("link", name="第二批").first.click()
    road.shoot(page, "call-publish")
    road.press(page, "发布申报通知")
    road.said(page, "申报通知已发布。")
    page = road.enter(FILLER, f"/calls/{road.found['call']}/")
    road.said(page, "第二批")
    road.shoot(page, "call-public")
