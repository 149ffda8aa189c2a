"""What two pages of one scoring sheet wrote: merged field by field, never overwritten unseen.

As with the sections of an application, a page sends a digest of each field as it showed it. A
field is written if nobody but this page wrote it since, or if it still holds what was seen;
otherwise both versions are told. A page that was saved as a whole is closed to its own autosaves:
one that was still on its way says less than what was saved after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from applications.entries import digest, same
from reviews.models import Scoring

OPINION = "opinion"
# The pages that are remembered as saved; an autosave is late by seconds, not by days.
REMEMBERED = 20


@dataclass(frozen=True)
class Seen:
    """What a page of the sheet showed. ``page``: which page it is; ``digests``: field → mark;
    ``is_whole``: saved by its button, not by itself."""

    page: str
    digests: Mapping[str, str] = field(default_factory=dict)
    is_whole: bool = True


@dataclass(frozen=True)
class Conflict:
    """The same field, written by two pages: what each wrote, and when the other did."""

    code: str
    mine: Any
    theirs: Any
    at: datetime


@dataclass(frozen=True)
class Merged:
    """What may be written, and what may not."""

    written: dict[str, Any]
    conflicts: list[Conflict]


def flat(scores: Mapping[str, Mapping[str, Any]], opinion: str | None) -> dict[str, Any]:
    """The sheet's fields by name: ``score.fit``, ``comment.fit`` … and ``opinion`` if given."""
    found = {}
    for code, row in scores.items():
        found[f"score.{code}"] = row.get("score")
        found[f"comment.{code}"] = row.get("comment") or ""
    return found if opinion is None else found | {OPINION: opinion}


def digests(sheet: Scoring, criteria: list[str]) -> dict[str, str]:
    """The marks of all that a page of the sheet shows."""
    rows = {code: sheet.scores.get(code, {}) for code in criteria}
    return {name: digest(value) for name, value in flat(rows, sheet.opinion).items()}


def is_late(sheet: Scoring, seen: Seen) -> bool:
    """Whether an autosave arrives after its page was saved as a whole."""
    return not seen.is_whole and seen.page in sheet.closed_pages


def merge(sheet: Scoring, given: Mapping[str, Any], seen: Seen | None) -> Merged:
    """Judge each field that a page sends; without ``seen`` no other page is open."""
    stored = flat(sheet.scores, sheet.opinion)
    written, conflicts = {}, []
    for name, mine in given.items():
        held = stored.get(name)
        if same(mine, held):
            continue
        last = sheet.touched.get(name)
        if seen is None or last is None or _is_current(held, last, name, seen):
            written[name] = mine
        elif seen.digests.get(name) != digest(mine):
            conflicts.append(Conflict(name, mine, held, datetime.fromisoformat(last["at"])))
    return Merged(written, conflicts)


def differing(sheet: Scoring, given: Mapping[str, Any]) -> int:
    """How many fields stand otherwise on the sheet than on the page."""
    stored = flat(sheet.scores, sheet.opinion)
    return sum(not same(value, stored.get(name)) for name, value in given.items())


def _is_current(held: Any, last: Mapping, name: str, seen: Seen) -> bool:
    return last["page"] == seen.page or seen.digests.get(name) == digest(held)


def write(sheet: Scoring, written: Mapping[str, Any], seen: Seen | None, *, at: datetime) -> None:
    """Put the fields into the sheet (not yet saved) and mark which page wrote them."""
    scores = {code: dict(row) for code, row in sheet.scores.items()}
    for name, value in written.items():
        if name == OPINION:
            sheet.opinion = value
            continue
        part, code = name.split(".", 1)
        scores.setdefault(code, {"score": None, "comment": ""})[part] = value
    page = seen.page if seen else ""
    mark = {"page": page, "at": at.isoformat()}
    sheet.scores = scores
    sheet.touched = sheet.touched | dict.fromkeys(written, mark)
    if seen is not None and seen.is_whole and page and page not in sheet.closed_pages:
        sheet.closed_pages = [*sheet.closed_pages, page][-REMEMBERED:]
