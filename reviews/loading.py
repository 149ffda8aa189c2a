"""Loaders of the reviewing pages: they return the object or raise ``Http404``."""

from django.http import Http404

from applications.models import Application, Attachment
from applications.roles import case_roles, get_visible
from reviews.holding import call_roles
from reviews.models import (
    Expert,
    Nomination,
    Objection,
    Panel,
    Proposal,
    PublicNotice,
    Scoring,
    Seat,
    Selection,
    Verification,
)

OFFICERS = frozenset(
    {
        "district_clerk",
        "district_head",
        "lead_clerk",
        "lead_head",
        "co_unit_clerk",
        "co_unit_head",
    }
)


def case_for(user, uid: str, *roles: str) -> tuple[Application, frozenset[str]]:
    """The case and the user's roles in it; one of the roles (by default an officer's) is needed."""
    application = get_visible(user, uid)
    held = case_roles(user, application, memberships=user.present_memberships)
    if not held & (set(roles) or OFFICERS):
        raise Http404(uid)
    return application, held


def attachment_of(application: Application, uid: str) -> Attachment:
    """A file of the case that was not removed."""
    found = (
        application.attachments.filter(uid=uid, removed_at__isnull=True)
        .select_related("blob")
        .first()
    )
    if found is None:
        raise Http404(uid)
    return found


def _get(queryset, uid: str):
    found = queryset.filter(uid=uid).first()
    if found is None:
        raise Http404(uid)
    return found


def _lead(user, call, *roles: str) -> frozenset[str]:
    held = call_roles(user, call)
    if not held & (set(roles) or {"lead_clerk", "lead_head"}):
        raise Http404("role")
    return held


def proposal_for(user, uid: str) -> Proposal:
    """A proposal, for its unit's heads and clerks."""
    found = _get(
        Proposal.objects.select_related(
            "application__organisation", "application__call__measure", "unit", "drafted_by",
            "settled_by", "objection",
        ),
        uid,
    )  # fmt: skip
    units = {held.unit_id for held in user.present_memberships if held.role in {"head", "clerk"}}
    if found.unit_id not in units:
        raise Http404(uid)
    return found


def verification_for(user, uid: str) -> tuple[Verification, frozenset[str]]:
    found = _get(
        Verification.objects.select_related(
            "application__organisation", "application__call__measure", "application__call__lead_unit",
            "application__definition", "application__district", "drafted_by", "released_by",
            "audit_report",
        ),
        uid,
    )  # fmt: skip
    return found, _lead(user, found.application.call)


def panel_for(user, uid: str, *roles: str) -> tuple[Panel, frozenset[str]]:
    found = _get(
        Panel.objects.select_related(
            "call__measure", "call__lead_unit", "call__definition", "drawn_by", "approved_by", "frozen_by",
            "discarded_by",
        ),
        uid,
    )  # fmt: skip
    return found, _lead(user, found.call, *roles)


def seat_of(panel: Panel, uid: str) -> Seat:
    return _get(panel.seats.select_related("expert__user"), uid)


def sheet_for(user, uid: str) -> Scoring:
    """The expert's own sheet, while the expert sits in the panel."""
    found = _get(
        Scoring.objects.filter(seat__expert__user=user).select_related(
            "seat__panel__call__definition", "seat__panel__call__measure__article",
            "seat__expert__user", "application__organisation", "application__definition",
            "application__call__measure", "application__district",
        ),
        uid,
    )  # fmt: skip
    is_seated = found.seat.state == Seat.State.SEATED
    is_open = found.seat.panel.state in {Panel.State.SCORING, Panel.State.FROZEN}
    if not is_seated or not is_open:
        raise Http404(uid)
    return found


def expert_by(uid: str) -> Expert:
    return _get(Expert.objects.select_related("user"), uid)


def selection_for(user, uid: str, *roles: str) -> tuple[Selection, frozenset[str]]:
    found = _get(
        Selection.objects.select_related(
            "call__measure", "call__lead_unit", "call__definition", "drafted_by", "confirmed_by"
        ),
        uid,
    )
    return found, _lead(user, found.call, *roles)


def nomination_for(user, uid: str, *roles: str) -> tuple[Nomination, frozenset[str]]:
    found = _get(
        Nomination.objects.select_related(
            "call__measure", "call__lead_unit", "call__definition", "drafted_by", "released_by"
        ),
        uid,
    )
    return found, _lead(user, found.call, *roles)


def notice_for(user, uid: str, *roles: str) -> tuple[PublicNotice, frozenset[str]]:
    found = _get(
        PublicNotice.objects.select_related(
            "call__measure", "call__lead_unit", "call__definition", "selection", "published_by"
        ),
        uid,
    )
    return found, _lead(user, found.call, *roles)


def objection_for(user, uid: str, *roles: str) -> tuple[Objection, frozenset[str]]:
    found = _get(
        Objection.objects.select_related(
            "notice__call__measure", "notice__call__lead_unit", "application__organisation",
            "application__call__measure", "application__call__lead_unit", "accepted_by", "decided_by",
        ),
        uid,
    )  # fmt: skip
    return found, _lead(user, found.notice.call, *roles)
