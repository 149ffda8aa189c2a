"""The page on which a correction is put together: every place, what failed, the letter's preview."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from applications.models import Application
from applications.workflow import schema_of
from portal.types import known
from reviews import checking, findings
from reviews.checking import Flag

# Rows of a table are named by their numbers: at most so many lines of "rows and why".
ROW_LINES = 4
_RANGE = re.compile(r"(\d+)(?:\s*[-–~至]\s*(\d+))?")


@dataclass
class Place:
    """A place that may be flagged, as the page shows it."""

    path: str
    label: str
    is_ticked: bool = False
    reason: str = ""
    error: str = ""
    is_locked: bool = False

    @property
    def field_id(self) -> str:
        return "p-" + self.path.replace(".", "-")


@dataclass
class Part:
    """A section with its places; a table also takes row numbers."""

    title: str
    places: list[Place] = field(default_factory=list)
    rows_of: str = ""
    lines: list[dict] = field(default_factory=list)


@dataclass
class Draft:
    """What was typed, read: the flags, and where they are wrong."""

    parts: list[Part]
    flags: list[Flag]
    errors: list[tuple[str, str]]


def suggestions(application: Application) -> dict[str, str]:
    """What the failed items and the confirmed findings point at: path → reason."""
    schema = schema_of(application)
    sections = {section.code: section for section in schema.form.sections}
    files = next(
        (section.code for section in schema.form.sections if section.kind == "attachments"), ""
    )
    slots = {slot.code for slot in schema.attachments}
    found: dict[str, list[str]] = {}
    for point in checking.points(application):
        if point.result != "failed":
            continue
        for code in point.point.evidence:
            path = ""
            if code in slots and files:
                path = f"{files}.{code}"
            elif code in schema.form.fields:
                item = schema.form.fields[code]
                path = "" if item.readonly else f"{schema.form.section_of(code).code}.{code}"
            elif code in sections and sections[code].kind in {"invoices", "table"}:
                path = code
            if path:
                found.setdefault(path, []).append(known(point.item).note)
    for row in findings.current(application):
        if row.state == "confirmed" and row.invoice is not None:
            for section in schema.form.sections:
                if section.kind == "invoices":
                    path = f"{section.code}.{row.invoice.uid}"
                    found.setdefault(path, []).append(known(row.kept).reason)
    return {path: "；".join(dict.fromkeys(reasons)) for path, reasons in found.items()}


def row_numbers(text: str) -> list[int]:
    """``3、5-7`` as 3, 5, 6, 7; at most 500 of them."""
    found: list[int] = []
    for first, last in _RANGE.findall(text):
        low, high = int(first), int(last or first)
        found += range(low, min(high, low + 499) + 1)
    return list(dict.fromkeys(found))[:500]


def typed(application: Application, flagged: Iterable[Mapping]) -> QueryDict:
    """The flags of a correction as they were typed: places, and rows by their numbers."""
    data = QueryDict(mutable=True)
    rows = {row.uid: row.position for row in application.table_rows.all()}
    rows |= {row.uid: row.position for row in application.invoices.all()}
    for flag in flagged:
        code, _dot, name = flag["path"].partition(".")
        if name in rows:
            data.appendlist(f"rows.{code}", str(rows[name]))
            data.appendlist(f"rows-reason.{code}", flag["reason"])
        else:
            data.appendlist("flag", flag["path"])
            data[f"reason.{flag['path']}"] = flag["reason"]
    return data


def read(application: Application, data: Mapping | None) -> Draft:
    """The page's parts with what was typed (``data``), or with the suggestions at first."""
    schema, allowed = schema_of(application), checking.earlier_paths(application)
    suggested = suggestions(application) if data is None else {}
    draft = Draft([], [], [])
    tables = {row.uid: row for row in application.table_rows.all()}
    invoices = {row.uid: row for row in application.invoices.all()}
    for section in schema.form.sections:
        part = Part(str(section.title))
        if section.kind in {"invoices", "table"}:
            rows = invoices if section.kind == "invoices" else {
                uid: row for uid, row in tables.items() if row.table == known(section.table).code
            }  # fmt: skip
            part.places.append(_place(section.code, _("整表"), data, suggested, allowed))
            part.rows_of = section.code
            part.lines = _lines(section.code, rows, data, suggested, allowed, draft)
        elif section.kind == "attachments":
            part.places = [
                _place(f"{section.code}.{slot.code}", str(slot.label), data, suggested, allowed)
                for slot in schema.attachments
            ]
        else:
            part.places = [
                _place(f"{section.code}.{item.code}", str(item.label), data, suggested, allowed)
                for item in section.fields
                if not item.readonly
            ]
        for place in part.places:
            if place.is_ticked:
                if not place.reason:
                    place.error = _("请写明补正要求。")
                    if data is not None:
                        draft.errors.append((f"#{place.field_id}", f"{place.label}：{place.error}"))
                draft.flags.append(Flag(place.path, place.reason))
        if part.places:
            draft.parts.append(part)
    return draft


def _place(path: str, label: str, data, suggested, allowed) -> Place:
    place = Place(path, label, is_locked=not checking.may_flag(path, allowed))
    if data is None:
        place.is_ticked = path in suggested and not place.is_locked
        place.reason = suggested.get(path, "")
    else:
        place.is_ticked = path in data.getlist("flag")
        place.reason = data.get(f"reason.{path}", "").strip()[:500]
    return place


def _lines(code: str, rows, data, suggested, allowed, draft: Draft) -> list[dict]:
    """Lines of row numbers and a reason; each row becomes a flag of its own."""
    by_number = {row.position: uid for uid, row in rows.items()}
    lines: list[dict] = []
    if data is None:
        for uid, row in rows.items():
            path = f"{code}.{uid}"
            if path in suggested and checking.may_flag(path, allowed):
                lines.append({"numbers": str(row.position), "reason": suggested[path]})
                draft.flags.append(Flag(path, suggested[path]))
    else:
        numbers = data.getlist(f"rows.{code}")
        reasons = data.getlist(f"rows-reason.{code}")
        for text, reason in zip(numbers, reasons, strict=False):
            if not text.strip() and not reason.strip():
                continue
            line = {"numbers": text, "reason": reason.strip()[:500], "error": ""}
            found = row_numbers(text)
            unknown = [number for number in found if number not in by_number]
            if not found or unknown:
                line["error"] = _("没有第 {rows} 行。").format(
                    rows="、".join(map(str, unknown)) or text
                )
            elif not line["reason"]:
                line["error"] = _("请写明补正要求。")
            if line["error"]:
                draft.errors.append((f"#rows-{code}-{len(lines)}", line["error"]))
            else:
                draft.flags += [
                    Flag(f"{code}.{by_number[number]}", line["reason"]) for number in found
                ]
            lines.append(line)
    lines += [{"numbers": "", "reason": ""} for _index in range(max(1, ROW_LINES - len(lines)))]
    for index, line in enumerate(lines):
        line["id"] = f"rows-{code}-{index}"
    return lines
