"""Claw-backs (追回): what was paid is demanded back, by two people, and comes back in parts."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from awards.models.guards import cny, kept, starts, state_audited
from awards.models.ledger import Award, Entry
from portal.columns import two_people, uid_column, user_column


class ClawBackQuerySet(models.QuerySet):
    def stopping(self):
        """Those for whose awards nothing more is paid: signed and not repaid; or repaid, where the
        support itself was taken back."""
        return self.filter(Q(state="released") | Q(state="repaid", frees_place=True))


class ClawBack(models.Model):
    """追回决定: drafted by the lead unit's clerk, signed by its head; the ledger follows what is
    repaid. While it is open no instalment of its award is paid: the database refuses it
    (``claw_back_stops_payment``)."""

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待签发")
        RELEASED = "released", _("待缴回")
        REPAID = "repaid", _("已缴清")
        DISCARDED = "discarded", _("已作废")

    uid = uid_column()
    award = models.ForeignKey(Award, on_delete=models.PROTECT, related_name="claw_backs")
    amount_cny = cny()
    repaid_cny = cny(default=0)
    # Whether the place is given back too, with the last repayment (撤销).
    frees_place = models.BooleanField(default=False)
    reason = models.TextField()
    legal_base = models.CharField(max_length=300)
    due_on = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTED)
    drafted_by = user_column()
    drafted_at = models.DateTimeField()
    released_by = user_column(null=True)
    released_at = models.DateTimeField(null=True)
    discarded_by = user_column(null=True)
    discarded_at = models.DateTimeField(null=True)
    discarded_reason = models.CharField(max_length=500, blank=True)
    letter = models.OneToOneField(
        "applications.Letter", on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = ClawBackQuerySet.as_manager()

    class Meta:
        constraints = [
            two_people("drafted_by", "released_by", "clawback_two_people"),
            models.CheckConstraint(
                condition=Q(amount_cny__gt=0, reason__gt="", legal_base__gt=""),
                name="clawback_with_grounds",
            ),
            models.CheckConstraint(
                condition=Q(repaid_cny__gte=0, repaid_cny__lte=F("amount_cny")),
                name="clawback_repaid_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["drafted", "discarded"], repaid_cny=0)
                | Q(
                    state__in=["released", "repaid"],
                    released_by__isnull=False,
                    released_at__isnull=False,
                    letter__isnull=False,
                ),
                name="clawback_released_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="repaid", repaid_cny=F("amount_cny"))
                | (~Q(state="repaid") & Q(repaid_cny__lt=F("amount_cny"))),
                name="clawback_repaid_is_all",
            ),
            models.CheckConstraint(
                condition=~Q(state="discarded")
                | Q(
                    discarded_by__isnull=False,
                    discarded_at__isnull=False,
                    discarded_reason__gt="",
                ),
                name="clawback_discarded_whole",
            ),
            models.UniqueConstraint(
                fields=["award"],
                condition=Q(state__in=["drafted", "released"]),
                name="clawback_one_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["-drafted_at", "uid"], name="clawback_newest"),
            models.Index(
                fields=["due_on"], condition=Q(state="released"), name="clawback_outstanding"
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="clawback_states",
                field="state",
                transitions=[
                    ("drafted", "released"), ("drafted", "discarded"), ("released", "repaid"),
                ],
            ),
            starts("clawback_starts_drafted", "drafted"),
            state_audited("clawback_state_audited", "awards.clawback"),
            kept(
                "clawback_grounds_kept",
                "award_id", "amount_cny", "frees_place", "reason", "legal_base", "due_on",
                "drafted_by_id", "drafted_at",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.award_id} {self.amount_cny}"

    @property
    def outstanding_cny(self):
        return self.amount_cny - self.repaid_cny


class Repayment(models.Model):
    """缴回: money that came back for a claw-back, with its entry. Append-only."""

    uid = uid_column()
    claw_back = models.ForeignKey(ClawBack, on_delete=models.PROTECT, related_name="repayments")
    amount_cny = cny()
    repaid_on = models.DateField()
    reference = models.CharField(max_length=120)
    recorded_by = user_column()
    recorded_at = models.DateTimeField()
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="repayment")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_cny__gt=0, reference__gt=""), name="repayment_whole"
            ),
            models.UniqueConstraint(fields=["claw_back", "reference"], name="repayment_once"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="repayment_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            )
        ]

    def __str__(self) -> str:
        return f"{self.claw_back_id} {self.amount_cny}"
