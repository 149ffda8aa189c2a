"""Proposals: a clerk drafts an act that weighs, a head of the same unit releases it."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import letters, workflow
from applications.models import Application
from portal import clock
from portal.accounts.models import Membership, Role, Unit
from portal.audit.recording import record
from portal.notices.outbox import enqueue, enqueue_all
from portal.types import known
from reviews.holding import hold, last_move
from reviews.models import Objection, Proposal, Recommendation
from reviews.refusals import Refused


@dataclass(frozen=True)
class Kind:
    """Who drafts and who releases an action, and the letter that tells the applicant."""

    drafted_by: str
    released_by: str
    letter: str = ""
    # Money and places are given back with it: the verb that releases it lives in awards.
    frees_money: bool = False


KINDS = {
    "decline": Kind("district_clerk", "district_head"),
    "refuse": Kind("lead_clerk", "lead_head", letter="refusal"),
    "dismiss_objection": Kind("lead_clerk", "lead_head"),
    "uphold_objection": Kind("lead_clerk", "lead_head", letter="result", frees_money=True),
}


def unit_for(application: Application, action: str) -> Unit:
    """The unit whose clerk drafts and whose head releases the action."""
    if KINDS[action].drafted_by.startswith("district"):
        return application.district
    return application.call.lead_unit


@transaction.atomic
def draft(
    application: Application,
    action: str,
    *,
    actor,
    reason: str,
    objection: Objection | None = None,
    seen_revision: int | None = None,
) -> Proposal:
    """Propose an act to the head of the actor's unit. The case stays where it is.

    Raises ``Refused``: changed, state, role, reason_missing, proposal_pending.
    """
    kind = KINDS[action]
    application = hold(
        application,
        actor=actor,
        roles=[kind.drafted_by],
        statuses=workflow.BY_ACTION[action].sources,
        seen_revision=seen_revision,
    )
    if not (reason := reason.strip()):
        raise Refused("reason_missing")
    now, unit = clock.now(), unit_for(application, action)
    proposal = Proposal(
        application=application,
        action=action,
        reason=reason,
        unit=unit,
        objection=objection,
        case_revision=application.revision,
        drafted_by=actor,
        drafted_at=now,
    )
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
    except IntegrityError as error:
        if _constraint(error) != "proposal_one_at_a_time":
            raise
        raise Refused("proposal_pending", action=action) from error
    record(
        "proposal.draft",
        obj=proposal,
        actor=actor,
        data={"application": application.pk, "action": action, "reason": reason},
        to_state=proposal.state,
    )
    enqueue_all(
        _heads(unit),
        subject=format_lazy(
            _("{number}：待审签（{action}）"),
            number=application.number,
            action=workflow.BY_ACTION[action].label,
        ),
        url=f"/reviews/proposals/{proposal.uid}/",
        key=f"proposal:{proposal.pk}",
        at=now,
    )
    return proposal


def _constraint(error: IntegrityError) -> str:
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


def _heads(unit: Unit) -> list:
    rows = Membership.objects.active().filter(unit=unit, role=Role.HEAD).select_related("user")
    return [row.user for row in rows]


def is_stale(proposal: Proposal) -> bool:
    """Whether the case moved after the draft: then the draft can only be sent back."""
    return proposal.case_revision != proposal.application.revision


@transaction.atomic
def release(proposal: Proposal, *, actor, money_freed: bool = False) -> Application:
    """Do what the clerk proposed, as the head, and tell the applicant.

    ``money_freed``: said by the verb in awards that gives the reserved money and place back in
    the same transaction; without it an act that frees money is refused. Raises ``Refused``:
    role, state (settled before), same_person, changed (the case moved after the draft),
    frees_money.
    """
    proposal, application = _hold(proposal, actor=actor)
    kind = KINDS[proposal.action]
    if proposal.drafted_by_id == actor.pk:
        raise Refused("same_person")
    if application.revision != proposal.case_revision:
        raise Refused("changed", status=application.status, changed_by=last_move(application))
    if kind.frees_money and not money_freed:
        raise Refused("frees_money", action=proposal.action)
    now = clock.now()
    proposal.state = Proposal.State.RELEASED
    proposal.settled_by, proposal.settled_at = actor, now
    proposal.save(update_fields=["state", "settled_by", "settled_at"])
    record(
        "proposal.release",
        obj=proposal,
        actor=actor,
        data={"application": application.pk, "action": proposal.action},
        from_state=Proposal.State.DRAFTED,
        to_state=proposal.state,
    )
    if proposal.objection_id is not None:
        _decide_objection(proposal, actor=actor, at=now)
    if proposal.action == "decline":
        Recommendation.objects.create(
            application=application,
            unit=proposal.unit,
            outcome=Recommendation.Outcome.NOT_RECOMMENDED,
            opinion=proposal.reason,
            made_by=actor,
            made_at=now,
        )
    if _others_open(proposal):
        # Another objection is still being looked into: the case waits for its conclusion.
        return application
    application = workflow.move(
        application,
        proposal.action,
        actor=actor,
        note=proposal.reason,
        public_note=proposal.reason,
        unit=proposal.unit,
    )
    if kind.letter:
        letters.issue(
            application,
            kind.letter,
            unit=proposal.unit,
            actor=actor,
            facts=_letter_facts(proposal),
        )
    return application


def _letter_facts(proposal: Proposal) -> dict[str, str]:
    """Letters are in Chinese, whatever language the head reads."""
    with translation.override("zh-hans"):
        result = str(workflow.BY_ACTION[proposal.action].done)
    return {"reason": proposal.reason, "result": result, "next_step": "—"}


def _decide_objection(proposal: Proposal, *, actor, at) -> None:
    """Decide the objection; once one is upheld the case ends, and with it the others about it."""
    upheld = proposal.action == "uphold_objection"
    decided = Objection.objects.filter(application=proposal.application_id)
    if upheld:
        decided = decided.filter(state__in=[Objection.State.FILED, Objection.State.ACCEPTED])
    else:
        decided = decided.filter(pk=known(proposal.objection_id))
    for objection in decided:
        before = objection.state
        objection.state = Objection.State.UPHELD if upheld else Objection.State.DISMISSED
        objection.conclusion = proposal.reason
        objection.decided_by, objection.decided_at = actor, at
        if objection.accepted_at is None:
            objection.accepted_by, objection.accepted_at = actor, at
        objection.save(
            update_fields=[
                "state", "conclusion", "decided_by", "decided_at", "accepted_by", "accepted_at",
            ]
        )  # fmt: skip
        record(
            "objection.decide",
            obj=objection,
            actor=actor,
            data={"application": objection.application_id, "conclusion": proposal.reason},
            from_state=before,
            to_state=objection.state,
        )


def _others_open(proposal: Proposal) -> bool:
    if proposal.action != "dismiss_objection":
        return False
    return Objection.objects.filter(
        application=proposal.application_id, state=Objection.State.ACCEPTED
    ).exists()


@transaction.atomic
def send_back(proposal: Proposal, *, actor, note: str) -> Proposal:
    """Give a draft back to its clerk with the reason; the case may then be acted on again.

    Raises ``Refused``: role, state, same_person, reason_missing.
    """
    proposal, application = _hold(proposal, actor=actor)
    if proposal.drafted_by_id == actor.pk:
        raise Refused("same_person")
    if not (note := note.strip()):
        raise Refused("reason_missing")
    now = clock.now()
    proposal.state = Proposal.State.SENT_BACK
    proposal.settled_by, proposal.settled_at, proposal.settled_note = actor, now, note[:500]
    proposal.save(update_fields=["state", "settled_by", "settled_at", "settled_note"])
    record(
        "proposal.send_back",
        obj=proposal,
        actor=actor,
        data={"application": application.pk, "action": proposal.action, "note": note},
        from_state=Proposal.State.DRAFTED,
        to_state=proposal.state,
    )
    enqueue(
        proposal.drafted_by,
        subject=format_lazy(
            _("{number}：退回（{action}）"),
            number=application.number,
            action=workflow.BY_ACTION[proposal.action].label,
        ),
        body=note,
        url=f"/reviews/cases/{application.uid}/",
        dedupe_key=f"proposal-back:{proposal.pk}",
        at=now,
    )
    return proposal


def _hold(proposal: Proposal, *, actor) -> tuple[Proposal, Application]:
    """The proposal and its case for a head of the unit. The case is locked, as by every verb that
    writes a proposal."""
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related(
            "call__measure",
            "call__lead_unit",
            "definition",
            "organisation",
            "district",
        )
        .defer("definition__body")
        .get(pk=proposal.application_id)
    )
    proposal = Proposal.objects.select_related("unit", "drafted_by").get(pk=proposal.pk)
    held = Membership.objects.active().filter(user=actor, unit=proposal.unit_id, role=Role.HEAD)
    if not held.exists():
        raise Refused("role", roles=[KINDS[proposal.action].released_by])
    if proposal.state != Proposal.State.DRAFTED:
        raise Refused("state", state=proposal.state)
    return proposal, application
