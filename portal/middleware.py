"""The portal's own middleware."""

from urllib.parse import unquote_plus

from django.conf import settings
from django.core.exceptions import BadRequest
from django.utils import translation

from portal import clock


def arrival(get_response):
    """Set ``request.arrived_at``: the database's time before the body is read.

    A request that arrived before the cut-off of a call counts, however long its body takes.
    Whether the process lives (/healthz) does not depend on the database.
    """

    def middleware(request):
        if request.path_info != "/healthz":
            request.arrived_at = clock.now()
        return get_response(request)

    return middleware


def language(get_response):
    """Chinese unless the visitor chose another language (cookie); the browser's list is not asked."""
    known = {code for code, _name in settings.LANGUAGES}

    def middleware(request):
        code = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        code = code if code in known else settings.LANGUAGE_CODE
        with translation.override(code):
            request.LANGUAGE_CODE = code
            response = get_response(request)
            response.headers.setdefault("Content-Language", code)
            return response

    return middleware


def plain_text(get_response):
    """Refuse what holds a NUL, which no person types and the database takes for no text."""

    def middleware(request):
        told = [request.path_info, unquote_plus(request.META.get("QUERY_STRING", ""))]
        if request.method == "POST":
            told += [value for values in request.POST.lists() for value in values[1]]
        if any("\0" in text for text in told):
            raise BadRequest("NUL")
        return get_response(request)

    return middleware
