"""Selection meetings and their public notices, for the lead unit."""

from collections.abc import Sequence

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policy.money import NotMoney, cny
from portal import clock
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.paging import page_by_key
from reviews import experts, noticing, selecting
from reviews.desk import whole_number
from reviews.forms import NoteForm, NoticeForm, SelectionForm
from reviews.holding import call_roles
from reviews.loading import notice_for, selection_for
from reviews.models import Selection, SelectionItem
from reviews.refusals import Refused
from reviews.selecting import Item
from reviews.views.panels import led_calls
from reviews.words import words

clerk = require_role(Role.CLERK)
head = require_role(Role.HEAD)
officer = require_role(Role.CLERK, Role.HEAD)
OUTCOMES = SelectionItem.Outcome.choices


@officer
@require_GET
def selection_list(request):
    """Calls with cases before a meeting, and the meetings with their notices."""
    if not experts.may_keep_pool(request.user):
        raise Http404("selections")
    calls = led_calls(request.user)
    waiting = (
        calls.annotate(
            waiting=Count("applications", filter=Q(applications__status__in=selecting.STAGES))
        )
        .filter(waiting__gt=0)
        .order_by("code")
    )
    shown = Selection.objects.filter(call__in=calls).select_related(
        "call__measure", "public_notice", "drafted_by"
    )
    if call := request.GET.get("call", ""):
        shown = shown.filter(call__uid=call)
    shown = shown.annotate(
        supported=Count("items", filter=Q(items__outcome="support"), distinct=True),
        open_objections=Count(
            "public_notice__objections",
            filter=Q(public_notice__objections__state__in=noticing.OPEN),
            distinct=True,
        ),
    )
    page = page_by_key(shown, request, keys=("-drafted_at", "uid"), size=30)
    context = {
        "waiting": waiting,
        "page": page,
        "rows": page.rows,
        "call": call,
        "today": clock.local(request.arrived_at).date(),
        "may_draft": any(held.role == Role.CLERK for held in request.user.present_memberships),
    }
    return render(request, "reviews/selection_list.html", context)


def _typed_items(data, rows) -> tuple[list[Item], list[dict], list[tuple[str, str]]]:
    """The rows as typed: items to write, rows to show again, errors with their inputs."""
    items, shown, errors = [], [], []
    for row in rows:
        uid = row.application.uid
        outcome = data.get(f"outcome.{uid}", "")
        typed = data.get(f"amount.{uid}", "").strip()
        reason = data.get(f"reason.{uid}", "").strip()
        shown.append(
            {"row": row, "outcome": outcome, "amount": typed, "reason": reason, "error": ""}
        )
        if not outcome:
            continue
        try:
            plain = typed.replace(",", "").replace("，", "")
            amount = cny(plain) if plain else selecting.ZERO
        except NotMoney:
            shown[-1]["error"] = _("金额填写有误，须为元，精确到分。")
            errors.append((f"#amount-{uid}", f"{row.application.number}：{shown[-1]['error']}"))
            continue
        items.append(Item(row.application, outcome, amount, reason))
    return items, shown, errors


def _first_rows(call, rows, existing) -> list[dict]:
    suggested = selecting.suggested(call, rows)
    known = {item.application_id: item for item in existing}
    return [
        {
            "row": row,
            "outcome": known[row.application.pk].outcome if row.application.pk in known else "",
            "amount": f"{known[row.application.pk].recommended_cny:.2f}"
            if row.application.pk in known
            else f"{suggested[row.application.pk]:.2f}",
            "reason": known[row.application.pk].reason if row.application.pk in known else "",
            "error": "",
        }
        for row in rows
    ]


@clerk
@require_http_methods(["GET", "POST"])
def draft(request, uid: str):
    """A new meeting of a call."""
    call = led_calls(request.user).filter(uid=uid).first()
    if call is None or "lead_clerk" not in call_roles(request.user, call):
        raise Http404(uid)
    return _edit(request, call, None)


@clerk
@require_http_methods(["GET", "POST"])
def edit(request, uid: str):
    """A drafted meeting, written anew."""
    found, _roles = selection_for(request.user, uid, "lead_clerk")
    if found.state != Selection.State.DRAFTED:
        raise Http404(uid)
    return _edit(request, found.call, found)


def _edit(request, call, selection: Selection | None):
    existing = list(selection.items.all()) if selection else []
    rows = selecting.candidates(call)
    data = request.POST if request.method == "POST" else None
    initial = {"met_on": clock.local(request.arrived_at).date()} if selection is None else {}
    form = SelectionForm(data, instance=selection, initial=initial)
    errors: list[tuple[str, str]] = []
    items: Sequence[Item | SelectionItem]
    if data is None:
        shown, items = _first_rows(call, rows, existing), existing
    else:
        typed, shown, errors = _typed_items(data, rows)
        items = typed
        if form.is_valid() and not errors:
            try:
                saved = _save(request, call, selection, form, typed)
            except Refused as refused:
                errors = [("", words(refused))]
            else:
                messages.success(request, _("遴选结果已起草，待负责人确认。"))
                return redirect("review_selection", saved.uid)
    context = {
        "call": call,
        "selection": selection,
        "seen": whole_number(data.get("seen"), 1) if data is not None else
        (selection.revision if selection else 1),
        "form": form,
        "errors": errors,
        "rows": shown,
        "outcomes": [
            (code, label)
            for code, label in OUTCOMES
            if code != SelectionItem.Outcome.WAITLIST or selecting.rules_of(call).waiting_list
        ],
        "totals": selecting.totals(items, selecting.figures_of(call)),
    }  # fmt: skip
    status = 422 if errors or form.errors else 200
    return render(request, "reviews/selection_form.html", context, status=status)


def _save(request, call, selection, form, items) -> Selection:
    given = form.cleaned_data
    fields = {
        "title": given["title"], "met_on": given["met_on"], "minutes": given["minutes"],
        "items": items, "actor": request.user,
    }  # fmt: skip
    if selection is None:
        return selecting.draft(call, **fields)
    seen = whole_number(request.POST.get("seen"), 0)
    return selecting.update(selection, seen_revision=seen, **fields)


@clerk
@require_POST
def sums(request, uid: str):
    """The sum of what is chosen against what is left, for htmx."""
    call = led_calls(request.user).filter(uid=uid).first()
    if call is None or "lead_clerk" not in call_roles(request.user, call):
        raise Http404(uid)
    items, _shown, _errors = _typed_items(request.POST, selecting.candidates(call))
    context = {"totals": selecting.totals(items, selecting.figures_of(call))}
    return render(request, "reviews/_selection_sum.html", context)


@officer
@require_GET
def selection(request, uid: str):
    return _page(request, *selection_for(request.user, uid))


def _page(request, found: Selection, roles, *, form=None, error: str = "", status: int = 200):
    items = list(found.items.select_related("application__organisation", "application__district"))
    notice = getattr(found, "public_notice", None)
    is_draft = found.state == Selection.State.DRAFTED
    context = {
        "selection": found,
        "roles": roles,
        "items": items,
        "totals": selecting.totals(items, selecting.figures_of(found.call)),
        "notice": notice,
        "may_edit": is_draft and "lead_clerk" in roles,
        "may_settle": is_draft
        and "lead_head" in roles
        and found.drafted_by_id != request.user.pk
        and not found.sent_back_note,
        "may_publish": not is_draft and notice is None and "lead_clerk" in roles,
        "confirm_url": _confirm_url(found),
        "form": form or NoteForm(),
        "error": error,
    }
    return render(request, "reviews/selection.html", context, status=status)


def _confirm_url(found: Selection) -> str:
    """Confirming reserves money and places: the page lives above, in awards."""
    try:
        return reverse("award_selection_confirm", args=[found.uid])
    except NoReverseMatch:
        return ""


@head
@require_POST
def send_back(request, uid: str):
    found, roles = selection_for(request.user, uid, "lead_head")
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, roles, form=form, status=422)
    try:
        selecting.send_back(found, actor=request.user, note=form.cleaned_data["note"])
    except Refused as refused:
        return _page(request, found, roles, form=form, error=words(refused), status=422)
    messages.success(request, _("已退回经办人。"))
    return redirect("review_release_list")


# --- the notice, inside ----------------------------------------------------------------


@clerk
@require_http_methods(["GET", "POST"])
def publish(request, uid: str):
    """Publish the list of a confirmed selection."""
    found, _roles = selection_for(request.user, uid, "lead_clerk")
    if found.state != Selection.State.CONFIRMED or hasattr(found, "public_notice"):
        raise Http404(uid)
    unit = found.call.lead_unit
    initial = {
        "title": noticing.proposed_title(found.call),
        "text": _(
            "根据申报、评审和遴选情况，现将拟支持名单予以公示。公示期内，任何单位和个人均可实名提出异议。"
        ),
        "contact": f"{unit.name_zh} {unit.division} {unit.service_phone}".strip(),
    }
    form = NoticeForm(request.POST or None, initial=initial)
    limit = noticing.limit_of(found.call)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            notice = noticing.publish(
                found, actor=request.user, title=given["title"], text=given["text"],
                contact=given["contact"],
            )  # fmt: skip
        except Refused as refused:
            form.add_error(None, words(refused))
        else:
            messages.success(request, _("公示已发布。"))
            return redirect("review_notice", notice.uid)
    context = {
        "selection": found,
        "form": form,
        "cases": _public_rows(found),
        "limit": limit,
        **noticing.period(clock.local(request.arrived_at).date(), limit),
    }
    status = 422 if form.errors else 200
    return render(request, "reviews/notice_form.html", context, status=status)


def _public_rows(found: Selection) -> list[SelectionItem]:
    """What the public reads of each case: number, title, organisation, district, amount."""
    return list(
        found.items.filter(outcome=SelectionItem.Outcome.SUPPORT)
        .select_related("application__organisation", "application__district")
        .order_by("application__number")
    )


@officer
@require_GET
def notice(request, uid: str):
    return _notice_page(request, *notice_for(request.user, uid))


def _notice_page(request, found, roles, *, error: str = "", status: int = 200):
    today = clock.local(request.arrived_at).date()
    context = {
        "notice": found,
        "roles": roles,
        "items": _public_rows(found.selection),
        "objections": list(
            found.objections.select_related("application__organisation").order_by("-filed_at")
        ),
        "is_public": noticing.is_public(found, on=today),
        "is_over": found.ends_on is not None and today > found.ends_on,
        "may_close": "lead_clerk" in roles and found.closed_at is None,
        "error": error,
    }
    return render(request, "reviews/notice.html", context, status=status)


@clerk
@require_POST
def close(request, uid: str):
    found, roles = notice_for(request.user, uid, "lead_clerk")
    try:
        moved = noticing.close(found, actor=request.user)
    except Refused as refused:
        return _notice_page(request, found, roles, error=words(refused), status=422)
    messages.success(
        request,
        ngettext(
            "公示已办结，{count} 个项目转入立项。",
            "公示已办结，{count} 个项目转入立项。",
            len(moved),
        ).format(count=len(moved)),
    )
    return redirect("review_notice", uid)
