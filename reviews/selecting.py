"""The selection meeting (会议遴选): drafted here by a clerk; a head confirms in awards, where it
reserves money and places."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications.models import Application
from policy import money
from policy.call_settings import Chosen
from policy.calls import schema_of
from policy.models import Call, CallFigures
from policy.rules import pro_rata
from portal import clock
from portal.accounts.models import Membership, Role
from portal.audit.recording import record
from portal.notices.outbox import enqueue, enqueue_all
from portal.types import known
from reviews import ranking
from reviews.holding import require_call_role
from reviews.models import PanelCase, Selection, SelectionItem
from reviews.refusals import Refused

ZERO = Decimal("0.00")
STAGES = ("selection", "waitlisted")


@dataclass(frozen=True)
class Item:
    """What the meeting says of a case."""

    application: Application
    outcome: str
    recommended_cny: Decimal = ZERO
    reason: str = ""


@dataclass(frozen=True)
class Candidate:
    """A case that the meeting may select, with its scores and the most that it may get."""

    application: Application
    mean: Decimal | None
    rank: int | None
    most_cny: Decimal


def candidates(call: Call) -> list[Candidate]:
    """The call's cases before the meeting, the best scored first: two queries."""
    cases = list(
        Application.objects.filter(call=call, status__in=STAGES)
        .select_related("organisation", "district")
        .order_by("number")
    )
    means = dict(
        PanelCase.objects.filter(application__in=cases, mean__isnull=False).values_list(
            "application_id", "mean"
        )
    )
    places = ranking.ranks({str(pk): known(mean) for pk, mean in means.items()})
    found = [
        Candidate(case, means.get(case.pk), places.get(str(case.pk)), most_cny(case))
        for case in cases
    ]
    return sorted(found, key=lambda row: (row.rank is None, row.rank, row.application.number))


def most_cny(application: Application) -> Decimal:
    """The most that the meeting may recommend: what was capped, or asked if that is less."""
    known = [
        amount for amount in (application.capped_cny, application.asked_cny) if amount is not None
    ]
    return min(known, default=ZERO)


@dataclass(frozen=True)
class Rules:
    """What the call says of a meeting: whether it keeps a waiting list, and what happens where
    the budget is short (``by_rank`` or ``pro_rata``); ``unit``: to what amounts are cut."""

    waiting_list: bool = True
    budget_short: str = "by_rank"
    unit: money.Unit = "yuan"


def rules_of(call: Call) -> Rules:
    assert call.definition is not None  # published
    chosen = Chosen(schema_of(call.definition), call.settings)
    return Rules(
        waiting_list=chosen.optional("waiting_list") is not False,
        budget_short=chosen.optional("budget_short") or "by_rank",
        unit=chosen.optional("rounding_unit") or "yuan",
    )


def cut_amounts(
    call: Call, items: Iterable[Item], cases: Mapping[int, Candidate]
) -> dict[int, Decimal]:
    """The most that each supported case may get where the call cuts all in one proportion: case
    → 元. Empty where the call goes by rank, or where everything fits."""
    rules, figures = rules_of(call), figures_of(call)
    left = figures.left_cny if figures else None
    if rules.budget_short != "pro_rata" or left is None:
        return {}
    supported = [
        row.application.pk for row in items if row.outcome == SelectionItem.Outcome.SUPPORT
    ]
    most = [cases[pk].most_cny for pk in supported]
    if sum(most, ZERO) <= left:
        return {}
    return dict(zip(supported, pro_rata(most, left, unit=rules.unit), strict=True))


def suggested(call: Call, rows: Sequence[Candidate]) -> dict[int, Decimal]:
    """What the page starts with: the most of each case, cut where the call cuts and as many as
    there are places for do not fit together."""
    figures = figures_of(call)
    places = figures.places_left if figures else None
    first = [
        Item(row.application, SelectionItem.Outcome.SUPPORT, row.most_cny) for row in rows[:places]
    ]
    cuts = cut_amounts(call, first, {row.application.pk: row for row in rows})
    return {row.application.pk: cuts.get(row.application.pk, row.most_cny) for row in rows}


@dataclass(frozen=True)
class Totals:
    """The meeting's sum against what the call has left."""

    supported: int
    waitlisted: int
    rejected: int
    sum_cny: Decimal
    left_cny: Decimal | None
    places_left: int | None

    @property
    def over_cny(self) -> Decimal:
        """By how much the sum is above what is left; 0 if it fits."""
        return ZERO if self.left_cny is None else max(self.sum_cny - self.left_cny, ZERO)

    @property
    def over_places(self) -> int:
        return 0 if self.places_left is None else max(self.supported - self.places_left, 0)

    @property
    def fits(self) -> bool:
        return not self.over_cny and not self.over_places


def totals(items: Iterable[Item | SelectionItem], figures: CallFigures | None) -> Totals:
    """Count and sum up; ``figures`` are the call's, None: nothing bounds it."""
    rows = list(items)
    chosen = [row for row in rows if row.outcome == SelectionItem.Outcome.SUPPORT]
    return Totals(
        supported=len(chosen),
        waitlisted=sum(row.outcome == SelectionItem.Outcome.WAITLIST for row in rows),
        rejected=sum(row.outcome == SelectionItem.Outcome.REJECT for row in rows),
        sum_cny=sum((row.recommended_cny for row in chosen), ZERO),
        left_cny=figures.left_cny if figures else None,
        places_left=figures.places_left if figures else None,
    )


def figures_of(call: Call) -> CallFigures | None:
    return CallFigures.objects.filter(call=call).first()


@transaction.atomic
def draft(
    call: Call, *, title: str, met_on: date, minutes: str, items: Sequence[Item], actor
) -> Selection:
    """Write down what the meeting decided; money and places move at the head's confirmation only.

    Raises ``Refused`` as ``update``.
    """
    require_call_role(actor, call, "lead_clerk")
    selection = Selection.objects.create(
        call=call,
        title=title.strip(),
        met_on=met_on,
        minutes=minutes.strip(),
        drafted_by=actor,
        drafted_at=clock.now(),
    )
    _write(selection, items)
    _tell(selection, actor=actor, action="selection.draft")
    return selection


@transaction.atomic
def update(
    selection: Selection,
    *,
    title: str,
    met_on: date,
    minutes: str,
    items: Sequence[Item],
    actor,
    seen_revision: int | None = None,
) -> Selection:
    """Write the draft anew.

    Raises ``Refused``: role, state (confirmed), changed, no_cases, met_on (in the future), and by
    case number: stage (it is not before the meeting), drafted_elsewhere, amount (not above 0 or
    above the most), no_waiting_list, pro_rata (more than the call's cut leaves), reason_missing
    (a rejection).
    """
    selection = _hold(selection, actor=actor, role="lead_clerk", seen_revision=seen_revision)
    selection.title, selection.met_on = title.strip(), met_on
    selection.minutes, selection.sent_back_note = minutes.strip(), ""
    # Whoever wrote last is the drafter: the head who confirms must be another person.
    selection.drafted_by, selection.drafted_at = actor, clock.now()
    selection.revision += 1
    selection.save()
    _write(selection, items)
    _tell(selection, actor=actor, action="selection.update")
    return selection


def _hold(selection: Selection, *, actor, role: str, seen_revision: int | None = None):
    selection = (
        Selection.objects.select_for_update(of=("self",))
        .select_related("call__measure")
        .get(pk=selection.pk)
    )
    require_call_role(actor, selection.call, role)
    if selection.state != Selection.State.DRAFTED:
        raise Refused("state", state=selection.state)
    if seen_revision is not None and seen_revision != selection.revision:
        raise Refused("changed", revision=selection.revision)
    return selection


def _write(selection: Selection, items: Sequence[Item]) -> None:
    if not items:
        raise Refused("no_cases")
    if selection.met_on > clock.today():
        raise Refused("met_on", on=selection.met_on)
    cases = {row.application.pk: row for row in candidates(selection.call)}
    strange = [row.application.number for row in items if row.application.pk not in cases]
    if strange:
        raise Refused("stage", numbers=strange)
    elsewhere = SelectionItem.objects.filter(
        application__in=[row.application.pk for row in items],
        selection__state=Selection.State.DRAFTED,
    ).exclude(selection=selection)
    if taken := sorted(map(known, elsewhere.values_list("application__number", flat=True))):
        raise Refused("drafted_elsewhere", numbers=taken)
    rules = rules_of(selection.call)
    cuts = cut_amounts(selection.call, items, cases)
    wrong: dict[str, list[str]] = {
        "outcome": [], "no_waiting_list": [], "amount": [], "pro_rata": [], "reason_missing": [],
    }  # fmt: skip
    for row in items:
        most = cases[row.application.pk].most_cny
        rejected = row.outcome == SelectionItem.Outcome.REJECT
        if row.outcome not in SelectionItem.Outcome.values:
            wrong["outcome"].append(known(row.application.number))
        elif row.outcome == SelectionItem.Outcome.WAITLIST and not rules.waiting_list:
            wrong["no_waiting_list"].append(known(row.application.number))
        elif rejected and not row.reason.strip():
            wrong["reason_missing"].append(known(row.application.number))
        elif not rejected and not (0 < row.recommended_cny <= most or row.recommended_cny == most):
            wrong["amount"].append(known(row.application.number))
        elif row.recommended_cny > cuts.get(row.application.pk, row.recommended_cny):
            cut = cuts[row.application.pk]
            wrong["pro_rata"].append(f"{row.application.number}（{cut:,.2f}）")
    for reason, numbers in wrong.items():
        if numbers:
            raise Refused(reason, numbers=numbers)
    selection.items.all().delete()
    SelectionItem.objects.bulk_create(
        [
            SelectionItem(
                selection=selection,
                application_id=row.application.pk,
                outcome=row.outcome,
                recommended_cny=ZERO
                if row.outcome == SelectionItem.Outcome.REJECT
                else row.recommended_cny,
                reason=row.reason.strip()[:500],
                rank=cases[row.application.pk].rank,
            )
            for row in items
        ]
    )


def _tell(selection: Selection, *, actor, action: str) -> None:
    rows = selection.items.select_related("application")
    record(
        action,
        obj=selection,
        actor=actor,
        data={
            "items": [
                {"number": row.application.number, "outcome": row.outcome,
                 "recommended_cny": str(row.recommended_cny)}
                for row in rows
            ]
        },
        to_state=selection.state,
    )  # fmt: skip
    heads = Membership.objects.active().filter(unit=selection.call.lead_unit_id, role=Role.HEAD)
    enqueue_all(
        (row.user for row in heads.select_related("user")),
        subject=format_lazy(_("待确认：{title}"), title=selection.title),
        url=f"/reviews/selections/{selection.uid}/",
        key=f"selection:{selection.pk}:{selection.revision}",
        at=clock.now(),
    )


@transaction.atomic
def send_back(selection: Selection, *, actor, note: str) -> Selection:
    """The head gives the draft back to be changed.

    Raises ``Refused``: role, state, same_person, reason_missing.
    """
    selection = _hold(selection, actor=actor, role="lead_head")
    if selection.drafted_by_id == actor.pk:
        raise Refused("same_person")
    if not (note := note.strip()):
        raise Refused("reason_missing")
    selection.sent_back_note = note[:500]
    selection.revision += 1
    selection.save(update_fields=["sent_back_note", "revision"])
    record(
        "selection.send_back",
        obj=selection,
        actor=actor,
        data={"note": note},
        to_state=selection.state,
    )
    enqueue(
        selection.drafted_by,
        subject=format_lazy(_("退回修改：{title}"), title=selection.title),
        body=note,
        url=f"/reviews/selections/{selection.uid}/",
        dedupe_key=f"selection-back:{selection.pk}:{selection.revision}",
        at=clock.now(),
    )
    return selection
