"""财政确认: a finance clerk confirms a released decision and names where the money comes from."""

from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Exists, F, Min, OuterRef, Sum

from applications import workflow
from applications.models import Status
from awards import ledger
from awards.decisions import locked
from awards.models import Award, ClawBack, Decision, DecisionItem, Payment
from policy.models import Call
from portal import clock
from portal.accounts.models import Membership, Role, Unit
from portal.audit.recording import record
from reviews.refusals import Refused

MAX_SOURCE_CHARS = 120
# Finance's inbox shows so many of each kind.
LISTED = 50


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
    """Decisions that wait for finance, the oldest first; one without money does not."""
    with_finance = DecisionItem.objects.filter(
        decision=OuterRef("pk"), award__application__status=Status.FINANCE
    )
    return (
        Decision.objects.filter(Exists(with_finance), state=Decision.State.RELEASED)
        .select_related("call__measure", "call__lead_unit")
        .order_by("released_at", "pk")
    )


def listed_decisions():
    """As ``waiting``, with items, sum and the soonest due date of the cases."""
    return (
        waiting()
        .annotate(
            item_count=Count("items"),
            sum_cny=Sum("items__approved_cny", default=Decimal(0)),
            due_on=Min("items__award__application__due_on"),
        )
        .defer("text")
    )


def stopped(award: str = "pk") -> Exists:
    """Whether a claw-back keeps an award from being paid; ``award``: its path."""
    return Exists(ClawBack.objects.stopping().filter(award=OuterRef(award)))


def calls_due():
    """Calls with confirmed awards that are not paid in full: how many, how much, until when; the
    soonest first. What a claw-back stops is not due."""
    return (
        Call.objects.filter(~stopped("awards"), awards__state=Award.State.CONFIRMED)
        .annotate(
            award_count=Count("awards"),
            sum_cny=Sum("awards__approved_cny") - Sum("awards__paid_cny"),
            due_on=Min("awards__application__due_on"),
        )
        .select_related("measure")
        .defer("guide_zh")
        .order_by(F("due_on").asc(nulls_last=True), "code")
    )


def bounced():
    """Transfers that came back and were not paid again, the newest first."""
    return (
        Payment.objects.filter(state=Payment.State.BOUNCED, award__state=Award.State.CONFIRMED)
        .select_related("award__application", "award__organisation", "batch")
        .defer("award__trace", "award__application__computation")
        .order_by("-bounced_on", "-pk")
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
    # What was called off since the signature is no longer asked of finance.
    standing = decision.items.exclude(award__state=Award.State.RELEASED)
    items = list(standing.select_related("award__application").order_by("award_id"))
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
