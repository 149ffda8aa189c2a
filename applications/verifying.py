"""The applicant's part of ``manage.py verify``: what was submitted is what stands there."""

from collections.abc import Iterator

from django.db import connection

from applications import snapshot
from applications.models import Application, Correction, Status, Submission


def submissions() -> Iterator[str]:
    """every snapshot hashes to what its receipt says, rounds have no gap"""
    expected: dict[int, int] = {}
    rows = Submission.objects.select_related("application").order_by("application_id", "round")
    for row in rows.iterator(chunk_size=200):
        number = row.application.number
        if snapshot.fingerprint(row.snapshot) != row.sha256:
            yield f"submission {row.uid} of {number}: the snapshot's SHA-256 is not the receipt's"
        wanted = expected.get(row.application_id, 0)
        if row.round != wanted:
            yield f"submission {row.uid} of {number}: round {row.round} instead of {wanted}"
        expected[row.application_id] = row.round + 1
    without = Application.objects.filter(submitted_at__isnull=False, submissions__isnull=True)
    for number in without.values_list("number", flat=True):
        yield f"case {number}: submitted, but without a submission"


# Moves and events of the cases that are there, by what they tell; where their numbers differ.
_UNEVEN = """
  WITH moves AS (
    SELECT application_id::text AS object, source, target, count(*) AS times
      FROM applications_transition GROUP BY 1, 2, 3
  ), events AS (
    SELECT object_id AS object, from_state AS source, to_state AS target, count(*) AS times
      FROM audit_event
     WHERE object_type = 'applications.application' AND from_state NOT IN ('', to_state)
     GROUP BY 1, 2, 3
  )
  SELECT cases.uid, source, target, coalesce(moves.times, 0), coalesce(events.times, 0)
    FROM moves FULL JOIN events USING (object, source, target)
    JOIN applications_application cases ON cases.id::text = object
   WHERE moves.times IS DISTINCT FROM events.times ORDER BY 1, 2, 3
"""


def events() -> Iterator[str]:
    """every move of a case has its one event, and every event its one move"""
    with connection.cursor() as cursor:
        cursor.execute(_UNEVEN)
        for uid, source, target, moves, told in cursor.fetchall():
            yield f"case {uid}: {moves} moves from {source} to {target}, {told} events of it"


def histories() -> Iterator[str]:
    """every case stands where its history ends"""
    for case in Application.objects.prefetch_related("transitions").iterator(chunk_size=200):
        moves = sorted(case.transitions.all(), key=lambda move: move.pk)
        place = Status.DRAFT.value
        for move in moves:
            if move.source != place:
                yield f"case {case}: a move starts at {move.source}, the case stood at {place}"
            place = move.target
        if case.status != place:
            yield f"case {case}: stands at {case.status}, its history ends at {place}"
    waiting = Correction.objects.filter(answered_at__isnull=True)
    in_correction = Application.objects.filter(status=Status.CORRECTION)
    for case in in_correction.exclude(pk__in=waiting.values("application")):
        yield f"case {case}: in correction without an open round"
