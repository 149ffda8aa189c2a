"""The session's end put off, and the page after signing in."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from portal.accounts.landing import landing_url as landing_url_of
from portal.accounts.loading import require_role
from portal.accounts.sessions import touch


@require_role()
@require_POST
def extend(request):
    """Begin the idle time anew; what a key press on the warning asks for."""
    touch(request)
    return HttpResponse(status=204)


@require_role()
@require_GET
def landing(request):
    """To the page of the user's role."""
    return redirect(landing_url_of(request.user))
