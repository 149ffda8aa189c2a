"""The list of an organisation's cases, and the page that opens a new one."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from applications import amounts, drafts, prefilling
from applications.homes import STATES
from applications.listing import cards
from applications.models import VOID, Application
from applications.views.wording import not_started
from policy.calls import schema_of as schema_of_definition
from policy.models import Call, Measure
from portal import clock
from portal.accounts.loading import organisation_of, require_applicant
from portal.paging import page_by_key
from portal.types import known

PAGE_SIZE = 20


@require_GET
@require_applicant
def application_list(request):
    """我的申报: drafts and cases of the organisation, the newest first."""
    organisation = organisation_of(request.user)
    every = Application.objects.filter(organisation=organisation)
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    rows = (
        (every.filter(STATES[state]) if state else every)
        .select_related("call__measure", "definition", "holder_unit", "organisation", "district")
        .defer("definition__body")
    )
    page = page_by_key(rows, request, keys=["-pk"], size=PAGE_SIZE)
    context = {
        "page": page,
        "cards": cards(page.rows, today=clock.local(request.arrived_at).date()),
        "organisation": organisation,
        "state": state,
        "states": [
            ("own", _("需本单位办理")),
            ("units", _("部门办理中")),
            ("ended", _("已办结")),
        ],
        "hidden": every.count() if state and not page.rows else 0,
    }
    return render(request, "applications/application_list.html", context)


@require_http_methods(["GET", "POST"])
@require_applicant
def application_start(request, call_uid: str):
    """What a draft under this call will be about, or why there can be none."""
    call = _call(call_uid)
    organisation = organisation_of(request.user)
    if organisation is None:
        raise Http404("organisation")
    schema = schema_of_definition(known(call.definition))
    on = clock.local(request.arrived_at).date()
    refusals = amounts.refusals(call, schema, organisation, on=on)
    refused = None
    # 政策测算 hands its answers on; the page shows them and sends them again.
    carried = prefilling.carried(request.POST if request.method == "POST" else request.GET, schema)
    if request.method == "POST" and not refusals:
        try:
            application = prefilling.start(
                call, carried, organisation=organisation, actor=request.user
            )
        except drafts.NotStarted as fault:
            refused = fault
        else:
            messages.success(request, _("已新建申报。填写的内容会自动保存。"))
            return redirect("application_workspace", application.uid)
    live = list(
        Application.objects.filter(call=call, organisation=organisation)
        .exclude(status__in=VOID)
        .order_by("-pk")
    )
    context = {
        "call": call,
        "measure": call.measure,
        "organisation": organisation,
        "schema": schema,
        "carried": carried,
        "other_kind": prefilling.other_kind(request.GET, organisation),
        "refusals": refusals,
        "nearest": _nearest(organisation, call, on=on) if refusals else [],
        "refused": not_started(refused) if refused else "",
        "live": live[0] if live else None,
        "live_url": reverse("application_case", args=[live[0].uid]) if live else "",
        "may_start": len(live) < drafts.allowed_cases(call),
        "is_open": call.is_open(at=request.arrived_at),
        "sections": [item for item in schema.form.sections if item.kind != "review"],
    }
    status = 200 if request.method == "GET" else 422
    return render(request, "applications/application_start.html", context, status=status)


def _call(uid: str) -> Call:
    try:
        return (
            Call.objects.published()
            .select_related("definition", "measure__article__document", "measure", "lead_unit")
            .get(uid=uid)
        )
    except Call.DoesNotExist:
        raise Http404(uid) from None


def _nearest(organisation, refused: Call, *, on) -> list[Measure]:
    """Up to three measures with an open call whose rules do not exclude the organisation, those
    of the same article first."""
    now = clock.now()
    calls = (
        Call.objects.open(at=now)
        .exclude(pk=refused.pk)
        .select_related("definition", "measure__article", "measure", "lead_unit")
        .order_by("measure__position")
    )
    found = [
        call
        for call in calls
        if call.definition
        and not amounts.refusals(
            call, schema_of_definition(known(call.definition)), organisation, on=on
        )
    ]
    found.sort(key=lambda call: abs(call.measure.article.no - refused.measure.article.no))
    return found[:3]
