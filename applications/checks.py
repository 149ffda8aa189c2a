"""What is wrong with a case, or missing: every finding with its place, one function for all pages.

Problems are computed from what is stored, never stored themselves (an invoice row keeps its own:
duplicates concern two rows). A problem's text is made in the reader's language.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from applications import amounts
from applications.content import ASKED_FIELDS, Content, load
from applications.entries import told
from applications.models import Application, TableRow
from policy import answers
from policy.issues import Issue
from policy.schema import Check, Field, Section, Table
from policy.text import Text
from portal.types import known

MISSING, ERROR, WARNING = "missing", "error", "warning"


@dataclass(frozen=True)
class Problem:
    """``severity``: missing and error stop submission, a warning is read and confirmed.

    ``field`` is a field, column or slot; ``row`` counts from 1, ``row_uid`` names the row.
    """

    section: str
    code: str
    text: Any
    field: str = ""
    label: Any = ""
    row: int | None = None
    row_uid: str = ""
    severity: str = ERROR
    row_label: Any = ""

    @property
    def stops(self) -> bool:
        return self.severity != WARNING

    @property
    def message(self) -> str:
        """The words of summaries: row and label first."""
        text = format_lazy("{}{}{}", self.label, _("："), self.text) if self.label else self.text
        if self.row_label:
            return f"{self.row_label} {text}"
        if self.row is None:
            return str(text)
        return str(_("第 %(row)s 行 %(text)s") % {"row": self.row, "text": text})

    @property
    def anchor(self) -> str:
        """The id of the input, as forms and grids name it."""
        if self.row_uid:
            return f"c-{self.row_uid}-{self.field}" if self.field else f"r-{self.row_uid}"
        return f"id_{self.field}" if self.field else "main"


def problems(application: Application, *, content: Content | None = None) -> list[Problem]:
    """Everything that is missing, wrong or worth a look in the whole case, amounts included."""
    if content is None:
        content = load(application)
        amounts.preview(content)
    found: list[Problem] = []
    for section in content.schema.form.sections:
        found += section_problems(content, section)
    return found


def section_problems(content: Content, section: Section) -> list[Problem]:
    """The problems of one section."""
    found: list[Problem] = []
    values = content.values
    for item in section.fields:
        found += _answer_problems(section, item, values.get(item.code), values)
    if section.kind == "table":
        found += table_problems(section, content.rows.get(known(section.table).code, []))
    elif section.kind == "invoices":
        found += _invoice_problems(content, section)
    elif section.kind == "attachments":
        found += _attachment_problems(content, section)
    broken = {problem.field for problem in found}
    for check in section.checks:
        if not broken & set(check.operands):
            found += _section_check(content, section, check)
    if content.computation is not None:
        found += _amount_problems(content, section)
    return found


def _amount_problems(content: Content, section: Section) -> Iterator[Problem]:
    """Asked is not more than the rules give; a requirement that is not met stops the case."""
    computation = content.computation
    if section.kind == "review":
        for reason in known(computation).reasons:
            if reason.met is False:
                text = Text(
                    f"不符合申报条件：{reason.label_zh}", f"Not eligible: {reason.label_en}"
                )
                yield Problem(section.code, "not_eligible", text)
    item = next((item for item in section.fields if item.code in ASKED_FIELDS), None)
    told_by_form = any(
        other.prefill == "computed.award_cny" and other.code in check.operands
        for check in section.checks
        for other in section.fields
    )
    if item is None or told_by_form or (capped_cny := known(computation).capped_cny) is None:
        return
    asked = _read(item, content.values.get(item.code))
    if asked is not None and asked > capped_cny:
        capped = told(item, f"{capped_cny:.2f}")
        told_over = _("申请额 %(asked)s 超过按规则可申请的 %(capped)s") % {
            "asked": told(item, f"{asked:.2f}"),
            "capped": capped,
        }
        yield Problem(section.code, "above_capped", told_over, item.code, item.label)


def told_issue(item: Field, issue: Issue) -> Issue:
    """The issue in the unit of the input: the figures of ``money_wan`` in 万元."""
    if item.type != "money_wan":
        return issue
    facts = dict(issue.facts)
    for name in ("value", "min", "max"):
        if name in facts and isinstance(amount := _number(facts[name]), Decimal):
            facts[name] = f"{amount.scaleb(-4).normalize():f}"
    if "decimals" in facts:
        facts["decimals"] += 4
    return Issue(issue.field, issue.code, facts, row=issue.row)


# --- answers -----------------------------------------------------------------------


def _answer_problems(
    section: Section,
    item: Field,
    stored: Any,
    values: Mapping[str, Any],
    *,
    row: int | None = None,
    row_uid: str = "",
    row_label: Any = "",
) -> Iterator[Problem]:
    def problem(code, text, severity=ERROR):
        return Problem(
            section.code, code, text, item.code, item.label, row, row_uid, severity, row_label
        )

    try:
        value = answers.read(item, stored)
    except answers.AnswerRefused as refused:
        yield problem(refused.issue.code, told_issue(item, refused.issue))
        return
    if value is None and _required(item, values):
        if (item.prefill or "").startswith("organisation.") and item.readonly:
            yield problem("profile_missing", _("单位信息中没有此项，请先在单位信息中补充"))
        elif not item.readonly:
            yield problem("required", Issue(item.code, "required"), MISSING)


def _required(item: Field, values: Mapping[str, Any]) -> bool:
    return item.required or bool(item.required_if and item.required_if.holds(values))


# --- tables ------------------------------------------------------------------------


def is_blank(data: Mapping[str, Any]) -> bool:
    return all(answers.is_empty(value) for value in data.values())


def table_problems(section: Section, rows: Iterable[TableRow]) -> list[Problem]:
    """Problems of a child table; wholly blank free rows count as not there."""
    table = known(section.table)
    found: list[Problem] = []
    if table.rows:
        kept = _fixed(table, rows)
    else:
        filled = [row for row in rows if not is_blank(row.data)]
        kept = [(number, row.uid, row.data) for number, row in enumerate(filled, start=1)]
        if len(kept) < table.min_rows:
            facts = {"min": table.min_rows, "count": len(kept)}
            text = Issue(table.code, "too_few_rows", facts)
            found.append(
                Problem(section.code, "too_few_rows", text, label=section.title, severity=MISSING)
            )
        if len(kept) > table.max_rows:
            facts = {"max": table.max_rows, "count": len(kept)}
            text = Issue(table.code, "too_many_rows", facts)
            found.append(Problem(section.code, "too_many_rows", text, label=section.title))
    for number, uid, data in kept:
        label = table.rows[number - 1].label if table.rows else ""
        for column in table.columns:
            stored = data.get(column.code)
            found += _answer_problems(
                section, column, stored, data, row=number, row_uid=uid, row_label=label
            )
    broken = {(problem.row, problem.field) for problem in found}
    for check in table.checks:
        found += _table_check(section, table, check, kept, broken)
    found += _parts_above_whole(section, table, kept, broken)
    return found


def _fixed(table: Table, rows: Iterable[TableRow]) -> list[tuple[int, str, Mapping]]:
    """The fixed rows, whether stored yet or not; one not stored is named by its place."""
    stored = {row.position: row for row in rows}
    return [
        (
            number,
            stored[number].uid if number in stored else unstored_uid(number),
            stored[number].data if number in stored else {},
        )
        for number, _row in enumerate(table.rows, start=1)
    ]


def unstored_uid(number: int) -> str:
    """The key by which pages and problems name a fixed row before it is stored."""
    return f"@{number}"


# --- invoices, files ----------------------------------------------------------------


def _invoice_problems(content: Content, section: Section) -> Iterator[Problem]:
    figures = content.invoices
    table = known(section.invoices)
    if figures.rows < table.min_rows:
        text = Issue(table.code, "too_few_rows", {"min": table.min_rows, "count": figures.rows})
        yield Problem(section.code, "too_few_rows", text, label=section.title, severity=MISSING)
    if figures.rows > table.max_rows:
        text = Issue(table.code, "too_many_rows", {"max": table.max_rows, "count": figures.rows})
        yield Problem(section.code, "too_many_rows", text, label=section.title)
    if figures.wrong:
        wrong = ngettext_lazy("%(count)s 行有误", "%(count)s 行有误", figures.wrong) % {
            "count": figures.wrong
        }
        yield Problem(section.code, "wrong_rows", wrong, label=section.title)


def _attachment_problems(content: Content, section: Section) -> Iterator[Problem]:
    first: dict[str, Any] = {}
    for slot in content.schema.attachments:
        files = content.attachments.get(slot.code, [])
        needed = slot.required or (slot.required_if and slot.required_if.holds(content.values))
        if needed and not files:
            yield Problem(
                section.code, "no_file", _("请上传此项附件"), slot.code, slot.label,
                severity=MISSING,
            )  # fmt: skip
        for file in files:
            if file.blob.scan == "infected":
                text = _("“%(name)s”含病毒，请删除后重新上传") % {"name": file.name}
                yield Problem(section.code, "infected", text, slot.code, slot.label)
            elsewhere = first.setdefault(file.blob_id, slot)
            if elsewhere is not slot:
                text = _("“%(name)s”与“%(slot)s”中的文件内容相同，请核对是否传错") % {
                    "name": file.name, "slot": elsewhere.label,
                }  # fmt: skip
                yield Problem(
                    section.code, "same_file", text, slot.code, slot.label, severity=WARNING
                )


# --- comparisons ----------------------------------------------------------------------


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def _read(item: Field | None, stored: Any) -> Any:
    """The value, None where there is none or where it cannot be read."""
    if item is None:
        return None
    try:
        return answers.read(item, stored)
    except answers.AnswerRefused:
        return None


def _section_check(content: Content, section: Section, check: Check) -> Iterator[Problem]:
    form = content.schema.form
    fields = form.fields
    values = {code: _read(fields.get(code), content.values.get(code)) for code in check.operands}
    rows: list[Mapping[str, Any]] = []
    if check.table is not None:
        table = form.tables[check.table]
        fields = {**fields, **{column.code: column for column in table.columns}}
        rows = [row.data for row in content.rows.get(check.table, []) if not is_blank(row.data)]
    figures = _broken(check, values, fields, rows)
    if figures is not None:
        yield _of_check(section, check, fields, figures)


def _table_check(section, table: Table, check: Check, kept, broken) -> Iterator[Problem]:
    columns = {column.code: column for column in table.columns}
    if check.kind == "unique_column":
        yield from _unique(section, check, columns, kept)
        return
    if check.column is not None:
        rows = [data for _number_, _uid, data in kept]
        if not any((number, check.column) in broken for number, _uid, _data in kept):
            figures = _broken(check, {}, columns, rows)
            if figures is not None:
                yield _of_check(section, check, columns, figures)
        return
    for number, uid, data in kept:
        if any((number, code) in broken for code in check.operands):
            continue
        values = {code: _read(columns[code], data.get(code)) for code in check.operands}
        figures = _broken(check, values, columns, [])
        if figures is not None:
            yield _of_check(section, check, columns, figures, row=number, row_uid=uid)


def _parts_above_whole(section, table: Table, kept, broken) -> Iterator[Problem]:
    """Fixed rows that are a part of another one (其中) and more than it, column by column."""
    stored = {fixed.code: row for fixed, row in zip(table.rows, kept, strict=False)}
    labels = {fixed.code: fixed.label for fixed in table.rows}
    for fixed in table.rows:
        if fixed.part_of is None:
            continue
        (number, uid, part), (above, _uid, whole) = stored[fixed.code], stored[fixed.part_of]
        for column in table.columns:
            if not column.is_numeric or {(number, column.code), (above, column.code)} & broken:
                continue
            mine, most = _read(column, part.get(column.code)), _read(column, whole.get(column.code))
            if mine is None or most is None or mine <= most:
                continue
            shown = replace(column, unit=fixed.unit) if fixed.unit else column
            text = _("%(part)s大于“%(whole)s”的 %(most)s") % {
                "part": told(shown, str(mine)),
                "whole": labels[fixed.part_of],
                "most": told(shown, str(most)),
            }
            yield Problem(
                section.code, "part_above_whole", text, column.code, column.label, number, uid,
                row_label=fixed.label,
            )  # fmt: skip


def _unique(section, check: Check, columns, kept) -> Iterator[Problem]:
    seen: dict[Any, int] = {}
    for number, uid, data in kept:
        value = data.get(check.column)
        if answers.is_empty(value):
            continue
        key = value.casefold() if isinstance(value, str) else value
        if key in seen:
            shown = told(columns[check.column], value)
            figures = {"value": shown, "row": seen[key]}
            yield _of_check(section, check, columns, figures, row=number, row_uid=uid)
        else:
            seen[key] = number


def _broken(
    check: Check, values: Mapping[str, Any], fields: Mapping[str, Field], rows: list[Mapping]
) -> dict[str, Any] | None:
    """The figures of a check that does not hold; None where it holds or says nothing."""
    return _KINDS[check.kind](check, values, fields, rows)


def _lte(check, values, fields, rows):
    left, right = values[check.left], values[check.right]
    if left is None or right is None or left <= right:
        return None
    figures = {
        "left": told(fields[check.left], str(left)),
        "right": told(fields[check.right], str(right)),
    }
    if check.kind == "lte":
        figures["difference"] = told(fields[check.left], str(left - right))
    return figures


def _same(check, values, fields, rows):
    left, right = values[check.left], values[check.right]
    if left is None or right is None or left == right:
        return None
    return {
        "left": told(fields[check.left], str(left)),
        "right": told(fields[check.right], str(right)),
    }


def _differ(check, values, fields, rows):
    left, right = values[check.left], values[check.right]
    if left is None or left != right:
        return None
    return {
        "left": told(fields[check.left], str(left)),
        "right": told(fields[check.right], str(right)),
    }


def _sum_equals(check, values, fields, rows):
    parts, total = [values[code] for code in check.parts], values[check.total]
    if None in parts or total is None or sum(parts) == total:
        return None
    item = fields[check.total]
    return {
        "sum": told(item, str(sum(parts))),
        "total": told(item, str(total)),
        "difference": told(item, str(abs(sum(parts) - total))),
    }


def _sum_to(check, values, fields, rows):
    if check.parts:
        found, item = [values[code] for code in check.parts], fields[check.parts[0]]
        if None in found:
            return None
    else:
        item = fields[check.column]
        found = [_read(item, row.get(check.column)) for row in rows]
        found = [value for value in found if value is not None]
        if not found:
            return None
    total = sum(found)
    if total == check.value:
        return None
    return {
        "sum": told(item, str(total)),
        "value": told(item, str(check.value)),
        "difference": told(item, str(abs(total - check.value))),
    }


def _equals_table_total(check, values, fields, rows):
    left = values[check.left]
    if left is None:
        return None
    column = fields[check.column]
    found = [_read(column, row.get(check.column)) for row in rows]
    total = sum((value for value in found if value is not None), Decimal(0))
    if left == total:
        return None
    item = fields[check.left]
    return {
        "left": told(item, str(left)),
        "total": told(item, str(total)),
        "difference": told(item, str(abs(left - total))),
    }


def _lte_table_rows(check, values, fields, rows):
    left = values[check.left]
    if left is None or left <= len(rows):
        return None
    return {"left": told(fields[check.left], str(left)), "rows": len(rows)}


def _in_column(check, values, fields, rows):
    left = values[check.left]
    found = {_read(fields[check.column], row.get(check.column)) for row in rows} - {None}
    if left is None or not found or left in found:
        return None
    return {"left": told(fields[check.left], str(left))}


def _at_most_selected(check, values, fields, rows):
    chosen = values[check.left]
    if chosen is None or len(chosen) <= check.value:
        return None
    return {"count": len(chosen), "value": f"{check.value:f}"}


_KINDS = {
    "lte": _lte,
    "same": _same,
    "differ": _differ,
    "date_order": _lte,
    "sum_equals": _sum_equals,
    "sum_to": _sum_to,
    "equals_table_total": _equals_table_total,
    "lte_table_rows": _lte_table_rows,
    "in_column": _in_column,
    "at_most_selected": _at_most_selected,
}


def _of_check(
    section: Section,
    check: Check,
    fields: Mapping[str, Field],
    figures: Mapping[str, Any],
    *,
    row: int | None = None,
    row_uid: str = "",
) -> Problem:
    marked = check.operands[0] if check.operands else ""
    message: Text = check.message.fill(**figures)
    return Problem(
        section.code,
        check.code,
        message,
        marked,
        fields[marked].label if marked in fields else "",
        row,
        row_uid,
        ERROR if check.severity == "error" else WARNING,
    )
