"""Acts on a published call: a later cut-off, more budget or places, a text put right, an early
end. Two people, and a reason.

The row of an act is its announcement too: the call's pages show every released one.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from policy.calls import (
    CallRefused,
    locked,
    policy_admins,
    require_policy_admin,
    schema_of,
    told,
)
from policy.models import Call, CallChange, CallFigures
from portal import clock
from portal.audit.recording import record
from portal.notices.outbox import enqueue, enqueue_all


@transaction.atomic
def draft(
    call: Call,
    field: str,
    *,
    actor,
    reason: str,
    after: datetime | Decimal | int | str | None = None,
) -> CallChange:
    """Draft an act on a published call: ``closes_at`` (later), ``budget_cny`` and ``places`` (more),
    ``title_zh``, ``title_en``, ``guide_zh`` (put right), ``close``.

    It takes effect when a second person releases it. One of each kind waits at a time.
    """
    require_policy_admin(actor)
    call = locked(call)
    check(call, field, after=after, at=clock.now())
    if not reason.strip():
        raise CallRefused("no_reason")
    if call.changes.waiting().filter(field=field).exists():
        raise CallRefused("open_change", field=field)
    change = CallChange.objects.create(
        call=call,
        field=field,
        before=CallChange.encode(field, getattr(call, field, None)),
        after=CallChange.encode(field, after),
        reason=reason.strip(),
        drafted_by=actor,
        drafted_at=clock.now(),
    )
    record("callchange.draft", obj=change, actor=actor, to_state=change.state, data=_facts(change))
    now = clock.now()
    enqueue_all(
        [person for person in policy_admins() if person != actor],
        subject=told(_("申报通知变更待签发：{title}"), call),
        url=f"/policy-admin/calls/{call.uid}/",
        key=f"callchange:{change.pk}:drafted",
        at=now,
    )
    return change


@transaction.atomic
def drop(change: CallChange, *, actor, note: str = "") -> CallChange:
    """Take a waiting change back (its drafter), or turn it down (a second person)."""
    require_policy_admin(actor)
    change = CallChange.objects.select_for_update().select_related("call").get(pk=change.pk)
    if change.state != CallChange.State.DRAFTED:
        raise CallRefused("not_open_change", state=change.state)
    change.state, change.dropped_by = CallChange.State.DROPPED, actor
    change.dropped_at, change.drop_note = clock.now(), note.strip()
    change.save(update_fields=["state", "dropped_by", "dropped_at", "drop_note"])
    record(
        "callchange.drop",
        obj=change,
        actor=actor,
        from_state=CallChange.State.DRAFTED,
        to_state=change.state,
        data=_facts(change) | {"note": note},
    )
    if change.drafted_by_id != actor.pk:
        enqueue(
            change.drafted_by,
            subject=told(_("申报通知变更被退回：{title}"), change.call),
            body=note,
            url=f"/policy-admin/calls/{change.call.uid}/",
            dedupe_key=f"callchange:{change.pk}:dropped",
            at=change.dropped_at,
        )
    return change


@transaction.atomic
def put_into_effect(change: CallChange, *, actor) -> CallChange:
    """Release a change as a second person and put it into effect on the call.

    The applicants who are told lie above: pages release through
    ``applications.call_changes.release``, in the same transaction.
    """
    require_policy_admin(actor)
    change = CallChange.objects.select_for_update().get(pk=change.pk)
    call = change.call = locked(change.call)
    if change.state != CallChange.State.DRAFTED:
        raise CallRefused("not_open_change", state=change.state)
    if change.drafted_by_id == actor.pk:
        raise CallRefused("second_person")
    now = clock.now()
    check(call, change.field, after=change.after_value, at=now)
    before = call.status
    written: dict[str, Any] = {"revision": F("revision") + 1}
    if change.field == CallChange.Field.CLOSE:
        written["status"] = Call.Status.CLOSED
        if now > call.opens_at:
            written["closes_at"] = now
    else:
        written[change.field] = change.after_value
    Call.objects.filter(pk=call.pk).update(**written)
    if change.field == CallChange.Field.BUDGET:
        CallFigures.objects.filter(call=call).update(budget_cny=change.after_value, updated_at=now)
    if change.field == CallChange.Field.PLACES:
        CallFigures.objects.filter(call=call).update(
            places_total=change.after_value, updated_at=now
        )
    call.refresh_from_db()
    change.state, change.released_by, change.released_at = CallChange.State.RELEASED, actor, now
    change.save(update_fields=["state", "released_by", "released_at"])
    record(
        "callchange.release",
        obj=change,
        actor=actor,
        from_state=CallChange.State.DRAFTED,
        to_state=change.state,
        data=_facts(change),
    )
    record(
        "call.change",
        obj=call,
        actor=actor,
        from_state=before,
        to_state=call.status,
        data=_facts(change),
    )
    return change


def check(call: Call, field: str, *, after, at: datetime) -> None:
    """Whether the act is possible at the moment; CallRefused says why not."""
    if call.status != Call.Status.PUBLISHED:
        raise CallRefused("not_published", status=call.status)
    if call.closes_at <= at and field in {CallChange.Field.CLOSES_AT, CallChange.Field.CLOSE}:
        raise CallRefused("past", closes_at=call.closes_at, at=at)
    if field == CallChange.Field.CLOSES_AT and after <= call.closes_at:
        raise CallRefused("not_later", closes_at=call.closes_at)
    if field == CallChange.Field.BUDGET:
        if call.budget_cny is None:
            raise CallRefused("budget_unbounded")
        if after <= call.budget_cny:
            raise CallRefused("budget_lower", budget_cny=call.budget_cny)

    if field == CallChange.Field.PLACES:
        _check_places(call, after)
    if field in CallChange.TEXTS and not str(after).strip():
        raise CallRefused("text_missing")
    if field in CallChange.TEXTS and after == getattr(call, field):
        raise CallRefused("text_same")


def _check_places(call: Call, after: int) -> None:
    """More places than before, and no more than the document names."""
    if call.places is None:
        raise CallRefused("places_unbounded")
    if after <= call.places:
        raise CallRefused("places_lower", places=call.places)
    quota = schema_of(call.definition).quota if call.definition else None
    if quota is not None and after > quota.places:
        raise CallRefused("places_over_quota", quota=quota.places)


def _facts(change: CallChange) -> dict[str, Any]:
    return {
        "call": change.call.code,
        "field": change.field,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
    }
