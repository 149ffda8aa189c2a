"""Pages that belong to no app: health, language, display, and the pages of errors."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from portal import clock, display, homes
from portal.context import memberships, menu_roles


@require_GET
def healthz(request):
    return HttpResponse("ok\n", content_type="text/plain")


@require_GET
def readyz(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ready\n", content_type="text/plain")


@login_required
@require_GET
def role_home(request):
    """工作台: what waits for the reader's roles, until when, and what is next."""
    roles = menu_roles(request)
    reader = homes.Reader(request.user, roles, request.arrived_at)
    held = memberships(request)
    context = {
        "main": homes.sections(homes.MAIN, reader),
        "beside": homes.sections(homes.BESIDE, reader),
        "is_staff": "applicant" not in roles and "newcomer" not in roles,
        "places": _places(held),
        "today": clock.local(request.arrived_at).date(),
    }
    return render(request, "role_home.html", context)


def _places(held) -> str:
    """``市科技局 经办人``: where the reader serves and as what."""
    found = dict.fromkeys(
        f"{row.organisation or row.unit or ''} {row.get_role_display()}".strip() for row in held
    )
    return " · ".join(found)


def _back(request):
    """A redirect to ``next`` of the form, if that lies on this site."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = "/"
    return redirect(target)


def _remember(response, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=display.COOKIE_AGE_S,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )


@require_POST
def set_language(request):
    response = _back(request)
    if (code := request.POST.get("language")) in dict(settings.LANGUAGES):
        _remember(response, settings.LANGUAGE_COOKIE_NAME, code)
    return response


@require_POST
def set_display(request):
    """Toggle 大字版 or 高对比."""
    response = _back(request)
    chosen = display.Display.of(request).toggled(request.POST.get("toggle", ""))
    _remember(response, display.COOKIE, chosen.as_cookie())
    return response


def bad_request(request, exception=None):
    return render(request, "400.html", status=400)


def forbidden(request, exception=None):
    return render(request, "403.html", status=403)


def not_found(request, exception=None):
    return render(request, "404.html", status=404)


def csrf_failure(request, reason=""):
    return render(request, "403_csrf.html", status=403)
