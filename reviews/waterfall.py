"""The award as a waterfall: claimed → excluded → base → rate → cap → proposed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from policy.schema import DefinitionSchema
from portal.figures import Step

# More exclusions than this are drawn as one bar, and told one by one below it.
MOST_EXCLUSIONS = 3
# What the amount is before the caps: of a formula, a tier, or the reviewers.
PRODUCTS = ("computed", "product", "tier", "proposed")


def steps(
    computation: Mapping[str, Any], schema: DefinitionSchema, *, proposed_cny: Decimal | None
) -> list[Step]:
    """The bars of a stored computation, each with its clause; up to the first unknown figure."""
    rows = {row["code"]: row for row in computation.get("steps", [])}
    found: list[Step] = []
    if claimed := _amount(rows, "claimed"):
        found.append(Step(_("申报额"), claimed, note=_label(rows["claimed"])))
        found += _exclusions(rows)
    base = _amount(rows, "base")
    if base is not None:
        found.append(
            Step(_("基数"), base, clause=rows["base"]["clause"], note=_label(rows["base"]))
        )
    product = next(
        (amount for code in PRODUCTS if (amount := _amount(rows, code)) is not None), None
    )
    if product is not None:
        found.append(_product(rows, product))
    capped = _amount(rows, "capped")
    if capped is not None and product is not None and capped < product:
        found.append(Step(_("上限"), capped, **_cap(computation, schema)))
    if proposed_cny is not None and found:
        found.append(Step(_("拟支持"), proposed_cny, kind="final"))
    return found


def score(computation: Mapping[str, Any]) -> str:
    """The score that reached the tier, in plain figures; empty where no score decides."""
    for row in computation.get("steps", []):
        if row["code"] == "score" and row["value"] is not None:
            return row["value"]
    return ""


def _amount(rows: Mapping[str, Mapping], code: str) -> Decimal | None:
    row = rows.get(code)
    if row is None or row["value"] is None or row["unit"] != "cny":
        return None
    return Decimal(row["value"])


def _label(row: Mapping[str, Any]) -> str:
    return row["label_en"] if (get_language() or "").startswith("en") else row["label_zh"]


def _exclusions(rows: Mapping[str, Mapping]) -> list[Step]:
    cut = [
        (row, amount)
        for code, row in rows.items()
        if code.startswith("excluded.") and (amount := _amount(rows, code))
    ]
    if len(cut) > MOST_EXCLUSIONS:
        note = _("、").join(f"{_label(row)} {amount:,.2f}" for row, amount in cut)
        total = sum((amount for _row, amount in cut), Decimal(0))
        return [Step(_("剔除"), total, kind="minus", note=note)]
    return [Step(_("剔除"), amount, kind="minus", note=_label(row)) for row, amount in cut]


def _product(rows: Mapping[str, Mapping], product: Decimal) -> Step:
    rate = rows.get("rate")
    if rate is not None and rate["value"] is not None:
        percent = f"{(Decimal(rate['value']) * 100).normalize():f}%"
        return Step(f"× {percent}", product, clause=rate["clause"], note=_label(rate))
    if "unit_amount" in rows:
        row = rows["unit_amount"]
        return Step(_("测算"), product, clause=row["clause"], note=_label(row))
    if "proposed" in rows:
        row = rows["proposed"]
        return Step(_("核定额"), product, clause=row["clause"], note=_label(row))
    if "tier" in rows:
        parts = [f"{_label(rows['score'])} {rows['score']['value']}", _label(rows["tier"])]
        return Step(_("测算"), product, note=_("，").join(parts))
    return Step(_("测算"), product)


def _cap(computation: Mapping[str, Any], schema: DefinitionSchema) -> dict[str, str]:
    binding = computation.get("binding_cap")
    for cap in schema.caps:
        if cap.code == binding:
            return {"clause": cap.clause, "note": str(cap.label)}
    return {}
