"""The money of a definition: award rule, caps, quota, eligibility, settings of a call."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from policy.schema.codes import check_codes
from policy.schema.form import Choice, Condition, Field
from policy.strict import Wrong
from policy.text import Text

Source = Literal["stated", "inferred"]
WAN_UNIT = Text("万元", "CNY 10,000")


@dataclass(frozen=True)
class Rate:
    """A fraction of the base: stated in the document, or left to a setting of the call.

    ``ceiling``: the value is the document's upper bound (最高 50%), the call sets the rate.
    """

    value: Decimal | None = None
    setting: str | None = None
    source: Source = "stated"
    ceiling: bool = False

    def check(self):
        if self.value is None and self.setting is None:
            raise Wrong("a rate has a value or a setting")
        if (self.value is not None and self.setting is not None) is not self.ceiling:
            raise Wrong("a ceiling has a value and a setting; another rate only one of them")
        if self.value is not None and not 0 < self.value <= 1:
            raise Wrong("a rate is a fraction above 0 and up to 1", "value")


# Parts of a base that is one amount, which a call may leave out; each with the input (元) that
# tells it. Of a base of invoices the table tells them.
Deduction = Literal["window", "related", "tax", "fiscal"]
DEDUCTION_INPUTS = {
    "window": "base_outside_window_cny",
    "related": "base_related_cny",
    "tax": "base_tax_cny",
    "fiscal": "base_fiscal_cny",
}


@dataclass(frozen=True)
class Tiers:
    """分类分档: where the call's setting has a table, its tier sets the amount, by this input."""

    setting: str
    input: str


@dataclass(frozen=True)
class Increase:
    """新增投入: whether all that counts is new, or only what exceeds an earlier year's input (元).

    The setting is a choice of ``all`` and ``increase``; ``input`` tells the earlier year's.
    """

    setting: str
    input: str


@dataclass(frozen=True)
class Award:
    """How the amount comes about.

    ===============  ================================================================
    rate_of_base     rate × base; the base is an amount or the invoice table
    per_item         amount per item × number of items
    discretionary    what the reviewers propose, up to the caps
    none             the line carries no amount of its own
    ===============  ================================================================
    """

    kind: Literal["rate_of_base", "per_item", "discretionary", "none"]
    clause: str
    source: Source = "stated"
    base: str | None = None
    base_label: Text | None = None
    rate: Rate | None = None
    unit_amount_cny: Decimal | None = None
    inputs: tuple[Field, ...] = ()
    items: bool = False
    increase: Increase | None = None
    deductions: tuple[Deduction, ...] = ()
    tiers: Tiers | None = None

    @property
    def total(self) -> Field | None:
        """The one figure that stands for the invoice table where only their sum is asked (万元)."""
        if not self.items or self.base is None or self.base_label is None:
            return None
        return Field(self.base, "money_wan", self.base_label, unit=WAN_UNIT, required=True)

    def check(self):
        check_codes(self.inputs, "inputs")
        known = {item.code: item for item in self.inputs}
        wanted = {
            "rate_of_base": {"base", "base_label", "rate"},
            "per_item": {"base", "base_label", "unit_amount_cny"},
            "discretionary": {"base", "base_label"},
            "none": set(),
        }[self.kind]
        given = {
            name
            for name in ("base", "base_label", "rate", "unit_amount_cny")
            if getattr(self, name) is not None
        }
        if given != wanted:
            raise Wrong(f"{self.kind} takes {', '.join(sorted(wanted)) or 'nothing'}")
        if self.items and self.kind != "rate_of_base":
            raise Wrong("items (the invoice table) go with rate_of_base", "items")
        if self.increase is not None:
            if not self.items:
                raise Wrong("an increase is one of the invoice table's total", "increase")
            earlier = known.get(self.increase.input)
            if earlier is None or not earlier.required:
                raise Wrong(f"no required input {self.increase.input!r}", "increase", "input")
        if self.base is not None and not self.items and self.base not in known:
            raise Wrong(f"no input {self.base!r}", "base")
        if self.deductions and (self.kind != "rate_of_base" or self.items):
            raise Wrong("deductions go with a rate of a base that is one amount", "deductions")
        for part in self.deductions:
            if (code := DEDUCTION_INPUTS[part]) not in known:
                raise Wrong(f"deduction {part} needs the input {code!r}", "deductions")
        if self.tiers is not None:
            if self.kind != "discretionary":
                raise Wrong("tiers go with discretionary", "tiers")
            if self.tiers.input not in known:
                raise Wrong(f"no input {self.tiers.input!r}", "tiers", "input")
        if self.unit_amount_cny is not None and self.unit_amount_cny <= 0:
            raise Wrong("an amount per item is above 0", "unit_amount_cny")


CapScope = Literal[
    "project",
    "task",
    "centre",
    "platform",
    "result",
    "incubator",
    "institution",
    "institute",
    "station",
    "fund",
    "organisation",
    "organisation_class",
    "person",
]
Period = Literal["year", "call", "lifetime"]


@dataclass(frozen=True)
class Cap:
    """An upper bound of the sum of awards in one scope and period.

    ``source`` says where the amount comes from, the other ``…_source`` where scope, period and
    ``once`` do: what is inferred is a setting of every call (``policy.common_settings``).
    ``once``: a second award in the same scope and period is refused, whatever room is left.
    """

    code: str
    label: Text
    amount_cny: Decimal
    scope: CapScope
    period: Period
    clause: str
    source: Source = "stated"
    scope_source: Source = "inferred"
    period_source: Source = "inferred"
    once: bool = False
    once_source: Source = "inferred"

    def check(self):
        if not 0 < self.amount_cny < Decimal("1e12"):
            raise Wrong("a cap lies between 0 and 1e12 元", "amount_cny")
        if self.amount_cny != round(self.amount_cny, 2):
            raise Wrong("a cap has at most two decimals", "amount_cny")


@dataclass(frozen=True)
class Quota:
    """Places that the document names.

    ``exit_frees``: whether the place of one that leaves after its decision is free again.
    """

    places: int
    clause: str
    source: Source = "stated"
    meaning: Literal["total", "stock", "per_year", "per_call"] = "total"
    meaning_source: Source = "inferred"
    exit_frees: bool = True

    def check(self):
        if self.places < 1:
            raise Wrong("a quota has at least one place", "places")


@dataclass(frozen=True)
class Identity:
    """Which answer tells one subject of a scope from another: this centre, that result.

    Within the applying organisation; with ``across`` the same answer of another organisation is
    the same subject (a patent number). Without an identity a project, task, result or person is
    its case, everything else its organisation. ``stacking``: the subject in this rule of stacking
    alone (the challenge of a project whose own cap goes by its contract).
    """

    scope: CapScope
    field: str
    across: bool = False
    stacking: str | None = None

    @property
    def key(self) -> str:
        """The name under which a case keeps the subject."""
        return subject_name(self.scope, self.stacking)


def subject_name(scope: str, stacking: str | None = None) -> str:
    """``project``, or of one rule of stacking ``project.joint_and_challenge``."""
    return scope if stacking is None else f"{scope}.{stacking}"


@dataclass(frozen=True)
class Stacking:
    """Lines whose support for one subject may not simply add up; the document is silent on it.

    ========  ======================================================================
    none      they add up
    exclude   互斥: supported under another line, not under this one
    higher    就高不重复: together no more than the higher of the two
    top_up    补差: what another line gave counts against this line's ceiling
    ========  ======================================================================
    """

    code: str
    label: Text
    lines: tuple[str, ...]
    scope: Literal["organisation", "project", "result"]
    mode: Literal["none", "exclude", "higher", "top_up"] = "none"

    def check(self):
        if len(set(self.lines)) < 2:
            raise Wrong("at least two lines", "lines")


@dataclass(frozen=True)
class Register:
    """A list of organisations that a call may keep: its setting, and the input of type uscc."""

    setting: str
    field: str


@dataclass(frozen=True)
class Requirement:
    """A condition of eligibility: an input of the award rule that must fit, with its clause.

    ``when``: only asked where another input fits. ``list_setting``: the call's list takes the
    place of ``test.one_of`` (the lists behind 等); with ``list_all`` the answer holds all of it.
    ``field_setting``: the call's choice, the code of an input, takes the place of ``test.field``
    (首次 by company or by result). ``register``: where the call has a list of organisations, it
    alone decides, by the credit code that the named input holds. ``group``: see
    ``AlternativeGroup``.
    """

    code: str
    label: Text
    test: Condition
    clause: str
    source: Source = "stated"
    when: Condition | None = None
    list_setting: str | None = None
    list_all: bool = False
    field_setting: str | None = None
    register: Register | None = None
    group: str | None = None
    evidence: tuple[str, ...] = ()

    def check(self):
        if self.list_setting is not None and self.test.one_of is None:
            raise Wrong("list_setting replaces one_of, which is missing", "list_setting")
        if self.list_all and self.list_setting is None:
            raise Wrong("list_all goes with list_setting", "list_all")
        if self.register is not None and self.list_setting is not None:
            raise Wrong("register and list_setting exclude each other", "register")


@dataclass(frozen=True)
class AlternativeGroup:
    """Requirements of which the call's setting says whether all or any must be met."""

    code: str
    setting: str


# What a time limit may bound, beside an input of type date: the day of the application.
APPLIED_ON = "applied_on"


@dataclass(frozen=True)
class TimeLimit:
    """两年内: the call says from which date the years run and what must lie within them.

    The choices of both settings are codes of inputs of type date, or ``applied_on``. The last
    day is the same day of the calendar ``years`` later (of 29 February: 28 February).
    """

    code: str
    label: Text
    years: int
    clause: str
    start_setting: str
    bound_setting: str
    source: Source = "stated"

    def check(self):
        if not 1 <= self.years <= 50:
            raise Wrong("years lie between 1 and 50", "years")


@dataclass(frozen=True)
class Eligibility:
    requirements: tuple[Requirement, ...] = ()
    groups: tuple[AlternativeGroup, ...] = ()
    time_limits: tuple[TimeLimit, ...] = ()

    def check(self):
        check_codes(self.requirements, "requirements")
        check_codes(self.time_limits, "time_limits")
        check_codes(self.groups, "groups")
        groups = {group.code for group in self.groups}
        for index, requirement in enumerate(self.requirements):
            if requirement.group is not None and requirement.group not in groups:
                raise Wrong(f"no group {requirement.group!r}", "requirements", index, "group")


@dataclass(frozen=True)
class CallSetting:
    """What an administrator decides for a call because the document leaves it open.

    A code with a dot replaces an attribute of a stage (``joint_review.silence``), of a cap
    (``centre.once``) or of the quota (``quota.meaning``).

    ==================  ===========================================================
    rate                a string, a fraction above 0 and up to 1
    integer, workdays   a whole number
    decimal, money      a string (money: in 元, at most two decimals)
    date                ``"2026-11-21"``
    bool, choice, multichoice   as in a form
    instalments         a list of whole percents that add up to 100
    tiers               a list of {label, from, amount_cny}, the highest first
    organisations       a list of {uscc, name}, by credit code
    ==================  ===========================================================

    ``group`` names the card of the call's form under which the setting stands.
    """

    code: str
    type: Literal[
        "rate",
        "integer",
        "workdays",
        "decimal",
        "money",
        "date",
        "bool",
        "choice",
        "multichoice",
        "instalments",
        "tiers",
        "organisations",
    ]
    label: Text
    help: Text
    unit: Text | None = None
    required: bool = False
    default: Any = None
    min: Decimal | None = None
    max: Decimal | None = None
    choices: tuple[Choice, ...] = ()
    group: Literal["base", "amount", "caps", "stacking", "places", "year", "money", "handling"] = (
        "amount"
    )

    def check(self):
        if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?", self.code):
            raise Wrong(f"code {self.code!r} is not lower-case ASCII", "code")
        if (self.type in {"choice", "multichoice"}) is not bool(self.choices):
            raise Wrong("choices go with the types choice and multichoice, and only with them")
        if self.required and self.default is not None:
            raise Wrong("a setting with a default is not required", "required")
