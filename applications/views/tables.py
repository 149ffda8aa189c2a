"""Child tables and the investment table: the grid, saving cells, paste, import and export."""

from collections.abc import Iterable
from functools import partial
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from applications import drafts, grids, invoices, prefilling, sheets, unlocking, workbooks
from applications.checks import ERROR, MISSING, Problem, section_problems
from applications.content import invoice_figures
from applications.entries import typed
from applications.views.frames import (
    Frame,
    conflict_view,
    flags,
    frame_of,
    own_case,
    page_context,
    section_of,
)
from applications.views.wording import not_editable, place_of, saved_words
from policy.schema import Section
from portal import clock
from portal.accounts.loading import require_applicant
from portal.types import known

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _table_of(application, code: str) -> Section:
    section = section_of(application, code)
    if section.kind not in {"table", "invoices"}:
        raise Http404(code)
    return section


# --- the page --------------------------------------------------------------------------------


def section_page(request, frame: Frame, section: Section):
    """The grid. POST saves every cell of the page, as a browser without scripts does it."""
    if request.method == "POST":
        return _save_page(request, frame, section)
    return grid_page(request, frame, section, complete="check" in request.GET)


def grid_page(
    request, frame: Frame, section: Section, *, complete=False, conflicts=(), refused="", status=200
):
    sheet = sheets.sheet_of(frame.application, section)
    grid = _grid(request, frame, section, sheet, complete=complete)
    report = frame.report(section.code)
    summary = []
    if complete:
        summary = [
            (f"#{place_of(section, problem)}", problem.message)
            for problem in report.problems
            if problem.stops and problem.code != "wrong_rows"
        ]
    if section.kind == "invoices":
        summary += grids.row_problems(grid) if complete or grid.only_wrong else []
        elsewhere = grid.wrong - sum(bool(row.problems) for row in grid.rows)
        if complete and elsewhere > 0:
            text = ngettext(
                "另有 %(count)s 行有误，查看有误的行",
                "另有 %(count)s 行有误，查看有误的行",
                elsewhere,
            )
            summary.append(("?wrong=1", text % {"count": elsewhere}))
    context = page_context(request, frame, section) | {
        "grid": grid,
        "summary": summary,
        "estimate_cny": prefilling.estimate(frame.content) if section.kind == "invoices" else None,
        "claimed_cny": frame.content.invoices.claimed_cny,
        "counting": _counting(frame) if section.kind == "invoices" else None,
        "category_names": _category_names(frame, section),
        "conflicts": [_cell_conflict(conflict) for conflict in conflicts],
        "refused": refused,
        "flags": flags(frame, section),
        "can_add": frame.unlocked.whole(section.code) and not getattr(sheet, "fixed", ()),
        "max_rows": sheet.max_rows,
        "total": grids.show_total(grid.totals["claimed_cny"]) if grid.totals else "",
        "related": grids.show_total(grid.totals["related_cny"]) if grid.totals else "",
    }
    return render(request, "applications/application_table.html", context, status=status)


def _grid(request, frame: Frame, section: Section, sheet, *, complete: bool):
    is_open = partial(frame.unlocked.allows, section.code)
    extra = frame.unlocked.whole(section.code)
    if section.kind == "invoices":
        return grids.invoice_grid(
            sheet, _counting(frame), frame.content.invoices, page=_page_number(request),
            only_wrong="wrong" in request.GET, is_open=is_open, extra=extra,
            narrow="all" not in request.GET,
        )  # fmt: skip
    problems = list(frame.report(section.code).problems) if complete else []
    # What is wrong (not: missing) is shown at once; what is missing when asked to be complete.
    problems = problems or [
        problem for problem in frame.report(section.code).problems if problem.severity == "error"
    ]
    return grids.child_grid(sheet, problems, is_open=is_open, extra=extra)


def _page_number(request) -> int:
    text = request.GET.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _counting(frame: Frame) -> invoices.Counting:
    return invoices.Counting.of(frame.content.schema, frame.application.call.settings)


def _category_names(frame: Frame, section: Section) -> str:
    if section.kind != "invoices":
        return ""
    counting = _counting(frame)
    chosen = known(section.invoices).categories
    if counting.categories is not None:
        chosen = tuple(item for item in chosen if item.code in counting.categories)
    return _("、").join(str(item.label) for item in chosen)


def _cell_conflict(conflict) -> dict:
    view = conflict_view(conflict)
    return view | {"anchor": f"c-{conflict.row_uid}-{conflict.field.code}"}


def _save_page(request, frame: Frame, section: Section):
    """保存并继续 without scripts, 添加一行, 上一步; everything typed is kept in any case."""
    go = request.POST.get("_go", "next")
    try:
        if go.startswith("remove:"):
            sheets.remove_rows(
                frame.application, section.code, [go.removeprefix("remove:")], actor=request.user
            )
            messages.success(request, _("已删除一行。"))
            return redirect(request.get_full_path())
        _save(request, frame, section)
    except drafts.StaleDraft as stale:
        frame = frame_of(request, frame.application.uid)
        return grid_page(request, frame, section, conflicts=stale.conflicts, status=422)
    except (unlocking.NotEditable, sheets.TooManyRows) as fault:
        frame = frame_of(request, frame.application.uid)
        return grid_page(request, frame, section, refused=_told(fault), status=422)
    frame = frame_of(request, frame.application.uid)
    if go == "list":
        return redirect(frame.workspace_url)
    if go == "stay":
        return redirect(f"{request.get_full_path()}#row-new")
    before, after = frame.neighbours(section.code)
    if go == "back":
        return redirect(frame.url_of(before) if before else frame.workspace_url)
    if any(problem.stops for problem in frame.report(section.code).problems):
        return grid_page(request, frame, section, complete=True, status=422)
    messages.success(request, _("“%(section)s”已保存。") % {"section": section.title})
    if request.POST.get("_back") == "check":
        return redirect(f"{frame.check_url}#card-{section.code}")
    return redirect(frame.url_of(after) if after else frame.workspace_url)


def _save(request, frame: Frame, section: Section) -> sheets.Saved:
    sheet = sheets.sheet_of(frame.application, section)
    changes = grids.changes_of(sheet.columns, request.POST)
    return sheets.save_cells(frame.application, section.code, changes, actor=request.user)


def _told(fault) -> str:
    if isinstance(fault, sheets.TooManyRows):
        return _("最多 %(max)s 行，保存后将有 %(count)s 行；多出的行没有保存。") % {
            "max": fault.allowed, "count": fault.count,
        }  # fmt: skip
    return not_editable(fault)


# --- acts of the grid, answered as data ------------------------------------------------------------


@never_cache
@require_POST
@require_applicant
def application_rows(request, uid: str, code: str):
    """Save changed cells, new rows and removals, and tell the grid what became of them."""
    frame = frame_of(request, uid)
    section = _table_of(frame.application, code)
    sheet = sheets.sheet_of(frame.application, section)
    removed = request.POST.getlist("remove")
    conflicts, beside = [], []
    try:
        if removed:
            gone = sheets.remove_rows(frame.application, code, removed, actor=request.user)
            beside = gone.settled
        saved = _save(request, frame, section)
    except drafts.StaleDraft as stale:
        saved, conflicts = stale.saved, stale.conflicts
    except (unlocking.NotEditable, sheets.TooManyRows) as fault:
        return JsonResponse({"refused": _told(fault)}, status=409)
    named = {row.uid for row in [*saved.written, *saved.added, *saved.settled]}
    saved.settled += [row for row in beside if row.uid not in named]
    return JsonResponse(_grid_state(request, frame, section, sheet, saved, conflicts))


def _grid_state(request, frame: Frame, section: Section, sheet, saved, conflicts) -> dict:
    counting = _counting(frame) if section.kind == "invoices" else None
    rows = [*saved.written, *saved.added, *saved.settled]
    state = {
        "saved": saved_words(frame.application, at=clock.now()),
        "rows": grids.saved_rows(sheet, rows, counting=counting),
        # The keys of new rows, in the order in which the request named them.
        "added": [row.uid for row in saved.added],
        "gone": saved.gone,
        "conflicts": [
            {
                "row": conflict.row_uid,
                "column": conflict.field.code,
                "theirs": typed(conflict.field, conflict.theirs),
                "text": _("%(by)s %(at)s 填为“%(theirs)s”") % conflict_view(conflict),
            }
            for conflict in conflicts
        ],
    }
    if section.kind == "invoices":
        figures = invoice_figures(frame.application)
        state |= {
            "count": figures.rows,
            "wrong": figures.wrong,
            "summary": _summary(figures),
            "total": grids.show_total(figures.claimed_cny),
            "related": grids.show_total(figures.related_cny),
        }
    else:
        fresh = frame_of(request, frame.application.uid)
        problems = [p for p in section_problems(fresh.content, section) if p.stops]
        state |= {
            "problems": _by_cell(p for p in problems if p.severity == ERROR),
            "missing": _by_cell(p for p in problems if p.severity == MISSING),
            "general": [str(p.message) for p in problems if not p.row_uid],
        }
    return state


def _by_cell(problems: Iterable[Problem]) -> dict[str, dict[str, str]]:
    """Texts by row and column, of problems that stand in a cell."""
    found: dict[str, dict[str, str]] = {}
    for problem in problems:
        if problem.row_uid and problem.field:
            found.setdefault(problem.row_uid, {})[problem.field] = str(problem.text)
    return found


def _summary(figures) -> str:
    if figures.wrong:
        return ngettext(
            "%(rows)s 行 · %(wrong)s 行有误", "%(rows)s 行 · %(wrong)s 行有误", figures.rows
        ) % {"rows": figures.rows, "wrong": figures.wrong}
    return ngettext("%(rows)s 行", "%(rows)s 行", figures.rows) % {"rows": figures.rows}


# --- paste, import, export ----------------------------------------------------------------------------


@require_POST
@require_applicant
def application_paste(request, uid: str, code: str):
    """Append what was pasted from Excel; every row is kept, errors stand beside their cells."""
    frame = frame_of(request, uid)
    section = _table_of(frame.application, code)
    columns = sheets.sheet_of(frame.application, section).columns
    try:
        rows = workbooks.from_text(request.POST.get("text", ""), columns)
    except workbooks.NotATable as fault:
        return _refuse(request, frame, section, workbooks.told_refusal(fault))
    return _append(request, frame, section, rows)


@require_POST
@require_applicant
def application_import(request, uid: str, code: str):
    """Append the rows of an .xlsx, or put them in place of what stands there."""
    frame = frame_of(request, uid)
    section = _table_of(frame.application, code)
    columns = sheets.sheet_of(frame.application, section).columns
    upload = request.FILES.get("file")
    if upload is None:
        return _refuse(request, frame, section, _("请选择要导入的 .xlsx 文件。"))
    if upload.size > workbooks.MAX_BYTES:
        return _refuse(request, frame, section, _("文件超过 10 MB。"))
    try:
        rows = [cells for _number, cells in workbooks.from_xlsx(upload.read(), columns)]
    except workbooks.NotATable as fault:
        return _refuse(request, frame, section, workbooks.told_refusal(fault))
    return _append(request, frame, section, rows, replacing=bool(request.POST.get("replace")))


def _append(request, frame: Frame, section: Section, rows, *, replacing=False):
    columns = sheets.sheet_of(frame.application, section).columns
    entered = [invoices.enter_row(columns, row) for row in rows]
    try:
        made = sheets.append(
            frame.application, section.code, entered, actor=request.user, replacing=replacing
        )
    except (unlocking.NotEditable, sheets.TooManyRows) as fault:
        return _refuse(request, frame, section, _told(fault))
    url = reverse("application_section", args=[frame.application.uid, section.code])
    if section.kind != "invoices":
        messages.success(
            request,
            ngettext("已添加 %(count)s 行。", "已添加 %(count)s 行。", len(made))
            % {"count": len(made)},
        )
        return redirect(url)
    wrong = sum(not row.valid for row in made)
    if wrong:
        messages.warning(
            request,
            ngettext(
                "已添加 %(count)s 行，其中 %(wrong)s 行有误，见下方。",
                "已添加 %(count)s 行，其中 %(wrong)s 行有误，见下方。",
                len(made),
            )
            % {"count": len(made), "wrong": wrong},
        )
        return redirect(f"{url}?wrong=1")
    messages.success(
        request,
        ngettext("已添加 %(count)s 行，全部无误。", "已添加 %(count)s 行，全部无误。", len(made))
        % {"count": len(made)},
    )
    pages = -(-(made[-1].position if made else 1) // sheets.PAGE_ROWS)
    return redirect(f"{url}?page={pages}")


def _refuse(request, frame: Frame, section: Section, text: str):
    return grid_page(request, frame, section, refused=text, status=422)


@require_GET
@require_applicant
def application_export(request, uid: str, code: str):
    """The table as .xlsx, as it stands."""
    application = own_case(request, uid)
    section = _table_of(application, code)
    sheet = sheets.sheet_of(application, section)
    rows = (sheets.cells_of(row) for row in sheet.rows().order_by("position").iterator(500))
    data = workbooks.to_xlsx(sheet.columns, rows, title=str(section.title))
    return _download(data, f"{section.title}.xlsx")


@require_GET
@require_applicant
def application_template(request, uid: str, code: str):
    """An empty .xlsx with the table's columns and its lists of choices."""
    application = own_case(request, uid)
    section = _table_of(application, code)
    columns = sheets.sheet_of(application, section).columns
    data = workbooks.to_xlsx(columns, [], title=str(section.title), template=True)
    return _download(data, f"{section.title}{_('模板')}.xlsx")


def _download(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response
