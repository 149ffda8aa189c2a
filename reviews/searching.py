"""Public notices, for the portal's search (portal.searching)."""

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal import clock
from portal.searching import SHOWN, Group, Hit
from reviews.models import PublicNotice


def notices(_user, words, _text) -> Group:
    """Notices that have begun, in whose title or text every word stands, the newest first."""
    found = PublicNotice.objects.filter(starts_on__lte=clock.today())
    for word in words:
        found = found.filter(Q(title__icontains=word) | Q(text__icontains=word))
    hits = [
        Hit(
            reverse("review_public_notice", args=[row.uid]),
            row.title,
            f"{row.starts_on:%Y-%m-%d} – {row.ends_on:%Y-%m-%d}" if row.ends_on else "",
        )
        for row in found.order_by("-starts_on", "-pk")[: SHOWN + 1]
    ]
    return Group(_("公示公告"), hits, reverse("review_public_notice_list"))
