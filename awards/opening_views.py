"""期初登记: grants of the time before the portal, entered by one administrator, approved by another."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from awards import access, openings
from awards.access import policy_admin, staff
from awards.accounts import find
from awards.answering import attempt, attempt_said, posted, status_of
from awards.forms import OpeningForm, ReasonForm, TypedConfirmation
from awards.models import Opening
from policy.calls import CallRefused, definition_in_force, schema_of
from policy.forms import refusal_message
from policy.models import Measure
from portal import clock
from portal.accounts.loading import has_role
from portal.accounts.models import Role
from portal.paging import page_by_key


@staff
@require_GET
def opening_list(request):
    access.require_measures(request.user)
    every = access.openings_of(request.user)
    state = request.GET.get("state", "")
    state = state if state in Opening.State.values else ""
    shown = every.filter(state=state) if state else every
    page = page_by_key(shown, request, keys=["-drafted_at", "uid"])
    context = {
        "page": page,
        "state": state,
        "states": Opening.State.choices,
        "hidden": every.count() if state and not page.rows else 0,
        "may_enter": has_role(request.user, Role.POLICY_ADMIN),
    }
    return render(request, "awards/opening_list.html", context)


@policy_admin
@require_http_methods(["GET", "POST"])
def opening_new(request):
    """First the measure (``?line=``), then what its rules need to know of the grant."""
    line = request.GET.get("line", "")
    if not line:
        measures = Measure.objects.order_by("position").defer("clause", "clause_en")
        return render(request, "awards/opening_choose.html", {"measures": measures})
    measure = Measure.objects.filter(line=line).first()
    if measure is None:
        raise Http404(line)
    try:
        definition = definition_in_force(measure, on=clock.local(request.arrived_at).date())
    except CallRefused as refused:
        messages.error(request, refusal_message(refused))
        return redirect("award_opening_new")
    form = OpeningForm(posted(request), wanted=openings.identities(schema_of(definition)))
    if request.method == "POST" and form.is_valid():
        opening = attempt(
            form, lambda: openings.draft(measure, actor=request.user, **form.values())
        )
        if opening is not None:
            messages.success(request, _("期初已登记，待另一位政策管理员复核。"))
            return redirect("award_opening_detail", opening.uid)
    context = {"measure": measure, "form": form}
    return render(request, "awards/opening_form.html", context, status=status_of(form))


@staff
@require_GET
def opening_detail(request, uid: str):
    return _detail(request, access.get_opening(request.user, uid))


def _detail(request, opening: Opening, *, form=None, status: int = 200):
    drafted = opening.state == Opening.State.DRAFTED
    admin = has_role(request.user, Role.POLICY_ADMIN)
    own = opening.drafted_by_id == request.user.pk
    if form is None and drafted and admin and not own:
        form = TypedConfirmation(expected=opening.document_no)
    context = {
        "opening": opening,
        "subjects": _subjects(opening),
        "rows": _rows(opening),
        "drafted": drafted,
        "may_approve": drafted and admin and not own,
        "may_drop": drafted and admin,
        "own": drafted and admin and own,
        "form": form,
    }
    return render(request, "awards/opening_detail.html", context, status=status)


def _subjects(opening: Opening) -> list[tuple[str, str]]:
    names = openings.identities(schema_of(opening.definition))
    return [(names[scope], value) for scope, value in opening.subjects.items()]


def _rows(opening: Opening) -> list[dict]:
    """Each account with what it holds now and what it will hold; where approved, what it holds."""
    if opening.entry is not None:
        postings = opening.entry.postings.select_related("account")
        accounts = [row.account for row in postings.order_by("account__rule", "account__scope")]
        return [{"account": row, "cap_cny": row.cap_cny, "now": row} for row in accounts]
    bounds = openings.counted_in(opening)
    standing = {(row.rule, row.scope): row for row in find(bound.key for bound in bounds)}
    rows = []
    for bound in bounds:
        account = standing.get(bound.key)
        held, taken = (account.committed_cny, account.committed_places) if account else (0, 0)
        rows.append(
            {
                "account": bound,
                "cap_cny": bound.cap_cny,
                "now": account,
                "after_cny": held + opening.amount_cny,
                "after_places": taken + opening.places,
                "over": (bound.cap_cny is not None and held + opening.amount_cny > bound.cap_cny)
                or (bound.cap_places is not None and taken + opening.places > bound.cap_places),
            }
        )
    return rows


@policy_admin
@require_POST
def opening_approve(request, uid: str):
    opening = access.get_opening(request.user, uid)
    form = TypedConfirmation(request.POST, expected=opening.document_no)
    if form.is_valid() and attempt(form, lambda: openings.approve(opening, actor=request.user)):
        messages.success(request, _("期初已记入台账，上限和名额按此累计。"))
        return redirect("award_opening_detail", opening.uid)
    return _detail(request, opening, form=form, status=status_of(form))


@policy_admin
@require_POST
def opening_drop(request, uid: str):
    opening = access.get_opening(request.user, uid)
    form = ReasonForm(request.POST)
    if form.is_valid():
        attempt_said(
            request,
            lambda: openings.drop(opening, actor=request.user, reason=form.cleaned_data["reason"]),
            done=_("登记已退回，未记入台账。"),
        )
    else:
        messages.error(request, _("请填写理由。"))
    return redirect("award_opening_detail", opening.uid)
