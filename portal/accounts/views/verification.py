"""The district's desk: organisations that wait to be verified."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal import clock
from portal.accounts import verifying
from portal.accounts.forms import ReasonForm
from portal.accounts.loading import require_role
from portal.accounts.models import (
    VERIFICATION_ORDER,
    Membership,
    Organisation,
    OrganisationStatus,
    Role,
)
from portal.accounts.views.organisations import serve_file
from portal.paging import page_by_key


def _told(reason: str) -> str:
    return {
        "state": _("该单位已办结，未重复办理。"),
        "changed": _("该单位在您打开页面后修改了资料，请核对后再办理。"),
        "own": _("不能核验本人注册的单位。"),
        "reason_missing": _("请一次写明全部需要修改的内容。"),
    }[reason]


def _districts(request) -> list:
    """The user's districts; a clerk of a unit that is no district has none, and no desk."""
    districts = verifying.districts_of(request.user)
    if not districts:
        raise Http404("no district")
    return districts


@require_role(Role.CLERK, Role.HEAD)
@require_GET
def queue(request):
    """What waits, the oldest first; with ``?status=`` what was verified or returned."""
    districts = _districts(request)
    status = request.GET.get("status", OrganisationStatus.PENDING)
    if status not in {*OrganisationStatus.values, "overdue"}:
        status = OrganisationStatus.PENDING
    within = Organisation.objects.filter(district__in=districts)
    late = verifying.overdue(today=clock.local(request.arrived_at).date())
    shown = (
        late.filter(district__in=districts) if status == "overdue" else within.filter(status=status)
    )
    page = page_by_key(
        shown.select_related("district"),
        request,
        keys=list(VERIFICATION_ORDER),
    )
    waiting = within.filter(status=OrganisationStatus.PENDING).count()
    return render(
        request,
        "accounts/organisation_queue.html",
        {
            "page": page,
            "status": status,
            "statuses": [("overdue", _("已超期")), *OrganisationStatus.choices],
            "waiting": waiting,
            "districts": districts,
        },
    )


@require_role(Role.ACCOUNT_ADMIN)
@require_GET
def overdue(request):
    """Organisations that their districts have not verified in time, for the account
    administrator to ask about: whom, and under which phone."""
    late = verifying.overdue(today=clock.local(request.arrived_at).date())
    page = page_by_key(late.select_related("district"), request, keys=["due_on", "uid"])
    return render(request, "accounts/organisation_overdue.html", {"page": page})


@require_role(Role.CLERK, Role.HEAD)
@require_GET
def check(request, uid):
    """One organisation as its district sees it: without its bank account."""
    return _page(request, _within(request, uid), ReasonForm(**_reason()))


def _reason() -> dict:
    return {
        "label": _("退回理由"),
        "help_text": _("请一次写明全部需要修改的内容，该单位看到的就是这段文字。"),
    }


def _within(request, uid) -> Organisation:
    return get_object_or_404(
        Organisation.objects.select_related(
            "district", "licence", "authorisation", "registered_by", "verified_by"
        ),
        uid=uid,
        district__in=_districts(request),
    )


def _page(request, organisation: Organisation, form: ReasonForm, *, status: int = 200):
    people = Membership.objects.active().filter(organisation=organisation).select_related("user")
    return render(
        request,
        "accounts/organisation_check.html",
        {
            "organisation": organisation,
            "people": people,
            "form": form,
            "decides": organisation.status == OrganisationStatus.PENDING,
        },
        status=status,
    )


def _seen(request) -> int:
    posted = request.POST.get("revision", "")
    return int(posted) if posted.isdigit() else 0


@require_role(Role.CLERK, Role.HEAD)
@require_POST
def verify(request, uid):
    organisation = _within(request, uid)
    try:
        verifying.verify(organisation, actor=request.user, seen_revision=_seen(request))
    except verifying.VerificationRefused as refusal:
        messages.warning(request, _told(refusal.reason))
        return redirect("organisation_check", uid=uid)
    messages.success(request, _("{name} 已核验。").format(name=organisation.name))
    return redirect("organisation_queue")


@require_role(Role.CLERK, Role.HEAD)
@require_POST
def send_back(request, uid):
    organisation = _within(request, uid)
    form = ReasonForm(request.POST, **_reason())
    if not form.is_valid():
        return _page(request, organisation, form, status=422)
    try:
        verifying.send_back(
            organisation,
            actor=request.user,
            reason=form.cleaned_data["reason"],
            seen_revision=_seen(request),
        )
    except verifying.VerificationRefused as refusal:
        form.add_error(None, _told(refusal.reason))
        organisation.refresh_from_db()
        return _page(request, organisation, form, status=409)
    messages.success(request, _("{name} 已退回。").format(name=organisation.name))
    return redirect("organisation_queue")


@require_role(Role.CLERK, Role.HEAD)
@require_GET
def file(request, uid, which):
    return serve_file(request, _within(request, uid), which)
