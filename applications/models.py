"""The applicant's side: applications (申报) with their answers, files, history and letters.

What an applicant's page shows of reviews and awards (holder, due date, next step, amounts,
flagged fields) is stored here by the upper verb, in the same transaction.
"""

from datetime import date

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Membership, Organisation, Role, Unit
from portal.columns import uid_column, user_column
from portal.searching import AnyOf, Grams, containing


class Status(models.TextChoices):
    """Where a case stands. The stages of a plan bear the same codes (policy.schema.Stage)."""

    DRAFT = "draft", _("填报中")
    HANDED = "handed", _("待单位提交")
    RECOMMENDATION = "recommendation", _("区推荐")
    RETURNED = "returned", _("退回修改")
    FORMAL_CHECK = "formal_check", _("形式审查")
    CORRECTION = "correction", _("补正")
    JOINT_REVIEW = "joint_review", _("会商")
    EXPERT_REVIEW = "expert_review", _("专家评审")
    VERIFICATION = "verification", _("核定")
    SELECTION = "selection", _("会议遴选")
    WAITLISTED = "waitlisted", _("备选")
    PUBLIC_NOTICE = "public_notice", _("公示")
    OBJECTION = "objection", _("异议处理")
    DECISION = "decision", _("待批准")
    FINANCE = "finance", _("财政确认")
    PAYMENT = "payment", _("待拨付")
    PAID = "paid", _("已拨付")
    RECOGNISED = "recognised", _("已认定")
    NOT_RECOMMENDED = "not_recommended", _("未推荐")
    REFUSED = "refused", _("不予受理")
    LAPSED = "lapsed", _("逾期未补正，视为放弃")
    NOT_SELECTED = "not_selected", _("不支持")
    CANCELLED = "cancelled", _("已取消")
    WITHDRAWN = "withdrawn", _("已撤回")


# With the applicant, who may write the answers (a correction: the flagged ones only).
EDITABLE = frozenset({Status.DRAFT, Status.HANDED, Status.RETURNED, Status.CORRECTION})
ENDED = frozenset(
    {
        Status.PAID,
        Status.RECOGNISED,
        Status.NOT_RECOMMENDED,
        Status.REFUSED,
        Status.LAPSED,
        Status.NOT_SELECTED,
        Status.CANCELLED,
        Status.WITHDRAWN,
    }
)
# Ended without a grant or recognition: the organisation may start anew under the same call.
VOID = ENDED - {Status.PAID, Status.RECOGNISED}
# The union of every plan's moves: the table in workflow.py may use no other, and the
# database's last line (the FSM trigger) is made of it.
MOVES: tuple[tuple[str, str], ...] = (
    ("draft", "handed"),
    ("handed", "draft"),
    *((source, target)
      for source in ("draft", "handed")
      for target in ("recommendation", "formal_check")),
    ("recommendation", "returned"),
    ("returned", "recommendation"),
    ("recommendation", "formal_check"),
    ("recommendation", "not_recommended"),
    ("formal_check", "correction"),
    ("correction", "formal_check"),
    ("correction", "lapsed"),
    ("formal_check", "refused"),
    ("joint_review", "refused"),
    *((source, target)
      for at, source in enumerate(
          ("formal_check", "joint_review", "expert_review", "verification"))
      for target in ("joint_review", "expert_review", "verification", "selection")[at:]),
    ("selection", "public_notice"),
    ("selection", "waitlisted"),
    ("selection", "not_selected"),
    ("waitlisted", "public_notice"),
    ("waitlisted", "not_selected"),
    ("public_notice", "objection"),
    ("objection", "public_notice"),
    ("objection", "cancelled"),
    ("public_notice", "decision"),
    ("decision", "finance"),
    # a line without money ends here
    ("decision", "recognised"),
    ("decision", "cancelled"),
    ("finance", "payment"),
    ("payment", "paid"),
    ("paid", "payment"),
    *((source, "withdrawn")
      for source in (
          "recommendation", "returned", "formal_check", "correction", "joint_review",
          "expert_review", "verification", "selection", "waitlisted", "public_notice",
          "objection", "decision",
      )),
)  # fmt: skip

# The way back of an act that is undone in time (applications.undoing), and of nothing else.
UNDONE_MOVES: tuple[tuple[str, str], ...] = (
    ("formal_check", "recommendation"),
    *((target, source)
      for at, source in enumerate(("formal_check", "joint_review"))
      for target in ("joint_review", "expert_review", "verification", "selection")[at:]),
)  # fmt: skip


def _pairs(moves) -> str:
    """The moves as rows of SQL."""
    return ", ".join(f"('{source}', '{target}')" for source, target in moves)


# A due date that waits for the calendar sorts behind every other.
LAST_DAY = date(9999, 12, 31)
DUE_KEY = Coalesce("due_on", Value(LAST_DAY))


class ApplicationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Cases that the user may see: own organisations' (drafts too), and, once submitted,
        those in which a unit of the user or the user in person takes part; auditors and policy
        administrators see all that were submitted."""
        held = Membership.objects.active().filter(user=user)
        own = Q(organisation__in=held.filter(organisation__isnull=False).values("organisation"))
        units = held.filter(unit__isnull=False).values("unit")
        parties = Party.objects.filter(Q(unit__in=units) | Q(user=user), ended_at__isnull=True)
        part = Q(pk__in=parties.values("application"), submitted_at__isnull=False)
        overseers = held.filter(role__in=[Role.AUDITOR, Role.POLICY_ADMIN])
        every = Q(models.Exists(overseers), submitted_at__isnull=False)
        return self.filter(own | part | every)

    def for_inbox(self, *units):
        """What the units hold, the soonest due first; a due date that waits for the calendar
        comes last."""
        return (
            self.filter(holder_unit__in=units)
            .select_related("organisation", "call__measure", "district")
            .order_by(F("due_on").asc(nulls_last=True), "pk")
        )

    def with_words(self, words):
        """Cases in whose number, title or organisation's name each of the words stands."""
        found = self
        for word in words:
            own = containing(Application.objects.all(), word, "number", "title")
            named = containing(Organisation.objects.all(), word, "name", "uscc")
            found = found.filter(Q(AnyOf("pk", own)) | Q(AnyOf("organisation", named)))
        return found

    def in_hand(self):
        """Submitted and not ended."""
        return self.filter(submitted_at__isnull=False).exclude(status__in=ENDED)


class Application(models.Model):
    """One organisation's case under one call."""

    uid = uid_column()
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, related_name="applications")
    definition = models.ForeignKey(
        "policy.Definition", on_delete=models.PROTECT, related_name="applications"
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="applications"
    )
    district = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("项目名称"), max_length=60, blank=True)
    number = models.CharField(_("申报编号"), max_length=40, unique=True, null=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    revision = models.PositiveIntegerField(default=1)
    # Which of the organisation's live cases under this call; 1 unless the call allows more.
    ordinal = models.PositiveSmallIntegerField(default=1)
    started_by = user_column()
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    stage_started_at = models.DateTimeField()
    # Five amounts, each what it is called (元): asked and computed at submission, the verified
    # base and the recommendation by reviewers; approved and paid mirror the ledger.
    claimed_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    asked_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    computed_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    capped_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    verified_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    recommended_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    approved_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    paid_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    # What the case stands for where an answer identifies it: {"centre": …} (applications.identities).
    subjects = models.JSONField(default=dict, blank=True)
    # The computation that the amounts above come from (policy.computing), steps and version.
    computation = models.JSONField(default=dict)
    # Who holds it, until when: a unit, or the applicant (null).
    holder_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    due_on = models.DateField(null=True)
    due_provisional = models.BooleanField(default=False)
    # Set while the date waits for a year's calendar: {"from": "2027-12-20", "workdays": 10}.
    due_waiting = models.JSONField(null=True)
    next_stage = models.CharField(max_length=20, blank=True)
    correction_round = models.PositiveSmallIntegerField(default=0)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["call", "organisation", "ordinal"],
                condition=~Q(status__in=sorted(VOID)),
                name="application_live_once",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True, submitted_at__isnull=True)
                | Q(number__isnull=False, submitted_at__isnull=False),
                name="application_number_at_submission",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[Status.DRAFT, Status.HANDED])
                | Q(number__isnull=False, asked_cny__isnull=False),
                name="application_submitted_whole",
            ),
            models.CheckConstraint(
                condition=Q(asked_cny__isnull=True) | Q(asked_cny__gte=0),
                name="application_asked_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(capped_cny__isnull=True) | Q(capped_cny__lte=F("computed_cny")),
                name="application_capped_within_computed",
            ),
            models.CheckConstraint(
                condition=Q(verified_cny__isnull=True) | Q(verified_cny__lte=F("claimed_cny")),
                name="application_verified_within_claimed",
            ),
            models.CheckConstraint(
                condition=Q(recommended_cny__isnull=True) | Q(recommended_cny__lte=F("capped_cny")),
                name="application_recommended_within_capped",
            ),
            models.CheckConstraint(
                condition=Q(approved_cny__isnull=True) | Q(approved_cny__lte=F("recommended_cny")),
                name="application_approved_within_recommended",
            ),
            models.CheckConstraint(
                condition=Q(paid_cny__isnull=True) | Q(paid_cny__lte=F("approved_cny")),
                name="application_paid_within_approved",
            ),
        ]
        indexes = [
            # The inbox in its order; with what it counts, read from the index alone.
            models.Index(
                F("holder_unit"),
                DUE_KEY,
                F("uid"),
                name="application_inbox_key",
                include=["id", "status", "due_on", "correction_round"],
            ),
            models.Index(
                F("submitted_at").desc(),
                F("uid"),
                name="application_submitted",
                condition=Q(submitted_at__isnull=False),
            ),
            GinIndex(Grams("number", "title"), name="application_words"),
            models.Index(fields=["organisation", "-id"], name="application_of_organisation"),
            models.Index(fields=["call", "status"], name="application_of_call"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="application_moves",
                field="status",
                transitions=[*MOVES, *UNDONE_MOVES],
            ),
            pgtrigger.Trigger(
                name="application_back_by_undo",
                level=pgtrigger.Row,
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                func=f"""
                IF (OLD.status, NEW.status) IN ({_pairs(UNDONE_MOVES)}) AND NOT EXISTS (
                  SELECT FROM (
                    SELECT action, source, target FROM applications_transition
                     WHERE application_id = NEW.id ORDER BY id DESC LIMIT 1) AS newest
                   WHERE action = 'undo' AND source = OLD.status AND target = NEW.status) THEN
                  RAISE EXCEPTION 'a case goes back by an undoing only'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'application_back_by_undo';
                END IF;
                RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="application_move_audited",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                func="""
                PERFORM audit_require(
                  'applications.application', NEW.id::text, OLD.status, NEW.status);
                RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="application_starts_as_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__status="draft"),
                func="""
                RAISE EXCEPTION 'an application starts as a draft'
                  USING ERRCODE = 'check_violation', CONSTRAINT = 'application_starts_as_draft';
                """,
            ),
            pgtrigger.Protect(
                name="application_number_kept",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__number__isnull=False)
                & (
                    pgtrigger.Q(old__number__df=pgtrigger.F("new__number"))
                    | pgtrigger.Q(old__definition__df=pgtrigger.F("new__definition"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.title or self.uid

    def get_status_display(self) -> str:  # type: ignore[no-redef]
        """The state in words, without asking for all of them as Django's own does."""
        return str(Status(self.status).label)


class Part(models.TextChoices):
    """What a unit or a person is in a case."""

    DISTRICT = "district", _("推荐单位")
    LEAD = "lead", _("牵头单位")
    CO_UNIT = "co_unit", _("配合单位")
    EXPERT = "expert", _("评审专家")
    FINANCE = "finance", _("财政部门")


class Party(models.Model):
    """A unit or a person who takes part in a case from some stage on: the routing."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="parties")
    part = models.CharField(max_length=10, choices=Part.choices)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    user = user_column(null=True)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(part=Part.EXPERT, user__isnull=False, unit__isnull=True)
                | (~Q(part=Part.EXPERT) & Q(user__isnull=True, unit__isnull=False)),
                name="party_unit_or_expert",
            ),
            models.UniqueConstraint(
                fields=["application", "part", "unit", "user"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="party_once",
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "application"], name="party_of_unit"),
            models.Index(fields=["user", "application"], name="party_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.part}"


class Answer(models.Model):
    """The answers of one section (栏目); the revision counts saves.

    ``data`` holds for each field the JSON that ``policy.schema.form`` describes, or the text as
    it was typed where that could not be read: a draft loses nothing. What is wrong and how far a
    section has come is computed when asked (``applications.sections``), not stored.
    """

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="answers")
    section = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    # field code → {"revision", "by", "at", "tab"}: who wrote what last, for merging two tabs; with
    # "source" where it was taken from elsewhere (applications.prefilling).
    touched = models.JSONField(default=dict)
    updated_by = user_column(null=True)
    updated_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "section"], name="answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.section}"


class TableRow(models.Model):
    """A row of a child table (子表); ``data`` as an Answer's."""

    uid = uid_column()
    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, related_name="table_rows"
    )
    table = models.CharField(max_length=40)
    position = models.PositiveIntegerField()
    data = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    updated_by = user_column(null=True)
    updated_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["table", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "table", "position"],
                name="tablerow_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.table}#{self.position}"


class Invoice(models.Model):
    """A row of the investment table (投入明细表): one invoice, its columns as policy.invoices.

    ``raw`` keeps every cell as an Answer's data, so that a draft loses nothing; the typed
    columns hold what could be read. ``problems`` (column → issue) is what the last check of the
    table found; ``valid`` says that the row passed every check.
    """

    uid = uid_column()
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="invoices")
    position = models.PositiveIntegerField()
    raw = models.JSONField(default=dict)
    problems = models.JSONField(default=dict)
    valid = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    updated_by = user_column(null=True)
    updated_at = models.DateTimeField(null=True)
    category = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=120, blank=True)
    specification = models.CharField(max_length=120, blank=True)
    quantity = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    seller = models.CharField(max_length=120, blank=True)
    seller_uscc = models.CharField(max_length=18, blank=True)
    contract_no = models.CharField(max_length=60, blank=True)
    invoice_no = models.CharField(max_length=40, blank=True)
    invoice_date = models.DateField(null=True)
    net_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    tax_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    gross_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    paid_on = models.DateField(null=True)
    voucher_no = models.CharField(max_length=60, blank=True)
    related_party = models.BooleanField(null=True)
    fiscal_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    # The reviewer's verification (核定).
    verified_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    reduction_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "position"],
                name="invoice_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(valid=False) | Q(gross_cny=F("net_cny") + F("tax_cny")),
                name="invoice_gross_is_net_plus_tax",
            ),
            models.CheckConstraint(
                condition=Q(valid=False)
                | Q(
                    invoice_no__gt="",
                    category__gt="",
                    invoice_date__isnull=False,
                    net_cny__isnull=False,
                    tax_cny__isnull=False,
                    gross_cny__isnull=False,
                    related_party__isnull=False,
                    fiscal_percent__isnull=False,
                ),
                name="invoice_valid_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(fiscal_percent__isnull=True)
                | Q(fiscal_percent__gte=0, fiscal_percent__lte=100),
                name="invoice_fiscal_percent_bounds",
            ),
            models.CheckConstraint(
                condition=Q(verified_cny__isnull=True)
                | Q(verified_cny__gte=0, verified_cny__lte=F("gross_cny")),
                name="invoice_verified_within_gross",
            ),
            models.UniqueConstraint(
                fields=["application", "invoice_no"],
                condition=Q(valid=True),
                name="invoice_once_per_application",
            ),
        ]
        indexes = [models.Index(fields=["invoice_no"], name="invoice_number")]

    def __str__(self) -> str:
        return f"{self.application_id}#{self.position} {self.invoice_no}"


class Attachment(models.Model):
    """A file in a slot (附件) of an application; removed, never deleted."""

    uid = uid_column()
    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, related_name="attachments"
    )
    slot = models.CharField(max_length=40)
    name = models.CharField(max_length=255)
    blob = models.ForeignKey("files.Blob", on_delete=models.PROTECT, related_name="+")
    uploaded_by = user_column()
    uploaded_at = models.DateTimeField()
    removed_by = user_column(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["application", "slot"], name="attachment_slot")]

    def __str__(self) -> str:
        return self.name


class Submission(models.Model):
    """What was submitted, frozen: the first time (round 0) and at each correction or resubmission."""

    uid = uid_column()
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="submissions"
    )
    round = models.PositiveSmallIntegerField(default=0)
    # submit, resubmit or correct (workflow.TABLE).
    action = models.CharField(max_length=20, default="submit")
    arrived_at = models.DateTimeField()
    received_at = models.DateTimeField()
    submitted_by = user_column()
    snapshot = models.JSONField()
    sha256 = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=64, unique=True)
    request_sha256 = models.CharField(max_length=64)
    receipt = models.ForeignKey("files.Blob", on_delete=models.PROTECT, null=True, related_name="+")
    form = models.ForeignKey("files.Blob", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["application", "round"]
        constraints = [
            models.UniqueConstraint(fields=["application", "round"], name="submission_round"),
        ]
        triggers = [
            pgtrigger.Protect(name="submission_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="submission_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "application", "round", "action", "arrived_at", "received_at", "submitted_by",
                    "snapshot", "sha256", "idempotency_key", "request_sha256",
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.application_id} round {self.round}"


class Transition(models.Model):
    """One move of a case, as its history shows it. Append-only."""

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="transitions"
    )
    action = models.CharField(max_length=40)
    source = models.CharField(max_length=20)
    target = models.CharField(max_length=20)
    actor = user_column(null=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    note = models.TextField(blank=True)
    # Shown to the applicant; an internal note is not.
    public_note = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["application", "id"], name="transition_history")]
        triggers = [
            pgtrigger.Protect(
                name="transition_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="transition_undone_in_time",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__action="undo"),
                func="""
                IF NOT EXISTS (
                  SELECT FROM (
                    SELECT * FROM applications_transition
                     WHERE application_id = NEW.application_id ORDER BY id DESC LIMIT 1) AS undone
                   WHERE action IN ('recommend', 'return', 'accept', 'ask_correction',
                                    'conclude_joint_review')
                     AND source = NEW.target AND target = NEW.source
                     AND actor_id = NEW.actor_id AND at > portal_now() - interval '10 seconds') THEN
                  RAISE EXCEPTION 'an act is undone by its actor within ten seconds'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_undone_in_time';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.source} → {self.target}"


class Correction(models.Model):
    """A round of correction (补正): everything that is missing, listed at once."""

    uid = uid_column()
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="corrections"
    )
    round = models.PositiveSmallIntegerField()
    # [{"path": "team.full_time_staff" | "invoices" | "attachments.audit", "reason": "…"}]
    flagged = models.JSONField()
    asked_by = user_column()
    asked_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    answered_at = models.DateTimeField(null=True)
    # [{"path", "label", "before", "after"}], made when the correction is submitted.
    differences = models.JSONField(default=list)

    class Meta:
        ordering = ["application", "round"]
        constraints = [
            models.UniqueConstraint(fields=["application", "round"], name="correction_round"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} correction {self.round}"


class Letter(models.Model):
    """An official letter (通知书) about a case, as issued. The PDF follows by task."""

    uid = uid_column()
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=40)
    number = models.CharField(max_length=60, unique=True)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    issued_by = user_column()
    issued_at = models.DateTimeField()
    # The act was undone before anybody was told; the number is not given again.
    recalled_at = models.DateTimeField(null=True)
    pdf = models.ForeignKey("files.Blob", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["application", "id"], name="letter_of_application")]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"


class Numbering(models.Model):
    """The last number given in a series ("10-1-2026"); numbers are given at submission only."""

    series = models.CharField(max_length=40, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.series} {self.last}"
