"""The audit log: append-only, hash-chained, written inside the caller's transaction.

The chain is closed by the database at commit (see ``sql.py``): the deferred trigger locks the
head last, so that no transaction holds it while it works.
"""

from django.db import models
from django.db.models.expressions import RawSQL


class Event(models.Model):
    """One act. Actors and objects are kept by value: the log outlives what it tells of."""

    at = models.DateTimeField(db_default=RawSQL("portal_now()", ()))
    transaction_id = models.BigIntegerField(
        db_default=RawSQL("(pg_current_xact_id()::text::bigint)", ())
    )
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=80)
    object_type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=64)
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40, blank=True)
    data = models.JSONField(default=dict)
    # Written by the database at commit.
    position = models.BigIntegerField(null=True, unique=True, editable=False)
    previous_hash = models.CharField(max_length=64, null=True, editable=False)
    hash = models.CharField(max_length=64, null=True, editable=False)
    algorithm = models.CharField(max_length=20, default="sha256", editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["object_type", "object_id", "id"], name="event_object"),
            models.Index(fields=["transaction_id"], name="event_transaction"),
            models.Index(fields=["actor_id", "-id"], name="event_actor"),
            models.Index(fields=["at"], name="event_at"),
            models.Index(fields=["action", "-id"], name="event_action"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.action} {self.object_type}:{self.object_id}"


class Head(models.Model):
    """The end of the chain; one row, locked last in every transaction, moved by the trigger alone."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="head_single_row")]

    def __str__(self) -> str:
        return f"{self.position} {self.hash[:12]}"


class ChainCheck(models.Model):
    """A verification of the whole chain: when, how far, what was found."""

    at = models.DateTimeField()
    position = models.BigIntegerField()
    seconds = models.FloatField()
    faults = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["-id"], name="chain_check_newest")]

    def __str__(self) -> str:
        return f"{self.position}: {len(self.faults)} faults"
