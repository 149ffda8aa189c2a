"""Tables as text and as .xlsx: what is pasted or imported becomes rows, rows become a workbook."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _
from openpyxl import load_workbook

from applications.entries import told, typed
from policy.schema import Field

MAX_ROWS = 5000
MAX_BYTES = 10 * 1024 * 1024
# Bytes of a workbook's parts when unpacked: beyond this it is a bomb.
MAX_UNPACKED = 50 * 1024 * 1024
# Far beyond any table's columns: a sheet that names its last cell is not read into nothing.
MAX_COLUMNS = 100
_NUMBER_HEADS = {"序号", "#", "no.", "no"}


class NotATable(ValueError):
    """What was given is no table: ``reason`` is one of empty, too_many, not_xlsx, no_columns."""

    def __init__(self, reason: str, **facts: Any):
        self.reason, self.facts = reason, facts
        super().__init__(f"{reason} {facts or ''}".strip())


def told_refusal(fault: NotATable) -> str:
    if fault.reason == "too_many":
        return _("一次最多 %(max)s 行，这里有 %(count)s 行。") % fault.facts
    if fault.reason == "not_xlsx":
        return _("不是 .xlsx 文件，或文件已损坏。请用下载的模板另存为 .xlsx 后导入。")
    if fault.reason == "no_columns":
        return _("表头与模板不一致：找不到“%(columns)s”。请用下载的模板。") % fault.facts
    return _("没有可读取的行。")


# --- reading -------------------------------------------------------------------------------


def from_text(text: str, columns: Sequence[Field]) -> list[dict[str, str]]:
    """Rows of tab-separated text, as Excel and WPS put it on the clipboard.

    With a head row the columns are found by it, else they stand in the table's order: all of
    them, or those alone that must be filled. A leading column of row numbers is skipped. Cells in
    quotes may hold tabs and line breaks.
    """
    rows = [row for row in _split(text) if any(cell.strip() for cell in row)]
    if not rows:
        raise NotATable("empty")
    if len(rows) > MAX_ROWS:
        raise NotATable("too_many", max=MAX_ROWS, count=len(rows))
    places = _places(rows[0], columns)
    if places:
        return [_by_place(row, places) for row in rows[1:]]
    skip = 1 if _numbered(rows, columns) else 0
    columns = _meant(columns, width=max(len(row) for row in rows) - skip)
    places = {column.code: place + skip for place, column in enumerate(columns)}
    return [_by_place(row, places) for row in rows]


def _meant(columns: Sequence[Field], *, width: int) -> Sequence[Field]:
    """As many columns as those that must be filled are these: what the narrow table shows."""
    required = [column for column in columns if column.required]
    return required if width == len(required) else columns


def _split(text: str) -> list[list[str]]:
    rows, row, cell, quoted = [], [], "", False
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if quoted:
            if char == '"' and text[at + 1 : at + 2] == '"':
                cell, at = cell + '"', at + 1
            elif char == '"':
                quoted = False
            else:
                cell += char
        elif char == '"' and not cell:
            quoted = True
        elif char == "\t":
            row.append(cell)
            cell = ""
        elif char == "\n":
            rows.append([*row, cell])
            row, cell = [], ""
        else:
            cell += char
        at += 1
    return [*rows, [*row, cell]] if row or cell else rows


def _plain(words: Any) -> str:
    """A head without unit, marks and spaces, to be compared."""
    return re.sub(r"[（(].*?[)）]|[\s*]", "", str(words or "")).lower()


def _places(head: Sequence[Any], columns: Sequence[Field]) -> dict[str, int]:
    """The place of each column whose label stands in the head row; {} if it is no head."""
    found: dict[str, int] = {}
    heads = [_plain(words) for words in head]
    for column in columns:
        for label in (column.label.zh, column.label.en, column.code):
            if (plain := _plain(label)) in heads:
                found[column.code] = heads.index(plain)
                break
    return found if len(found) >= max(2, len(columns) // 2) else {}


def _numbered(rows: Sequence[Sequence[str]], columns: Sequence[Field]) -> bool:
    """Whether each row starts with its number, before the table's own columns."""
    return all(
        row[0].strip() == str(number) and len(row) > 1
        for number, row in enumerate(rows, start=1)
    ) and columns[0].type not in {"integer", "decimal"}  # fmt: skip


def _by_place(row: Sequence[Any], places: Mapping[str, int]) -> dict[str, str]:
    return {code: _as_text(row[place]) for code, place in places.items() if place < len(row)}


def _as_text(value: Any) -> str:
    """A cell as a person would type it: no exponent, no midnight."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}"
    return str(value)


def from_xlsx(data: bytes, columns: Sequence[Field]) -> list[tuple[int, dict[str, str]]]:
    """Rows of the first sheet with their numbers in the file; the head row names the columns."""
    try:
        _refuse_bomb(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        values = list(sheet.iter_rows(values_only=True, max_row=MAX_ROWS + 20, max_col=MAX_COLUMNS))
        book.close()
    except NotATable:
        raise
    except Exception:
        # openpyxl lets whatever its parsers raise through: all of it means "no workbook".
        raise NotATable("not_xlsx") from None
    heads = ((at, _places(row, columns)) for at, row in enumerate(values[:10]))
    at, places = next(((at, places) for at, places in heads if places), (0, {}))
    if not places:
        wanted = "、".join(column.label.zh for column in columns if column.required)
        raise NotATable("no_columns", columns=wanted)
    missing = [column for column in columns if column.required and column.code not in places]
    if missing:
        raise NotATable("no_columns", columns="、".join(str(item.label) for item in missing))
    found = []
    for number, row in enumerate(values[at + 1 :], start=at + 2):
        cells = _by_place(row, places)
        if any(text.strip() for text in cells.values()):
            found.append((number, cells))
    if not found:
        raise NotATable("empty")
    if len(found) > MAX_ROWS:
        raise NotATable("too_many", max=MAX_ROWS, count=len(found))
    return found


def _refuse_bomb(data: bytes) -> None:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED:
            raise NotATable("not_xlsx")


# --- writing -------------------------------------------------------------------------------


def to_xlsx(
    columns: Sequence[Field],
    rows: Iterable[Mapping[str, Any]],
    *,
    title: str,
    template: bool = False,
) -> bytes:
    """A workbook of the rows (stored form). Every text is written as a string, so that nothing
    typed becomes a formula; amounts that can be read are numbers."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": True, "in_memory": True})
    sheet = book.add_worksheet(title[:31] or "Sheet1")
    bold = book.add_format({"bold": True, "bg_color": "#ECEFF4", "border": 1, "text_wrap": True})
    amount = book.add_format({"num_format": "#,##0.00"})
    text = book.add_format({"num_format": "@"})
    for place, column in enumerate(columns):
        mark = " *" if column.required else ""
        unit = f"（{column.unit}）" if column.unit else ""
        sheet.set_column(place, place, 22 if column.type in {"text", "uscc"} else 14, text)
        sheet.write_string(0, place, f"{column.label}{unit}{mark}", bold)
    sheet.freeze_panes(1, 0)
    for number, cells in enumerate(rows, start=1):
        for place, column in enumerate(columns):
            stored = cells.get(column.code)
            if stored is None:
                continue
            figure = _figure(column, stored)
            if figure is not None:
                sheet.write_number(number, place, figure, amount)
            else:
                shown = (
                    told(column, stored)
                    if column.type in {"choice", "bool"}
                    else typed(column, stored)
                )
                sheet.write_string(number, place, str(shown), text)
    if template:
        _validations(sheet, columns)
    book.close()
    return stream.getvalue()


def _figure(column: Field, stored: Any) -> float | None:
    if column.type not in {"money", "money_wan"}:
        return None
    try:
        return float(Decimal(str(typed(column, stored))))
    except ArithmeticError:
        return None


def _validations(sheet, columns: Sequence[Field]) -> None:
    """Lists of choices in the template, so that they are picked rather than typed."""
    for place, column in enumerate(columns):
        labels = (
            [_("是"), _("否")]
            if column.type == "bool"
            else [str(choice.label) for choice in column.choices]
        )
        if labels and len(",".join(labels)) <= 255:
            sheet.data_validation(1, place, MAX_ROWS, place, {"validate": "list", "source": labels})
