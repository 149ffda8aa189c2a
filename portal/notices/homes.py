"""Messages on the home: the newest that are unread."""

from django.db.models import Count, Window
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal import homes
from portal.notices.models import Notice
from portal.templatetags.portal_ui import moment


def messages(reader: homes.Reader) -> homes.Section | None:
    """Unread messages, the newest first: they are opened from the inbox, which marks them read."""
    found = list(
        Notice.objects.unread(reader.user, at=reader.at)
        .annotate(total=Window(Count("pk")))
        .defer("body", "body_en")
        .order_by("-id")[: homes.SHOWN_BESIDE]
    )
    count = reader.user._unread_count = found[0].total if found else 0
    if not found:
        return None
    english = (get_language() or "").startswith("en")
    url = reverse("notice_inbox")
    return homes.Section(
        code="messages",
        title=_("未读消息"),
        tallies=[homes.Tally(count, _("条未读"), f"{url}?unread=1")],
        lines=[
            homes.Line(
                title=(english and notice.subject_en) or notice.subject,
                url=f"{url}?unread=1",
                hint=moment(notice.created_at),
            )
            for notice in found
        ],
        more_url=url,
        more=_("全部消息"),
    )
