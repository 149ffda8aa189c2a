"""A year's exceptions as a table (.xlsx or .csv): every wrong row is named, not only the first."""

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime

from openpyxl import load_workbook

from policy.calendars import Day

HEADS = (("日期", "类型", "名称"), ("date", "kind", "name"))
KINDS = {
    "休": False, "休息": False, "节假日": False, "off": False,
    "班": True, "上班": True, "调休": True, "调休上班": True, "work": True,
}  # fmt: skip
MAX_ROWS = 400
MAX_NAME = 40
# Of a workbook of at most 1 MB: what it may unpack to.
MAX_UNPACKED_BYTES = 20 * 1024 * 1024


class UnreadableFile(ValueError):
    """``reason`` is one of format, encoding, header, too_many."""

    def __init__(self, reason: str, found: object = None):
        self.reason, self.found = reason, found
        super().__init__(f"{reason}: {found}")


@dataclass(frozen=True)
class RowError:
    """A row that cannot be taken: ``reason`` is one of date, kind, year, twice, name."""

    line: int
    reason: str
    found: str


def read_table(content: bytes, *, name: str) -> list[tuple[int, list]]:
    """The rows below the head with their line numbers; empty rows are left out."""
    rows = _xlsx(content) if name.lower().endswith(".xlsx") else _csv(content)
    filled = [
        (line, cells) for line, cells in rows if any(cell not in (None, "") for cell in cells)
    ]
    if not filled:
        raise UnreadableFile("header", "")
    head = tuple(str(cell or "").strip() for cell in filled[0][1][:3])
    if head not in HEADS:
        raise UnreadableFile("header", "、".join(head))
    return filled[1:]


def check_rows(rows: list[tuple[int, list]], *, year: int) -> tuple[list[Day], list[RowError]]:
    """The days that the rows name, in order, and every row that cannot be taken."""
    days: dict[date, Day] = {}
    errors: list[RowError] = []
    for line, cells in rows:
        value, kind, name = ([*cells, None, None, None])[:3]
        day = _day(value)
        label = str(name or "").strip()
        if day is None:
            errors.append(RowError(line, "date", _shown(value)))
        elif day.year != year:
            errors.append(RowError(line, "year", day.isoformat()))
        elif day in days:
            errors.append(RowError(line, "twice", day.isoformat()))
        elif str(kind or "").strip().lower() not in KINDS:
            errors.append(RowError(line, "kind", _shown(kind)))
        elif len(label) > MAX_NAME:
            errors.append(RowError(line, "name", label[:MAX_NAME]))
        else:
            days[day] = (day, KINDS[str(kind).strip().lower()], label)
    return sorted(days.values()), errors


def _day(value) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = re.fullmatch(
        r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?", str(value or "").strip()
    )
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None


def _shown(value) -> str:
    return str("" if value is None else value)[:60]


def _csv(content: bytes) -> list[tuple[int, list]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise UnreadableFile("encoding")
    if "\0" in text:
        raise UnreadableFile("format")
    rows = csv.reader(io.StringIO(text))
    found: list[tuple[int, list]] = []
    try:
        for cells in rows:
            found.append((rows.line_num, [cell.strip() for cell in cells]))
            if len(found) > MAX_ROWS + 1:
                raise UnreadableFile("too_many", MAX_ROWS)
    except csv.Error as error:
        raise UnreadableFile("format", str(error)) from None
    return found


def _xlsx(content: bytes) -> list[tuple[int, list]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise UnreadableFile("format", "size")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        found: list[tuple[int, list]] = []
        for line, cells in enumerate(sheet.iter_rows(max_col=3, values_only=True), start=1):
            found.append((line, list(cells)))
            if line > MAX_ROWS + 1:
                raise UnreadableFile("too_many", MAX_ROWS)
    except UnreadableFile:
        raise
    except Exception as error:
        # openpyxl lets whatever its parsers raise through: all of it means "no workbook".
        raise UnreadableFile("format", type(error).__name__) from None
    return found
