"""Who may be awarded: every requirement of a definition judged, with its clause."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from policy.call_settings import Chosen
from policy.rules import Room
from policy.schema import Cap, Condition, DefinitionSchema, Requirement, TimeLimit
from policy.schema.award import APPLIED_ON
from policy.text import Text


@dataclass(frozen=True)
class Reason:
    """A requirement: met, not met, or not known (None) because the input is missing."""

    code: str
    label_zh: str
    label_en: str
    met: bool | None
    clause: str


def judge(
    schema: DefinitionSchema, values: Mapping[str, Any], chosen: Chosen, *, on: date
) -> list[Reason]:
    """Every requirement that is asked, with its verdict; the definition's own date first."""
    reasons = []
    if on < schema.valid_from:
        label = Text(
            f"规则自 {schema.valid_from} 起施行", f"The rules apply from {schema.valid_from} on"
        )
        reasons.append(Reason("in_force", label.zh, label.en, False, schema.award.clause))
    grouped: dict[str, list[Reason]] = {}
    for item in schema.eligibility.requirements:
        if item.when is not None and not item.when.holds(values):
            continue
        met = _met(item, values, chosen)
        reason = Reason(item.code, item.label.zh, item.label.en, met, item.clause)
        if item.group is None:
            reasons.append(reason)
        else:
            grouped.setdefault(item.group, []).append(reason)
    reasons += [_in_time(item, values, chosen, on) for item in schema.eligibility.time_limits]
    for group in schema.eligibility.groups:
        reasons += _alternatives(grouped.get(group.code, []), chosen.get(group.setting))
    return reasons


def judge_once(caps: Iterable[Cap], rooms: Iterable[Room]) -> list[Reason]:
    """A second award in the same scope and period, where the cap is for one award only."""
    once = {cap.code: cap for cap in caps if cap.once}
    return [
        Reason(
            f"once.{room.code}",
            f"{once[room.code].label.zh}：一次性，已有支持",
            f"{once[room.code].label.en}: one-off, already awarded",
            False,
            once[room.code].clause,
        )
        for room in rooms
        if room.code in once and room.committed_cny > 0
    ]


def _in_time(item: TimeLimit, values: Mapping[str, Any], chosen: Chosen, on: date) -> Reason:
    """Whether what the call bounds lies within the years from the date that the call names."""
    codes = [chosen.get(item.start_setting), chosen.get(item.bound_setting)]
    start, bound = (on if code == APPLIED_ON else values.get(code) for code in codes)
    met = None
    if start is not None and bound is not None:
        met = start <= bound <= years_later(start, item.years)
    return Reason(item.code, item.label.zh, item.label.en, met, item.clause)


def years_later(day: date, years: int) -> date:
    """The same day of the calendar; of 29 February the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def decisive_field(item: Requirement, chosen: Chosen) -> str:
    """The input that the requirement turns on under the call: with its list of organisations the
    credit code alone; where the call says by which input, that one."""
    if item.register is not None and chosen.optional(item.register.setting):
        return item.register.field
    if item.field_setting is not None:
        return chosen.optional(item.field_setting) or item.test.field
    return item.test.field


def _met(item: Requirement, values: Mapping[str, Any], chosen: Chosen) -> bool | None:
    test = item.test
    if item.register is not None and (listed := chosen.optional(item.register.setting)):
        code = values.get(item.register.field)
        return None if code is None else code in {row["uscc"] for row in listed}
    if item.field_setting is not None:
        field = chosen.get(item.field_setting)
        if field is None:
            return None
        test = replace(test, field=field)
    value = values.get(test.field)
    if item.list_setting is not None:
        allowed = chosen.get(item.list_setting)
        if allowed is None:
            # Without a call the document's own words still stand: what they name is allowed.
            return True if value is not None and _fits(item, test, values) else None
        test = Condition(field=test.field, one_of=tuple(allowed))
    return None if value is None else _fits(item, test, values)


def _fits(item: Requirement, test: Condition, values: Mapping[str, Any]) -> bool:
    """Whether the answer holds one of the list, or with ``list_all`` the whole of it."""
    if not item.list_all:
        return test.holds(values)
    return set(test.one_of or ()) <= set(values[test.field])


def _alternatives(reasons: list[Reason], mode: str | None) -> list[Reason]:
    """``all``: each must be met. ``any``: one is enough. Not set: only what holds either way."""
    met = {reason.met for reason in reasons}
    if mode == "all" or len(met) == 1:
        return reasons
    if mode == "any" and True in met:
        return [reason for reason in reasons if reason.met]
    return [replace(reason, met=reason.met or None) for reason in reasons]
