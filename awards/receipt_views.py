"""回单: the bank's papers of a payment; what the organisation sees of its payments."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.views.frames import own_case
from awards import access, receipts
from awards.access import finance_only, staff
from awards.answering import attempt, attempt_said, posted, status_of
from awards.forms import ReasonForm, ReceiptForm
from awards.models import Award, ClawBack, Payment, Receipt
from awards.tracing import rows_of, steps_of
from portal import clock
from portal.accounts.loading import has_role, require_applicant, require_role
from portal.accounts.models import Role
from portal.files.serving import respond
from portal.files.storing import FileRefused, describe

_STANDING = Prefetch(
    "receipts",
    Receipt.objects.filter(removed_at__isnull=True).select_related("blob").order_by("pk"),
    to_attr="standing_receipts",
)


@staff
@require_http_methods(["GET", "POST"])
def payment_receipts(request, uid: str):
    """The papers of one payment; finance adds to them."""
    payment = access.get_payment_seen(request.user, uid)
    is_clerk = has_role(request.user, Role.FINANCE)
    if request.method == "POST" and not is_clerk:
        raise Http404(uid)
    form = ReceiptForm(posted(request), request.FILES if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _add(form, payment, actor=request.user):
        messages.success(request, _("回单已上传，已通知申报单位。"))
        return redirect("award_payment_receipts", payment.uid)
    context = {
        "payment": payment,
        "form": form,
        "rows": payment.receipts.filter(removed_at__isnull=True)
        .select_related("uploaded_by", "blob")
        .order_by("pk"),
        "removed": payment.receipts.filter(removed_at__isnull=False)
        .select_related("removed_by")
        .order_by("pk"),
        "may_open": access.opens_receipts(request.user),
        "may_add": is_clerk and payment.state in receipts.WENT_OUT,
    }
    return render(request, "awards/payment_receipts.html", context, status=status_of(form))


def _add(form, payment: Payment, *, actor):
    try:
        return attempt(form, lambda: receipts.add(payment, form.cleaned_data["file"], actor=actor))
    except FileRefused as refused:
        form.add_error("file", describe(refused))
        return None


@never_cache
@require_GET
@require_role()
def receipt_file(request, uid: str):
    receipt = access.get_receipt(request.user, uid)
    return respond(receipt.blob, name=receipt.name, inline="inline" in request.GET, request=request)


@finance_only
@require_POST
def receipt_remove(request, uid: str):
    receipt = access.get_receipt_to_mend(request.user, uid)
    form = ReasonForm(request.POST)
    if form.is_valid():
        attempt_said(
            request,
            lambda: receipts.remove(
                receipt, actor=request.user, reason=form.cleaned_data["reason"][:300]
            ),
            done=_("回单已移除。"),
        )
    else:
        messages.error(request, _("请填写理由。"))
    return redirect("award_payment_receipts", receipt.payment.uid)


@require_GET
@require_applicant
def case_payments(request, uid: str):
    """How the approved amount came about, what was paid of it, the bank's papers, what is claimed
    back."""
    case = own_case(request, uid)
    sent = Payment.objects.filter(award__application=case, state__in=receipts.WENT_OUT)
    claimed = ClawBack.objects.filter(
        award__application=case, state__in=[ClawBack.State.RELEASED, ClawBack.State.REPAID]
    )
    award = Award.objects.filter(application=case, approved_cny__isnull=False).first()
    context = {
        "case": case,
        "steps": steps_of(award) if award else [],
        "trace_rows": rows_of(award) if award else [],
        "payments": sent.select_related("batch").prefetch_related(_STANDING).order_by("pk"),
        "claw_backs": claimed.select_related("letter").order_by("pk"),
        "owed": claimed.filter(state=ClawBack.State.RELEASED).first(),
        "today": clock.local(request.arrived_at).date(),
    }
    return render(request, "awards/case_payments.html", context)
