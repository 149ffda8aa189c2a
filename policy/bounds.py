"""What bounds an award: caps, the call's own ceilings, what other lines gave, the call's budget.

Which account a bound is counted in is told by its key; what the account holds is an argument.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from policy import rules
from policy.call_settings import Chosen, show_percent
from policy.eligibility import Reason
from policy.money import show_cny
from policy.schema import Cap, DefinitionSchema, Stacking
from policy.schema.award import subject_name
from policy.steps import Step, step
from policy.text import Text

# (code, key) → what the account holds already, in 元.
Committed = Mapping[tuple[str, str], Decimal]


@dataclass(frozen=True)
class Scope:
    """What the caps are counted for: subject ids by scope ("centre" → uid), year, call, budget."""

    subjects: Mapping[str, str] = field(default_factory=dict)
    year: int | None = None
    call: str = ""
    budget_cny: Decimal | None = None


@dataclass(frozen=True)
class Account:
    """A cap account: the key under which upper apps count what is committed."""

    code: str
    key: str
    cap_cny: Decimal
    label: Text
    clause: str


def accounts(
    schema: DefinitionSchema, *, settings: Mapping[str, Any] | None, scope: Scope
) -> tuple[Account, ...]:
    """The cap accounts of one award, narrowest first, the call's budget last.

    The key names scope, subject and period: ``centre:4f…/lifetime``, ``organisation:…/2026``.
    """
    found = [
        Account(cap.code, _key(cap, scope), cap.amount_cny, cap.label, cap.clause)
        for cap in schema.cap_plan(settings or {})
    ]
    chosen = Chosen(schema, settings)
    if limit := chosen.optional("case_limit_cny"):
        label = Text("本批次单个项目上限", "Ceiling of the call for one case")
        key = f"case:{scope.subjects.get('case', '')}/call"
        found.append(Account("case_limit", key, Decimal(limit), label, ""))
    if limit := chosen.optional("group_limit_cny"):
        lines = ", ".join(group_lines(schema, settings))
        label = Text(f"多条款（{lines}）合计上限", f"Ceiling over several lines ({lines})")
        period = str(scope.year or "") if chosen.get("group_period") == "year" else "lifetime"
        key = f"organisation:{scope.subjects.get('organisation', '')}/{period}"
        found.append(Account("group_limit", key, Decimal(limit), label, ""))
    if scope.budget_cny is not None:
        label = Text("本批次预算", "Budget of the call")
        key = f"call:{scope.call}/call"
        found.append(Account("call_budget", key, scope.budget_cny, label, ""))
    return tuple(found)


def group_lines(schema: DefinitionSchema, settings: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The lines that the call's ceiling over several lines covers, its own among them."""
    named = Chosen(schema, settings).optional("group_lines") or ()
    return tuple(sorted({schema.line, *named}))


@dataclass(frozen=True)
class StackAccount:
    """What the other lines of a rule of stacking hold for the same subject: code and key."""

    rule: Stacking
    key: str

    @property
    def code(self) -> str:
        return f"stacking.{self.rule.code}"


def stack_accounts(
    schema: DefinitionSchema, *, settings: Mapping[str, Any] | None, scope: Scope
) -> tuple[StackAccount, ...]:
    """Every rule of stacking of the line with its subject's key, whether the call uses it or not."""
    return tuple(
        StackAccount(rule, f"{rule.scope}:{_stacked_subject(rule, scope)}/lifetime")
        for rule in schema.stacking_plan(settings or {})
    )


def _stacked_subject(rule: Stacking, scope: Scope) -> str:
    """The subject told for this rule alone, else the scope's own."""
    own = scope.subjects.get(subject_name(rule.scope, rule.code))
    return own or scope.subjects.get(rule.scope, "")


def _key(cap: Cap, scope: Scope) -> str:
    period = {"lifetime": "lifetime", "year": str(scope.year or ""), "call": scope.call}
    return f"{cap.scope}:{scope.subjects.get(cap.scope, '')}/{period[cap.period]}"


@dataclass(frozen=True)
class Bounded(rules.Room):
    """A room with the words for it."""

    label: Text
    clause: str


def rooms_of(schema, *, settings, scope, committed) -> tuple[Any, ...]:
    return tuple(
        Bounded(
            account.code,
            account.key,
            account.cap_cny,
            committed.get((account.code, account.key), rules.ZERO),
            account.label,
            account.clause,
        )
        for account in accounts(schema, settings=settings, scope=scope)
    )


def with_stacking(rooms, stacks, computed: Decimal | None, caps) -> tuple[Bounded, ...]:
    """The rooms with those that support under other lines leaves, before the call's budget."""
    found = list(rooms)
    at = next((no for no, room in enumerate(found) if room.code == "call_budget"), len(found))
    for stack, held, _places in stacks:
        if held <= 0 or computed is None:
            continue
        ceiling = min((cap.amount_cny for cap in caps), default=computed)
        top = {"higher": computed, "top_up": ceiling, "exclude": rules.ZERO}[stack.rule.mode]
        found.insert(at, Bounded(stack.code, stack.key, top, held, _stack_label(stack), ""))
    return tuple(found)


STACKING_LABELS = {
    "exclude": Text("互斥", "exclusive"),
    "higher": Text("就高不重复", "the higher"),
    "top_up": Text("补差", "top-up"),
}


def _stack_label(stack: StackAccount) -> Text:
    mode, of = STACKING_LABELS[stack.rule.mode], stack.rule.label
    return Text(f"{of.zh}（{mode.zh}）", f"{of.en} ({mode.en})")


def stacked(
    stack: StackAccount, held: Decimal, places: Decimal, computed: Decimal | None
) -> Reason:
    """Whether support under another line leaves any for this one. No clause: the call's rule.

    ``places`` counts the awards of the other lines: a recognition without money rules out too.
    """
    label = _stack_label(stack)
    met: bool | None = True
    if stack.rule.mode == "exclude":
        met = held <= 0 and places <= 0
    elif stack.rule.mode == "higher" and held > 0:
        met = None if computed is None else computed > held
    return Reason(stack.code, label.zh, label.en, met, "")


def room_steps(room: Bounded) -> Iterator[Step]:
    """What was looked at: the bound, what it holds already, what it leaves."""
    label, cap, held = room.label, show_cny(room.cap_cny), show_cny(room.committed_cny)
    zh = f"{label.zh}：上限 {cap}，已占用 {held}，可用"
    en = f"{label.en}: cap {cap}, committed {held}, left"
    yield step(f"cap.{room.code}", zh, en, room.left_cny, room.clause)


def after_caps(capped: Decimal, binding: str | None, rooms, chosen: Chosen) -> Iterator[Step]:
    """The award, by what it is bound, what every bound leaves after it, and who pays which part."""
    bound = next((room for room in rooms if room.code == binding), None)
    label = Text("拟支持额", "Award after caps")
    if bound is not None:
        label = Text(
            f"拟支持额（受“{bound.label.zh}”限制）",
            f"Award after caps (bound by: {bound.label.en})",
        )
    yield step("capped", label.zh, label.en, capped, bound.clause if bound else "")
    for room in rooms:
        of = room.label
        left = max(room.left_cny - capped, rules.ZERO)
        yield step(f"left.{room.code}", f"{of.zh}：支持后余额", f"{of.en}: left after it", left)
    share = chosen.optional("city_share")
    if share is not None and Decimal(share) != 1:
        city, district = rules.shares(capped, Decimal(share))
        percent = show_percent(Decimal(share))
        yield step("share.city", f"其中市级承担（{percent}）", f"Of it the city ({percent})", city)
        yield step("share.district", "其中区级承担", "Of it the district", district)
