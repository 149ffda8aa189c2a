"""Questions to one line from outside the portal: which inputs it takes, what it would award."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from policy import call_settings
from policy.computing import Computation, InputsRefused, Scope, compute, read_inputs
from policy.invoices import BY_CODE, COLUMNS
from policy.issues import Issue
from policy.models import Call, Definition
from policy.schema import DefinitionSchema, Field, parse
from portal import clock
from portal.types import known

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class UnknownLine(LookupError):
    def __init__(self, line: str):
        self.line = line
        super().__init__(f"no line {line} in force")


class UnknownCall(LookupError):
    def __init__(self, code: str, line: str):
        self.code, self.line = code, line
        super().__init__(f"no published call {code} of line {line}")


def schema_in_force(line: str) -> DefinitionSchema:
    """The line's definition in force today."""
    found = Definition.objects.in_force(on=clock.today()).filter(measure__line=line).first()
    if found is None:
        raise UnknownLine(line)
    return parse(found.body)


def input_fields(line: str) -> list[dict[str, Any]]:
    """The inputs of the line's award rule: code, type, unit, bounds, whether required."""
    award = schema_in_force(line).award
    found = [_field(item) for item in award.inputs]
    if award.items:
        columns = [_field(column) for column in (*COLUMNS, BY_CODE["verified_cny"])]
        found.append(
            {
                "code": "items",
                "type": "invoices",
                "label_zh": "投入明细",
                "label_en": "Invoices",
                "unit": None,
                "required": True,
                "columns": columns,
            }
        )
    return found


def _field(item: Field) -> dict[str, Any]:
    return {
        "code": item.code,
        "type": item.type,
        "label_zh": item.label.zh,
        "label_en": item.label.en,
        "unit": _unit(item),
        "required": item.required,
        "min": None if item.min is None else f"{item.min:f}",
        "max": None if item.max is None else f"{item.max:f}",
        "choices": [choice.code for choice in item.choices] or None,
    }


def _unit(item: Field) -> str | None:
    """What a value is counted in: amounts always in 元, whatever the form asks for."""
    if item.type in {"money", "money_wan"}:
        return "元"
    return item.unit.zh if item.unit else None


# Keys of an input beside the line's own: settings of an assumed call, and the day of the question.
SETTINGS, ON = "settings", "on"


def answer(line: str, inputs: Mapping[str, Any], *, call_code: str | None = None) -> Computation:
    """The award of the inputs: under a published call's settings, under those that the inputs
    assume (``settings``), or with what is open left open; on the day ``on``, or today.

    Raises UnknownLine, UnknownCall, and ``computing.InputsRefused`` naming each wrong field. A
    date outside the window is refused here: nobody asks for an amount that leaves it out silently.
    """
    own = {code: value for code, value in inputs.items() if code not in {SETTINGS, ON}}
    call = None if call_code is None else _published(line, call_code)
    schema = schema_in_force(line) if call is None else parse(known(call.definition).body)
    issues: list[Issue] = []
    on = _day(inputs.get(ON), call, issues)
    settings = _settings(schema, inputs.get(SETTINGS), call, issues)
    issues += _outside_window(schema, own, settings)
    try:
        read_inputs(schema, own)
    except InputsRefused as refused:
        issues += refused.issues
    if issues:
        raise InputsRefused(issues)
    if call is None:
        return compute(schema, inputs=own, settings=settings, committed={}, on=on)
    scope = Scope(year=call.year, call=call.uid, budget_cny=call.budget_cny)
    figures = getattr(call, "figures", None)
    used = figures.committed_cny if figures else Decimal("0.00")
    return compute(
        schema,
        inputs=own,
        settings=settings,
        committed={("call_budget", f"call:{call.uid}/call"): used},
        on=on,
        scope=scope,
    )


def _published(line: str, code: str) -> Call:
    found = (
        Call.objects.published()
        .select_related("definition", "figures")
        .filter(code=code, measure__line=line)
        .first()
    )
    if found is None:
        raise UnknownCall(code, line)
    return found


def _day(raw: Any, call: Call | None, issues: list[Issue]) -> date:
    """The day of the question; under a call a day on which it can be applied for."""
    if raw is None:
        return clock.today()
    try:
        day = date.fromisoformat(raw)
    except (TypeError, ValueError):
        issues.append(Issue(ON, "not_a_date", {"value": raw}))
        return clock.today()
    if call is not None:
        start, end = (clock.local(at).date() for at in (call.opens_at, call.closes_at))
        if not start <= day <= end:
            facts = {"value": raw, "start": start, "end": end}
            issues.append(Issue(ON, "outside_window", facts))
    return day


# What a setting's refusal is called among the issues, and under which name the bound goes.
_SETTING_ISSUES = {
    "unknown": ("unknown", ""),
    "too_large": ("above_max", "max"),
    "too_small": ("below_min", "min"),
    "unknown_choice": ("not_a_choice", ""),
}


def _settings(
    schema: DefinitionSchema, raw: Any, call: Call | None, issues: list[Issue]
) -> Mapping[str, Any] | None:
    """The call's settings; or the assumed ones, each checked as an administrator's would be."""
    if raw is None:
        return None if call is None else call.settings
    if call is not None:
        issues.append(Issue(SETTINGS, "not_with_call"))
        return call.settings
    if not isinstance(raw, Mapping):
        issues.append(Issue(SETTINGS, "setting", {"reason": "expected an object"}))
        return None
    for code, wrong in call_settings.problems(schema, raw).items():
        if wrong.reason == "missing":
            continue
        issue, bound = _SETTING_ISSUES.get(wrong.reason, ("setting", ""))
        facts = {"value": raw.get(code), "reason": wrong.reason}
        if bound:
            facts[bound] = wrong.facts.get("bound")
        issues.append(Issue(f"{SETTINGS}.{code}", issue, facts))
    return raw


def _outside_window(
    schema: DefinitionSchema, inputs: Mapping[str, Any], settings: Mapping[str, Any] | None
) -> list[Issue]:
    """Invoices dated outside the window that is set."""
    chosen = call_settings.Chosen(schema, settings)
    start, end = chosen.optional("window_start"), chosen.optional("window_end")
    rows = inputs.get("items")
    if not (start and end) or not isinstance(rows, list):
        return []
    found = []
    for number, row in enumerate(rows, start=1):
        day = row.get("invoice_date") if isinstance(row, Mapping) else None
        if isinstance(day, str) and DAY.fullmatch(day) and not start <= day <= end:
            facts = {"value": day, "start": start, "end": end}
            found.append(Issue("invoice_date", "outside_window", facts, row=number))
    return found


def answer_data(computation: Computation) -> dict[str, Any]:
    """The answer as plain data, amounts as strings with two decimals."""
    data = computation.as_json()
    return {
        key: data[key]
        for key in (
            "eligible",
            "reasons",
            "computed_cny",
            "capped_cny",
            "binding_cap",
            "missing_settings",
            "steps",
        )
    }
