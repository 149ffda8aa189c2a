"""Exports: ask, follow, leave, cancel, fetch."""

import re

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from awards import access, exports
from awards.access import staff
from awards.answering import attempt_said
from awards.models import Export
from portal.files.serving import respond
from portal.paging import page_by_key
from reviews.refusals import Refused

_YEAR = re.compile("[0-9]{4}")


@staff
@require_GET
def export_list(request):
    page = page_by_key(access.exports_of(request.user), request, keys=["-requested_at", "uid"])
    return render(request, "awards/export_list.html", {"page": page})


@staff
@require_POST
def export_ask(request, kind: str):
    """Ask for an export: ``year`` (or all) for the ledger, ``of`` for a call's list or a batch."""
    of = request.POST.get("of", "")
    try:
        if kind == Export.Kind.LEDGER:
            access.require_measures(request.user)
            year = request.POST.get("year", "")
            export = exports.ask(
                kind, actor=request.user, year=int(year) if _YEAR.fullmatch(year) else None
            )
        elif kind == Export.Kind.SUPPORTED:
            export = exports.ask(kind, actor=request.user, call=access.get_call(request.user, of))
        elif kind == Export.Kind.PAYMENTS:
            export = exports.ask(kind, actor=request.user, batch=access.get_batch(request.user, of))
        else:
            raise Http404(kind)
    except Refused:
        raise Http404(kind) from None
    return redirect("award_export_detail", export.uid)


@staff
@require_GET
def export_detail(request, uid: str):
    export = access.get_export(request.user, uid)
    return render(request, "awards/export_detail.html", {"export": export})


@staff
@require_GET
def export_progress(request, uid: str):
    """The part of the page that follows the export (htmx asks for it each second)."""
    export = access.get_export(request.user, uid)
    return render(request, "awards/_export_progress.html", {"export": export})


@staff
@require_POST
def export_cancel(request, uid: str):
    export = access.get_export(request.user, uid)
    attempt_said(
        request, lambda: exports.cancel(export, actor=request.user), done=_("导出已取消。")
    )
    return redirect("award_export_detail", export.uid)


@staff
@require_GET
def export_download(request, uid: str):
    export = access.get_export(request.user, uid)
    if export.blob is None:
        messages.error(request, _("文件尚未生成。"))
        return redirect("award_export_detail", export.uid)
    return respond(export.blob, name=export.name, request=request)
