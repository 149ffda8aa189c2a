"""The ledger (台账): accounts of caps and places, awards, and the entries that move both."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from applications.models import Application
from awards.models.guards import change, cny, starts
from portal.accounts.models import Organisation
from portal.columns import uid_column, user_column
from reviews.models import Selection


class CapAccount(models.Model):
    """What may be committed under one rule in one scope: a cap in 元, places, or both.

    ``rule`` and ``scope`` are the key: ("call_budget", "call:<uid>/call"), ("10-1/centre",
    "centre:<uid>/lifetime"), ("10-1/places", "line:10-1/lifetime"); ``awards.accounts`` says which
    accounts bind a case. The counters are moved by the trigger of ``Posting`` alone; the CHECKs are the
    guarantee. Accounts are locked in the order of the key. Budget and places of a call's account
    follow the call (trigger of policy_call).
    """

    rule = models.CharField(max_length=60)
    scope = models.CharField(max_length=80)
    label_zh = models.CharField(max_length=120)
    label_en = models.CharField(max_length=200)
    clause = models.TextField(blank=True)
    measure = models.ForeignKey(
        "policy.Measure", on_delete=models.PROTECT, null=True, related_name="+"
    )
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, related_name="+"
    )
    year = models.PositiveSmallIntegerField(null=True)
    # Of a ceiling over several lines: which. What they gave the organisation under calls without
    # the ceiling counts too; the trigger of ``Posting`` refuses what is above it (group_within_cap).
    lines = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    cap_cny = cny(null=True)
    cap_places = models.PositiveIntegerField(null=True)
    committed_cny = cny(default=0)
    approved_cny = cny(default=0)
    paid_cny = cny(default=0)
    committed_places = models.IntegerField(default=0)

    class Meta:
        ordering = ["rule", "scope"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "scope"], name="capaccount_key"),
            models.CheckConstraint(
                condition=Q(cap_cny__isnull=True) | Q(cap_cny__gte=0), name="cap_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(cap_cny__isnull=True) | Q(committed_cny__lte=F("cap_cny")),
                name="committed_within_cap",
            ),
            # 0 ≤ paid ≤ approved ≤ committed: with the next one.
            models.CheckConstraint(
                condition=Q(approved_cny__gte=0, approved_cny__lte=F("committed_cny")),
                name="approved_within_committed",
            ),
            models.CheckConstraint(
                condition=Q(paid_cny__gte=0, paid_cny__lte=F("approved_cny")),
                name="paid_within_approved",
            ),
            models.CheckConstraint(
                condition=Q(committed_places__gte=0)
                & (Q(cap_places__isnull=True) | Q(committed_places__lte=F("cap_places"))),
                name="places_within_quota",
            ),
        ]
        indexes = [models.Index(fields=["call"], name="capaccount_of_call")]

    def __str__(self) -> str:
        return f"{self.rule} {self.scope}"

    @property
    def room_cny(self):
        """What is left under the cap (元); None without a cap."""
        return None if self.cap_cny is None else self.cap_cny - self.committed_cny

    @property
    def reserved_cny(self):
        """Committed and not yet approved (元)."""
        return self.committed_cny - self.approved_cny

    @property
    def room_places(self) -> int | None:
        return None if self.cap_places is None else self.cap_places - self.committed_places


class Award(models.Model):
    """A grant, reward or subsidy to one case.

    State, approved and paid amount are a projection of its entries, moved by the trigger of
    ``Entry`` alone: the running role has no UPDATE on this table.
    """

    class State(models.TextChoices):
        RESERVED = "reserved", _("拟支持")
        APPROVED = "approved", _("已批准")
        CONFIRMED = "confirmed", _("财政已确认")
        PAID = "paid", _("已拨付")
        RELEASED = "released", _("已释放")

    uid = uid_column()
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="award")
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, related_name="awards")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="awards")
    definition = models.ForeignKey("policy.Definition", on_delete=models.PROTECT, related_name="+")
    selection = models.ForeignKey(
        Selection, on_delete=models.PROTECT, null=True, related_name="awards"
    )
    year = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.RESERVED)
    computed_cny = cny()
    capped_cny = cny()
    recommended_cny = cny()
    approved_cny = cny(null=True)
    paid_cny = cny(default=0)
    # Inputs, settings, commitments and steps of policy.computing: enough to replay to the 分.
    trace = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    capped_cny__lte=F("computed_cny"), recommended_cny__lte=F("capped_cny")
                ),
                name="award_recommended_within_capped",
            ),
            models.CheckConstraint(
                condition=Q(approved_cny__isnull=True)
                | Q(approved_cny__lte=F("recommended_cny"), approved_cny__gte=0),
                name="award_approved_within_recommended",
            ),
            models.CheckConstraint(
                condition=Q(paid_cny=0) | Q(paid_cny__gt=0, paid_cny__lte=F("approved_cny")),
                name="award_paid_within_approved",
            ),
        ]
        indexes = [
            # The sums of a call, read from the index alone: a row of awards is long.
            models.Index(
                fields=["call", "state"],
                include=["application", "recommended_cny", "approved_cny", "paid_cny"],
                name="award_sums_of_call",
            ),
            models.Index(fields=["call", "-made_at", "uid"], name="award_list_of_call"),
            models.Index(fields=["-made_at", "uid"], name="award_list"),
            models.Index(fields=["organisation", "year"], name="award_of_organisation"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="award_states",
                field="state",
                transitions=[
                    ("reserved", "approved"),
                    ("approved", "confirmed"),
                    ("confirmed", "paid"),
                    ("reserved", "released"),
                    ("approved", "released"),
                    ("confirmed", "released"),
                    ("paid", "confirmed"),
                ],
            ),
            starts("award_starts_reserved", "reserved"),
            pgtrigger.Protect(name="award_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="award_basis_kept",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "application", "definition", "computed_cny", "capped_cny",
                    "recommended_cny", "trace",
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.application_id} {self.state}"


class Entry(models.Model):
    """One act in the ledger. Append-only; every entry is audited at commit.

    The database refuses an entry that does not fit its award's state and amounts, works out what
    it changes, and moves the award (awards/sql.py). ``Posting`` says which accounts it moves:
    those of the award's reservation, always all of them.
    """

    class Kind(models.TextChoices):
        OPENING = "opening", _("期初")
        RESERVE = "reserve", _("拟支持")
        APPROVE = "approve", _("批准")
        CONFIRM = "confirm", _("财政确认")
        PAY = "pay", _("拨付")
        RETURN = "return", _("退回")
        CLAW_BACK = "claw_back", _("追回")
        RELEASE = "release", _("释放")

    uid = uid_column()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    award = models.ForeignKey(Award, on_delete=models.PROTECT, null=True, related_name="entries")
    payment = models.ForeignKey(
        "awards.Payment", on_delete=models.PROTECT, null=True, related_name="entries"
    )
    amount_cny = cny()
    places = models.PositiveSmallIntegerField(default=0)
    committed_change_cny = change()
    approved_change_cny = change()
    paid_change_cny = change()
    places_change = models.SmallIntegerField(db_default=0, editable=False)
    note = models.CharField(max_length=300, blank=True)
    idempotency_key = models.CharField(max_length=120, unique=True)
    made_by = user_column()
    made_at = models.DateTimeField()
    transaction_id = models.BigIntegerField(
        db_default=RawSQL("(pg_current_xact_id()::text::bigint)", ()), editable=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_cny__gte=0), name="entry_not_negative"),
            models.CheckConstraint(
                condition=Q(kind="opening", award__isnull=True)
                | (~Q(kind="opening") & Q(award__isnull=False)),
                name="entry_of_award",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["pay", "return"], payment__isnull=False)
                | (~Q(kind__in=["pay", "return"]) & Q(payment__isnull=True)),
                name="entry_of_payment",
            ),
            # Two contradictory final acts on one award cannot stand.
            models.UniqueConstraint(
                fields=["award", "kind"],
                condition=Q(kind__in=["reserve", "approve", "confirm"]),
                name="entry_once_per_award",
            ),
            models.UniqueConstraint(
                fields=["payment", "kind"],
                condition=Q(payment__isnull=False),
                name="entry_once_per_payment",
            ),
        ]
        indexes = [models.Index(fields=["award", "id"], name="entry_of_award_index")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_cny}"


class Posting(models.Model):
    """An entry's effect on one account, written with the entry in one transaction. Its insert
    trigger moves the account's counters by the entry's changes."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(CapAccount, on_delete=models.PROTECT, related_name="postings")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "account"], name="posting_once"),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} → {self.account_id}"


class LedgerCheck(models.Model):
    """The counters of all accounts compared with the sum of their entries: when, what differed."""

    at = models.DateTimeField()
    accounts = models.PositiveIntegerField()
    # The accounts of which a counter is not the sum.
    faults = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["-id"], name="ledger_check_newest")]

    def __str__(self) -> str:
        return f"{self.accounts}: {len(self.faults)} faults"
