"""Objections: filed by the public without an account, taken up and concluded by the lead unit."""

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.workflow import MoveRefused
from portal import clock
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.paging import page_by_key
from reviews import noticing, objecting
from reviews.forms import DecisionForm, ObjectionForm
from reviews.loading import objection_for
from reviews.models import Objection, PublicNotice, SelectionItem
from reviews.refusals import Refused
from reviews.words import words

clerk = require_role(Role.CLERK)
officer = require_role(Role.CLERK, Role.HEAD)
# Nobody is locked out by a neighbour behind the same address: what is counted is who signs, and,
# as a last dam, the notice as a whole.
PER_SIGNATORY, PER_NOTICE, WINDOW_S = 3, 60, 3600


# --- the public's pages --------------------------------------------------------------------


@require_GET
def public_list(request):
    """公示公告: open ones and those of the past, the newest first."""
    today = clock.local(request.arrived_at).date()
    shown = PublicNotice.objects.filter(starts_on__lte=today).select_related(
        "call__measure", "call__lead_unit"
    )
    page = page_by_key(shown, request, keys=("-starts_on", "uid"), size=30)
    rows = [(row, noticing.is_open(row, on=today)) for row in page.rows]
    return render(request, "reviews/public_notice_list.html", {"page": page, "rows": rows})


def _public(uid: str, *, today) -> PublicNotice:
    found = (
        PublicNotice.objects.filter(uid=uid)
        .select_related("call__measure", "call__lead_unit", "selection")
        .first()
    )
    if found is None or not noticing.is_public(found, on=today):
        raise Http404(uid)
    return found


@require_GET
def public_detail(request, uid: str):
    """The list as anybody may read it: number, project, organisation, district, amount."""
    today = clock.local(request.arrived_at).date()
    found = _public(uid, today=today)
    items = (
        found.selection.items.filter(outcome=SelectionItem.Outcome.SUPPORT)
        .select_related("application__organisation", "application__district")
        .order_by("application__number")
    )
    context = {"notice": found, "items": items, "is_open": noticing.is_open(found, on=today)}
    return render(request, "reviews/public_notice.html", context)


@require_http_methods(["GET", "POST"])
def file(request, uid: str, case: str):
    """File a signed objection to one case of an open notice."""
    today = clock.local(request.arrived_at).date()
    found = _public(uid, today=today)
    item = (
        found.selection.items.filter(application__uid=case, outcome=SelectionItem.Outcome.SUPPORT)
        .select_related("application__organisation")
        .first()
    )
    if item is None or not noticing.is_open(found, on=today):
        raise Http404(case)
    form = ObjectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if not _admit(found, given["contact"]):
            form.add_error(None, _("提交过于频繁，请一小时后再试，或按页面所列方式联系。"))
        else:
            user = request.user if request.user.is_authenticated else None
            try:
                objecting.file(
                    found, application=item.application, signed_as=given["signed_as"],
                    signatory=given["signatory"], contact=given["contact"],
                    text=given["text"], filed_by=user,
                )  # fmt: skip
            except Refused as refused:
                form.add_error(None, words(refused))
            else:
                messages.success(request, _("异议已提交，办理单位将在规定期限内与您联系核实。"))
                return redirect("review_public_notice", uid)
    context = {"notice": found, "item": item, "form": form}
    status = 422 if form.errors else 200
    return render(request, "reviews/objection_file.html", context, status=status)


def _admit(notice: PublicNotice, contact: str) -> bool:
    """Whether another objection is taken this hour."""
    keys = [
        (f"objection:{notice.pk}:{contact.strip().casefold()[:60]}", PER_SIGNATORY),
        (f"objection:{notice.pk}", PER_NOTICE),
    ]
    for key, most in keys:
        cache.add(key, 0, WINDOW_S)
        if cache.get(key, 0) >= most:
            return False
    for key, _most in keys:
        cache.incr(key)
    return True


# --- the lead unit's page ---------------------------------------------------------------------


@officer
@require_GET
def objection(request, uid: str):
    return _page(request, *objection_for(request.user, uid))


def _page(request, found: Objection, roles, *, form=None, error: str = "", status: int = 200):
    case = found.application
    pending = case.proposals.filter(state="drafted").select_related("drafted_by").first()
    context = {
        "objection": found,
        "case": case,
        "pending": pending,
        "may_accept": "lead_clerk" in roles
        and found.state == Objection.State.FILED
        and case.status in {"public_notice", "objection"},
        "may_decide": "lead_clerk" in roles
        and found.state == Objection.State.ACCEPTED
        and case.status == "objection"
        and pending is None,
        "form": form or DecisionForm(initial={"seen": case.revision}),
        "error": error,
    }
    return render(request, "reviews/objection.html", context, status=status)


@clerk
@require_POST
def accept(request, uid: str):
    found, roles = objection_for(request.user, uid, "lead_clerk")
    try:
        objecting.accept(found, actor=request.user)
    except (Refused, MoveRefused) as refused:
        return _page(request, found, roles, error=words(refused), status=422)
    messages.success(request, _("异议已受理，项目转入异议处理。"))
    return redirect("review_objection", uid)


@clerk
@require_POST
def decide(request, uid: str):
    found, roles = objection_for(request.user, uid, "lead_clerk")
    form = DecisionForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            objecting.decide(
                found, actor=request.user, upheld=given["upheld"] == "yes",
                conclusion=given["conclusion"], seen_revision=given["seen"],
            )  # fmt: skip
        except (Refused, MoveRefused) as refused:
            form.add_error(None, words(refused))
        else:
            messages.success(request, _("结论已起草，待负责人审签。"))
            return redirect("review_objection", uid)
    return _page(request, found, roles, form=form, status=422)
