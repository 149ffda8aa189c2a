"""Withdrawing and cancelling a case: what its award holds is freed in the same transaction.

An upheld objection is drafted as a proposal in reviews; its release lives here, for it frees
money and place.
"""

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import workflow
from applications.models import Application, Status
from awards import ledger, telling
from awards.models import Award, Payment
from portal import clock
from portal.accounts.models import Role
from reviews import proposing
from reviews.holding import hold
from reviews.models import Proposal
from reviews.refusals import Refused

WITHDRAWABLE = workflow.BY_ACTION["withdraw"].sources
CANCELLABLE = workflow.BY_ACTION["cancel"].sources


@transaction.atomic
def withdraw(
    application: Application, *, actor, reason: str, seen_revision: int | None = None
) -> Application:
    """撤回申报, by the organisation's admin, up to the decision: amount and place are freed.

    Cannot be undone. Raises ``Refused``: role, state, changed, reason_missing.
    """
    return _end(
        application,
        "withdraw",
        actor=actor,
        reason=reason,
        roles=("org_admin",),
        seen_revision=seen_revision,
    )


@transaction.atomic
def cancel(
    application: Application, *, actor, reason: str, seen_revision: int | None = None
) -> Application:
    """Call off the support, by the lead unit's head: before the decision, or after it (放弃、退出)
    while nothing is paid. The money is free; after the decision the place only if the call says so.

    Raises as ``withdraw``, and ``Refused``: paid (元), payment_drafted (the batch's number).
    """
    _nothing_paid(application)
    return _end(
        application,
        "cancel",
        actor=actor,
        reason=reason,
        roles=workflow.BY_ACTION["cancel"].roles,
        seen_revision=seen_revision,
    )


def _nothing_paid(application: Application) -> None:
    """What was paid is taken back, not called off; a payment in hand is dropped first."""
    active = (Payment.State.PLANNED, Payment.State.SENT, Payment.State.ARRIVED)
    case = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
    payment = (
        Payment.objects.filter(award__application=case, state__in=active)
        .select_related("batch")
        .order_by("-pk")
        .first()
    )
    if payment is None:
        return
    if payment.state == Payment.State.PLANNED:
        raise Refused("payment_drafted", number=payment.batch.number)
    raise Refused("paid", paid_cny=payment.award.paid_cny)


@transaction.atomic
def release_proposal(proposal: Proposal, *, actor) -> Application:
    """Release a proposal that frees money (异议成立): what the case holds is free again, and the
    case ends. Raises as ``reviews.proposing.release``."""
    case = Application.objects.select_for_update(of=("self",)).get(pk=proposal.application_id)
    freed = release_award(case, actor=actor, note=proposal.reason)
    case = proposing.release(proposal, actor=actor, money_freed=True)
    done = workflow.BY_ACTION[proposal.action].done
    tell_lead(case, freed=freed, actor=actor, done=done)
    return case


def _end(application, action, *, actor, reason, roles, seen_revision) -> Application:
    row = workflow.BY_ACTION[action]
    case = hold(
        application, actor=actor, roles=roles, statuses=row.sources, seen_revision=seen_revision
    )
    if not reason.strip():
        raise Refused("reason_missing")
    freed = release_award(case, actor=actor, note=reason.strip())
    case = workflow.move(case, action, actor=actor, note=reason.strip(), public_note=reason.strip())
    tell_lead(case, freed=freed, actor=actor, done=row.done)
    return case


def release_award(case: Application, *, actor, note: str) -> bool:
    """Free what the case holds; whether it held anything. The caller has locked the case."""
    award = Award.objects.filter(application=case).exclude(state=Award.State.RELEASED).first()
    if award is None:
        return False
    ledger.release(award, actor=actor, note=note[:300])
    return True


def tell_lead(case: Application, *, freed: bool, actor, done) -> None:
    """The lead unit's clerks learn of it, and of who may be promoted if a place is free again."""
    waiting = (
        Application.objects.filter(call=case.call_id, status=Status.WAITLISTED).count()
        if freed
        else 0
    )
    body = (
        format_lazy(_("释放了名额和额度；备选 {count} 家，可以递补。"), count=waiting)
        if waiting
        else ""
    )
    telling.tell(
        telling.officers(case.call.lead_unit, Role.CLERK),
        subject=format_lazy("{}{}{}", case.number, _("："), done),
        body=body,
        url=f"/awards/calls/{case.call.uid}/" if freed else f"/reviews/cases/{case.uid}/",
        key=f"application:{case.pk}:{case.revision}:lead",
        at=clock.now(),
        but=actor,
    )
