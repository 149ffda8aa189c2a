"""A call in plain words: what it lays down beyond its definition, what a change alters."""

from dataclasses import dataclass
from typing import Any

from policy import call_settings, workdays
from policy.calls import FIELDS, schema_of
from policy.models import Call, CallChange
from policy.money import show_cny, show_wan
from policy.schema import DefinitionSchema
from policy.text import Text
from portal import clock
from portal.types import known

LABELS = {
    "definition": Text(zh="规则版本", en="Rules"),
    "title_zh": Text(zh="标题", en="Title (Chinese)"),
    "title_en": Text(zh="英文标题", en="Title (English)"),
    "guide_zh": Text(zh="申报指南", en="Guide"),
    "year": Text(zh="年度", en="Year"),
    "opens_at": Text(zh="开始时间", en="Opens"),
    "closes_at": Text(zh="截止时间", en="Closes"),
    "budget_cny": Text(zh="预算", en="Budget"),
    "places": Text(zh="名额", en="Places"),
    "question_workdays": Text(zh="答疑期限", en="Time to answer questions"),
    "status": Text(zh="状态", en="Status"),
}
# The shortest customary window; a shorter one is remarked on, not refused.
CUSTOMARY_WINDOW_DAYS = 20


@dataclass(frozen=True)
class Line:
    """A line of a difference: what, before → after. ``before`` None: nothing stood there."""

    code: str
    what: Text
    before: Text | None
    after: Text | None


def difference(call: Call, *, schema: DefinitionSchema | None = None) -> list[Line]:
    """What a call lays down beyond its definition: every field, every setting off its default."""
    schema = schema or schema_of(known(call.definition))
    lines = [
        Line("definition", LABELS["definition"], None, show_version(schema)),
    ]
    for name in FIELDS:
        if name == "settings":
            continue
        value = getattr(call, name)
        if value in (None, ""):
            continue
        before = None
        if name == "places" and schema.quota is not None:
            before = Text(
                zh=f"文件规定 {schema.quota.places} 个",
                en=f"{schema.quota.places} by the document",
            )
        lines.append(Line(name, LABELS[name], before, show_field(name, value)))
    for setting in schema.settings:
        value = call_settings.effective(setting, call.settings)
        if value is None or call_settings.is_default(setting, value):
            continue
        before = None if setting.default is None else call_settings.show(setting, setting.default)
        lines.append(Line(setting.code, setting.label, before, call_settings.show(setting, value)))
    return lines


def defaults_kept(call: Call, *, schema: DefinitionSchema | None = None) -> list[Line]:
    """The settings that stay as the definition has them: the rest of the difference."""
    schema = schema or schema_of(known(call.definition))
    return [
        Line(setting.code, setting.label, None, call_settings.show(setting, setting.default))
        for setting in schema.settings
        if call_settings.is_default(setting, call_settings.effective(setting, call.settings))
    ]


def terms(call: Call, *, schema: DefinitionSchema) -> list[Line]:
    """What the call lays down where the document leaves it open: every setting that has a value."""
    return [
        Line(setting.code, setting.label, None, call_settings.show(setting, value))
        for setting in schema.settings
        if (value := call_settings.effective(setting, call.settings)) is not None
    ]


def difference_of(change: CallChange) -> Line:
    """What a change alters, against the state that was published before it."""
    if change.field == CallChange.Field.CLOSE:
        status = {value: Text(zh=label, en=en) for value, label, en in _STATUS_TEXTS}
        return Line("status", LABELS["status"], status["published"], status["closed"])
    return Line(
        change.field,
        LABELS[change.field],
        show_field(change.field, change.before_value),
        show_field(change.field, change.after_value),
    )


_STATUS_TEXTS = (("published", "已发布", "published"), ("closed", "提前截止", "closed early"))


def show_version(schema: DefinitionSchema) -> Text:
    return Text(
        zh=f"{schema.valid_from:%Y年%-m月%-d日}起施行的版本",
        en=f"version in force from {schema.valid_from.isoformat()}",
    )


def show_field(name: str, value: Any) -> Text:
    """A field's value in plain words."""
    if name in {"opens_at", "closes_at"}:
        moment = clock.local(value)
        return Text(zh=f"{moment:%Y年%-m月%-d日 %H:%M}", en=f"{moment:%Y-%m-%d %H:%M}")
    if name == "budget_cny":
        return Text(zh=f"{show_wan(value)} 万元（{show_cny(value)}）", en=f"{show_cny(value)}")
    if name == "places":
        return Text(zh=f"{value} 个", en=str(value))
    if name == "question_workdays":
        return Text(zh=f"{value} 个工作日", en=f"{value} working days")
    return Text(zh=str(value), en=str(value))


def remarks(call: Call, *, schema: DefinitionSchema) -> list[Text]:
    """What the second person should look at; none of it forbids publishing."""
    found: list[Text] = []
    closes_on = clock.local(call.closes_at).date()
    try:
        if not workdays.stored_calendar().is_workday(closes_on):
            found.append(
                Text(zh="截止日不是工作日。", en="The cut-off does not fall on a working day.")
            )
    except workdays.YearNotLoaded as missing:
        found.append(
            Text(
                zh=f"{missing.year} 年日历尚未载入，办理期限将待日历发布后计算。",
                en=f"The calendar of {missing.year} is not loaded; due dates wait for it.",
            )
        )
    days = (call.closes_at - call.opens_at).days
    if days < CUSTOMARY_WINDOW_DAYS:
        found.append(
            Text(
                zh=f"申报期 {days} 天，短于通常的 {CUSTOMARY_WINDOW_DAYS} 天。",
                en=f"Open for {days} days, less than the customary {CUSTOMARY_WINDOW_DAYS}.",
            )
        )
    largest = max((cap.amount_cny for cap in schema.caps), default=None)
    if largest and call.places and call.budget_cny is not None:
        full = largest * call.places
        if call.budget_cny < full:
            found.append(
                Text(
                    zh=f"预算 {show_wan(call.budget_cny)} 万元少于 {call.places} 个名额按上限"
                    f"全额支持所需的 {show_wan(full)} 万元。",
                    en=f"The budget of {show_cny(call.budget_cny)} does not cover {call.places} "
                    f"places at the cap ({show_cny(full)}).",
                )
            )
    return found
