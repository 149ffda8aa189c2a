"""Where a person arrives after signing in: the page of the first role that has one."""

from django.urls import NoReverseMatch, reverse

from portal import menus
from portal.accounts.loading import membership_in_organisation


def landing_url(user) -> str:
    """The user's own page, by the table ``portal.menus.LANDINGS``."""
    held = {membership.role for membership in user.present_memberships}
    if not held and membership_in_organisation(user) is None:
        return reverse("organisation_register")
    for role, url_name in menus.LANDINGS:
        if role in held:
            try:
                return reverse(url_name)
            except NoReverseMatch:
                continue
    return reverse("home")
