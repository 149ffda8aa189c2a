"""追回: the list, a claw-back from draft to the last repayment."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from awards import access, clawbacks
from awards.access import finance_only, staff
from awards.answering import attempt, attempt_said, posted, status_of
from awards.forms import ClawBackForm, ReasonForm, RepaymentForm, TypedConfirmation
from awards.models import ClawBack
from portal import clock
from portal.accounts.loading import has_role
from portal.accounts.models import Role
from portal.paging import page_by_key
from portal.types import known
from reviews.holding import call_roles


@staff
@require_GET
def clawback_list(request):
    access.require_measures(request.user)
    every = access.claw_backs_of(request.user)
    state = request.GET.get("state", "")
    state = state if state in ClawBack.State.values else ""
    shown = every.filter(state=state) if state else every
    context = {
        "page": page_by_key(shown, request, keys=["-drafted_at", "uid"]),
        "state": state,
        "states": ClawBack.State.choices,
        "hidden": every.count() if state else 0,
        "today": clock.local(request.arrived_at).date(),
    }
    return render(request, "awards/clawback_list.html", context)


@staff
@require_http_methods(["GET", "POST"])
def clawback_new(request, uid: str):
    award = access.get_award(request.user, uid)
    if "lead_clerk" not in call_roles(request.user, award.call):
        raise Http404(uid)
    form = ClawBackForm(posted(request), award=award)
    if request.method == "POST" and form.is_valid():
        claw_back = attempt(
            form, lambda: clawbacks.draft(award, actor=request.user, **form.cleaned_data)
        )
        if claw_back is not None:
            messages.success(request, _("追回已提交负责人签发。"))
            return redirect("award_clawback_detail", claw_back.uid)
    context = {"award": award, "case": award.application, "form": form}
    return render(request, "awards/clawback_form.html", context, status=status_of(form))


@staff
@require_GET
def clawback_detail(request, uid: str):
    return _detail(request, access.get_claw_back(request.user, uid))


def _detail(request, claw_back: ClawBack, *, form=None, repayment=None, status: int = 200):
    award = claw_back.award
    roles = call_roles(request.user, award.call)
    drafted = claw_back.state == ClawBack.State.DRAFTED
    own = claw_back.drafted_by_id == request.user.pk
    may_release = drafted and "lead_head" in roles and not own
    may_repay = claw_back.state == ClawBack.State.RELEASED and has_role(request.user, Role.FINANCE)
    if form is None and may_release:
        form = TypedConfirmation(expected=known(award.application.number))
    if repayment is None and may_repay:
        repayment = RepaymentForm(claw_back=claw_back)
    context = {
        "claw_back": claw_back,
        "award": award,
        "case": award.application,
        "repayments": claw_back.repayments.select_related("recorded_by").order_by("pk"),
        "may_release": may_release,
        "may_discard": drafted and bool(roles & {"lead_clerk", "lead_head"}),
        "may_repay": may_repay,
        "own": drafted and own,
        "form": form,
        "repayment": repayment,
        "today": clock.local(request.arrived_at).date(),
    }
    return render(request, "awards/clawback_detail.html", context, status=status)


def _with_role(request, uid: str, *roles: str) -> ClawBack:
    claw_back = access.get_claw_back(request.user, uid)
    if not call_roles(request.user, claw_back.award.call) & set(roles):
        raise Http404(uid)
    return claw_back


@staff
@require_POST
def clawback_release(request, uid: str):
    claw_back = _with_role(request, uid, "lead_head")
    form = TypedConfirmation(request.POST, expected=known(claw_back.award.application.number))
    if form.is_valid() and attempt(form, lambda: clawbacks.release(claw_back, actor=request.user)):
        messages.success(request, _("追回通知书已签发，已通知申报单位和财政部门。"))
        return redirect("award_clawback_detail", claw_back.uid)
    return _detail(request, claw_back, form=form, status=status_of(form))


@staff
@require_POST
def clawback_discard(request, uid: str):
    claw_back = _with_role(request, uid, "lead_clerk", "lead_head")
    form = ReasonForm(request.POST)
    if form.is_valid():
        attempt_said(
            request,
            lambda: clawbacks.discard(
                claw_back, actor=request.user, reason=form.cleaned_data["reason"]
            ),
            done=_("追回已作废。"),
        )
    else:
        messages.error(request, _("请填写理由。"))
    return redirect("award_clawback_detail", claw_back.uid)


@finance_only
@require_POST
def clawback_repay(request, uid: str):
    if not has_role(request.user, Role.FINANCE):
        raise Http404(uid)
    claw_back = access.get_claw_back(request.user, uid)
    form = RepaymentForm(request.POST, claw_back=claw_back)
    if form.is_valid() and attempt(
        form, lambda: clawbacks.repay(claw_back, actor=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("缴回款已登记，已记入台账并释放相应额度。"))
        return redirect("award_clawback_detail", claw_back.uid)
    return _detail(request, claw_back, repayment=form, status=status_of(form))
