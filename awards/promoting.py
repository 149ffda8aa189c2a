"""递补: when a place is free again, a clerk drafts the promotion of cases from the waiting list;
a head confirms it as any selection (awards.confirming)."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.db import transaction

from applications.models import Application, Status
from policy.models import Call
from reviews import selecting
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
    call: Call,
    *,
    picks: Mapping[Application, Decimal],
    title: str,
    met_on: date,
    minutes: str = "",
    actor,
) -> Selection:
    """A selection of waiting cases alone, with the amount (元) recommended for each.

    Raises ``Refused``: no_cases, title_missing, not_waiting, and as ``selecting.draft``.
    """
    if not picks:
        raise Refused("no_cases")
    if not title.strip():
        raise Refused("title_missing")
    waiting = {item.application_id for item in waiting_list(call)}
    for case in picks:
        if case.pk not in waiting:
            raise Refused("not_waiting", number=case.number, status=case.status)
    return selecting.draft(
        call,
        title=title,
        met_on=met_on,
        minutes=minutes,
        items=[
            selecting.Item(case, SelectionItem.Outcome.SUPPORT, amount_cny)
            for case, amount_cny in picks.items()
        ],
        actor=actor,
    )
