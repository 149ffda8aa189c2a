"""Organisations, for the portal's search (portal.searching)."""

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Organisation
from portal.accounts.verifying import districts_of
from portal.searching import SHOWN, Group, Hit, containing


def organisations(user, words, _text) -> Group:
    """A district's people find the organisations that it verifies; nobody else has a page of
    somebody else's organisation."""
    districts = districts_of(user) if user is not None else []
    if not districts:
        return Group(_("申报单位"))
    found: QuerySet = Organisation.objects.filter(district__in=districts)
    for word in words:
        found = containing(found, word, "name", "uscc")
    hits = [
        Hit(
            reverse("organisation_check", args=[row.uid]),
            row.name,
            f"{row.uscc} · {row.get_status_display()}",
        )
        for row in found.order_by("name", "pk")[: SHOWN + 1]
    ]
    return Group(_("申报单位"), hits, reverse("organisation_queue"))
