"""What of a case may be written, by whom: everything in a draft, flagged places in a correction.

A flagged path is ``<section>``, ``<section>.<field>``, ``<section>.<slot>`` for attachments or
``<section>.<row uid>`` for a row of a table. ``invoices`` and ``attachments`` also name the
section of that kind.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from applications.models import EDITABLE, Application, Correction, Status
from applications.roles import case_roles
from applications.workflow import schema_of
from policy.schema import DefinitionSchema, Section, Text

# Who writes in which status: once handed over, the organisation's admin alone.
WRITERS: dict[str, frozenset[str]] = {
    Status.DRAFT: frozenset({"filler", "org_admin"}),
    Status.HANDED: frozenset({"org_admin"}),
    Status.RETURNED: frozenset({"filler", "org_admin"}),
    Status.CORRECTION: frozenset({"filler", "org_admin"}),
}


class NotEditable(Exception):
    """Nothing was written: ``reason`` is one of role, state, locked, unknown, saved_since."""

    def __init__(self, reason: str, *, status: str = "", path: str = ""):
        self.reason, self.status, self.path = reason, status, path
        super().__init__(f"{reason} ({status}) {path}".rstrip())


@dataclass(frozen=True)
class Unlocked:
    """The places that may be written. ``everything``: no correction narrows them."""

    everything: bool = False
    sections: frozenset[str] = frozenset()
    places: frozenset[tuple[str, str]] = frozenset()
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.everything or bool(self.sections or self.places)

    def whole(self, section: str) -> bool:
        """The whole section: rows may be added and removed."""
        return self.everything or section in self.sections

    def touches(self, section: str) -> bool:
        """The section or a place in it."""
        return self.whole(section) or any(where == section for where, _place in self.places)

    def allows(self, section: str, place: str) -> bool:
        """A field, slot or row of the section."""
        return self.whole(section) or (section, place) in self.places

    def reason(self, section: str, place: str = "") -> str:
        """Why the place was flagged, in the reviewer's words."""
        return self.reasons.get((section, place), "")


NOTHING = Unlocked()
EVERYTHING = Unlocked(everything=True)


def section_named(schema: DefinitionSchema, name: str) -> Section | None:
    """The section by its code, or the one of the kind (invoices, attachments)."""
    sections = schema.form.sections
    found = next((section for section in sections if section.code == name), None)
    return found or next(
        (
            section
            for section in sections
            if section.kind == name and name in {"invoices", "attachments"}
        ),
        None,
    )


def read_path(schema: DefinitionSchema, path: str) -> tuple[str, str] | None:
    """Section code and place ("" for the whole section), or None for a path of nothing."""
    name, _dot, place = path.partition(".")
    section = section_named(schema, name)
    if section is None:
        return None
    if place and section.kind in {"fields", "review"}:
        known = {item.code for item in section.fields}
        return (section.code, place) if place in known else None
    if place and section.kind == "attachments":
        known = {slot.code for slot in schema.attachments}
        return (section.code, place) if place in known else None
    if section.kind == "fields":
        return section.code, ""
    return section.code, place


def of_flags(schema: DefinitionSchema, flagged: Iterable[dict]) -> Unlocked:
    """What a correction's flags unlock."""
    sections, places, reasons = set(), set(), {}
    for flag in flagged:
        found = read_path(schema, flag["path"])
        if found is None:
            continue
        reasons[found] = flag.get("reason", "")
        if found[1]:
            places.add(found)
        else:
            sections.add(found[0])
    return Unlocked(False, frozenset(sections), frozenset(places), reasons)


def open_correction(application: Application) -> Correction | None:
    """The round that waits for its answer."""
    return (
        Correction.objects.filter(application=application, answered_at__isnull=True)
        .order_by("-round")
        .first()
    )


def _contact(application: Application) -> Unlocked:
    """Of a nominated case: what the profile offers and the case may put otherwise (the contact);
    the figures are the nominating unit's."""
    schema = schema_of(application)
    places = {
        (section.code, item.code)
        for section in schema.form.sections
        for item in section.fields
        if item.prefill and not item.readonly
    }
    return Unlocked(places=frozenset(places))


def unlocked(application: Application) -> Unlocked:
    """What the applicant may write now, whoever writes; one query in a correction, else none."""
    if application.status not in EDITABLE:
        return NOTHING
    if application.status != Status.CORRECTION:
        return _contact(application) if application.direct else EVERYTHING
    correction = open_correction(application)
    return of_flags(schema_of(application), correction.flagged) if correction else NOTHING


def unlocked_for(application: Application, user) -> Unlocked:
    """What this user may write now."""
    writers = WRITERS.get(application.status, frozenset())
    if not case_roles(user, application) & writers:
        return NOTHING
    return unlocked(application)


def demand(application: Application, actor) -> Unlocked:
    """As ``unlocked_for``; raises NotEditable where that is nothing."""
    if application.status not in EDITABLE:
        raise NotEditable("state", status=application.status)
    found = unlocked_for(application, actor)
    if not found:
        raise NotEditable("role", status=application.status)
    return found


def flaggable(schema: DefinitionSchema) -> Iterator[tuple[str, Text, Text]]:
    """What a reviewer may flag: path, the section's title, the place's label (lazy texts)."""
    for section in schema.form.sections:
        if section.kind in {"table", "invoices"}:
            yield section.code, section.title, section.title
        elif section.kind == "attachments":
            for slot in schema.attachments:
                yield f"{section.code}.{slot.code}", section.title, slot.label
        else:
            for item in section.fields:
                if not item.readonly:
                    yield f"{section.code}.{item.code}", section.title, item.label
