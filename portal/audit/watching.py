"""What an auditor watches: the state of the chain, and acts that are out of the ordinary."""

from datetime import date

from django.db.models import Count, Q

from portal import clock
from portal.audit import anchoring
from portal.audit.models import ChainCheck, Event, Head

# A verification of the whole chain is older than it should be.
OVERDUE_HOURS = 48
# Acts that an auditor looks at, by the text that their names contain (as the list filters).
UNUSUAL = {
    "reveal": "reveal",
    "export": "export",
    "lock": "user.lock",
    "unlock": "panel.unlock",
    "disable": "user.disable",
}


def chain_state() -> dict:
    """Head, last anchor and last verification of the whole chain: three queries."""
    head, anchor = Head.objects.first() or Head(), anchoring.latest()
    checked = ChainCheck.objects.order_by("-id").first()
    agrees = (
        Event.objects.filter(position=anchor["position"], hash=anchor["hash"]).exists()
        if anchor and anchor["position"]
        else None
    )
    age = clock.now() - checked.at if checked else None
    return {
        "head": head,
        "anchor": anchor,
        "anchor_agrees": agrees,
        "checked": checked,
        "check_overdue": age is not None and age.total_seconds() > OVERDUE_HOURS * 3600,
    }


def unusual(*, since: date):
    """The unusual acts from the day on, the newest first."""
    wanted = Q()
    for text in UNUSUAL.values():
        wanted |= Q(action__icontains=text)
    return _since(since).filter(wanted).order_by("-position")


def unusual_counts(*, since: date) -> dict[str, int]:
    """How many of each kind, as the list counts them: one query."""
    return _since(since).aggregate(
        **{code: Count("pk", filter=Q(action__icontains=text)) for code, text in UNUSUAL.items()}
    )


def _since(day: date):
    return Event.objects.filter(position__isnull=False, at__date__gte=day)
