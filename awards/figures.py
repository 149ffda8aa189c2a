"""What pages show of a call's money and places (policy.CallFigures).

Money and places follow in the transaction of each act of the ledger; what is in hand (cases that
come and go at the applicants' hands) is brought up by a sweep each minute.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from applications.models import ENDED, Application, Status
from awards.accounts import budget_bound, find, quota_bound
from awards.models import CapAccount
from policy.models import Call, CallFigures
from portal import clock

ZERO = Decimal("0.00")
# Granted already: a case from here on is counted as approved, not as in hand.
GRANTED = frozenset({Status.FINANCE, Status.PAYMENT})


def in_hand(calls: Iterable[int]) -> dict[int, tuple[Decimal, int]]:
    """Call → amount (元) and number of cases in hand: submitted, not ended, not yet approved.

    A case counts with what is recommended, else with what it asks for. One query.
    """
    rows = (
        Application.objects.filter(call__in=list(calls), submitted_at__isnull=False)
        .exclude(status__in=ENDED | GRANTED)
        .values("call")
        .annotate(cny=Sum(Coalesce("recommended_cny", "asked_cny")), count=Count("*"))
        .order_by("call")
    )
    return {row["call"]: (row["cny"] or ZERO, row["count"]) for row in rows}


def refresh(measures: Iterable[int], *, with_waiting: bool = True) -> None:
    """Bring the figures of the measures' calls up to the ledger; ``with_waiting``: and what is in
    hand, which takes a look at all their cases. An act of the ledger leaves that to the sweep.

    Calls of one measure share its places, so an act on one is seen on all. In the order of the
    calls' ids: two acts never wait for each other in a circle.
    """
    calls = list(
        Call.objects.filter(Q(measure__in=list(measures)), definition__isnull=False)
        .exclude(status=Call.Status.DRAFT)
        .select_related("measure", "definition")
        # The rules are known to the process; their text would be read and parsed at every act.
        .defer("definition__body", "guide_zh", "measure__clause", "measure__clause_en")
        .order_by("pk")
    )
    bounds = {
        call.pk: [bound for bound in (budget_bound(call), quota_bound(call)) if bound]
        for call in calls
    }
    accounts = {
        (account.rule, account.scope): account
        for account in find(bound.key for found in bounds.values() for bound in found)
    }
    waiting = in_hand(call.pk for call in calls) if with_waiting else {}
    standing = CallFigures.objects.in_bulk([call.pk for call in calls])
    for call in calls:
        found = [accounts[bound.key] for bound in bounds[call.pk] if bound.key in accounts]
        values: dict[str, Any] = {}
        if with_waiting or call.pk not in standing:
            amount_cny, count = waiting.get(call.pk, (ZERO, 0))
            values |= {"in_hand_cny": amount_cny, "in_hand_count": count}
        if (own := accounts.get(bounds[call.pk][0].key)) is not None:
            values["places_total"], values["places_committed"] = _places(found)
            values |= {
                "budget_cny": own.cap_cny,
                "committed_cny": own.committed_cny,
                "approved_cny": own.approved_cny,
                "paid_cny": own.paid_cny,
            }
        _write(call, standing.get(call.pk), values)


def refresh_all() -> int:
    """Bring what is in hand up to the cases, call by call: submissions do not wait for a row that
    all of them would write. How many measures were looked at."""
    measures = list(
        Call.objects.exclude(status=Call.Status.DRAFT)
        .values_list("measure", flat=True)
        .order_by("measure")
        .distinct()
    )
    for measure in measures:
        with transaction.atomic():
            refresh([measure])
    return len(measures)


def _write(call: Call, standing: CallFigures | None, values: dict[str, Any]) -> None:
    """Write what differs; nothing if nothing does."""
    if standing is None:
        CallFigures.objects.update_or_create(
            call=call, defaults=values | {"updated_at": clock.now()}
        )
    elif any(getattr(standing, name) != value for name, value in values.items()):
        CallFigures.objects.filter(pk=call.pk).update(**values, updated_at=clock.now())


def _places(accounts: list[CapAccount]) -> tuple[int | None, int]:
    """Total and taken places of the account that has the fewest left; (None, taken) without one."""
    bounded = [account for account in accounts if account.cap_places is not None]
    if not bounded:
        return None, max((account.committed_places for account in accounts), default=0)
    tightest = min(bounded, key=lambda account: account.room_places or 0)
    return tightest.cap_places, tightest.committed_places
