"""The home of a role (工作台) as a table: whose a section is, and the function that makes it.

A section tells what waits, until when and what is next. The function lives in the app that owns
the facts; here it is a dotted name, as in ``portal.menus``, and so are the roles. It takes a
``Reader`` and gives a ``Section``, or None where there is nothing to say. Whoever holds several
roles sees their sections together, each once, in the order of the table.

A number always leads to a list that shows exactly what it counts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils.module_loading import import_string

from portal import clock

# So many rows of a section stand on the home; the rest is behind its link.
SHOWN = 8
SHOWN_BESIDE = 5

MAIN: list[tuple[str, str]] = [
    ("newcomer", "portal.accounts.homes.newcomer"),
    ("applicant", "portal.accounts.homes.organisation"),
    ("applicant", "applications.homes.own_cases"),
    ("head", "reviews.homes.to_release"),
    ("head", "awards.homes.to_release"),
    ("clerk", "reviews.homes.queue"),
    ("head", "reviews.homes.queue"),
    ("district", "portal.accounts.homes.verification"),
    ("expert", "reviews.homes.sheets"),
    ("finance", "awards.homes.bounced"),
    ("finance_head", "awards.homes.to_sign"),
    ("finance", "awards.homes.finance_work"),
    ("finance_head", "awards.homes.finance_work"),
    ("finance", "awards.homes.claw_backs"),
    ("finance_head", "awards.homes.claw_backs"),
    ("policy_admin", "policy.homes.second_person"),
    ("policy_admin", "awards.homes.openings"),
    ("policy_admin", "policy.homes.drafts"),
    ("account_admin", "portal.accounts.homes.overdue"),
    ("account_admin", "portal.accounts.homes.people"),
    ("evaluator", "reviews.homes.results"),
    ("auditor", "portal.accounts.homes.chain"),
    ("auditor", "portal.accounts.homes.unusual"),
]
BESIDE: list[tuple[str, str]] = [
    ("applicant", "applications.homes.open_calls"),
    ("clerk", "reviews.homes.proceedings"),
    ("head", "reviews.homes.proceedings"),
    ("clerk", "policy.homes.questions"),
    ("head", "policy.homes.questions"),
    ("clerk", "policy.homes.led_calls"),
    ("head", "policy.homes.led_calls"),
    ("evaluator", "policy.homes.public_calls"),
    ("policy_admin", "policy.homes.open_calls"),
    ("policy_admin", "policy.homes.calendar"),
    ("member", "portal.notices.homes.messages"),
]


@dataclass(frozen=True)
class Reader:
    """Who looks at the home, and when. Sections share in ``memo`` what more than one reads."""

    user: Any
    roles: Collection[str]
    at: datetime
    memo: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def today(self) -> date:
        return clock.local(self.at).date()


@dataclass(frozen=True)
class Tally:
    """A number and its word; with an address it leads to the rows that it counts."""

    count: int
    label: Any
    url: str = ""
    tone: str = "plain"


@dataclass(frozen=True)
class Due:
    """Working days left (None: the year's calendar is not loaded) until a day."""

    left: int | None
    on: date | None


@dataclass(frozen=True)
class Line:
    """One thing: what it is, where it stands, what is next, until when."""

    title: Any
    url: str = ""
    hint: Any = ""
    where: Any = ""
    next: Any = ""
    due: Due | None = None
    # A cut-off to the minute, counted down.
    until: datetime | None = None
    state: Any = ""
    tone: str = "neutral"
    # What a template of the section's own shows.
    extra: Any = None


@dataclass(frozen=True)
class Empty:
    """Nothing waits: the words, and the next act."""

    text: Any
    url: str = ""
    action: Any = ""


@dataclass(frozen=True)
class Section:
    code: str
    title: Any
    lines: Sequence[Line] = ()
    tallies: Sequence[Tally] = ()
    empty: Empty | None = None
    # The heads of the columns: what, where it stands, what is next, until when.
    heads: Sequence[Any] = ()
    # All rows: the address and the word of the link.
    more_url: str = ""
    more: Any = ""
    note: Any = ""
    tone: str = "info"
    template: str = ""
    # How many there are in all, where ``lines`` shows the first of them only.
    total: int = 0

    @property
    def rest(self) -> int:
        """How many rows stand behind ``more_url`` only."""
        return max(self.total - len(self.lines), 0)

    @property
    def counted(self) -> Sequence[Tally]:
        """The numbers; where all are 0 the words of ``empty`` say it."""
        return self.tallies if any(tally.count for tally in self.tallies) else ()

    @property
    def has_where(self) -> bool:
        return any(line.where for line in self.lines)

    @property
    def has_next(self) -> bool:
        return any(line.next for line in self.lines)

    @property
    def has_due(self) -> bool:
        return any(line.due or line.until or line.state for line in self.lines)


def sections(table: Sequence[tuple[str, str]], reader: Reader) -> list[Section]:
    """The sections of the reader's roles, each once, in the order of the table."""
    names = dict.fromkeys(name for role, name in table if role in reader.roles)
    made = [import_string(name)(reader) for name in names]
    return [section for section in made if section is not None]
