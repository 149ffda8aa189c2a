"""Calls, for policy administrators: list, draft, difference, publication, acts afterwards."""

from datetime import date, datetime, timedelta
from typing import cast

from django.contrib import messages
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policy import call_changes, calls
from policy.calls import CallRefused, StaleDraft
from policy.differences import (
    LABELS,
    Line,
    defaults_kept,
    difference,
    difference_of,
    remarks,
    show_field,
)
from policy.forms import CallChangeForm, CallForm, refusal_message, unready_messages
from policy.models import CalendarYear, Call, CallChange, Definition, Measure
from policy.naming import with_names
from policy.schema import DefinitionSchema
from portal import clock
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.audit.models import Event
from portal.paging import page_by_key
from portal.types import known

policy_admin = require_role(Role.POLICY_ADMIN)

STATUSES = ("draft", "published", "closed")


def _call(uid: str) -> Call:
    found = (
        Call.objects.select_related(
            "measure", "lead_unit", "measure__article", "definition", "drafted_by", "published_by",
            "figures",
        )
        .filter(uid=uid)
        .first()
    )  # fmt: skip
    if found is None:
        raise Http404(uid)
    return found


@policy_admin
@require_GET
def home(request):
    """What waits for the administrator: drafts, acts to release, years to load."""
    now = request.arrived_at
    drafts = list(
        Call.objects.filter(status=Call.Status.DRAFT)
        .select_related("measure", "drafted_by")
        .order_by("-created_at")
    )
    waiting = list(
        CallChange.objects.waiting().select_related("call", "call__measure", "drafted_by")
    )
    years = list(CalendarYear.objects.order_by("-year"))
    this_year = clock.local(now).year
    loaded = {row.year for row in years}
    context = {
        "to_publish": [call for call in drafts if call.drafted_by_id != request.user.pk],
        "own_drafts": [call for call in drafts if call.drafted_by_id == request.user.pk],
        "waiting": [(change, difference_of(change)) for change in waiting],
        "open_calls": list(
            Call.objects.open(at=now).select_related("measure", "figures").order_by("closes_at")
        ),
        "years": years,
        "missing_years": [year for year in (this_year, this_year + 1) if year not in loaded],
    }
    return render(request, "policy/admin_home.html", context)


@policy_admin
@require_GET
def call_list(request):
    status = request.GET.get("status", "")
    every = Call.objects.select_related("measure", "lead_unit", "figures", "drafted_by")
    shown = every.filter(status=status) if status in STATUSES else every
    page = page_by_key(shown, request, keys=["-created_at", "uid"])
    context = {
        "page": page,
        "status": status if status in STATUSES else "",
        "statuses": [(code, Call.Status(code).label) for code in STATUSES],
        "hidden": every.count() if status in STATUSES and not page.rows else 0,
    }
    return render(request, "policy/admin_call_list.html", context)


@policy_admin
@require_GET
def call_choose(request):
    """The measures, with why those that cannot be called cannot."""
    in_force = {
        found.measure_id: calls.schema_of(found)
        for found in Definition.objects.in_force(on=clock.local(request.arrived_at).date())
    }
    rows = [
        (measure, measure.pk in in_force and in_force[measure.pk].can_be_called)
        for measure in Measure.objects.select_related("article", "lead_unit")
    ]
    return render(request, "policy/admin_call_choose.html", {"rows": rows})


@policy_admin
@require_http_methods(["GET", "POST"])
def call_new(request, line: str):
    measure = Measure.objects.select_related("article", "lead_unit").filter(line=line).first()
    if measure is None:
        raise Http404(line)
    try:
        definition = calls.definition_in_force(measure, on=clock.local(request.arrived_at).date())
    except CallRefused as refused:
        messages.error(request, refusal_message(refused))
        return redirect("policy_call_choose")
    schema = with_names(calls.schema_of(definition))
    form = CallForm(
        request.POST or None, schema=schema, initial=_suggested(measure, schema, request)
    )
    if request.method == "POST" and form.is_valid():
        try:
            call = calls.draft(measure, form.draft_fields(), actor=request.user)
        except CallRefused as refused:
            form.add_error(None, refusal_message(refused))
        else:
            messages.success(request, _("草稿已保存，请核对差异。"))
            return redirect("policy_call_review", call.uid)
    context = {"form": form, "measure": measure, "schema": schema}
    return render(request, "policy/admin_call_form.html", context, status=_status(form))


def _suggested(measure: Measure, schema: DefinitionSchema, request) -> dict:
    """A start for a new call: the customary names, places and window, all open to change."""
    today = clock.local(request.arrived_at)
    opens_at = (today + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    closes_at = (opens_at + timedelta(days=30)).replace(hour=17, minute=30)
    return {
        "year": today.year,
        "title_zh": f"{today.year}年度{measure.name_zh}申报通知",
        "title_en": f"{today.year} call: {measure.name_en}",
        "opens_at": opens_at,
        "closes_at": closes_at,
        "places": schema.quota.places if schema.quota else None,
    }


@policy_admin
@require_http_methods(["GET", "POST"])
def call_edit(request, uid: str):
    call = _call(uid)
    if call.status != Call.Status.DRAFT:
        return redirect("policy_call_review", call.uid)
    try:
        definition = calls.definition_in_force(
            call.measure, on=clock.local(request.arrived_at).date()
        )
    except CallRefused as refused:
        messages.error(request, refusal_message(refused))
        return redirect("policy_call_review", call.uid)
    schema = with_names(calls.schema_of(definition))
    form = CallForm(request.POST or None, schema=schema, call=call)
    context = {"form": form, "measure": call.measure, "schema": schema, "call": call}
    if request.method == "POST" and form.is_valid():
        try:
            calls.update(
                call,
                form.draft_fields(),
                actor=request.user,
                seen_revision=form.cleaned_data["revision"] or 0,
            )
        except StaleDraft as stale:
            context |= _collision(form, stale.call, schema)
        except CallRefused as refused:
            form.add_error(None, refusal_message(refused))
        else:
            messages.success(request, _("草稿已保存，请核对差异。"))
            return redirect("policy_call_review", call.uid)
    return render(request, "policy/admin_call_form.html", context, status=_status(form))


def _collision(form: CallForm, current: Call, schema: DefinitionSchema) -> dict:
    """The page after two people (or tabs) wrote one draft: what stands now beside what was typed.

    What was typed stays in the form; saving again puts it in place of what stands now.
    """
    data = cast(QueryDict, form.data).copy()
    data["revision"] = str(current.revision)
    form.data = data
    last = Event.objects.filter(
        object_type="policy.call", object_id=str(current.pk), action="call.update"
    ).last()
    theirs = CallForm(schema=schema, call=current)
    lines = []
    for name, field in form.fields.items():
        typed, stands = form[name].value(), theirs[name].value()
        if name != "revision" and _as_text(typed) != _as_text(stands):
            lines.append((f"id_{name}", field.label, _as_text(stands), _as_text(typed)))
    form.add_error(None, _("保存前草稿已被他人修改，请核对后再保存。"))
    return {"collision": lines, "changed_by": current.drafted_by, "changed_at": last and last.at}


def _as_text(value) -> str:
    """A value of a form as a person reads it, typed or stored alike."""
    if isinstance(value, list):
        return "、".join(map(str, value))
    if isinstance(value, datetime):
        # Django's form fields show moments in Asia/Shanghai, naive.
        return value.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value).replace("\r\n", "\n")


@policy_admin
@require_GET
def call_review(request, uid: str):
    return render(request, "policy/admin_call_review.html", _review(request, _call(uid)))


def _review(request, call: Call) -> dict:
    context: dict = {
        "call": call,
        "own": call.drafted_by_id == request.user.pk,
        "discard_fields": {"revision": call.revision},
    }
    if call.status == Call.Status.DRAFT:
        try:
            definition = calls.definition_in_force(
                call.measure, on=clock.local(request.arrived_at).date()
            )
        except CallRefused as refused:
            return context | {"blocked": refusal_message(refused), "lines": []}
        schema = with_names(calls.schema_of(definition))
        found = calls.unready(call, schema=schema, at=request.arrived_at)
        return context | {
            "definition": definition,
            "newer_rules": definition != call.definition,
            "lines": difference(call, schema=schema),
            "kept": defaults_kept(call, schema=schema),
            "remarks": remarks(call, schema=schema),
            "unready": unready_messages(found, schema=schema),
        }
    changes = list(call.changes.select_related("drafted_by", "released_by", "dropped_by"))
    schema = with_names(calls.schema_of(known(call.definition)))
    return context | {
        "lines": difference(call, schema=schema),
        "kept": defaults_kept(call, schema=schema),
        "waiting": [
            (change, difference_of(change), change.drafted_by_id == request.user.pk)
            for change in changes
            if change.state == CallChange.State.DRAFTED
        ],
        "past": [
            (change, difference_of(change))
            for change in reversed(changes)
            if change.state != CallChange.State.DRAFTED
        ],
        "kinds": _possible_kinds(call, changes, at=request.arrived_at),
        "is_open": call.is_open(at=request.arrived_at),
    }


def _possible_kinds(call: Call, changes, *, at) -> list[tuple[str, str]]:
    """The acts that may be drafted now."""
    waiting = {row.field for row in changes if row.state == CallChange.State.DRAFTED}
    if call.status != Call.Status.PUBLISHED:
        return []
    possible = []
    for kind in CallChange.Field:
        times = {CallChange.Field.CLOSES_AT, CallChange.Field.CLOSE}
        over = call.closes_at <= at and kind in times
        unbounded = (kind == CallChange.Field.BUDGET and call.budget_cny is None) or (
            kind == CallChange.Field.PLACES and call.places is None
        )
        if kind not in waiting and not over and not unbounded:
            possible.append((kind.value, str(kind.label)))
    return possible


@policy_admin
@require_POST
def call_ask(request, uid: str):
    call = _call(uid)
    try:
        told = calls.ask_publication(call, actor=request.user)
    except CallRefused as refused:
        messages.error(request, refusal_message(refused))
    else:
        if told:
            messages.success(request, _("已提请其他政策管理员发布。"))
        else:
            messages.error(request, _("没有其他政策管理员，请账户管理员先行开通。"))
    return redirect("policy_call_review", call.uid)


@policy_admin
@require_POST
def call_publish(request, uid: str):
    call = _call(uid)
    try:
        calls.publish(
            call,
            actor=request.user,
            seen_revision=_number(request.POST.get("revision")),
            seen_definition=request.POST.get("definition", ""),
        )
    except StaleDraft:
        messages.error(request, _("草稿在您核对之后又有修改，请重新核对差异后再发布。"))
    except CallRefused as refused:
        messages.error(request, refusal_message(refused))
    else:
        messages.success(request, _("申报通知已发布。"))
    return redirect("policy_call_review", call.uid)


@policy_admin
@require_POST
def call_discard(request, uid: str):
    call = _call(uid)
    try:
        calls.discard(call, actor=request.user, seen_revision=_number(request.POST.get("revision")))
    except StaleDraft:
        messages.error(request, _("草稿在您打开之后又有修改，请核对后再删除。"))
        return redirect("policy_call_review", call.uid)
    except CallRefused as refused:
        messages.error(request, refusal_message(refused))
        return redirect("policy_call_review", call.uid)
    messages.success(request, _("草稿已删除。"))
    return redirect("policy_call_list")


@policy_admin
@require_http_methods(["GET", "POST"])
def change_new(request, uid: str, kind: str):
    call = _call(uid)
    if kind not in CallChange.Field.values or call.status == Call.Status.DRAFT:
        raise Http404(kind)
    form = CallChangeForm(request.POST or None, call=call, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            call_changes.draft(
                call,
                kind,
                after=form.cleaned_data.get("after"),
                reason=form.cleaned_data["reason"],
                actor=request.user,
            )
        except CallRefused as refused:
            form.add_error(None, refusal_message(refused))
        else:
            messages.success(request, _("变更已起草，由另一位政策管理员签发后生效。"))
            return redirect("policy_call_review", call.uid)
    stands = "status" if kind == CallChange.Field.CLOSE else kind
    now = (
        Line(stands, LABELS[stands], None, show_field(kind, getattr(call, kind)))
        if stands == kind and getattr(call, kind) is not None
        else None
    )
    context = {"form": form, "call": call, "kind": CallChange.Field(kind), "now": now}
    return render(request, "policy/admin_change_form.html", context, status=_status(form))


@policy_admin
@require_POST
def change_drop(request, uid: str):
    change = CallChange.objects.select_related("call").filter(uid=uid).first()
    if change is None:
        raise Http404(uid)
    try:
        call_changes.drop(change, actor=request.user, note=request.POST.get("note", "")[:500])
    except CallRefused as refused:
        messages.error(request, refusal_message(refused))
    else:
        messages.success(request, _("变更已撤回，未生效。"))
    return redirect("policy_call_review", change.call.uid)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _status(form) -> int:
    return 422 if form.is_bound and form.errors else 200
