"""What is granted: awards, decisions, payments, and the ledger of caps and quotas (台账)."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from applications.models import Application
from portal.accounts.models import Organisation, Unit
from portal.columns import changed, two_people, uid_column, user_column
from reviews.models import Selection


def _cny(**options):
    return models.DecimalField(max_digits=16, decimal_places=2, **options)


def _change():
    """What an entry adds to a counter (元); written by the database alone."""
    return _cny(db_default=0, editable=False)


def _state_audited(name: str, label: str) -> pgtrigger.Trigger:
    """A change of ``state`` has its event by the commit."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Row,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Q(old__state__df=pgtrigger.F("new__state")),
        func=f"""
        PERFORM audit_require('{label}', NEW.id::text, OLD.state, NEW.state);
        RETURN NULL;
        """,
    )


def _starts(name: str, state: str) -> pgtrigger.Trigger:
    """A row comes into being in its first state only."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=~pgtrigger.Q(new__state=state),
        func=f"""
        RAISE EXCEPTION 'it starts as {state}'
          USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
        """,
    )


def _kept(name: str, *columns: str, when: str = "true") -> pgtrigger.Trigger:
    """What a signature covers is not edited."""
    changed_columns = changed(*columns)
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(f"{when} AND ({changed_columns})"),
        func=f"""
        RAISE EXCEPTION 'what was signed is not edited'
          USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
        """,
    )


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
    cap_cny = _cny(null=True)
    cap_places = models.PositiveIntegerField(null=True)
    committed_cny = _cny(default=0)
    approved_cny = _cny(default=0)
    paid_cny = _cny(default=0)
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
    computed_cny = _cny()
    capped_cny = _cny()
    recommended_cny = _cny()
    approved_cny = _cny(null=True)
    paid_cny = _cny(default=0)
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
            models.Index(fields=["call", "state"], name="award_of_call"),
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
            _starts("award_starts_reserved", "reserved"),
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
    amount_cny = _cny()
    places = models.PositiveSmallIntegerField(default=0)
    committed_change_cny = _change()
    approved_change_cny = _change()
    paid_change_cny = _change()
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


class Decision(models.Model):
    """立项/认定: a document (文件) with its awards, drafted by a clerk, released by a head."""

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待签发")
        RELEASED = "released", _("已签发")
        CONFIRMED = "confirmed", _("财政已确认")
        DISCARDED = "discarded", _("已作废")

    uid = uid_column()
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, related_name="decisions")
    number = models.CharField(_("文号"), max_length=60)
    title = models.CharField(_("标题"), max_length=160)
    text = models.TextField(_("正文"), blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTED)
    drafted_by = user_column()
    drafted_at = models.DateTimeField()
    released_by = user_column(null=True)
    released_at = models.DateTimeField(null=True)
    confirmed_by = user_column(null=True)
    confirmed_at = models.DateTimeField(null=True)
    funding_source = models.CharField(_("资金来源"), max_length=120, blank=True)
    revision = models.PositiveIntegerField(default=1)
    pdf = models.ForeignKey("files.Blob", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            two_people("drafted_by", "released_by", "decision_two_people"),
            models.UniqueConstraint(
                fields=["number"], condition=~Q(state="discarded"), name="decision_number_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["drafted", "discarded"])
                | Q(released_by__isnull=False, released_at__isnull=False),
                name="decision_released_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, funding_source__gt=""),
                name="decision_confirmed_whole",
            ),
        ]
        indexes = [models.Index(fields=["call", "-id"], name="decision_of_call")]
        triggers = [
            pgtrigger.FSM(
                name="decision_states",
                field="state",
                transitions=[
                    ("drafted", "released"), ("drafted", "discarded"), ("released", "confirmed"),
                ],
            ),
            _starts("decision_starts_drafted", "drafted"),
            _state_audited("decision_state_audited", "awards.decision"),
            _kept(
                "decision_text_kept",
                "number", "title", "text", "call_id", "drafted_by_id", "drafted_at",
                when="OLD.state <> 'drafted'",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number


class DecisionItem(models.Model):
    """An award in a decision, with the amount that is approved."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="items")
    award = models.OneToOneField(Award, on_delete=models.PROTECT, related_name="decision_item")
    approved_cny = _cny()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_cny__gte=0), name="decisionitem_not_negative"
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="decisionitem_of_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                IF EXISTS (SELECT 1 FROM awards_decision WHERE state NOT IN ('drafted', 'discarded')
                            AND id = CASE TG_OP WHEN 'DELETE' THEN OLD.decision_id
                                     ELSE NEW.decision_id END) THEN
                  RAISE EXCEPTION 'a signed decision keeps its items'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'decisionitem_of_draft';
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id}/{self.award_id}"


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
            _starts("paymentbatch_starts_drafted", "drafted"),
            _state_audited("paymentbatch_state_audited", "awards.paymentbatch"),
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
    instalment = models.PositiveSmallIntegerField(default=1)
    amount_cny = _cny()
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
                fields=["award", "instalment"],
                condition=~Q(state__in=["bounced", "cancelled"]),
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
            _starts("payment_starts_planned", "planned"),
            _state_audited("payment_state_audited", "awards.payment"),
            pgtrigger.Protect(name="payment_not_deleted", operation=pgtrigger.Delete),
            _kept(
                "payment_order_kept",
                "batch_id", "award_id", "instalment", "amount_cny", "payee_name", "payee_bank",
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
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.award_id} {self.amount_cny}"

    @property
    def masked_account(self) -> str:
        """The account in letters and for all but finance: ``6222****1234``."""
        number = self.payee_account
        return f"{number[:4]}****{number[-4:]}" if len(number) > 8 else "****"


class Export(models.Model):
    """A table that a worker writes (.xlsx): asked for, followed, left, fetched, or cancelled."""

    class Kind(models.TextChoices):
        LEDGER = "ledger", _("额度台账")
        SUPPORTED = "supported", _("拟支持名单")
        PAYMENTS = "payments", _("资金拨付表")

    class State(models.TextChoices):
        WAITING = "waiting", _("排队中")
        RUNNING = "running", _("生成中")
        DONE = "done", _("已完成")
        CANCELLED = "cancelled", _("已取消")
        FAILED = "failed", _("未能生成")

    uid = uid_column()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # What it is of: {"year": 2026}, {"call": uid}, {"batch": uid}; and the reader's measures.
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    done_rows = models.PositiveIntegerField(default=0)
    total_rows = models.PositiveIntegerField(default=0)
    requested_by = user_column()
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    # A running export says so now and then; one that fell silent is taken up again.
    alive_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=120, blank=True)
    blob = models.ForeignKey("files.Blob", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(blob__isnull=False, ended_at__isnull=False),
                name="export_done_whole",
            ),
            models.CheckConstraint(
                condition=Q(done_rows__lte=F("total_rows")), name="export_rows_within_total"
            ),
        ]
        indexes = [
            models.Index(fields=["requested_by", "-id"], name="export_of_user"),
            models.Index(
                fields=["requested_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="export_queue",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
