"""The history of a case as the desk tells it: moves, visits and letters in one line of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, CharField, DateField, F, TextField, Value, When
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from applications.models import Application, Correction
from applications.workflow import BY_ACTION, schema_of
from policy.schema import DefinitionSchema

RECALLED = "recalled"


@dataclass(frozen=True)
class Event:
    """One thing that happened: its name, when, who, and what was said."""

    name: str
    at: datetime
    who: str
    note: str
    visited_on: object = None
    visitors: str = ""


def _text(value: str):
    return Value(value, output_field=CharField())


def events(application: Application) -> list[Event]:
    """Moves, site visits and letters, the oldest first: one query."""
    moves = application.transitions.order_by().values(
        sort=_text("move"), what=F("action"), stamp=F("at"), person=F("actor__name"),
        unit_zh=F("unit__name_zh"), unit_en=F("unit__name_en"), words=F("note"),
        day=Value(None, output_field=DateField()), people=_text(""), key=F("id"),
    )  # fmt: skip
    visits = application.recommendations.filter(
        visited_on__isnull=False, undone_at__isnull=True
    ).order_by().values(
        sort=_text("visit"), what=F("outcome"), stamp=F("made_at"), person=F("made_by__name"),
        unit_zh=F("unit__name_zh"), unit_en=F("unit__name_en"), words=F("record"),
        day=F("visited_on"), people=F("visitors"), key=F("id"),
    )  # fmt: skip
    letters = application.letters.order_by().values(
        sort=_text("letter"), what=F("number"), stamp=F("issued_at"), person=F("issued_by__name"),
        unit_zh=F("unit__name_zh"), unit_en=F("unit__name_en"),
        words=Case(
            When(recalled_at__isnull=False, then=Value(RECALLED)),
            default=Value(""), output_field=TextField(),
        ),
        day=Value(None, output_field=DateField()), people=F("subject"), key=F("id"),
    )  # fmt: skip
    rows = moves.union(visits, letters, all=True).order_by("stamp", "key")
    return [_event(dict(row)) for row in rows]


def _event(row: dict) -> Event:
    english = (get_language() or "").startswith("en")
    unit = row["unit_en" if english else "unit_zh"] or ""
    who = " · ".join(part for part in (unit, row["person"] or _("系统")) if part)
    if row["sort"] == "visit":
        return Event(_("实地核查"), row["stamp"], who, row["words"], row["day"], row["people"])
    if row["sort"] == "letter":
        note = _("已撤回，未送达") if row["words"] == RECALLED else ""
        return Event(f"{row['people']} {row['what']}", row["stamp"], who, note)
    known = BY_ACTION.get(row["what"])
    return Event(str(known.done) if known else row["what"], row["stamp"], who, row["words"])


def corrections(application: Application) -> list[tuple[Correction, list[tuple[str, str]]]]:
    """The rounds, the newest first, each with its places by name and why: one query."""
    schema = schema_of(application)
    return [
        (row, [(place(schema, flag["path"]), flag["reason"]) for flag in row.flagged])
        for row in application.corrections.order_by("-round")
    ]


def place(schema: DefinitionSchema, path: str) -> str:
    """What a flagged place is called, without a look at its rows."""
    code, _dot, name = path.partition(".")
    section = next((found for found in schema.form.sections if found.code == code), None)
    if section is None:
        return path
    if not name:
        return str(section.title)
    if section.kind == "attachments":
        return next((str(slot.label) for slot in schema.attachments if slot.code == name), name)
    found: Iterable = [item for item in section.fields if item.code == name]
    label = next((str(item.label) for item in found), "")
    return label or _("{section}（指定行）").format(section=section.title)
