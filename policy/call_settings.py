"""The values of a call's settings: what an administrator may choose, and how it reads.

A value is stored as ``policy.schema.CallSetting`` says (a rate as ``"0.30"``, money as a string
in 元, instalments as whole percents). ``clean`` is the one check, for forms and for publishing.
"""

import itertools
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from stdnum.cn import uscc

from policy.money import NotMoney, cny, show_cny, show_wan
from policy.schema import CallSetting, DefinitionSchema
from policy.text import Text, counted

UNSET = Text(zh="未设定", en="not set")
WORKDAYS = Text(zh="个工作日", en="working days")
MAX_RATE_DECIMALS = 6
MAX_INSTALMENTS = 10
MAX_TIERS = 20
MAX_SCORE = Decimal(100)
MAX_ORGANISATIONS = 500


class SettingWrong(ValueError):
    """A value that a setting does not take.

    ``reason`` is one of missing, unknown, type, too_small, too_large, too_fine, unknown_choice,
    sum, too_many, reversed, twice, falling, not_a_uscc, without_name, listed_twice; ``facts`` holds the bound, the sum or the value.
    """

    def __init__(self, code: str, reason: str, **facts: object):
        self.code, self.reason, self.facts = code, reason, facts
        super().__init__(f"{code}: {reason} {facts or ''}".strip())


def clean(setting: CallSetting, value: Any) -> Any:
    """The value in its stored form, or SettingWrong. ``None`` is for ``problems`` to judge."""
    if setting.type in {"integer", "workdays"}:
        return _whole(setting, value)
    if setting.type == "rate":
        return _rate(setting, value)
    if setting.type == "money":
        return _money(setting, value)
    if setting.type == "decimal":
        return str(_bounded(setting, _decimal(setting, value)))
    if setting.type == "date":
        return _date(setting, value)
    if setting.type == "bool":
        if not isinstance(value, bool):
            raise SettingWrong(setting.code, "type", value=value)
        return value
    if setting.type == "instalments":
        return _instalments(setting, value)
    if setting.type == "tiers":
        return _tiers(setting, value)
    if setting.type == "organisations":
        return _organisations(setting, value)
    return _chosen(setting, value)


def effective(setting: CallSetting, values: Mapping[str, Any]) -> Any:
    """What holds: the call's value, else the definition's default (None: not set)."""
    value = values.get(setting.code)
    return setting.default if value is None else value


class Chosen:
    """Reads the settings that a computation needs, and keeps the codes of those not there.

    Without a call (``values`` is None) nothing that the document leaves open has a value.
    """

    def __init__(self, schema: DefinitionSchema, values: Mapping[str, Any] | None):
        self.known = {setting.code: setting for setting in schema.settings}
        self.values = values
        self.missing: list[str] = []

    def get(self, code: str) -> Any:
        value = None
        if self.values is not None and code in self.known:
            value = effective(self.known[code], self.values)
        if value is None and code not in self.missing:
            self.missing.append(code)
        return value

    def get_or(self, code: str, otherwise: Any) -> Any:
        """For settings that a line may not have at all."""
        return self.get(code) if code in self.known else otherwise

    def optional(self, code: str) -> Any:
        """For settings that may stay open: None without a call, and nothing is missing."""
        if self.values is None or code not in self.known:
            return None
        return effective(self.known[code], self.values)


def is_default(setting: CallSetting, value: Any) -> bool:
    """Whether a value is what the definition has anyway; the order of choices tells nothing."""
    if setting.type == "multichoice" and value is not None and setting.default is not None:
        return set(value) == set(setting.default)
    if setting.type in {"rate", "decimal", "money"} and None not in (value, setting.default):
        return Decimal(str(value)) == Decimal(str(setting.default))
    return value == setting.default


def problems(schema: DefinitionSchema, values: Mapping[str, Any]) -> dict[str, SettingWrong]:
    """What keeps a call from being published: wrong, unknown and missing values, by code."""
    found: dict[str, SettingWrong] = {}
    known = {setting.code: setting for setting in schema.settings}
    for code in values:
        if code not in known:
            found[code] = SettingWrong(code, "unknown")
    for code, setting in known.items():
        value = values.get(code)
        if value is None:
            if setting.required:
                found[code] = SettingWrong(code, "missing")
            continue
        try:
            clean(setting, value)
        except SettingWrong as wrong:
            found[code] = wrong
    return found or _together(schema, values)


def _together(schema: DefinitionSchema, values: Mapping[str, Any]) -> dict[str, SettingWrong]:
    """What each setting allows alone, but not beside the others."""
    found: dict[str, SettingWrong] = {}
    start, end = values.get("window_start"), values.get("window_end")
    if start and end and end < start:
        found["window_end"] = SettingWrong("window_end", "reversed", start=start, end=end)
    for stage in schema.stage_plan(values):
        if stage.min_experts and stage.experts and stage.experts < stage.min_experts:
            code = f"{stage.code}.experts"
            found[code] = SettingWrong(code, "too_small", bound=stage.min_experts)
    return found


def show(setting: CallSetting, value: Any) -> Text:
    """The value in plain words, with its unit."""
    if value is None:
        return UNSET
    if setting.type == "rate":
        percent = show_percent(Decimal(str(value)))
        return Text(zh=percent, en=percent)
    if setting.type == "workdays":
        return counted(Decimal(value), WORKDAYS)
    if setting.type == "money":
        amount = Decimal(str(value))
        return Text(
            zh=f"{show_wan(amount)} 万元（{show_cny(amount)}）",
            en=f"{show_cny(amount)}",
        )
    if setting.type == "bool":
        return Text(zh="是", en="yes") if value else Text(zh="否", en="no")
    if setting.type == "instalments":
        parts = "、".join(f"{part}%" for part in value)
        return Text(
            zh=f"{ratio(value)}（分 {len(value)} 期：{parts}）" if len(value) > 1 else "一次拨付",
            en=f"{ratio(value)} ({', '.join(f'{part}%' for part in value)})"
            if len(value) > 1
            else "paid at once",
        )
    if setting.type in {"choice", "multichoice"}:
        return _labels(setting, value)
    if setting.type == "tiers":
        return _show_tiers(value)
    if setting.type == "organisations":
        names = "、".join(row["name"] for row in value)
        return Text(zh=f"{len(value)} 家：{names}", en=f"{len(value)} organisation(s): {names}")
    if setting.unit is not None and setting.type in {"integer", "decimal"}:
        return counted(Decimal(str(value)), setting.unit)
    return Text(zh=str(value), en=str(value))


def show_tiers(schema: DefinitionSchema, values: Mapping[str, Any]) -> Text | None:
    """The call's table of tiers in plain words; None where none decides the amount."""
    tiers = schema.award.tiers
    value = Chosen(schema, values).optional(tiers.setting) if tiers else None
    return _show_tiers(value) if value else None


def show_percent(rate: Decimal) -> str:
    """``0.30`` as ``30%``, ``0.125`` as ``12.5%``."""
    return f"{(rate * 100).normalize():f}%"


def ratio(percents: list[int]) -> str:
    """``[50, 30, 20]`` as ``5:3:2``; ``[55, 45]`` stays ``55:45``."""
    tens = all(part % 10 == 0 for part in percents)
    return ":".join(str(part // 10 if tens else part) for part in percents)


def _labels(setting: CallSetting, value) -> Text:
    known = {choice.code: choice.label for choice in setting.choices}
    codes = value if isinstance(value, list | tuple) else [value]
    labels = [known.get(code, Text(zh=str(code), en=str(code))) for code in codes]
    if not labels:
        return Text(zh="无", en="none")
    return Text(
        zh="、".join(label.zh for label in labels), en=", ".join(label.en for label in labels)
    )


def _whole(setting: CallSetting, value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise SettingWrong(setting.code, "type", value=value)
    lowest = 1 if setting.type == "workdays" else None
    if lowest is not None and value < lowest:
        raise SettingWrong(setting.code, "too_small", bound=lowest)
    _bounded(setting, Decimal(value))
    return value


def _decimal(setting: CallSetting, value) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise SettingWrong(setting.code, "type", value=value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise SettingWrong(setting.code, "type", value=value) from None
    if not number.is_finite():
        raise SettingWrong(setting.code, "type", value=value)
    return number


def _bounded(setting: CallSetting, number: Decimal) -> Decimal:
    if setting.min is not None and number < setting.min:
        raise SettingWrong(setting.code, "too_small", bound=setting.min)
    if setting.max is not None and number > setting.max:
        raise SettingWrong(setting.code, "too_large", bound=setting.max)
    return number


def _rate(setting: CallSetting, value) -> str:
    """A fraction above 0 and up to 1, as a string without needless zeros."""
    rate = _decimal(setting, value)
    if rate <= 0:
        raise SettingWrong(setting.code, "too_small", bound=setting.min or Decimal(0))
    if rate > 1:
        raise SettingWrong(setting.code, "too_large", bound=setting.max or Decimal(1))
    _bounded(setting, rate)
    if rate != round(rate, MAX_RATE_DECIMALS):
        raise SettingWrong(setting.code, "too_fine", decimals=MAX_RATE_DECIMALS - 2)
    return f"{rate.normalize():f}"


def _money(setting: CallSetting, value) -> str:
    try:
        amount = cny(value)
    except NotMoney as wrong:
        reason = {"negative": "too_small", "too_large": "too_large", "too_fine": "too_fine"}
        raise SettingWrong(
            setting.code, reason.get(wrong.reason, "type"), bound=Decimal(0), value=value
        ) from None
    _bounded(setting, amount)
    return str(amount)


def _date(setting: CallSetting, value) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise SettingWrong(setting.code, "type", value=value) from None


def _instalments(setting: CallSetting, value) -> list[int]:
    """Whole percents, each above 0, 100 together: the order is the order of payment."""
    if not isinstance(value, list | tuple) or not all(
        isinstance(part, int) and not isinstance(part, bool) for part in value
    ):
        raise SettingWrong(setting.code, "type", value=value)
    if not value or min(value) <= 0:
        raise SettingWrong(setting.code, "too_small", bound=Decimal(1))
    if len(value) > MAX_INSTALMENTS:
        raise SettingWrong(setting.code, "too_many", bound=MAX_INSTALMENTS)
    if sum(value) != 100:
        raise SettingWrong(setting.code, "sum", sum=sum(value))
    return list(value)


def _tiers(setting: CallSetting, value) -> list[dict[str, str]]:
    """Tiers, the highest first: no score twice, and a higher score never gives less."""
    keys = {"label", "from", "amount_cny"}
    if not isinstance(value, list | tuple) or not all(
        isinstance(row, Mapping) and set(row) == keys and isinstance(row["label"], str)
        for row in value
    ):
        raise SettingWrong(setting.code, "type", value=value)
    if not 1 <= len(value) <= MAX_TIERS:
        raise SettingWrong(setting.code, "too_many", bound=MAX_TIERS)
    found = []
    for row in value:
        score = _decimal(setting, row["from"])
        if not 0 <= score <= MAX_SCORE:
            bound = Decimal(0) if score < 0 else MAX_SCORE
            raise SettingWrong(
                setting.code, "too_small" if score < 0 else "too_large", bound=bound, what="score"
            )
        found.append((score, Decimal(_money(setting, row["amount_cny"])), row["label"].strip()))
    found.sort(key=lambda row: row[0], reverse=True)
    for higher, lower in itertools.pairwise(found):
        if higher[0] == lower[0]:
            raise SettingWrong(setting.code, "twice", value=lower[0])
        if higher[1] < lower[1]:
            raise SettingWrong(setting.code, "falling", value=lower[0])
    return [
        {"label": label, "from": f"{score.normalize():f}", "amount_cny": str(amount)}
        for score, amount, label in found
    ]


def _organisations(setting: CallSetting, value) -> list[dict[str, str]]:
    """Organisations by credit code, none twice, each with its name."""
    if not isinstance(value, list | tuple) or not all(
        isinstance(row, Mapping) and set(row) == {"uscc", "name"} for row in value
    ):
        raise SettingWrong(setting.code, "type", value=value)
    if not 1 <= len(value) <= MAX_ORGANISATIONS:
        raise SettingWrong(setting.code, "too_many", bound=MAX_ORGANISATIONS)
    found: dict[str, str] = {}
    for row in value:
        code, name = row["uscc"], row["name"]
        if not isinstance(code, str) or not uscc.is_valid(code) or uscc.compact(code) != code:
            raise SettingWrong(setting.code, "not_a_uscc", value=code)
        if not isinstance(name, str) or not name.strip():
            raise SettingWrong(setting.code, "without_name", value=code)
        if code in found:
            raise SettingWrong(setting.code, "listed_twice", value=code)
        found[code] = name.strip()
    return [{"uscc": code, "name": name} for code, name in sorted(found.items())]


def _show_tiers(value) -> Text:
    rows = [(row["from"], Decimal(row["amount_cny"]), row["label"]) for row in value]
    return Text(
        zh="；".join(
            f"{score} 分及以上 {show_wan(cny)} 万元" + (f"（{label}）" if label else "")
            for score, cny, label in rows
        ),
        en="; ".join(
            f"from {score} points {show_cny(cny)}" + (f" ({label})" if label else "")
            for score, cny, label in rows
        ),
    )


def _chosen(setting: CallSetting, value) -> Any:
    known = {choice.code for choice in setting.choices}
    codes = value if setting.type == "multichoice" else [value]
    if not isinstance(codes, list | tuple) or not all(isinstance(code, str) for code in codes):
        raise SettingWrong(setting.code, "type", value=value)
    if unknown := set(codes) - known:
        raise SettingWrong(setting.code, "unknown_choice", value=min(unknown))
    if setting.type != "multichoice":
        return value
    # In the definition's order, so that the same choice is the same value.
    return [choice.code for choice in setting.choices if choice.code in codes]
