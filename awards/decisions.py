"""立项/认定: a decision is drafted by a clerk from cases whose public notice has closed, and
released by a head; the release approves in the ledger and hands the cases to finance."""

from collections.abc import Mapping
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import workflow
from applications.models import Application, Part, Status
from awards import ledger, picking, sharing, telling
from awards.models import Award, Decision, DecisionItem
from policy.models import Call
from policy.money import cny, show_wan, uppercase_cny
from portal import clock
from portal.accounts.models import Role, Unit
from portal.audit.recording import record
from portal.types import known
from reviews.holding import require_call_role
from reviews.refusals import Refused

# 市财政局 in the policy's catalogue of units.
FINANCE_BUREAU = "czj"


def candidates(call: Call, *, decision: Decision | None = None):
    """Awards that a decision can take: reserved, their case past the public notice, in none yet.
    ``decision``: or in this draft already."""
    # The case's call is its award's: said of the case as well, so that its index is used and
    # none but the cases that wait are read.
    free = Q(
        state=Award.State.RESERVED,
        application__call=call,
        application__status=Status.DECISION,
        decision_item__isnull=True,
    )
    if decision is not None:
        free |= Q(decision_item__decision=decision)
    return (
        Award.objects.filter(free, call=call)
        .select_related("application__district", "organisation")
        .only(
            "uid", "recommended_cny", "call_id", "state",
            "application__number", "application__title", "application__status",
            "application__district__code", "application__district__name_zh",
            "application__district__name_en", "organisation__name",
        )
        .order_by("application__number")
    )  # fmt: skip


def rows(call: Call, *, decision: Decision | None = None) -> list[picking.Row]:
    """The candidates as a form offers them, each with what was recommended."""
    return [
        picking.Row(
            key=award.uid,
            number=award.application.number or "",
            offered_cny=award.recommended_cny,
            thing=award,
            district=award.application.district,
            words=f"{award.application.number} {award.application.title} {award.organisation.name}",
            blocked="" if _waits(award) else "moved",
        )
        for award in candidates(call, decision=decision)
    ]


def _waits(award: Award) -> bool:
    """Whether it still waits for a decision: a case of a draft may have been withdrawn."""
    return award.state == Award.State.RESERVED and award.application.status == Status.DECISION


@transaction.atomic
def draft(
    call: Call,
    *,
    number: str,
    title: str,
    text: str = "",
    items: Mapping[Award, Decimal],
    actor,
    seen: picking.Seen | None = None,
) -> Decision:
    """A decision with its document number; each award with the amount (元) to be approved.

    ``seen``: the choice as its page told it. Raises ``Refused``: role, number_missing,
    number_taken, title_missing, no_items, set_changed (the choice is another by now), not_ready
    (an award that no decision can take now), above_recommended.
    """
    require_call_role(actor, call, "lead_clerk")
    _check_words(number, title)
    _check_seen(call, items, seen)
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                call=call,
                number=number.strip(),
                title=title.strip(),
                text=text.strip(),
                drafted_by=actor,
                drafted_at=clock.now(),
            )
    except IntegrityError as error:
        raise _number_taken(error, number) from error
    _put_items(decision, items)
    record(
        "decision.draft", obj=decision, actor=actor, to_state=decision.state, data=_facts(decision)
    )
    _tell_heads(decision, actor=actor)
    return decision


@transaction.atomic
def update(
    decision: Decision,
    *,
    number: str,
    title: str,
    text: str = "",
    items: Mapping[Award, Decimal],
    actor,
    seen_revision: int,
    seen: picking.Seen | None = None,
) -> Decision:
    """Put other words and items in place of a draft's. Raises as ``draft``, and state, changed."""
    decision = locked(decision)
    require_call_role(actor, decision.call, "lead_clerk")
    require_draft(decision, seen_revision=seen_revision)
    _check_words(number, title)
    _check_seen(decision.call, items, seen, decision=decision)
    try:
        with transaction.atomic():
            Decision.objects.filter(pk=decision.pk).update(
                number=number.strip(),
                title=title.strip(),
                text=text.strip(),
                drafted_by=actor,
                drafted_at=clock.now(),
                revision=F("revision") + 1,
            )
    except IntegrityError as error:
        raise _number_taken(error, number) from error
    decision.items.all().delete()
    decision.refresh_from_db()
    _put_items(decision, items)
    record(
        "decision.update",
        obj=decision,
        actor=actor,
        from_state=decision.state,
        to_state=decision.state,
        data=_facts(decision),
    )
    _tell_heads(decision, actor=actor)
    return decision


@transaction.atomic
def discard(
    decision: Decision, *, actor, reason: str, seen_revision: int | None = None
) -> Decision:
    """Drop a draft (clerk) or turn it down (head); its awards may stand in another one."""
    decision = locked(decision)
    require_call_role(actor, decision.call, "lead_clerk", "lead_head")
    require_draft(decision, seen_revision=seen_revision)
    if not reason.strip():
        raise Refused("reason_missing")
    facts = _facts(decision) | {"reason": reason.strip()}
    decision.items.all().delete()
    decision.state = Decision.State.DISCARDED
    decision.revision += 1
    decision.save(update_fields=["state", "revision"])
    record(
        "decision.discard",
        obj=decision,
        actor=actor,
        from_state=Decision.State.DRAFTED,
        to_state=decision.state,
        data=facts,
    )
    telling.tell(
        [decision.drafted_by],
        subject=format_lazy(_("{number} 已作废"), number=decision.number),
        body=reason.strip(),
        url=f"/awards/decisions/{decision.uid}/",
        key=f"decision:{decision.pk}:discarded",
        at=clock.now(),
        but=actor,
    )
    return decision


@transaction.atomic
def release(decision: Decision, *, actor, seen_revision: int | None = None) -> Decision:
    """Sign the decision: approve every item in the ledger, bring in finance, send the letters.

    Cannot be undone. Raises ``Refused``: role, same_person, state, changed, no_items, case_moved,
    shares_wrong.
    """
    decision = locked(decision)
    require_call_role(actor, decision.call, "lead_head")
    if decision.drafted_by_id == actor.pk:
        raise Refused("same_person")
    require_draft(decision, seen_revision=seen_revision)
    items = list(decision.items.select_related("award__organisation").order_by("award_id"))
    if not items:
        raise Refused("no_items")
    cases = _lock_cases(items)
    now = clock.now()
    decision.state = Decision.State.RELEASED
    decision.released_by, decision.released_at = actor, now
    decision.revision += 1
    decision.save(update_fields=["state", "released_by", "released_at", "revision"])
    to_finance = [
        _approve(item, cases[item.award.application_id], decision, actor=actor) for item in items
    ]
    record(
        "decision.release",
        obj=decision,
        actor=actor,
        from_state=Decision.State.DRAFTED,
        to_state=decision.state,
        data=_facts(decision),
    )
    if any(to_finance):
        _tell_finance(decision, actor=actor)
    from awards.tasks import make_decision_pdf

    make_decision_pdf.delay_on_commit(decision.pk)
    return decision


def _approve(item: DecisionItem, case: Application, decision: Decision, *, actor) -> bool:
    """Approve one item and move its case on: to finance, or, where the plan has no money, to its
    end. Whether finance takes part."""
    unit = decision.call.lead_unit
    ledger.approve(item.award, actor=actor, approved_cny=item.approved_cny, note=decision.number)
    shares = sharing.keep(item.award, case, approved_cny=item.approved_cny)
    to_finance = workflow.next_stage(case, after=Status.DECISION) == Status.FINANCE
    if to_finance:
        bureau = Unit.objects.get(code=FINANCE_BUREAU)
        workflow.add_party(case, Part.FINANCE, unit=bureau, at=known(decision.released_at))
    workflow.move(case, "decide", actor=actor, unit=unit, public_note=decision.number)
    telling.letter(
        case,
        "decision",
        unit=unit,
        actor=actor,
        facts={
            "decision_no": decision.number,
            "amount": f"{show_wan(item.approved_cny)}万元",
            "amount_upper": uppercase_cny(item.approved_cny),
        },
    )
    telling.tell_shares(case, shares, decision=decision, actor=actor)
    return to_finance


def _tell_finance(decision: Decision, *, actor) -> None:
    telling.tell(
        telling.officers(Unit.objects.get(code=FINANCE_BUREAU), Role.FINANCE),
        subject=format_lazy(
            _("待财政确认：{number} {title}"), number=decision.number, title=decision.title
        ),
        url=f"/awards/decisions/{decision.uid}/",
        key=f"decision:{decision.pk}:released",
        at=clock.now(),
        but=actor,
    )


def locked(decision: Decision) -> Decision:
    # Not joined to the drafter, who changes with an edit: see ``policy.calls.locked``.
    return (
        Decision.objects.select_for_update(of=("self",))
        .select_related("call__measure", "call__lead_unit")
        .get(pk=decision.pk)
    )


def require_draft(decision: Decision, *, seen_revision: int | None) -> None:
    if decision.state != Decision.State.DRAFTED:
        raise Refused("state", state=decision.state)
    if seen_revision is not None and seen_revision != decision.revision:
        raise Refused("changed", revision=decision.revision)


def _check_words(number: str, title: str) -> None:
    if not number.strip():
        raise Refused("number_missing")
    if not title.strip():
        raise Refused("title_missing")


def _number_taken(error: IntegrityError, number: str) -> Exception:
    diag = getattr(error.__cause__, "diag", None)
    if getattr(diag, "constraint_name", "") == "decision_number_once":
        return Refused("number_taken", number=number.strip())
    return error


def _check_seen(
    call: Call,
    items: Mapping[Award, Decimal],
    seen: picking.Seen | None,
    *,
    decision: Decision | None = None,
) -> None:
    """Lock the cases, so that no other decision takes them meanwhile; the choice must still be
    what its page told."""
    cases = Application.objects.select_for_update(of=("self",)).only("pk").order_by("pk")
    list(cases.filter(pk__in=[award.application_id for award in items]))
    if seen is not None:
        picking.check(seen, rows(call, decision=decision))


def _put_items(decision: Decision, items: Mapping[Award, Decimal]) -> None:
    if not items:
        raise Refused("no_items")
    ready = {award.pk: award for award in candidates(decision.call)}
    found = []
    for award, approved_cny in items.items():
        if award.pk not in ready:
            raise Refused("not_ready", number=award.application.number)
        amount_cny, most_cny = cny(approved_cny), ready[award.pk].recommended_cny
        if amount_cny > most_cny or (amount_cny == 0 and most_cny > 0):
            raise Refused(
                "above_recommended" if amount_cny else "nothing_approved",
                number=award.application.number,
                asked_cny=amount_cny,
                recommended_cny=most_cny,
            )
        found.append(DecisionItem(decision=decision, award=award, approved_cny=amount_cny))
    DecisionItem.objects.bulk_create(found)


def _lock_cases(items: list[DecisionItem]) -> dict[int, Application]:
    """The cases, locked in the order of their ids; each must still wait for the decision."""
    cases = {
        case.pk: case
        for case in Application.objects.select_for_update(of=("self",))
        .select_related("call", "definition", "organisation")
        .defer("definition__body")
        .filter(pk__in=[item.award.application_id for item in items])
        .order_by("pk")
    }
    moved = [case for case in cases.values() if case.status != Status.DECISION]
    if moved:
        raise Refused("case_moved", number=moved[0].number, status=moved[0].status)
    return cases


def _facts(decision: Decision) -> dict:
    items = decision.items.select_related("award__application").order_by("pk")
    return {
        "number": decision.number,
        "title": decision.title,
        "items": [
            {"number": item.award.application.number, "approved_cny": f"{item.approved_cny:.2f}"}
            for item in items
        ],
    }


def _tell_heads(decision: Decision, *, actor) -> None:
    telling.tell(
        telling.officers(decision.call.lead_unit, Role.HEAD),
        subject=format_lazy(
            _("待签发：{number} {title}"), number=decision.number, title=decision.title
        ),
        url=f"/awards/decisions/{decision.uid}/",
        key=f"decision:{decision.pk}:{decision.revision}:drafted",
        at=clock.now(),
        but=actor,
    )
