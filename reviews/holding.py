"""Holding a case: lock it and see whether the actor may act on it now."""

from collections.abc import Collection

from applications.models import Application
from applications.roles import case_roles
from portal.accounts.models import Membership, Role
from reviews.models import Proposal
from reviews.refusals import Refused

_PARTS = {Role.CLERK: "lead_clerk", Role.HEAD: "lead_head"}


def hold(
    application: Application,
    *,
    actor,
    roles: Collection[str],
    statuses: Collection[str],
    seen_revision: int | None = None,
) -> Application:
    """The case, locked, for an act by one of the case roles while it stands in one of the states.

    Raises ``Refused``: changed, state, role. To be called first in the verb's transaction.
    """
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related(
            "call__measure", "call__lead_unit", "call__measure__article", "definition", "organisation",
            "district",
        )
        .defer("definition__body")
        .get(pk=application.pk)
    )  # fmt: skip
    if seen_revision is not None and seen_revision != application.revision:
        raise Refused("changed", status=application.status, changed_by=last_move(application))
    if application.status not in statuses:
        raise Refused("state", status=application.status, changed_by=last_move(application))
    if not case_roles(actor, application) & set(roles):
        raise Refused("role", roles=sorted(roles))
    return application


def refuse_while_pending(application: Application) -> None:
    """While a clerk's proposal waits for the head, nobody acts past it."""
    if pending := Proposal.objects.filter(application=application, state="drafted").first():
        raise Refused("proposal_pending", action=pending.action)


def last_move(application: Application):
    return application.transitions.select_related("actor", "unit").last()


def call_roles(user, call) -> frozenset[str]:
    """``lead_clerk``, ``lead_head``: what the user is to a call, by the measure's lead unit."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    held = Membership.objects.active().filter(
        user=user, unit=call.lead_unit_id, role__in=list(_PARTS)
    )
    return frozenset(_PARTS[row.role] for row in held)


def require_call_role(user, call, *roles: str) -> None:
    if not call_roles(user, call) & set(roles):
        raise Refused("role", roles=sorted(roles))
