"""决定: list, draft, signature, finance's confirmation, the paper."""

from decimal import Decimal

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from awards import access, decisions, finance, sharing
from awards.access import finance_only, staff
from awards.answering import attempt, attempt_said, posted, status_of
from awards.forms import DecisionForm, ReasonForm, SourceForm, TypedConfirmation
from awards.models import Decision
from awards.picking import Tray
from awards.picking_views import Picker
from awards.words import refusal
from portal.accounts.loading import has_role, require_role
from portal.accounts.models import Role
from portal.files.serving import respond
from portal.paging import page_by_key
from reviews.holding import call_roles
from reviews.refusals import Refused

lead_clerk = require_role(Role.CLERK)
lead_head = require_role(Role.HEAD)
WORDS = ("number", "title", "text")


def _listed(rows):
    from django.db.models import Count, Sum

    return rows.annotate(
        item_count=Count("items"), sum_cny=Sum("items__approved_cny", default=Decimal(0))
    ).defer("text")


@staff
@require_GET
def decision_list(request):
    access.require_measures(request.user)
    call = access.call_asked_for(request)
    every = access.decisions_of(request.user)
    every = every.filter(call=call) if call else every
    state = request.GET.get("state", "")
    state = state if state in Decision.State.values else ""
    shown = every.filter(state=state) if state else every
    page = page_by_key(_listed(shown), request, keys=["-drafted_at", "uid"])
    context = {
        "page": page,
        "call": call,
        "state": state,
        "states": Decision.State.choices,
        "hidden": every.count() if state and not page.rows else 0,
    }
    return render(request, "awards/decision_list.html", context)


def _as_lead(request, decision: Decision, role: str) -> None:
    if role not in call_roles(request.user, decision.call):
        raise Http404(role)


def _detail(request, decision: Decision, *, form=None, status: int = 200):
    """The decision with the one act that its reader may do."""
    roles = call_roles(request.user, decision.call)
    drafted = decision.state == Decision.State.DRAFTED
    items = list(
        decision.items.select_related(
            "award__application__district",
            "award__application__definition",
            "award__application__call",
            "award__application__organisation",
            "award__organisation",
        )
        .defer(
            "award__trace",
            "award__application__computation",
            "award__application__definition__body",
            "award__application__call__guide_zh",
        )
        .prefetch_related("award__shares")
        .order_by("award__application__number")
    )
    moved = [
        item.award for item in items if drafted and item.award.application.status != "decision"
    ]
    may_release = drafted and "lead_head" in roles and decision.drafted_by_id != request.user.pk
    may_confirm = (
        decision.state == Decision.State.RELEASED
        and any(item.award.application.status == "finance" for item in items)
        and has_role(request.user, Role.FINANCE)
    )
    if form is None and may_release:
        form = TypedConfirmation(expected=decision.number)
    if form is None and may_confirm:
        form = SourceForm()
    shares_error = _with_shares(decision, items)
    context = {
        "decision": decision,
        "items": items,
        "shares_error": shares_error,
        "moved": moved,
        "total_cny": sum(item.approved_cny for item in items),
        "may_edit": drafted and "lead_clerk" in roles,
        "may_discard": drafted and bool(roles),
        "may_release": may_release,
        "own": drafted and "lead_head" in roles and decision.drafted_by_id == request.user.pk,
        "may_confirm": may_confirm,
        "form": form,
    }
    return render(request, "awards/decision_detail.html", context, status=status)


def _with_shares(decision: Decision, items) -> str:
    """Give each item the parts that it goes out in: as kept, or as they would be. What keeps them
    from being made, in words."""
    if decision.state != Decision.State.DRAFTED:
        for item in items:
            item.parts = list(item.award.shares.all())
        return ""
    try:
        found = sharing.preview((item.award.application, item.approved_cny) for item in items)
    except Refused as refused:
        return refusal(refused)
    for item in items:
        item.parts = found.get(item.award.application_id, [])
    return ""


@staff
@require_GET
def decision_detail(request, uid: str):
    return _detail(request, access.get_decision(request.user, uid))


@lead_clerk
@require_http_methods(["GET", "POST"])
def decision_new(request, uid: str):
    """Draft a decision of a call from the awards whose public notice has closed."""
    call = access.get_call(request.user, uid)
    if "lead_clerk" not in call_roles(request.user, call):
        raise Http404(uid)
    picker = Picker(request, f"decision:{call.uid}", decisions.rows(call))
    initial = {
        "title": _("关于%(call)s支持项目的通知") % {"call": call.title_zh.removesuffix("申报通知")}
    }

    def act(form):
        return decisions.draft(
            call, items=_items(picker), seen=picker.seen, actor=request.user, **_words(form)
        )

    return _drafting(request, picker, act, call=call, initial=initial, done=_("已提交签发。"))


def _drafting(request, picker: Picker, act, *, call, done: str, initial=None, decision=None):
    """The form of a decision: a page of its rows, turned or submitted."""
    form = DecisionForm(
        posted(request),
        picker=picker,
        decision=decision,
        initial=(initial or {}) | picker.tray.words,
    )
    if request.method == "POST":
        valid = form.is_valid()
        readable = picker.keep(form, words=WORDS)
        stale = decision is not None and _seen(request) != decision.revision
        if picker.go and readable and not stale:
            return picker.turned()
        if picker.go:
            form.only_amounts()
        signed = None
        if stale:
            attempt(
                form, lambda: decisions.require_draft(decision, seen_revision=_seen(request) or 0)
            )
            picker.carry_to(_tray_name(decision))
        elif valid and not picker.go:
            signed = attempt(form, lambda: act(form))
        if signed is not None:
            picker.settle()
            messages.success(request, done)
            return redirect("award_decision_detail", signed.uid)
        picker.after(form)
    context = {"call": call, "form": form, "picker": picker, "decision": decision}
    return render(request, "awards/decision_form.html", context, status=status_of(form))


def _items(picker: Picker) -> dict:
    return {row.thing: picker.tray.amount(row) for row in picker.chosen()}


@lead_clerk
@require_http_methods(["GET", "POST"])
def decision_edit(request, uid: str):
    decision = access.get_decision(request.user, uid)
    _as_lead(request, decision, "lead_clerk")
    if decision.state != Decision.State.DRAFTED:
        raise Http404(uid)
    # The revision that the page was made of: a choice made on another one is not taken for one on
    # this; who made it is told, and goes on with it.
    revision = _seen(request) if request.method == "POST" else decision.revision
    picker = Picker(
        request,
        _tray_name(decision, revision),
        decisions.rows(decision.call, decision=decision),
        start=_tray_of(decision) if revision == decision.revision else None,
    )

    def act(form):
        return decisions.update(
            decision,
            items=_items(picker),
            seen=picker.seen,
            actor=request.user,
            seen_revision=revision or 0,
            **_words(form),
        )

    return _drafting(
        request, picker, act, call=decision.call, decision=decision,
        done=_("已保存并重新提交签发。"),
    )  # fmt: skip


def _tray_name(decision: Decision, revision: int | None = None) -> str:
    return f"decision:{decision.uid}:{revision or decision.revision}"


def _tray_of(decision: Decision) -> Tray:
    items = decision.items.values_list("award__uid", "award__recommended_cny", "approved_cny")
    found = list(items)
    return Tray(
        ticked={uid: offered for uid, offered, _approved in found},
        amounts={uid: approved for uid, offered, approved in found if approved != offered},
    )


def _words(form) -> dict:
    return {name: form.cleaned_data[name] for name in WORDS}


@lead_head
@require_POST
def decision_release(request, uid: str):
    decision = access.get_decision(request.user, uid)
    _as_lead(request, decision, "lead_head")
    form = TypedConfirmation(request.POST, expected=decision.number)
    if form.is_valid() and attempt(
        form,
        lambda: decisions.release(decision, actor=request.user, seen_revision=_seen(request)),
    ):
        messages.success(request, _("决定已签发，已送财政确认并通知申报单位。"))
        return redirect("award_decision_detail", decision.uid)
    return _detail(request, decision, form=form, status=status_of(form))


@staff
@require_POST
def decision_discard(request, uid: str):
    decision = access.get_decision(request.user, uid)
    if not call_roles(request.user, decision.call):
        raise Http404(uid)
    form = ReasonForm(request.POST)
    if form.is_valid():
        attempt_said(
            request,
            lambda: decisions.discard(
                decision,
                actor=request.user,
                reason=form.cleaned_data["reason"],
                seen_revision=_seen(request),
            ),
            done=_("草稿已作废，所列项目可列入另一份决定。"),
        )
    else:
        messages.error(request, _("请填写理由。"))
    return redirect("award_decision_detail", decision.uid)


@finance_only
@require_POST
def decision_confirm(request, uid: str):
    """Finance confirms a signed decision and names where the money comes from."""
    decision = access.get_decision(request.user, uid)
    if not has_role(request.user, Role.FINANCE):
        raise Http404(uid)
    form = SourceForm(request.POST)
    if form.is_valid() and attempt(
        form,
        lambda: finance.confirm(
            decision,
            actor=request.user,
            funding_source=form.cleaned_data["funding_source"],
            seen_revision=_seen(request),
        ),
    ):
        messages.success(request, _("已确认资金来源，可以编制拨付表。"))
        return redirect("award_decision_detail", decision.uid)
    return _detail(request, decision, form=form, status=status_of(form))


def _seen(request) -> int | None:
    seen = request.POST.get("revision", "")
    return int(seen) if seen.isdecimal() else None


@staff
@require_GET
def decision_pdf(request, uid: str):
    decision = access.get_decision(request.user, uid)
    if decision.pdf is None:
        raise Http404(uid)
    return respond(decision.pdf, name=f"{decision.number}.pdf", inline=True, request=request)
