"""The inbox, and the page of kept mails."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from portal import clock
from portal.notices.mailbox import is_open
from portal.notices.models import Mail, Notice
from portal.paging import page_by_key


@login_required
@require_GET
def inbox(request):
    """What the user was told, the newest first; ``?unread=1`` only what is unread."""
    now = clock.now()
    only_unread = request.GET.get("unread") == "1"
    shown = Notice.objects.visible_to(request.user, at=now)
    page = page_by_key(
        shown.filter(read_at__isnull=True) if only_unread else shown, request, keys=["-id"], size=30
    )
    unread = Notice.objects.unread(request.user, at=now).count()
    hidden = shown.count() if only_unread and not page.rows else None
    return render(
        request,
        "notices/inbox.html",
        {"page": page, "unread": unread, "only_unread": only_unread, "hidden": hidden},
    )


@login_required
@require_POST
def read(request, uid):
    """Mark a notice as read and go where it points, or back to the inbox."""
    now = clock.now()
    notice = get_object_or_404(Notice.objects.visible_to(request.user, at=now), uid=uid)
    Notice.objects.filter(pk=notice.pk, read_at__isnull=True).update(read_at=now)
    if "follow" in request.POST and url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None):
        return redirect(notice.url)
    return redirect("notice_inbox")


@login_required
@require_POST
def read_all(request):
    """Mark everything that the inbox shows as read."""
    now = clock.now()
    count = Notice.objects.unread(request.user, at=now).update(read_at=now)
    messages.success(
        request,
        ngettext("已将 {count} 条消息标为已读。", "已将 {count} 条消息标为已读。", count).format(
            count=count
        ),
    )
    return redirect("notice_inbox")


@require_GET
def mail_list(request):
    """The mails that were kept instead of sent. Only where no mail server is configured."""
    _only_where_open()
    page = page_by_key(Mail.objects.all(), request, keys=["-id"], size=30)
    return render(request, "notices/mail_list.html", {"page": page})


@require_GET
def mail_detail(request, uid):
    _only_where_open()
    return render(request, "notices/mail_detail.html", {"mail": get_object_or_404(Mail, uid=uid)})


def _only_where_open() -> None:
    if not is_open():
        raise Http404("mailbox")
