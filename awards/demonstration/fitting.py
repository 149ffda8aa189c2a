"""Letting made-up answers fit the checks of a form: what does not hold is changed until it does.

Values stand in their stored form (``policy.schema.form``); amounts stay in whole 万元 where they
were, so that they read like typed ones.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from policy.schema import Check, DefinitionSchema, Field, Table
from portal.types import known

Values = dict[str, Any]
_ROUNDS = 12


def fit_form(
    schema: DefinitionSchema, values: Values, rows: Mapping[str, list[Values]], writable: set[str]
) -> None:
    """Change writable answers until the sections' checks hold, or no change helps any more."""
    fields, checks = schema.form.fields, [
        check for section in schema.form.sections for check in section.checks
    ]  # fmt: skip
    tables = schema.form.tables
    for round_ in range(_ROUNDS):
        changed = [
            fit(
                check, values, fields, writable, tables=tables, rows=rows,
                bends=round_ >= _ROUNDS // 3,
            )
            for check in checks
        ]  # fmt: skip
        if not any(changed):
            return


def fit_table(table: Table, rows: list[Values], *, bends: bool = False) -> None:
    columns = {column.code: column for column in table.columns}
    for _round in range(_ROUNDS):
        changed = False
        for check in table.checks:
            if check.kind == "unique_column":
                changed |= _unique(check, columns, rows)
            elif check.kind == "sum_to" and check.column:
                changed |= _column_sum(check, columns, rows)
            else:
                for row in rows:
                    changed |= fit(check, row, columns, set(columns), bends=bends)
        changed |= _parts_of_wholes(table, rows)
        if not table.rows:
            rows[:] = [row for row in rows if row]
        if not changed:
            return


def _parts_of_wholes(table: Table, rows: list[Values]) -> bool:
    """Whether a fixed row that is a part of another one was more than it, and was made less."""
    before = [dict(row) for row in rows]
    by_code = {fixed.code: row for fixed, row in zip(table.rows, rows, strict=False)}
    for fixed in table.rows:
        part, whole = by_code.get(fixed.code), by_code.get(fixed.part_of or "")
        if part is None or whole is None:
            continue
        for column in table.columns:
            mine, most = _number(part, column.code), _number(whole, column.code)
            if mine is not None and most is not None and mine > most:
                _write(part, column, most)
    return before != rows


def fit(
    check: Check,
    values: Values,
    fields: Mapping[str, Field],
    writable: set[str],
    *,
    tables: Mapping[str, Table] | None = None,
    rows: Mapping[str, list[Values]] | None = None,
    bends: bool = False,
) -> bool:
    """Whether an answer was changed so that the check holds. ``bends``: a table gives way to the
    answer that is its total, where the answer is bound by others."""
    before = dict(values)
    if check.table is not None:
        table, held = (tables or {})[check.table], (rows or {})[check.table]
        _with_table(check, values, fields, table, held, writable, bends=bends)
    elif check.kind == "differ":
        _differ(check, values, fields)
    elif check.kind in {"lte", "date_order", "same"}:
        _pair(check, values, fields, writable)
    elif check.kind == "sum_equals":
        _sum(check, values, fields, writable, bends=bends)
    elif check.kind == "sum_to" and check.parts:
        _parts(check, values, fields)
    elif check.kind == "at_most_selected":
        values[known(check.left)] = (values.get(check.left or "") or [])[: int(known(check.value))]
    return before != values


def _number(values: Values, code: str) -> Decimal | None:
    value = values.get(code)
    return None if value is None or value == "" else Decimal(str(value))


def _write(values: Values, item: Field, value: Decimal) -> None:
    if item.type == "integer":
        values[item.code] = int(value)
    elif item.type in {"money", "money_wan"}:
        values[item.code] = f"{value:.2f}"
    else:
        values[item.code] = f"{value.normalize():f}"


def _pair(check: Check, values: Values, fields, writable: set[str]) -> None:
    left, right = values.get(check.left or ""), values.get(check.right or "")
    if left is None or right is None:
        return
    numeric = fields[check.left].is_numeric
    if check.kind == "same":
        if left != right:
            into, what = (check.left, right) if check.left in writable else (check.right, left)
            values[known(into)] = what
        return
    low, high = (Decimal(str(left)), Decimal(str(right))) if numeric else (left, right)
    if low <= high:
        return
    if {check.left, check.right} <= writable and not numeric:
        values[known(check.left)], values[known(check.right)] = right, left
    elif check.left in writable and numeric and high >= (fields[check.left].min or 0):
        # Somewhat below, so that a chain of such checks does not end in one number for all.
        lower = high if high < 4 else (high * 3 / 4).to_integral_value()
        _write(values, fields[check.left], max(lower, fields[check.left].min or Decimal(0)))
    elif check.left in writable:
        values[check.left] = right
    else:
        values[known(check.right)] = left


def _differ(check: Check, values: Values, fields) -> None:
    left, item = values.get(check.left or ""), fields[known(check.left)]
    if left is None or left != values.get(check.right or ""):
        return
    others = [choice.code for choice in item.choices if choice.code != left]
    values[known(check.left)] = (
        others[0] if others else f"{left}（另）" if item.type == "text" else None
    )


def _sum(check: Check, values: Values, fields, writable: set[str], *, bends: bool) -> None:
    codes = known(check.parts)
    parts = [part for code in codes if (part := _number(values, code)) is not None]
    total = _number(values, known(check.total))
    if len(parts) < len(codes) or total is None or sum(parts) == total:
        return
    if bends and total < sum(parts):
        rest, part = total, (total / len(parts)).to_integral_value(rounding="ROUND_DOWN")
        for code in known(check.parts)[:-1]:
            _write(values, fields[code], part)
            rest -= part
        _write(values, fields[known(check.parts)[-1]], rest)
        return
    if check.total in writable:
        _write(values, fields[known(check.total)], sum(parts, Decimal(0)))
        return
    rest = total
    for code in known(check.parts)[:-1]:
        part = min(known(_number(values, code)), rest)
        _write(values, fields[code], part)
        rest -= part
    _write(values, fields[known(check.parts)[-1]], rest)


def _parts(check: Check, values: Values, fields) -> None:
    codes, whole = known(check.parts), known(check.value)
    parts = [part for code in codes if (part := _number(values, code)) is not None]
    if len(parts) < len(codes) or sum(parts) == whole:
        return
    rest = whole
    for index, code in enumerate(codes):
        left = len(codes) - index
        part = rest if left == 1 else (whole / len(codes)).to_integral_value()
        _write(values, fields[code], part)
        rest -= part


def _with_table(
    check: Check,
    values: Values,
    fields,
    table: Table,
    rows: list[Values],
    writable: set[str],
    *,
    bends: bool,
) -> None:
    if check.kind == "in_column":
        cells = [row[known(check.column)] for row in rows if row.get(check.column or "")]
        value = values.get(check.left or "")
        if cells and value not in {None, *cells}:
            if check.left in writable:
                values[known(check.left)] = cells[-1]
            else:
                rows[0][known(check.column)] = value
        return
    left = _number(values, known(check.left))
    if left is None:
        return
    if check.kind == "equals_table_total":
        columns = {column.code: column for column in table.columns}
        total = sum((_number(row, known(check.column)) or Decimal(0) for row in rows), Decimal(0))
        if bends and left < total:
            _spread(left, columns[known(check.column)], rows)
            fit_table(table, rows, bends=True)
        else:
            _write(values, fields[check.left], total)
    elif check.kind == "lte_table_rows" and left > len(rows):
        _write(values, fields[check.left], Decimal(len(rows)))


def _column_sum(check: Check, columns, rows: list[Values]) -> bool:
    found = [row for row in rows if row.get(check.column or "") is not None]
    if not found or sum(known(_number(row, known(check.column))) for row in found) == check.value:
        return False
    _spread(known(check.value), columns[known(check.column)], found)
    return True


def _spread(total: Decimal, column: Field, rows: list[Values]) -> None:
    """The total over the rows of a column, in equal whole parts; the last one takes the rest."""
    rest, part = total, (total / len(rows)).to_integral_value(rounding="ROUND_DOWN")
    for index, row in enumerate(rows):
        last = index == len(rows) - 1
        _write(row, column, rest if last else part)
        rest -= part


def _unique(check: Check, columns, rows: list[Values]) -> bool:
    seen: set[Any] = set()
    changed = False
    for number, row in enumerate(rows, start=1):
        value = row.get(check.column or "")
        if value is None:
            continue
        if value in seen:
            if columns[check.column].type != "text":
                row.clear()
                changed = True
                continue
            value = row[known(check.column)] = f"{value}（{number}）"
            changed = True
        seen.add(value)
    return changed
