"""The outbox: ``enqueue`` writes a notice in the caller's transaction; delivery follows by task."""

from datetime import datetime, timedelta

from django.db import transaction

from portal.notices.models import Notice

# Undo of a reversible act is possible while its notice is held.
HOLD = timedelta(seconds=10)


def enqueue(
    recipient,
    *,
    subject: str,
    dedupe_key: str,
    at: datetime,
    body: str = "",
    url: str = "",
    hold: timedelta = HOLD,
) -> Notice | None:
    """Leave a notice for a user, once for each ``dedupe_key``; None if it was left before.

    Celery is a wake-up only: a sweep finds what a lost message missed.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("enqueue() outside a transaction")
    notice, created = Notice.objects.get_or_create(
        dedupe_key=dedupe_key,
        defaults={
            "recipient": recipient,
            "subject": subject[:200],
            "body": body,
            "url": url,
            "created_at": at,
            "held_until": at + hold,
        },
    )
    return notice if created else None
