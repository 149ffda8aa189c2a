"""A draft that starts with what was answered elsewhere: 政策测算 hands its answers on.

Only facts that the line's award asks for are taken, where the form has a field of the same code;
what cannot be read, or is not asked, is left out. The applicant checks all of it as usual.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from applications import drafts, entries
from applications.models import Application
from policy.calculator.reply import read_reply
from policy.models import Call
from policy.schema import DefinitionSchema, Field
from portal.accounts.models import Organisation


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
    reply = read_reply(query, {code: item for code, (_section, item) in places.items()})
    return [
        Carried(section, item, reply.typed[code], entries.enter(item, reply.typed[code]))
        for code, (section, item) in places.items()
        if code in reply.given
    ]


@transaction.atomic
def start(call: Call, answers: list[Carried], *, organisation: Organisation, actor) -> Application:
    """A draft with the answers in it. Raises ``drafts.NotStarted`` as ``drafts.start`` does."""
    application = drafts.start(call, organisation=organisation, actor=actor)
    given: dict[str, Mapping[str, Any]] = {}
    for item in answers:
        given[item.section] = {**given.get(item.section, {}), item.field.code: item.stored}
    if given:
        drafts.save_sections(application, given, actor=actor)
    return application
