"""The desk of one case, its documents, ticks and findings."""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications import content as contents
from applications.models import LAST_DAY
from policy import workdays
from portal import clock
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.files.serving import respond
from reviews import checking, consulting, desk, findings, forms, history, inbox, masking, reading
from reviews.act_forms import FORMS, first_form
from reviews.loading import attachment_of, case_for
from reviews.refusals import Refused
from reviews.views import undo_bar
from reviews.views.lists import chosen_view
from reviews.words import words

officer = require_role(Role.CLERK, Role.HEAD)
QUEUE = 50
# Of them before the case at hand, where it stands further on.
BEFORE = 10


def show(request, case, roles, *, act: str = "", form=None, wrong=None, status: int = 200):
    """The desk with the case; ``act`` opens that act's form in the panel, ``wrong`` (key, error,
    typed) keeps what was typed about a finding or an item."""
    today, calendar = clock.local(request.arrived_at).date(), workdays.stored_calendar()
    content = contents.load(case)
    board = desk.build(
        case, roles, request.user, request.GET, content=content, today=today, calendar=calendar
    )
    queue = _queue(request, case, roles, today=today, calendar=calendar)
    tab = request.GET.get("tab", "")
    tab = tab if tab in desk.TABS else "check"
    mask = masking.for_officer(case)
    context = {
        "desk": board,
        "case": case,
        "queue": queue,
        "next_uid": _next(board, queue),
        "tab": tab,
        "act": act,
        "kind": FORMS.get(act),
        "form": form,
        "file_route": "review_document",
        "owner_uid": case.uid,
        "paper_title": case.title,
        "wrong": wrong,
        "undo": undo_bar.of(request),
        **_panel(board, tab, act, mask, wrong, today=today),
        **_document(board, mask, request.GET),
    }
    return render(request, "reviews/desk.html", context, status=status)


def _queue(request, case, roles, *, today, calendar) -> dict:
    """The list on the left: the saved view of the address, the soonest due first. Without one, a
    co-unit's people see what awaits their opinion, the others what their unit holds."""
    units = inbox.units(request.user)
    until = inbox.soon_until(today, calendar)
    holds = any(not role.startswith("co_unit") for role in roles)
    code = chosen_view(
        request.GET, {"mine": 1} if holds else {"opinions": 1}, also=(inbox.ALL.code,)
    )
    days = {"today": today, "until": until}
    found = inbox.CaseFilter(request.GET, lambda: inbox.cases(code, units, **days))
    if found.narrows:
        first = list(found.qs.order_by(*inbox.KEYS)[: QUEUE + 1])
    else:
        first = inbox.front(code, units, QUEUE + 1, **days)
    cases, is_cut = _window(found, first, case)
    kept = desk.kept_query(request.GET, view=code)
    route = "review_case_list" if code == inbox.ALL.code else "review_inbox"
    return {
        "kept": kept,
        "back": f"{reverse(route)}?{kept}#c-{case.uid}",
        "is_cut": is_cut,
        "found": found,
        "filters": {n: request.GET[n] for n in desk.FILTERS[1:] if request.GET.get(n)},
        "view": next(view for view in (*inbox.VIEWS, inbox.ALL) if view.code == code),
        "rows": inbox.rows(cases, today=today, calendar=calendar),
        "is_filtered": found.is_set,
        "q": request.GET.get("q", ""),
    }


def _window(found: inbox.CaseFilter, first: list, case) -> tuple[list, bool]:
    """The part of the list that the desk shows, and whether there is more: its ``first`` cases, or
    those around a case that stands further on."""
    shown = first[:QUEUE]
    if len(first) <= QUEUE or any(row.pk == case.pk for row in shown):
        return shown, len(first) > QUEUE
    key = case.due_on or LAST_DAY
    behind = Q(due_key__gt=key) | Q(due_key=key, uid__gte=case.uid)
    # Said once more of the key alone: the index starts there.
    rest = list(found.qs.filter(behind, due_key__gte=key).order_by(*inbox.KEYS)[: QUEUE - BEFORE])
    if not any(row.pk == case.pk for row in rest):
        return shown, True
    ahead = found.qs.filter(Q(due_key__lt=key) | Q(due_key=key, uid__lt=case.uid), due_key__lte=key)
    backwards = [f"-{name}" for name in inbox.KEYS]
    return [*list(ahead.order_by(*backwards)[:BEFORE])[::-1], *rest], True


def _next(board: desk.Desk, queue: dict) -> str:
    """The case to go to once this one is done with: the one behind it, else the first."""
    if queue["view"] is inbox.ALL:
        return ""
    uids = [row.case.uid for row in queue["rows"]]
    rest = [uid for uid in uids if uid != board.case.uid]
    if board.case.uid in uids:
        behind = uids[uids.index(board.case.uid) + 1 :]
        rest = behind or rest
    return rest[0] if rest else ""


def _panel(board: desk.Desk, tab: str, act: str, mask, wrong: dict | None, *, today) -> dict:
    """What the chosen tab shows."""
    case = board.case
    if tab == "amount":
        figures = getattr(case.call, "figures", None)
        return {
            "steps": desk.steps_of(board),
            "figures": figures,
            "has_invoices": bool(board.content.schema.award.items),
        }
    if tab == "history":
        return {
            "events": history.events(case),
            "corrections": history.corrections(case),
        }
    if tab == "check" and not act:
        return {
            "points": [point_row(point, board, mask, wrong) for point in board.points],
            "opinions": opinions_of(case, today=today),
            "may_tick": "lead_clerk" in board.roles and case.status == checking.STAGE,
            "claims": [
                claim
                for chapter in board.chapters
                for claim in chapter.claims
                if claim.evidence and claim.words
            ],
        }
    if act == "conclude":
        return {"opinions": opinions_of(case, today=today)}
    return {"may_settle": bool(board.roles & set(findings.SETTLERS))}


def opinions_of(case, *, today) -> list:
    """The matrix of the joint review; nobody was asked before it."""
    if case.status in {"recommendation", "formal_check"}:
        return []
    found = list(case.opinions.select_related("unit").order_by("unit__position", "unit__code"))
    for opinion in found:
        opinion.falls_silent = consulting.falls_silent(opinion, today=today)
    return found


def point_row(point: checking.Point, board: desk.Desk, mask, wrong: dict | None = None) -> dict:
    """An item of the check with its evidence; ``wrong`` (key, error, typed) of this item keeps
    what was typed."""
    code, item, document = point.point.code, point.item, board.document
    if wrong and wrong["key"] != code:
        wrong = None
    page: int | str | None = ""
    if item and item.attachment and item.attachment.uid == document.key:
        page = item.page
    path = reverse("review_tick", args=[board.case.uid, code])
    return {
        "point": point.point,
        "item": item,
        "code": code,
        "url": f"{path}{board.address.as_it_is}",
        "evidence": reading.evidence(
            point.point.evidence, board.content, mask, link=board.address, pages=board.seen_pages
        ),
        "file": document.key if document.file and document.key != reading.FORM else "",
        "has_pages": bool(document.file and document.pages),
        "error": wrong["error"] if wrong else "",
        "note": wrong["typed"].get("note", "") if wrong else (item.note if item else ""),
        "page": wrong["typed"].get("page", "") if wrong else page,
    }


def _document(board: desk.Desk, mask, query) -> dict:
    """What the middle pane shows of the chosen document."""
    if board.document.key == reading.CONTENT:
        return {"chapters": board.chapters}
    if board.document.key == reading.INVOICES:
        row = query.get("row", "")
        return {
            "invoice_page": reading.invoice_sheet(board.content, mask, page=board.page, row=row),
            "marked": row,
        }
    return {}


@officer
@require_GET
def case(request, uid: str):
    application, roles = case_for(request.user, uid)
    act = request.GET.get("act", "")
    form = None
    if act:
        if act not in FORMS or FORMS[act].role not in roles:
            raise Http404(act)
        form = first_form(act, application, request.user)
    return show(request, application, roles, act=act, form=form)


@officer
@require_GET
def document(request, uid: str, key: str):
    """A file of the case, shown in the frame of the desk."""
    application, _roles = case_for(request.user, uid)
    if key == reading.FORM:
        form = application.submissions.select_related("form").order_by("-round").first()
        if form is None or form.form is None:
            raise Http404(key)
        return respond(form.form, name=f"{application.number}.pdf", inline=True, request=request)
    file = attachment_of(application, key)
    return respond(file.blob, name=file.name, inline=True, request=request)


@officer
@require_POST
def tick(request, uid: str, code: str):
    """Settle one item; with htmx only its row comes back."""
    application, roles = case_for(request.user, uid, "lead_clerk")
    form = forms.TickForm(request.POST)
    error = ""
    if form.is_valid():
        given = form.cleaned_data
        file = attachment_of(application, given["attachment"]) if given["attachment"] else None
        try:
            checking.tick(
                application,
                code,
                actor=request.user,
                result=given["result"],
                note=given["note"],
                attachment=file if given["page"] else None,
                page=given["page"] if file else None,
            )
        except Refused as refused:
            error = words(refused)
    else:
        error = _("请选择一项结论。")
    if request.htmx:
        return _point(request, application, roles, code, error)
    if error:
        wrong = {"key": code, "error": error, "typed": request.POST}
        return show(request, application, roles, wrong=wrong, status=422)
    return redirect(desk.Address(application, request.GET)())


def _point(request, application, roles, code: str, error: str):
    today, calendar = clock.local(request.arrived_at).date(), workdays.stored_calendar()
    board = desk.build(
        application, roles, request.user, request.GET, content=contents.load(application),
        today=today, calendar=calendar,
    )  # fmt: skip
    point = next((row for row in board.points if row.point.code == code), None)
    if point is None:
        raise Http404(code)
    wrong = {"key": code, "error": error, "typed": request.POST} if error else None
    row = point_row(point, board, masking.for_officer(application), wrong)
    context = {"row": row, "desk": board, "may_tick": True, "is_swap": True}
    return render(request, "reviews/_point.html", context, status=422 if error else 200)


@officer
@require_POST
def tick_rest(request, uid: str):
    """What is not ticked yet counts as passed."""
    application, _roles = case_for(request.user, uid, "lead_clerk")
    try:
        checking.tick_rest(application, actor=request.user)
    except Refused as refused:
        messages.error(request, words(refused))
    return redirect(desk.Address(application, request.GET)())


@officer
@require_POST
def finding(request, uid: str):
    """Confirm or dismiss a finding."""
    application, roles = case_for(request.user, uid, *findings.SETTLERS)
    form = forms.FindingForm(request.POST)
    error = ""
    if form.is_valid():
        given = form.cleaned_data
        try:
            findings.settle(
                application,
                given["key"],
                actor=request.user,
                state=given["state"],
                reason=given["reason"],
            )
        except Refused as refused:
            error = words(refused)
    else:
        error = str(next(iter(form.errors.values()))[0])
    if error:
        wrong = {"key": request.POST.get("key", ""), "error": error, "typed": request.POST}
        return show(request, application, roles, wrong=wrong, status=422)
    return redirect(desk.Address(application, request.GET)(tab="findings"))


def _is_in(cases, uid: str, *, not_) -> bool:
    return uid != not_.uid and cases.filter(uid=uid).exists()


def after(request, application, roles) -> str:
    """Where the desk goes after an act: the next case of the list, else this case again."""
    today, calendar = clock.local(request.arrived_at).date(), workdays.stored_calendar()
    queue = _queue(request, application, roles, today=today, calendar=calendar)
    address = desk.Address(application, request.GET)
    if queue["view"] is inbox.ALL:
        # Most of them wait for nobody here.
        return address.of(application.uid)
    rest = [row.case.uid for row in queue["rows"] if row.case.uid != application.uid]
    wanted = request.POST.get("next", "")
    if wanted in rest or (queue["is_cut"] and _is_in(queue["found"].qs, wanted, not_=application)):
        return address.of(wanted)
    return address.of(rest[0]) if rest else address.of(application.uid)
