"""The whole road of 10-1 in a browser: from an organisation that registers to the 额度台账.

One portal as `manage.py up` runs it, a browser context for each person, a picture for each step
(tests/e2e/shots/road-*.png; applicants at 375 px too). At the end the workbook is opened and
compared with the ledger, and `manage.py verify` finds no fault but the clock that was moved.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from openpyxl import load_workbook
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from policy.entries import Catalogue
from policy.money import show_wan
from portal.clock import ZONE
from portal.documents.rendering import render_pdf
from tests.applications.test_real_definition import ANSWERS as SAMPLE
from tests.applications.test_real_definition import GRANT, RESULT
from tests.e2e import look
from tests.e2e.stack import Stack

SCHEMA = Catalogue().newest("10-1").schema
ANSWERS = SAMPLE | {"amount": {"audited_cny": "2260000.00", "requested_cny": "600000.00"}}
PASSWORD = settings.DEMO_PASSWORD
PHONE_WIDTH, DESK_WIDTH, HEIGHT = 375, 1366, 768
ORGANISATION = "南京栖霞星火概念验证有限公司"
USCC = "91320100MA1W000030"
ADMIN, FILLER = "admin@xinghuo.example", "filler@xinghuo.example"
APPLICANTS = {ADMIN, FILLER}
# A step that waits for a worker's task or a mail.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


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


def test_the_road_of_10_1_from_registration_to_the_ledger(road):
    register(road)
    verify_organisation(road)
    invite_filler(road)
    draft_call(road)
    publish_call(road)
    start_draft(road)
    fill_tables(road)
    paste_invoices(road)
    fill_sections(road)
    upload_attachments(road)
    hand_over(road)
    submit(road)
    recommend(road)
    ask_correction(road)
    correct(road)
    accept(road)
    give_opinions(road)
    draw_experts(road)
    approve_experts(road)
    score(road)
    freeze(road)
    verify_input(road)
    select(road)
    confirm_selection(road)
    publish_notice(road)
    close_notice(road)
    decide(road)
    confirm_finance(road)
    pay(road)
    arrive(road)
    compare_workbook(road)
    find_nothing_wrong(road)
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


# --- the application -----------------------------------------------------------------------


def start_draft(road: Road) -> None:
    page = road.enter(FILLER, f"/calls/{road.found['call']}/")
    page.get_by_role("link", name="开始申报").click()
    road.press(page, "新建申报")
    page.wait_for_url(re.compile(r"/applications/\w+/edit/$"))
    road.found["application"] = page.url.split("/")[-3]
    road.shoot(page, "workspace")


def edit(road: Road, section: str, *, email: str = FILLER) -> Page:
    return road.enter(email, f"/applications/{road.found['application']}/edit/{section}/")


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


def fill_sections(road: Road) -> None:
    """Section by section; each is saved while it is typed, and 保存并继续 leads on."""
    for section in SCHEMA.form.sections:
        if section.code not in ANSWERS:
            continue
        page = edit(road, section.code)
        for code, value in ANSWERS[section.code].items():
            answer(page, SCHEMA.form.fields[code], value)
        expect(page.locator("[data-save-state]")).to_contain_text("已保存")
        if section.code in {"project", "funding", "team", "amount"}:
            road.shoot(page, f"section-{section.code}")
        road.press(page, "保存并继续")
        page.wait_for_url(lambda url, code=section.code: f"/edit/{code}/" not in url)


def invoice_row(number: int) -> list[str]:
    """¥282,500.00 with tax: eight of them are the ¥2,260,000.00 of the audit."""
    return [
        "设备购置", f"验证设备{number:02}", "A-100", "1", "江东精密仪器有限公司", "", f"HT-{number:03}",
        f"{24320000000000000000 + number}", "2025-03-14", "250,000.00", "32,500.00",
        "282,500.00", "2025-03-20", f"PZ-{number:03}", "否", "0",
    ]  # fmt: skip


INVOICES = 8
# 30 % of the ¥1,950,000.00 that is recognised.
GRANTED = "585000.00"


def paste_invoices(road: Road) -> None:
    page = edit(road, "investment")
    rows = [invoice_row(number) for number in range(1, INVOICES + 1)]
    # The last one is wrong at first: its total, and the number of the first.
    rows[-1][11], rows[-1][7] = "282,500.01", rows[0][7]
    page.get_by_role("button", name="从 Excel 粘贴").click()
    page.locator("#paste-text").fill("\n".join("\t".join(row) for row in rows))
    road.press(page, "添加到表中")
    road.said(page, "重复")
    road.shoot(page, "invoices-wrong")
    wrong = page.locator(f"tr[data-row]:has(input[value='验证设备{INVOICES:02}'])")
    wrong.locator("input[name$='.invoice_no']").fill(invoice_row(INVOICES)[7])
    wrong.locator("input[name$='.gross_cny']").fill("282500")
    wrong.locator("input[name$='.gross_cny']").press("Tab")
    expect(page.locator("[data-grid-total]")).to_contain_text("2,260,000.00")
    expect(page.locator("[data-save-state]")).to_contain_text("已保存")
    page = edit(road, "investment")
    expect(page.locator(".cell-problem")).to_have_count(0)
    road.shoot(page, "invoices")


def fill_tables(road: Road) -> None:
    for section, rows in {
        "fiscal_grants": [GRANT],
        "results": [RESULT],
        "goals": [{"year_1": "1", "year_2": "2", "year_3": "3"}] * 8,
    }.items():
        page = edit(road, section)
        table = SCHEMA.form.tables[section]
        for number, row in enumerate(rows):
            for code, value in row.items():
                cell = page.locator(f"tr[data-row] [name$='.{code}']").nth(number)
                column = next(column for column in table.columns if column.code == code)
                if cell.evaluate("el => el.tagName") == "SELECT":
                    cell.select_option(value)
                elif column.type == "money_wan":
                    cell.fill(show_wan(Decimal(value)))
                else:
                    cell.fill(str(value))
                cell.press("Tab")
        expect(page.locator("[data-save-state]")).to_contain_text("已保存")
        road.shoot(page, f"table-{section}")


def upload_attachments(road: Road) -> None:
    page = edit(road, "attachments")
    wanted = {slot.code: str(slot.label) for slot in SCHEMA.attachments if slot.required}
    for code in ("results_proof", "investment_proof", "permits"):
        wanted[code] = str(SCHEMA.slot(code).label)
    for code, label in wanted.items():
        slot = page.locator(f"#slot-{code}")
        slot.locator("input[type=file]").set_input_files(road.paper(label.replace("/", "、")))
        expect(slot.locator("[data-slot-files]")).to_contain_text(".pdf")
    road.shoot(page, "attachments")


def hand_over(road: Road) -> None:
    page = road.enter(FILLER, f"/applications/{road.found['application']}/check/")
    road.said(page, "内容完整，可以提交。")
    road.shoot(page, "check")
    road.press(page, "交单位管理员提交")
    road.said(page, "已交")


def submit(road: Road) -> None:
    page = road.enter(ADMIN, f"/applications/{road.found['application']}/check/")
    page.locator("[name=pledge]").check()
    road.press(page, "提交申报")
    page.wait_for_url("**/receipt/")
    number = page.locator(".receipt-number").inner_text().strip()
    assert re.fullmatch(rf"10-1-{road.year()}-\d{{4}}", number), number
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
    page = road.enter(FILLER, f"/applications/{road.found['application']}/")
    road.said(page, "形式审查")
    road.said(page, "市科技局")
    road.shoot(page, "case-formal-check")


def ask_correction(road: Road) -> None:
    page = desk(road, "lead.clerk")
    point = page.locator("[data-point]").first
    point.get_by_role("button", name="符合", exact=True).click()
    expect(page.locator("#settled")).to_contain_text("1/")
    road.shoot(page, "desk-lead")
    act(page, "一次性补正")
    page.wait_for_url("**/correction/")
    flag = page.locator("input[name=flag][value$='full_time_staff']")
    flag.check()
    page.locator("input[name^='reason.'][name$='full_time_staff']").fill(
        "社保证明为 11 人，请核实。"
    )
    page.locator("input[name=flag][value$='premises']").first.check()
    page.locator("input[name^='reason.'][name$='premises']").first.fill(
        "租赁合同缺第 3 页，请补全。"
    )
    road.press(page, "预览通知书")
    road.said(page, "社保证明为 11 人")
    road.shoot(page, "correction-preview")
    road.press(page, "发出补正通知书")
    page = road.enter(FILLER, f"/applications/{road.found['application']}/")
    road.said(page, "补正")
    road.shoot(page, "case-correction")


def correct(road: Road) -> None:
    """Only what is flagged can be changed; the organisation's admin sends it back."""
    page = edit(road, "team")
    assert page.locator("[name=technology_managers]").is_disabled()
    page.locator("[name=full_time_staff]").fill("11")
    expect(page.locator("[data-save-state]")).to_contain_text("已保存")
    road.shoot(page, "correction-team")
    page = edit(road, "attachments")
    slot = page.locator("#slot-premises")
    slot.locator("input[type=file]").set_input_files(road.paper("租赁合同（补全）"))
    expect(slot.locator("[data-slot-files]")).to_contain_text("补全")
    page = road.enter(ADMIN, f"/applications/{road.found['application']}/check/")
    page.locator("[name=pledge]").check()
    road.press(page, "提交补正")
    page.wait_for_url("**/receipt/")
    road.shoot(page, "corrected")


def accept(road: Road) -> None:
    page = desk(road, "lead.clerk")
    road.said(page, "11")
    road.press(page, "其余未核项记为符合", exact=False)
    road.shoot(page, "desk-all-checked")
    act(page, "受理")
    road.press(page, "受理", exact=False)
    page = road.enter(FILLER, f"/applications/{road.found['application']}/")
    road.said(page, "会商")
    road.shoot(page, "case-accepted")


CO_UNITS = ("education.clerk", "industry.clerk", "health.clerk", "financial.clerk", "budget.clerk")


def give_opinions(road: Road) -> None:
    for local in CO_UNITS:
        page = desk(road, local)
        act(page, "反馈意见")
        page.locator("[name=outcome][value=no_objection]").check()
        if local == CO_UNITS[0]:
            road.shoot(page, "opinion")
        road.press(page, "提交意见", exact=False)
    page = desk(road, "lead.clerk")
    act(page, "会商办结")
    road.shoot(page, "opinions")
    road.press(page, "办结会商", exact=False)


def draw_experts(road: Road) -> None:
    page = road.enter(demo("lead.clerk"), "/reviews/panels/")
    page.get_by_role("link", name="第二批").first.click()
    page.locator("[name=cases]").first.check()
    road.fill(page, title="生物医药与人工智能组")
    road.press(page, "抽取")
    road.said(page, "待负责人审定")
    road.found["panel"] = page.url
    road.shoot(page, "panel-drawn")


def approve_experts(road: Road) -> None:
    page = road.enter(demo("lead.head"), road.found["panel"])
    road.press(page, "审定专家组")
    road.said(page, "评分进度")


def score(road: Road) -> None:
    """Every expert who is seated scores; the others see nothing."""
    scored = 0
    for number in range(1, 8):
        page = road.enter(demo(f"expert{number}"), "/reviews/expert/")
        task = page.locator("main table a").first
        if not task.count():
            continue
        task.click()
        assert ORGANISATION not in page.locator("main").inner_text(), (
            "the sheet names the applicant"
        )
        for position, criterion in enumerate(SCHEMA.rubric.criteria):
            points = round(criterion.weight * (0.8 + 0.02 * scored) * 2) / 2
            page.locator(f"[name='score.{criterion.code}']").fill(str(points))
            if position == 0:
                page.locator(f"[name='comment.{criterion.code}']").fill("定位清楚。")
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
    # One invoice is recognised in part: 8 × 25.00 万元 less 5.00 万元 are 195.00 万元.
    amounts.nth(0).fill("200000")
    page.locator("input[name^='reason.']").nth(0).fill("合同约定由供应商承担运费")
    road.fill(page, note="核减 1 笔。")
    road.shoot(page, "verification")
    road.press(page, "提交审签")
    page = road.enter(demo("lead.head"), "/reviews/release/")
    page.locator("main table a, main .task").first.click()
    road.said(page, "195.00")
    road.shoot(page, "verification-release")
    page.locator("form[action$='/release/'] button").click()
    page.wait_for_url("**/reviews/release/")


def select(road: Road) -> None:
    page = road.enter(demo("lead.clerk"), "/reviews/selections/")
    page.get_by_role("link", name="第二批").first.click()
    page.locator("select[name^='outcome.']").select_option("support")
    page.locator("input[name^='amount.']").fill("585,000.00")
    road.fill(page, title="2026年第1次局长办公会", met_on=road.today(), minutes="同意拟支持。")
    expect(page.locator("#selection-sum")).to_contain_text("585,000.00")
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
    assert road.ledger() == (GRANTED, "0.00", "0.00", 1)


def publish_notice(road: Road) -> None:
    page = road.enter(demo("lead.clerk"), road.found["selection"])
    page.get_by_role("link", name="发布公示").click()
    road.fill(
        page,
        title="2026年度概念验证中心拟支持名单公示",
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
    road.said(visitor, ORGANISATION)
    assert "6228480000123450001" not in visitor.content()
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

DECISION = "宁科〔2026〕88号"


def decide(road: Road) -> None:
    page = road.enter(demo("lead.clerk"), f"/awards/calls/{road.found['call']}/")
    page.get_by_role("link", name="起草决定").click()
    road.fill(
        page,
        number=DECISION,
        title="关于认定2026年度概念验证中心（第二批）的决定",
        text="经公示无异议，决定予以认定。",
    )
    road.shoot(page, "decision-draft")
    road.press(page, "提交签发")
    road.found["decision"] = page.url
    assert road.ledger() == (GRANTED, "0.00", "0.00", 1)
    page = road.enter(demo("lead.head"), road.found["decision"])
    road.type_to_confirm(page, "签发决定")
    road.said(page, "签发")
    road.shoot(page, "decision-released")
    assert road.ledger() == (GRANTED, GRANTED, "0.00", 1)


def confirm_finance(road: Road) -> None:
    page = road.enter(demo("finance.clerk"), "/awards/finance/")
    page.get_by_role("link", name=DECISION).click()
    road.fill(page, funding_source="2026年度市级科技专项资金")
    road.press(page, "确认资金来源")
    road.said(page, "2026年度市级科技专项资金")
    road.shoot(page, "finance-confirmed")


def pay(road: Road) -> None:
    page = road.enter(demo("finance.clerk"), "/awards/finance/")
    page.get_by_role("link", name="第二批").first.click()
    road.said(page, "6228480000123450001")
    road.shoot(page, "payment-draft")
    road.press(page, "提交签发")
    road.found["payment"] = page.url
    page = road.enter(demo("finance.head"), road.found["payment"])
    road.type_to_confirm(page, "签发拨付")
    road.shoot(page, "payment-released")
    assert road.ledger() == (GRANTED, GRANTED, GRANTED, 1)


def arrive(road: Road) -> None:
    page = road.enter(demo("finance.clerk"), road.found["payment"])
    page.get_by_role("link", name="到账").click()
    road.press(page, "登记到账")
    road.said(page, "已到账")
    page = road.enter(FILLER, f"/applications/{road.found['application']}/")
    road.said(page, "已拨付")
    road.said(page, "58.50")
    road.shoot(page, "case-paid")


# A call's account is opened when something is first reserved of it.
LEDGER = """
    SELECT m.line, c.year, sum(c.budget_cny), coalesce(sum(a.committed_cny), 0),
           coalesce(sum(a.approved_cny), 0), coalesce(sum(a.paid_cny), 0)
      FROM policy_call c JOIN policy_measure m ON m.id = c.measure_id
      LEFT JOIN awards_capaccount a ON a.call_id = c.id AND a.rule = 'call_budget'
     WHERE c.status <> 'draft' GROUP BY m.line, c.year
"""


def compare_workbook(road: Road) -> None:
    """额度台账 .xlsx, opened, says what the ledger holds, to the 分."""
    page = road.enter(demo("finance.clerk"), "/awards/")
    road.shoot(page, "caps")
    page.get_by_role("button", name="导出额度台账").click()
    link = page.get_by_role("link", name="下载 .xlsx")
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    road.shoot(page, "export")
    with page.expect_download() as download:
        link.click()
    path = road.folder / "ledger.xlsx"
    download.value.save_as(path)
    book = load_workbook(path)
    rows = [row for row in table_of(book.worksheets[0], first="条款") if row["年度"]]
    shown = {
        (row["条款"], row["年度"]): tuple(
            cny_of(row[name]) for name in ("预算", "拟支持", "已批", "已拨", "剩余额度")
        )
        for row in rows
    }
    ledger = {
        (line, year): (budget, committed - approved, approved, paid, budget - committed)
        for line, year, budget, committed, approved, paid in road.stack.rows(LEDGER)
    }
    assert ledger[("10-1", road.year())][2:4] == (Decimal(GRANTED), Decimal(GRANTED))
    assert shown == ledger
    places = road.stack.rows(
        "SELECT cap_places, committed_places, cap_places - committed_places"
        " FROM awards_capaccount WHERE rule = '10-1/places'"
    )
    assert [tuple(row[name] for name in ("名额", "已用名额", "剩余名额")) for row in rows] == places
    details = {row["申报编号"]: row for row in table_of(book.worksheets[1], first="条款")}
    mine = details[road.found["number"]]
    assert [cny_of(mine[name]) for name in ("推荐额", "已批", "已拨")] == [Decimal(GRANTED)] * 3
    assert mine["单位"] == ORGANISATION


def table_of(sheet, *, first: str) -> list[dict]:
    """The rows below the head row, which starts with ``first``, by column."""
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(number for number, row in enumerate(rows) if row[0] == first)
    return [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]


def cny_of(wan) -> Decimal:
    """A cell in 万元 as 元."""
    return (Decimal(str(wan or 0)) * 10_000).quantize(Decimal("0.01"))


def find_nothing_wrong(road: Road) -> None:
    """``manage.py verify`` names the clock that was moved, and nothing else."""
    result = road.stack.manage("verify")
    faults = [line for line in result.stdout.splitlines() if line.startswith("FAULT")]
    assert [line.split(":")[0] for line in faults] == ["FAULT clock"], result.stdout
    result = road.stack.manage("clock", "--reset")
    assert result.returncode == 0, result.stdout + result.stderr
    result = road.stack.manage("verify")
    assert result.returncode == 0, result.stdout + result.stderr
