"""The answers of one reader, read from the address of the page and written back to it.

``organisation_kind=enterprise&matter=project&national_task=yes&rd_input_cny=500`` is the whole
state: the address can be kept, printed and passed on. Amounts stand in it as they were typed.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from policy import answers as reading
from policy.answers import NUMBER, AnswerRefused
from policy.calculator.matters import matters
from policy.issues import Issue
from policy.money import MAX_CNY, WAN
from policy.schema import Field

KIND = "organisation_kind"
MATTER = "matter"
SKIP = "skip"
# Statements that a page showed; those that were not ticked are denied.
SHOWN = "shown"
# The question that a page asked: sent without an answer, the page says so.
ASKED = "asked"
# The one answer to ``organisation_kind`` that no registered organisation has.
PERSON = "person"
_YES, _NO = "yes", "no"


@dataclass(frozen=True)
class Reply:
    """``given``: values by input code as ``judging.judge_line`` takes them (amounts in 元);
    ``typed``: the same as they stand in the address; ``issues``: what could not be read."""

    typed: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    issues: Mapping[str, Issue] = field(default_factory=dict)
    matters: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    is_person: bool = False

    def has(self, code: str) -> bool:
        """Whether the question was dealt with: answered, or passed over."""
        if code == MATTER:
            return bool(self.matters) or MATTER in self.skipped
        return (code in self.typed and code not in self.issues) or code in self.skipped

    def query(self, *, without: Iterable[str] = (), also: Mapping[str, str] | None = None) -> str:
        """The address's query, the same for the same answers."""
        left = set(without)
        pairs = [(code, text) for code, text in self.typed.items() if code not in left]
        if MATTER not in left:
            pairs += [(MATTER, item.code) for item in matters() if item.code in self.matters]
        pairs += [(SKIP, code) for code in sorted(self.skipped - left)]
        pairs += list((also or {}).items())
        return urlencode(pairs)

    def pairs(self, *, without: Iterable[str] = ()) -> list[tuple[str, str]]:
        """The same as hidden inputs of a form that asks for what is ``without``."""
        left = set(without)
        pairs = [(code, text) for code, text in self.typed.items() if code not in left]
        if MATTER not in left:
            pairs += [(MATTER, item.code) for item in matters() if item.code in self.matters]
        return pairs + [(SKIP, code) for code in sorted(self.skipped - left)]


def read_reply(query, inputs: Mapping[str, Field]) -> Reply:
    """What the address says; names that no line asks for are passed over.

    ``query``: a QueryDict. ``inputs``: every input that may be asked, by code.
    """
    typed: dict[str, str] = {}
    given: dict[str, Any] = {}
    issues: dict[str, Issue] = {}
    for code in query:
        if code not in inputs:
            continue
        many = inputs[code].type == "multichoice"
        raw = ",".join(query.getlist(code)) if many else query[code]
        raw = unicodedata.normalize("NFKC", raw).strip()
        if not raw:
            continue
        typed[code] = raw[:60]
        if code == KIND and raw == PERSON:
            continue
        try:
            given[code] = _read(inputs[code], raw)
        except AnswerRefused as refused:
            issues[code] = refused.issue
    for code in query.getlist(SHOWN):
        if code in inputs and inputs[code].type == "bool" and code not in typed:
            typed[code], given[code] = _NO, False
    known = {item.code for item in matters()}
    skipped = {code for code in query.getlist(SKIP) if code in inputs or code == MATTER}
    return Reply(
        typed={code: typed[code] for code in sorted(typed, key=list(inputs).index)},
        given=given,
        issues=issues,
        matters=frozenset(known & set(query.getlist(MATTER))),
        skipped=frozenset(skipped - set(given) - ({KIND} if KIND in typed else set())),
        is_person=typed.get(KIND) == PERSON,
    )


def _read(item: Field, raw: str) -> Any:
    """The value of an input as ``policy.answers`` takes it, refused in the words of the form."""
    if item.type == "bool":
        if raw not in {_YES, _NO}:
            raise AnswerRefused(Issue(item.code, "not_a_bool"))
        return raw == _YES
    if item.type == "multichoice":
        value: Any = raw.split(",")
    elif item.type in {"money", "money_wan"}:
        value = _cny(item, raw)
    else:
        value = raw
    reading.read(item, value)
    return value


def _cny(item: Field, raw: str) -> str:
    """元 of what was typed in the field's own unit, 万元 or 元; commas are let go."""
    text = raw.replace(",", "")
    if not NUMBER.fullmatch(text):
        return text  # the reader refuses it and says why
    value = Decimal(text)
    if value < 0:
        raise AnswerRefused(Issue(item.code, "negative", {"value": text}))
    if item.type == "money_wan":
        if abs(value) * WAN > MAX_CNY:
            raise AnswerRefused(
                Issue(item.code, "too_large", {"value": text, "max": f"{MAX_CNY / WAN:f} 万元"})
            )
        if value != round(value, 6):
            raise AnswerRefused(Issue(item.code, "too_fine", {"value": text, "decimals": 6}))
        value *= WAN
    return f"{value:f}"


def shown(item: Field, reply: Reply) -> str:
    """An answer in words, for the list of what was answered."""
    raw = reply.typed.get(item.code, "")
    names = {choice.code: str(choice.label) for choice in item.choices}
    return "、".join(names.get(code, code) for code in raw.split(","))
