"""The pool of experts, for the units that lead a measure."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.paging import page_by_key
from reviews import experts
from reviews.forms import ExpertForm
from reviews.loading import expert_by
from reviews.models import Expert
from reviews.refusals import Refused
from reviews.words import words

clerk = require_role(Role.CLERK)
officer = require_role(Role.CLERK, Role.HEAD)
_FIELD_OF = {
    "no_expert": "email",
    "already": "email",
    "uscc": "employer_uscc",
    "no_fields": "fields_",
}


def _keeper(request) -> None:
    if not experts.may_keep_pool(request.user):
        raise Http404("pool")


@officer
@require_GET
def pool(request):
    _keeper(request)
    known = experts.known_fields()
    field, words_ = request.GET.get("field", ""), request.GET.get("q", "").strip()
    every = Expert.objects.select_related("user")
    shown = every.filter(fields__contains=[field]) if field in known else every
    if words_:
        shown = shown.filter(user__name__icontains=words_) | shown.filter(
            employer__icontains=words_
        )
    page = page_by_key(shown, request, keys=("-active", "uid"), size=30)
    is_filtered = bool(field in known or words_)
    context = {
        "page": page,
        "rows": [(row, [known.get(code, code) for code in row.fields]) for row in page.rows],
        "known": known,
        "field": field,
        "q": words_,
        "hidden": every.count() if is_filtered and not page.rows else None,
        "may_change": any(held.role == Role.CLERK for held in request.user.present_memberships),
    }
    return render(request, "reviews/expert_pool.html", context)


def _known_with(expert: Expert | None) -> dict:
    """The fields to choose from; what the expert holds already stays choosable."""
    known = experts.known_fields()
    return known | {code: known.get(code, code) for code in (expert.fields if expert else ())}


def _refuse(form: ExpertForm, refused: Refused) -> None:
    name = _FIELD_OF.get(refused.reason)
    form.add_error(name if name in form.fields else None, words(refused))


@clerk
@require_http_methods(["GET", "POST"])
def add(request):
    _keeper(request)
    form = ExpertForm(request.POST or None, known=_known_with(None), is_new=True)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            experts.add(
                given["email"], employer=given["employer"], employer_uscc=given["employer_uscc"],
                title=given["title"], fields=given["fields_"], actor=request.user,
            )  # fmt: skip
        except Refused as refused:
            _refuse(form, refused)
        else:
            messages.success(request, _("专家已入库。"))
            return redirect("review_expert_pool")
    return _form_page(request, form, None)


@clerk
@require_http_methods(["GET", "POST"])
def change(request, uid: str):
    _keeper(request)
    expert = expert_by(uid)
    initial = {
        "employer": expert.employer, "employer_uscc": expert.employer_uscc,
        "title": expert.title, "fields_": expert.fields, "active": expert.active,
    }  # fmt: skip
    form = ExpertForm(
        request.POST or None, initial=initial, known=_known_with(expert), is_new=False
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            experts.change(
                expert, employer=given["employer"], employer_uscc=given["employer_uscc"],
                title=given["title"], fields=given["fields_"], active=given["active"],
                actor=request.user,
            )  # fmt: skip
        except Refused as refused:
            _refuse(form, refused)
        else:
            messages.success(request, _("专家信息已更新。"))
            return redirect("review_expert_pool")
    return _form_page(request, form, expert)


def _form_page(request, form: ExpertForm, expert: Expert | None):
    status = 422 if form.errors else 200
    return render(
        request, "reviews/expert_form.html", {"form": form, "expert": expert}, status=status
    )
