"""A draft that starts with what was answered elsewhere: 政策测算 hands its answers on.

Only facts that the line's award asks for are taken, where the form has a field of the same code;
what cannot be read, or is not asked, is left out. The applicant checks all of it as usual, and
each answer tells where it comes from (``told_source``) until somebody writes another.

A sum that stands for the invoice table is kept beside the table (``estimate``): the table tells
how far the invoices have come; it is no answer of the form and never submitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from applications import drafts, entries
from applications.content import Content
from applications.models import Application
from policy.calculator.reply import KIND, read_reply
from policy.models import Call
from policy.schema import DefinitionSchema, Field, Section
from portal import clock
from portal.accounts.models import Organisation

# The mark of a carried answer (``Answer.touched``).
SOURCE = "calculator"


@dataclass(frozen=True)
class Carried:
    """One answer: where it goes, as it was typed and as it is stored."""

    section: str
    field: Field
    typed: str
    stored: Any

    @property
    def told(self) -> str:
        return entries.told(self.field, self.stored)


def carried(query, schema: DefinitionSchema) -> list[Carried]:
    """What a query (a QueryDict in the calculator's words) holds for the form, in its order."""
    asked = {item.code: item.type for item in schema.award.inputs}
    places = {
        item.code: (section.code, item)
        for section in schema.form.sections
        for item in section.fields
        if asked.get(item.code) == item.type and not item.readonly and not item.prefill
    }
    table = next((item for item in schema.form.sections if item.kind == "invoices"), None)
    if table is not None and schema.award.total is not None:
        places[schema.award.total.code] = (table.code, schema.award.total)
    reply = read_reply(query, {code: item for code, (_section, item) in places.items()})
    return [
        Carried(section, item, reply.typed[code], entries.enter(item, reply.typed[code]))
        for code, (section, item) in places.items()
        if code in reply.given
    ]


def other_kind(query, organisation: Organisation) -> bool:
    """Whether 政策测算 was answered for another kind of organisation than the profile's."""
    told = query.get(KIND, "")
    return bool(told) and told != organisation.kind


@transaction.atomic
def start(call: Call, answers: list[Carried], *, organisation: Organisation, actor) -> Application:
    """A draft with the answers in it. Raises ``drafts.NotStarted`` as ``drafts.start`` does."""
    application = drafts.start(call, organisation=organisation, actor=actor)
    given: dict[str, Mapping[str, Any]] = {}
    for item in answers:
        given[item.section] = {**given.get(item.section, {}), item.field.code: item.stored}
    if given:
        drafts.save_sections(application, given, actor=actor, source=SOURCE)
    return application


def told_source(content: Content, section: Section, code: str) -> str:
    """``来自政策测算，2026-11-03 带入``; "" for an answer that somebody wrote."""
    answer = content.answers.get(section.code)
    mark = answer.touched.get(code) if answer else None
    if not mark or mark.get("source") != SOURCE:
        return ""
    day = clock.local(datetime.fromisoformat(mark["at"])).date()
    return _("来自政策测算，%(day)s 带入") % {"day": day}


def carried_codes(content: Content, section: Section) -> list[str]:
    """The fields of the section that still hold what was carried."""
    return [item.code for item in section.fields if told_source(content, section, item.code)]


def estimate(content: Content) -> Decimal | None:
    """The sum of the invoices as it was told in 政策测算 (元); None where none was."""
    total = content.schema.award.total
    table = next((item for item in content.schema.form.sections if item.kind == "invoices"), None)
    answer = content.answers.get(table.code) if table and total else None
    told = answer.data.get(total.code) if answer and total else None
    return None if told is None else Decimal(told)
