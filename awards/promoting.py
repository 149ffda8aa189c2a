"""递补: when a place is free again, a clerk drafts the promotion of cases from the waiting list;
a head confirms it as any selection (awards.confirming)."""

from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction

from applications.models import Application, Status
from policy.models import Call
from policy.money import cny
from portal import clock
from portal.audit.recording import record
from reviews.holding import require_call_role
from reviews.models import Selection, SelectionItem
from reviews.refusals import Refused


def waiting_list(call: Call) -> list[SelectionItem]:
    """The cases on the waiting list by the rank that the selection gave them, each with the item
    that put it there."""
    items = (
        SelectionItem.objects.filter(
            selection__call=call,
            selection__state=Selection.State.CONFIRMED,
            outcome=SelectionItem.Outcome.WAITLIST,
            application__status=Status.WAITLISTED,
        )
        .select_related("application__organisation", "selection")
        .order_by("application_id", "-selection_id")
        .distinct("application_id")
    )
    return sorted(
        items, key=lambda item: (item.rank is None, item.rank or 0, item.application.number)
    )


@transaction.atomic
def draft(
    call: Call, *, picks: Mapping[Application, Decimal], title: str, minutes: str, actor
) -> Selection:
    """A selection of waiting cases with the amount (元) recommended for each.

    Raises ``Refused``: role, no_items, title_missing, case_moved, drafted_elsewhere.
    """
    require_call_role(actor, call, "lead_clerk")
    if not picks:
        raise Refused("no_items")
    if not title.strip():
        raise Refused("title_missing")
    known = {item.application_id: item for item in waiting_list(call)}
    now = clock.now()
    selection = Selection.objects.create(
        call=call,
        title=title.strip()[:120],
        met_on=clock.local(now).date(),
        minutes=minutes.strip(),
        drafted_by=actor,
        drafted_at=now,
    )
    for case, amount_cny in picks.items():
        if case.pk not in known:
            raise Refused("case_moved", number=case.number, status=case.status)
        pending = SelectionItem.objects.filter(
            application=case, selection__state=Selection.State.DRAFTED
        ).first()
        if pending is not None:
            raise Refused("drafted_elsewhere", number=case.number)
        SelectionItem.objects.create(
            selection=selection,
            application=case,
            outcome=SelectionItem.Outcome.SUPPORT,
            recommended_cny=cny(amount_cny),
            rank=known[case.pk].rank,
            reason="",
        )
    record(
        "selection.draft",
        obj=selection,
        actor=actor,
        to_state=selection.state,
        data={"promotion": [case.number for case in picks]},
    )
    return selection
