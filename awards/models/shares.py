"""Parts of an award that go to several organisations (联合体、联合攻关)."""

import pgtrigger
from django.db import models
from django.db.models import Q

from awards.models.guards import cny
from awards.models.ledger import Award


class Share(models.Model):
    """What one organisation gets of an award that its call pays by shares; kept at the approval.

    The parts add up to what was approved, the percents to 100: the database refuses others. They
    are never changed; an award without shares is paid to its applicant alone.
    """

    award = models.ForeignKey(Award, on_delete=models.PROTECT, related_name="shares")
    position = models.PositiveSmallIntegerField()
    uscc = models.CharField(max_length=18)
    name = models.CharField(max_length=120)
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    amount_cny = cny()

    class Meta:
        ordering = ["award", "position"]
        constraints = [
            models.UniqueConstraint(fields=["award", "position"], name="share_position"),
            models.UniqueConstraint(fields=["award", "uscc"], name="share_once"),
            models.CheckConstraint(
                condition=Q(amount_cny__gte=0, percent__gt=0, percent__lte=100),
                name="share_bounds",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="share_kept", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="shares_are_the_award",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                IF NOT EXISTS (
                  SELECT 1 FROM awards_entry e
                   WHERE e.award_id = NEW.award_id AND e.kind = 'approve'
                     AND (e.amount_cny, 100) = (
                       SELECT sum(amount_cny), sum(percent) FROM awards_share
                        WHERE award_id = NEW.award_id)) THEN
                  RAISE EXCEPTION 'the shares of award % are not what was approved', NEW.award_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_are_the_award';
                END IF;
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.award_id}/{self.uscc} {self.amount_cny}"
