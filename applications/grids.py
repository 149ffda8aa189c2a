"""A page of a table as its template takes it: head, rows of cells, totals, what is wrong.

At most ``sheets.PAGE_ROWS`` rows stand on a page, so that its weight does not grow with the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from applications import invoices, sheets
from applications.checks import Problem, unstored_uid
from applications.entries import digest, enter, told, typed
from applications.models import Invoice
from policy.money import show_cny, show_wan
from policy.schema import Field, Section
from policy.text import Text

# Characters of a cell's digest: a hidden field for each row holds them, column by column.
MARK = 6
WIDTHS = {
    "category": "m", "name": "t", "specification": "t", "quantity": "s", "seller": "t",
    "seller_uscc": "i", "contract_no": "m", "invoice_no": "i", "invoice_date": "d",
    "net_cny": "n", "tax_cny": "m", "gross_cny": "n", "paid_on": "d", "voucher_no": "m",
    "related_party": "s", "fiscal_percent": "s",
}  # fmt: skip
_BY_TYPE = {
    "integer": "s", "decimal": "n", "percent": "s", "money": "n", "money_wan": "n", "date": "d",
    "month": "d", "bool": "s", "choice": "m", "uscc": "l", "phone": "d",
}  # fmt: skip


@dataclass(frozen=True)
class Head:
    field: Field
    width: str
    # Where fixed rows bring units of their own, the head has none.
    shows_unit: bool = True

    @property
    def code(self) -> str:
        return self.field.code

    @property
    def label(self) -> str:
        unit = self.field.unit if self.shows_unit else None
        return f"{self.field.label}（{unit}）" if unit else str(self.field.label)

    @property
    def is_number(self) -> bool:
        return self.field.is_numeric


@dataclass(frozen=True)
class Cell:
    head: Head
    value: str
    told: str
    problem: str = ""
    note: str = ""
    options: Sequence[tuple[str, str]] = ()

    @property
    def mode(self) -> str:
        return "numeric" if self.head.field.type == "integer" else "decimal"


@dataclass(frozen=True)
class Row:
    key: str
    number: int
    cells: Sequence[Cell]
    marks: str
    label: str = ""
    unit: str = ""
    is_open: bool = True

    @property
    def problems(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.problem]


@dataclass(frozen=True)
class Grid:
    """``blank``: the cells of a new row, also the template of rows that the script adds."""

    section: Section
    heads: Sequence[Head]
    rows: Sequence[Row]
    blank: Row | None
    page: int = 1
    pages: int = 1
    count: int = 0
    wrong: int = 0
    only_wrong: bool = False
    totals: Mapping[str, Any] = field(default_factory=dict)
    # Whether columns that may stay empty are left out, and whether there are any.
    is_narrow: bool = False

    @property
    def notes(self) -> int:
        return sum(bool(cell.note) for row in self.rows for cell in row.cells)

    def page_links(self) -> list[int]:
        return list(range(1, self.pages + 1))


def heads_of(columns: Sequence[Field], *, shows_unit: bool = True) -> list[Head]:
    return [
        Head(column, WIDTHS.get(column.code) or _BY_TYPE.get(column.type, "l"), shows_unit)
        for column in columns
    ]


def marks_of(columns: Sequence[Field], cells: Mapping[str, Any]) -> str:
    return "".join(digest(cells.get(column.code))[:MARK] for column in columns)


def read_marks(columns: Sequence[Field], marks: str) -> dict[str, str]:
    """The digests of a row's cells as the page showed them; {} where they do not fit."""
    if len(marks) != MARK * len(columns):
        return {}
    return {
        column.code: marks[place * MARK : (place + 1) * MARK]
        for place, column in enumerate(columns)
    }


def _options(column: Field) -> list[tuple[str, str]]:
    if column.type == "bool":
        return [("", ""), ("true", _("是")), ("false", _("否"))]
    if column.type == "choice":
        return [("", ""), *((choice.code, str(choice.label)) for choice in column.choices)]
    return []


def narrowed(heads: Sequence[Head], rows: Sequence[Invoice]) -> list[Head]:
    """The columns that must be filled, and those in which a row of the page is wrong."""
    wrong = {code for row in rows for code in row.problems}
    return [head for head in heads if head.field.required or head.code in wrong]


def _row(
    heads: Sequence[Head],
    cells: Mapping[str, Any],
    *,
    key: str,
    number: int,
    columns: Sequence[Field],
    options: Mapping[str, list],
    problems: Mapping[str, str],
    notes: Mapping[str, str],
    label: str = "",
    unit: str = "",
    is_open: bool = True,
) -> Row:
    by_code = {column.code: column for column in columns}
    return Row(
        key=key,
        number=number,
        cells=[
            Cell(
                head=head,
                value=_grouped(column, typed(column, cells.get(head.code))),
                told=told(column, cells.get(head.code)),
                problem=problems.get(head.code, ""),
                note=notes.get(head.code, ""),
                options=_selected(options[head.code], typed(column, cells.get(head.code))),
            )
            for head in heads
            for column in [by_code[head.code]]
        ],
        marks=marks_of(columns, cells),
        label=label,
        unit=unit,
        is_open=is_open,
    )


def _grouped(column: Field, value: str) -> str:
    """An amount with its thousands apart, as it is read; what is no amount stays as typed."""
    if column.type not in {"money", "money_wan"}:
        return value
    try:
        return f"{Decimal(value):,f}"
    except ArithmeticError:
        return value


def _selected(options: list[tuple[str, str]], value: str) -> list[tuple[str, str]]:
    """The options; what was typed and is none of them stays to be seen."""
    if options and value and value not in {code for code, _label in options}:
        return [*options, (value, value)]
    return options


def child_grid(
    sheet: sheets.ChildSheet, problems: Sequence[Problem], *, is_open=lambda uid: True, extra=True
) -> Grid:
    """A child table, whole (a table of a form has at most some dozens of rows); fixed rows are
    there whether stored or not."""
    heads = heads_of(sheet.columns, shows_unit=not any(row.unit for row in sheet.fixed))
    options = {head.code: _options(head.field) for head in heads}
    stored = list(sheet.rows().order_by("position"))
    by_row: dict[str, dict[str, str]] = {}
    for problem in problems:
        if problem.row_uid and problem.field:
            by_row.setdefault(problem.row_uid, {}).setdefault(problem.field, str(problem.text))

    def row(key, number, cells, label="", unit=""):
        return _row(
            heads, cells, key=key, number=number, options=options, label=label, unit=unit,
            columns=sheets.row_columns(sheet.section, number) if sheet.fixed else sheet.columns,
            problems=by_row.get(key, {}), notes={}, is_open=is_open(key),
        )  # fmt: skip

    if sheet.fixed:
        held = {item.position: item for item in stored}
        rows = [
            row(
                held[number].uid if number in held else unstored_uid(number),
                number,
                held[number].data if number in held else {},
                str(fixed.label),
                str(fixed.unit or ""),
            )
            for number, fixed in enumerate(sheet.fixed, start=1)
        ]
        return Grid(sheet.section, heads, rows, None, count=len(rows))
    rows = [row(item.uid, number, item.data) for number, item in enumerate(stored, start=1)]
    blank = row("new-1", len(rows) + 1, {}) if extra else None
    wrong = len({problem.row_uid for problem in problems if problem.row_uid and problem.stops})
    return Grid(sheet.section, heads, rows, blank, count=len(rows), wrong=wrong)


def invoice_grid(
    sheet: sheets.InvoiceSheet,
    counting: invoices.Counting,
    figures,
    *,
    page: int = 1,
    only_wrong: bool = False,
    is_open=lambda uid: True,
    extra: bool = True,
    narrow: bool = False,
) -> Grid:
    """One page of the investment table: 1 query, and 1 more where rows name each other."""
    heads = heads_of(sheet.columns)
    options = {head.code: _options(head.field) for head in heads}
    count = figures.wrong if only_wrong else figures.rows
    pages = max(1, -(-count // sheets.PAGE_ROWS))
    page = min(max(1, page), pages)
    rows = sheet.rows().order_by("position")
    if only_wrong:
        start = (page - 1) * sheets.PAGE_ROWS
        shown = list(rows.filter(valid=False)[start : start + sheets.PAGE_ROWS])
    else:
        # Positions have no gaps: a page is a range of them, whatever the size of the table.
        first = (page - 1) * sheets.PAGE_ROWS + 1
        shown = list(rows.filter(position__range=(first, first + sheets.PAGE_ROWS - 1)))
    if narrow:
        heads = narrowed(heads, shown)
    positions = invoices.positions_named(shown)
    columns = {column.code: column for column in sheet.columns}
    built = [
        _row(
            heads, row.raw, key=row.uid, number=row.position, columns=sheet.columns,
            options=options, notes=counting.notes(row), is_open=is_open(row.uid),
            problems={
                code: invoices.told_problem(columns[code], problem, positions)
                for code, problem in row.problems.items()
                if code in columns
            },
        )
        for row in shown
    ]  # fmt: skip
    blank = None
    if extra and not only_wrong and page == pages:
        blank = _row(
            heads, {}, key="new-1", number=figures.rows + 1, columns=sheet.columns,
            options=options, problems={}, notes={},
        )  # fmt: skip
    return Grid(
        section=sheet.section, heads=heads, rows=built, blank=blank, page=page, pages=pages,
        count=figures.rows, wrong=figures.wrong, only_wrong=only_wrong,
        totals={"claimed_cny": figures.claimed_cny, "related_cny": figures.related_cny},
        is_narrow=narrow,
    )  # fmt: skip


def row_problems(grid: Grid) -> list[tuple[str, str]]:
    """The errors of the rows on this page, as an error summary takes them."""
    return [
        (
            f"#c-{row.key}-{cell.head.code}",
            _("第 %(row)s 行 %(column)s：%(text)s")
            % {"row": row.number, "column": cell.head.field.label, "text": cell.problem},
        )
        for row in grid.rows
        for cell in row.problems
    ]


def changes_of(columns: Sequence[Field], post: Mapping[str, str]) -> list[sheets.Change]:
    """The rows that a request carries (``<row>.<column>``), only the cells that it changed."""
    by_row: dict[str, dict[str, str]] = {}
    for name in post:
        key, dot, code = name.rpartition(".")
        if dot and key:
            by_row.setdefault(key, {})[code] = post[name]
    known = {column.code: column for column in columns}
    found = []
    for key, given in by_row.items():
        is_new = key.startswith("new-")
        seen = read_marks(columns, given.get("_seen", ""))
        cells = {code: enter(known[code], text) for code, text in given.items() if code in known}
        if not is_new:
            cells = {
                code: value
                for code, value in cells.items()
                if digest(value)[:MARK] != seen.get(code)
            }
        if cells:
            found.append(sheets.Change("" if is_new else key, cells, seen))
    return found


def saved_rows(sheet, rows, *, counting=None) -> dict[str, dict]:
    """For a page that saved rows: their marks, problems and notes, by row key."""
    columns = {column.code: column for column in sheet.columns}
    found = {}
    invoice_rows = [row for row in rows if isinstance(row, Invoice)]
    positions = invoices.positions_named(invoice_rows) if invoice_rows else {}
    for row in rows:
        cells = sheets.cells_of(row)
        told_ = {"marks": marks_of(sheet.columns, cells), "number": row.position}
        if isinstance(row, Invoice):
            told_["problems"] = {
                code: invoices.told_problem(columns[code], problem, positions)
                for code, problem in row.problems.items()
            }
            told_["notes"] = counting.notes(row) if counting else {}
        found[row.uid] = told_
    return found


def show_total(amount: Decimal) -> str:
    """``¥8,600,000.00 = 860.00 万元``; in English in yuan alone."""
    return str(Text(zh=f"{show_cny(amount)} = {show_wan(amount)} 万元", en=show_cny(amount)))
