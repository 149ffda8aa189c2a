"""Acts on cases that move the ledger: confirming a selection, promotion, withdrawing, cancelling,
and the release of a proposal that frees money."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from applications.models import Status
from applications.roles import get_as
from awards import access, promoting, whatif
from awards.answering import attempt, attempt_said, posted, status_of
from awards.confirming import confirm_selection
from awards.forms import CancelForm, PromotionForm, TypedConfirmation, WithdrawForm
from awards.ledger import exit_frees
from awards.models import Award
from awards.withdrawing import CANCELLABLE, WITHDRAWABLE, cancel, release_proposal, withdraw
from portal import clock
from portal.accounts.loading import require_role, units_of
from portal.accounts.models import Role
from reviews.holding import call_roles
from reviews.models import Proposal, Selection, SelectionItem

officer = require_role(Role.CLERK, Role.HEAD)


@officer
@require_http_methods(["GET", "POST"])
def selection_confirm(request, uid: str):
    """What the selection would take of each account; the head confirms by typing the call's code."""
    selection = access.get_selection(request.user, uid)
    roles = call_roles(request.user, selection.call)
    drafted = selection.state == Selection.State.DRAFTED
    may_confirm = drafted and "lead_head" in roles and selection.drafted_by_id != request.user.pk
    if request.method == "POST" and "lead_head" not in roles:
        raise Http404(uid)
    form = TypedConfirmation(posted(request), expected=selection.call.code)
    if request.method == "POST" and form.is_valid():
        seen = request.POST.get("revision", "")
        done = attempt(
            form,
            lambda: confirm_selection(
                selection,
                actor=request.user,
                seen_revision=int(seen) if seen.isdecimal() else None,
            ),
        )
        if done is not None:
            messages.success(request, _("遴选已确认，额度和名额已占用，结果已告知申报单位。"))
            return redirect("award_call", selection.call.uid)
    items = list(
        selection.items.select_related("application__organisation", "application__district").defer(
            "application__computation"
        )
    )
    context = {
        "selection": selection,
        "items": items,
        "supported": [row for row in items if row.outcome == SelectionItem.Outcome.SUPPORT],
        "total_cny": sum(
            row.recommended_cny for row in items if row.outcome == SelectionItem.Outcome.SUPPORT
        ),
        "demands": whatif.of_selection(selection) if drafted else [],
        "may_confirm": may_confirm,
        "own": drafted and "lead_head" in roles and not may_confirm,
        "form": form if may_confirm else None,
        "refused": getattr(form, "refused", None),
    }
    return render(request, "awards/selection_confirm.html", context, status=status_of(form))


@officer
@require_http_methods(["GET", "POST"])
def promotion(request, uid: str):
    """递补: a clerk drafts the promotion of waiting cases."""
    call = access.get_call(request.user, uid)
    if "lead_clerk" not in call_roles(request.user, call):
        raise Http404(uid)
    items = promoting.waiting_list(call)
    initial = {
        "title": _("%(call)s备选递补") % {"call": call.title_zh.removesuffix("申报通知")},
        "met_on": clock.today(),
    }
    form = PromotionForm(posted(request), objects=items, chosen={}, initial=initial)
    if request.method == "POST" and form.is_valid():
        selection = attempt(
            form,
            lambda: promoting.draft(
                call,
                picks={item.application: cny for item, cny in form.picked().items()},
                actor=request.user,
                **{name: form.cleaned_data[name] for name in ("title", "met_on", "minutes")},
            ),
        )
        if selection is not None:
            messages.success(request, _("递补已提交确认。"))
            return redirect("award_selection_confirm", selection.uid)
    context = {"call": call, "form": form, "items": items}
    return render(request, "awards/promotion.html", context, status=status_of(form))


@require_role(Role.ORG_ADMIN)
@require_http_methods(["GET", "POST"])
def case_withdraw(request, uid: str):
    """撤回申报, by the organisation's admin; what it frees is said before."""
    case = access.get_own_case(request.user, uid)
    if case.number is None:
        raise Http404(uid)
    form = WithdrawForm(posted(request), expected=case.number)
    if request.method == "POST" and form.is_valid():
        seen = request.POST.get("revision", "")
        done = attempt(
            form,
            lambda: withdraw(
                case,
                actor=request.user,
                reason=form.cleaned_data["reason"],
                seen_revision=int(seen) if seen.isdecimal() else None,
            ),
        )
        if done is not None:
            messages.success(request, _("申报已撤回。"))
            return redirect("application_case", case.uid)
    context = {
        "case": case,
        "form": form,
        "possible": case.status in WITHDRAWABLE,
        "award": Award.objects.filter(application=case, state=Award.State.RESERVED).first(),
        "revision": case.revision,
    }
    return render(request, "awards/withdraw.html", context, status=status_of(form))


@require_role(Role.HEAD)
@require_http_methods(["GET", "POST"])
def case_cancel(request, uid: str):
    """取消拟支持, or 取消支持 after the decision, by the lead unit's head."""
    case = get_as(request.user, uid, "lead_head")
    form = CancelForm(posted(request), expected=case.number or "")
    if request.method == "POST" and form.is_valid():
        done = attempt(
            form,
            lambda: cancel(case, actor=request.user, reason=form.cleaned_data["reason"]),
        )
        if done is not None:
            messages.success(request, _("已取消，释放的额度和名额见台账。"))
            return redirect("award_call", case.call.uid)
    heading = _("取消拟支持") if case.status == Status.DECISION else _("取消支持")
    context = {
        "case": case,
        "form": form,
        "heading": heading,
        "button": heading,
        "possible": case.status in CANCELLABLE,
        "decided": case.status != Status.DECISION,
        "place_freed": case.status == Status.DECISION or exit_frees(case.call),
        "award": Award.objects.filter(application=case).exclude(state=Award.State.RELEASED).first(),
    }
    return render(request, "awards/cancel.html", context, status=status_of(form))


@require_role(Role.HEAD)
@require_POST
def proposal_release(request, uid: str):
    """Release a proposal that frees money (异议成立); the others are released in reviews."""
    proposal = (
        Proposal.objects.filter(unit__in=units_of(request.user, Role.HEAD), uid=uid)
        .select_related("application__call")
        .first()
    )
    if proposal is None:
        raise Http404(uid)
    attempt_said(
        request,
        lambda: release_proposal(proposal, actor=request.user),
        done=_("已签发，拟支持已取消，额度和名额已释放。"),
    )
    return redirect("award_call", proposal.application.call.uid)
