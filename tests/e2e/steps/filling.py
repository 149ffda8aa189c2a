"""The form as the organisation's people fill it in: fields, tables, invoices, attachments."""

from decimal import Decimal
from typing import Any

from playwright.sync_api import Page, expect

from policy.money import show_wan
from tests.applications.lines import APPLICANT_USCC
from tests.e2e.steps.road import Road, Trip

INVOICES = 8


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
    if road.trip.net_cny is None:
        return answers
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


def _own(road: Road, row: dict) -> dict:
    """The row with the trip's own code where the sample names its applicant."""
    return row | {"uscc": road.trip.uscc} if row.get("uscc") == APPLICANT_USCC else row


def fill_tables(road: Road) -> None:
    """Several rows as they come from Excel, one row and fixed rows cell by cell."""
    for section, named in road.trip.sample.rows.items():
        rows = [_own(road, row) for row in named]
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
