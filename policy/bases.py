"""What counts in the base: the invoices, or the one amount that was told, less what is left out."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from policy import rules
from policy.call_settings import Chosen
from policy.schema import DefinitionSchema
from policy.schema.award import DEDUCTION_INPUTS
from policy.steps import Step, step
from policy.text import Text

EXCLUSION_LABELS = {
    "category": Text("核减：不计入的类别", "Excluded: categories that do not count"),
    "window": Text("核减：开票日期不在期限内", "Excluded: invoice date outside the window"),
    "related": Text("核减：关联交易", "Excluded: related parties"),
    "tax": Text("核减：税额", "Excluded: tax"),
    "fiscal": Text("核减：财政资金", "Excluded: fiscal money"),
    "reduction": Text("核减：评审核减", "Excluded: reviewer's reduction"),
}


def base_of(schema, values, invoices, chosen, steps) -> Decimal | None:
    award = schema.award
    if invoices is None:
        return _plain_base(award, values, chosen, steps)
    total = rules.claimed(invoices)
    steps.append(step("claimed", "申报投入（价税合计）", "Claimed (with tax)", total))
    rule = _base_rule(chosen)
    totals = None if rule is None else rules.exclusions(invoices, rule)
    for reason, label in EXCLUSION_LABELS.items():
        amount = None if totals is None else totals[reason]
        if totals is None or amount:
            steps.append(step(f"excluded.{reason}", label.zh, label.en, amount))
    base = None if totals is None else total - sum(totals.values())
    base = _increase(award, values, base, chosen, steps)
    steps.append(step("base", award.base_label.zh, award.base_label.en, base, award.clause))
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
    steps.append(step("excluded.baseline", label.zh, label.en, earlier, award.clause))
    return base - earlier


# The setting that leaves a part of a plain base out, and whether it does so when true.
_DEDUCTION_SETTINGS = {
    "related": ("exclude_related", True),
    "tax": ("tax_inclusive", False),
    "fiscal": ("exclude_fiscal", True),
}


def _plain_base(award, values, chosen: Chosen, steps: list[Step]) -> Decimal | None:
    """A base that is one amount, less the parts that the call leaves out.

    A part that was not told, or is 0, is not asked about: nothing is missing for it.
    """
    label, told = award.base_label, values[award.base]
    parts = {
        code: amount
        for code in award.deductions
        if (amount := values.get(DEDUCTION_INPUTS[code]) or rules.ZERO)
    }
    if parts:
        steps.append(step("claimed", f"申报{label.zh}", f"{label.en} as told", told))
    base: Decimal | None = told
    for code, amount in parts.items():
        cut = _cut(code, amount, chosen)
        known = EXCLUSION_LABELS[code]
        if cut != 0:
            steps.append(step(f"excluded.{code}", known.zh, known.en, cut))
        base = None if base is None or cut is None else max(base - cut, rules.ZERO)
    steps.append(step("base", label.zh, label.en, base, award.clause))
    return base


def _cut(code: str, amount: Decimal, chosen: Chosen) -> Decimal | None:
    """What of the part is left out; None while no call says whether it counts."""
    if code == "window":
        if chosen.values is None:
            chosen.get("window_start")
            return None
        bounded = chosen.optional("window_start") or chosen.optional("window_end")
        return amount if bounded else rules.ZERO
    setting, leaves_out = _DEDUCTION_SETTINGS[code]
    value = chosen.get(setting)
    if value is None:
        return None
    return amount if value is leaves_out else rules.ZERO


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
