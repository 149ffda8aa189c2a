"""Files of a case: put into a slot, removed, never deleted."""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from applications import drafts, unlocking
from applications.models import Answer, Application, Attachment
from applications.workflow import schema_of
from policy.schema import AttachmentSlot, Section
from portal import clock
from portal.audit.recording import record, record_all
from portal.files.models import Blob
from portal.files.storing import clean_name, store


def section_of(application: Application) -> Section | None:
    """The section of the form that holds the slots."""
    sections = schema_of(application).form.sections
    return next((section for section in sections if section.kind == "attachments"), None)


def slot_of(application: Application, code: str) -> AttachmentSlot:
    """KeyError for a slot that the definition does not have."""
    return schema_of(application).slot(code)


class SlotFull(Exception):
    """The slot holds as many files as it takes."""

    def __init__(self, max_files: int):
        self.max_files = max_files
        super().__init__(str(max_files))


class SameFile(Exception):
    """The slot holds a file of the same content already."""

    def __init__(self, name: str):
        self.name = name
        super().__init__(name)


def add(application: Application, slot_code: str, upload, *, actor) -> Attachment:
    """Store an upload in a slot. Raises FileRefused (size, type, damaged, encrypted, infected …),
    SlotFull, SameFile and NotEditable; then the case is as it was.

    The bytes are stored before the case is locked: a long upload keeps nobody waiting.
    """
    _section, slot = _demand(application, slot_code, actor)
    _demand_room(application, [slot])
    name = clean_name(upload.name)
    blob = store(upload, name=name, types=slot.types, max_bytes=slot.max_bytes, at=clock.now())
    _demand_new(application, slot, blob)
    return attach(application, slot_code, name, blob, actor=actor)


@transaction.atomic
def attach(application: Application, slot_code: str, name: str, blob, *, actor) -> Attachment:
    """Put a file that is stored already into a slot. Raises as ``add``, FileRefused excepted."""
    return attach_all(application, [(slot_code, name, blob)], actor=actor)[0]


@transaction.atomic
def attach_all(
    application: Application, files: Sequence[tuple[str, str, Blob]], *, actor
) -> list[Attachment]:
    """Put stored files (slot, name, blob) into their slots, all or none. Raises as ``attach``."""
    application = drafts.lock(application)
    allowed = unlocking.demand(application, actor)
    now, new, slots = clock.now(), [], []
    for slot_code, name, blob in files:
        section, slot = _allowed(application, slot_code, allowed)
        slots.append(slot)
        new.append(
            Attachment(
                application=application,
                slot=slot.code,
                name=name,
                blob=blob,
                uploaded_by=actor,
                uploaded_at=now,
            )
        )
    _demand_room(application, slots)
    made = Attachment.objects.bulk_create(new)
    record_all("attachment.add", [(file, _facts(file)) for file in made], actor=actor)
    if made:
        _touch(application, section, actor=actor, now=now)
    return made


def _demand_new(application: Application, slot: AttachmentSlot, blob: Blob) -> None:
    held = Attachment.objects.filter(
        application=application, slot=slot.code, blob=blob, removed_at__isnull=True
    ).first()
    if held is not None:
        raise SameFile(held.name)


def _demand_room(application: Application, slots: Sequence[AttachmentSlot]) -> None:
    """Room for one more file in each of the slots, as often as it is named: one query."""
    held = Counter(
        Attachment.objects.filter(
            application=application,
            slot__in={slot.code for slot in slots},
            removed_at__isnull=True,
        ).values_list("slot", flat=True)
    )
    for slot in slots:
        held[slot.code] += 1
        if held[slot.code] > slot.max_files:
            raise SlotFull(slot.max_files)


@transaction.atomic
def remove(application: Application, file: Attachment, *, actor) -> None:
    """Take a file out of its slot; row and bytes stay, as history. Repeats safely."""
    application = drafts.lock(application)
    section, _slot = _demand(application, file.slot, actor)
    now = clock.now()
    removed = Attachment.objects.filter(
        pk=file.pk, application=application, removed_at__isnull=True
    ).update(removed_at=now, removed_by=actor)
    if removed:
        record("attachment.remove", obj=file, actor=actor, data=_facts(file))
        _touch(application, section, actor=actor, now=now)


def _facts(file: Attachment) -> dict:
    return {"slot": file.slot, "name": file.name, "sha256": file.blob_id}


def _demand(application: Application, slot_code: str, actor) -> tuple[Section, AttachmentSlot]:
    return _allowed(application, slot_code, unlocking.demand(application, actor))


def _allowed(
    application: Application, slot_code: str, allowed: unlocking.Unlocked
) -> tuple[Section, AttachmentSlot]:
    section = section_of(application)
    try:
        slot = slot_of(application, slot_code)
    except KeyError:
        raise unlocking.NotEditable("unknown", path=slot_code) from None
    if section is None or not allowed.allows(section.code, slot.code):
        raise unlocking.NotEditable("locked", path=slot_code)
    return section, slot


def _touch(application: Application, section: Section, *, actor, now) -> None:
    """The section's own row: its revision, and who wrote last; of the locked case."""
    of = Answer.objects.filter(application=application, section=section.code)
    if not of.update(revision=F("revision") + 1, updated_by=actor, updated_at=now):
        Answer.objects.create(
            application=application,
            section=section.code,
            revision=1,
            updated_by=actor,
            updated_at=now,
        )
