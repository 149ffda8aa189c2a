"""The chain as lines of JSON, to be verified by whoever has no database (docs/audit-verifier.py)."""

import json
from collections.abc import Iterator

from django.db import connections, transaction

# The canonical text is what was hashed: position, id, at, transaction, actor id, actor, action,
# object type, object id, from, to, data, algorithm.
_ROWS = """
SELECT e.position, e.previous_hash, e.hash, e.algorithm, audit_canonical(e, e.position)
  FROM audit_event e WHERE e.position > %s ORDER BY e.position LIMIT %s
"""
_AT_ONCE = 2000


def lines(*, using: str = "default") -> Iterator[str]:
    """Every event of the chain, one line each, then its head; as of one moment."""
    connection = connections[using]
    with transaction.atomic(using=using):
        with connection.cursor() as cursor:
            if not connection.savepoint_ids:  # inside another transaction it has its snapshot
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT position, hash FROM audit_head")
            head = cursor.fetchone() or (0, "0" * 64)
        position = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(_ROWS, [position, _AT_ONCE])
                rows = cursor.fetchall()
            for position, previous, digest, algorithm, canonical in rows:
                yield (
                    json.dumps(
                        {
                            "position": position,
                            "previous_hash": previous,
                            "hash": digest,
                            "algorithm": algorithm,
                            "canonical": canonical,
                        },
                        ensure_ascii=False,
                    )
                    + "\n"
                )
            if len(rows) < _AT_ONCE:
                break
    yield json.dumps({"head": head[0], "hash": head[1]}) + "\n"
