"""Computing an award: every step with its figure and its clause, replayable byte for byte.

Pure: what was committed before comes in as an argument, the date too. What the document
leaves open comes from the call's settings; without them the result is null and says which
settings are missing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from policy import answers, money, rules
from policy.bases import EXCLUSION_LABELS, base_of, base_rule
from policy.bounds import (
    Account,
    Committed,
    Scope,
    accounts,
    after_caps,
    group_lines,
    room_steps,
    rooms_of,
    stack_accounts,
    stacked,
    with_stacking,
)
from policy.call_settings import Chosen
from policy.eligibility import Reason, judge, judge_once
from policy.invoices import Invoice, read_invoices
from policy.issues import Issue
from policy.schema import DefinitionSchema, Field
from policy.steps import Step, plain, step
from policy.text import Text

__all__ = [
    "EXCLUSION_LABELS",
    "Account",
    "Committed",
    "Computation",
    "InputsRefused",
    "Scope",
    "Step",
    "accounts",
    "base_rule",
    "canonical",
    "compute",
    "group_lines",
    "read_inputs",
    "replay",
    "reviewers_figure",
    "stack_accounts",
]


class InputsRefused(ValueError):
    """Inputs that cannot be computed with: every issue, each naming its field."""

    def __init__(self, issues: list[Issue]):
        self.issues = issues
        super().__init__("; ".join(f"{issue.place}: {issue.code}" for issue in issues))


@dataclass(frozen=True)
class Computation:
    """The result. Amounts are None where they cannot be computed, and where not eligible."""

    line: str
    valid_from: date
    eligible: bool | None
    reasons: tuple[Reason, ...]
    computed_cny: Decimal | None
    capped_cny: Decimal | None
    binding_cap: str | None
    missing_settings: tuple[str, ...]
    steps: tuple[Step, ...]
    rooms: tuple[rules.Room, ...]
    arguments: Mapping[str, Any]

    @property
    def base_cny(self) -> Decimal | None:
        """What counts, as an amount; None where it is not known or not money."""
        for line in self.steps:
            if line.code == "base" and line.unit == "cny" and line.value is not None:
                return Decimal(line.value)
        return None

    def as_json(self) -> dict[str, Any]:
        """Plain data: amounts as strings with two decimals."""
        return {
            "line": self.line,
            "valid_from": self.valid_from.isoformat(),
            "eligible": self.eligible,
            "reasons": [asdict(reason) for reason in self.reasons],
            "computed_cny": plain(self.computed_cny),
            "capped_cny": plain(self.capped_cny),
            "binding_cap": self.binding_cap,
            "missing_settings": list(self.missing_settings),
            "steps": [asdict(step) for step in self.steps],
            "rooms": [
                {
                    "code": room.code,
                    "key": room.key,
                    "cap_cny": plain(room.cap_cny),
                    "committed_cny": plain(room.committed_cny),
                    "left_cny": plain(room.left_cny),
                }
                for room in self.rooms
            ],
            "arguments": self.arguments,
        }

    def canonical(self) -> str:
        """The bytes that are stored and compared at a replay."""
        return canonical(self.as_json())


def canonical(data: Any) -> str:
    """JSON with sorted keys and no spaces: the same data, the same bytes."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# --- computing --------------------------------------------------------------------


def compute(
    schema: DefinitionSchema,
    *,
    inputs: Mapping[str, Any],
    settings: Mapping[str, Any] | None,
    committed: Committed,
    on: date,
    scope: Scope | None = None,
) -> Computation:
    """The award of ``inputs`` under the definition and the call's settings.

    ``inputs``: answers by the codes of ``schema.award.inputs``, and the invoices as ``items``
    where the rule takes them. ``settings``: None without a call. ``committed``: what each
    account (cap code, key) already holds, as ``accounts`` names them. Raises InputsRefused
    with an issue per field; never returns an amount that rests on a wrong input.
    """
    scope = replace(scope or Scope(), year=(scope and scope.year) or on.year)
    values, invoices = read_inputs(schema, inputs)
    chosen = Chosen(schema, settings)
    steps: list[Step] = []
    exact = _exact(schema, values, invoices, chosen, steps)
    computed = _round(exact, chosen, steps, schema)
    stacks = [
        (
            stack,
            committed.get((stack.code, stack.key), rules.ZERO),
            committed.get((f"{stack.code}.places", stack.key), rules.ZERO),
        )
        for stack in stack_accounts(schema, settings=settings, scope=scope)
        if stack.rule.mode != "none"
    ]
    caps = schema.cap_plan(settings or {})
    rooms = rooms_of(schema, settings=settings, scope=scope, committed=committed)
    rooms = with_stacking(rooms, stacks, computed, caps)
    for room in rooms:
        steps += room_steps(room)
    reasons = judge(schema, values, chosen, on=on) + judge_once(caps, rooms)
    reasons += [stacked(stack, held, places, computed) for stack, held, places in stacks]
    met = [reason.met for reason in reasons]
    eligible = False if False in met else None if None in met else True
    capped_cny, binding = None, None
    if eligible is False:
        computed = None
    elif computed is not None:
        capped_cny, binding = rules.capped(computed, rooms)
        steps += after_caps(capped_cny, binding, rooms, chosen)
    return Computation(
        line=schema.line,
        valid_from=schema.valid_from,
        eligible=eligible,
        reasons=tuple(reasons),
        computed_cny=computed,
        capped_cny=capped_cny,
        binding_cap=binding,
        missing_settings=tuple(chosen.missing),
        steps=tuple(steps),
        rooms=rooms,
        arguments=_arguments(values, invoices, settings, committed, on, scope),
    )


def replay(schema: DefinitionSchema, stored: Mapping[str, Any]) -> Computation:
    """The computation again, from the arguments that a stored one carries."""
    given = stored["arguments"]
    scope = given["scope"]
    return compute(
        schema,
        inputs=given["inputs"],
        settings=given["settings"],
        committed={
            (entry["cap"], entry["key"]): Decimal(entry["cny"]) for entry in given["committed"]
        },
        on=date.fromisoformat(given["on"]),
        scope=Scope(
            subjects=scope["subjects"],
            year=scope["year"],
            call=scope["call"],
            budget_cny=None if scope["budget_cny"] is None else Decimal(scope["budget_cny"]),
        ),
    )


def _arguments(values, invoices, settings, committed, on, scope) -> dict[str, Any]:
    inputs = {
        code: str(value) if isinstance(value, Decimal | date) else value
        for code, value in values.items()
        if value is not None
    }
    if invoices is not None:
        inputs["items"] = [invoice.as_json() for invoice in invoices]
    return {
        "inputs": inputs,
        "settings": None if settings is None else dict(settings),
        "committed": [
            {"cap": cap, "key": key, "cny": plain(amount)}
            for (cap, key), amount in sorted(committed.items())
        ],
        "on": on.isoformat(),
        "scope": {
            "subjects": dict(scope.subjects),
            "year": scope.year,
            "call": scope.call,
            "budget_cny": plain(scope.budget_cny),
        },
    }


def reviewers_figure(schema: DefinitionSchema, settings: Mapping[str, Any]) -> Field | None:
    """The one figure that reviewers give where the rule takes no invoices: the base, or the score
    where the call has a table of tiers. None where the line carries no amount."""
    award = schema.award
    if award.items or award.base is None:
        return None
    code = award.base
    if award.tiers is not None and Chosen(schema, settings).optional(award.tiers.setting):
        code = award.tiers.input
    return next(item for item in award.inputs if item.code == code)


def read_inputs(
    schema: DefinitionSchema, inputs: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Invoice] | None]:
    """Typed values by code and the invoices (None where the rule takes none)."""
    award = schema.award
    known = {item.code for item in award.inputs} | ({"items"} if award.items else set())
    issues = [Issue(code, "unknown") for code in inputs if code not in known]
    values: dict[str, Any] = {}
    for item in award.inputs:
        try:
            values[item.code] = answers.read(item, inputs.get(item.code))
        except answers.AnswerRefused as refused:
            issues.append(refused.issue)
            continue
        if values[item.code] is None and item.required:
            issues.append(Issue(item.code, "required"))
    invoices = None
    if award.items:
        rows = inputs.get("items")
        if not isinstance(rows, list | tuple) or not rows:
            issues.append(Issue("items", "required" if not rows else "not_a_list"))
        else:
            invoices, wrong = read_invoices(rows)
            issues += wrong
            if not wrong and (total := rules.claimed(invoices)) > money.MAX_CNY:
                facts = {"value": total, "max": money.MAX_CNY}
                issues.append(Issue("items", "too_large", facts))
    if issues:
        raise InputsRefused(issues)
    return values, invoices


def _exact(schema, values, invoices, chosen, steps) -> Decimal | None:
    """The amount before rounding and caps, or None where it cannot be known."""
    award = schema.award
    if award.kind == "none":
        return None
    if award.kind == "discretionary":
        return _discretionary(award, values, chosen, steps)
    if award.kind == "per_item":
        return _per_item(award, values[award.base], steps)
    base = base_of(schema, values, invoices, chosen, steps)
    return _rate_of_base(schema, base, chosen, steps)


def _discretionary(award, values, chosen: Chosen, steps: list[Step]) -> Decimal | None:
    """The tier's amount where the call has a table of tiers, else what the reviewers propose."""
    table = chosen.optional(award.tiers.setting) if award.tiers else None
    if not table:
        label, proposed = award.base_label, values.get(award.base)
        steps.append(step("proposed", label.zh, label.en, proposed, clause=award.clause))
        return proposed
    score = values.get(award.tiers.input)
    shown = None if score is None else f"{score:f}"
    steps.append(Step("score", "绩效评分", "Performance score", shown, "points", ""))
    reached = None if score is None else rules.tier(score, table)
    if score is None:
        amount, name = None, Text("", "")
    elif reached is None:
        amount, name = rules.ZERO, Text("（未达最低档）", " (below the lowest tier)")
    else:
        amount = Decimal(reached["amount_cny"])
        label = reached["label"] or f"≥ {reached['from']}"
        name = Text(f"（{label}）", f" ({label})")
    steps.append(step("tier", f"对应档次金额{name.zh}", f"Amount of the tier{name.en}", amount))
    return amount


def _per_item(award, count: int, steps: list[Step]) -> Decimal:
    label, amount = award.base_label, award.unit_amount_cny
    exact = rules.per_item(amount, count)
    steps += [
        Step("base", label.zh, label.en, str(count), "items", award.clause),
        step("unit_amount", "每项金额", "Amount per item", amount, award.clause),
        step("product", "项数 × 每项金额", "Items × amount per item", exact),
    ]
    return exact


def _rate_of_base(schema, base: Decimal | None, chosen: Chosen, steps) -> Decimal | None:
    award, label = schema.award, schema.award.base_label
    rate = _rate(schema, chosen)
    exact = None if base is None or rate is None else rules.rate_of_base(base, rate)
    shown = None if rate is None else f"{rate:f}"
    # A rate that the call sets is not the document's, unless the document bounds it.
    clause = award.clause if award.rate.setting is None or award.rate.ceiling else ""
    steps += [
        Step("rate", "支持比例", "Rate", shown, "rate", clause),
        step("product", f"{label.zh} × 比例", f"{label.en} × rate", exact),
    ]
    return exact


def _rate(schema, chosen) -> Decimal | None:
    rate = schema.award.rate
    if rate.setting is None:
        return rate.value
    value = chosen.get(rate.setting)
    return None if value is None else Decimal(value)


ROUNDING_LABELS = {
    "fen": Text("分", "fen"),
    "yuan": Text("元", "yuan"),
    "hundred": Text("百元", "hundred yuan"),
    "wan": Text("万元", "ten thousand yuan"),
}


def _round(exact, chosen: Chosen, steps, schema) -> Decimal | None:
    """Rounded once: by the call's unit and mode, or to the 分 where a line has no such setting."""
    if schema.award.kind in {"none", "discretionary"}:
        return exact
    unit = chosen.get_or("rounding_unit", "fen")
    mode = chosen.get_or("rounding_mode", "half_up")
    known = exact is not None and unit is not None and mode is not None
    computed = money.round_cny(exact, unit=unit, mode=mode) if known else None
    how = Text("（取整方式待定）", " (rounding not set)")
    if unit is not None and mode is not None:
        to = ROUNDING_LABELS[unit]
        how = {
            "down": Text(f"（舍至{to.zh}）", f" (down to {to.en})"),
            "half_up": Text(f"（四舍五入至{to.zh}）", f" (half up to {to.en})"),
        }[mode]
    steps.append(step("computed", f"测算额{how.zh}", f"Computed{how.en}", computed))
    return computed
