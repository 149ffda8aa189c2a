"""The expert's side: cases to judge, the sheet with anchors, and stepping back."""

import json
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import BooleanField, ExpressionWrapper, Q, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications import content as contents
from applications.entries import digest
from policy import workdays
from portal import clock
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.files.serving import respond
from portal.ids import UID_LENGTH, new_uid
from portal.paging import page_by_key
from reviews import masking, merging, panels, reading, scoring
from reviews.desk import whole_number
from reviews.forms import ConflictForm
from reviews.loading import attachment_of, sheet_for
from reviews.models import Panel, Scoring
from reviews.refusals import Refused
from reviews.words import words

expert = require_role(Role.EXPERT)
WRONG = {
    "not_a_number": lambda c: _("请填写数字。"),
    "out_of_bounds": lambda c: _("分值在 0 与 {weight} 之间。").format(weight=c.weight),
    "too_fine": lambda c: _("分值以 0.5 分为单位。"),
    "too_long": lambda c: _("评语不超过 1000 字。"),
    "score": lambda c: _("请打分。"),
    "comment": lambda c: _("该分值须写明评语。"),
}


@expert
@require_GET
def home(request):
    """The expert's cases: what is open first, the soonest due before the others, then what was
    handed in."""
    today, calendar = clock.local(request.arrived_at).date(), workdays.stored_calendar()
    state = request.GET.get("state", "")
    state = state if state in scoring.STATES else ""
    every = scoring.sheets_of(request.user)
    shown = (
        (every.filter(scoring.STATES[state]) if state else every)
        .select_related(
            "seat__panel", "application__organisation", "application__definition",
            "application__call__measure",
        )
        .annotate(
            is_done=ExpressionWrapper(
                Q(submitted_at__isnull=False), output_field=BooleanField()
            ),
            act_by=Coalesce("seat__panel__due_on", Value(date.max)),
        )
    )  # fmt: skip
    page = page_by_key(shown, request, keys=("is_done", "act_by", "uid"), size=30)
    rows = [
        {
            "sheet": sheet,
            "name": masking.for_expert(sheet.application).name,
            "title": masking.for_expert(sheet.application).words(sheet.application.title),
            "left": workdays.workdays_between(today, sheet.seat.panel.due_on, calendar=calendar)
            if sheet.seat.panel.due_on
            else None,
            "is_open": sheet.submitted_at is None
            and sheet.seat.panel.state == Panel.State.SCORING
            and sheet.application.status == panels.STAGE,
        }
        for sheet in page.rows
    ]
    context = {
        "page": page,
        "rows": rows,
        "state": state,
        "states": [("open", _("未提交")), ("untouched", _("未开始")), ("sent", _("已提交"))],
        "hidden": every.count() if state and not rows else None,
    }
    return render(request, "reviews/expert_home.html", context)


class Address:
    """Builds the sheet's links: which document, which page."""

    def __init__(self, sheet: Scoring, query):
        self.path = reverse("review_sheet", args=[sheet.uid])
        self.here = {name: query[name] for name in ("doc", "page", "row") if query.get(name)}
        self.kept: dict[str, str] = {}

    def __call__(self, **changes) -> str:
        wanted = self.here | changes
        plain = {name: str(value) for name, value in wanted.items() if value not in ("", None)}
        return f"{self.path}?{urlencode(plain)}" if plain else self.path


def _page(
    request, sheet: Scoring, *, typed=None, wrong=None, error="", conflicts=(), conflict=None,
    status=200,
):  # fmt: skip
    """The sheet as stored, or with what was ``typed`` on a page; ``conflicts``: where another page
    wrote differently. Both stand on the new page, which saves itself only once one is chosen."""
    case = sheet.application
    rubric = panels.rubric_of(sheet.seat.panel.call)
    content, mask = contents.load(case), masking.for_expert(case)
    address = Address(sheet, request.GET)
    documents = reading.documents(content, mask, form=None)
    document = reading.choose(documents, request.GET.get("doc", ""))
    page = whole_number(request.GET.get("page", ""))
    wrong, theirs = wrong or {}, _theirs(conflicts, rubric)
    is_open = (
        sheet.submitted_at is None
        and sheet.seat.panel.state == Panel.State.SCORING
        and case.status == panels.STAGE
    )
    context = {
        "sheet": sheet,
        "desk": SimpleNamespace(documents=documents, document=document, page=page, address=address),
        "name": mask.name,
        "title": mask.words(case.title),
        "paper_title": mask.words(case.title),
        "number": case.number,
        "measure": case.call.measure,
        "rows": [
            _criterion(row, rubric, sheet, content, mask, address, typed, wrong)
            | {"theirs": [told for told in theirs if told["criterion"] == row.code]}
            for row in rubric.criteria
        ],
        "rubric": rubric,
        "opinion": typed.get("opinion", "") if typed is not None else sheet.opinion,
        "opinion_theirs": [told for told in theirs if not told["criterion"]],
        "is_open": is_open,
        "saves_itself": is_open and not conflicts,
        "page_id": new_uid(),
        "seen": json.dumps(merging.digests(sheet, [row.code for row in rubric.criteria])),
        "error": error,
        "errors": _summary(rubric, wrong, error, theirs),
        "conflict_form": conflict or ConflictForm(),
        "file_route": "review_sheet_document",
        "owner_uid": sheet.uid,
        "is_expert": True,
    }
    if document.key == reading.CONTENT:
        context["chapters"] = reading.chapters(content, mask, link=address, pages={})
    elif document.key == reading.INVOICES:
        row = request.GET.get("row", "")
        context |= {
            "marked": row,
            "invoice_page": reading.invoice_sheet(content, mask, page=page, row=row),
        }
    return render(request, "reviews/sheet.html", context, status=status)


def _criterion(criterion, rubric, sheet, content, mask, address, typed, wrong) -> dict:
    stored = sheet.scores.get(criterion.code, {})
    score, comment = stored.get("score"), stored.get("comment", "")
    shown = "" if score is None else _points(score)
    if typed is not None:
        shown = typed.get(f"score.{criterion.code}", shown)
        comment = typed.get(f"comment.{criterion.code}", comment)
    code = wrong.get(criterion.code, "")
    return {
        "criterion": criterion,
        "score": shown,
        "comment": comment,
        "anchors": _anchors(criterion, rubric, sheet),
        "evidence": reading.evidence(criterion.evidence, content, mask, link=address, pages={}),
        "error": WRONG[code](criterion) if code else "",
        "wrong": code,
    }


def _anchors(criterion, rubric, sheet) -> list[tuple]:
    """The levels with their words, and which one the saved score falls into."""
    score = sheet.scores.get(criterion.code, {}).get("score")
    level = None if score is None else scoring.level_of(Decimal(score), criterion, rubric)
    return [
        (each, anchor, index == level)
        for index, (each, anchor) in enumerate(zip(rubric.levels, criterion.anchors, strict=True))
    ]


def _theirs(conflicts, rubric) -> list[dict]:
    """Conflicts in words: what the other page saved, when, and where it belongs."""
    labels = {row.code: row.label for row in rubric.criteria}
    parts = {"score": _("分值"), "comment": _("评语")}
    found = []
    for row in conflicts:
        part, _dot, code = row.code.partition(".")
        place = f"{labels[code]}（{parts[part]}）" if code else _("总体意见")
        value = row.theirs if part != "score" or not row.theirs else _points(row.theirs)
        found.append(
            {
                "criterion": code,
                "href": f"#{part}-{code}" if code else "#opinion",
                "place": place,
                "value": value or _("（空）"),
                "at": f"{clock.local(row.at):%H:%M:%S}",
            }
        )
    return found


def _points(score: str) -> str:
    return f"{Decimal(score).normalize():f}"


def _summary(rubric, wrong, error, theirs=()) -> list[tuple[str, str]]:
    rows = [("", error)] if error and not wrong and not theirs else []
    rows += [
        (
            told["href"],
            _("{place}：另一页面已于 {at} 存为“{value}”，未被覆盖。").format(**told),
        )
        for told in theirs
    ]
    for criterion in rubric.criteria:
        if code := wrong.get(criterion.code):
            part = "comment" if code in {"comment", "too_long"} else "score"
            rows.append(
                (f"#{part}-{criterion.code}", f"{criterion.label}：{WRONG[code](criterion)}")
            )
    return rows


def _typed(data, rubric) -> dict[str, dict[str, str]]:
    return {
        row.code: {
            "score": data.get(f"score.{row.code}", ""),
            "comment": data.get(f"comment.{row.code}", ""),
        }
        for row in rubric.criteria
        if f"score.{row.code}" in data
    }


def _seen(data, *, is_whole: bool) -> merging.Seen:
    """What the page says that it showed; {} for what is no such thing."""
    try:
        marks = json.loads(data.get("_seen", ""))
    except ValueError:
        marks = {}
    marks = marks if isinstance(marks, dict) else {}
    page = data.get("_page", "")[:UID_LENGTH]
    return merging.Seen(page, {str(name): str(mark) for name, mark in marks.items()}, is_whole)


def _still_typed(sheet: Scoring, data, rubric, seen: merging.Seen) -> dict[str, str]:
    """Of what was posted, what the page had changed: the rest is shown as it is stored now."""
    good, _wrong = scoring.read(_typed(data, rubric), rubric)
    posted = merging.flat(good, scoring.lines(data.get("opinion")))
    untouched = {name for name, value in posted.items() if seen.digests.get(name) == digest(value)}
    kept = {name: value for name, value in data.items() if name not in untouched}
    return kept if "opinion" in kept else kept | {"opinion": sheet.opinion}


@expert
@never_cache
@require_http_methods(["GET", "POST"])
def sheet(request, uid: str):
    """The sheet; posting saves it, and hands it in with ``step=submit``."""
    found = sheet_for(request.user, uid)
    if request.method == "GET":
        return _page(request, found)
    rubric = panels.rubric_of(found.seat.panel.call)
    seen = _seen(request.POST, is_whole=True)
    verb = scoring.hand_in if request.POST.get("step") == "submit" else scoring.score
    try:
        found = verb(
            found,
            actor=request.user,
            scores=_typed(request.POST, rubric),
            opinion=request.POST.get("opinion"),
            seen=seen,
        )
    except Refused as refused:
        wrong, conflicts = refused.facts.get("criteria", {}), refused.facts.get("conflicts", ())
        found = sheet_for(request.user, uid)
        return _page(
            request, found, typed=_still_typed(found, request.POST, rubric, seen), wrong=wrong,
            error="" if wrong or conflicts else words(refused), conflicts=conflicts, status=422,
        )  # fmt: skip
    if request.POST.get("step") == "submit":
        messages.success(
            request, _("评分表已提交：{number}").format(number=found.application.number)
        )
        return redirect("review_expert_home")
    messages.success(request, _("已保存。"))
    return redirect(Address(found, request.GET)())


@expert
@require_POST
def autosave(request, uid: str):
    """Save what can be saved of what is typed, for htmx: the time, and what is wrong."""
    found = sheet_for(request.user, uid)
    rubric = panels.rubric_of(found.seat.panel.call)
    seen = _seen(request.POST, is_whole=False)
    good, wrong = scoring.read(_typed(request.POST, rubric), rubric)
    opinion = request.POST.get("opinion")
    error, conflicts = "", ()
    try:
        found = scoring.score(found, actor=request.user, scores=good, opinion=opinion, seen=seen)
    except Refused as refused:
        found = sheet_for(request.user, uid)
        conflicts = refused.facts.get("conflicts", ())
        error = "" if conflicts else words(refused)
    given = merging.flat(good, None if opinion is None else scoring.lines(opinion))
    context = {
        "saved_at": clock.now(),
        "sheet": found,
        "errors": _summary(rubric, wrong, error, _theirs(conflicts, rubric)),
        "elsewhere": 0 if error else merging.differing(found, given) - len(conflicts),
        "is_stale": bool(conflicts),
        "rubric": rubric,
        "rows": [
            {"criterion": row, "anchors": _anchors(row, rubric, found)} for row in rubric.criteria
        ],
    }
    status = 422 if context["errors"] else 200
    return render(request, "reviews/_sheet_saved.html", context, status=status)


@expert
@require_POST
def step_back(request, uid: str):
    """Declare a conflict of interest with the case; a reserve moves up."""
    found = sheet_for(request.user, uid)
    form = ConflictForm(request.POST)
    if form.is_valid():
        try:
            panels.conflict(
                found.seat,
                application=found.application,
                actor=request.user,
                kind=form.cleaned_data["kind"],
                note=form.cleaned_data["note"],
            )
        except Refused as refused:
            form.add_error(None, words(refused))
        else:
            messages.success(request, _("已登记回避，该组项目由候补专家评审。"))
            return redirect("review_expert_home")
    return _page(request, found, conflict=form, status=422)


@expert
@require_GET
def document(request, uid: str, key: str):
    """A file that the rubric is judged on."""
    found = sheet_for(request.user, uid)
    file = attachment_of(found.application, key)
    mask = masking.for_expert(found.application)
    if mask.slots is not None and file.slot not in mask.slots:
        raise Http404(key)
    return respond(file.blob, name=mask.words(file.name), inline=True, request=request)
