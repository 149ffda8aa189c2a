"""The verdicts as the page shows them: each line with its outcome, what is open, what is near."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from policy.calculator.matters import matters
from policy.calculator.reply import KIND, Reply
from policy.catalogue_page import Card
from policy.eligibility import Reason
from policy.judging import Need, Outcome, Verdict, judge_line
from policy.schema import DefinitionSchema, Field
from policy.text import Text

NEAREST = 3
_ORDER = {"fits": 0, "depends": 1, "no": 2}


@dataclass(frozen=True)
class Result:
    """One line's verdict. ``open_fields``: what the reader may still answer; ``open_terms``: what
    only a call or the reviewers decide; ``nearest``: lines to look at where this one does not fit;
    ``is_brief``: shown as one row that opens, as no one asked for this line.
    """

    card: Card
    verdict: Verdict
    outcome: Outcome
    open_fields: tuple[Field, ...]
    open_terms: tuple[Need, ...]
    concerned: bool = True
    is_brief: bool = False
    nearest: tuple["Result", ...] = ()

    @property
    def line(self) -> str:
        return self.verdict.line

    @property
    def name(self) -> Text:
        return Text(self.card.measure.name_zh, self.card.measure.name_en)

    @property
    def unmet(self) -> tuple[Reason, ...]:
        return self.verdict.not_met

    @property
    def unknown(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.verdict.reasons if reason.met is None)

    @property
    def met(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.verdict.reasons if reason.met)

    @property
    def amount_cny(self) -> Decimal | None:
        return None if self.outcome == "no" else self.verdict.amount_cny

    @property
    def unrounded_cny(self) -> Decimal | None:
        """The amount under the ceiling where only its rounding waits for a call."""
        found, top = self.verdict.computation, self.verdict.ceiling_cny
        if self.outcome == "no" or found is None or found.capped_cny is not None:
            return None
        product = next((step.value for step in found.steps if step.code == "product"), None)
        if product is None:
            return None
        return Decimal(product) if top is None else min(Decimal(product), top)


def inputs_of(cards: Iterable[Card]) -> dict[str, Field]:
    """Every fact that some line asks an applicant for, by code: one code means one thing.

    Where a line sums up invoices, the sum itself is asked, in 万元.
    """
    found: dict[str, Field] = {}
    for card in cards:
        if card.definition is None:
            continue
        award = card.definition.award
        for item in award.inputs:
            # Nobody is asked who they are: a list of organisations is the call's to look up.
            if item.type != "uscc":
                found.setdefault(item.code, item)
        if (total := award.total) is not None:
            found[total.code] = total
        if award.kind == "discretionary" and award.base is not None:
            found.pop(award.base, None)
    return dict(sorted(found.items(), key=lambda pair: pair[0] != KIND))


def judge_all(
    cards: Iterable[Card],
    inputs: Mapping[str, Field],
    reply: Reply,
    *,
    on: date,
    lines: frozenset[str] | None,
) -> list[Result]:
    """Every line judged: what fits first, then what depends, then what does not fit; within, the
    lines in question first, then in the catalogue's order."""
    found = [
        _result(card, inputs, reply, on=on, lines=lines)
        for card in cards
        if card.definition is not None
    ]
    found.sort(key=lambda result: (_ORDER[result.outcome], not result.concerned))
    return [
        replace(result, nearest=_nearest(result, found)) if result.outcome == "no" else result
        for result in found
    ]


def _result(card: Card, inputs, reply: Reply, *, on: date, lines) -> Result:
    # A call's settings are for its own pinned rules: used where those are the ones in force.
    call, rules = card.open_call, card.definition
    assert rules is not None
    settings = None
    if call is not None and call.definition_id == card.definition_id:
        settings = call.settings
    given = _given(rules, reply, settings, on)
    verdict = judge_line(rules, given, on=on, settings=settings)
    if reply.is_person:
        verdict = _for_a_person(rules, verdict)
    fields = tuple(
        inputs[code]
        for need in verdict.needs
        if (code := rules.award.base if need.kind == "items" else need.code) in inputs
    )
    # That the reviewers set the amount stands in the formula.
    reviewed = rules.award.base if rules.award.kind == "discretionary" else None
    terms = tuple(n for n in verdict.needs if n.kind == "setting" and n.code != reviewed)
    outcome = verdict.outcome
    if outcome == "depends" and not fields and not any(r.met is None for r in verdict.reasons):
        # Every condition is met; only the amount waits for the call or the reviewers.
        outcome = "fits"
    concerned = lines is None or verdict.line in lines
    is_brief = outcome == "no" or (outcome == "depends" and (lines is None or not concerned))
    return Result(card, verdict, outcome, fields, terms, concerned, is_brief)


def _given(rules: DefinitionSchema, reply: Reply, settings, on: date) -> dict[str, Any]:
    """The answers as this line takes them: a sum that was told becomes one invoice of that sum,
    of a kind and a day that count."""
    given = dict(reply.given)
    award = rules.award
    if award.items and award.base and (told := given.pop(award.base, None)) is not None:
        chosen = settings or {}
        categories = chosen.get("categories") or ("equipment",)
        given["items"] = [
            {
                "category": categories[0],
                "invoice_date": chosen.get("window_start") or on.isoformat(),
                "net_cny": told,
                "tax_cny": "0",
                "gross_cny": told,
                "related_party": False,
                "fiscal_percent": "0",
            }
        ]
    return given


def _for_a_person(rules: DefinitionSchema, verdict: Verdict) -> Verdict:
    """What asks for a kind of organisation does not fit a natural person."""
    asked = {item.code for item in rules.eligibility.requirements if item.test.field == KIND}
    if not asked:
        return verdict
    reasons = tuple(
        replace(reason, met=False) if reason.code in asked else reason for reason in verdict.reasons
    )
    return replace(verdict, reasons=reasons, outcome="no", amount_cny=None, needs=())


def _nearest(result: Result, every: list[Result]) -> tuple[Result, ...]:
    """Lines that may still fit: of the same matter first, then of the nearest article."""
    mine = {item.code for item in matters() if result.line in item.lines}
    article = result.card.measure.article.no

    def distance(other: Result) -> tuple[bool, int]:
        shared = any(other.line in item.lines for item in matters() if item.code in mine)
        return (not shared, abs(other.card.measure.article.no - article))

    return tuple(sorted((o for o in every if o.outcome != "no"), key=distance)[:NEAREST])
