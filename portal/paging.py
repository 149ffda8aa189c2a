"""Pages of a list by key, never by OFFSET: the last page costs what the first one does."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import FieldError, ValidationError
from django.db.models import Q, QuerySet

SIZE = 50


@dataclass(frozen=True)
class Page:
    """Rows, and the addresses of the pages around them; "" where there is none."""

    rows: list
    first_url: str
    previous_url: str
    next_url: str
    count: int | None = None

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


def _encode(values: list) -> str:
    plain = [
        value.isoformat() if isinstance(value, date | datetime) else
        str(value) if isinstance(value, Decimal) else value
        for value in values
    ]  # fmt: skip
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decode(text: str, length: int) -> list | None:
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(values, list) or len(values) != length:
        return None
    plain = all(isinstance(v, int) or (isinstance(v, str) and "\0" not in v) for v in values)
    return values if plain else None


def _value(row, path: str):
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _beyond(keys: Sequence[str], values: list, *, backwards: bool) -> Q:
    """Rows behind the key in the list's order: (a, b) after (x, y) is a>x or (a=x and b>y)."""
    condition, same = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        name = key.removeprefix("-")
        descending = key.startswith("-") != backwards
        condition |= same & Q(**{f"{name}__{'lt' if descending else 'gt'}": value})
        same &= Q(**{name: value})
    # Said once more of the first key alone: an index starts there instead of at the first page.
    first = keys[0].removeprefix("-")
    descending = keys[0].startswith("-") != backwards
    return condition & Q(**{f"{first}__{'lte' if descending else 'gte'}": values[0]})


def page_by_key(
    queryset: QuerySet | Callable[[], QuerySet],
    request,
    *,
    keys: Sequence[str],
    size: int = SIZE,
    count: int | None = None,
    first: Callable[[], list] | None = None,
) -> Page:
    """One page of the queryset, ordered by ``keys``; one query.

    ``keys`` are field paths ("-submitted_at", "uid"), none of them null, the last one unique.
    The place in the list stands in the URL (``after``, ``before``); other parameters, such as
    filters, stay. A place that does not parse, or holds nothing any more, starts at the first page.
    ``first`` gives the first page's rows and one more, where they are read in a way of their own; the queryset is then made
    for the others only.
    """
    keys = list(keys)
    backwards = "before" in request.GET and "after" not in request.GET
    place = _decode(request.GET.get("before" if backwards else "after", ""), len(keys))
    backwards = backwards and place is not None
    order = [key.removeprefix("-") if key.startswith("-") else f"-{key}" for key in keys]
    rows: list = []
    if place is not None:
        try:
            every = queryset() if callable(queryset) else queryset
            behind = every.filter(_beyond(keys, place, backwards=backwards))
            rows = list(behind.order_by(*(order if backwards else keys))[: size + 1])
        except (FieldError, ValidationError, ValueError, TypeError):
            place, backwards = None, False
    if place is not None and not rows:
        # What stood there was dealt with meanwhile: the list as it begins now.
        place, backwards = None, False
    if place is None and first is not None:
        rows = first()
    elif place is None:
        every = queryset() if callable(queryset) else queryset
        rows = list(every.order_by(*keys)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_previous = more if backwards else place is not None
    has_next = (place is not None) if backwards else more

    def link(name: str = "", row=None) -> str:
        query = request.GET.copy()
        query.pop("after", None)
        query.pop("before", None)
        if row is not None:
            query[name] = _encode([_value(row, key.removeprefix("-")) for key in keys])
        return f"?{query.urlencode()}"

    return Page(
        rows,
        link(),
        link("before", rows[0]) if rows and has_previous else (link() if has_previous else ""),
        link("after", rows[-1]) if rows and has_next else "",
        count,
    )
