"""The acts on a case that the desk offers as forms: who, which form, which verb, what is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from applications.workflow import BY_ACTION
from portal.accounts.models import Role
from reviews import checking, consulting, forms, proposing, recommending
from reviews.models import Opinion, Recommendation
from reviews.refusals import Refused


def _accept(form, case, actor):
    checking.accept(case, actor=actor, seen_revision=form.cleaned_data["seen"])


def _recommend(form, case, actor):
    given = form.cleaned_data
    recommending.recommend(
        case, actor=actor, opinion=given["opinion"], visit=form.visit, seen_revision=given["seen"]
    )


def _return(form, case, actor):
    given = form.cleaned_data
    recommending.return_to_applicant(
        case, actor=actor, reason=given["reason"], seen_revision=given["seen"]
    )


def _propose(action: str) -> Callable:
    def run(form, case, actor):
        given = form.cleaned_data
        proposing.draft(
            case, action, actor=actor, reason=given["reason"], seen_revision=given["seen"]
        )

    return run


def _conclude(form, case, actor):
    given = form.cleaned_data
    consulting.conclude(case, actor=actor, answers=form.answers, seen_revision=given["seen"])


def _give(form, case, actor):
    given = form.cleaned_data
    consulting.give(
        own_opinion(case, actor), actor=actor, outcome=given["outcome"], text=given["text"],
        seen_given=given["given"],
    )  # fmt: skip


def own_opinion(case, user) -> Opinion:
    """The opinion of the user's unit; the one still waited for, if there are several."""
    units = {held.unit_id for held in user.present_memberships if held.role == Role.CLERK}
    rows = list(case.opinions.filter(unit__in=units).select_related("unit", "application"))
    if not rows:
        raise Refused("role", roles=["co_unit_clerk"])
    return next((row for row in rows if row.outcome == Opinion.Outcome.WAITING), rows[0])


@dataclass(frozen=True)
class ActKind:
    """An act: which case role, which form, what it does, its heading, its button, what is told."""

    role: str
    form: type[forms.ActForm]
    run: Callable
    label: Any
    button: Any
    done: Any

    @property
    def route(self) -> str:
        return f"review_{next(code for code, kind in FORMS.items() if kind is self)}"


FORMS: dict[str, ActKind] = {
    "recommend": ActKind(
        "district_clerk", forms.RecommendForm, _recommend,
        _("推荐"), _("推荐至牵头单位"), BY_ACTION["recommend"].done,
    ),
    "return": ActKind(
        "district_clerk", forms.ReasonForm, _return,
        _("退回修改"), _("退回申报单位"), BY_ACTION["return"].done,
    ),
    "decline": ActKind(
        "district_clerk", forms.ReasonForm, _propose("decline"),
        _("拟不予推荐"), _("提交审签"), _("已起草不予推荐，待负责人审签"),
    ),
    "accept": ActKind(
        "lead_clerk", forms.ActForm, _accept, _("受理"), _("受理"), BY_ACTION["accept"].done,
    ),
    "refuse": ActKind(
        "lead_clerk", forms.ReasonForm, _propose("refuse"),
        _("拟不予受理"), _("提交审签"), _("已起草不予受理，待负责人审签"),
    ),
    "conclude": ActKind(
        "lead_clerk", forms.ConcludeForm, _conclude,
        _("会商办结"), _("办结会商"), BY_ACTION["conclude_joint_review"].done,
    ),
    "opinion": ActKind(
        "co_unit_clerk", forms.OpinionForm, _give,
        _("反馈会商意见"), _("提交意见"), _("意见已反馈"),
    ),
}  # fmt: skip


def first_form(act: str, case, user, data=None) -> forms.ActForm:
    """The act's form; what the case knows already stands in it."""
    initial: dict[str, Any] = {"seen": case.revision}
    more: dict[str, Any] = {}
    if act == "recommend":
        initial["how"] = "visit"
    if act in {"recommend", "return"} and data is None:
        initial |= _undone(act, case, user)
    if act == "conclude":
        against = [Opinion.Outcome.OBJECTION, Opinion.Outcome.VETO]
        more["opinions"] = case.opinions.filter(outcome__in=against).select_related("unit")
    if act == "opinion":
        opinion = own_opinion(case, user)
        initial["given"] = consulting.given_mark(opinion)
        if opinion.outcome in consulting.GIVEN:
            initial |= {"outcome": opinion.outcome, "text": opinion.text}
    return FORMS[act].form(data, initial=initial, **more)


def shown_anew(form: forms.ActForm, case, refused: Exception) -> None:
    """What the page was told of by the refusal is seen now: with the same words, pressed once
    more, the act is done on the case as it stands. ``case`` as it was read for this request."""
    fresh = {}
    reason = getattr(refused, "reason", "")
    if reason == "changed":
        fresh["seen"] = str(case.revision)
    elif reason == "given_since" and isinstance(refused, Refused):
        fresh["given"] = consulting.given_mark(refused.facts["opinion"])
    if fresh:
        form.data = {**{name: form.data[name] for name in form.data}, **fresh}


def _undone(act: str, case, user) -> dict[str, Any]:
    """What stood in the act that the user has just undone."""
    row = case.recommendations.order_by("-pk").first()
    kinds = {
        "recommend": Recommendation.Outcome.RECOMMENDED,
        "return": Recommendation.Outcome.RETURNED,
    }
    if row is None or not row.undone_at or row.made_by_id != user.pk or row.outcome != kinds[act]:
        return {}
    if act == "return":
        return {"reason": row.opinion}
    return {
        "opinion": row.opinion,
        "how": "visit" if row.visited_on else "papers",
        "visited_on": row.visited_on,
        "visitors": row.visitors,
        "record": row.record,
    }
