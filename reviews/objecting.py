"""Objections (异议) to a public notice: filed by anybody under a name, accepted, decided."""

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import workflow
from applications.models import Application
from policy import workdays
from portal import clock
from portal.accounts.models import Membership, Role
from portal.audit.recording import record
from portal.notices.outbox import enqueue_all
from reviews import noticing, proposing
from reviews.holding import hold, refuse_while_pending
from reviews.models import Objection, Proposal, PublicNotice, SelectionItem
from reviews.refusals import Refused

MAX_TEXT = 5000


def _limit(application: Application, name: str) -> int | None:
    stage = workflow.stage(application, "public_notice")
    return getattr(stage, name) if stage else None


def _due(application: Application, name: str):
    limit = _limit(application, name)
    return workdays.add_workdays(clock.today(), limit).date if limit else None


@transaction.atomic
def file(
    notice: PublicNotice,
    *,
    application: Application,
    signed_as: str,
    signatory: str,
    contact: str,
    text: str,
    filed_by=None,
) -> Objection:
    """File a signed objection to a case of an open notice; no account is needed.

    Raises ``Refused``: closed, no_case, unsigned (name or contact missing), reason_missing.
    """
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related("call__measure", "definition")
        .get(pk=application.pk)
    )
    notice = PublicNotice.objects.select_related("selection").get(pk=notice.pk)
    if not noticing.is_open(notice, on=clock.today()):
        raise Refused("closed", ends_on=notice.ends_on)
    in_notice = notice.selection.items.filter(
        application=application, outcome=SelectionItem.Outcome.SUPPORT
    ).exists()
    if not in_notice or application.status not in {"public_notice", "objection"}:
        raise Refused("no_case")
    signatory, contact, text = signatory.strip(), contact.strip(), text.strip()
    if not signatory or not contact or signed_as not in Objection.Signed.values:
        raise Refused("unsigned")
    if not text:
        raise Refused("reason_missing")
    now = clock.now()
    objection = Objection.objects.create(
        notice=notice,
        application=application,
        signed_as=signed_as,
        signatory=signatory[:120],
        contact=contact[:60],
        text=text[:MAX_TEXT],
        filed_by=filed_by,
        filed_at=now,
        due_on=_due(application, "objection_accept_workdays"),
    )
    record(
        "objection.file",
        obj=objection,
        actor=filed_by or "visitor",
        data={"application": application.pk, "notice": notice.uid},
        to_state=objection.state,
    )
    clerks = Membership.objects.active().filter(unit=application.call.lead_unit_id, role=Role.CLERK)
    enqueue_all(
        (row.user for row in clerks.select_related("user")),
        subject=format_lazy(_("{number}：收到异议"), number=application.number),
        url=f"/reviews/objections/{objection.uid}/",
        key=f"objection:{objection.pk}",
        at=now,
    )
    return objection


@transaction.atomic
def accept(objection: Objection, *, actor, seen_revision: int | None = None) -> Objection:
    """Take the objection up; the case leaves the notice until it is decided.

    Raises ``Refused``: role, state, changed.
    """
    application = hold(
        objection.application,
        actor=actor,
        roles=["lead_clerk"],
        statuses=["public_notice", "objection"],
        seen_revision=seen_revision,
    )
    objection = Objection.objects.get(pk=objection.pk)
    if objection.state != Objection.State.FILED:
        raise Refused("state", state=objection.state)
    objection.state = Objection.State.ACCEPTED
    objection.accepted_by, objection.accepted_at = actor, clock.now()
    objection.due_on = _due(application, "objection_decide_workdays")
    objection.save(update_fields=["state", "accepted_by", "accepted_at", "due_on"])
    record(
        "objection.accept",
        obj=objection,
        actor=actor,
        data={"application": application.pk},
        from_state=Objection.State.FILED,
        to_state=objection.state,
    )
    if application.status == "public_notice":
        # Who objects is told to nobody outside: the history shows that somebody did.
        workflow.move(
            application,
            "object",
            actor=actor,
            note=f"objection {objection.uid}",
            unit=application.call.lead_unit,
        )
    return objection


@transaction.atomic
def decide(
    objection: Objection,
    *,
    actor,
    upheld: bool,
    conclusion: str,
    seen_revision: int | None = None,
) -> Proposal:
    """Propose the conclusion; a head releases it (``proposing.release``; where the objection is
    upheld, the verb in awards that gives money and place back).

    Raises ``Refused``: state (not accepted), and as ``proposing.draft``.
    """
    objection = Objection.objects.select_related("application").get(pk=objection.pk)
    if objection.state != Objection.State.ACCEPTED:
        raise Refused("state", state=objection.state)
    refuse_while_pending(objection.application)
    return proposing.draft(
        objection.application,
        "uphold_objection" if upheld else "dismiss_objection",
        actor=actor,
        reason=conclusion,
        objection=objection,
        seen_revision=seen_revision,
    )
