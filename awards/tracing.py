"""A stored computation as people read it: the waterfall and the table of its steps."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from awards.models import Award
from portal.figures import Step
from portal.money import show_cny

ZERO = Decimal(0)


@dataclass(frozen=True)
class Row:
    label: str
    value: str
    clause: str
    binding: bool = False


def _label(step: dict) -> str:
    return step["label_en"] if (get_language() or "").startswith("en") else step["label_zh"]


def rows_of(award: Award) -> list[Row]:
    """Every step of the trace with its figure and its clause."""
    binding = award.trace.get("binding_cap")
    return [
        Row(
            _label(step),
            _value(step),
            step["clause"],
            binding=bool(binding) and step["code"] == f"cap.{binding}",
        )
        for step in award.trace.get("steps", [])
    ]


def _value(step: dict) -> str:
    if step["value"] is None:
        return _("未定")
    if step["unit"] == "rate":
        return f"{(Decimal(step['value']) * 100).normalize():f}%"
    return show_cny(Decimal(step["value"])) if step["unit"] == "cny" else step["value"]


def steps_of(award: Award) -> list[Step]:
    """申报 → 核减 → 基数 → 测算 → 封顶 → 推荐 → 批准, each bar with its clause."""
    known = {step["code"]: step for step in award.trace.get("steps", [])}
    found: list[Step] = []
    for code, step in known.items():
        if step["unit"] != "cny" or not step["value"] or code.startswith("cap."):
            continue
        amount = Decimal(step["value"])
        if code.startswith("excluded."):
            if amount:
                found.append(Step(_label(step), amount, "minus", step["clause"]))
        elif code in {"claimed", "base", "proposed", "computed"}:
            found.append(Step(_label(step), amount, "total", step["clause"]))
    if award.capped_cny != award.computed_cny:
        binding = known.get(f"cap.{award.trace.get('binding_cap')}", {})
        found.append(Step(_("封顶后"), award.capped_cny, "total", binding.get("clause", "")))
    found.append(Step(_("推荐额"), award.recommended_cny, "total"))
    if award.approved_cny is not None:
        found.append(Step(_("批准额"), award.approved_cny, "final"))
    return found
