"""Tables of a case: child tables and the investment table, saved cell by cell.

A sheet knows its columns, its rows and what is wrong with them; the verbs below write cells of
either kind. A cell is written if it still holds what the page showed (a digest); what two wrote
differently is told, never overwritten.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from applications import drafts, invoices, unlocking
from applications.checks import Problem, is_blank, table_problems
from applications.drafts import Conflict, StaleDraft
from applications.entries import digest, same
from applications.models import Answer, Application, Invoice, TableRow
from applications.workflow import schema_of
from policy.invoices import COLUMNS
from policy.schema import Field, Section
from portal import clock
from portal.types import known

# Rows on one page of a grid.
PAGE_ROWS = 30


@dataclass(frozen=True)
class Change:
    """Cells of one row as typed (stored form). ``key``: the row's uid, ``@2`` for the second
    fixed row, "" for a new one. ``seen``: the digest of what the page showed, by column."""

    key: str
    cells: Mapping[str, Any]
    seen: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Saved:
    """What became of the changes: rows written or made, rows that another had removed; ``settled``
    are others that were judged again because they share, or shared, a number with them."""

    written: list = field(default_factory=list)
    added: list = field(default_factory=list)
    settled: list = field(default_factory=list)
    removed: int = 0
    gone: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


class TooManyRows(Exception):
    def __init__(self, *, allowed: int, count: int):
        self.allowed, self.count = allowed, count
        super().__init__(f"{count} of {allowed}")


class ChildSheet:
    """A child table (子表) with free or fixed rows."""

    model = TableRow
    cells_field = "data"

    def __init__(self, application: Application, section: Section):
        self.application, self.section, self.table = application, section, section.table
        self.columns: Sequence[Field] = known(section.table).columns
        self.max_rows = known(section.table).max_rows

    @property
    def fixed(self):
        return self.table.rows

    def rows(self):
        return TableRow.objects.filter(application=self.application, table=known(self.table).code)

    def new(self, position: int) -> TableRow:
        return TableRow(
            application=self.application, table=known(self.table).code, position=position
        )

    def settle(self, changed: Sequence[TableRow]) -> list[TableRow]:
        """Nothing follows from a cell: problems are computed when they are shown."""
        return []

    def create(self, new: Sequence[TableRow]) -> tuple[list[TableRow], list[TableRow]]:
        return TableRow.objects.bulk_create(new, batch_size=1000), []

    def problems(self) -> list[Problem]:
        return table_problems(self.section, self.rows())


class InvoiceSheet:
    """The investment table (投入明细表); its rows keep their problems (see invoices)."""

    model = Invoice
    cells_field = "raw"
    fixed = ()

    def __init__(self, application: Application, section: Section):
        self.application, self.section, self.table = application, section, section.invoices
        self.columns = invoice_columns(section)
        self.max_rows = known(section.invoices).max_rows

    def rows(self):
        return Invoice.objects.filter(application=self.application)

    def new(self, position: int) -> Invoice:
        return Invoice(application=self.application, position=position)

    def settle(self, changed: Sequence[Invoice]) -> list[Invoice]:
        """Judge stored rows again, and those with which they share a number: the latter."""
        uids = {row.uid for row in changed}
        settled = invoices.recheck(changed, among=self.rows(), columns=self.columns)
        invoices.store(settled, columns=self.columns)
        return [row for row in settled if row.uid not in uids]

    def create(self, new: Sequence[Invoice]) -> tuple[list[Invoice], list[Invoice]]:
        """Judge the new rows before they are stored, once, whatever their number; the new rows,
        and the others that share a number with them."""
        uids = {row.uid for row in new}
        settled = invoices.recheck(new, among=self.rows(), columns=self.columns)
        others = [row for row in settled if row.uid not in uids]
        invoices.store(others, columns=self.columns)
        return Invoice.objects.bulk_create(new, batch_size=1000), others


def invoice_columns(section: Section) -> tuple[Field, ...]:
    """The product's columns with the line's own categories."""
    return tuple(
        replace(column, choices=known(section.invoices).categories)
        if column.code == "category"
        else column
        for column in COLUMNS
    )


def row_columns(section: Section, position: int) -> Sequence[Field]:
    """The columns of a child table as one row has them: a fixed row brings its own unit."""
    fixed = known(section.table).rows
    unit = fixed[position - 1].unit if 0 < position <= len(fixed) else None
    if unit is None:
        return known(section.table).columns
    return [
        replace(column, unit=unit) if column.is_numeric else column
        for column in known(section.table).columns
    ]


def sheet_of(application: Application, section: Section) -> ChildSheet | InvoiceSheet:
    return (InvoiceSheet if section.kind == "invoices" else ChildSheet)(application, section)


def cells_of(row: TableRow | Invoice) -> dict[str, Any]:
    return row.raw if isinstance(row, Invoice) else row.data


# --- verbs -----------------------------------------------------------------------------


def save_cells(
    application: Application, section_code: str, changes: Iterable[Change], *, actor
) -> Saved:
    """Write the changed cells of some rows, and new rows. Rows keep whatever was typed.

    Raises StaleDraft (after saving the rest) where a cell holds what another wrote meanwhile,
    NotEditable, TooManyRows.
    """
    saved, answer = _save(application, section_code, list(changes), actor=actor)
    if saved.conflicts:
        fault = StaleDraft(answer, saved.conflicts)
        fault.saved = saved
        raise fault
    return saved


@transaction.atomic
def _save(application, section_code, changes, *, actor) -> tuple[Saved, Answer]:
    now = clock.now()
    sheet, allowed = _open(application, section_code, actor)
    saved = Saved()
    known = {row.uid: row for row in _wanted(sheet, changes)}
    fixed = {f"@{row.position}": row for row in sheet.rows()} if sheet.fixed else {}
    end = sheet.rows().aggregate(end=Max("position"))["end"] or 0
    new: list[Any] = []
    for change in changes:
        row = known.get(change.key) or fixed.get(change.key)
        if row is None and change.key and not change.key.startswith("@"):
            saved.gone.append(change.key)
        elif row is None:
            if is_blank(change.cells):
                continue
            _demand(allowed.whole(sheet.section.code), sheet, change.key)
            position = int(change.key[1:]) if change.key else end + len(new) + 1
            new.append(_filled(sheet.new(position), change.cells, actor=actor, now=now))
        else:
            _demand(allowed.allows(sheet.section.code, row.uid), sheet, row.uid)
            if _merge(sheet, row, change, saved, actor=actor, now=now):
                saved.written.append(row)
    if end + len(new) > sheet.max_rows and not sheet.fixed:
        raise TooManyRows(allowed=sheet.max_rows, count=end + len(new))
    if saved.written:
        sheet.model.objects.bulk_update(
            saved.written, [sheet.cells_field, "revision", "updated_by", "updated_at"]
        )
        saved.settled = sheet.settle(saved.written)
    saved.added, others = sheet.create(new)
    saved.settled += others
    answer = _touch(sheet, actor=actor, now=now, wrote=bool(saved.written or saved.added))
    return saved, answer


def _open(application, section_code, actor):
    """The locked case's sheet, and what of it the actor may write."""
    application = drafts.lock(application)
    allowed = unlocking.demand(application, actor)
    return _sheet(application, section_code, allowed), allowed


def _sheet(application: Application, section_code: str, allowed: unlocking.Unlocked):
    section = unlocking.section_named(schema_of(application), section_code)
    if section is None or section.kind not in {"table", "invoices"}:
        raise unlocking.NotEditable("unknown", path=section_code)
    if not allowed.touches(section.code):
        raise unlocking.NotEditable("locked", path=section.code)
    return sheet_of(application, section)


def _demand(allowed: bool, sheet, key: str) -> None:
    if not allowed:
        raise unlocking.NotEditable("locked", path=f"{sheet.section.code}.{key}")


def _wanted(sheet, changes: Iterable[Change]):
    keys = [change.key for change in changes if change.key and change.key[0] != "@"]
    return sheet.rows().filter(uid__in=keys).select_related("updated_by") if keys else ()


def _filled(row, cells: Mapping[str, Any], *, actor, now: datetime):
    setattr(
        row, type_cells(row), {code: value for code, value in cells.items() if value is not None}
    )
    row.updated_by, row.updated_at = actor, now
    return row


def type_cells(row) -> str:
    return "raw" if isinstance(row, Invoice) else "data"


def _merge(sheet, row, change: Change, saved: Saved, *, actor, now) -> bool:
    """Write the cells that still hold what was seen; whether any was written."""
    held, written = cells_of(row), {}
    columns = {column.code: column for column in sheet.columns}
    for code, mine in change.cells.items():
        theirs = held.get(code)
        if code not in columns or same(mine, theirs):
            continue
        if code in change.seen and change.seen[code] != digest(theirs)[: len(change.seen[code])]:
            saved.conflicts.append(
                CellConflict(columns[code], mine, theirs, row.updated_by, row.updated_at, row.uid)
            )
        else:
            written[code] = mine
    if written:
        setattr(row, type_cells(row), held | written)
        row.revision += 1
        row.updated_by, row.updated_at = actor, now
    return bool(written)


@dataclass(frozen=True)
class CellConflict(Conflict):
    row_uid: str = ""


@transaction.atomic
def remove_rows(
    application: Application, section_code: str, uids: Iterable[str], *, actor
) -> Saved:
    """Remove rows; the others close up."""
    now = clock.now()
    sheet, allowed = _open(application, section_code, actor)
    _demand(allowed.whole(sheet.section.code) and not sheet.fixed, sheet, "")
    doomed = sheet.rows().filter(uid__in=list(uids))
    numbers = list(doomed.values_list("invoice_no", flat=True)) if sheet.model is Invoice else []
    saved = Saved()
    saved.removed, _by_model = doomed.delete()
    if saved.removed:
        _close_up(sheet)
        if numbers:
            saved.settled = list(sheet.rows().filter(invoice_no__in=numbers))
            sheet.settle(saved.settled)
        _touch(sheet, actor=actor, now=now, wrote=True)
    return saved


def _close_up(sheet) -> None:
    moved = []
    for position, row in enumerate(sheet.rows().order_by("position"), start=1):
        if row.position != position:
            row.position = position
            moved.append(row)
    sheet.model.objects.bulk_update(moved, ["position"], batch_size=500)


@transaction.atomic
def append(
    application: Application,
    section_code: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    actor,
    replacing: bool = False,
) -> list:
    """Add rows at the end (a paste, an import), or in place of all that stood there."""
    now = clock.now()
    sheet, allowed = _open(application, section_code, actor)
    _demand(allowed.whole(sheet.section.code) and not sheet.fixed, sheet, "")
    if replacing:
        sheet.rows().delete()
    end = sheet.rows().aggregate(end=Max("position"))["end"] or 0
    if end + len(rows) > sheet.max_rows:
        raise TooManyRows(allowed=sheet.max_rows, count=end + len(rows))
    made = [
        _filled(sheet.new(position), cells, actor=actor, now=now)
        for position, cells in enumerate(rows, start=end + 1)
    ]
    made, _others = sheet.create(made)
    _touch(sheet, actor=actor, now=now, wrote=bool(made) or replacing)
    return made


def append_invoices(
    application: Application,
    rows: Sequence[Mapping[str, Any]],
    *,
    actor,
    replacing: bool = False,
) -> list[Invoice]:
    """``append`` to the investment table of rows as typed (cells by column code)."""
    section = known(invoices.section_of(schema_of(application)))
    columns = invoice_columns(section)
    entered = [invoices.enter_row(columns, row) for row in rows]
    return append(application, section.code, entered, actor=actor, replacing=replacing)


@transaction.atomic
def begin(
    application: Application, given: Mapping[str, Sequence[Mapping[str, Any]]], *, actor
) -> None:
    """The first rows of several child tables at once (section code → rows), under one lock.

    Raises NotEditable, TooManyRows; ValueError for a table in which somebody has begun already.
    """
    now = clock.now()
    application = drafts.lock(application)
    allowed = unlocking.demand(application, actor)
    begun = Answer.objects.filter(application=application, section__in=list(given))
    if begun.exists():
        raise ValueError("a table has been begun")
    new: list[TableRow] = []
    for code, rows in given.items():
        sheet = _sheet(application, code, allowed)
        if not isinstance(sheet, ChildSheet):
            raise ValueError(f"{code} is no child table")
        if len(rows) > (most := len(sheet.fixed) or sheet.max_rows):
            raise TooManyRows(allowed=most, count=len(rows))
        if not sheet.fixed:
            rows = [cells for cells in rows if not is_blank(cells)]
        new += [
            _filled(sheet.new(position), cells, actor=actor, now=now)
            for position, cells in enumerate(rows, start=1)
            if not is_blank(cells)
        ]
    TableRow.objects.bulk_create(new, batch_size=1000)
    mark = {"revision": 1, "updated_by": actor, "updated_at": now}
    Answer.objects.bulk_create(
        [Answer(application=application, section=code, **mark) for code in given]
    )


def _touch(sheet, *, actor, now: datetime, wrote: bool) -> Answer:
    """The section's own row of the locked case: its revision, and who wrote last."""
    own = {"application": sheet.application, "section": sheet.section.code}
    answer = Answer.objects.filter(**own).first()
    if answer is None:
        return Answer.objects.create(**own, revision=1, updated_by=actor, updated_at=now)
    if wrote or not answer.revision:
        answer.revision += 1
        answer.updated_by, answer.updated_at = actor, now
        answer.save(update_fields=["revision", "updated_by", "updated_at"])
    return answer
