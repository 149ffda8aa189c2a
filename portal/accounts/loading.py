"""Who asks: what a view may know of its user before it does anything.

A loader returns the object or raises ``Http404``: a wrong role, a foreign object and an absent
one are told apart by nobody.
"""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse

from portal.accounts.models import (
    ORGANISATION_ROLES,
    STAFF_ROLES,
    Membership,
    Organisation,
    Role,
    Unit,
)


def has_role(user, *roles: str) -> bool:
    """Whether the user holds one of the roles, anywhere."""
    return any(held.role in roles for held in _present(user))


def units_of(user, *roles: str) -> list[Unit]:
    """The units in which the user holds one of the roles (any role if none is named)."""
    found = {
        held.unit_id: held.unit
        for held in _present(user)
        if held.unit is not None and (not roles or held.role in roles)
    }
    return sorted(found.values(), key=lambda unit: (unit.position, unit.code))


def membership_in_organisation(user) -> Membership | None:
    """The user's one membership in an organisation (``membership_one_organisation``)."""
    return next((held for held in _present(user) if held.organisation_id is not None), None)


def organisation_of(user) -> Organisation | None:
    """The organisation that the user fills in for; None: not (yet) of any."""
    held = membership_in_organisation(user)
    return held.organisation if held else None


def is_staff(user) -> bool:
    """Whether the shorter idle limit holds for the user."""
    return has_role(user, *STAFF_ROLES)


def require_role(*roles: str) -> Callable:
    """Let a view be entered with one of the roles only; without names, by whoever is signed in.

    Anonymous visitors are sent to sign in and come back; a wrong role answers 404. A fragment
    that htmx asks for answers 401 instead: the page stays as it is, with all that was typed.
    """
    unknown = set(roles) - set(Role.values)
    if unknown:
        raise ValueError(f"no such role: {', '.join(sorted(unknown))}")

    def decorate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not request.user.is_authenticated:
                if request.headers.get("HX-Request"):
                    return HttpResponse(status=401)
                return redirect_to_login(request.get_full_path())
            if roles and not has_role(request.user, *roles):
                raise Http404("role")
            return view(request, *args, **kwargs)

        guarded.required_roles = frozenset(roles)
        return guarded

    return decorate


def require_applicant(view):
    """``require_role`` for the people of an organisation."""
    return require_role(*sorted(ORGANISATION_ROLES))(view)


def _present(user) -> list[Membership]:
    return user.present_memberships if user.is_authenticated and user.is_active else []
