"""The tables that leave as .xlsx: their columns and rows, and how a sheet of ours looks.

They are official tables: in Chinese, whatever language their reader has chosen.

Text is always written as a string, so that nothing typed becomes a formula; amounts are numbers
in the unit that the sheet names. A4 landscape, merged title, repeated head, page x of y.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.db.models import Sum

from awards.models import Award, Entry, Payment, PaymentBatch
from awards.overview import LineRow, lines, years
from awards.payments import city_share, percents
from policy import rules
from policy.models import Call
from policy.money import uppercase_cny, wan
from portal import clock

ZERO = Decimal("0.00")
# Who is paid: an award, and which share of it (None: all of it).
Paid = tuple[int, int | None]


@dataclass(frozen=True)
class Column:
    """A column: its head, its width in characters, how its cells are written.

    ``kind``: text, number (whole), wan (元 in, 万元 out) or yuan. ``total``: summed at the foot.
    """

    head: str
    width: int
    kind: str = "text"
    total: bool = False


@dataclass
class Sheet:
    """One sheet: title, the line below it (left and right), columns, rows, lines at the foot."""

    name: str
    title: str
    note: str
    unit: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    count: int
    foot: Sequence[str] = ()
    sums: dict[int, Decimal] = field(default_factory=dict)


def write(path: str, sheets: Sequence[Sheet], *, progress: Callable[[int], None]) -> None:
    """Write the sheets row by row. ``progress`` is told the number of rows done, and may raise."""
    done = 0
    with xlsxwriter.Workbook(
        path,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    ) as book:
        book.set_properties({"title": sheets[0].title})
        formats = _formats(book)
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            _lay_out(page, sheet)
            _write_head(page, sheet, formats)
            at = 3
            for row in sheet.rows:
                _write_row(page, at, sheet, row, formats)
                at += 1
                done += 1
                progress(done)
            _filter(page, at, sheet)
            _write_foot(page, at, sheet, formats)


def _formats(book) -> dict[str, Any]:
    base = {"font_name": "Noto Sans CJK SC", "font_size": 10, "valign": "vcenter"}
    cell = base | {"border": 1}
    return {
        "title": book.add_format(base | {"bold": True, "font_size": 16, "align": "center"}),
        "note": book.add_format(base),
        "unit": book.add_format(base | {"align": "right"}),
        "head": book.add_format(
            cell | {"bold": True, "align": "center", "text_wrap": True, "bg_color": "#E8F0FB"}
        ),
        "text": book.add_format(cell | {"text_wrap": True}),
        "number": book.add_format(cell | {"num_format": "0", "align": "right"}),
        "wan": book.add_format(cell | {"num_format": "#,##0.00####", "align": "right"}),
        "yuan": book.add_format(cell | {"num_format": "#,##0.00", "align": "right"}),
        "total": book.add_format(cell | {"bold": True}),
        "wan_total": book.add_format(
            cell | {"bold": True, "num_format": "#,##0.00####", "align": "right"}
        ),
        "yuan_total": book.add_format(
            cell | {"bold": True, "num_format": "#,##0.00", "align": "right"}
        ),
    }


def _lay_out(page, sheet: Sheet) -> None:
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    page.set_footer("&C" + "第 &P 页，共 &N 页")
    page.repeat_rows(0, 2)
    page.freeze_panes(3, 0)
    for number, column in enumerate(sheet.columns):
        page.set_column(number, number, column.width)


def _write_head(page, sheet: Sheet, formats) -> None:
    last = len(sheet.columns) - 1
    page.set_row(0, 30)
    page.merge_range(0, 0, 0, last, "", formats["title"])
    page.write_string(0, 0, sheet.title, formats["title"])
    middle = last // 2
    page.merge_range(1, 0, 1, middle, "", formats["note"])
    page.write_string(1, 0, sheet.note, formats["note"])
    page.merge_range(1, middle + 1, 1, last, "", formats["unit"])
    page.write_string(1, middle + 1, sheet.unit, formats["unit"])
    for number, column in enumerate(sheet.columns):
        page.write_string(2, number, column.head, formats["head"])


def _write_row(page, at: int, sheet: Sheet, row: Sequence[Any], formats) -> None:
    for number, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
        style = formats[column.kind]
        if value is None:
            page.write_blank(at, number, None, style)
        elif column.kind == "text":
            page.write_string(at, number, str(value), style)
        else:
            if column.total:
                sheet.sums[number] = sheet.sums.get(number, ZERO) + value
            page.write_number(at, number, wan(value) if column.kind == "wan" else value, style)


def _write_foot(page, at: int, sheet: Sheet, formats) -> None:
    if any(column.total for column in sheet.columns):
        for number, column in enumerate(sheet.columns):
            value = sheet.sums.get(number)
            if number == 0:
                page.write_string(at, number, "合计", formats["total"])
            elif column.total:
                amount = value or ZERO
                page.write_number(
                    at,
                    number,
                    wan(amount) if column.kind == "wan" else amount,
                    formats[f"{column.kind}_total"],
                )
            else:
                page.write_blank(at, number, None, formats["total"])
        at += 1
    for line in sheet.foot:
        page.write_string(at, 0, line, formats["note"])
        at += 1
    page.print_area(0, 0, max(at - 1, 2), len(sheet.columns) - 1)


def _filter(page, at: int, sheet: Sheet) -> None:
    """Heads that sort and narrow the rows; the total stays outside."""
    if at > 3:
        page.autofilter(2, 0, at - 1, len(sheet.columns) - 1)


# --- 额度台账 ------------------------------------------------------------------------


def ledger_sheets(*, year: int | None, measures: list[int] | None) -> list[Sheet]:
    """条款 × 年: budget, approved, paid, left and places; and every award behind them."""
    found = [
        (row_year, line)
        for row_year in ([year] if year is not None else sorted(years(measures)))
        for line in lines(year=row_year, measures=measures)
    ]
    awards = _awards(year, measures)
    what = f"{year}年度" if year is not None else "历年"
    note = _as_of()
    summary = Sheet(
        name="额度台账",
        title=what + "额度台账",
        note=note,
        unit="单位：万元",
        columns=[
            Column("条款", 8),
            Column("支持措施", 26),
            Column("年度", 7, "number"),
            Column("牵头单位", 14),
            Column("预算", 14, "wan", total=True),
            Column("拟支持", 14, "wan", total=True),
            Column("已批", 14, "wan", total=True),
            Column("已拨", 14, "wan", total=True),
            Column("剩余额度", 14, "wan", total=True),
            Column("名额", 7, "number"),
            Column("已用名额", 9, "number"),
            Column("剩余名额", 9, "number"),
        ],
        rows=[ledger_row(row_year, line) for row_year, line in found],
        count=len(found),
    )
    detail = Sheet(
        name="明细",
        title=what + "额度台账明细",
        note=note,
        unit="单位：万元",
        columns=[
            Column("条款", 8),
            Column("年度", 7, "number"),
            Column("申报编号", 18),
            Column("单位", 30),
            Column("项目名称", 30),
            Column("状态", 12),
            Column("推荐额", 14, "wan", total=True),
            Column("已批", 14, "wan", total=True),
            Column("已拨", 14, "wan", total=True),
        ],
        rows=(_award_row(award) for award in awards.iterator(chunk_size=500)),
        count=awards.count(),
    )
    return [summary, detail]


def ledger_row(year: int, line: LineRow) -> list[Any]:
    figures, places = line.figures, line.places
    return [
        line.measure.line,
        line.measure.name_zh,
        year,
        line.measure.lead_unit.name_zh,
        figures.budget_cny,
        figures.reserved_cny,
        figures.approved_cny,
        figures.paid_cny,
        figures.left_cny,
        places.total,
        places.taken,
        places.left,
    ]


def _awards(year: int | None, measures: list[int] | None):
    rows = (
        Award.objects.select_related("application", "organisation", "call__measure")
        .defer("trace", "application__computation", "call__guide_zh", "call__measure__clause")
        .order_by("call__measure__position", "year", "application__number")
    )
    if year is not None:
        rows = rows.filter(year=year)
    return rows if measures is None else rows.filter(call__measure__in=measures)


def _award_row(award: Award) -> list[Any]:
    return [
        award.call.measure.line,
        award.year,
        award.application.number,
        award.organisation.name,
        award.application.title,
        award.get_state_display(),
        award.recommended_cny if award.state != Award.State.RELEASED else ZERO,
        award.approved_cny or ZERO,
        award.paid_cny,
    ]


# --- 拟支持名单 ----------------------------------------------------------------------


def supported_sheets(call: Call) -> list[Sheet]:
    """The cases that are to be supported, by number, with what they asked and are recommended."""
    awards = (
        Award.objects.filter(call=call)
        .exclude(state=Award.State.RELEASED)
        .select_related("application__district", "organisation")
        .defer("trace", "application__computation")
        .order_by("application__number")
    )
    return [
        Sheet(
            name="拟支持名单",
            title=f"{call.title_zh.removesuffix('申报通知')}拟支持名单",
            note=_as_of(),
            unit="单位：万元",
            columns=[
                Column("序号", 6, "number"),
                Column("申报编号", 18),
                Column("单位", 30),
                Column("统一社会信用代码", 22),
                Column("项目名称", 30),
                Column("区", 10),
                Column("申请额", 14, "wan", total=True),
                Column("测算额", 14, "wan", total=True),
                Column("拟支持额", 14, "wan", total=True),
            ],
            rows=(
                [
                    place,
                    award.application.number,
                    award.organisation.name,
                    award.organisation.uscc,
                    award.application.title,
                    award.application.district.name_zh,
                    award.application.asked_cny,
                    award.computed_cny,
                    award.recommended_cny,
                ]
                for place, award in enumerate(awards.iterator(chunk_size=500), start=1)
            ),
            count=awards.count(),
        )
    ]


# --- 资金拨付表 ----------------------------------------------------------------------


def payment_sheets(batch: PaymentBatch) -> list[Sheet]:
    """A batch's transfers, to the account of the draft; in 元, with the amount in 大写."""
    payments = list(
        batch.payments.exclude(state=Payment.State.CANCELLED)
        .select_related("award__application", "award__organisation", "share")
        .defer("award__trace", "award__application__computation")
        .order_by("award__application__number", "instalment", "share__position")
    )
    before = _before(batch, payments)
    shares, city = len(percents(batch.call)), city_share(batch.call)
    total_cny = sum((payment.amount_cny for payment in payments), ZERO)
    return [
        Sheet(
            name="资金拨付表",
            title=f"{batch.call.title_zh.removesuffix('申报通知')}资金拨付表",
            note=f"{batch.number}（{batch.get_state_display()}） · {_as_of()}",
            unit="单位：元",
            columns=[
                Column("序号", 6, "number"),
                Column("申报编号", 18),
                Column("收款户名", 30),
                Column("账号", 24),
                Column("开户行", 24),
                Column("联行号", 15),
                Column("期次", 8),
                Column("本次金额", 16, "yuan", total=True),
                Column("大写", 30),
                Column("市级承担", 16, "yuan", total=True),
                Column("区级承担", 16, "yuan", total=True),
                Column("累计拨付", 16, "yuan", total=True),
                Column("余额", 16, "yuan", total=True),
                Column("备注", 22),
            ],
            rows=_payment_rows(payments, before, shares, city),
            count=len(payments),
            foot=[
                "合计（大写）：" + uppercase_cny(total_cny),
                f"制表：{batch.drafted_by}　　审核：　　　　　　签发：{batch.released_by or '　　　　'}",
            ],
        )
    ]


def _payment_rows(
    payments, before: dict[Paid, tuple[Decimal, Decimal]], shares: int, city: Decimal
) -> Iterator[list[Any]]:
    for place, payment in enumerate(payments, start=1):
        granted, paid = before[payment.award_id, payment.share_id]
        so_far = paid + payment.amount_cny
        yield [
            place,
            payment.award.application.number,
            payment.payee_name,
            payment.payee_account,
            payment.payee_bank,
            payment.payee_bank_code,
            f"{payment.instalment}/{shares}",
            payment.amount_cny,
            uppercase_cny(payment.amount_cny),
            *rules.shares(payment.amount_cny, city),
            so_far,
            granted - so_far,
            _remark(payment),
        ]


def _remark(payment: Payment) -> str:
    """What became of a transfer since."""
    if payment.state == Payment.State.BOUNCED:
        return f"{payment.bounced_on:%Y-%m-%d} 退汇：{payment.note}"
    if payment.state == Payment.State.ARRIVED:
        return f"{payment.arrived_on:%Y-%m-%d} 到账"
    return ""


def _before(batch: PaymentBatch, payments: list[Payment]) -> dict[Paid, tuple[Decimal, Decimal]]:
    """What was granted to a payee and what it had been paid when the batch was signed (now, for a
    draft): later acts, such as a claw-back, do not change a table that was signed. A payee is an
    award, or one share of it."""
    entries = Entry.objects.filter(award__in={row.award_id for row in payments}).exclude(
        payment__batch=batch
    )
    if batch.released_at is not None:
        entries = entries.filter(made_at__lt=batch.released_at)
    whole = {
        award: (granted, paid)
        for award, granted, paid in entries.values_list("award")
        .annotate(Sum("approved_change_cny"), Sum("paid_change_cny"))
        .order_by()
    }
    parts = dict(
        entries.filter(payment__share__isnull=False)
        .values_list("payment__share")
        .annotate(Sum("paid_change_cny"))
        .order_by()
    )
    found: dict[Paid, tuple[Decimal, Decimal]] = {}
    for row in payments:
        if row.share is None:
            found[row.award_id, None] = whole.get(row.award_id, (ZERO, ZERO))
        else:
            found[row.award_id, row.share_id] = row.share.amount_cny, parts.get(row.share_id, ZERO)
    return found


def _as_of() -> str:
    return f"数据截至 {clock.local(clock.now()):%Y-%m-%d %H:%M:%S}"
