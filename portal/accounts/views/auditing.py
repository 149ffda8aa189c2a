"""The auditor's pages: events, and the state of their chain."""

import django_filters
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from portal import clock
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.audit import exporting, watching
from portal.audit.models import Event, Head
from portal.audit.recording import record
from portal.audit.tasks import check
from portal.paging import page_by_key

auditor_only = require_role(Role.AUDITOR)


class EventFilter(django_filters.FilterSet):
    """Filters of the list; each stands in the URL."""

    action = django_filters.CharFilter(
        label=gettext_lazy("动作"), lookup_expr="icontains", max_length=80
    )
    actor = django_filters.CharFilter(
        label=gettext_lazy("办理人"), field_name="actor_label", lookup_expr="icontains",
        max_length=100,
    )  # fmt: skip
    object_type = django_filters.CharFilter(
        label=gettext_lazy("对象类型"), lookup_expr="icontains", max_length=80
    )
    object_id = django_filters.CharFilter(label=gettext_lazy("对象编号"), max_length=64)
    since = django_filters.DateFilter(
        label=gettext_lazy("自"), field_name="at", lookup_expr="date__gte",
        widget=forms.DateInput(attrs={"type": "date"}),
    )  # fmt: skip
    until = django_filters.DateFilter(
        label=gettext_lazy("至"), field_name="at", lookup_expr="date__lte",
        widget=forms.DateInput(attrs={"type": "date"}),
    )  # fmt: skip

    class Meta:
        model = Event
        fields: list[str] = []


@auditor_only
@require_GET
def event_list(request):
    """Events, the newest first, under the filters of the URL."""
    events = Event.objects.filter(position__isnull=False)
    filters = EventFilter(request.GET, queryset=events)
    for field in filters.form.fields.values():
        field.widget.attrs["class"] = "form-control"
    page = page_by_key(
        filters.qs if filters.is_valid() else events.none(), request, keys=["-position"]
    )
    filtered = any(request.GET.get(name) for name in filters.filters)
    return render(
        request,
        "audit/event_list.html",
        {
            "page": page,
            "form": filters.form,
            "filtered": filtered,
            "hidden": events.count() if filtered and not page.rows else None,
            **watching.chain_state(),
        },
        status=200 if filters.is_valid() else 422,
    )


@auditor_only
@require_GET
def event_detail(request, digest):
    """One event, named by its hash, with its neighbours in the history of its object."""
    event = get_object_or_404(Event, hash=digest)
    same = Event.objects.filter(
        object_type=event.object_type, object_id=event.object_id, position__isnull=False
    )
    page = page_by_key(same, request, keys=["-position"])
    return render(request, "audit/event_detail.html", {"event": event, "page": page})


@auditor_only
@require_POST
def run_check(request):
    """Have the whole chain verified now; the result shows on the list."""
    with transaction.atomic():
        record("audit.check", obj=Head(), actor=request.user)
        transaction.on_commit(check.delay, robust=True)
    messages.info(request, _("已开始核验，完成后结果显示在本页。"))
    return redirect("audit_event_list")


@auditor_only
@require_POST
def export(request):
    """The whole chain as JSON lines, for the independent verifier."""
    with transaction.atomic():
        record("audit.export", obj=Head(), actor=request.user)
    day = clock.today().isoformat()
    return StreamingHttpResponse(
        exporting.lines(),
        content_type="application/jsonl; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="audit-{day}.jsonl"'},
    )
