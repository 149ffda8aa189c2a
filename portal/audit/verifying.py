"""`manage.py verify`: the chain is recomputed by the database, then compared with its anchors."""

import time
from collections.abc import Iterator

from django.db import connection, transaction

from portal import clock
from portal.audit import anchoring
from portal.audit.models import ChainCheck, Event, Head

# More faults of one kind than this tell nothing new.
_SHOWN = 20

# Each row beside the one before it in the chain's order.
_BROKEN = """
WITH chained AS (
  SELECT e AS event, e.id, e.position, e.previous_hash, e.hash, e.algorithm,
         row_number() OVER (ORDER BY e.position) AS place,
         lag(e.hash, 1, repeat('0', 64)) OVER (ORDER BY e.position) AS before
    FROM audit_event e WHERE e.position IS NOT NULL
), judged AS (
  SELECT id, position, place,
         position <> place AS misplaced,
         previous_hash IS DISTINCT FROM before AS unlinked,
         algorithm <> 'sha256' AS unknown,
         hash IS DISTINCT FROM encode(sha256(convert_to(
           previous_hash || audit_canonical(event, position), 'UTF8')), 'hex') AS changed
    FROM chained
)
SELECT id, position, place, misplaced, unlinked, unknown, changed FROM judged
 WHERE misplaced OR unlinked OR unknown OR changed ORDER BY place LIMIT %s
"""


def chain() -> Iterator[str]:
    """the audit chain is whole from its first event to its head, and agrees with its anchors"""
    yield from _broken()
    yield from _unchained()
    yield from _head()
    yield from anchoring.faults()


def _broken() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN, [_SHOWN])
        rows = cursor.fetchall()
    for pk, position, place, misplaced, unlinked, unknown, changed in rows:
        if misplaced:
            yield f"event {pk}: position {position} stands at place {place}: events are missing"
        if unlinked:
            yield f"event {pk} at position {position}: not linked to the one before it"
        if unknown:
            yield f"event {pk} at position {position}: unknown algorithm"
        elif changed:
            yield f"event {pk} at position {position}: its content is not what was chained"
    if len(rows) == _SHOWN:
        yield f"… only the first {_SHOWN} broken events are shown"


def _unchained() -> Iterator[str]:
    loose = Event.objects.filter(position__isnull=True).values_list("pk", flat=True)
    for pk in loose.order_by("pk")[:_SHOWN]:
        yield f"event {pk}: not chained"


def _head() -> Iterator[str]:
    head = Head.objects.first() or Head()
    last = Event.objects.filter(position__isnull=False).order_by("-position").first()
    found = (last.position, last.hash) if last else (0, "0" * 64)
    if found != (head.position, head.hash):
        yield f"the head is at {head.position}, the last event at {found[0]}: the end is cut"


@transaction.atomic
def check() -> ChainCheck:
    """Verify the whole chain and keep what was found, for the auditor's page."""
    began = time.monotonic()
    faults = list(chain())
    head = Head.objects.first() or Head()
    return ChainCheck.objects.create(
        at=clock.now(),
        position=head.position,
        seconds=round(time.monotonic() - began, 3),
        faults=faults,
    )
