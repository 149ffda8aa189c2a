"""Questions on a call: the public's page, the asker's, and the lead unit's list and desk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policy import questions, workdays
from policy.models import Call
from policy.models.questions import PUBLIC_ORDER, Question
from policy.question_forms import (
    AskForm,
    DraftForm,
    MergeForm,
    PinForm,
    PrivateForm,
    QuestionForm,
    ReasonForm,
    SendBackForm,
)
from policy.questions import QuestionRefused
from portal import clock
from portal.accounts.loading import (
    has_role,
    organisation_of,
    require_applicant,
    require_role,
    units_of,
)
from portal.accounts.models import Role
from portal.paging import page_by_key

officer = require_role(Role.CLERK, Role.HEAD)
SIZE = 30
State = Question.State


def refusal_words(refused: QuestionRefused) -> str:
    """Why an act on a question was refused, in the reader's language."""
    facts = refused.facts
    said = {
        "role": _("您没有办理此项的权限。"),
        "state": _("该咨询已由他人办理，请刷新后查看。"),
        "changed": _("该咨询在您打开后有变动，请核对后再提交；您填写的内容仍在下方。"),
        "closed": _("该申报通知已截止，不再受理咨询。请按页面所列电话联系牵头单位。"),
        "too_many": _("每个单位 24 小时内就同一申报通知最多提 {most} 个问题，请明日再提。"),
        "same": _("本单位已提过相同的问题，请在“本单位的提问”中查看。"),
        "empty": _("请写明内容。"),
        "too_long": _("最多 {most} 字，已填 {length} 字。"),
        "no_reason": _("请填写理由。"),
        "same_person": _("起草答复的人不能审签，须由另一位负责人办理。"),
        "no_target": _("所选答复已不公开，请另选。"),
    }
    return said[refused.reason].format(**facts)


# --- the public's and the asker's pages -------------------------------------------------


def _call(uid: str) -> Call:
    found = Call.objects.published().select_related("measure", "lead_unit").filter(uid=uid).first()
    if found is None:
        raise Http404(uid)
    return found


def _rail(request, call: Call) -> dict[str, Any]:
    """What stands beside every page of a call's questions."""
    organisation = organisation_of(request.user)
    own = Question.objects.filter(call=call, organisation=organisation) if organisation else None
    return {
        "call": call,
        "takes": questions.takes_questions(call, at=request.arrived_at),
        # Visitors sign in on the way; officers do not ask.
        "may_ask": not request.user.is_authenticated or organisation is not None,
        "own": list(own.order_by("-pk")[:SIZE]) if own is not None else [],
    }


@require_GET
def call_questions(request, uid: str):
    """咨询答疑 of a call: what was answered in public, the pinned ones first."""
    call = _call(uid)
    words = request.GET.get("q", "").strip()[:100]
    public = Question.objects.public().filter(call=call)
    page = page_by_key(public.matching(words), request, keys=PUBLIC_ORDER, size=SIZE)
    context = _rail(request, call) | {
        "page": page,
        "words": words,
        "hidden": public.count() if words and not page.rows else 0,
    }
    return render(request, "policy/question_public_list.html", context)


@require_GET
def call_question(request, uid: str, question: str):
    """One question: the public one to anybody, any to the organisation that asked it."""
    call = _call(uid)
    found = Question.objects.filter(call=call, uid=question).select_related("merged_into").first()
    organisation = organisation_of(request.user)
    if found is None:
        raise Http404(question)
    is_own = organisation is not None and found.organisation_id == organisation.pk
    if found.state != State.PUBLIC and not is_own:
        raise Http404(question)
    context = _rail(request, call) | {"question": found, "is_own": is_own}
    return render(request, "policy/question_public.html", context)


@require_applicant
@require_http_methods(["GET", "POST"])
def ask(request, uid: str):
    call = _call(uid)
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            found = questions.ask(call, form.cleaned_data["text"], actor=request.user)
        except QuestionRefused as refused:
            form.add_error("text" if refused.reason in {"same", "too_long"} else None,
                           refusal_words(refused))  # fmt: skip
        else:
            messages.success(request, _("问题已提交，答复后会发送消息。"))
            return redirect("call_question", call.uid, found.uid)
    context = _rail(request, call) | {"form": form}
    status = 422 if form.errors else 200
    return render(request, "policy/question_ask.html", context, status=status)


# --- the lead unit's pages ----------------------------------------------------------------

# The list's views: which states each shows, and in which order.
VIEWS = {
    "asked": (gettext_lazy("待答复"), [State.ASKED], ("asked_at", "uid")),
    "drafted": (gettext_lazy("待审签"), [State.DRAFTED], ("asked_at", "uid")),
    "done": (
        gettext_lazy("已办结"),
        [State.PUBLIC, State.PRIVATE, State.MERGED, State.DECLINED],
        ("-asked_at", "uid"),
    ),
}


def _led(user):
    return Question.objects.of_units(units_of(user, Role.CLERK, Role.HEAD))


@officer
@require_GET
def question_list(request):
    """Questions on the calls that the user's units lead: the oldest that waits first."""
    default = "asked" if has_role(request.user, Role.CLERK) else "drafted"
    shown = request.GET.get("state", default)
    shown = shown if shown in VIEWS else default
    _label, states, order = VIEWS[shown]
    counts = _led(request.user).aggregate(
        **{name: Count("pk", filter=Q(state__in=view[1])) for name, view in VIEWS.items()}
    )
    page = page_by_key(_led(request.user).filter(state__in=states), request, keys=order, size=SIZE)
    today, calendar = clock.local(request.arrived_at).date(), workdays.stored_calendar()
    context = {
        "page": page,
        "rows": [(row, _left(row, today, calendar)) for row in page.rows],
        "shown": shown,
        "views": [(name, view[0], counts[name]) for name, view in VIEWS.items()],
    }
    return render(request, "policy/question_list.html", context)


def _left(row: Question, today, calendar) -> int | None:
    """Working days until the answer is due; negative when it is overdue."""
    if row.due_on is None:
        return None
    return workdays.workdays_between(today, row.due_on, calendar=calendar)


@dataclass(frozen=True)
class Act:
    """An act of the desk: who may, in which state, by which form and verb."""

    roles: frozenset[str]
    state: str
    form: type[QuestionForm]
    verb: Callable
    done: Any


CLERK, HEAD = frozenset({Role.CLERK}), frozenset({Role.HEAD})
ACTS = {
    "draft": Act(CLERK, State.ASKED, DraftForm, questions.draft_public,
                 gettext_lazy("答复已提交审签。")),
    "private": Act(CLERK, State.ASKED, PrivateForm, questions.answer_privately,
                   gettext_lazy("已单独答复提问单位。")),
    "merge": Act(CLERK, State.ASKED, MergeForm, questions.merge,
                 gettext_lazy("已并入公开答复，并告知提问单位。")),
    "decline": Act(CLERK, State.ASKED, ReasonForm, questions.decline,
                   gettext_lazy("已不予答复，并告知提问单位。")),
    "approve": Act(HEAD, State.DRAFTED, QuestionForm, questions.approve,
                   gettext_lazy("答复已公开。")),
    "send_back": Act(CLERK | HEAD, State.DRAFTED, SendBackForm, questions.send_back,
                     gettext_lazy("已退回起草。")),
    "take_down": Act(HEAD, State.PUBLIC, ReasonForm, questions.take_down,
                     gettext_lazy("公开答复已撤下。")),
    "pin": Act(CLERK, State.PUBLIC, PinForm, questions.pin, gettext_lazy("已保存。")),
}  # fmt: skip


def _question(request, uid: str) -> tuple[Question, set[str]]:
    """The question, and the roles that the user holds in its lead unit; else 404."""
    found = (
        _led(request.user)
        .select_related("asked_by", "answered_by", "approved_by", "merged_into")
        .select_related("call__measure", "call__lead_unit", "organisation__district")
        .filter(uid=uid)
        .first()
    )
    if found is None:
        raise Http404(uid)
    lead = found.call.lead_unit_id
    held = {row.role for row in request.user.present_memberships if row.unit_id == lead}
    return found, held & {Role.CLERK, Role.HEAD}


def _form(name: str, found: Question, user, data=None) -> QuestionForm:
    form = ACTS[name].form(data, question=found, prefix=name)
    if name == "send_back":
        # A head says why; who drafted takes back without a word.
        form.fields["note"].required = found.answered_by_id != user.pk
    return form


@officer
@require_GET
def question_desk(request, uid: str):
    return _desk(request, *_question(request, uid))


def _desk(request, found: Question, roles: set[str], *, refused=None, status: int = 200):
    """``refused``: the name of an act and its form, with what was typed and why it was refused."""
    forms = {
        name: _form(name, found, request.user)
        for name, act in ACTS.items()
        if act.roles & roles and act.state == found.state
    }
    is_drafter = found.answered_by_id == request.user.pk
    if is_drafter:
        forms.pop("approve", None)
    elif Role.HEAD not in roles:
        forms.pop("send_back", None)
    if refused:
        forms[refused[0]] = refused[1]
    today = clock.local(request.arrived_at).date()
    open_states = {State.ASKED, State.DRAFTED}
    context = {
        "question": found,
        "forms": forms,
        "is_drafter": is_drafter,
        "waits": found.state in open_states,
        "left": _left(found, today, workdays.stored_calendar()) if found.due_on else None,
        "form": refused[1] if refused else None,
        "open": refused[0] if refused else "",
    }
    return render(request, "policy/question_desk.html", context, status=status)


@officer
@require_POST
def act(request, uid: str, name: str):
    found, roles = _question(request, uid)
    chosen = ACTS[name]
    if not chosen.roles & roles:
        raise Http404(name)
    form = _form(name, found, request.user, request.POST)
    if form.is_valid():
        try:
            chosen.verb(found, actor=request.user, **form.cleaned_data)
        except QuestionRefused as refused:
            form.add_error(None, refusal_words(refused))
            if refused.reason == "changed":
                # Typed words stay; the page now shows the question as it stands.
                data = request.POST.copy()
                data[f"{name}-seen_revision"] = str(found.revision)
                form.data = data
        else:
            messages.success(request, chosen.done)
            return redirect("question_list")
    return _desk(request, found, roles, refused=(name, form), status=422)
