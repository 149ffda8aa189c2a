"""What every template may use."""

from django.conf import settings
from django.utils.functional import SimpleLazyObject

from portal import clock, menus
from portal.display import Display


def memberships(request) -> list:
    """The signed-in user's present memberships, read once for each request."""
    user = getattr(request, "user", None)
    return user.present_memberships if user is not None and user.is_authenticated else []


def menu_roles(request) -> set[str]:
    """The names under which the menu knows the reader: roles, and the groups of ``menus``."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"visitor", "public"}
    held = memberships(request)
    roles = {membership.role for membership in held} | {"member"}
    if not held:
        roles.add("newcomer")
    if any(membership.organisation_id for membership in held):
        roles.add("applicant")
    if not held or "applicant" in roles:
        roles.add("public")
    if any(membership.unit_id for membership in held):
        roles.add("officer")
    if any(
        membership.role in {"clerk", "head"} and membership.unit.is_district for membership in held
    ):
        roles.add("district")
    return roles


def site(request):
    """The site's time, the reader's display, the menu of the reader's roles.

    ``server_now`` is the request's arrival by the database clock; menu and memberships are
    computed only where a template shows them.
    """
    arrived_at = getattr(request, "arrived_at", None)
    return {
        "server_now": clock.local(arrived_at) if arrived_at else None,
        "server_ms": str(int(arrived_at.timestamp() * 1000)) if arrived_at else "",
        "demo": settings.DEMO,
        "service_phone": settings.SERVICE_PHONE,
        "display": Display.of(request),
        "memberships": SimpleLazyObject(lambda: memberships(request)),
        "menu": SimpleLazyObject(
            lambda: menus.places(
                menu_roles(request), request.path, user=getattr(request, "user", None)
            )
        ),
    }
