"""Panels: draw, approval, progress, freeze and ranking."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.workflow import MoveRefused
from policy.models import Call
from portal import clock
from portal.accounts.loading import require_role, units_of
from portal.accounts.models import Role
from portal.paging import page_by_key
from reviews import experts, panels
from reviews.forms import DrawForm
from reviews.holding import call_roles
from reviews.loading import panel_for, seat_of
from reviews.models import Panel, Scoring
from reviews.refusals import Refused
from reviews.words import words

clerk = require_role(Role.CLERK)
head = require_role(Role.HEAD)
officer = require_role(Role.CLERK, Role.HEAD)


def led_calls(user):
    """Published calls of the measures that the user's units lead."""
    units = units_of(user, Role.CLERK, Role.HEAD)
    return Call.objects.published().filter(lead_unit__in=units).select_related("measure")


@officer
@require_GET
def panel_list(request):
    """Cases that wait for a panel, by call, and the panels."""
    if not experts.may_keep_pool(request.user):
        raise Http404("panels")
    calls = led_calls(request.user)
    waiting = (
        calls.annotate(
            waiting=Count(
                "applications",
                filter=Q(applications__status=panels.STAGE, applications__panel_cases__isnull=True),
            )
        )
        .filter(waiting__gt=0)
        .order_by("code")
    )
    shown = Panel.objects.filter(call__in=calls).select_related("call__measure")
    if call := request.GET.get("call", ""):
        shown = shown.filter(call__uid=call)
    shown = shown.annotate(
        case_count=Count("cases", distinct=True),
        sheet_count=Count("seats__scorings", filter=Q(seats__state="seated"), distinct=True),
        done_count=Count(
            "seats__scorings",
            filter=Q(seats__state="seated", seats__scorings__submitted_at__isnull=False),
            distinct=True,
        ),
    )
    page = page_by_key(shown, request, keys=("-drawn_at", "uid"), size=30)
    context = {
        "waiting": waiting,
        "page": page,
        "rows": page.rows,
        "call": call,
        "today": clock.local(request.arrived_at).date(),
        "may_draw": any(held.role == Role.CLERK for held in request.user.present_memberships),
    }
    return render(request, "reviews/panel_list.html", context)


@clerk
@require_http_methods(["GET", "POST"])
def draw(request, uid: str):
    call = led_calls(request.user).filter(uid=uid).first()
    if call is None or "lead_clerk" not in call_roles(request.user, call):
        raise Http404(uid)
    cases = list(panels.waiting(call))
    data = request.POST if request.method == "POST" else None
    form = DrawForm(data, cases=cases, initial={"cases": [case.uid for case in cases]})
    if data is not None and form.is_valid():
        chosen = set(form.cleaned_data["cases"])
        try:
            panel = panels.draw(
                call,
                cases=[case for case in cases if case.uid in chosen],
                actor=request.user,
                title=form.cleaned_data["title"],
            )
        except Refused as refused:
            form.add_error(None, words(refused))
        else:
            messages.success(request, _("已抽取，待负责人审定。"))
            return redirect("review_panel", panel.uid)
    context = {"form": form, "call": call, "stage": panels.stage_of(call), "cases": cases}
    status = 422 if form.errors else 200
    return render(request, "reviews/panel_draw.html", context, status=status)


def _page(request, panel: Panel, roles, *, error: str = "", status: int = 200):
    is_frozen = panel.state == Panel.State.FROZEN
    seats = list(panel.seats.select_related("expert__user").order_by("order"))
    rows = list(
        panel.cases.select_related("application__organisation").order_by(
            "rank", "application__number"
        )
    )
    sheets = list(panels.sheets(panel))
    known = experts.known_fields()
    context = {
        "panel": panel,
        "roles": roles,
        "seats": [(seat, known.get(seat.field, "")) for seat in seats],
        "excluded": [row for row in panel.pool["experts"] if row["excluded"]],
        "drawable": sum(not row["excluded"] for row in panel.pool["experts"]),
        "rows": rows,
        "table": _table(rows, seats, sheets) if is_frozen else [],
        "columns": [seat.code for seat in seats if seat.state == "seated"],
        "done": sum(sheet.submitted_at is not None for sheet in sheets),
        "total": len(sheets),
        "missing": _missing(seats, sheets),
        "wide": {row.pk for row in panels.flagged(panel)} if is_frozen else set(),
        "is_open": any(row.application.status == panels.STAGE for row in rows),
        "error": error,
        "sheets": sheets if is_frozen else [],
        "typed": request.POST if error else {},
    }
    return render(request, "reviews/panel.html", context, status=status)


def _table(rows, seats, sheets) -> list:
    """Each case with its totals in the seats' order; shown once the panel is frozen."""
    by_key = {(sheet.application_id, sheet.seat_id): sheet for sheet in sheets}
    seated = [seat for seat in seats if seat.state == "seated"]
    return [(row, [by_key.get((row.application_id, seat.pk)) for seat in seated]) for row in rows]


def _missing(seats, sheets) -> list[tuple]:
    """Seated experts by code with how many sheets are not in yet; no score is shown."""
    open_: dict[int, int] = {}
    for sheet in sheets:
        if sheet.submitted_at is None:
            open_[sheet.seat_id] = open_.get(sheet.seat_id, 0) + 1
    return [(seat, open_[seat.pk]) for seat in seats if open_.get(seat.pk)]


@officer
@require_GET
def panel(request, uid: str):
    return _page(request, *panel_for(request.user, uid))


def _act(run, *, role: str, done):
    """A button of the panel's page: the verb, then the page again."""
    guard = clerk if role == "lead_clerk" else head

    @guard
    @require_POST
    def view(request, uid: str, **kwargs):
        found, roles = panel_for(request.user, uid, role)
        try:
            run(request, found, **kwargs)
        except (Refused, MoveRefused) as refused:
            found, roles = panel_for(request.user, uid)
            return _page(request, found, roles, error=words(refused), status=422)
        messages.success(request, done())
        return redirect("review_panel", uid)

    return view


def _sheet_of(panel: Panel, uid: str) -> Scoring:
    found = Scoring.objects.filter(seat__panel=panel, uid=uid).first()
    if found is None:
        raise Refused("no_sheet")
    return found


approve = _act(
    lambda request, found: panels.approve(found, actor=request.user),
    role="lead_head",
    done=lambda: _("专家组已审定，专家可以开始评审。"),
)
discard = _act(
    lambda request, found: panels.discard(
        found, actor=request.user, reason=request.POST.get("reason", "")
    ),
    role="lead_head",
    done=lambda: _("专家组已作废，可以重新抽取。"),
)
freeze = _act(
    lambda request, found: panels.freeze(found, actor=request.user),
    role="lead_clerk",
    done=lambda: _("评分已封存。"),
)
unlock = _act(
    lambda request, found: panels.unlock(
        found,
        scoring=_sheet_of(found, request.POST.get("sheet", "")),
        actor=request.user,
        reason=request.POST.get("reason", ""),
    ),
    role="lead_head",
    done=lambda: _("评分表已解锁，更正后须重新封存。"),
)
conclude = _act(
    lambda request, found: panels.conclude(
        found, actor=request.user, note=request.POST.get("note", "")
    ),
    role="lead_clerk",
    done=lambda: _("专家评审已办结。"),
)
replace = _act(
    lambda request, found, seat: panels.replace(
        seat_of(found, seat), actor=request.user, reason=request.POST.get("reason", "")
    ),
    role="lead_clerk",
    done=lambda: _("已请该专家退出，候补专家递补。"),
)
