"""Serving a stored file to whom a view has already let in."""

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from portal.files.models import Blob, Scan
from portal.files.scanning import may_be_shown

WHY_NOT = {
    Scan.PENDING: _("文件正在查毒，通常不超过一分钟。请稍后再打开。"),
    Scan.FAILED: _("查毒服务暂时不可用。为安全起见，文件在查毒完成前不能打开。"),
    Scan.INFECTED: _("文件含有病毒，已隔离，不能打开。"),
    Scan.NONE: _("文件未经查毒，不能打开。"),
}
MISSING = _("文件暂时读不到，系统管理员会处理。")
# Shown in a frame of our own pages: nothing in it runs, loads or is sent.
_INLINE = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; object-src 'self'; frame-ancestors 'self'"
_ATTACHED = "sandbox; default-src 'none'; frame-ancestors 'none'"
_SHOWN_INLINE = {"application/pdf", "image/png", "image/jpeg"}


def respond(blob: Blob, *, name: str, inline: bool = False, request=None) -> HttpResponseBase:
    """The file under its name; a page that says why (409) if it is not (yet) found clean.

    PDF and pictures are shown ``inline`` on request; everything else is saved. ``request`` gives
    that page the reader's menu.
    """
    if not may_be_shown(blob):
        return _refusal(WHY_NOT[Scan(blob.scan)], request)
    try:
        file = blob.path.open("rb")
    except OSError:
        return _refusal(MISSING, request)
    inline = inline and blob.content_type in _SHOWN_INLINE
    response = FileResponse(
        file, as_attachment=not inline, filename=name, content_type=blob.content_type
    )
    response["Content-Security-Policy"] = _INLINE if inline else _ATTACHED
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _refusal(why, request) -> HttpResponse:
    page = render_to_string("files/refused.html", {"why": why}, request=request)
    return HttpResponse(page, status=409)
