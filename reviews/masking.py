"""What experts do not see (隐名评审): bank, phones and contacts never, names where the stage says."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from applications import workflow
from applications.content import is_private
from applications.models import Application
from policy.schema import DefinitionSchema, Field

_PERSONAL = {
    "organisation.contact_name",
    "organisation.contact_phone",
}
_NAMES = {
    "organisation.name",
    "organisation.uscc",
    "organisation.address",
    "organisation.legal_representative",
    "organisation.hightech_number",
    "organisation.specialised",
}


@dataclass(frozen=True)
class Mask:
    """How a case is shown to a reader: which fields are hidden, and what stands for its names."""

    hides: Callable[[Field], bool]
    words: Callable[[str], str]
    name: str
    # Slots whose files the reader opens; None: all.
    slots: frozenset[str] | None = None


def for_officer(application: Application) -> Mask:
    """Officers see the case but the payee's account, which is the organisation's and finance's."""
    return Mask(
        hides=is_private,
        words=lambda text: text,
        name=application.organisation.name,
    )


def for_expert(application: Application) -> Mask:
    """Experts see what the rubric is judged on; names where the stage does not mask them."""
    schema = workflow.schema_of(application)
    stage = workflow.stage(application, "expert_review")
    masked = bool(stage and stage.mask_names)
    hidden = _PERSONAL | (_NAMES if masked else frozenset())
    avoid = set(schema.rubric.avoid)

    def hides(field: Field) -> bool:
        return (
            is_private(field)
            or field.prefill in hidden
            or field.type in {"phone", "email"}
            or field.code in avoid
            or (masked and (field.type == "uscc" or field.payee is not None))
        )

    stand_in = _("【申报单位】")
    name = application.organisation.name
    return Mask(
        hides=hides,
        words=(lambda text: text.replace(name, stand_in)) if masked else (lambda text: text),
        name=stand_in if masked else name,
        slots=_slots(schema),
    )


def _slots(schema: DefinitionSchema) -> frozenset[str]:
    """The slots that the rubric or a field that the rubric names gives as evidence."""
    slots = {slot.code for slot in schema.attachments}
    named: set[str] = set()
    for criterion in schema.rubric.criteria:
        for code in criterion.evidence:
            if code in slots:
                named.add(code)
            elif code in schema.form.fields:
                named |= set(schema.form.fields[code].evidence)
            else:
                section = schema.form.section(code)
                for field in section.fields:
                    named |= set(field.evidence)
    return frozenset(named & slots)
