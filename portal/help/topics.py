"""The topics of 使用帮助, read from ``topics/*.yaml``: short steps, both languages side by side.

A topic is ``kind`` role (what one does in this role), task (how one thing is done) or site (what
holds for the whole site). A text is a pair ``[zh, en]``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.utils.translation import get_language
from PIL import Image

FOLDER = Path(__file__).parent / "topics"
PICTURES = settings.BASE_DIR / "static" / "help"
# The order of the pages in the index.
ROLES = (
    "visitor", "filler", "org-admin", "district", "lead-clerk", "head", "co-unit", "expert",
    "finance", "policy-admin", "account-admin", "auditor", "evaluator",
)  # fmt: skip
TASKS = (
    "registration", "filling", "invoices", "attachments", "submitting", "corrections", "deadlines",
    "questions", "objections", "payments", "signing-in", "keys", "display",
)  # fmt: skip
SITE = ("privacy", "accessibility")


class BadTopic(ValueError):
    """A file of topics is not as it should be; the text says which and where."""


@dataclass(frozen=True)
class Words:
    """A text in both languages; as a string it is the reader's."""

    zh: str
    en: str

    def __str__(self):
        return self.en if (get_language() or "").startswith("en") else self.zh


@dataclass(frozen=True)
class Picture:
    """A picture of the product: a file of ``static/help/`` and what it shows, for who cannot see."""

    name: str
    alt: Words
    # In pixels: the page keeps the place of what is loaded later.
    width: int
    height: int

    @property
    def path(self) -> str:
        return f"help/{self.name}.webp"


@dataclass(frozen=True)
class Part:
    """A heading with steps in order, points in none, or pairs (a key and what it does)."""

    title: Words
    steps: tuple[Words, ...] = ()
    points: tuple[Words, ...] = ()
    pairs: tuple[tuple[Words, Words], ...] = ()
    picture: Picture | None = None


@dataclass(frozen=True)
class Topic:
    code: str
    kind: str
    title: Words
    lead: Words
    parts: tuple[Part, ...]
    # Whose page it is: names of ``portal.context.menu_roles``, and those that it is not for.
    roles: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    see: tuple[str, ...] = ()

    def is_for(self, roles: set[str]) -> bool:
        return bool(self.roles & roles) and not self.unless & roles

    @property
    def text(self) -> str:
        """All of it in the reader's language, for a search."""
        return " ".join(str(words) for words in self._words())

    def _words(self) -> Iterator[Words]:
        yield self.title
        yield self.lead
        for part in self.parts:
            yield part.title
            yield from (*part.steps, *part.points)
            for pair in part.pairs:
                yield from pair


@cache
def topics() -> Mapping[str, Topic]:
    """Every topic by its code, in the index's order."""
    return {code: _read(FOLDER / f"{code}.yaml") for code in (*ROLES, *TASKS, *SITE)}


def search(words: str) -> list[Topic]:
    """The topics that have every word, in the reader's language; those with it in the title first."""
    wanted = words.casefold().split()
    if not wanted:
        return []
    found = [
        topic
        for topic in topics().values()
        if all(word in topic.text.casefold() for word in wanted)
    ]
    return sorted(
        found, key=lambda topic: not any(word in str(topic.title).casefold() for word in wanted)
    )


# --- reading ----------------------------------------------------------------------------


def _read(path: Path) -> Topic:
    data = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # every value is text
    try:
        parts = tuple(_part(row) for row in data.pop("parts"))
        return Topic(
            code=path.stem,
            kind=_one_of(data.pop("kind"), {"role", "task", "site"}),
            title=_words(data.pop("title")),
            lead=_words(data.pop("lead")),
            roles=frozenset(data.pop("roles", ())),
            unless=frozenset(data.pop("unless", ())),
            see=tuple(data.pop("see", ())),
            parts=_nothing_left(parts, data),
        )
    except (KeyError, TypeError, ValueError, OSError) as fault:
        raise BadTopic(f"{path.name}: {fault}") from fault


def _part(data: dict[str, Any]) -> Part:
    picture = data.pop("picture", None)
    part = Part(
        title=_words(data.pop("title")),
        steps=tuple(_words(row) for row in data.pop("steps", ())),
        points=tuple(_words(row) for row in data.pop("points", ())),
        pairs=tuple((_words(row[:2]), _words(row[2:])) for row in data.pop("pairs", ())),
        picture=_picture(picture) if picture else None,
    )
    return _nothing_left(part, data)


def _picture(data: dict[str, Any]) -> Picture:
    with Image.open(PICTURES / f"{data['name']}.webp") as image:
        return Picture(data["name"], _words(data["alt"]), *image.size)


def _words(pair: list[str]) -> Words:
    zh, en = pair
    if not zh.strip() or not en.strip():
        raise ValueError(f"a text lacks a language: {pair}")
    return Words(zh, en)


def _one_of(value: str, known: set[str]) -> str:
    if value not in known:
        raise ValueError(f"{value} is none of {sorted(known)}")
    return value


def _nothing_left(made, data: dict[str, Any]):
    if data:
        raise ValueError(f"unknown keys {sorted(data)}")
    return made
