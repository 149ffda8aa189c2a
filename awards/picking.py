"""Choosing from many awards: what can be taken, a filter of it, what is ticked on all its pages,
or all that the filter shows.

Pure, but for the numbers of what is gone. Amounts are 元.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from awards.models import Award
from reviews.refusals import Refused

# A page of a form shows so many rows.
PAGE = 50
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Row:
    """One thing that can be chosen: an award, or what is due on it. ``offered_cny`` is the most
    that it is taken with; ``blocked``: why it cannot be taken now, as a code."""

    key: str
    number: str
    offered_cny: Decimal
    thing: Any
    district: Any = None
    words: str = ""
    blocked: str = ""


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to: a district's code, and words of number, project and unit."""

    district: str = ""
    q: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Filter":
        return cls(given.get("district", "")[:40], given.get("q", "").strip()[:60])

    def __bool__(self) -> bool:
        return bool(self.district or self.q)

    def shows(self, row: Row) -> bool:
        if self.district and (row.district is None or row.district.code != self.district):
            return False
        return all(word.casefold() in row.words.casefold() for word in self.q.split())

    def query(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Seen:
    """A choice as its page told it: which, their sum as offered, and the filter if all that it
    shows is taken (None: what was ticked)."""

    keys: frozenset[str]
    offered_cny: Decimal
    all_of: Filter | None = None


def check(seen: Seen, rows: Sequence[Row]) -> None:
    """Refuse a choice that is no longer what was told; nothing is added or left out silently.

    ``rows``: what can be taken now, read under the locks. Raises ``Refused`` set_changed with the
    numbers that came and went, and the sums.
    """
    if seen.all_of is not None:
        now = [row for row in rows if not row.blocked and seen.all_of.shows(row)]
    else:
        now = [row for row in rows if not row.blocked and row.key in seen.keys]
    now_cny = offered(now)
    keys = {row.key for row in now}
    if keys == seen.keys and now_cny == seen.offered_cny:
        return
    raise Refused(
        "set_changed",
        added=[row.number for row in now if row.key not in seen.keys],
        removed=numbers(seen.keys - keys),
        seen_cny=seen.offered_cny,
        now_cny=now_cny,
    )


def offered(rows: Iterable[Row]) -> Decimal:
    return sum((row.offered_cny for row in rows), ZERO)


def numbers(keys: Collection[str]) -> list[str]:
    """The case numbers behind keys, each once. One query, none without keys."""
    if not keys:
        return []
    uids = {key.partition("-")[0] for key in keys}
    found = Award.objects.filter(uid__in=uids).order_by("application__number")
    return [number or "" for number in found.values_list("application__number", flat=True)]


@dataclass
class Tray:
    """What a person has chosen so far, kept while pages are turned: ticked keys with what was
    offered then, amounts that were changed, whether all of the filter is taken, and the words."""

    ticked: dict[str, Decimal] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    whole: bool = False
    words: dict[str, str] = field(default_factory=dict)

    def plain(self) -> dict:
        return {
            "ticked": {key: str(cny) for key, cny in self.ticked.items()},
            "amounts": {key: str(cny) for key, cny in self.amounts.items()},
            "whole": self.whole,
            "words": self.words,
        }

    @classmethod
    def from_plain(cls, plain: dict) -> "Tray":
        return cls(
            {key: Decimal(cny) for key, cny in plain["ticked"].items()},
            {key: Decimal(cny) for key, cny in plain["amounts"].items()},
            plain["whole"],
            plain["words"],
        )

    def amount(self, row: Row) -> Decimal:
        return self.amounts.get(row.key, row.offered_cny)

    def sum_of(self, rows: Iterable[Row]) -> Decimal:
        return sum((self.amount(row) for row in rows), ZERO)


def read_rows(text: str) -> dict[str, Decimal]:
    """``key:元 key:元``, as a page tells which rows it shows; what does not parse is left out."""
    found = {}
    for part in text.split():
        key, _colon, cny = part.partition(":")
        if (amount := read_cny(cny)) is not None:
            found[key] = amount
    return found


def read_cny(text: str) -> Decimal | None:
    """A plain number as a page posts it back, or None."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def write_rows(rows: Iterable[Row]) -> str:
    return " ".join(f"{row.key}:{row.offered_cny}" for row in rows)
