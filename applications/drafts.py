"""Drafts: starting one, and saving its sections without losing what another wrote."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from applications import unlocking
from applications.entries import digest, same
from applications.models import VOID, Answer, Application
from applications.workflow import next_stage, schema_of
from policy.models import Call
from policy.schema import Field
from portal import clock
from portal.accounts.models import (
    ORGANISATION_ROLES,
    Membership,
    Organisation,
    OrganisationStatus,
    User,
)
from portal.audit.recording import record
from portal.types import constraint_of

# A setting of the call: how many live cases an organisation may have under it.
CASES_SETTING = "cases_per_organisation"
# The answer that names the case in lists (``Application.title``).
TITLE_FIELDS = ("title", "project_title", "project_name")
# The pages of a section that are remembered as saved; an autosave is late by seconds only.
REMEMBERED = 20


class NotStarted(Exception):
    """No draft came about: ``reason`` is one of not_member, not_verified, not_open, live_case.

    ``application`` is the case that stands in the way, ``allowed`` how many the call allows.
    """

    def __init__(self, reason: str, *, call: Call, application=None, allowed: int = 1):
        self.reason, self.call = reason, call
        self.application, self.allowed = application, allowed
        super().__init__(f"{reason}: {call.code}")


@dataclass(frozen=True)
class Conflict:
    """The same field, written by two: what each wrote, and who was first."""

    field: Field
    mine: Any
    theirs: Any
    by: Any
    at: datetime | None


class StaleDraft(Exception):
    """Some fields were written by another since the page was opened; the rest was saved."""

    # Of a table: what was saved of its rows (applications.sheets).
    saved: Any = None

    def __init__(self, answer, conflicts: list[Conflict]):
        self.answer, self.conflicts = answer, conflicts
        super().__init__(", ".join(conflict.field.code for conflict in conflicts))


# --- starting ------------------------------------------------------------------------


@transaction.atomic
def start(call: Call, *, organisation: Organisation, actor) -> Application:
    """Open a draft of the organisation under the call; its rules are the call's, pinned.

    One live case for each organisation and call unless the call allows more: the organisation's
    row is locked, and the database refuses what slips by (``application_live_once``).
    """
    now = clock.now()
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    call = (
        Call.objects.select_related("definition", "measure")
        .defer("definition__body")
        .get(pk=call.pk)
    )
    held = Membership.objects.active().filter(
        user=actor, organisation=organisation, role__in=ORGANISATION_ROLES
    )
    if not held.exists():
        raise NotStarted("not_member", call=call)
    if organisation.status != OrganisationStatus.VERIFIED:
        raise NotStarted("not_verified", call=call)
    if not call.is_open(at=now):
        raise NotStarted("not_open", call=call)
    ordinal = free_ordinal(call, organisation)
    application = Application(
        call=call,
        definition=call.definition,
        organisation=organisation,
        district=organisation.district,
        ordinal=ordinal,
        started_by=actor,
        started_at=now,
        stage_started_at=now,
    )
    application.next_stage = next_stage(application, after=application.status)
    try:
        with transaction.atomic():
            application.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "application_live_once":
            raise
        raise NotStarted("live_case", call=call, application=_live(call, organisation)) from None
    record("application.start", obj=application, actor=actor, to_state=application.status)
    return application


def _live_cases(call: Call, organisation: Organisation):
    return Application.objects.filter(call=call, organisation=organisation).exclude(status__in=VOID)


def _live(call: Call, organisation: Organisation) -> Application | None:
    return _live_cases(call, organisation).order_by("-pk").first()


def allowed_cases(call: Call) -> int:
    """How many live cases an organisation may have under the call."""
    return int(call.settings.get(CASES_SETTING) or 1)


def free_ordinal(call: Call, organisation: Organisation) -> int:
    """The place of a new case among the organisation's; raises NotStarted where none is left."""
    allowed = allowed_cases(call)
    taken = set(_live_cases(call, organisation).values_list("ordinal", flat=True))
    for ordinal in range(1, allowed + 1):
        if ordinal not in taken:
            return ordinal
    raise NotStarted("live_case", call=call, application=_live(call, organisation), allowed=allowed)


# --- saving ----------------------------------------------------------------------------


def lock(application: Application) -> Application:
    """The case, locked until the transaction ends, with what its rules need."""
    return (
        Application.objects.select_for_update(of=("self",))
        .select_related("call__measure", "definition", "organisation", "district")
        .defer("definition__body")
        .get(pk=application.pk)
    )


def save_section(
    application: Application,
    section_code: str,
    data: Mapping[str, Any],
    *,
    actor,
    seen_revision: int | None = None,
    seen: Mapping[str, str] | None = None,
    tab: str = "",
    is_whole: bool = False,
) -> Answer:
    """Store what was changed in a section, as typed; errors do not keep it from being stored.

    ``data`` holds the stored form (see ``entries``) of the fields that the page holds;
    ``seen`` the digests of what the page showed, or ``seen_revision`` the revision that it
    showed. What the page did not change is left as it is. A field that another page (``tab``)
    wrote since, and differently, is left as it is: the rest is saved, and StaleDraft tells both
    versions. ``is_whole``: by the page's button; its own autosaves that are still on their way
    say less, and are refused.

    Raises StaleDraft, and NotEditable for a locked field, a case that is not with the actor, or
    an autosave that comes too late.
    """
    since = Seen(seen_revision, seen, tab, is_whole)
    answer, conflicts = _merge(application, section_code, data, actor=actor, since=since)
    if conflicts:
        raise StaleDraft(answer, conflicts)
    return answer


@dataclass(frozen=True)
class Seen:
    """What a page showed when it was opened, and which page it is."""

    revision: int | None = None
    digests: Mapping[str, str] | None = None
    tab: str = ""
    is_whole: bool = False

    def is_late(self, answer: Answer) -> bool:
        """Whether an autosave arrives after its page was saved as a whole."""
        return not self.is_whole and bool(self.tab) and self.tab in answer.closed_tabs

    def closes(self, answer: Answer) -> bool:
        """Whether the page is saved as a whole, for the first time."""
        return self.is_whole and bool(self.tab) and self.tab not in answer.closed_tabs

    def is_own(self, answer: Answer, code: str) -> bool:
        """Whether this page wrote the field last."""
        return bool(self.tab) and answer.touched.get(code, {}).get("tab") == self.tab

    def is_unchanged(self, answer: Answer, code: str, mine: Any) -> bool:
        """Whether the page holds what it showed. What it saved itself in between, it takes back."""
        shown = (self.digests or {}).get(code)
        return shown == digest(mine) and not self.is_own(answer, code)

    def is_current(self, answer: Answer, code: str) -> bool:
        """Whether nobody but this page wrote the field since it was shown."""
        last = answer.touched.get(code)
        if last is None or self.is_own(answer, code):
            return True
        if self.digests is not None and code in self.digests:
            return self.digests[code] == digest(answer.data.get(code))
        return self.revision is None or last["revision"] <= self.revision


@transaction.atomic
def _merge(application, section_code, data, *, actor, since: Seen):
    application = lock(application)
    allowed = unlocking.demand(application, actor)
    held = _answers(application, [section_code])
    if any(since.is_late(answer) for answer in held.values()):
        raise unlocking.NotEditable("saved_since", path=section_code)
    answer, conflicts, changed = _merge_into(
        application, allowed, section_code, data, held, actor=actor, since=since
    )
    if since.closes(answer):
        answer.closed_tabs = [*answer.closed_tabs, since.tab][-REMEMBERED:]
        changed = True
    if changed:
        answer.save()
    return answer, conflicts


def _answers(application: Application, codes: Iterable[str]) -> dict[str, Answer]:
    rows = Answer.objects.filter(application=application, section__in=list(codes))
    return {row.section: row for row in rows}


@transaction.atomic
def save_sections(
    application: Application, given: Mapping[str, Mapping[str, Any]], *, actor, source: str = ""
) -> None:
    """Store several sections at once (section code → data), under one lock; nobody else's page is
    open. ``source``: where the answers come from, told beside them until somebody writes anew.
    Raises NotEditable as ``save_section``."""
    application = lock(application)
    allowed = unlocking.demand(application, actor)
    held = _answers(application, given)
    new: list[Answer] = []
    for section_code, data in given.items():
        answer, _conflicts, changed = _merge_into(
            application, allowed, section_code, data, held, actor=actor, since=Seen(), source=source
        )
        if changed and answer.pk is None:
            new.append(answer)
        elif changed:
            answer.save()
    Answer.objects.bulk_create(new)


def _merge_into(
    application: Application,
    allowed: unlocking.Unlocked,
    section_code,
    data,
    held: Mapping[str, Answer],
    *,
    actor,
    since: Seen,
    source: str = "",
) -> tuple[Answer, list[Conflict], bool]:
    """The section's answer (of ``held``, those stored) with what may be written, not yet saved;
    what may not; whether it is to be saved."""
    now = clock.now()
    schema = schema_of(application)
    section = unlocking.section_named(schema, section_code)
    if section is None:
        raise unlocking.NotEditable("unknown", path=section_code)
    fields = {item.code: item for item in section.fields if not item.readonly}
    if section.kind == "invoices" and (total := schema.award.total) is not None:
        # What was told of the sum before its invoices: a note beside them, no answer of the form.
        fields[total.code] = total
    for code in data:
        if code not in fields:
            raise unlocking.NotEditable("unknown", path=f"{section_code}.{code}")
        if not allowed.allows(section.code, code):
            raise unlocking.NotEditable("locked", path=f"{section_code}.{code}")
    answer = held.get(section.code) or Answer(application=application, section=section.code)
    written, conflicts = {}, []
    for code, mine in data.items():
        if code in answer.data and same(mine, answer.data[code]):
            continue
        if since.is_unchanged(answer, code, mine):
            continue
        if since.is_current(answer, code):
            written[code] = mine
        else:
            conflicts.append(_conflict(fields[code], mine, answer))
    changed = bool(written) or not answer.revision
    if changed:
        _write(answer, written, actor=actor, tab=since.tab, now=now, source=source)
        _keep_title(application, written)
    return answer, conflicts, changed


def _conflict(item: Field, mine: Any, answer: Answer) -> Conflict:
    last = answer.touched[item.code]
    by = User.objects.filter(pk=last["by"]).first()
    return Conflict(item, mine, answer.data.get(item.code), by, datetime.fromisoformat(last["at"]))


def _write(
    answer: Answer,
    written: Mapping[str, Any],
    *,
    actor,
    tab: str,
    now: datetime,
    source: str = "",
) -> None:
    answer.revision += 1
    mark = {"revision": answer.revision, "by": actor.pk, "at": now.isoformat(), "tab": tab}
    if source:
        mark["source"] = source
    answer.data = answer.data | dict(written)
    answer.touched = answer.touched | dict.fromkeys(written, mark)
    answer.updated_by, answer.updated_at = actor, now


def _keep_title(application: Application, written: Mapping[str, Any]) -> None:
    for code in TITLE_FIELDS:
        if code in written:
            title = str(written[code] or "")[:60]
            Application.objects.filter(pk=application.pk).update(title=title)
            application.title = title
            return
