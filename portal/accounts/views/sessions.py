"""The session's end put off, and the page after signing in."""

from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.landing import landing_url as landing_url_of
from portal.accounts.loading import require_role
from portal.accounts.sessions import touch


@require_role()
@require_http_methods(["GET", "POST"])
def extend(request):
    """Begin the idle time anew; what a key press on the warning asks for. GET is asked by a page
    that has stood open for a while, before it sends a form: who is signed in, and the token."""
    if request.method == "GET":
        return JsonResponse({"person": request.user.uid, "token": get_token(request)})
    touch(request)
    return HttpResponse(status=204)


@require_role()
@require_GET
def landing(request):
    """To the page of the user's role."""
    return redirect(landing_url_of(request.user))
