"""Calls: drafted by one policy administrator, published by a second, changed by acts with a reason.

What the document leaves open is chosen here, within what the measure's definition allows.
Publication fixes the definition, the year, the opening and the settings; afterwards the cut-off
may be extended, budget added, and the call closed early, each as a ``CallChange`` with two people.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from policy import call_settings
from policy.models import Call, CallFigures, Definition, Measure
from policy.schema import DefinitionSchema, parse
from policy.text import Text
from portal import clock
from portal.accounts.models import Membership, Role, Unit
from portal.audit.recording import record
from portal.notices.outbox import enqueue_all
from portal.types import known

# What a draft consists of beside its measure.
FIELDS = (
    "title_zh",
    "title_en",
    "guide_zh",
    "year",
    "opens_at",
    "closes_at",
    "budget_cny",
    "places",
    "question_workdays",
    "settings",
)


class CallRefused(Exception):
    """An act on a call is not possible; ``facts`` says what stands against it.

    ``reason`` is one of role, second_person, not_callable, no_definition, definition_changed,
    not_draft, not_published, missing, window, past, places_over_quota, settings, budget_lower,
    budget_unbounded, not_later, no_reason, open_change, not_open_change, budget_negative,
    places_negative, question_workdays.
    """

    def __init__(self, reason: str, **facts: Any):
        self.reason, self.facts = reason, facts
        super().__init__(f"{reason} {facts or ''}".strip())


class StaleDraft(Exception):
    """The draft has changed since the page was opened; nothing was written."""

    def __init__(self, call: Call, *, seen_revision: int):
        self.call, self.seen_revision = call, seen_revision
        super().__init__(f"{call.code}: revision {seen_revision} seen, {call.revision} now")


# --- drafting ----------------------------------------------------------------------


@transaction.atomic
def draft(measure: Measure, fields: Mapping[str, Any], *, actor) -> Call:
    """A new call of the measure, under its definition in force today.

    Settings may still be incomplete, but none may be wrong.
    """
    require_policy_admin(actor)
    now = clock.now()
    definition = definition_in_force(measure, on=clock.local(now).date())
    # One at a time for each measure: the code counts its calls of the year.
    Measure.objects.select_for_update().get(pk=measure.pk)
    values = _checked(schema_of(definition), fields)
    call = Call.objects.create(
        **values,
        code=_next_code(measure, values["year"]),
        measure=measure,
        definition=definition,
        lead_unit=_unit_in_charge(measure, schema_of(definition), values["settings"]),
        drafted_by=actor,
        created_at=now,
    )
    record("call.draft", obj=call, actor=actor, to_state=call.status, data=_plain(values))
    return call


@transaction.atomic
def update(call: Call, fields: Mapping[str, Any], *, actor, seen_revision: int) -> Call:
    """Put the fields in place of a draft's own. Whoever updates a draft becomes its drafter:
    the one who publishes has then written none of it last.

    Raises StaleDraft if the draft has changed since ``seen_revision``.
    """
    require_policy_admin(actor)
    call = locked(call)
    if call.status != Call.Status.DRAFT:
        raise CallRefused("not_draft", status=call.status)
    if call.revision != seen_revision:
        raise StaleDraft(call, seen_revision=seen_revision)
    definition = definition_in_force(call.measure, on=clock.today())
    values = _checked(schema_of(definition), fields)
    before = {name: getattr(call, name) for name in FIELDS}
    changed = {name: value for name, value in values.items() if value != before[name]}
    if "year" in changed:
        changed["code"] = _next_code(call.measure, values["year"])
    if not changed and definition == call.definition:
        return call
    Call.objects.filter(pk=call.pk, revision=seen_revision).update(
        **changed,
        definition=definition,
        lead_unit=_unit_in_charge(call.measure, schema_of(definition), values["settings"]),
        drafted_by=actor,
        revision=F("revision") + 1,
    )
    call.refresh_from_db()
    record(
        "call.update",
        obj=call,
        actor=actor,
        from_state=call.status,
        to_state=call.status,
        data={
            "before": _plain({name: before[name] for name in changed if name in before}),
            "after": _plain(changed),
        },
    )
    return call


@transaction.atomic
def discard(call: Call, *, actor, seen_revision: int) -> None:
    """Drop a draft. What was published is never dropped."""
    require_policy_admin(actor)
    call = locked(call)
    _as_seen(call, seen_revision)
    if call.status != Call.Status.DRAFT:
        raise CallRefused("not_draft", status=call.status)
    record(
        "call.discard",
        obj=call,
        actor=actor,
        from_state=call.status,
        data=_plain({name: getattr(call, name) for name in ("code", *FIELDS)}),
    )
    call.delete()


@transaction.atomic
def ask_publication(call: Call, *, actor) -> int:
    """Tell the other policy administrators that a draft waits for a second person."""
    require_policy_admin(actor)
    call = locked(call)
    if call.status != Call.Status.DRAFT:
        raise CallRefused("not_draft", status=call.status)
    now = clock.now()
    people = [user for user in policy_admins() if user != actor]
    record(
        "call.ask_publication", obj=call, actor=actor, from_state=call.status, to_state=call.status
    )
    enqueue_all(
        people,
        subject=told(_("申报通知待发布：{title}"), call),
        url=f"/policy-admin/calls/{call.uid}/",
        key=f"call:{call.pk}:ask:{call.revision}",
        at=now,
    )
    return len(people)


# --- publishing --------------------------------------------------------------------


@transaction.atomic
def publish(
    call: Call, *, actor, seen_revision: int | None = None, seen_definition: str | None = None
) -> Call:
    """Publish a draft as a second person, under the newest definition in force.

    ``seen_revision`` and ``seen_definition`` (uid) are what the publisher's page showed.
    """
    require_policy_admin(actor)
    call = locked(call)
    _as_seen(call, seen_revision)
    if call.status != Call.Status.DRAFT:
        raise CallRefused("not_draft", status=call.status)
    if call.drafted_by_id == actor.pk:
        raise CallRefused("second_person")
    now = clock.now()
    definition = definition_in_force(call.measure, on=clock.local(now).date())
    if seen_definition is not None and definition.uid != seen_definition:
        raise CallRefused("definition_changed", valid_from=definition.valid_from)
    schema = schema_of(definition)
    if found := unready(call, schema=schema, at=now):
        raise found[0]
    Call.objects.filter(pk=call.pk).update(
        status=Call.Status.PUBLISHED,
        definition=definition,
        published_by=actor,
        published_at=now,
        revision=F("revision") + 1,
    )
    call.refresh_from_db()
    CallFigures.objects.create(
        call=call, places_total=call.places, budget_cny=call.budget_cny, updated_at=now
    )
    record(
        "call.publish",
        obj=call,
        actor=actor,
        from_state=Call.Status.DRAFT,
        to_state=call.status,
        data=_plain(
            {name: getattr(call, name) for name in ("code", *FIELDS)}
            | {"definition": definition.uid, "sha256": definition.sha256}
        ),
    )
    enqueue_all(
        staff_concerned(call, also=[call.drafted_by]),
        subject=told(_("申报通知已发布：{title}"), call),
        url=f"/calls/{call.uid}/",
        key=f"call:{call.pk}:published",
        at=now,
    )
    return call


def unready(call: Call, *, schema: DefinitionSchema, at: datetime) -> list[CallRefused]:
    """Everything that keeps a draft from being published, at once."""
    found: list[CallRefused] = []
    missing = [name for name in ("title_zh", "title_en", "guide_zh") if not getattr(call, name)]
    if schema.award.kind != "none" and call.budget_cny is None:
        missing.append("budget_cny")
    if schema.quota is not None and call.places is None:
        missing.append("places")
    if missing:
        found.append(CallRefused("missing", fields=missing))
    if call.closes_at <= at:
        found.append(CallRefused("past", closes_at=call.closes_at, at=at))
    if schema.quota is not None and (call.places or 0) > schema.quota.places:
        found.append(CallRefused("places_over_quota", quota=schema.quota.places))
    if wrong := call_settings.problems(schema, call.settings):
        found.append(CallRefused("settings", problems=wrong))
    return found


# --- loading -----------------------------------------------------------------------


def definition_in_force(measure: Measure, *, on) -> Definition:
    """The measure's newest definition on the date that a call can be made of."""
    found = Definition.objects.in_force(on=on).filter(measure=measure).first()
    if found is None:
        raise CallRefused("no_definition", line=measure.line)
    if not schema_of(found).can_be_called:
        raise CallRefused("not_callable", line=measure.line)
    return found


def schema_of(definition: Definition) -> DefinitionSchema:
    """The definition, parsed; kept by its hash."""
    return _parsed(definition.pk, definition.sha256)


@lru_cache(maxsize=64)
def _parsed(pk: int, _sha256: str) -> DefinitionSchema:
    return parse(Definition.objects.values_list("body", flat=True).get(pk=pk))


def policy_admins() -> list:
    held = Membership.objects.active().filter(role=Role.POLICY_ADMIN, user__is_active=True)
    return [row.user for row in held.select_related("user").order_by("user_id")]


def staff_concerned(call: Call, *, also=()) -> list:
    """The lead unit's people and the finance bureau's."""
    held = Membership.objects.active().filter(unit=call.lead_unit) | (
        Membership.objects.active().filter(role__in=[Role.FINANCE, Role.FINANCE_HEAD])
    )
    people = {row.user for row in held.select_related("user")} | set(also)
    return sorted(people, key=lambda user: user.pk)


# --- inside ------------------------------------------------------------------------


def require_policy_admin(actor) -> None:
    held = Membership.objects.active().filter(user=actor, role=Role.POLICY_ADMIN)
    if not actor.is_active or not held.exists():
        raise CallRefused("role")


def locked(call: Call) -> Call:
    # Joined to nothing that an act changes: of a row that changed while this waited, PostgreSQL
    # checks the join anew with the rows joined before, and finds none.
    return Call.objects.select_for_update(of=("self",)).select_related("measure").get(pk=call.pk)


def _as_seen(call: Call, seen_revision: int | None) -> None:
    if seen_revision is not None and call.revision != seen_revision:
        raise StaleDraft(call, seen_revision=seen_revision)


def _checked(schema: DefinitionSchema, fields: Mapping[str, Any]) -> dict[str, Any]:
    """All of FIELDS, each possible in itself; what is merely missing is asked for at publishing."""
    values = {name: fields.get(name) for name in FIELDS}
    values["settings"] = {
        code: value for code, value in (values["settings"] or {}).items() if value is not None
    }
    for name in ("title_zh", "title_en", "guide_zh"):
        values[name] = values[name] or ""
    absent = [name for name in ("year", "opens_at", "closes_at") if values[name] is None]
    if absent:
        raise CallRefused("missing", fields=absent)
    if known(values["closes_at"]) <= known(values["opens_at"]):
        raise CallRefused("window", opens_at=values["opens_at"])
    if values["budget_cny"] is not None and values["budget_cny"] < 0:
        raise CallRefused("budget_negative")
    if values["places"] is not None:
        if values["places"] < 0:
            raise CallRefused("places_negative")
        if schema.quota is not None and values["places"] > schema.quota.places:
            raise CallRefused("places_over_quota", quota=schema.quota.places)
    if values["question_workdays"] is not None and values["question_workdays"] < 1:
        raise CallRefused("question_workdays")
    wrong = {
        code: fault
        for code, fault in call_settings.problems(schema, known(values["settings"])).items()
        if fault.reason != "missing"
    }
    if wrong:
        raise CallRefused("settings", problems=wrong)
    return values


def _unit_in_charge(measure: Measure, schema: DefinitionSchema, values: Mapping[str, Any]) -> Unit:
    """The unit that the call names (``handling_unit``), else the measure's lead."""
    code = call_settings.Chosen(schema, values).optional("handling_unit")
    found = Unit.objects.filter(code=code).first() if code else None
    return found or measure.lead_unit


def _next_code(measure: Measure, year: int) -> str:
    """``10-1-2026-2``: the line, the year, and one more than the highest so far."""
    prefix = f"{measure.line}-{year}-"
    taken = Call.objects.filter(measure=measure, code__startswith=prefix)
    numbers = [int(code.removeprefix(prefix)) for code in taken.values_list("code", flat=True)]
    return f"{prefix}{max(numbers, default=0) + 1}"


def told(template, call: Call):
    """The template with the call's title in it, in the reader's language."""
    return format_lazy(template, title=Text(zh=call.title_zh, en=call.title_en))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """For the audit's JSON."""
    return {
        name: value.isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, Decimal)
        else value
        for name, value in values.items()
    }
