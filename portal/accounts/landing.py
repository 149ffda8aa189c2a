"""Where a person arrives after signing in."""

from django.urls import reverse

from portal.accounts.loading import membership_in_organisation


def landing_url(user) -> str:
    """The home of the user's roles; whoever holds none yet arrives at the registration."""
    if not user.present_memberships and membership_in_organisation(user) is None:
        return reverse("organisation_register")
    return reverse("role_home")
