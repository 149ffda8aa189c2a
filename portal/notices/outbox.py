"""The outbox: ``enqueue`` writes a notice in the caller's transaction; delivery follows by task."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation

from portal.notices.models import Notice

# Undo of a reversible act is possible while its notice is held.
HOLD = timedelta(seconds=10)

_mails = ContextVar("mails", default=True)


@contextmanager
def without_mail() -> Iterator[None]:
    """Notices left inside stand in the inbox and count as mailed when their hold was over; no
    mail goes out: what a demonstration tells of the past is nobody's news."""
    token = _mails.set(False)
    try:
        yield
    finally:
        _mails.reset(token)


def enqueue(
    recipient,
    *,
    subject,
    dedupe_key: str,
    at: datetime,
    body="",
    url: str = "",
    hold: timedelta = HOLD,
) -> Notice | None:
    """Leave a notice for a user, once for each ``dedupe_key``; None if it was left before.

    ``subject`` and ``body`` are lazy translations (``format_lazy`` for facts): they are written
    in Chinese and English. ``url`` is a path of the portal. Celery is a wake-up only: a sweep
    finds what a lost message missed.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("enqueue() outside a transaction")
    notice, created = Notice.objects.get_or_create(
        dedupe_key=dedupe_key,
        defaults={
            "recipient": recipient,
            "subject": _line(subject, "zh-hans")[:200],
            "subject_en": _line(subject, "en")[:300],
            "body": _text(body, "zh-hans"),
            "body_en": _text(body, "en"),
            "url": url,
            "created_at": at,
            "held_until": at + hold,
            "mailed_at": None if _mails.get() else at + hold,
        },
    )
    if created and _mails.get():
        transaction.on_commit(lambda: _wake(notice.pk, hold), robust=True)
    return notice if created else None


def recall(prefix: str, *, at: datetime) -> int:
    """Take back the notices of an act that is undone, whose keys start with ``prefix``.

    Only what is still held goes; returns the number of notices.
    """
    held = Notice.objects.filter(dedupe_key__startswith=prefix, held_until__gt=at)
    return held.filter(mailed_at__isnull=True).delete()[0]


def _wake(pk: int, hold: timedelta) -> None:
    from portal.notices.tasks import deliver

    deliver.apply_async([pk], countdown=max(hold.total_seconds(), 0))


def _text(source, language: str) -> str:
    with translation.override(language):
        return str(source)


def _line(source, language: str) -> str:
    """On one line: a subject is a header of the mail, and a line break in it another header."""
    return " ".join(_text(source, language).split())
