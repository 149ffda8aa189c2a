"""Scoring (评分): an expert's sheet for one case, saved as it is filled, then submitted."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from policy.schema import Criterion, Rubric
from portal import clock
from portal.accounts.models import Membership, Role
from portal.audit.recording import record
from portal.notices.outbox import enqueue_all
from portal.types import known
from reviews.merging import Merged, Seen, flat, is_late, merge, write
from reviews.models import Panel, Scoring, Seat
from reviews.panels import STAGE, rubric_of, sheets
from reviews.refusals import Refused

# Points are given in halves.
STEP = Decimal("0.5")
MAX_COMMENT = 1000


def read_score(text: Any, criterion: Criterion) -> Decimal | None:
    """Points as typed; None for nothing. Raises ValueError for what is no score: not a number,
    below 0, above the weight, finer than half a point."""
    plain = str(text if text is not None else "").strip()
    if not plain:
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise ValueError("not_a_number") from None
    if not value.is_finite() or "e" in plain.lower():
        raise ValueError("not_a_number")
    if not 0 <= value <= criterion.weight:
        raise ValueError("out_of_bounds")
    if value % STEP:
        raise ValueError("too_fine")
    return value


def lines(text: Any) -> str:
    """Free text as it is stored; a page and its autosave end their lines differently."""
    return str(text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def read(
    scores: Mapping[str, Mapping[str, str]], rubric: Rubric
) -> tuple[dict[str, dict], dict[str, str]]:
    """What was typed, as it is stored; and what cannot be: criterion → why."""
    good: dict[str, dict] = {}
    wrong: dict[str, str] = {}
    for criterion in rubric.criteria:
        if (given := scores.get(criterion.code)) is None:
            continue
        try:
            value = read_score(given.get("score"), criterion)
        except ValueError as error:
            wrong[criterion.code] = str(error)
            continue
        comment = lines(given.get("comment"))
        if len(comment) > MAX_COMMENT:
            wrong[criterion.code] = "too_long"
            continue
        good[criterion.code] = {
            "score": None if value is None else f"{value:.1f}",
            "comment": comment,
        }
    return good, wrong


def needs_comment(score: Decimal, criterion: Criterion, rubric: Rubric) -> bool:
    """Below the rubric's lower share of the weight, and above its upper one."""
    percent = score * 100 / criterion.weight
    return percent < rubric.comment_below_percent or percent > rubric.comment_above_percent


def level_of(score: Decimal, criterion: Criterion, rubric: Rubric) -> int:
    """The index of the scale's level that the score falls into."""
    percent = score * 100 / criterion.weight
    return next(index for index, level in enumerate(rubric.levels) if percent >= level.from_percent)


def _hold(scoring: Scoring, *, actor) -> Scoring:
    """The sheet for its expert while the panel scores. The panel is locked, as by every verb that
    writes its seats and sheets, so that no sheet changes under a freeze."""
    panel = (
        Panel.objects.select_for_update(of=("self",))
        .select_related("call__definition", "call__measure")
        .defer("call__definition__body")
        .get(pk=scoring.seat.panel_id)
    )
    scoring = Scoring.objects.select_related("seat__expert", "application").get(pk=scoring.pk)
    scoring.seat.panel = panel
    if scoring.seat.expert.user_id != actor.pk:
        raise Refused("role", roles=["expert"])
    if panel.state != Panel.State.SCORING or scoring.seat.state != Seat.State.SEATED:
        raise Refused("state", state=panel.state)
    if scoring.application.status != STAGE:
        raise Refused("state", state=scoring.application.status)
    if scoring.submitted_at is not None:
        raise Refused("submitted")
    return scoring


def score(
    scoring: Scoring,
    *,
    actor,
    scores: Mapping[str, Mapping[str, str]],
    opinion: str | None = None,
    seen: Seen | None = None,
) -> Scoring:
    """Save what stands on the sheet so far; criteria that are not named stay as they were.

    ``scores``: criterion code → {"score", "comment"}; ``seen``: what the page showed. A field
    that another page wrote since, and differently, is left as it is, and the rest is saved.
    Raises ``Refused``: role, state, submitted, saved_since (an autosave of a page that was saved
    after it), scores_wrong (criterion → why), with nothing written; stale (``conflicts``).
    """
    scoring, merged = _save(scoring, actor=actor, scores=scores, opinion=opinion, seen=seen)
    if merged.conflicts:
        raise Refused("stale", conflicts=merged.conflicts)
    return scoring


@transaction.atomic
def _save(scoring, *, actor, scores, opinion, seen: Seen | None) -> tuple[Scoring, Merged]:
    scoring = _hold(scoring, actor=actor)
    if seen is not None and is_late(scoring, seen):
        raise Refused("saved_since")
    rubric = rubric_of(scoring.seat.panel.call)
    good, wrong = read(scores, rubric)
    if wrong:
        raise Refused("scores_wrong", criteria=wrong)
    merged = merge(scoring, flat(good, None if opinion is None else lines(opinion)), seen)
    write(scoring, merged.written, seen, at=clock.now())
    scoring.total = _total(scoring.scores, rubric)
    scoring.revision += 1
    scoring.save(
        update_fields=["scores", "total", "opinion", "revision", "touched", "closed_pages"]
    )
    return scoring, merged


def _total(scores: Mapping[str, Mapping], rubric: Rubric) -> Decimal | None:
    """The sum of all criteria; None while one is missing."""
    found = [scores.get(criterion.code, {}).get("score") for criterion in rubric.criteria]
    given = [Decimal(value) for value in found if value is not None]
    return sum(given, Decimal(0)) if len(given) == len(found) else None


def gaps(scoring: Scoring, rubric: Rubric) -> dict[str, str]:
    """What keeps the sheet from being submitted: criterion code → score or comment."""
    found: dict[str, str] = {}
    for criterion in rubric.criteria:
        row = scoring.scores.get(criterion.code, {})
        if row.get("score") is None:
            found[criterion.code] = "score"
        elif needs_comment(Decimal(row["score"]), criterion, rubric) and not row.get("comment"):
            found[criterion.code] = "comment"
    return found


@transaction.atomic
def submit_scores(scoring: Scoring, *, actor) -> Scoring:
    """Hand the sheet in: every criterion scored, every extreme score explained.

    Raises ``Refused``: role, state, submitted, incomplete (criterion → what is missing).
    """
    return _submit(_hold(scoring, actor=actor), actor=actor)


def _submit(scoring: Scoring, *, actor) -> Scoring:
    """The held sheet is handed in."""
    if missing := gaps(scoring, rubric_of(scoring.seat.panel.call)):
        raise Refused("incomplete", criteria=missing)
    scoring.submitted_at = clock.now()
    scoring.revision += 1
    scoring.save(update_fields=["submitted_at", "revision"])
    record(
        "scoring.submit",
        obj=scoring,
        actor=actor,
        data={"application": scoring.application_id, "total": str(scoring.total)},
        to_state="submitted",
    )
    _tell_lead(scoring)
    return scoring


def hand_in(
    scoring: Scoring,
    *,
    actor,
    scores: Mapping[str, Mapping[str, str]],
    opinion: str | None = None,
    seen: Seen | None = None,
) -> Scoring:
    """Save the sheet as typed and submit it under one lock, so that an autosave still on its way
    cannot come between. What was typed is kept even if something is missing, or if another page
    wrote differently.

    Raises ``Refused``: what ``score`` and ``submit_scores`` raise.
    """
    missing: Refused | None = None
    with transaction.atomic():
        scoring, merged = _save(scoring, actor=actor, scores=scores, opinion=opinion, seen=seen)
        if merged.conflicts:
            missing = Refused("stale", conflicts=merged.conflicts)
        else:
            try:
                scoring = _submit(scoring, actor=actor)
            except Refused as refused:
                missing = refused
    if missing is not None:
        raise missing
    return scoring


def _tell_lead(scoring: Scoring) -> None:
    """The lead unit's clerks learn when the panel's last sheet is in; no score is told."""
    panel = scoring.seat.panel
    if sheets(panel).filter(submitted_at__isnull=True, application__status=STAGE).exists():
        return
    clerks = Membership.objects.active().filter(unit=panel.call.lead_unit_id, role=Role.CLERK)
    enqueue_all(
        (row.user for row in clerks.select_related("user")),
        subject=format_lazy(_("评分表已交齐：{title}"), title=panel.title),
        url=f"/reviews/panels/{panel.uid}/",
        key=f"panel-done:{panel.pk}:{scoring.pk}:{scoring.revision}",
        at=known(scoring.submitted_at),
    )


# A sheet that can still be handed in.
OPEN = Q(
    submitted_at__isnull=True,
    seat__panel__state=Panel.State.SCORING,
    application__status=STAGE,
)
# The states by which an expert's list is filtered.
STATES = {
    "open": OPEN,
    "untouched": OPEN & Q(scores={}),
    "sent": Q(submitted_at__isnull=False),
}


def sheets_of(user):
    """The sheets of the expert's seats, open and handed in."""
    return Scoring.objects.filter(
        seat__expert__user=user,
        seat__state=Seat.State.SEATED,
        seat__panel__state__in=[Panel.State.SCORING, Panel.State.FROZEN],
        application__panel_cases__panel=F("seat__panel"),
    )


def open_sheets(user):
    """The sheets that the expert has still to hand in, the soonest due first."""
    return (
        sheets_of(user)
        .filter(OPEN)
        .select_related("seat__panel__call__definition", "application__call__measure")
        .defer("seat__panel__call__definition__body")
        .order_by(F("seat__panel__due_on").asc(nulls_last=True), "application__number")
    )


def todo_count(user) -> int:
    """The number beside 待评审 in the menu; asked once for each request."""
    if not hasattr(user, "_sheet_count"):
        user._sheet_count = open_sheets(user).count()
    return user._sheet_count
