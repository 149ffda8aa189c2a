"""财政确认: a finance clerk confirms a released decision and names where the money comes from."""

from django.db import transaction

from applications import workflow
from awards import ledger
from awards.decisions import locked
from awards.models import Decision
from portal import clock
from portal.accounts.models import Membership, Role, Unit
from portal.audit.recording import record
from reviews.refusals import Refused

MAX_SOURCE_CHARS = 120


def finance_units(user, *roles: str) -> list[Unit]:
    """The units in which the user holds one of the finance roles."""
    roles = roles or (Role.FINANCE, Role.FINANCE_HEAD)
    held = Membership.objects.active().filter(user=user, role__in=roles).select_related("unit")
    return [row.unit for row in held] if user.is_authenticated and user.is_active else []


def require_finance(user, *roles: str) -> Unit:
    units = finance_units(user, *roles)
    if not units:
        raise Refused("role", roles=sorted(roles))
    return units[0]


def waiting():
    """Decisions that wait for finance, the oldest first."""
    return (
        Decision.objects.filter(state=Decision.State.RELEASED)
        .select_related("call__measure__lead_unit")
        .order_by("released_at", "pk")
    )


@transaction.atomic
def confirm(
    decision: Decision, *, actor, funding_source: str, seen_revision: int | None = None
) -> Decision:
    """Confirm every item of a released decision; its cases wait for payment from here on.

    Raises ``Refused``: role, state, changed, source_missing, source_long; MoveRefused where a
    case stands elsewhere.
    """
    decision = locked(decision)
    unit = require_finance(actor, Role.FINANCE)
    if decision.state != Decision.State.RELEASED:
        raise Refused("state", state=decision.state)
    if seen_revision is not None and seen_revision != decision.revision:
        raise Refused("changed", revision=decision.revision)
    source = funding_source.strip()
    if not source:
        raise Refused("source_missing")
    if len(source) > MAX_SOURCE_CHARS:
        raise Refused("source_long", most=MAX_SOURCE_CHARS)
    items = list(decision.items.select_related("award__application").order_by("award_id"))
    decision.state = Decision.State.CONFIRMED
    decision.confirmed_by, decision.confirmed_at = actor, clock.now()
    decision.funding_source = source
    decision.revision += 1
    decision.save(
        update_fields=["state", "confirmed_by", "confirmed_at", "funding_source", "revision"]
    )
    for item in items:
        # The case is locked before the accounts, as everywhere.
        workflow.move(item.award.application, "confirm_finance", actor=actor, unit=unit)
        ledger.confirm(item.award, actor=actor, note=source)
    record(
        "decision.confirm",
        obj=decision,
        actor=actor,
        from_state=Decision.State.RELEASED,
        to_state=decision.state,
        data={"number": decision.number, "funding_source": source},
    )
    return decision
