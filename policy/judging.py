"""One line judged from answers: it fits, it does not, or it depends on something still open.

Pure, and tolerant of what is missing: where ``computing.compute`` refuses an incomplete input,
here it is told as something that the verdict depends on. What was answered and cannot be read is
refused all the same: a verdict never rests on a wrong answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from policy import answers as reading
from policy.call_settings import Chosen, effective, show_percent
from policy.computing import Committed, Computation, InputsRefused, Scope, compute
from policy.eligibility import Reason, decisive_field, judge
from policy.issues import Issue
from policy.schema import DefinitionSchema
from policy.text import Text
from portal.money import short_wan, show_cny
from portal.types import known

Outcome = Literal["fits", "depends", "no"]


@dataclass(frozen=True)
class Need:
    """Something that is still open. ``kind``: a fact of the applicant (``input``), the invoices
    (``items``), or what only a call decides (``setting``)."""

    kind: Literal["input", "items", "setting"]
    code: str
    label: Text


@dataclass(frozen=True)
class Verdict:
    """``amount_cny`` is the award under the caps, or None where it cannot be known;
    ``ceiling_cny`` the lowest 最高 of the line, None where it names none."""

    line: str
    outcome: Outcome
    clause: str
    formula: Text | None
    ceiling_cny: Decimal | None
    amount_cny: Decimal | None
    reasons: tuple[Reason, ...] = ()
    needs: tuple[Need, ...] = ()
    computation: Computation | None = field(default=None, repr=False)

    @property
    def not_met(self) -> tuple[Reason, ...]:
        """Why it does not fit, each with its clause."""
        return tuple(reason for reason in self.reasons if reason.met is False)


def judge_line(
    schema: DefinitionSchema,
    given: Mapping[str, Any],
    *,
    on: date,
    settings: Mapping[str, Any] | None = None,
    committed: Committed | None = None,
    scope: Scope | None = None,
) -> Verdict:
    """The line's verdict on answers by input code; codes of other lines are passed over.

    ``settings``: those of a call; without one what the document leaves open is among the needs.
    Raises ``computing.InputsRefused`` for answers that cannot be read.
    """
    award = schema.award
    known = {item.code: item for item in award.inputs}
    own = {code: value for code, value in given.items() if code in known}
    if award.items and given.get("items"):
        own["items"] = given["items"]
    found = _computed(schema, own, settings, committed or {}, on, scope)
    chosen = Chosen(schema, settings)
    if found is not None:
        reasons, missing = found.reasons, found.missing_settings
    else:
        reasons = tuple(judge(schema, _read(known, own), chosen, on=on))
        missing = tuple(chosen.missing)
    needs = _needs(schema, own, reasons, missing, chosen)
    outcome: Outcome = "fits"
    if any(reason.met is False for reason in reasons):
        outcome = "no"
    elif needs or any(reason.met is None for reason in reasons):
        outcome = "depends"
    return Verdict(
        line=schema.line,
        outcome=outcome,
        clause=award.clause,
        formula=formula(schema, settings),
        ceiling_cny=min((cap.amount_cny for cap in schema.cap_plan(settings or {})), default=None),
        amount_cny=found.capped_cny if found is not None else None,
        reasons=reasons,
        needs=() if outcome == "no" else needs,
        computation=found,
    )


def _computed(schema, own, settings, committed, on, scope) -> Computation | None:
    """The computation, or None while an input that the rule needs is missing."""
    try:
        return compute(
            schema, inputs=own, settings=settings, committed=committed, on=on, scope=scope
        )
    except InputsRefused as refused:
        if any(issue.code != "required" or issue.row for issue in refused.issues):
            raise
        return None


def _read(known, own: Mapping[str, Any]) -> dict[str, Any]:
    issues: list[Issue] = []
    values = {}
    for code, item in known.items():
        try:
            values[code] = reading.read(item, own.get(code))
        except reading.AnswerRefused as refused:
            issues.append(refused.issue)
    if issues:
        raise InputsRefused(issues)
    return values


def _needs(schema, own, reasons, missing, chosen: Chosen) -> tuple[Need, ...]:
    """What is open: facts that a requirement or the amount waits for, then the call's part."""
    unknown = {reason.code for reason in reasons if reason.met is None}
    wanted = {
        decisive_field(item, chosen)
        for item in schema.eligibility.requirements
        if item.code in unknown
    }
    needs = [
        Need("input", item.code, item.label)
        for item in schema.award.inputs
        if reading.is_empty(own.get(item.code)) and (item.required or item.code in wanted)
    ]
    if schema.award.items and not own.get("items"):
        needs.append(Need("items", "items", Text("投入明细", "Invoices")))
    if schema.award.kind == "discretionary" and reading.is_empty(own.get(schema.award.base)):
        needs.append(Need("setting", schema.award.base, schema.award.base_label))
    known = {setting.code: setting.label for setting in schema.settings}
    needs += [Need("setting", code, known[code]) for code in missing if code in known]
    return tuple({(need.kind, need.code): need for need in needs}.values())


def formula(schema: DefinitionSchema, settings: Mapping[str, Any] | None = None) -> Text | None:
    """How the amount comes about, in a phrase: ``企业投入 × 10%，最高 200 万元``."""
    how = _how(schema, settings)
    caps = [cap.amount_cny for cap in schema.cap_plan(settings or {})]
    if not caps:
        return how
    most = _amount(min(caps), "最高 {}", "at most {}")
    return most if how is None else Text(f"{how.zh}，{most.zh}", f"{how.en}, {most.en}")


def _amount(cny: Decimal, zh: str, en: str) -> Text:
    """An amount as the document writes it: ``200 万元``, in English ``¥2,000,000``."""
    return Text(zh.format(f"{short_wan(cny)} 万元"), en.format(show_cny(cny).removesuffix(".00")))


def _how(schema: DefinitionSchema, settings: Mapping[str, Any] | None) -> Text | None:
    award = schema.award
    if award.kind == "per_item":
        label = known(award.base_label)
        return _amount(known(award.unit_amount_cny), f"{label.zh} × {{}}", f"{label.en} × {{}}")
    if award.kind == "discretionary":
        return Text("由评审确定", "set by the reviewers")
    if award.kind == "none":
        return None
    label, rate = known(award.base_label), known(award.rate)
    value = rate.value
    if rate.setting is not None and settings is not None:
        value = effective(schema.setting(rate.setting), settings)
    if value is None:
        return Text(f"{label.zh} × 比例（由申报通知确定）", f"{label.en} × rate (set by the call)")
    percent = show_percent(Decimal(str(value)))
    if rate.ceiling and settings is None:
        return Text(f"{label.zh} × 不超过 {percent}", f"{label.en} × up to {percent}")
    return Text(f"{label.zh} × {percent}", f"{label.en} × {percent}")
