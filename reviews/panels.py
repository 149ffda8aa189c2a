"""Expert review (专家评审): a panel is drawn, approved by another, scores, and is frozen."""

import secrets
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import workflow
from applications.models import Answer, Application, Part, Party
from policy import workdays
from policy.models import Call
from policy.schema import Rubric, Stage
from portal import clock
from portal.audit.recording import record
from portal.notices.outbox import enqueue
from portal.types import known
from reviews import conflicts, drawing, ranking
from reviews.holding import require_call_role
from reviews.models import Conflict, Expert, Panel, PanelCase, Scoring, Seat
from reviews.refusals import Refused

STAGE = "expert_review"
LEAST = 3


def stage_of(call: Call) -> Stage:
    """The call's expert review: how many experts, reserves, and by when."""
    return workflow.schema_of(call).stage(STAGE, call.settings)


def rubric_of(call: Call) -> Rubric:
    return workflow.schema_of(call).rubric


def waiting(call: Call):
    """Cases of the call that stand in the expert review and sit in no panel."""
    return (
        Application.objects.filter(call=call, status=STAGE, panel_cases__isnull=True)
        .select_related("organisation")
        .order_by("number")
    )


# --- draw ---------------------------------------------------------------------------


@transaction.atomic
def draw(
    call: Call, *, cases: Iterable[Application], actor, title: str = "", seed: str = ""
) -> Panel:
    """Draw a panel for cases of a call: experts and reserves by the stage's numbers, stratified
    by the cases' fields, without whoever has a conflict with one of the cases.

    Seed, pool and result are stored and stand in the audit event, so that ``replay`` finds the
    same again. Raises ``Refused``: role, no_cases, state (a case is elsewhere), in_panel,
    too_few_experts.
    """
    require_call_role(actor, call, "lead_clerk")
    locked = list(
        Application.objects.select_for_update(of=("self",))
        .select_related("organisation", "definition", "call")
        .defer("definition__body")
        .filter(pk__in=[case.pk for case in cases], call=call)
        .order_by("pk")
    )
    _check_cases(locked)
    stage = stage_of(call)
    size, reserves = max(stage.experts or LEAST, LEAST), stage.reserves or 0
    pool = _pool(locked)
    demand = _demand(locked, rubric_of(call).stratify_by)
    seed = seed or secrets.token_hex(16)
    try:
        drawn = drawing.draw(pool, seed=seed, demand=demand, size=size, reserves=reserves)
    except drawing.TooFewExperts as error:
        raise Refused("too_few_experts", wanted=error.wanted, available=error.available) from error
    now = clock.now()
    panel = Panel.objects.create(
        call=call,
        title=title.strip() or _default_title(call),
        seed=seed,
        pool={
            "experts": [
                {"uid": row.uid, "fields": list(row.fields), "excluded": row.excluded}
                for row in pool
            ],
            "cases": [case.uid for case in locked],
            "demand": demand,
            "reserves": reserves,
        },
        result=_result(drawn),
        size=size,
        drawn_by=actor,
        drawn_at=now,
    )
    PanelCase.objects.bulk_create([PanelCase(panel=panel, application=case) for case in locked])
    _seat(panel, drawn)
    record(
        "panel.draw",
        obj=panel,
        actor=actor,
        data={"seed": seed, "pool": panel.pool, "result": panel.result, "size": size},
        to_state=panel.state,
    )
    return panel


def _check_cases(cases: Sequence[Application]) -> None:
    if not cases:
        raise Refused("no_cases")
    if elsewhere := [case.number for case in cases if case.status != STAGE]:
        raise Refused("state", numbers=elsewhere)
    seated = PanelCase.objects.filter(application__in=cases).values_list(
        "application__number", flat=True
    )
    if taken := sorted(map(known, seated)):
        raise Refused("in_panel", numbers=taken)


def _pool(cases: Sequence[Application]) -> list[drawing.Candidate]:
    experts = list(Expert.objects.drawable().select_related("user").order_by("uid"))
    barred = conflicts.computed(experts, cases)
    return [
        drawing.Candidate(expert.uid, tuple(sorted(expert.fields)), barred.get(expert.uid, ""))
        for expert in experts
    ]


def fields_of(cases: Iterable[Application], field: str | None) -> dict[int, list[str]]:
    """The answers to the field by which the draw is stratified, by case; one query."""
    if field is None:
        return {}
    found: dict[int, list[str]] = {}
    rows = Answer.objects.filter(application__in=list(cases), data__has_key=field)
    for row in rows:
        value = row.data[field]
        codes = value if isinstance(value, list) else [value] if value else []
        found[row.application_id] = [str(code) for code in codes]
    return found


def _demand(cases: Sequence[Application], field: str | None) -> dict[str, int]:
    """How many cases name each field."""
    counted = Counter(code for codes in fields_of(cases, field).values() for code in set(codes))
    return dict(sorted(counted.items()))


def _default_title(call: Call) -> str:
    return f"{call.code} 第 {Panel.objects.filter(call=call).count() + 1} 组"


def _result(drawn: drawing.Drawn) -> dict:
    return {
        "seats": [{"uid": place.uid, "field": place.field} for place in drawn.seats],
        "reserves": [{"uid": place.uid, "field": place.field} for place in drawn.reserves],
    }


def _seat(panel: Panel, drawn: drawing.Drawn) -> None:
    places = [(place, Seat.State.SEATED) for place in drawn.seats]
    places += [(place, Seat.State.RESERVE) for place in drawn.reserves]
    experts = {row.uid: row for row in Expert.objects.filter(uid__in=[p.uid for p, _s in places])}
    Seat.objects.bulk_create(
        [
            Seat(
                panel=panel,
                expert=experts[place.uid],
                code=_code(order),
                state=state,
                order=order,
                field=place.field,
            )
            for order, (place, state) in enumerate(places, start=1)
        ]
    )


def _code(order: int) -> str:
    """A, B … Z, AA: what the expert is called outside the panel."""
    letters = string.ascii_uppercase
    return (
        letters[order - 1]
        if order <= 26
        else letters[(order - 27) // 26] + letters[(order - 27) % 26]
    )


def replay(panel: Panel) -> bool:
    """Whether seed and pool give the stored result again."""
    return _result(redraw(panel, seed=panel.seed)) == panel.result


def redraw(panel: Panel, *, seed: str) -> drawing.Drawn:
    """What the seed draws from the panel's pool. Writes nothing."""
    pool = [
        drawing.Candidate(row["uid"], tuple(row["fields"]), row["excluded"])
        for row in panel.pool["experts"]
    ]
    return drawing.draw(
        pool,
        seed=seed,
        demand=panel.pool["demand"],
        size=panel.size,
        reserves=panel.pool["reserves"],
    )


# --- approve, discard ------------------------------------------------------------------


def _hold(panel: Panel, *, actor, roles: Sequence[str], states: Sequence[str]) -> Panel:
    panel = (
        Panel.objects.select_for_update(of=("self",))
        .select_related("call__measure", "call__lead_unit", "call__definition")
        .defer("call__definition__body")
        .get(pk=panel.pk)
    )
    require_call_role(actor, panel.call, *roles)
    if panel.state not in states:
        raise Refused("state", state=panel.state)
    return panel


@transaction.atomic
def approve(panel: Panel, *, actor) -> Panel:
    """Approve the draw: from now on the experts see their cases and score.

    Raises ``Refused``: role, state, same_person.
    """
    panel = _hold(panel, actor=actor, roles=["lead_head"], states=[Panel.State.DRAWN])
    if panel.drawn_by_id == actor.pk:
        raise Refused("same_person")
    now = clock.now()
    panel.state = Panel.State.SCORING
    panel.approved_by, panel.approved_at = actor, now
    limit = stage_of(panel.call).limit_workdays
    if limit:
        panel.due_on = workdays.add_workdays(clock.local(now).date(), limit).date
    panel.save(update_fields=["state", "approved_by", "approved_at", "due_on"])
    record(
        "panel.approve",
        obj=panel,
        actor=actor,
        from_state=Panel.State.DRAWN,
        to_state=panel.state,
    )
    for seat in panel.seats.filter(state=Seat.State.SEATED).select_related("expert__user"):
        _open_cases(panel, seat, at=now)
    return panel


def _open_cases(panel: Panel, seat: Seat, *, at) -> None:
    """The expert takes part in the panel's cases, has a sheet for each, and is told."""
    cases = Application.objects.filter(panel_cases__panel=panel, status=STAGE)
    workflow.add_parties(cases, Part.EXPERT, user=seat.expert.user, at=at)
    Scoring.objects.bulk_create(
        [Scoring(seat=seat, application=case) for case in cases], ignore_conflicts=True
    )
    enqueue(
        seat.expert.user,
        subject=format_lazy(_("请评审：{title}"), title=panel.title),
        url="/reviews/expert/",
        dedupe_key=f"panel:{panel.pk}:{seat.pk}",
        at=at,
    )


@transaction.atomic
def discard(panel: Panel, *, actor, reason: str) -> Panel:
    """Give a panel up before it is frozen; its cases wait for another draw.

    The draw stays on record. Raises ``Refused``: role, state, same_person, reason_missing.
    """
    panel = _hold(
        panel,
        actor=actor,
        roles=["lead_head"],
        states=[Panel.State.DRAWN, Panel.State.SCORING],
    )
    if panel.drawn_by_id == actor.pk:
        raise Refused("same_person")
    if not (reason := reason.strip()):
        raise Refused("reason_missing")
    before, now = panel.state, clock.now()
    for seat in panel.seats.filter(state=Seat.State.SEATED).select_related("expert"):
        _end_parts(panel, seat, at=now)
    PanelCase.objects.filter(panel=panel).delete()
    panel.state = Panel.State.DISCARDED
    panel.discarded_by, panel.discarded_at, panel.discarded_reason = actor, now, reason
    panel.save(update_fields=["state", "discarded_by", "discarded_at", "discarded_reason"])
    record(
        "panel.discard",
        obj=panel,
        actor=actor,
        data={"reason": reason},
        from_state=before,
        to_state=panel.state,
    )
    return panel


def _end_parts(panel: Panel, seat: Seat, *, at) -> None:
    Party.objects.filter(
        application__panel_cases__panel=panel,
        part=Part.EXPERT,
        user=seat.expert.user_id,
        ended_at__isnull=True,
    ).update(ended_at=at)


# --- conflict, replacement ------------------------------------------------------------------


@transaction.atomic
def conflict(
    seat: Seat, *, application: Application, actor, kind: str, note: str = ""
) -> Seat | None:
    """An expert declares a conflict with one of the panel's cases and leaves the panel; the first
    fitting reserve moves up, so that all cases are judged by the same experts.

    Returns the reserve's seat, or None where none is left. Raises ``Refused``: role, state,
    outcome (an unknown kind), reason_missing (kind other without a note).
    """
    seat = _hold_seat(seat)
    if seat.expert.user_id != actor.pk:
        raise Refused("role", roles=["expert"])
    if kind not in conflicts.DECLARED:
        raise Refused("outcome", outcome=kind)
    if kind == "other" and not note.strip():
        raise Refused("reason_missing")
    if not PanelCase.objects.filter(panel=seat.panel, application=application).exists():
        raise Refused("no_cases")
    now = clock.now()
    Conflict.objects.get_or_create(
        application=application,
        expert=seat.expert,
        defaults={
            "kind": kind, "note": note.strip(), "declared_by": actor, "declared_at": now,
        },
    )  # fmt: skip
    return _leave(seat, actor=actor, reason=f"{kind} {note.strip()}".strip(), at=now)


@transaction.atomic
def replace(seat: Seat, *, actor, reason: str) -> Seat | None:
    """The lead clerk lets an expert go who cannot or does not score; a reserve moves up.

    Raises ``Refused``: role, state, reason_missing.
    """
    seat = _hold_seat(seat)
    require_call_role(actor, seat.panel.call, "lead_clerk")
    if not (reason := reason.strip()):
        raise Refused("reason_missing")
    return _leave(seat, actor=actor, reason=reason, at=clock.now())


def _hold_seat(seat: Seat) -> Seat:
    panel = (
        Panel.objects.select_for_update(of=("self",))
        .select_related("call__measure", "call__lead_unit", "call__definition")
        .defer("call__definition__body")
        .get(pk=seat.panel_id)
    )
    seat = Seat.objects.select_related("expert__user").get(pk=seat.pk)
    seat.panel = panel
    if panel.state != Panel.State.SCORING or seat.state != Seat.State.SEATED:
        raise Refused("state", state=panel.state)
    return seat


def _leave(seat: Seat, *, actor, reason: str, at) -> Seat | None:
    panel = seat.panel
    _end_parts(panel, seat, at=at)
    seat.state, seat.withdrawn_reason = Seat.State.WITHDRAWN, reason[:300]
    seat.save(update_fields=["state", "withdrawn_reason"])
    successor = _reserve_for(panel, seat.field)
    if successor is not None:
        successor.state, successor.field = Seat.State.SEATED, seat.field
        successor.save(update_fields=["state", "field"])
        _open_cases(panel, successor, at=at)
    record(
        "seat.withdraw",
        obj=seat,
        actor=actor,
        data={
            "panel": panel.uid,
            "reason": reason,
            "successor": successor.code if successor else None,
        },
        from_state=Seat.State.SEATED,
        to_state=Seat.State.WITHDRAWN,
    )
    return successor


def _reserve_for(panel: Panel, field: str) -> Seat | None:
    """The first reserve of the field, else the first one, without a conflict with a case."""
    cases = list(
        Application.objects.filter(panel_cases__panel=panel)
        .select_related("organisation", "definition", "call")
        .defer("definition__body")
    )
    reserves = list(panel.seats.filter(state=Seat.State.RESERVE).select_related("expert__user"))
    barred = conflicts.computed([row.expert for row in reserves], cases)
    free = [row for row in reserves if row.expert.uid not in barred and row.expert.is_drawable]
    fitting = [row for row in free if field and field in row.expert.fields]
    return next(iter(fitting or free), None)


# --- freeze, unlock, conclude -------------------------------------------------------------------


def mean_of(application: Application) -> Decimal | None:
    """The mean of the experts' scores, once they are frozen."""
    rows = PanelCase.objects.filter(application=application, mean__isnull=False)
    return rows.order_by("-pk").values_list("mean", flat=True).first()


def sheets(panel: Panel):
    """The scoring sheets that count: of seated experts, for cases still in the review."""
    return (
        Scoring.objects.filter(
            seat__panel=panel,
            seat__state=Seat.State.SEATED,
            application__panel_cases__panel=panel,
        )
        .select_related("seat", "application")
        .order_by("application_id", "seat__order")
    )


@transaction.atomic
def freeze(panel: Panel, *, actor) -> Panel:
    """Freeze the scores and make means, spreads and places; only now they are shown.

    Raises ``Refused``: role, state, too_few_experts, scores_missing (codes and cases).
    """
    panel = _hold(panel, actor=actor, roles=["lead_clerk"], states=[Panel.State.SCORING])
    stage, rubric = stage_of(panel.call), rubric_of(panel.call)
    seated = panel.seats.filter(state=Seat.State.SEATED).count()
    least = max(stage.min_experts or LEAST, LEAST)
    if seated < least:
        raise Refused("too_few_experts", wanted=least, available=seated)
    rows = list(panel.cases.select_related("application"))
    rows = [row for row in rows if row.application.status == STAGE]
    totals: dict[int, list] = {row.application_id: [] for row in rows}
    missing: list[dict] = []
    for sheet in sheets(panel):
        if sheet.application_id not in totals:
            continue
        if sheet.submitted_at is None:
            missing.append({"code": sheet.seat.code, "number": sheet.application.number})
        else:
            totals[sheet.application_id].append(sheet.total)
    if missing:
        raise Refused("scores_missing", sheets=missing)
    if short := [row.application.number for row in rows if len(totals[row.application_id]) < least]:
        raise Refused("too_few_experts", wanted=least, available=seated, numbers=short)
    means = {}
    for row in rows:
        found = ranking.outcome(
            totals[row.application_id], drop_extremes_from=rubric.drop_extremes_from
        )
        row.mean, row.spread, row.dropped = found.mean, found.spread, found.dropped
        means[str(row.pk)] = found.mean
    places = ranking.ranks(means)
    for row in rows:
        row.rank = places[str(row.pk)]
        row.save(update_fields=["mean", "spread", "dropped", "rank"])
    panel.state = Panel.State.FROZEN
    panel.frozen_by, panel.frozen_at = actor, clock.now()
    panel.save(update_fields=["state", "frozen_by", "frozen_at"])
    record(
        "panel.freeze",
        obj=panel,
        actor=actor,
        data={
            "results": [
                {"number": row.application.number, "mean": str(row.mean),
                 "spread": str(row.spread), "rank": row.rank}
                for row in rows
            ]
        },
        from_state=Panel.State.SCORING,
        to_state=panel.state,
    )  # fmt: skip
    return panel


@transaction.atomic
def unlock(panel: Panel, *, scoring: Scoring, actor, reason: str) -> Panel:
    """Open one sheet of a frozen panel for a correction; the results go until the next freeze.

    Raises ``Refused``: role, state (a case has left the review), reason_missing.
    """
    panel = _hold(panel, actor=actor, roles=["lead_head"], states=[Panel.State.FROZEN])
    if not (reason := reason.strip()):
        raise Refused("reason_missing")
    cases = list(panel.cases.select_related("application"))
    if gone := [row.application.number for row in cases if row.application.status != STAGE]:
        raise Refused("state", numbers=gone)
    scoring = Scoring.objects.get(pk=scoring.pk, seat__panel=panel)
    scoring.submitted_at = None
    scoring.revision += 1
    scoring.save(update_fields=["submitted_at", "revision"])
    panel.cases.update(mean=None, spread=None, dropped=False, rank=None)
    panel.state, panel.unlocked_reason = Panel.State.SCORING, reason[:500]
    panel.save(update_fields=["state", "unlocked_reason"])
    record(
        "panel.unlock",
        obj=panel,
        actor=actor,
        data={"reason": reason, "sheet": scoring.uid},
        from_state=Panel.State.FROZEN,
        to_state=panel.state,
    )
    return panel


def flagged(panel: Panel) -> list[PanelCase]:
    """Cases on which the experts differ by more than the rubric's bound: a second look."""
    bound = rubric_of(panel.call).spread_flag_points
    return [row for row in panel.cases.all() if row.spread is not None and row.spread > bound]


@transaction.atomic
def conclude(panel: Panel, *, actor, note: str = "") -> list[Application]:
    """End the expert review of the panel's cases; a flagged spread needs a note on it.

    Raises ``Refused``: role, state, second_look.
    """
    panel = _hold(panel, actor=actor, roles=["lead_clerk"], states=[Panel.State.FROZEN])
    if (wide := flagged(panel)) and not note.strip():
        raise Refused("second_look", numbers=[row.application.number for row in wide])
    moved = []
    for row in panel.cases.select_related("application").order_by("application_id"):
        if row.application.status == STAGE and row.mean is not None:
            moved.append(
                workflow.move(
                    row.application,
                    "conclude_expert_review",
                    actor=actor,
                    note=note.strip(),
                    unit=panel.call.lead_unit,
                )
            )
    if not moved:
        raise Refused("state", state="concluded")
    return moved
