"""A case after its submission: its road, its corrections, small moves, its date for a calendar."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications import timeline
from applications.models import EDITABLE, Status
from applications.roles import case_roles, get_visible
from applications.views.frames import OWN, own_case
from applications.views.wording import move_refused
from applications.workflow import MoveRefused, available_actions, move, schema_of
from policy import workdays
from portal import clock
from portal.accounts.loading import require_applicant, require_role

# Moves that are a button here; others have a page of their own.
BUTTONS = ("hand_over", "take_back")
# Where the others meet the case, by their part in it: pages of the upper floors, by name. The
# address of a case, as notices bear it, is the same for everybody.
DESKS = {
    "district": ("review_desk", True),
    "lead": ("review_desk", True),
    "co_unit": ("review_desk", True),
    "finance": ("award_finance_inbox", False),
    "expert": ("review_expert_home", False),
}
WITHDRAWAL = "award_withdraw"
PAYMENTS = "award_case_payments"


@require_GET
@require_role()
def application_case(request, uid: str):
    """The case's own address: the workspace of a draft, the road of a submitted case, the desk
    for the units."""
    application = get_visible(request.user, uid)
    roles = case_roles(request.user, application)
    if not roles & set(OWN):
        return _to_desk(uid, roles)
    if application.status in {Status.DRAFT, Status.HANDED}:
        return redirect("application_workspace", uid)
    today = clock.local(request.arrived_at).date()
    calendar = workdays.stored_calendar()
    road = timeline.Road.of(application, calendar=calendar)
    actions = available_actions(application, request.user)
    context = {
        "application": application,
        "call": application.call,
        "now": timeline.now_of(application, today=today, calendar=calendar),
        "entries": road.entries(today=today),
        "actions": actions,
        "returned_because": timeline.returned_because(application),
        "is_with_us": application.status in EDITABLE,
        "correction": next((row for row in road.corrections if row.answered_at is None), None),
        "withdraw_url": _url(WITHDRAWAL, uid) if "withdraw" in actions else "",
        "payments_url": _url(PAYMENTS, uid) if application.approved_cny is not None else "",
        "sections": [
            item for item in schema_of(application).form.sections if item.kind != "review"
        ],
        "has_receipt": bool(road.submissions),
    }
    return render(request, "applications/application_case.html", context)


def _url(name: str, *args: str) -> str:
    """The page of an upper floor, or "" where there is none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _to_desk(uid: str, roles):
    for part, (name, takes_uid) in DESKS.items():
        has_part = any(role.startswith(part) for role in roles)
        if has_part and (url := _url(name, *([uid] if takes_uid else []))):
            return redirect(url)
    raise Http404(uid)


@require_GET
@require_applicant
def application_correction(request, uid: str, round: int):
    """What a round of correction asked for, and what was changed: before and after."""
    application = own_case(request, uid)
    correction = application.corrections.filter(round=round).first()
    if correction is None:
        raise Http404(str(round))
    labels = _labels(application)
    return render(
        request,
        "applications/application_correction.html",
        {
            "application": application,
            "call": application.call,
            "correction": correction,
            "flags": [
                {"label": labels.get(flag["path"], flag["path"]), "reason": flag.get("reason", "")}
                for flag in correction.flagged
            ],
        },
    )


def _labels(application) -> dict:
    """The labels of everything that a correction may flag, by path; a section by its title."""
    schema = schema_of(application)
    found: dict[str, Any] = {}
    for section in schema.form.sections:
        found[section.code] = found[section.kind] = section.title
        for item in section.fields:
            found[f"{section.code}.{item.code}"] = item.label
        if section.kind == "attachments":
            for slot in schema.attachments:
                found[f"{section.code}.{slot.code}"] = found[f"attachments.{slot.code}"] = (
                    slot.label
                )
    return found


@require_POST
@require_applicant
def application_move(request, uid: str):
    """Hand over to the organisation's admin, or give back to the filler."""
    application = own_case(request, uid)
    action = request.POST.get("action", "")
    if action not in BUTTONS:
        raise Http404(action)
    seen = request.POST.get("revision", "")
    try:
        move(
            application,
            action,
            actor=request.user,
            note=request.POST.get("note", "")[:500],
            seen_revision=int(seen) if seen.isascii() and seen.isdigit() else None,
        )
    except MoveRefused as fault:
        messages.error(request, move_refused(fault))
    else:
        done = {
            "hand_over": _("已交单位管理员。管理员核对后提交。"),
            "take_back": _("已退回填报人。"),
        }
        messages.success(request, done[action])
    return redirect("application_workspace", uid)


@require_GET
@require_applicant
def application_calendar(request, uid: str):
    """The due date as an .ics for the reader's own calendar."""
    application = own_case(request, uid)
    if application.due_on is None:
        raise Http404("due")
    text = timeline.calendar_entry(application, at=request.arrived_at)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{application.number}.ics"'
    return response
