"""What an applicant wants to know of a measure or a call, in the order of a notice.

申报条件, 支持标准, 申报材料, 时间安排, 评审方式, 咨询方式: everything that a call lays down beside the
document stands under one of them. Pure: a measure without a call has the same pages without terms.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from policy.differences import Line
from policy.schema import CallSetting, DefinitionSchema, Requirement, TimeLimit
from policy.text import Text

Chapter = Literal["conditions", "amount", "schedule", "review", "contact"]
# Where a setting stands that neither a stage nor a condition uses, by its card in the call's form.
_BY_GROUP: dict[str, Chapter] = {
    "base": "amount",
    "amount": "amount",
    "caps": "amount",
    "stacking": "conditions",
    "places": "amount",
    "year": "amount",
    "money": "amount",
    "handling": "contact",
}
# Common settings (policy.common_settings) that are read elsewhere than in their card.
_BY_CODE: dict[str, Chapter] = {"cases_per_organisation": "conditions", "waiting_list": "review"}
_LIMIT = "workdays"
# The blocks of a chapter in their order, each with the cards of the form that it holds.
_BLOCKS: tuple[tuple[Text, Chapter, frozenset[str]], ...] = (
    (Text("申报范围", "Who may apply"), "conditions", frozenset({"amount", "places"})),
    (Text("叠加与互斥", "Combination with other support"), "conditions", frozenset({"stacking"})),
    (Text("计入口径", "What counts"), "amount", frozenset({"base"})),
    (Text("金额计算", "How the amount is computed"), "amount", frozenset({"amount"})),
    (Text("额度上限", "Ceilings"), "amount", frozenset({"caps"})),
    (Text("名额与年度", "Places and year"), "amount", frozenset({"places", "year"})),
    (Text("分担与拨付", "Sharing and payment"), "amount", frozenset({"money"})),
    (Text("补正与异议", "Correction and objection"), "schedule", frozenset({"amount"})),
    (Text("评审规则", "Rules of the review"), "review", frozenset({"amount", "places"})),
    (Text("办理单位", "In charge"), "contact", frozenset({"handling"})),
)


@dataclass(frozen=True)
class Quoted:
    """What the document asks for in one clause: conditions with the same words stand together."""

    clause: str
    labels: tuple[Text, ...]


@dataclass(frozen=True)
class Step:
    """A stage of the way: who holds it and for how many working days (None: no limit)."""

    code: str
    label: Text
    holder: str
    limit_workdays: int | None


@dataclass(frozen=True)
class Block:
    """What the call lays down about one thing."""

    title: Text
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Page:
    """A measure's or a call's page. ``terms``: what the call lays down, by chapter."""

    conditions: tuple[Quoted, ...]
    steps: tuple[Step, ...]
    # The money goes to a person, for whom the employer applies.
    is_for_person: bool = False
    terms: Mapping[str, list[Block]] = field(default_factory=dict)


def page_of(
    rules: DefinitionSchema,
    *,
    settings: Mapping[str, Any] | None = None,
    terms: Iterable[Line] = (),
) -> Page:
    """``settings``: a call's, None where there is no call: no limit is set then."""
    steps = _way(rules, settings)
    told = {f"{step.code}.limit_workdays" for step in steps}
    return Page(
        conditions=tuple(_quoted(rules)),
        steps=steps,
        is_for_person=any(item.payee for item in rules.form.fields.values()),
        terms=_blocks(rules, [term for term in terms if term.code not in told]),
    )


def _way(rules: DefinitionSchema, settings: Mapping[str, Any] | None) -> tuple[Step, ...]:
    """The stages that every case passes, one after the other."""
    plan = {stage.code: stage for stage in rules.stage_plan(settings or {})}
    steps, code = [], rules.stages[0].code if rules.stages else None
    while code in plan:
        stage = plan.pop(code)
        limit = stage.limit_workdays if settings is not None else None
        steps.append(Step(stage.code, stage.label, stage.holder, limit))
        code = stage.next
    return tuple(steps)


def _blocks(rules: DefinitionSchema, terms: Iterable[Line]) -> dict[str, list[Block]]:
    known = {setting.code: setting for setting in rules.settings}
    placed = [(chapter_of(known[line.code], rules), known[line.code].group, line) for line in terms]
    found: dict[str, list[Block]] = {}
    for title, chapter, groups in _BLOCKS:
        lines = tuple(line for at, group, line in placed if at == chapter and group in groups)
        if lines:
            found.setdefault(chapter, []).append(Block(title, lines))
    return found


def chapter_of(setting: CallSetting, rules: DefinitionSchema) -> Chapter:
    """Under which heading an applicant looks for a setting of the call."""
    stage, dot, name = setting.code.partition(".")
    if dot and stage in {item.code for item in rules.stages}:
        return "schedule" if stage == "correction" or name.endswith(_LIMIT) else "review"
    if setting.code in _asked_by_conditions(rules):
        return "conditions"
    return _BY_CODE.get(setting.code, _BY_GROUP[setting.group])


def _asked_by_conditions(rules: DefinitionSchema) -> set[str | None]:
    """The settings that decide who may apply."""
    found: set[str | None] = set()
    for requirement in rules.eligibility.requirements:
        found |= {requirement.list_setting, requirement.field_setting}
    for limit in rules.eligibility.time_limits:
        found |= {limit.start_setting, limit.bound_setting}
    found |= {group.setting for group in rules.eligibility.groups}
    return found


def _quoted(rules: DefinitionSchema) -> Iterable[Quoted]:
    asked: list[Requirement | TimeLimit] = [
        *rules.eligibility.requirements,
        *rules.eligibility.time_limits,
    ]
    by_clause: dict[str, list[Text]] = {}
    for item in asked:
        by_clause.setdefault(item.clause, []).append(item.label)
    return [Quoted(clause, tuple(labels)) for clause, labels in by_clause.items()]
