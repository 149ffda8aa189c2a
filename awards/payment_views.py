"""拨付: finance's inbox, the list, a batch from draft to signature, what became of each transfer."""

from decimal import Decimal

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from awards import access, finance, payments
from awards.access import finance_only, staff
from awards.answering import attempt, attempt_said, posted, status_of
from awards.forms import ArrivedForm, BouncedForm, PaymentForm, ReasonForm, TypedConfirmation
from awards.models import Payment, PaymentBatch
from awards.picking_views import Picker
from policy import workdays
from portal import clock
from portal.accounts.loading import has_role
from portal.accounts.models import Role
from portal.paging import page_by_key

_LISTED = ~Q(payments__state=Payment.State.CANCELLED)
# The inbox shows so many of each; the home counts no more.
LISTED = finance.LISTED


@finance_only
@require_GET
def inbox(request):
    """What waits for finance: decisions to confirm, money that is due, batches to sign, transfers
    that came back."""
    decisions = list(finance.listed_decisions()[:LISTED])
    due = list(finance.calls_due()[:LISTED])
    drafted = access.batches_of(request.user).filter(state=PaymentBatch.State.DRAFTED)
    batches = list(
        _with_sums(drafted).select_related("call", "drafted_by").order_by("drafted_at")[:LISTED]
    )
    bounced = list(finance.bounced()[:LISTED])
    _count_down([*decisions, *due])
    context = {
        "decisions": decisions,
        "due": due,
        "batches": batches,
        "bounced": bounced,
        "is_clerk": has_role(request.user, Role.FINANCE),
        "is_head": has_role(request.user, Role.FINANCE_HEAD),
    }
    return render(request, "awards/finance_inbox.html", context)


def _count_down(rows) -> None:
    """Give each row the working days left until its due date."""
    today, calendar = clock.today(), workdays.stored_calendar()
    for row in rows:
        row.workdays_left = (
            workdays.workdays_between(today, row.due_on, calendar=calendar) if row.due_on else None
        )


def _with_sums(rows):
    return rows.annotate(
        payment_count=Count("payments", filter=_LISTED),
        sum_cny=Sum("payments__amount_cny", filter=_LISTED, default=Decimal(0)),
    )


@staff
@require_GET
def payment_list(request):
    access.require_measures(request.user)
    call = access.call_asked_for(request)
    every = access.batches_of(request.user)
    every = every.filter(call=call) if call else every
    state = request.GET.get("state", "")
    state = state if state in PaymentBatch.State.values else ""
    shown = every.filter(state=state) if state else every
    page = page_by_key(
        _with_sums(shown).select_related("call__measure", "drafted_by"),
        request,
        keys=["-drafted_at", "uid"],
    )
    context = {
        "page": page,
        "call": call,
        "state": state,
        "states": PaymentBatch.State.choices,
        "hidden": every.count() if state and not page.rows else 0,
        "is_finance": access.sees_accounts(request.user),
    }
    return render(request, "awards/payment_list.html", context)


@finance_only
@require_http_methods(["GET", "POST"])
def payment_new(request, uid: str):
    """Draft a batch of a call: the next instalment of each award that is due."""
    if not has_role(request.user, Role.FINANCE):
        raise Http404(uid)
    call = access.get_call(request.user, uid)
    picker = Picker(request, f"payment:{call.uid}", payments.rows(call), in_yuan=True)
    form = PaymentForm(posted(request), picker=picker)
    if request.method == "POST":
        valid = form.is_valid()
        picker.keep(form)
        if picker.go:
            return picker.turned()
        batch = attempt(form, lambda: _draft(call, picker, actor=request.user)) if valid else None
        if batch is not None:
            picker.settle()
            messages.success(request, _("拨付表已提交签发。"))
            return redirect("award_payment_detail", batch.uid)
        picker.after(form)
    context = {"call": call, "form": form, "picker": picker}
    return render(request, "awards/payment_form.html", context, status=status_of(form))


def _draft(call, picker: Picker, *, actor) -> PaymentBatch:
    chosen = picker.chosen()
    return payments.draft(
        call,
        awards=[row.thing.award for row in chosen],
        keys={row.key for row in chosen},
        seen=picker.seen,
        actor=actor,
    )


def _detail(request, batch: PaymentBatch, *, form=None, status: int = 200):
    drafted = batch.state == PaymentBatch.State.DRAFTED
    full = access.sees_accounts(request.user)
    rows = list(
        batch.payments.select_related("award__application", "award__organisation")
        .defer("award__trace", "award__application__computation")
        .annotate(receipt_count=Count("receipts", filter=Q(receipts__removed_at__isnull=True)))
        .order_by("award__application__number", "instalment")
    )
    head = has_role(request.user, Role.FINANCE_HEAD)
    may_release = drafted and head and batch.drafted_by_id != request.user.pk
    if form is None and may_release:
        form = TypedConfirmation(expected=batch.number)
    context = {
        "batch": batch,
        "rows": rows,
        "total_cny": sum(row.amount_cny for row in rows if row.state != Payment.State.CANCELLED),
        "full": full,
        "stopped": payments.stopped_in(batch) if drafted else [],
        "may_release": may_release,
        "own": drafted and head and batch.drafted_by_id == request.user.pk,
        "may_discard": drafted and full,
        "may_record": not drafted and has_role(request.user, Role.FINANCE),
        "form": form,
    }
    return render(request, "awards/payment_detail.html", context, status=status)


@staff
@require_GET
def payment_detail(request, uid: str):
    return _detail(request, access.get_batch(request.user, uid))


@finance_only
@require_POST
def payment_release(request, uid: str):
    if not has_role(request.user, Role.FINANCE_HEAD):
        raise Http404(uid)
    batch = access.get_batch(request.user, uid)
    form = TypedConfirmation(request.POST, expected=batch.number)
    if form.is_valid() and attempt(form, lambda: payments.release(batch, actor=request.user)):
        messages.success(request, _("拨付已签发，已记入台账并通知收款单位。"))
        return redirect("award_payment_detail", batch.uid)
    return _detail(request, batch, form=form, status=status_of(form))


@finance_only
@require_POST
def payment_discard(request, uid: str):
    batch = access.get_batch(request.user, uid)
    form = ReasonForm(request.POST)
    if form.is_valid():
        attempt_said(
            request,
            lambda: payments.discard(batch, actor=request.user, reason=form.cleaned_data["reason"]),
            done=_("拨付表已作废，所列款项可重新编制。"),
        )
    else:
        messages.error(request, _("请填写理由。"))
    return redirect("award_payment_detail", batch.uid)


@finance_only
@require_http_methods(["GET", "POST"])
def payment_arrived(request, uid: str):
    """到账: a transfer's day of arrival."""
    return _outcome(
        request,
        uid,
        ArrivedForm,
        "awards/payment_arrived.html",
        lambda payment, values: payments.arrived(payment, actor=request.user, **values),
        _("已登记到账。"),
    )


@finance_only
@require_http_methods(["GET", "POST"])
def payment_bounced(request, uid: str):
    """退汇: a transfer that came back."""
    return _outcome(
        request,
        uid,
        BouncedForm,
        "awards/payment_bounced.html",
        lambda payment, values: payments.bounce(payment, actor=request.user, **values),
        _("已登记退汇并通知收款单位核对账户；该期款项可重新拨付。"),
    )


def _outcome(request, uid: str, form_class, template: str, act, done: str):
    if not has_role(request.user, Role.FINANCE):
        raise Http404(uid)
    payment = access.get_payment(request.user, uid)
    form = form_class(posted(request))
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(form, lambda: act(payment, form.cleaned_data))
    ):
        messages.success(request, done)
        return redirect("award_payment_detail", payment.batch.uid)
    return render(request, template, {"payment": payment, "form": form}, status=status_of(form))
