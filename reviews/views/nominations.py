"""免申即享: the lists of the lead unit, from draft to the organisations' consent."""

from collections import Counter

from django.contrib import messages
from django.db.models import F, Func, IntegerField
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.paging import page_by_key
from reviews import experts, nominating
from reviews.forms import DiscardForm, NominationForm
from reviews.holding import call_roles
from reviews.loading import nomination_for
from reviews.models import Nomination
from reviews.refusals import Refused
from reviews.views.panels import led_calls
from reviews.words import words

# Where an organisation stands with what was nominated for it (nominating.standing).
STANDINGS = {
    "confirmed": gettext_lazy("已确认"),
    "waiting": gettext_lazy("待确认"),
    "lapsed": gettext_lazy("逾期未确认"),
    "own": gettext_lazy("转为自行申报"),
}

# How many organisations a list names; the list itself is not read for it.
_ROWS = Func(F("rows"), function="jsonb_array_length", output_field=IntegerField())

clerk = require_role(Role.CLERK)
head = require_role(Role.HEAD)
officer = require_role(Role.CLERK, Role.HEAD)


@officer
@require_GET
def nomination_list(request):
    """Calls whose lead unit may nominate, and the lists."""
    if not experts.may_keep_pool(request.user):
        raise Http404("nominations")
    calls = led_calls(request.user)
    shown = Nomination.objects.filter(call__in=calls).select_related("call", "drafted_by")
    page = page_by_key(
        shown.defer("rows").annotate(row_count=_ROWS), request, keys=("-drafted_at", "uid"), size=30
    )
    context = {
        "calls": calls.filter(settings__nominates=True).order_by("code"),
        "page": page,
        "rows": page.rows,
        "may_draft": any(held.role == Role.CLERK for held in request.user.present_memberships),
    }
    return render(request, "reviews/nomination_list.html", context)


@clerk
@require_http_methods(["GET", "POST"])
def nomination_new(request, uid: str):
    """Paste the list; what is wrong is told line by line, nothing typed is lost."""
    call = led_calls(request.user).select_related("definition").filter(uid=uid).first()
    if call is None or "lead_clerk" not in call_roles(request.user, call):
        raise Http404(uid)
    if not nominating.nominates(call):
        raise Http404(uid)
    form = NominationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            nomination = nominating.draft(call, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            if refused.reason == "rows_wrong":
                for line, fault in refused.facts["lines"]:
                    form.add_error(
                        "text", _("第 {line} 行：{fault}").format(line=line, fault=fault)
                    )
            else:
                form.add_error(None, words(refused))
        else:
            messages.success(request, _("名单已提交签发。"))
            return redirect("review_nomination", nomination.uid)
    context = {"call": call, "form": form, "columns": nominating.columns(call)}
    status = 422 if form.errors else 200
    return render(request, "reviews/nomination_form.html", context, status=status)


@officer
@require_GET
def nomination(request, uid: str):
    return _page(request, *nomination_for(request.user, uid))


def _page(request, found: Nomination, roles, *, form=None, error: str = "", status: int = 200):
    drafted = found.state == Nomination.State.DRAFTED
    rows = nominating.told(found)
    stands = Counter(row["standing"] for row in rows if row["standing"])
    context = {
        "nomination": found,
        "columns": nominating.columns(found.call),
        "rows": rows,
        "stands": [(word, stands[code]) for code, word in STANDINGS.items() if stands[code]],
        "may_settle": drafted and "lead_head" in roles and found.drafted_by_id != request.user.pk,
        "may_discard": drafted and bool(roles),
        "form": form or DiscardForm(),
        "error": error,
    }
    return render(request, "reviews/nomination.html", context, status=status)


@head
@require_POST
def nomination_release(request, uid: str):
    found, roles = nomination_for(request.user, uid)
    if "lead_head" not in roles:
        raise Http404(uid)
    try:
        nominating.release(found, actor=request.user)
    except Refused as refused:
        return _page(request, found, roles, error=words(refused), status=422)
    messages.success(request, _("名单已签发，已通知各单位确认。"))
    return redirect("review_nomination", uid)


@officer
@require_POST
def nomination_discard(request, uid: str):
    found, roles = nomination_for(request.user, uid)
    form = DiscardForm(request.POST)
    if not form.is_valid():
        return _page(request, found, roles, form=form, status=422)
    try:
        nominating.discard(found, actor=request.user, note=form.cleaned_data["note"])
    except Refused as refused:
        return _page(request, found, roles, form=form, error=words(refused), status=422)
    messages.success(request, _("名单已作废。"))
    return redirect("review_nomination_list")
