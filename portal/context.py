"""What every template may use."""

from django.conf import settings


def site(request):
    """The site's time at the request's arrival, and whether demonstration data is loaded."""
    return {"server_now": getattr(request, "arrived_at", None), "demo": settings.DEMO}
