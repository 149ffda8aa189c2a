"""Computing an award: every step with its figure and its clause, replayable byte for byte.

Pure: what was committed before comes in as an argument, the date too. What the document
leaves open comes from the call's settings; without them the result is null and says which
settings are missing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from policy import answers, money, rules
from policy.call_settings import Chosen
from policy.eligibility import Reason, judge, judge_once
from policy.invoices import Invoice, read_invoices
from policy.issues import Issue
from policy.schema import Cap, DefinitionSchema
from policy.text import Text

Committed = Mapping[tuple[str, str], Decimal]


class InputsRefused(ValueError):
    """Inputs that cannot be computed with: every issue, each naming its field."""

    def __init__(self, issues: list[Issue]):
        self.issues = issues
        super().__init__("; ".join(f"{issue.place}: {issue.code}" for issue in issues))


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


@dataclass(frozen=True)
class Step:
    """A line of the explanation. ``unit`` is cny, rate or items; an unknown value is None."""

    code: str
    label_zh: str
    label_en: str
    value: str | None
    unit: str
    clause: str


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
        for step in self.steps:
            if step.code == "base" and step.unit == "cny" and step.value is not None:
                return Decimal(step.value)
        return None

    def as_json(self) -> dict[str, Any]:
        """Plain data: amounts as strings with two decimals."""
        return {
            "line": self.line,
            "valid_from": self.valid_from.isoformat(),
            "eligible": self.eligible,
            "reasons": [asdict(reason) for reason in self.reasons],
            "computed_cny": _plain(self.computed_cny),
            "capped_cny": _plain(self.capped_cny),
            "binding_cap": self.binding_cap,
            "missing_settings": list(self.missing_settings),
            "steps": [asdict(step) for step in self.steps],
            "rooms": [
                {
                    "code": room.code,
                    "key": room.key,
                    "cap_cny": _plain(room.cap_cny),
                    "committed_cny": _plain(room.committed_cny),
                    "left_cny": _plain(room.left_cny),
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


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


# --- accounts -------------------------------------------------------------------


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
    if scope.budget_cny is not None:
        label = Text("本批次预算", "Budget of the call")
        key = f"call:{scope.call}/call"
        found.append(Account("call_budget", key, scope.budget_cny, label, ""))
    return tuple(found)


def _key(cap: Cap, scope: Scope) -> str:
    period = {"lifetime": "lifetime", "year": str(scope.year or ""), "call": scope.call}
    return f"{cap.scope}:{scope.subjects.get(cap.scope, '')}/{period[cap.period]}"


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
    rooms = _rooms(schema, settings=settings, scope=scope, committed=committed, steps=steps)
    caps = schema.cap_plan(settings or {})
    reasons = judge(schema, values, chosen, on=on) + judge_once(caps, rooms)
    met = [reason.met for reason in reasons]
    eligible = False if False in met else None if None in met else True
    capped_cny, binding = None, None
    if eligible is False:
        computed = None
    elif computed is not None:
        capped_cny, binding = rules.capped(computed, rooms)
        steps.append(_step("capped", "拟支持额", "Award after caps", capped_cny))
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
            {"cap": cap, "key": key, "cny": _plain(amount)}
            for (cap, key), amount in sorted(committed.items())
        ],
        "on": on.isoformat(),
        "scope": {
            "subjects": dict(scope.subjects),
            "year": scope.year,
            "call": scope.call,
            "budget_cny": _plain(scope.budget_cny),
        },
    }


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
        label, proposed = award.base_label, values.get(award.base)
        steps.append(_step("proposed", label.zh, label.en, proposed, clause=award.clause))
        return proposed
    if award.kind == "per_item":
        return _per_item(award, values[award.base], steps)
    base = _base(schema, values, invoices, chosen, steps)
    return _rate_of_base(schema, base, chosen, steps)


def _per_item(award, count: int, steps: list[Step]) -> Decimal:
    label, amount = award.base_label, award.unit_amount_cny
    exact = rules.per_item(amount, count)
    steps += [
        Step("base", label.zh, label.en, str(count), "items", award.clause),
        _step("unit_amount", "每项金额", "Amount per item", amount, award.clause),
        _step("product", "项数 × 每项金额", "Items × amount per item", exact),
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
        _step("product", f"{label.zh} × 比例", f"{label.en} × rate", exact),
    ]
    return exact


def _rate(schema, chosen) -> Decimal | None:
    rate = schema.award.rate
    if rate.setting is None:
        return rate.value
    value = chosen.get(rate.setting)
    return None if value is None else Decimal(value)


EXCLUSION_LABELS = {
    "category": Text("核减：不计入的类别", "Excluded: categories that do not count"),
    "window": Text("核减：开票日期不在期限内", "Excluded: invoice date outside the window"),
    "related": Text("核减：关联交易", "Excluded: related parties"),
    "tax": Text("核减：税额", "Excluded: tax"),
    "fiscal": Text("核减：财政资金", "Excluded: fiscal money"),
    "reduction": Text("核减：评审核减", "Excluded: reviewer's reduction"),
}


def _base(schema, values, invoices, chosen, steps) -> Decimal | None:
    award = schema.award
    if invoices is None:
        base = values[award.base]
        steps.append(_step("base", award.base_label.zh, award.base_label.en, base, award.clause))
        return base
    total = rules.claimed(invoices)
    steps.append(_step("claimed", "申报投入（价税合计）", "Claimed (with tax)", total))
    rule = _base_rule(chosen)
    totals = None if rule is None else rules.exclusions(invoices, rule)
    for reason, label in EXCLUSION_LABELS.items():
        amount = None if totals is None else totals[reason]
        if totals is None or amount:
            steps.append(_step(f"excluded.{reason}", label.zh, label.en, amount))
    base = None if totals is None else total - sum(totals.values())
    base = _increase(award, values, base, chosen, steps)
    steps.append(_step("base", award.base_label.zh, award.base_label.en, base, award.clause))
    return base


def _increase(award, values, base: Decimal | None, chosen: Chosen, steps) -> Decimal | None:
    """What counts, less the earlier year's input where the call says that only more is new."""
    if award.increase is None:
        return base
    meaning = chosen.get(award.increase.setting)
    if meaning is None or base is None:
        return None
    if meaning != "increase":
        return base
    earlier = min(values[award.increase.input], base)
    label = Text("核减：基准年投入", "Excluded: input of the baseline year")
    steps.append(_step("excluded.baseline", label.zh, label.en, earlier, award.clause))
    return base - earlier


def base_rule(schema: DefinitionSchema, settings: Mapping[str, Any]) -> rules.BaseRule | None:
    """What counts in the base of a call with these settings; None while one is not set."""
    return _base_rule(Chosen(schema, settings))


def _base_rule(chosen: Chosen) -> rules.BaseRule | None:
    got = {
        code: chosen.get(code)
        for code in (
            "categories",
            "window_start",
            "window_end",
            "exclude_related",
            "exclude_fiscal",
            "tax_inclusive",
        )
    }
    if None in got.values():
        return None
    return rules.BaseRule(
        categories=frozenset(got["categories"]),
        window_start=date.fromisoformat(got["window_start"]),
        window_end=date.fromisoformat(got["window_end"]),
        exclude_related=got["exclude_related"],
        exclude_fiscal=got["exclude_fiscal"],
        tax_inclusive=got["tax_inclusive"],
    )


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
    steps.append(_step("computed", f"测算额{how.zh}", f"Computed{how.en}", computed))
    return computed


def _rooms(schema, *, settings, scope, committed, steps) -> tuple[rules.Room, ...]:
    rooms = []
    for account in accounts(schema, settings=settings, scope=scope):
        used = committed.get((account.code, account.key), rules.ZERO)
        room = rules.Room(account.code, account.key, account.cap_cny, used)
        label = account.label
        steps.append(
            _step(
                f"cap.{account.code}",
                f"{label.zh}：余额",
                f"{label.en}: left",
                room.left_cny,
                account.clause,
            )
        )
        rooms.append(room)
    return tuple(rooms)


def _step(code, label_zh, label_en, amount, clause="") -> Step:
    return Step(code, label_zh, label_en, _plain(amount), "cny", clause)
