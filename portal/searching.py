"""Finding words: the pairs of characters that the database indexes, and what is said of a page.

A word of two characters or more is found by an index over ``Grams`` of the columns that are
searched; the folded text decides. Each app that has something to be found adds a provider below.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, Q, QuerySet, TextField
from django.utils.functional import Promise
from django.utils.module_loading import import_string

# A query is cut to so many characters, and to so many words.
LONGEST = 60
WORDS = 4
# Hits shown of each group; one more is asked for, to tell that there are more.
SHOWN = 5


class Fold(Func):
    """A text in the one form in which words are compared (width and case do not matter)."""

    function = "search_fold"
    output_field = TextField()
    arity = 1


class Grams(Func):
    """The pairs of neighbouring characters of one or two texts, as the index holds them."""

    function = "search_grams"
    output_field = ArrayField(TextField())


class AnyOf(Func):
    """``column = ANY(ARRAY(subquery))``: the subquery runs once, by its own index, whatever stands
    around it; two of them joined by OR are still found by the indexes of their columns."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, column: str, rows: QuerySet) -> None:
        super().__init__(F(column), ArraySubquery(rows.order_by().values("pk")))


def fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def words(text: str) -> list[str]:
    """The words of a query, folded; every one of them must be found."""
    return list(dict.fromkeys(fold(text)[:LONGEST].split()))[:WORDS]


def grams(word: str) -> list[str]:
    return sorted({word[place : place + 2] for place in range(len(word) - 1)})


def containing(rows: QuerySet, word: str, *columns: str) -> QuerySet:
    """The rows in one of whose (at most two) columns the folded word stands.

    Two characters and more go by the index over the columns' ``Grams``.
    """
    aliases = {f"_fold_{column}": Fold(column) for column in columns}
    found = Q()
    for name in aliases:
        found |= Q(**{f"{name}__contains": word})
    rows = rows.alias(**aliases)
    if pairs := grams(word):
        rows = rows.alias(_grams=Grams(*columns)).filter(_grams__contains=pairs)
    return rows.filter(found)


def has_all(text: str, wanted: Sequence[str]) -> bool:
    """Whether every word stands in a text that is at hand."""
    folded = fold(text)
    return all(word in folded for word in wanted)


# --- the page's groups -----------------------------------------------------------------


@dataclass(frozen=True)
class Hit:
    """One find: where it is, its name, what stands beside it, and a sentence around the word."""

    url: str
    title: str
    note: str = ""
    excerpt: str = ""


@dataclass(frozen=True)
class Group:
    """The finds of one kind; ``more_url`` leads to a list of all of them, where there is one."""

    label: str | Promise
    hits: Sequence[Hit] = field(default_factory=tuple)
    more_url: str = ""

    @property
    def shown(self) -> Sequence[Hit]:
        return self.hits[:SHOWN]

    @property
    def has_more(self) -> bool:
        return len(self.hits) > SHOWN


# Dotted names of functions f(user, words, text) → Group; the order of the page. ``user`` is None
# for visitors. Each asks for what the reader may see, and for no more than SHOWN + 1 of it.
PROVIDERS: list[str] = [
    "awards.searching.cases",
    "portal.accounts.searching.organisations",
    "policy.searching.measures",
    "policy.searching.calls",
    "reviews.searching.notices",
    "policy.searching.answers",
    "portal.help.searching.help_topics",
]

Provider = Callable[..., Group]


def groups(user, text: str) -> list[Group]:
    """What the reader may see of what the words stand in; groups without a find are left out."""
    wanted = [word for word in words(text) if len(word) > 1]
    if not wanted:
        return []
    found = [import_string(name)(user, wanted, text) for name in PROVIDERS]
    return [group for group in found if group.hits]


def excerpt(text: str, wanted: Sequence[str], *, around: int = 28) -> str:
    """The text around the first word that stands in it."""
    folded = fold(text)
    if len(folded) != len(text):  # a width that changes the length: the text's beginning
        return text[: 2 * around]
    places = [at for word in wanted if (at := folded.find(word)) >= 0]
    if not places:
        return ""
    start = max(0, min(places) - around)
    end = min(len(text), min(places) + 2 * around)
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
