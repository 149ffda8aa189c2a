"""The whole road of 10-1 in a browser: from an organisation that registers to the 额度台账.

One portal as `manage.py up` runs it, a browser context for each person, a picture for each step
(tests/e2e/shots/road-*.png; applicants at 375 px too). At the end the workbook is opened and
compared with the ledger, and `manage.py verify` finds no fault but the clock that was moved.
"""

from decimal import Decimal

from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.applications.lines import Sample
from tests.applications.test_real_definition import ANSWERS, GRANT, RESULT
from tests.e2e.steps import administrators, applicants, districts, experts, filling, money, officers
from tests.e2e.steps.road import Road, Trip, demo, walking

YEARS = {"year_1": "1", "year_2": "2", "year_3": "3"}
TRIP = Trip(
    sample=Sample(
        line="10-1",
        organisation_kind="enterprise",
        answers=ANSWERS | {"amount": {"requested_cny": "600000.00"}},
        rows={"fiscal_grants": [GRANT], "results": [RESULT], "goals": [YEARS] * 8},
        slots=("results_proof", "investment_proof", "permits"),
    ),
    organisation="南京栖霞星火概念验证有限公司",
    uscc="91320100MA1W000030",
    mail="xinghuo.example",
    call_title="2026年度概念验证中心申报通知（第二批）",
    call_title_en="2026 call for concept-verification centres, round 2",
    settings={"setting__rate": "30"},
    wrong_setting=("setting__rate", "三成"),
    co_units=(
        "education.clerk", "industry.clerk", "health.clerk", "financial.clerk", "budget.clerk",
    ),
    decision="宁科〔2026〕88号",
    net_cny=Decimal("250000"),
    # 8 × 25.00 万元 less 5.00 万元, of which 30 %
    first_cny=Decimal("200000"),
    verified_wan="195.00",
    granted_cny="585000.00",
    pictures=True,
)  # fmt: skip


def test_the_road_of_10_1_from_registration_to_the_ledger(stack, chromium, tmp_path):
    with walking(TRIP, stack=stack, browser=chromium, folder=tmp_path) as road:
        applicants.register(road)
        districts.verify_organisation(road)
        applicants.invite_filler(road)
        administrators.draft_call(road)
        administrators.publish_call(road)
        applicants.start_draft(road)
        filling.fill_tables(road)
        filling.paste_invoices(road)
        filling.fill_sections(road)
        filling.upload_attachments(road)
        applicants.hand_over(road)
        applicants.submit(road)
        districts.recommend(road)
        ask_correction(road)
        correct(road)
        officers.accept(road)
        officers.give_opinions(road)
        officers.conclude_opinions(road)
        experts.draw_experts(road)
        experts.approve_experts(road)
        experts.score(road)
        experts.freeze(road)
        officers.verify_input(road)
        officers.select(road)
        money.confirm_selection(road)
        officers.publish_notice(road)
        officers.close_notice(road)
        money.decide(road)
        money.confirm_finance(road)
        money.pay(road)
        money.arrive(road)
        compare_workbook(road)
        money.find_nothing_wrong(road)


def ask_correction(road: Road) -> None:
    page = officers.desk(road, "lead.clerk")
    point = page.locator("[data-point]").first
    point.get_by_role("button", name="符合", exact=True).click()
    expect(page.locator("#settled")).to_contain_text("1/")
    road.shoot(page, "desk-lead")
    officers.act(page, "一次性补正")
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
    page = road.enter(road.trip.filler, f"/applications/{road.found['application']}/")
    road.said(page, "补正")
    road.shoot(page, "case-correction")


def correct(road: Road) -> None:
    """Only what is flagged can be changed; the organisation's admin sends it back."""
    page = filling.edit(road, "team")
    expect(page.locator("[name=technology_managers]")).to_be_disabled()
    page.locator("[name=full_time_staff]").fill("11")
    expect(page.locator("[data-save-state]")).to_contain_text("已保存")
    road.shoot(page, "correction-team")
    page = filling.edit(road, "attachments")
    slot = page.locator("#slot-premises")
    slot.locator("input[type=file]").set_input_files(road.paper("租赁合同（补全）"))
    expect(slot.locator("[data-slot-files]")).to_contain_text("补全")
    page = road.enter(road.trip.admin, f"/applications/{road.found['application']}/check/")
    page.locator("[name=pledge]").check()
    road.press(page, "提交补正")
    page.wait_for_url("**/receipt/")
    road.shoot(page, "corrected")


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
    road.press(page, "导出额度台账", exact=False)
    link = page.get_by_role("link", name="下载 .xlsx")
    expect(link).to_be_visible()
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
    assert ledger[("10-1", road.year())][2:4] == (
        Decimal(road.trip.granted_cny),
        Decimal(road.trip.granted_cny),
    )
    assert shown == ledger
    places = road.stack.rows(
        "SELECT cap_places, committed_places, cap_places - committed_places"
        " FROM awards_capaccount WHERE rule = '10-1/places'"
    )
    mine = [row for row in rows if row["条款"] == road.trip.line]
    assert [tuple(row[name] for name in ("名额", "已用名额", "剩余名额")) for row in mine] == places
    details = {row["申报编号"]: row for row in table_of(book.worksheets[1], first="条款")}
    case = details[road.found["number"]]
    assert [cny_of(case[name]) for name in ("推荐额", "已批", "已拨")] == [
        Decimal(road.trip.granted_cny)
    ] * 3
    assert case["单位"] == road.trip.organisation


def table_of(sheet, *, first: str) -> list[dict]:
    """The rows below the head row, which starts with ``first``, by column."""
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(number for number, row in enumerate(rows) if row[0] == first)
    return [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]


def cny_of(wan) -> Decimal:
    """A cell in 万元 as 元."""
    return (Decimal(str(wan or 0)) * 10_000).quantize(Decimal("0.01"))
