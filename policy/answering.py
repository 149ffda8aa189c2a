"""Questions to one line from outside the portal: which inputs it takes, what it would award."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from policy.computing import Computation, Scope, compute
from policy.invoices import BY_CODE, COLUMNS
from policy.models import Call, Definition
from policy.schema import DefinitionSchema, Field, parse
from portal import clock


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


def answer(line: str, inputs: Mapping[str, Any], *, call_code: str | None = None) -> Computation:
    """The award of the inputs: under a published call's settings, or with what is open left open.

    Raises UnknownLine, UnknownCall, and ``computing.InputsRefused`` naming each wrong field.
    """
    today = clock.today()
    if call_code is None:
        schema = schema_in_force(line)
        return compute(schema, inputs=inputs, settings=None, committed={}, on=today)
    call = (
        Call.objects.published()
        .select_related("definition", "figures")
        .filter(code=call_code, measure__line=line)
        .first()
    )
    if call is None:
        raise UnknownCall(call_code, line)
    scope = Scope(year=call.year, call=call.uid, budget_cny=call.budget_cny)
    figures = getattr(call, "figures", None)
    used = figures.committed_cny if figures else Decimal("0.00")
    return compute(
        parse(call.definition.body),
        inputs=inputs,
        settings=call.settings,
        committed={("call_budget", f"call:{call.uid}/call"): used},
        on=today,
        scope=scope,
    )


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
