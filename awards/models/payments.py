"""Payment batches (资金拨付表) and their payments."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from awards.models.guards import cny, kept, starts, state_audited
from awards.models.ledger import Award
from awards.models.shares import Share
from portal.accounts.models import Unit
from portal.columns import two_people, uid_column, user_column


class PaymentBatch(models.Model):
    """资金拨付表: drafted by a finance clerk, released by a finance head."""

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待签发")
        RELEASED = "released", _("已签发")
        DISCARDED = "discarded", _("已作废")

    uid = uid_column()
    call = models.ForeignKey(
        "policy.Call", on_delete=models.PROTECT, related_name="payment_batches"
    )
    number = models.CharField(_("拨付编号"), max_length=60, unique=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTED)
    drafted_by = user_column()
    drafted_at = models.DateTimeField()
    released_by = user_column(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            two_people("drafted_by", "released_by", "paymentbatch_two_people"),
            models.CheckConstraint(
                condition=Q(state__in=["drafted", "discarded"])
                | Q(released_by__isnull=False, released_at__isnull=False),
                name="paymentbatch_released_whole",
            ),
        ]
        indexes = [models.Index(fields=["call", "-id"], name="paymentbatch_of_call")]
        triggers = [
            pgtrigger.FSM(
                name="paymentbatch_states",
                field="state",
                transitions=[("drafted", "released"), ("drafted", "discarded")],
            ),
            starts("paymentbatch_starts_drafted", "drafted"),
            state_audited("paymentbatch_state_audited", "awards.paymentbatch"),
        ]

    def __str__(self) -> str:
        return self.number


class Payment(models.Model):
    """One transfer to one payee; the account stands as it was at the draft."""

    class State(models.TextChoices):
        PLANNED = "planned", _("待拨付")
        SENT = "sent", _("已拨付")
        ARRIVED = "arrived", _("已到账")
        BOUNCED = "bounced", _("退汇")
        CANCELLED = "cancelled", _("已作废")

    uid = uid_column()
    batch = models.ForeignKey(PaymentBatch, on_delete=models.PROTECT, related_name="payments")
    award = models.ForeignKey(Award, on_delete=models.PROTECT, related_name="payments")
    # Whose part it is, where the award is paid by shares; null: the award's one payee.
    share = models.ForeignKey(Share, on_delete=models.PROTECT, null=True, related_name="payments")
    instalment = models.PositiveSmallIntegerField(default=1)
    amount_cny = cny()
    payee_name = models.CharField(max_length=120)
    payee_bank = models.CharField(max_length=120)
    payee_account = models.CharField(max_length=40)
    payee_bank_code = models.CharField(max_length=12, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    arrived_on = models.DateField(null=True)
    bounced_on = models.DateField(null=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_cny__gt=0), name="payment_positive"),
            models.UniqueConstraint(
                fields=["award", "share", "instalment"],
                condition=~Q(state__in=["bounced", "cancelled"]),
                nulls_distinct=False,
                name="payment_once_per_instalment",
            ),
            models.CheckConstraint(
                condition=Q(payee_name__gt="", payee_bank__gt="", payee_account__gt=""),
                name="payment_payee_whole",
            ),
            models.CheckConstraint(
                condition=(~Q(state="arrived") | Q(arrived_on__isnull=False))
                & (~Q(state="bounced") | Q(bounced_on__isnull=False, note__gt="")),
                name="payment_outcome_whole",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="payment_states",
                field="state",
                transitions=[
                    ("planned", "sent"), ("planned", "cancelled"),
                    ("sent", "arrived"), ("sent", "bounced"), ("arrived", "bounced"),
                ],
            ),
            starts("payment_starts_planned", "planned"),
            state_audited("payment_state_audited", "awards.payment"),
            pgtrigger.Protect(name="payment_not_deleted", operation=pgtrigger.Delete),
            kept(
                "payment_order_kept",
                "batch_id", "award_id", "share_id", "instalment", "amount_cny", "payee_name", "payee_bank",
                "payee_account", "payee_bank_code",
            ),
            pgtrigger.Trigger(
                name="payment_of_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF NOT EXISTS (SELECT 1 FROM awards_paymentbatch
                                WHERE id = NEW.batch_id AND state = 'drafted') THEN
                  RAISE EXCEPTION 'a signed batch takes no more payments'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_of_draft';
                END IF;
                RETURN NEW;
                """,
            ),
            # Where the award has shares, every payment is of one of them and stays within it.
            pgtrigger.Trigger(
                name="payment_of_share",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("part", "awards_share%ROWTYPE")],
                func="""
                SELECT * INTO part FROM awards_share
                 WHERE award_id = NEW.award_id AND (id = NEW.share_id OR NEW.share_id IS NULL)
                 LIMIT 1;
                IF NEW.share_id IS DISTINCT FROM part.id THEN
                  RAISE EXCEPTION 'a payment of award % names the wrong share', NEW.award_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_of_share';
                END IF;
                IF part.id IS NOT NULL AND part.amount_cny < NEW.amount_cny + (
                    SELECT coalesce(sum(amount_cny), 0) FROM awards_payment
                     WHERE share_id = part.id AND state NOT IN ('bounced', 'cancelled')) THEN
                  RAISE EXCEPTION 'share % has not so much left', part.id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_within_share';
                END IF;
                RETURN NEW;
                """,
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.award_id} {self.amount_cny}"

    @property
    def masked_account(self) -> str:
        """The account in letters and for all but finance: ``6222****1234``."""
        number = self.payee_account
        return f"{number[:4]}****{number[-4:]}" if len(number) > 8 else "****"


class Receipt(models.Model):
    """付款回单: the bank's own paper on a payment. Taken off with a reason, never deleted."""

    uid = uid_column()
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="receipts")
    name = models.CharField(max_length=255)
    blob = models.ForeignKey("files.Blob", on_delete=models.PROTECT, related_name="+")
    uploaded_by = user_column()
    uploaded_at = models.DateTimeField()
    removed_by = user_column(null=True)
    removed_at = models.DateTimeField(null=True)
    removed_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_by__isnull=True)
                | Q(removed_at__isnull=False, removed_by__isnull=False, removed_reason__gt=""),
                name="receipt_removed_with_reason",
            ),
            models.UniqueConstraint(
                fields=["payment", "blob"],
                condition=Q(removed_at__isnull=True),
                name="receipt_once",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="receipt_not_deleted", operation=pgtrigger.Delete),
            kept("receipt_kept", "payment_id", "name", "blob_id", "uploaded_by_id", "uploaded_at"),
            kept("receipt_removed_once", "removed_at", when="OLD.removed_at IS NOT NULL"),
        ]

    def __str__(self) -> str:
        return self.name
