"""The steps of a road from an organisation that registers to a payment that has arrived, each an act
of a person on a page of the browser. A ``Trip`` says what is asked for; ``Road`` is what the steps
share. The roads themselves (test_road*.py) are lists of steps.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from policy.entries import Catalogue
from policy.money import show_wan
from policy.schema import DefinitionSchema
from portal.clock import ZONE
from portal.documents.rendering import render_pdf
from tests.applications.lines import Sample
from tests.e2e import look
from tests.e2e.stack import Stack

CATALOGUE = Catalogue()
PASSWORD = settings.DEMO_PASSWORD
PHONE_WIDTH, DESK_WIDTH, HEIGHT = 375, 1366, 768
# A step that waits for a worker's task or a mail.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
INVOICES = 8
BANK_ACCOUNT = "6228480000123450001"


@dataclass(frozen=True)
class Trip:
    """Who asks for what. ``settings`` are the inputs of the call's form beside its own; ``net_cny``
    is the net amount of each of the eight invoices, of which the first is recognised at ``first_cny``."""

    sample: Sample
    organisation: str
    uscc: str
    mail: str
    call_title: str
    call_title_en: str
    settings: dict[str, str]
    co_units: tuple[str, ...]
    decision: str
    net_cny: Decimal
    first_cny: Decimal
    # what comes out: the recognised total in 万元 as shown, the grant in 元
    verified_wan: str
    granted_cny: str
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
    def gross_cny(self) -> Decimal:
        return self.net_cny * Decimal("1.13")


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

    def press(self, page: Page | Locator, name: str, *, exact: bool = True) -> None:
        page.get_by_role("button", name=name, exact=exact).first.click()

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
        for _attempt in range(40):
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
        moment = datetime.combine(date.fromisoformat(day), time(9, 30), ZONE)
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


# --- the organisation ------------------------------------------------------------------


def wrong_code(uscc: str) -> str:
    """The code in small letters with another check digit."""
    return f"{uscc[:-1]}{'1' if uscc[-1] != '1' else '2'}".lower()


def register(road: Road) -> None:
    trip = road.trip
    page = road.page_of(trip.admin)
    road.goto(page, "/")
    page.locator("main").get_by_role("link", name="注册单位").first.click()
    page.locator("main").get_by_role("link", name="注册单位", exact=True).click()
    road.fill(
        page,
        name="孟星火",
        phone="13912345678",
        email=trip.admin,
        password1=PASSWORD,
        password2=PASSWORD,
    )
    road.shoot(page, "sign-up")
    page.locator("main form button").first.click()
    code = re.search(
        r"\b([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\b", road.mail_to(trip.admin, subject="验证码")
    )
    road.fill(page, code=code[1])
    page.locator("main form button").first.click()
    page.wait_for_url("**/organisation/register/")
    road.fill(
        page,
        name=trip.organisation,
        uscc=wrong_code(trip.uscc),
        kind=trip.sample.organisation_kind,
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
    road.fill(page, uscc=trip.uscc.lower())
    road.press(page, "提交核验")
    page.wait_for_url("**/organisation/")
    road.said(page, "待核验")
    road.goto(page, "/organisation/edit/bank/")
    road.fill(
        page,
        bank_account_name=trip.organisation,
        bank_name="金陵银行南京栖霞支行",
        bank_account=BANK_ACCOUNT,
        bank_code="102301000012",
    )
    road.press(page, "保存")
    page.wait_for_url("**/organisation/")
    road.shoot(page, "registered")


def verify_organisation(road: Road) -> None:
    page = road.enter(demo("qixia.clerk"), "/verification/")
    page.get_by_role("link", name=road.trip.organisation).click()
    road.shoot(page, "verification")
    road.press(page, "核验通过")
    road.said(page, "已核验")
    page = road.enter(road.trip.admin, "/organisation/")
    road.said(page, "已核验")
    road.shoot(page, "verified")


def invite_filler(road: Road) -> None:
    page = road.enter(road.trip.admin, "/organisation/members/")
    road.fill(page, email=road.trip.filler, role="filler")
    road.press(page, "发送邀请")
    road.said(page, road.trip.filler)
    link = re.search(
        r"https?://\S+/invitations/\S+", road.mail_to(road.trip.filler, subject="邀请")
    )
    page = road.page_of(road.trip.filler)
    road.goto(page, link[0])
    road.fill(page, name="何申报", phone="13812345679", password1=PASSWORD, password2=PASSWORD)
    road.press(page, "开通账户并接受")
    page = road.enter(road.trip.filler, "/organisation/")
    road.said(page, road.trip.organisation)
    road.shoot(page, "filler-joined")


# --- the call ----------------------------------------------------------------------------


def draft_call(road: Road) -> None:
    """Another call of this year, so that the demonstration's own stay as they are."""
    trip = road.trip
    page = road.enter(demo("policy.admin1"), f"/policy-admin/calls/new/{trip.line}/")
    today = road.stack.now()
    values = trip.settings | {
        "title_zh": trip.call_title,
        "title_en": trip.call_title_en,
        "guide_zh": "一、申报对象见文件。\n二、资助标准见本通知。",
        "opens_at": (today - timedelta(hours=1)).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M"),
        "budget_cny": "2000",
        "places": "3",
        "setting__window_start": "2024-08-27",
        "setting__window_end": today.astimezone(ZONE).strftime("%Y-%m-%d"),
    }
    if trip.wrong_setting:
        name, wrong = trip.wrong_setting
        road.fill(page, **values | {name: wrong})
        road.press(page, "保存草稿")
        expect(page.locator("[data-error-summary]")).to_be_focused()
        road.shoot(page, "call-error")
        values = {name: values[name]}
    road.fill(page, **values)
    road.press(page, "保存草稿")
    page.wait_for_url(re.compile(r"/policy-admin/calls/\w+/$"))
    road.found["call"] = page.url.rstrip("/").rsplit("/", 1)[1]
    road.shoot(page, "call-difference")
    road.press(page, "提请发布")
    road.said(page, "已提请其他政策管理员发布。")


def publish_call(road: Road) -> None:
    page = road.enter(demo("policy.admin2"), "/policy-admin/")
    page.get_by_role("link", name=road.trip.call_title).first.click()
    road.shoot(page, "call-publish")
    road.press(page, "发布申报通知")
    road.said(page, "申报通知已发布。")
    page = road.enter(road.trip.filler, f"/calls/{road.found['call']}/")
    road.said(page, road.trip.call_title)
    road.shoot(page, "call-public")


# --- the application -----------------------------------------------------------------------


def start_draft(road: Road) -> None:
    page = road.enter(road.trip.filler, f"/calls/{road.found['call']}/")
    page.get_by_role("link", name="开始申报").click()
    road.press(page, "新建申报")
    page.wait_for_url(re.compile(r"/applications/\w+/edit/$"))
    road.found["application"] = page.url.split("/")[-3]
    road.shoot(page, "workspace")


def edit(road: Road, section: str, *, email: str | None = None) -> Page:
    return road.enter(
        email or road.trip.filler, f"/applications/{road.found['application']}/edit/{section}/"
    )


def answer(page: Page, item, value) -> None:
    """Answer a field of the form as a person does: amounts in the unit that stands beside it."""
    controls = page.locator(f"[name={item.code}]:not([type=hidden])")
    kind = controls.first.evaluate("el => el.type")
    if kind == "checkbox":
        for code in value:
            controls.and_(page.locator(f"[value={code}]")).check()
    elif kind == "radio":
        word = {True: "true", False: "false"}.get(value, value)
        controls.and_(page.locator(f"[value={word}]")).check()
    elif kind == "select-one":
        controls.first.select_option(value)
    elif item.type == "money_wan":
        controls.first.fill(show_wan(Decimal(value)))
    else:
        controls.first.fill(str(value))


def answers_of(road: Road) -> dict[str, dict[str, Any]]:
    """The sample's answers, the organisation's contact being prefilled."""
    answers = road.trip.sample.answers
    total = f"{road.trip.gross_cny * INVOICES:.2f}"
    return answers | {"amount": answers["amount"] | {"audited_cny": total}}


def fill_sections(road: Road) -> None:
    """Section by section; each is saved while it is typed, and 保存并继续 leads on."""
    form, answers = road.trip.schema.form, answers_of(road)
    for section in form.sections:
        if section.code not in answers:
            continue
        page = edit(road, section.code)
        for code, value in answers[section.code].items():
            answer(page, form.fields[code], value)
        expect(page.locator("[data-save-state]")).to_contain_text("已保存")
        if section.code in {"project", "funding", "team", "amount"}:
            road.shoot(page, f"section-{section.code}")
        road.press(page, "保存并继续")
        page.wait_for_url(lambda url, code=section.code: f"/edit/{code}/" not in url)


def invoice_row(trip: Trip, number: int) -> list[str]:
    """Eight of them are what the audit says."""
    tax = trip.gross_cny - trip.net_cny
    return [
        "设备购置", f"验证设备{number:02}", "A-100", "1", "江东精密仪器有限公司", "", f"HT-{number:03}",
        invoice_number(trip, number), "2025-03-14", f"{trip.net_cny:,.2f}", f"{tax:,.2f}",
        f"{trip.gross_cny:,.2f}", "2025-03-20", f"PZ-{number:03}", "否", "0",
    ]  # fmt: skip


def invoice_number(trip: Trip, number: int) -> str:
    """Twenty digits; no two roads share an invoice."""
    line = "".join(filter(str.isdigit, trip.line))
    return f"2432{int(line):04}{number:012}"


def paste_invoices(road: Road) -> None:
    trip = road.trip
    page = edit(road, "investment")
    rows = [invoice_row(trip, number) for number in range(1, INVOICES + 1)]
    # The last one is wrong at first: its total, and the number of the first.
    rows[-1][11], rows[-1][7] = f"{trip.gross_cny + Decimal('0.01'):,.2f}", rows[0][7]
    page.get_by_role("button", name="从 Excel 粘贴").click()
    page.locator("#paste-text").fill("\n".join("\t".join(row) for row in rows))
    road.press(page, "添加到表中")
    road.said(page, "重复")
    road.shoot(page, "invoices-wrong")
    wrong = page.locator(f"tr[data-row]:has(input[value='验证设备{INVOICES:02}'])")
    wrong.locator("input[name$='.invoice_no']").fill(invoice_number(trip, INVOICES))
    wrong.locator("input[name$='.gross_cny']").fill(f"{trip.gross_cny:.2f}")
    wrong.locator("input[name$='.gross_cny']").press("Tab")
    expect(page.locator("[data-grid-total]")).to_contain_text(f"{trip.gross_cny * INVOICES:,.2f}")
    expect(page.locator("[data-save-state]")).to_contain_text("已保存")
    # The row that bore the same number follows without a new page.
    expect(page.locator(".cell-problem")).to_have_count(0)
    page = edit(road, "investment")
    expect(page.locator(".cell-problem")).to_have_count(0)
    road.shoot(page, "invoices")


def fill_tables(road: Road) -> None:
    """Several rows as they come from Excel, one row and fixed rows cell by cell."""
    for section, rows in road.trip.sample.rows.items():
        page = edit(road, section)
        table = road.trip.schema.form.tables[section]
        if len(rows) > 1 and not table.rows:
            lines = [
                "\t".join(as_shown(item, row.get(item.code)) for item in table.columns)
                for row in rows
            ]
            page.get_by_role("button", name="从 Excel 粘贴").click()
            page.locator("#paste-text").fill("\n".join(lines))
            road.press(page, "添加到表中")
            expect(page.locator("tr[data-row]:not(.is-new)")).to_have_count(len(rows))
        else:
            fill_cells(page, table, rows)
        expect(page.locator("[data-save-state]")).to_contain_text("已保存")
        road.shoot(page, f"table-{section}")


def as_shown(item, value: Any) -> str:
    """A stored value as it stands in a spreadsheet, amounts in 万元 where the column has them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if item.type == "choice":
        return item.choice_label(value).zh
    return show_wan(Decimal(value)) if item.type == "money_wan" else str(value)


def fill_cells(page: Page, table, rows: list[dict[str, Any]]) -> None:
    columns = {column.code: column for column in table.columns}
    for number, row in enumerate(rows):
        for code, value in row.items():
            cell = page.locator(f"tr[data-row] [name$='.{code}']").nth(number)
            if cell.evaluate("el => el.tagName") == "SELECT":
                cell.select_option({True: "true", False: "false"}.get(value, value))
            elif columns[code].type == "money_wan":
                cell.fill(show_wan(Decimal(value)))
            else:
                cell.fill(str(value))
            cell.press("Tab")


def upload_attachments(road: Road) -> None:
    page = edit(road, "attachments")
    for code in road.trip.sample.needed_slots:
        label = str(road.trip.schema.slot(code).label)
        slot = page.locator(f"#slot-{code}")
        slot.locator("input[type=file]").set_input_files(road.paper(label.replace("/", "、")))
        expect(slot.locator("[data-slot-files]")).to_contain_text(".pdf")
    road.shoot(page, "attachments")


def hand_over(road: Road) -> None:
    page = road.enter(road.trip.filler, f"/applications/{road.found['application']}/check/")
    road.said(page, "内容完整，可以提交。")
    road.shoot(page, "check")
    road.press(page, "交单位管理员提交")
    road.said(page, "已交")


def submit(road: Road) -> None:
    page = road.enter(road.trip.admin, f"/applications/{road.found['application']}/check/")
    page.locator("[name=pledge]").check()
    road.press(page, "提交申报")
    page.wait_for_url("**/receipt/")
    number = page.locator(".receipt-number").inner_text().strip()
    assert re.fullmatch(rf"{road.trip.line}-{road.year()}-\d{{4}}", number), number
    road.found["number"] = number
    road.said(page, "栖霞区")
    road.shoot(page, "receipt")
    # Pressed twice, it is one case.
    assert (
        road.stack.one("SELECT count(*) FROM applications_application WHERE number = %s", number)
        == 1
    )
    page.reload()
    with page.expect_download() as download:
        page.locator("a[href*='/papers/'][href*='receipt']").first.click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")


# --- the reviewers -------------------------------------------------------------------------


def desk(road: Road, local: str, *, inbox: bool = True) -> Page:
    """The officer's desk of the case, reached from the officer's inbox."""
    page = road.enter(demo(local), "/reviews/" if inbox else "/reviews/all/")
    page.locator("main tr", has_text=road.found["number"]).get_by_role("link").first.click()
    page.wait_for_url("**/reviews/cases/**")
    return page


def act(page: Page, name: str) -> None:
    """Open an act of the desk's foot."""
    named = page.locator(".desk-actions").get_by_role("link", name=re.compile(f"^{name}"))
    named.click()


def recommend(road: Road) -> None:
    page = desk(road, "qixia.clerk")
    road.shoot(page, "desk-district")
    act(page, "推荐")
    road.press(page, "推荐至牵头单位", exact=False)
    expect(page.locator("[data-error-summary]")).to_be_focused()
    road.fill(
        page,
        opinion="情况属实，同意推荐。",
        visited_on=road.today(),
        visitors="江栖宁、霞承平",
        record="场地、设备、人员与申报内容一致。",
    )
    road.shoot(page, "recommend")
    road.press(page, "推荐至牵头单位", exact=False)
    page = road.enter(road.trip.filler, f"/applications/{road.found['application']}/")
    road.said(page, "形式审查")
    road.said(page, "市科技局")
    road.shoot(page, "case-formal-check")


def accept(road: Road) -> None:
    page = desk(road, "lead.clerk")
    road.press(page, "其余未核项记为符合", exact=False)
    road.shoot(page, "desk-all-checked")
    act(page, "受理")
    road.press(page, "受理", exact=False)
    page = road.enter(road.trip.filler, f"/applications/{road.found['application']}/")
    road.said(page, "会商")
    road.shoot(page, "case-accepted")


def give_opinions(road: Road) -> None:
    """The co-units that have somebody answer; once the limit is over, silence is consent."""
    for local in road.trip.co_units:
        page = desk(road, local)
        act(page, "反馈意见")
        page.locator("[name=outcome][value=no_objection]").check()
        if local == road.trip.co_units[0]:
            road.shoot(page, "opinion")
        road.press(page, "提交意见", exact=False)


def conclude_opinions(road: Road) -> None:
    page = desk(road, "lead.clerk")
    act(page, "会商办结")
    road.shoot(page, "opinions")
    road.press(page, "办结会商", exact=False)


def wait_for_silence(road: Road) -> None:
    """On to the day after the joint review's limit."""
    due = road.stack.one(
        "SELECT due_on FROM applications_application WHERE number = %s", road.found["number"]
    )
    road.until((due + timedelta(days=1)).isoformat())


def draw_experts(road: Road) -> None:
    page = road.enter(demo("lead.clerk"), "/reviews/panels/")
    page.get_by_role("link", name=road.trip.call_title).first.click()
    page.locator("[name=cases]").first.check()
    road.fill(page, title=f"{road.trip.line} 专家组")
    road.press(page, "抽取")
    road.said(page, "待负责人审定")
    road.found["panel"] = page.url
    road.shoot(page, "panel-drawn")


def approve_experts(road: Road) -> None:
    page = road.enter(demo("lead.head"), road.found["panel"])
    road.press(page, "审定专家组")
    road.said(page, "评分进度")


def score(road: Road) -> None:
    """Every expert who is seated scores."""
    scored = 0
    seated = road.stack.rows(
        "SELECT u.email FROM reviews_seat s JOIN reviews_panel p ON p.id = s.panel_id"
        " JOIN reviews_expert e ON e.id = s.expert_id JOIN accounts_user u ON u.id = e.user_id"
        " WHERE p.uid = %s AND s.state = 'seated' ORDER BY s.order",
        road.found["panel"].rstrip("/").rsplit("/", 1)[1],
    )
    for (email,) in seated:
        page = road.enter(email, "/reviews/expert/")
        page.locator("main tr", has_text=road.found["number"]).get_by_role("link").first.click()
        assert road.trip.organisation not in page.locator("main").inner_text(), (
            "the sheet names the applicant"
        )
        for position, criterion in enumerate(road.trip.schema.rubric.criteria):
            points = round(criterion.weight * (0.8 + 0.02 * scored) * 2) / 2
            page.locator(f"[name='score.{criterion.code}']").fill(str(points))
            if position == 0:
                page.locator(f"[name='comment.{criterion.code}']").fill("依据充分。")
        page.locator("[name=opinion]").fill("总体较好，建议支持。")
        if not scored:
            road.shoot(page, "sheet")
        road.press(page, "提交评分表")
        road.said(page, "已提交")
        scored += 1
    assert scored >= 3
    road.found["scored"] = str(scored)


def freeze(road: Road) -> None:
    page = road.enter(demo("lead.clerk"), road.found["panel"])
    road.press(page, "封存评分")
    road.said(page, "均值")
    road.shoot(page, "panel-frozen")
    road.press(page, "办结专家评审")


def verify_input(road: Road) -> None:
    page = desk(road, "lead.clerk")
    act(page, "核定投入")
    page.wait_for_url("**/verification/")
    amounts = page.locator("input[name^='amount.']")
    # One invoice is recognised in part.
    amounts.nth(0).fill(f"{road.trip.first_cny}")
    page.locator("input[name^='reason.']").nth(0).fill("合同约定由供应商承担运费")
    road.fill(page, note="核减 1 笔。")
    road.shoot(page, "verification")
    road.press(page, "提交审签")
    page = road.enter(demo("lead.head"), "/reviews/release/")
    page.locator("main tr", has_text=road.found["number"]).get_by_role("link").first.click()
    road.said(page, road.trip.verified_wan)
    road.shoot(page, "verification-release")
    page.locator("form[action$='/release/'] button").click()
    page.wait_for_url("**/reviews/release/")


def select(road: Road) -> None:
    page = road.enter(demo("lead.clerk"), "/reviews/selections/")
    page.get_by_role("link", name=road.trip.call_title).first.click()
    page.locator("select[name^='outcome.']").select_option("support")
    page.locator("input[name^='amount.']").fill(f"{Decimal(road.trip.granted_cny):,.2f}")
    road.fill(page, title="2026年第1次局长办公会", met_on=road.today(), minutes="同意拟支持。")
    expect(page.locator("#selection-sum")).to_contain_text(f"{Decimal(road.trip.granted_cny):,.2f}")
    road.shoot(page, "selection")
    road.press(page, "提交负责人确认")
    road.found["selection"] = page.url


def confirm_selection(road: Road) -> None:
    """A second person sees what it takes of each account, and reserves amount and place."""
    page = road.enter(demo("lead.head"), road.found["selection"])
    page.get_by_text("确认遴选结果").last.click()
    page.wait_for_url("**/awards/selections/**")
    road.said(page, "可以容纳")
    road.shoot(page, "selection-what-if")
    road.type_to_confirm(page, "确认遴选")
    road.said(page, "遴选已确认")
    road.shoot(page, "selection-confirmed")
    assert road.ledger() == (road.trip.granted_cny, "0.00", "0.00", 1)


def publish_notice(road: Road) -> None:
    page = road.enter(demo("lead.clerk"), road.found["selection"])
    page.get_by_role("link", name="发布公示").click()
    road.fill(
        page,
        title=f"{road.trip.call_title}拟支持名单公示",
        text="现将拟支持名单予以公示。",
        contact="市科技局成果转化处 025-68786000",
    )
    road.press(page, "发布公示")
    page.wait_for_url("**/notices/**")
    road.found["notice"] = page.url


def close_notice(road: Road) -> None:
    """The notice runs five working days, seen by everybody; the clock is moved past them."""
    page = road.enter(demo("lead.clerk"), road.found["notice"])
    first, last = re.search(
        r"公示期 (\d{4}-\d{2}-\d{2}) 至 (\d{4}-\d{2}-\d{2})", page.locator("main").inner_text()
    ).groups()
    road.until(first)
    page = road.enter(demo("lead.clerk"), road.found["notice"])
    public = page.get_by_role("link", name="公开页面").get_attribute("href")
    visitor = road.page_of("visitor")
    road.goto(visitor, public)
    road.said(visitor, road.trip.organisation)
    assert BANK_ACCOUNT not in visitor.content()
    road.shoot(visitor, "public-notice")
    page = road.enter(demo("lead.clerk"), road.found["notice"])
    assert page.get_by_role("button", name="办结公示").is_disabled()
    road.until(last)
    page = road.enter(demo("lead.clerk"), road.found["notice"])
    assert page.get_by_role("button", name="办结公示").is_disabled(), "the last day is not over"
    road.until((date.fromisoformat(last) + timedelta(days=1)).isoformat())
    page = road.enter(demo("lead.clerk"), road.found["notice"])
    road.press(page, "办结公示")
    road.said(page, "已办结")
    road.shoot(page, "notice-closed")


# --- the award ---------------------------------------------------------------------------------


def decide(road: Road) -> None:
    page = road.enter(demo("lead.clerk"), f"/awards/calls/{road.found['call']}/")
    page.get_by_role("link", name="起草决定").click()
    road.fill(
        page,
        number=road.trip.decision,
        title=f"关于{road.trip.call_title}的决定",
        text="经公示无异议，决定予以支持。",
    )
    road.shoot(page, "decision-draft")
    road.press(page, "提交签发")
    road.found["decision"] = page.url
    assert road.ledger() == (road.trip.granted_cny, "0.00", "0.00", 1)
    page = road.enter(demo("lead.head"), road.found["decision"])
    road.type_to_confirm(page, "签发决定")
    road.said(page, "签发")
    road.shoot(page, "decision-released")
    assert road.ledger() == (road.trip.granted_cny, road.trip.granted_cny, "0.00", 1)


def confirm_finance(road: Road) -> None:
    page = road.enter(demo("finance.clerk"), "/awards/finance/")
    page.get_by_role("link", name=road.trip.decision).click()
    road.fill(page, funding_source="2026年度市级科技专项资金")
    road.press(page, "确认资金来源")
    road.said(page, "2026年度市级科技专项资金")
    road.shoot(page, "finance-confirmed")


def pay(road: Road) -> None:
    page = road.enter(demo("finance.clerk"), "/awards/finance/")
    page.get_by_role("link", name=road.trip.call_title).first.click()
    road.said(page, BANK_ACCOUNT)
    road.shoot(page, "payment-draft")
    road.press(page, "提交签发")
    road.found["payment"] = page.url
    page = road.enter(demo("finance.head"), road.found["payment"])
    road.type_to_confirm(page, "签发拨付")
    road.shoot(page, "payment-released")
    assert road.ledger() == (road.trip.granted_cny, road.trip.granted_cny, road.trip.granted_cny, 1)


def arrive(road: Road) -> None:
    page = road.enter(demo("finance.clerk"), road.found["payment"])
    page.get_by_role("link", name="到账").click()
    road.press(page, "登记到账")
    road.said(page, "已到账")
    page = road.enter(road.trip.filler, f"/applications/{road.found['application']}/")
    road.said(page, "已拨付")
    road.said(page, show_wan(Decimal(road.trip.granted_cny)))
    road.shoot(page, "case-paid")


def find_nothing_wrong(road: Road) -> None:
    """``manage.py verify`` names the clock that was moved, and nothing else."""
    result = road.stack.manage("verify")
    faults = [line for line in result.stdout.splitlines() if line.startswith("FAULT")]
    assert [line.split(":")[0] for line in faults] == ["FAULT clock"], result.stdout
    result = road.stack.manage("clock", "--reset")
    assert result.returncode == 0, result.stdout + result.stderr
    result = road.stack.manage("verify")
    assert result.returncode == 0, result.stdout + result.stderr


def compare_payment(road: Road) -> None:
    """What was paid, to the 分: the payment, the award and every account that it touches."""
    granted = Decimal(road.trip.granted_cny)
    assert road.ledger() == (road.trip.granted_cny,) * 3 + (1,)
    (row,) = road.stack.rows(
        "SELECT w.recommended_cny, w.approved_cny, w.paid_cny, p.amount_cny, p.payee_account"
        " FROM awards_award w JOIN applications_application a ON a.id = w.application_id"
        " JOIN awards_payment p ON p.award_id = w.id WHERE a.number = %s",
        road.found["number"],
    )
    assert row == (granted, granted, granted, granted, BANK_ACCOUNT)
    accounts = road.stack.rows(
        "SELECT c.rule, c.paid_cny FROM awards_capaccount c"
        " JOIN awards_posting o ON o.account_id = c.id JOIN awards_entry e ON e.id = o.entry_id"
        " JOIN awards_award w ON w.id = e.award_id"
        " JOIN applications_application a ON a.id = w.application_id"
        " WHERE a.number = %s AND e.kind = 'pay' ORDER BY 1",
        road.found["number"],
    )
    assert accounts, "the payment touched no account"
    assert {paid for _rule, paid in accounts} == {granted}


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
