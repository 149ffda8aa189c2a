"""The outbox: ``enqueue`` writes a notice in the caller's transaction; delivery follows by task."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial

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
    written = _written(subject=subject, body=body, url=url, at=at, hold=hold)
    row = Notice(recipient=recipient, dedupe_key=dedupe_key, **written)
    return next(iter(_leave([row], hold)), None)


def enqueue_all(
    recipients: Iterable,
    *,
    subject,
    key: str,
    at: datetime,
    body="",
    url: str = "",
    hold: timedelta = HOLD,
) -> list[Notice]:
    """The same notice for several users, once for each of them and ``key`` (their dedupe keys are
    ``key:pk``): one statement, however many they are. As ``enqueue``; returns those left now."""
    people = {person.pk: person for person in recipients}
    written = _written(subject=subject, body=body, url=url, at=at, hold=hold)
    rows = [
        Notice(recipient=person, dedupe_key=f"{key}:{pk}", **written)
        for pk, person in people.items()
    ]
    return _leave(rows, hold)


def _written(*, subject, body, url: str, at: datetime, hold: timedelta) -> dict:
    """What the notice says, in both languages."""
    return {
        "subject": _line(subject, "zh-hans")[:200],
        "subject_en": _line(subject, "en")[:300],
        "body": _text(body, "zh-hans"),
        "body_en": _text(body, "en"),
        "url": url,
        "created_at": at,
        "held_until": at + hold,
        "mailed_at": None if _mails.get() else at + hold,
    }


def _leave(rows: list[Notice], hold: timedelta) -> list[Notice]:
    """Store those that were not left before and wake the delivery of each."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("enqueue() outside a transaction")
    made: list[Notice] = []
    for first in range(0, len(rows), _ROWS):
        made += _insert(rows[first : first + _ROWS])
    if _mails.get():
        for row in made:
            transaction.on_commit(partial(_wake, row.pk, hold), robust=True)
    return made


_ROWS = 1000
_FIELDS = [field for field in Notice._meta.concrete_fields if not field.primary_key]
_INSERT = "INSERT INTO {table} ({columns}) VALUES {rows} ON CONFLICT DO NOTHING RETURNING uid, id"


def _insert(rows: Sequence[Notice]) -> list[Notice]:
    """Those that were not left before, now stored, with their keys: one statement (where
    conflicts are passed over, ``bulk_create`` tells no keys)."""
    connection = transaction.get_connection()
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for row in rows
        for field in _FIELDS
    ]
    statement = _INSERT.format(
        table=connection.ops.quote_name(Notice._meta.db_table),
        columns=", ".join(connection.ops.quote_name(field.column) for field in _FIELDS),
        rows=", ".join([f"({', '.join(['%s'] * len(_FIELDS))})"] * len(rows)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        keys = dict(cursor.fetchall())
    made = [row for row in rows if row.uid in keys]
    for row in made:
        row.pk, row._state.adding, row._state.db = keys[row.uid], False, connection.alias
    return made


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
