"""The investment table (投入明细表): reading rows, what is wrong with them, what does not count.

A row is valid when every cell can be read, what is required is there, 价税合计 = 不含税额 + 税额,
and its invoice stands in the application once. What the call does not count (window, category,
related party, fiscal money) is a note, not an error: the row may stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from applications.checks import told_issue
from applications.entries import enter
from applications.models import Invoice
from policy import answers
from policy.issues import Issue
from policy.money import show_cny
from policy.schema import DefinitionSchema, Field, Section
from policy.text import Text

# Codes of problems beyond those of policy.issues.
WORDS = {
    "duplicate": gettext_lazy("发票号码与第 %(row)s 行重复"),
    "gross_mismatch": gettext_lazy(
        "价税合计应为 %(sum)s（不含税额 %(net)s + 税额 %(tax)s），填写为 %(gross)s"
    ),
}
_TEXT = {
    "category", "name", "specification", "seller", "seller_uscc", "contract_no", "invoice_no",
    "voucher_no",
}  # fmt: skip


def section_of(schema: DefinitionSchema) -> Section | None:
    """The section that holds the investment table, if the form has one."""
    return next((item for item in schema.form.sections if item.kind == "invoices"), None)


# --- rows ------------------------------------------------------------------------------


def enter_row(columns: Sequence[Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """A row as typed (or pasted) in its stored form."""
    return {
        column.code: enter(column, given.get(column.code))
        for column in columns
        if column.code in given
    }


def judge(columns: Sequence[Field], raw: Mapping[str, Any]) -> tuple[dict, dict[str, Issue]]:
    """The typed values of a row and, by column, the first thing that is wrong."""
    values: dict[str, Any] = {}
    issues: dict[str, Issue] = {}
    for column in columns:
        try:
            value = answers.read(column, raw.get(column.code))
        except answers.AnswerRefused as refused:
            issues[column.code] = refused.issue
            continue
        if value is None and column.required:
            issues[column.code] = Issue(column.code, "required")
        values[column.code] = value
    amounts: list[Any] = [values.get(code) for code in ("net_cny", "tax_cny", "gross_cny")]
    if None not in amounts:
        net, tax, gross = amounts
        if net + tax != gross:
            facts = {"net": net, "tax": tax, "gross": gross, "sum": net + tax}
            issues["gross_cny"] = Issue("gross_cny", "gross_mismatch", facts)
    return values, issues


def _write(row: Invoice, columns: Sequence[Field]) -> dict[str, Issue]:
    """The typed columns from ``raw``; the row's own issues."""
    values, issues = judge(columns, row.raw)
    for column in columns:
        value = values.get(column.code)
        if value is None and column.code in _TEXT:
            value = ""
        setattr(row, column.code, value)
    if row.verified_cny is not None and (row.gross_cny is None or row.verified_cny > row.gross_cny):
        # What a reviewer recognised no longer fits the corrected row: it is judged anew.
        row.verified_cny, row.reduction_reason = None, ""
    return issues


def recheck(
    changed: Sequence[Invoice], *, among: QuerySet[Invoice], columns: Sequence[Field]
) -> list[Invoice]:
    """Read the changed rows again, and settle duplicates with every row of the table that bears,
    or bore, one of their numbers. Returns what is to be written: the changed rows and those others.

    New rows need not be stored yet: rows are told apart by uid.
    """
    if not changed:
        return []
    before = {row.invoice_no for row in changed if row.invoice_no}
    own = {row.uid: _write(row, columns) for row in changed}
    numbers = before | {row.invoice_no for row in changed if row.invoice_no}
    rows = {row.uid: row for row in changed}
    for other in among.filter(invoice_no__in=numbers).exclude(uid__in=list(rows)):
        rows[other.uid] = other
        own[other.uid] = judge(columns, other.raw)[1]
    bearers: dict[str, list[Invoice]] = {}
    ordered = sorted(rows.values(), key=lambda row: row.position)
    for row in ordered:
        if row.invoice_no:
            bearers.setdefault(row.invoice_no, []).append(row)
    for row in ordered:
        issues = own[row.uid]
        same = bearers.get(row.invoice_no, [])
        if len(same) > 1 and "invoice_no" not in issues:
            twin = same[1] if same[0] is row else same[0]
            issues["invoice_no"] = Issue("invoice_no", "duplicate", {"uid": twin.uid})
        row.problems = {code: _stored(issue) for code, issue in issues.items()}
        row.valid = not issues
    return ordered


def store(settled: Sequence[Invoice], *, columns: Sequence[Field]) -> None:
    """Write rows that are stored already. Two rows that exchange their numbers pass through a
    state in which both bear one: so first none of them is valid."""
    Invoice.objects.filter(pk__in=[row.pk for row in settled], valid=True).update(valid=False)
    Invoice.objects.bulk_update(
        settled,
        [column.code for column in columns]
        + ["problems", "valid", "verified_cny", "reduction_reason"],
        batch_size=200,
    )


def _stored(issue: Issue) -> dict[str, Any]:
    facts = {
        name: {"zh": fact.zh, "en": fact.en} if isinstance(fact, Text) else
        f"{fact:.2f}" if isinstance(fact, Decimal) else fact
        for name, fact in issue.facts.items()
    }  # fmt: skip
    return {"code": issue.code, "facts": facts}


def told_problem(column: Field, stored: Mapping[str, Any], positions: Mapping[str, int]) -> str:
    """A stored problem in the reader's language; ``positions`` number the rows by uid."""
    facts: dict[str, Any] = {
        name: Text(fact["zh"], fact["en"]) if isinstance(fact, dict) else fact
        for name, fact in stored["facts"].items()
    }
    code = stored["code"]
    if code == "duplicate":
        return str(WORDS[code]) % {"row": positions.get(facts["uid"], "?")}
    if code == "gross_mismatch":
        return str(WORDS[code]) % {name: show_cny(Decimal(fact)) for name, fact in facts.items()}
    return str(told_issue(column, Issue(column.code, code, facts)))


def positions_named(rows: Iterable[Invoice]) -> dict[str, int]:
    """The positions of the rows that the problems of these rows name; one query if any."""
    named = {
        problem["facts"]["uid"]
        for row in rows
        for problem in row.problems.values()
        if problem["code"] == "duplicate"
    }
    if not named:
        return {}
    return dict(Invoice.objects.filter(uid__in=named).values_list("uid", "position"))


# --- what does not count -----------------------------------------------------------------


@dataclass(frozen=True)
class Counting:
    """What of the table the call counts. A setting that is not given excludes nothing."""

    window_start: date | None = None
    window_end: date | None = None
    categories: frozenset[str] | None = None
    exclude_related: bool = False
    exclude_fiscal: bool = False

    @classmethod
    def of(cls, schema: DefinitionSchema, settings: Mapping[str, Any]) -> "Counting":
        defaults = {item.code: item.default for item in schema.settings}
        chosen = {
            code: value
            for code in cls.__dataclass_fields__
            if (value := settings.get(code, defaults.get(code))) is not None
        }
        for code in ("window_start", "window_end"):
            if code in chosen:
                chosen[code] = date.fromisoformat(chosen[code])
        if "categories" in chosen:
            chosen["categories"] = frozenset(chosen["categories"])
        return cls(**chosen)

    def notes(self, row: Invoice) -> dict[str, str]:
        """Why (part of) a row does not count, by column."""
        found = {}
        day = row.invoice_date
        if day and self.window_start and day < self.window_start:
            found["invoice_date"] = _("早于 %(day)s，不计入") % {"day": self.window_start}
        elif day and self.window_end and day > self.window_end:
            found["invoice_date"] = _("晚于 %(day)s，不计入") % {"day": self.window_end}
        if row.category and self.categories is not None and row.category not in self.categories:
            found["category"] = _("此类别不计入")
        if row.related_party and self.exclude_related:
            found["related_party"] = _("关联交易不计入")
        if row.fiscal_percent and self.exclude_fiscal:
            found["fiscal_percent"] = _("财政资金部分不计入")
        return found
