"""Mailing what is due: at least once by the outbox, seen at most once by its Message-ID."""

import logging
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from portal import clock
from portal.notices.models import Notice

logger = logging.getLogger(__name__)

# Pauses after the first, second … failure; after the last one the mail is given up. The notice
# stays in the inbox in any case.
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 180, 360, 720, 1440)]


@transaction.atomic
def deliver(pk: int) -> bool:
    """Mail one notice if it is due and nobody else is at it; True if it was mailed now."""
    now = clock.now()
    notice = (
        Notice.objects.due(at=now)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("recipient")
        .filter(pk=pk)
        .first()
    )
    if notice is None:
        return False
    if not notice.recipient.is_active:
        notice.given_up_at, notice.last_error = now, "recipient disabled"
        notice.save(update_fields=["given_up_at", "last_error"])
        return False
    try:
        message(notice).send()
    except Exception as error:
        _failed(notice, error, at=now)
        return False
    notice.mailed_at, notice.attempts, notice.last_error = now, notice.attempts + 1, ""
    notice.save(update_fields=["mailed_at", "attempts", "last_error"])
    return True


def _failed(notice: Notice, error: Exception, *, at: datetime) -> None:
    notice.attempts += 1
    notice.last_error = f"{type(error).__name__}: {error}"[:500]
    if notice.attempts > len(PAUSES):
        notice.given_up_at = at
        logger.error("notice %s given up: %s", notice.uid, notice.last_error)
    else:
        notice.retry_at = at + PAUSES[notice.attempts - 1]
    notice.save(update_fields=["attempts", "last_error", "retry_at", "given_up_at"])


def message(notice: Notice) -> EmailMessage:
    """The mail of a notice: Chinese first, English below, one address to look at."""
    link = f"{settings.SITE_URL}{notice.url}" if notice.url else settings.SITE_URL
    parts = [notice.subject, notice.body, link]
    if notice.subject_en and notice.subject_en != notice.subject:
        parts += ["— English —", notice.subject_en, notice.body_en, link]
    host = urlsplit(settings.SITE_URL).hostname
    return EmailMessage(
        subject=notice.subject,
        body="\n\n".join(part for part in parts if part) + "\n",
        to=[notice.recipient.email],
        # The same at each attempt: a mail that was sent twice is shown once.
        headers={"Message-ID": f"<notice-{notice.uid}@{host}>", "Auto-Submitted": "auto-generated"},
    )


def sweep(*, limit: int = 200) -> int:
    """Mail what is due and was missed; returns how many were mailed."""
    due = list(Notice.objects.due(at=clock.now()).values_list("pk", flat=True)[:limit])
    return sum(deliver(pk) for pk in due)
