"""Acts on several cases at once (批量办理): those that need no judgement beyond one already made.

A district recommends a list under one opinion, as its letter with a table does; what was checked
item by item is accepted; a joint review in which nobody objected ends; a co-unit answers for all
that it found nothing against. Each case goes by its own verb, in its own transaction, with its own
rights; what the verb refuses stays, with the reason.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from applications import workflow
from applications.models import Application, Part, Party, Status
from applications.workflow import MoveRefused
from portal import clock
from portal.accounts.loading import units_of
from portal.accounts.models import Role
from reviews import checking, consulting, recommending
from reviews.act_forms import own_opinion
from reviews.forms import BatchConsentForm, BatchForm, BatchRecommendForm
from reviews.loading import case_for
from reviews.models import CheckItem, Opinion, Proposal
from reviews.refusals import Refused
from reviews.words import words

# As many as a page of the inbox shows, with room to spare.
MOST = 50


@dataclass(frozen=True)
class Batch:
    """An act: who, at which stage, with which form, what is done to each case, what it is called.
    ``move``: the workflow's name of it, "" where the case does not move."""

    code: str
    part: str
    status: str
    form: type[BatchForm]
    run: Callable[[Application, Any, dict, int], None]
    label: Any
    hint: Any
    done: Any
    move: str = ""

    @property
    def role(self) -> str:
        return f"{self.part}_clerk"


def _recommend(case: Application, actor, given: dict, seen: int) -> None:
    recommending.recommend(case, actor=actor, opinion=given["opinion"], seen_revision=seen)


def _accept(case: Application, actor, given: dict, seen: int) -> None:
    checking.accept(case, actor=actor, seen_revision=seen)


def _conclude(case: Application, actor, given: dict, seen: int) -> None:
    consulting.conclude(case, actor=actor, seen_revision=seen)


def _consent(case: Application, actor, given: dict, seen: int) -> None:
    opinion = own_opinion(case, actor)
    consent = Opinion.Outcome.NO_OBJECTION
    if opinion.outcome == consent and opinion.given_by_id == actor.pk:
        return
    if opinion.outcome != Opinion.Outcome.WAITING:
        raise Refused("already")
    consulting.give(opinion, actor=actor, outcome=consent, text=given["text"], seen_given="")


BATCHES = {
    batch.code: batch
    for batch in (
        Batch(
            "recommend", Part.DISTRICT, Status.RECOMMENDATION, BatchRecommendForm, _recommend,
            gettext_lazy("批量推荐"),
            gettext_lazy("以同一推荐意见逐件推荐，按书面核查记载；须记载实地核查的，请逐件办理。"),
            gettext_lazy("已推荐"), "recommend",
        ),
        Batch(
            "accept", Part.LEAD, Status.FORMAL_CHECK, BatchForm, _accept,
            gettext_lazy("批量受理"),
            gettext_lazy("形式审查已逐项核完且全部符合的，逐件受理并向申报单位发出受理通知书。"),
            gettext_lazy("已受理"), "accept",
        ),
        Batch(
            "conclude", Part.LEAD, Status.JOINT_REVIEW, BatchForm, _conclude,
            gettext_lazy("批量办结会商"),
            gettext_lazy("各单位均已反馈且没有异议的，逐件办结会商。"),
            gettext_lazy("已办结会商"), "conclude_joint_review",
        ),
        Batch(
            "consent", Part.CO_UNIT, Status.JOINT_REVIEW, BatchConsentForm, _consent,
            gettext_lazy("批量反馈无异议"),
            gettext_lazy("对所选申报逐件反馈“无异议”；有异议或否决的，请逐件办理。"),
            gettext_lazy("已反馈无异议"),
        ),
    )
}  # fmt: skip


def offered(user, cases: Iterable[Application], *, view: str) -> list[Batch]:
    """The acts that some of a list's cases may be ready for: by stage alone, without a query. In
    the list of what awaits an opinion the co-units act, in the others who holds the case."""
    if not units_of(user, Role.CLERK):
        return []
    stages = {case.status for case in cases}
    is_asked = view == "opinions"
    return [
        batch
        for batch in BATCHES.values()
        if batch.status in stages and (batch.part == Part.CO_UNIT) is is_asked
    ]


def chosen(user, uids: Sequence[str]) -> list[Application]:
    """The cases of the choice that the user may see, in the order of the inbox: one query."""
    return list(
        Application.objects.visible_to(user)
        .filter(uid__in=uids)
        .select_related("organisation", "call__measure", "definition", "district")
        .defer("definition__body")
        .order_by("due_on", "uid")
    )


def judge(batch: Batch, cases: Sequence[Application], user) -> dict[int, str]:
    """Why a case cannot be done in the batch, told before anything is done: pk → words; nothing
    for what can. At most four queries, however many cases; the verb decides in the end."""
    ids = [case.pk for case in cases]
    parties = Party.objects.filter(
        application__in=ids, ended_at__isnull=True, part=batch.part,
        unit__in=units_of(user, Role.CLERK),
    )  # fmt: skip
    own = set(parties.values_list("application", flat=True))
    pending = dict(
        Proposal.objects.filter(application__in=ids, state="drafted").values_list(
            "application", "action"
        )
    )
    found: dict[int, str] = {}
    for case in cases:
        if case.pk not in own:
            found[case.pk] = words(Refused("role"))
        elif case.status != batch.status:
            found[case.pk] = _("现处于“{status}”环节。").format(status=case.get_status_display())
        elif case.pk in pending and batch.code != "consent":
            found[case.pk] = words(Refused("proposal_pending", action=pending[case.pk]))
    rest = [case for case in cases if case.pk not in found]
    refusals = _OF_KIND[batch.code](rest, user) if batch.code in _OF_KIND else {}
    return found | {pk: words(refused) for pk, refused in refusals.items()}


def _unchecked(cases: Sequence[Application], user) -> dict[int, Refused]:
    """Cases whose check is not finished, or found something wrong."""
    ticked = {
        row["application"]: row
        for row in CheckItem.objects.filter(application__in=cases)
        .values("application")
        .annotate(
            done=Count("pk"), failed=Count("pk", filter=Q(result=CheckItem.Result.FAILED))
        )
    }  # fmt: skip
    found = {}
    for case in cases:
        stage = workflow.stage(case, checking.STAGE)
        row = ticked.get(case.pk, {"done": 0, "failed": 0})
        left = len(stage.checks if stage else ()) - row["done"]
        if left > 0:
            found[case.pk] = Refused("items_open", codes=range(left))
        elif row["failed"]:
            found[case.pk] = Refused("items_failed", codes=range(row["failed"]))
    return found


def _not_agreed(cases: Sequence[Application], user) -> dict[int, Refused]:
    """Cases on which a unit has not spoken yet, or spoke against."""
    found: dict[int, Refused] = {}
    of = {case.pk: case for case in cases}
    today = clock.today()
    against = {Opinion.Outcome.OBJECTION, Opinion.Outcome.VETO}
    waiting: dict[int, list[int]] = {}
    for opinion in Opinion.objects.filter(application__in=cases):
        opinion.application = of[opinion.application_id]
        if opinion.outcome in against and not opinion.answer:
            found[opinion.application_id] = Refused("unanswered")
        elif opinion.outcome == Opinion.Outcome.WAITING and not consulting.falls_silent(
            opinion, today=today
        ):
            waiting.setdefault(opinion.application_id, []).append(opinion.unit_id)
    return {pk: Refused("opinions_waiting", units=units) for pk, units in waiting.items()} | found


def _answered(cases: Sequence[Application], user) -> dict[int, Refused]:
    """Cases on which the user's unit has spoken already."""
    asked = Opinion.objects.filter(
        application__in=cases, unit__in=units_of(user, Role.CLERK),
        outcome=Opinion.Outcome.WAITING,
    )  # fmt: skip
    open_ = set(asked.values_list("application", flat=True))
    return {case.pk: Refused("already") for case in cases if case.pk not in open_}


_OF_KIND = {"accept": _unchecked, "conclude": _not_agreed, "consent": _answered}


def run(batch: Batch, uid: str, seen: int, *, actor, given: dict) -> str:
    """Do the act on one case, with its own rights and transaction: "" once done, else the reason.

    What the actor did in this way a moment ago (a second press) is done.
    """
    try:
        case, _roles = case_for(actor, uid, batch.role)
    except Http404:
        return _("没有这件申报，或不由您办理。")
    try:
        batch.run(case, actor, given, seen)
    except (Refused, MoveRefused) as refused:
        return "" if _did(batch, refused, actor) else words(refused)
    return ""


def _did(batch: Batch, refused: Refused | MoveRefused, actor) -> bool:
    facts = refused.facts if isinstance(refused, Refused) else {"changed_by": refused.changed_by}
    last = facts.get("changed_by")
    return bool(
        refused.reason in {"changed", "state"}
        and last is not None
        and last.actor_id == actor.pk
        and last.action == batch.move
    )
