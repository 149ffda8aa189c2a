"""The form of a definition: groups, sections, fields, tables and checks.

Answers, wherever they are stored as JSON, hold for each type of field:

=============  ==================================================================
text, textarea, uscc, id_number, phone, email, url, choice   a string (a choice: its code)
integer        a whole number
decimal        a string such as ``"12.50"``
percent        a string, 0 to 100 where bounds say nothing else
money          a string in 元 with two decimals, entered in 元
money_wan      a string in 元 with two decimals, entered in 万元
date, month    ``"2026-11-21"``, ``"2026-11"``
multichoice    a list of codes
bool           true or false
=============  ==================================================================
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from policy.schema.codes import CODE, check_codes, find
from policy.strict import Wrong
from policy.text import Text

MAX_INPUTS = 12

FieldType = Literal[
    "text",
    "textarea",
    "integer",
    "decimal",
    "money",
    "money_wan",
    "percent",
    "date",
    "month",
    "choice",
    "multichoice",
    "bool",
    "uscc",
    "id_number",
    "phone",
    "email",
    "url",
]
NUMERIC = {"integer", "decimal", "money", "money_wan", "percent"}

# What a field may be prefilled with: attributes of the applying organisation's profile.
PREFILLS = {
    "organisation.name",
    "organisation.uscc",
    "organisation.kind",
    "organisation.district",
    "organisation.founded_on",
    "organisation.address",
    "organisation.legal_representative",
    "organisation.contact_name",
    "organisation.contact_phone",
    "organisation.bank_account_name",
    "organisation.bank_name",
    "organisation.bank_account",
    "organisation.bank_code",
    "organisation.registered_capital_cny",
    "organisation.revenue_cny",
    "organisation.rd_expense_cny",
    "organisation.staff_count",
    "organisation.rd_staff_count",
    "organisation.hightech_number",
    "organisation.hightech_until",
    "organisation.specialised",
    # Computed by the portal, not typed: the invoice table's total, what of it counts, the award.
    "computed.claimed_cny",
    "computed.base_cny",
    "computed.award_cny",
}
INVOICE_CATEGORIES = (
    "equipment",
    "lease",
    "fit_out",
    "personnel",
    "materials_testing",
    "software",
    "ip",
    "other",
)


@dataclass(frozen=True)
class Choice:
    code: str
    label: Text


@dataclass(frozen=True)
class Condition:
    """True when another field's answer fits: exactly one of the tests is given."""

    field: str
    equals: str | None = None
    one_of: tuple[str, ...] | None = None
    is_true: bool | None = None
    at_least: Decimal | None = None
    answered: bool | None = None

    def check(self):
        given = [self.equals, self.one_of, self.is_true, self.at_least, self.answered]
        if sum(test is not None for test in given) != 1:
            raise Wrong(
                "a condition has exactly one of equals, one_of, is_true, at_least, answered"
            )

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """Whether the condition holds for answers by field code; unanswered never fits."""
        value = answers.get(self.field)
        empty = value in (None, "", [])
        if self.answered is not None:
            return self.answered is not empty
        if self.is_true is not None:
            return (value is True) is self.is_true
        if empty:
            return False
        if self.at_least is not None:
            return Decimal(str(value)) >= self.at_least
        wanted = {self.equals} if self.one_of is None else set(self.one_of)
        return bool(wanted & (set(value) if isinstance(value, list) else {value}))


# What a field says of the account that is paid, where it is a person's and not the applicant's.
Payee = Literal["account_name", "bank_name", "account", "bank_code", "id_number"]


@dataclass(frozen=True)
class Field:
    """One input. ``readonly`` fields show a prefilled value and are stored as a snapshot.

    ``payee``: the answer is part of the account that is paid instead of the applicant's own.
    """

    code: str
    type: FieldType
    label: Text
    help: Text | None = None
    unit: Text | None = None
    required: bool = False
    required_if: Condition | None = None
    readonly: bool = False
    min: Decimal | None = None
    max: Decimal | None = None
    max_length: int | None = None
    decimals: int | None = None
    choices: tuple[Choice, ...] = ()
    max_selected: int | None = None
    pattern: str | None = None
    pattern_hint: Text | None = None
    prefill: str | None = None
    payee: Payee | None = None
    evidence: tuple[str, ...] = ()

    def check(self):
        if not CODE.fullmatch(self.code):
            raise Wrong(f"code {self.code!r} is not lower-case ASCII", "code")
        if (self.type in {"choice", "multichoice"}) is not bool(self.choices):
            raise Wrong("choices go with the types choice and multichoice, and only with them")
        check_codes(self.choices, "choices")
        if self.type not in NUMERIC and (self.min is not None or self.max is not None):
            raise Wrong(f"type {self.type} has no min or max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise Wrong(f"min {self.min} is above max {self.max}", "min")
        if self.max_selected is not None and self.type != "multichoice":
            raise Wrong("max_selected goes with multichoice", "max_selected")
        if self.type in NUMERIC and self.unit is None:
            raise Wrong("a number is shown beside its unit: unit is missing")
        if self.prefill is not None and self.prefill not in PREFILLS:
            raise Wrong(f"unknown prefill {self.prefill!r}", "prefill")
        if self.readonly and self.prefill is None:
            raise Wrong("a readonly field needs a prefill", "readonly")
        if self.required and self.required_if is not None:
            raise Wrong("required and required_if exclude each other", "required_if")
        if self.pattern is not None:
            if self.pattern_hint is None:
                raise Wrong("a pattern needs a pattern_hint that says what is expected", "pattern")
            try:
                re.compile(self.pattern)
            except re.error as fault:
                raise Wrong(f"pattern does not compile: {fault}", "pattern") from None

    @property
    def is_private(self) -> bool:
        """Shown to the applicant's own people and to finance: a person's account and number."""
        return self.type == "id_number" or self.payee not in {None, "account_name"}

    @property
    def is_numeric(self) -> bool:
        return self.type in NUMERIC

    def choice_label(self, code: str) -> Text | str:
        return next((choice.label for choice in self.choices if choice.code == code), code)


# What each kind of check compares, and the figures that its message may name. Figures of
# fields come with their units ("200.00 万元", "3 人"); {row}, {rows} and {count} are bare.
CHECKS: dict[str, tuple[set[str], set[str]]] = {
    # left ≤ right
    "lte": ({"left", "right"}, {"left", "right", "difference"}),
    # the parts add up to a field
    "sum_equals": ({"parts", "total"}, {"sum", "total", "difference"}),
    # the parts, or a column of the table, add up to a number
    "sum_to": ({"value"}, {"sum", "value", "difference"}),
    # left is the same as right: two texts, two amounts
    "same": ({"left", "right"}, {"left", "right"}),
    # left is not right: two parties of one contract
    "differ": ({"left", "right"}, {"left", "right"}),
    # first ≤ second, as dates or months
    "date_order": ({"left", "right"}, {"left", "right"}),
    # a field equals the total of a column of a table
    "equals_table_total": ({"left", "table", "column"}, {"left", "total", "difference"}),
    # a field is the number of rows of a table (filled or not) at least
    "lte_table_rows": ({"left", "table"}, {"left", "rows"}),
    # a field's answer stands in a column of a table that has rows
    "in_column": ({"left", "table", "column"}, {"left"}),
    "at_most_selected": ({"left", "value"}, {"count", "value"}),
    # no two rows of the table have the same value in a column
    "unique_column": ({"column"}, {"value", "row"}),
}


@dataclass(frozen=True)
class Check:
    """A comparison between answers. Operands are field codes, in a table column codes.

    ``error`` stops submission, ``warning`` becomes a finding that must be read. A check
    whose operands are not all answered says nothing: being required is another matter.
    """

    code: str
    kind: Literal[
        "lte",
        "same",
        "differ",
        "sum_equals",
        "sum_to",
        "date_order",
        "equals_table_total",
        "lte_table_rows",
        "in_column",
        "at_most_selected",
        "unique_column",
    ]
    message: Text
    severity: Literal["error", "warning"] = "error"
    left: str | None = None
    right: str | None = None
    parts: tuple[str, ...] | None = None
    total: str | None = None
    value: Decimal | None = None
    table: str | None = None
    column: str | None = None

    def check(self):
        needed, figures = CHECKS[self.kind]
        given = {
            name
            for name in ("left", "right", "parts", "total", "value", "table", "column")
            if getattr(self, name) is not None
        }
        if self.kind == "sum_to":
            if ("parts" in given) is ("column" in given):
                raise Wrong("sum_to takes either parts or a column")
            needed = needed | (given & {"parts", "column"})
        if given != needed:
            raise Wrong(f"{self.kind} takes {', '.join(sorted(needed))}")
        if unknown := self.message.placeholders - figures:
            raise Wrong(f"{self.kind} has no figure {{{min(unknown)}}}", "message")

    @property
    def operands(self) -> tuple[str, ...]:
        """Codes of the fields (or columns) that the check is about; the first is marked."""
        named = [self.left, self.right, self.total, *(self.parts or ()), self.column]
        return tuple(code for code in named if code)


@dataclass(frozen=True)
class Row:
    """A row that is always there, in a table whose rows are fixed (goals by year).

    ``part_of``: the row above of which this one is a part (其中), so never more than it.
    """

    code: str
    label: Text
    unit: Text | None = None
    part_of: str | None = None


@dataclass(frozen=True)
class Table:
    """A child table: rows of the same columns. With ``rows`` the rows are fixed."""

    code: str
    columns: tuple[Field, ...]
    min_rows: int = 0
    max_rows: int = 200
    rows: tuple[Row, ...] = ()
    checks: tuple[Check, ...] = ()

    def check(self):
        check_codes(self.columns, "columns")
        check_codes(self.rows, "rows")
        check_codes(self.checks, "checks")
        if not self.columns:
            raise Wrong("a table has columns", "columns")
        if not 0 <= self.min_rows <= self.max_rows:
            raise Wrong(f"min_rows {self.min_rows} and max_rows {self.max_rows} do not fit")
        known = {column.code for column in self.columns}
        for index, check in enumerate(self.checks):
            for code in check.operands:
                if code not in known:
                    raise Wrong(f"no column {code!r}", "checks", index)
        for index, row in enumerate(self.rows):
            whole = next((other for other in self.rows[:index] if other.code == row.part_of), None)
            if row.part_of is not None and whole is None:
                raise Wrong(f"no row {row.part_of!r} above this one", "rows", index, "part_of")
            if whole is not None and whole.unit != row.unit:
                raise Wrong("a part has the unit of its whole", "rows", index, "unit")
        for index, column in enumerate(self.columns):
            if column.required_if and column.required_if.field not in known:
                raise Wrong(f"no column {column.required_if.field!r}", "columns", index)


@dataclass(frozen=True)
class InvoiceTable:
    """The 投入明细表: its columns are the product's (``policy.invoices``), its choices the line's."""

    code: str
    categories: tuple[Choice, ...]
    min_rows: int = 1
    max_rows: int = 2000

    def check(self):
        check_codes(self.categories, "categories")
        for index, category in enumerate(self.categories):
            if category.code not in INVOICE_CATEGORIES:
                raise Wrong(f"unknown category {category.code!r}", "categories", index)


@dataclass(frozen=True)
class Section:
    """A part of the form (栏目). ``why`` is the clause, verbatim, that makes it necessary."""

    code: str
    title: Text
    kind: Literal["fields", "table", "invoices", "attachments", "review"]
    intro: Text | None = None
    why: str | None = None
    fields: tuple[Field, ...] = ()
    table: Table | None = None
    invoices: InvoiceTable | None = None
    checks: tuple[Check, ...] = ()

    def check(self):
        check_codes(self.fields, "fields")
        check_codes(self.checks, "checks")
        inputs = [item for item in self.fields if not item.readonly]
        if len(inputs) > MAX_INPUTS:
            raise Wrong(f"{len(inputs)} inputs; a section has at most {MAX_INPUTS}", "fields")
        for part, kind in (("table", "table"), ("invoices", "invoices")):
            if (getattr(self, part) is not None) is not (self.kind == kind):
                raise Wrong(f"{part} goes with kind {kind}, and only with it", "kind")
        if self.kind == "fields" and not self.fields:
            raise Wrong("a section of fields has fields", "fields")
        if self.kind in {"attachments", "invoices"} and self.fields:
            raise Wrong(f"a section of kind {self.kind} has no fields", "fields")


@dataclass(frozen=True)
class Group:
    code: str
    title: Text
    sections: tuple[Section, ...]

    def check(self):
        check_codes(self.sections, "sections")


@dataclass(frozen=True)
class Form:
    groups: tuple[Group, ...] = ()

    def check(self):
        check_codes(self.groups, "groups")

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        return tuple(section for group in self.groups for section in group.sections)

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {item.code: item for section in self.sections for item in section.fields}

    @cached_property
    def tables(self) -> dict[str, Table]:
        return {section.table.code: section.table for section in self.sections if section.table}

    def section(self, code: str) -> Section:
        return find(self.sections, code)

    def section_of(self, field_code: str) -> Section:
        """The section in which a field stands."""
        for section in self.sections:
            if any(item.code == field_code for item in section.fields):
                return section
        raise KeyError(field_code)
