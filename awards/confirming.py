"""Confirming a selection: a second person reserves amount and place for every supported case, in
one transaction or not at all."""

from decimal import Decimal

from django.db import transaction

from applications import amounts, workflow
from applications.models import Application, Status
from awards import ledger, telling
from awards.accounts import bounds_of, committed, open_and_lock, scope_of
from awards.demand import demands, require_room
from policy.computing import Computation, InputsRefused
from policy.models import Call
from policy.money import show_wan
from portal import clock
from portal.audit.recording import record
from reviews.holding import last_move, require_call_role
from reviews.models import Selection, SelectionItem
from reviews.refusals import Refused

# Where a case stands when a selection decides on it; the second is promoted from the waiting list.
OPEN = (Status.SELECTION, Status.WAITLISTED)
ACTIONS = {"support": "select", "waitlist": "waitlist", "reject": "reject"}


@transaction.atomic
def confirm_selection(
    selection: Selection, *, actor, seen_revision: int | None = None
) -> Selection:
    """Confirm a drafted selection: reserve, move every case, send the result letters.

    Raises ``Refused`` (role, same_person, state, changed, no_items, case_moved, not_computable,
    not_eligible, above_cap), ``CapExceeded`` or ``QuotaExceeded`` with what all supported cases
    ask together, what is left, and who holds it. Source: process.md, stage 11.
    """
    selection = (
        Selection.objects.select_for_update(of=("self",))
        .select_related("call__measure", "call__lead_unit", "call__definition")
        .defer("call__definition__body")
        .get(pk=selection.pk)
    )
    _check(selection, actor=actor, seen_revision=seen_revision)
    call = Call.objects.select_for_update(of=("self",), no_key=True).get(pk=selection.call_id)
    items = _locked_items(selection, call)
    supported = [item for item in items if item.outcome == SelectionItem.Outcome.SUPPORT]
    cases = [(item.application, item.recommended_cny) for item in supported]
    accounts = open_and_lock(
        {bound for case, _cny in cases for bound in bounds_of(case)}, actor=actor
    )
    require_room(demands(cases, accounts=accounts))
    bases = {item.pk: _reserve(item, selection, actor=actor) for item in supported}
    for item in items:
        _move(item, basis=bases.get(item.pk), actor=actor)
    now = clock.now()
    selection.state = Selection.State.CONFIRMED
    selection.confirmed_by, selection.confirmed_at = actor, now
    selection.revision += 1
    selection.save(update_fields=["state", "confirmed_by", "confirmed_at", "revision"])
    record(
        "selection.confirm",
        obj=selection,
        actor=actor,
        from_state=Selection.State.DRAFTED,
        to_state=Selection.State.CONFIRMED,
        data={
            "items": [
                {
                    "number": item.application.number,
                    "outcome": item.outcome,
                    "recommended_cny": f"{item.recommended_cny:.2f}",
                }
                for item in items
            ]
        },
    )
    return selection


def _check(selection: Selection, *, actor, seen_revision: int | None) -> None:
    require_call_role(actor, selection.call, "lead_head")
    if selection.drafted_by_id == actor.pk:
        raise Refused("same_person")
    if selection.state != Selection.State.DRAFTED:
        raise Refused("state", state=selection.state)
    if seen_revision is not None and seen_revision != selection.revision:
        raise Refused("changed", revision=selection.revision)


def _locked_items(selection: Selection, call: Call) -> list[SelectionItem]:
    """The items with their cases locked, best rank first; every case must still be open."""
    items = list(selection.items.all())
    if not items:
        raise Refused("no_items")
    locked = {
        case.pk: case
        for case in Application.objects.select_for_update(of=("self",))
        .select_related(
            "organisation", "definition", "call__measure", "call__lead_unit", "call__measure__article",
            "call__definition",
        )
        .defer("definition__body", "call__definition__body")
        .filter(pk__in=[item.application_id for item in items])
        .order_by("pk")
    }  # fmt: skip
    for item in items:
        item.application = case = locked[item.application_id]
        case.call.budget_cny, case.call.places = call.budget_cny, call.places
        if case.call_id != call.pk or case.status not in OPEN:
            raise Refused(
                "case_moved", number=case.number, status=case.status, changed_by=last_move(case)
            )
    return items


def _reserve(item: SelectionItem, selection: Selection, *, actor) -> ledger.Basis:
    """Compute with what is committed now, this transaction's earlier cases included; reserve."""
    case = item.application
    computation = compute(case, actor=actor)
    computed_cny = computation.computed_cny or Decimal(0)
    capped_cny = computation.capped_cny or Decimal(0)
    if item.recommended_cny > capped_cny:
        raise Refused(
            "above_cap",
            number=case.number,
            asked_cny=item.recommended_cny,
            capped_cny=capped_cny,
            binding=computation.binding_cap or "",
        )
    basis = ledger.Basis(
        computed_cny=computed_cny,
        capped_cny=capped_cny,
        recommended_cny=item.recommended_cny,
        trace=computation.as_json(),
    )
    ledger.reserve(case, actor=actor, selection=selection, basis=basis)
    return basis


def compute(case: Application, *, actor) -> Computation:
    """The award on the verified amounts, with every cap's commitments of this moment as arguments.

    Its accounts are locked. Raises ``Refused``: not_computable, not_eligible.
    """
    bounds = bounds_of(case)
    accounts = open_and_lock(bounds, actor=actor)
    try:
        computation = amounts.compute_for(
            case, committed=committed(bounds, accounts), verified=True, scope=scope_of(case)
        )
    except InputsRefused as error:
        raise Refused(
            "not_computable", number=case.number, issues=[str(issue) for issue in error.issues]
        ) from error
    if computation.missing_settings:
        raise Refused(
            "not_computable", number=case.number, issues=list(computation.missing_settings)
        )
    if computation.eligible is False:
        raise Refused(
            "not_eligible",
            number=case.number,
            reasons=[reason for reason in computation.reasons if reason.met is False],
        )
    return computation


def _move(item: SelectionItem, *, basis: ledger.Basis | None, actor) -> None:
    case, action = item.application, ACTIONS[item.outcome]
    if action == "waitlist" and case.status == Status.WAITLISTED:
        return

    def prepare(row: Application) -> None:
        if basis is not None:
            row.computed_cny, row.capped_cny = basis.computed_cny, basis.capped_cny
            row.recommended_cny, row.computation = basis.recommended_cny, basis.trace

    unit = case.call.lead_unit
    workflow.move(
        case,
        action,
        actor=actor,
        unit=unit,
        note=item.reason,
        public_note=item.reason if action == "reject" else "",
        prepare=prepare,
    )
    telling.letter(
        case,
        "result",
        unit=unit,
        actor=actor,
        facts={
            "result": item.get_outcome_display(),
            "reason": item.reason or _REASONS[item.outcome],
            "next_step": _NEXT[item.outcome],
            "amount": f"{show_wan(item.recommended_cny)}万元",
        },
    )


# Letters are documents: Chinese, whatever language the head reads.
_REASONS = {
    "support": "经会议遴选，列入拟支持名单，现按规定公示。",
    "waitlist": "本批次名额（预算）已满，列为备选；如有空缺，按排序递补。",
    "reject": "经会议遴选，未列入拟支持名单。",
}
_NEXT = {
    "support": "公示",
    "waitlist": "等待递补",
    "reject": "本次申报办结",
}
