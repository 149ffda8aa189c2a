"""Rows multiplied: what the verbs have written is read once, and written again by COPY with other
keys, names and times. Nothing here knows a table by name: the models say what belongs to what.
"""

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.apps import apps
from django.db import models
from psycopg import sql

from portal.audit.models import Event
from portal.ids import UID_LENGTH
from portal.types import known

Keys = dict[type[models.Model], set[int]]
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Words in which keys stand, whatever surrounds them; and a case's number inside a longer one.
_WORD = r"[0-9A-Za-z@.+_\-]{6,}"
_NUMBER = re.compile(r"[0-9]+-[0-9a-z]+-[0-9]{4}-[0-9]{4,}")
NULL = "\\N"


def uid_of(*parts: object) -> str:
    """A uid made of the parts: the same for the same."""
    found = int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big")
    return "".join(_ALPHABET[found >> 5 * place & 31] for place in range(UID_LENGTH))


def concrete(model: type[models.Model]) -> list[models.Field]:
    return [f for f in model._meta.concrete_fields if not getattr(f, "generated", False)]


def column_of(model: type[models.Model], name: str) -> str:
    """The column of a field of the model's own table."""
    return next(known(f.column) for f in concrete(model) if f.name == name)


def _said(new: str) -> "Maker":
    return lambda _copy, _random: new


def _uid_maker(old: str) -> "Maker":
    return lambda copy, _random: uid_of(old, copy)


def _number_maker(old: str) -> "Maker":
    return lambda copy, _random: f"{old[:-1]}-{copy}号"


def foreign(model: type[models.Model]) -> Iterator[models.ForeignKey]:
    for item in concrete(model):
        if isinstance(item, models.ForeignKey):
            yield item


# --- what belongs together ----------------------------------------------------------


def closure(
    roots: Keys,
    *,
    leave: Iterable[type[models.Model]] = (),
    shared: Iterable[type[models.Model]] = (),
) -> Keys:
    """The roots with every row that hangs on one of them, and on no stranger.

    Rows of a model in ``roots`` are the given ones only; models in ``leave`` are not followed.
    A row that needs another one of these models which is not among them is left out, unless that
    one may be ``shared``.
    """
    found: Keys = {model: set(keys) for model, keys in roots.items()}
    fixed, left = set(roots), set(leave)
    waiting = list(found)
    while waiting:
        parent = waiting.pop(0)
        if parent in left:
            continue
        for model in apps.get_models():
            if model in fixed or model in left:
                continue
            links = [f for f in foreign(model) if f.related_model is parent]
            for link in links:
                keys = model._default_manager.filter(**{f"{link.name}__in": found[parent]})
                new = set(keys.values_list("pk", flat=True)) - found.get(model, set())
                if new:
                    found.setdefault(model, set()).update(new)
                    waiting.append(model)
    gone: Keys = {}
    while _drop_strangers(found, gone, fixed, left | set(shared)):
        pass
    return {model: keys for model, keys in found.items() if keys}


def _drop_strangers(
    found: Keys, gone: Keys, fixed: set[type[models.Model]], left: set[type[models.Model]]
) -> bool:
    """Leave out rows that need what is not among them, and rows of what was left out (``gone``);
    True if there were any."""
    dropped = False
    for model, keys in found.items():
        if model in fixed:
            continue
        for link in foreign(model):
            target = link.related_model
            if target not in found or target is model or target in left:
                continue
            rows = model._default_manager.filter(pk__in=keys)
            if link.null:
                strange = rows.filter(**{f"{link.name}__in": gone.get(target, ())})
            else:
                strange = rows.exclude(**{f"{link.name}__in": found[target]})
            out = set(strange.values_list("pk", flat=True))
            dropped |= bool(out)
            gone.setdefault(model, set()).update(out)
            keys -= out
    return dropped


# --- a set of rows as a pattern ------------------------------------------------------


@dataclass
class Table:
    """The rows of one model as the text of COPY, with places for what differs."""

    model: type[models.Model]
    columns: list[str]
    keys: list[int]
    text: str = ""
    places: list[int] = field(default_factory=list)
    first: int = 0  # place of the first row's key

    def fill(self, values: list[str]) -> str:
        return self.text % tuple([values[place] for place in self.places])


# What a text becomes in a copy: (number of the copy, its random numbers) → text.
Maker = Callable[[int, random.Random], str]


class Pattern:
    """Rows that are written again and again, each time with other values at their places.

    A place is an index of the list of values that ``values`` makes for one copy. ``words`` names
    the texts that differ; uids, and texts that are unique, differ without being named.
    """

    def __init__(
        self, connection: psycopg.Connection, keys: Keys, *, words: Mapping[str, Maker],
        constants: Mapping[tuple[type[models.Model], int], int], said: Mapping[str, str],
        changes: Mapping[tuple[type[models.Model], str], str] | None = None,
    ) -> None:  # fmt: skip
        self.connection = connection
        self.constants = constants
        self.changes = changes or {}
        self.makers: list[Maker] = []
        self.moments: dict[str, int] = {}
        self.word_places: dict[str, int] = {}
        self.tables = [
            Table(model, [known(f.column) for f in concrete(model)], sorted(pks))
            for model, pks in sorted(keys.items(), key=lambda pair: pair[0]._meta.db_table)
        ]
        self.size = 0
        for table in self.tables:
            table.first, self.size = self.size, self.size + len(table.keys)
        self.place_of = {
            (table.model, key): table.first + at
            for table in self.tables
            for at, key in enumerate(table.keys)
        }
        self.number = self._place(lambda copy, _random: str(copy))
        rows = {table.model: self._read(table) for table in self.tables}
        for old, new in said.items():
            self.word_places[old] = self._place(_said(new))
        for old, maker in words.items():
            self.word_places.setdefault(old, self._place(maker))
        for table in self.tables:
            self._name_uids(table, rows[table.model])
        self._compile_words()
        for table in self.tables:
            self._compile(table, rows.pop(table.model))
        self.events = self._events()

    # --- reading ---

    def _place(self, maker: Maker) -> int:
        self.makers.append(maker)
        return self.size + len(self.makers) - 1

    def _read(self, table: Table) -> list[list[str]]:
        query = sql.SQL("COPY (SELECT {} FROM {} WHERE {} = ANY({}) ORDER BY 1) TO STDOUT").format(
            sql.SQL(", ").join(map(sql.Identifier, [self._pk(table), *table.columns])),
            sql.Identifier(table.model._meta.db_table),
            sql.Identifier(self._pk(table)),
            sql.Literal(table.keys),
        )
        return [row[1:] for row in self._copied(query)]

    @staticmethod
    def _pk(table: Table) -> str:
        return str(table.model._meta.pk.column)

    def _copied(self, query: sql.Composed) -> Iterator[list[str]]:
        with self.connection.cursor().copy(query) as copy:
            text = b"".join(copy).decode()
        for line in text.splitlines():
            yield line.split("\t")

    def _name_uids(self, table: Table, rows: list[list[str]]) -> None:
        """Every uid is a word that differs; so is every other text that is unique by itself."""
        names = {"uid"} & {f.name for f in concrete(table.model)} | set(_unique(table.model))
        for name in sorted(names):
            column = table.columns.index(column_of(table.model, name))
            for row in rows:
                if (old := row[column]) == NULL or old in self.word_places:
                    continue
                if name == "uid":
                    maker = _uid_maker(old)
                elif old.endswith("号"):
                    maker = _number_maker(old)
                else:
                    continue  # made of other words, or given its copy's number when compiled
                self.word_places[old] = self._place(maker)

    def _compile_words(self) -> None:
        spoken = sorted((w for w in self.word_places if not w.isascii()), key=len, reverse=True)
        self.pattern = re.compile("|".join([*map(re.escape, spoken), _WORD]))

    # --- compiling ---

    def _compile(self, table: Table, rows: list[list[str]]) -> None:
        links = {f.column: f.related_model for f in foreign(table.model)}
        moments = {f.column for f in concrete(table.model) if isinstance(f, models.DateTimeField)}
        texts = {
            f.column for f in concrete(table.model)
            if isinstance(f, models.CharField | models.TextField | models.JSONField)
        }  # fmt: skip
        unique = {column_of(table.model, name) for name in _unique(table.model)}
        changes = {
            column_of(table.model, name): value
            for (model, name), value in self.changes.items()
            if model is table.model
        }
        pieces: list[str] = []
        for key, row in zip(table.keys, rows, strict=True):
            for at, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                pieces.append("\t" if at else "")
                if column in changes:
                    told = changes[column]
                    if told.startswith("="):  # what another column says
                        pieces.append("%s")
                        table.places.append(self._moment(row[table.columns.index(told[1:])]))
                    else:
                        pieces.append(told)
                elif column == self._pk(table) and column not in links:
                    pieces.append("%s")
                    table.places.append(self.place_of[table.model, key])
                elif value == NULL:
                    pieces.append(NULL)
                elif column in links:
                    pieces.append(self._linked(table, links[column], int_or_text(value)))
                elif column in moments:
                    pieces.append("%s")
                    table.places.append(self._moment(value))
                elif column in texts:
                    pieces.append(self._worded(value, table.places, unique=column in unique))
                else:
                    pieces.append(value.replace("%", "%%"))
            pieces.append("\n")
        table.text = "".join(pieces)

    def _linked(self, table: Table, model: type[models.Model], key: Any) -> str:
        if (place := self.place_of.get((model, key))) is not None:
            table.places.append(place)
            return "%s"
        return str(self.constants.get((model, key), key)).replace("%", "%%")

    def _moment(self, value: str) -> int:
        if value not in self.moments:
            self.moments[value] = self._place(lambda _c, _r: "")
        return self.moments[value]

    def _worded(self, value: str, places: list[int], *, unique: bool = False) -> str:
        """The text with a place for each word that differs; if it must differ, at least one."""
        pieces, end, before = [], 0, len(places)
        for match in self.pattern.finditer(value):
            found = self._parts(match.group())
            if found is None:
                continue
            pieces.append(value[end : match.start()].replace("%", "%%"))
            for part in found:
                if isinstance(part, int):
                    places.append(part)
                    pieces.append("%s")
                else:
                    pieces.append(part.replace("%", "%%"))
            end = match.end()
        pieces.append(value[end:].replace("%", "%%"))
        if unique and len(places) == before:
            places.append(self.number)
            pieces.append("~%s")
        return "".join(pieces)

    def _parts(self, word: str) -> list[int | str] | None:
        """The word as places and text between them; None if nothing of it differs."""
        if (place := self.word_places.get(word)) is not None:
            return [place]
        if (number := _NUMBER.match(word)) and number.group() in self.word_places:
            return [self.word_places[number.group()], word[number.end() :]]
        parts: list[int | str] = [
            self.word_places.get(part, part) for part in re.split(r"([.\-_+])", word)
        ]
        return parts if any(isinstance(part, int) for part in parts) else None

    def _events(self) -> Table:
        """The audit events that tell of the rows."""
        table = Table(Event, [known(f.column) for f in concrete(Event) if f.column != "id"], [])
        kinds = [item.model._meta.label_lower for item in self.tables for _key in item.keys]
        objects = [str(key) for item in self.tables for key in item.keys]
        labels = {item.model._meta.label_lower: item.model for item in self.tables}
        query = sql.SQL(
            "COPY (SELECT {} FROM audit_event JOIN unnest({}::text[], {}::text[]) AS wanted(kind, key)"
            " ON object_type = kind AND object_id = key ORDER BY audit_event.id) TO STDOUT"
        ).format(
            sql.SQL(", ").join(map(sql.Identifier, table.columns)),
            sql.Literal(kinds),
            sql.Literal(objects),
        )
        users = apps.get_model("accounts.User")
        pieces: list[str] = []
        for row in self._copied(query):
            told = dict(zip(table.columns, row, strict=True))
            table.keys.append(0)
            for at, (column, value) in enumerate(told.items()):
                pieces.append("\t" if at else "")
                if column == "at":
                    pieces.append("%s")
                    table.places.append(self._moment(value))
                elif column == "object_id":
                    pieces.append(self._linked(table, labels[told["object_type"]], int(value)))
                elif column == "actor_id" and value != NULL:
                    pieces.append(self._linked(table, users, int(value)))
                elif column in {"position", "previous_hash", "hash"}:
                    pieces.append(NULL)
                elif column in {"actor_label", "data"}:
                    pieces.append(self._worded(value, table.places))
                else:
                    pieces.append(value.replace("%", "%%"))
            pieces.append("\n")
        table.text = "".join(pieces)
        return table

    # --- writing ---

    def text(self, value: str) -> tuple[str, list[int]]:
        """A text that is no column, as a pattern and its places."""
        places: list[int] = []
        return self._worded(value, places), places

    def values(
        self,
        copy: int,
        first_keys: Mapping[type[models.Model], int],
        *,
        shift: timedelta,
        seed: str,
    ) -> list[str]:
        """What stands at the places in one copy. ``first_keys``: the key of each model's first
        new row."""
        numbers = random.Random(f"{seed}/{copy}")
        found: list[str] = []
        for table in self.tables:
            start = first_keys.get(table.model, 0)
            found.extend(map(str, range(start, start + len(table.keys))))
        found.extend(maker(copy, numbers) for maker in self.makers)
        for value, place in self.moments.items():
            found[place] = _shifted(value, shift)
        return found

    def count(self) -> dict[type[models.Model], int]:
        return {table.model: len(table.keys) for table in self.tables}


def int_or_text(value: str) -> int | str:
    return int(value) if value.isdecimal() else value


_parsed: dict[str, datetime] = {}


def _shifted(value: str, shift: timedelta) -> str:
    if value not in _parsed:
        _parsed[value] = datetime.fromisoformat(value)
    return (_parsed[value] + shift).isoformat()


def _unique(model: type[models.Model]) -> list[str]:
    """The names of the texts that are unique by themselves."""
    names = {f.name for f in concrete(model) if f.unique and not f.primary_key}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and len(constraint.fields) == 1:
            names.update(constraint.fields)
    return sorted(
        name for name in names
        if name != "uid" and isinstance(model._meta.get_field(name), models.CharField)
    )  # fmt: skip


# --- the database's side -------------------------------------------------------------


@dataclass
class Laid:
    """Tables whose guards are laid down for a while: triggers off, foreign keys away. What comes
    back is what was there, and the database proves every foreign key anew."""

    connection: psycopg.Connection
    tables: list[str]
    dropped: list[tuple[str, str, str]] = field(default_factory=list)

    def __enter__(self) -> "Laid":
        for table in self.tables:
            self.connection.execute(
                sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table))
            )
        self.dropped = self.connection.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY 1, 2",
            [self.tables],
        ).fetchall()
        for table, name, _definition in self.dropped:
            self.connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                    sql.SQL(table), sql.Identifier(name)
                )
            )
        return self

    def __exit__(self, kind, error, trace) -> None:
        if kind is not None:
            return  # the transaction is rolled back whole
        by_table = defaultdict(list)
        for table, name, definition in self.dropped:
            by_table[table].append(
                sql.SQL("ADD CONSTRAINT {} {}").format(sql.Identifier(name), sql.SQL(definition))
            )
        for table, added in by_table.items():
            self.connection.execute(
                sql.SQL("ALTER TABLE {} {}").format(sql.SQL(table), sql.SQL(", ").join(added))
            )
        for table in self.tables:
            self.connection.execute(
                sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table))
            )
