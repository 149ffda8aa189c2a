"""The catalogue as plain data: one entry a line, with what the document states."""

from datetime import date
from typing import Any

from policy.models import Definition, Measure
from policy.schema import DefinitionSchema, parse


def rate_text(schema: DefinitionSchema) -> str | None:
    """The rate that the document states, as a fraction; None where it states none."""
    rate = schema.award.rate
    return None if rate is None or rate.value is None else f"{rate.value:f}"


def caps_data(schema: DefinitionSchema) -> list[dict[str, str]]:
    """The caps, amounts in 元 as plain decimal strings."""
    return [
        {
            "amount_cny": f"{cap.amount_cny:f}",
            "scope": cap.scope,
            "period": cap.period,
            "source": cap.source,
        }
        for cap in schema.caps
    ]


def list_measures(*, on: date) -> list[dict[str, Any]]:
    """Every line with its definition in force on the date: 3 queries."""
    schemas = {
        definition.measure_id: parse(definition.body)
        for definition in Definition.objects.in_force(on=on)
    }
    return [_entry(measure, schemas.get(measure.pk)) for measure in Measure.objects.with_units()]


def _entry(measure: Measure, schema: DefinitionSchema | None) -> dict[str, Any]:
    return {
        "line": measure.line,
        "article": measure.article.no,
        "name_zh": measure.name_zh,
        "name_en": measure.name_en,
        "lead_unit": measure.lead_unit.name_zh,
        "co_units": [unit.name_zh for unit in measure.co_units],
        "clause": measure.clause,
        "caps": caps_data(schema) if schema else [],
        "quota": schema.quota.places if schema and schema.quota else None,
        "rate": rate_text(schema) if schema else None,
    }
