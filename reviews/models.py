"""The units' side: recommendations, checks, opinions, experts, verification, selection, notice."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.models import Application, Attachment, Invoice
from portal.accounts.models import Membership, Role, Unit
from portal.columns import two_people, uid_column, user_column


class Recommendation(models.Model):
    """The district's recommendation (推荐) with the record of its site visit."""

    class Outcome(models.TextChoices):
        RECOMMENDED = "recommended", _("推荐")
        NOT_RECOMMENDED = "not_recommended", _("不推荐")
        RETURNED = "returned", _("退回修改")

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="recommendations"
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    visited_on = models.DateField(null=True)
    visitors = models.CharField(max_length=120, blank=True)
    record = models.TextField(blank=True)
    opinion = models.TextField()
    made_by = user_column()
    made_at = models.DateTimeField()
    # Taken back in time (reviews.undoing): it never counted.
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["application", "-id"], name="recommendation_of_case")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.outcome}"


class CheckItem(models.Model):
    """One item of the formal check (形式审查), as the definition's stage plan lists it."""

    class Result(models.TextChoices):
        PASSED = "passed", _("符合")
        FAILED = "failed", _("不符合")
        NOT_APPLICABLE = "not_applicable", _("不适用")

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="check_items"
    )
    code = models.CharField(max_length=40)
    result = models.CharField(max_length=20, choices=Result.choices)
    note = models.CharField(max_length=500, blank=True)
    # Where it was seen; later reviewers open the evidence at that page.
    attachment = models.ForeignKey(
        Attachment, on_delete=models.PROTECT, null=True, related_name="+"
    )
    page = models.PositiveSmallIntegerField(null=True)
    checked_by = user_column()
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "code"], name="checkitem_once"),
            models.CheckConstraint(
                condition=~Q(result="failed") | Q(note__gt=""), name="checkitem_failure_explained"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.code} {self.result}"


class Finding(models.Model):
    """Something that a reviewer must look at (发现): the same invoice elsewhere, a related party."""

    class State(models.TextChoices):
        OPEN = "open", _("待核")
        CONFIRMED = "confirmed", _("属实")
        DISMISSED = "dismissed", _("排除")

    uid = uid_column()
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="findings")
    kind = models.CharField(max_length=40)
    subject_key = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
    invoice = models.ForeignKey(Invoice, on_delete=models.SET_NULL, null=True, related_name="+")
    other = models.ForeignKey(Application, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reason = models.CharField(max_length=500, blank=True)
    found_at = models.DateTimeField()
    settled_by = user_column(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "kind", "subject_key"], name="finding_once"
            ),
            models.CheckConstraint(
                condition=Q(state="open")
                | Q(reason__gt="", settled_by__isnull=False, settled_at__isnull=False),
                name="finding_settled_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind} {self.subject_key}"


class Proposal(models.Model):
    """An act that a clerk drafts and a head releases (不予受理, 异议结论 …)."""

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待负责人审签")
        RELEASED = "released", _("已签发")
        SENT_BACK = "sent_back", _("已退回")

    uid = uid_column()
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="proposals")
    action = models.CharField(max_length=40)
    reason = models.TextField()
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    # The objection that a proposed conclusion is about.
    objection = models.ForeignKey(
        "Objection", on_delete=models.PROTECT, null=True, related_name="proposals"
    )
    # The case's revision that the drafter saw: a case that moved since is drafted anew.
    case_revision = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTED)
    drafted_by = user_column()
    drafted_at = models.DateTimeField()
    settled_by = user_column(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            two_people("drafted_by", "settled_by", "proposal_two_people"),
            models.CheckConstraint(
                condition=Q(
                    action__in=["dismiss_objection", "uphold_objection"], objection__isnull=False
                )
                | (
                    ~Q(action__in=["dismiss_objection", "uphold_objection"])
                    & Q(objection__isnull=True)
                ),
                name="proposal_objection_fits_action",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent_back") | Q(settled_note__gt=""),
                name="proposal_sent_back_with_note",
            ),
            models.CheckConstraint(
                condition=Q(state="drafted")
                | Q(settled_by__isnull=False, settled_at__isnull=False),
                name="proposal_settled_whole",
            ),
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(state="drafted"),
                name="proposal_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["unit", "state"], name="proposal_queue")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.action}"


class Opinion(models.Model):
    """A co-responsible unit's opinion (会商意见)."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("待反馈")
        NO_OBJECTION = "no_objection", _("无异议")
        OBJECTION = "objection", _("有异议")
        VETO = "veto", _("否决")
        SILENT = "silent", _("逾期视为无异议")

    uid = uid_column()
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="opinions")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="opinions")
    asked_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, default=Outcome.WAITING)
    text = models.TextField(blank=True)
    given_by = user_column(null=True)
    given_at = models.DateTimeField(null=True)
    # How the lead unit dealt with an objection; without it the joint review does not end.
    answer = models.TextField(blank=True)
    answered_by = user_column(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "unit"], name="opinion_once"),
            models.CheckConstraint(
                condition=Q(answer="", answered_by__isnull=True, answered_at__isnull=True)
                | Q(answer__gt="", answered_by__isnull=False, answered_at__isnull=False),
                name="opinion_answer_whole",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["objection", "veto"]) | Q(text__gt=""),
                name="opinion_objection_explained",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["waiting", "silent"])
                | Q(given_by__isnull=False, given_at__isnull=False),
                name="opinion_given_by_someone",
            ),
        ]
        indexes = [models.Index(fields=["unit", "outcome", "due_on"], name="opinion_queue")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.unit_id} {self.outcome}"


class ExpertQuerySet(models.QuerySet):
    def drawable(self):
        """Active experts whose account is enabled and still holds the expert's role."""
        held = Membership.objects.active().filter(role=Role.EXPERT).values("user")
        return self.filter(active=True, user__is_active=True, user__in=held)


class Expert(models.Model):
    """An expert of the pool. Names are never shown to applicants."""

    uid = uid_column()
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="expert"
    )
    employer = models.CharField(_("工作单位"), max_length=120)
    employer_uscc = models.CharField(_("单位代码"), max_length=18, blank=True)
    title = models.CharField(_("职称"), max_length=60, blank=True)
    fields = ArrayField(models.CharField(max_length=40), verbose_name=_("领域"))
    active = models.BooleanField(_("启用"), default=True)

    objects = ExpertQuerySet.as_manager()

    def __str__(self) -> str:
        return self.uid

    @property
    def is_drawable(self) -> bool:
        return type(self).objects.drawable().filter(pk=self.pk).exists()


class Panel(models.Model):
    """A group of experts for cases of a call: drawn by one, approved by another, replayable."""

    class State(models.TextChoices):
        DRAWN = "drawn", _("待审定")
        SCORING = "scoring", _("评分中")
        FROZEN = "frozen", _("已封存")
        DISCARDED = "discarded", _("已作废")

    uid = uid_column()
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, related_name="panels")
    title = models.CharField(max_length=120)
    seed = models.CharField(max_length=64)
    # What was drawn from and what came out: expert uids in order, with who was left out and why.
    pool = models.JSONField()
    result = models.JSONField()
    size = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAWN)
    due_on = models.DateField(null=True)
    drawn_by = user_column()
    drawn_at = models.DateTimeField()
    approved_by = user_column(null=True)
    approved_at = models.DateTimeField(null=True)
    frozen_by = user_column(null=True)
    frozen_at = models.DateTimeField(null=True)
    unlocked_reason = models.CharField(max_length=500, blank=True)
    discarded_by = user_column(null=True)
    discarded_at = models.DateTimeField(null=True)
    discarded_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            two_people("drawn_by", "approved_by", "panel_two_people"),
            two_people("drawn_by", "discarded_by", "panel_discarded_by_another"),
            models.CheckConstraint(condition=Q(size__gte=3), name="panel_at_least_three"),
            models.CheckConstraint(
                condition=Q(state__in=["drawn", "discarded"])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="panel_scoring_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state="frozen") | Q(frozen_by__isnull=False, frozen_at__isnull=False),
                name="panel_frozen_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="discarded")
                | Q(
                    discarded_by__isnull=False,
                    discarded_at__isnull=False,
                    discarded_reason__gt="",
                ),
                name="panel_discarded_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PanelCase(models.Model):
    """A case before a panel, and its result once the panel is frozen."""

    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="cases")
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="panel_cases"
    )
    mean = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    spread = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    dropped = models.BooleanField(default=False)
    rank = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application"], name="panelcase_once"),
        ]

    def __str__(self) -> str:
        return f"{self.panel_id}/{self.application_id}"


class Seat(models.Model):
    """An expert's seat on a panel; elsewhere the expert is only the code (专家 A)."""

    class State(models.TextChoices):
        SEATED = "seated", _("在组")
        RESERVE = "reserve", _("候补")
        WITHDRAWN = "withdrawn", _("已回避")

    uid = uid_column()
    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="seats")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="seats")
    code = models.CharField(max_length=4)
    state = models.CharField(max_length=10, choices=State.choices)
    order = models.PositiveSmallIntegerField()
    # The field (stratum) for which the expert was drawn; "" where any expert would do.
    field = models.CharField(max_length=40, blank=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["panel", "order"]
        constraints = [
            models.UniqueConstraint(fields=["panel", "expert"], name="seat_once"),
            models.UniqueConstraint(fields=["panel", "code"], name="seat_code"),
        ]

    def __str__(self) -> str:
        return f"{self.panel_id}/{self.code}"


class Conflict(models.Model):
    """A conflict of interest (回避) between an expert and a case: declared or computed."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="conflicts")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="conflicts")
    kind = models.CharField(max_length=40)
    note = models.CharField(max_length=300, blank=True)
    declared_by = user_column(null=True)
    declared_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "expert"], name="conflict_once"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.expert_id} {self.kind}"


class Scoring(models.Model):
    """One expert's scores for one case (评分表); frozen with the panel."""

    uid = uid_column()
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="scorings")
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="scorings")
    # criterion code → {"score": "17.5", "comment": "…"}; scores are points out of the weight.
    scores = models.JSONField(default=dict)
    total = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    opinion = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seat", "application"], name="scoring_once"),
            models.CheckConstraint(
                condition=Q(total__isnull=True) | Q(total__gte=0, total__lte=100),
                name="scoring_total_bounds",
            ),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True) | Q(total__isnull=False),
                name="scoring_submitted_whole",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="scoring_submitted_kept",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(
                    old__submitted_at__isnull=False, new__submitted_at__isnull=False
                )
                & (
                    pgtrigger.Q(old__scores__df=pgtrigger.F("new__scores"))
                    | pgtrigger.Q(old__total__df=pgtrigger.F("new__total"))
                ),
            ),
            # No expert judges a case with which a conflict stands on record.
            pgtrigger.Trigger(
                name="scoring_without_conflict",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                IF (TG_OP = 'INSERT' OR NEW.submitted_at IS NOT NULL) AND EXISTS (
                  SELECT 1 FROM reviews_conflict c JOIN reviews_seat s ON s.expert_id = c.expert_id
                   WHERE s.id = NEW.seat_id AND c.application_id = NEW.application_id)
                THEN
                  RAISE EXCEPTION 'an expert with a conflict may not judge'
                    USING ERRCODE = 'integrity_constraint_violation',
                          CONSTRAINT = 'scoring_without_conflict';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seat_id}/{self.application_id}"


class Verification(models.Model):
    """The verified base (核定) of a case: drafted by a clerk, released by a head.

    ``rows`` holds what the clerk verified of each invoice, {uid: {"verified_cny", "reason"}}; the
    invoices themselves bear it from the release on.
    """

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待负责人审签")
        RELEASED = "released", _("已审签")
        SENT_BACK = "sent_back", _("已退回")

    uid = uid_column()
    application = models.OneToOneField(
        Application, on_delete=models.PROTECT, related_name="verification"
    )
    claimed_cny = models.DecimalField(max_digits=14, decimal_places=2)
    verified_cny = models.DecimalField(max_digits=14, decimal_places=2)
    rows = models.JSONField(default=dict)
    computation = models.JSONField()
    note = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTED)
    sent_back_note = models.CharField(max_length=500, blank=True)
    audit_report = models.ForeignKey(
        Attachment, on_delete=models.PROTECT, null=True, related_name="+"
    )
    drafted_by = user_column()
    drafted_at = models.DateTimeField()
    released_by = user_column(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            two_people("drafted_by", "released_by", "verification_two_people"),
            models.CheckConstraint(
                condition=Q(verified_cny__gte=0, verified_cny__lte=F("claimed_cny")),
                name="verification_within_claimed",
            ),
            models.CheckConstraint(
                condition=Q(state="released", released_by__isnull=False, released_at__isnull=False)
                | (~Q(state="released") & Q(released_by__isnull=True, released_at__isnull=True)),
                name="verification_released_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent_back") | Q(sent_back_note__gt=""),
                name="verification_sent_back_with_note",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.verified_cny}"


class Selection(models.Model):
    """A selection meeting (会议遴选) of a call: drafted by a clerk, confirmed by a head.

    Confirming reserves money and places, so the verb lives in awards.
    """

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待确认")
        CONFIRMED = "confirmed", _("已确认")

    uid = uid_column()
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, related_name="selections")
    title = models.CharField(_("会议名称"), max_length=120)
    met_on = models.DateField(_("会议日期"))
    minutes = models.TextField(_("会议纪要"), blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTED)
    drafted_by = user_column()
    drafted_at = models.DateTimeField()
    confirmed_by = user_column(null=True)
    confirmed_at = models.DateTimeField(null=True)
    sent_back_note = models.CharField(max_length=500, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            two_people("drafted_by", "confirmed_by", "selection_two_people"),
            models.CheckConstraint(
                condition=Q(state="drafted")
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="selection_confirmed_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class SelectionItem(models.Model):
    """A case's outcome in a selection."""

    class Outcome(models.TextChoices):
        SUPPORT = "support", _("拟支持")
        WAITLIST = "waitlist", _("备选")
        REJECT = "reject", _("不支持")

    selection = models.ForeignKey(Selection, on_delete=models.CASCADE, related_name="items")
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="selection_items"
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    recommended_cny = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    reason = models.CharField(max_length=500, blank=True)
    rank = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["selection", F("rank").asc(nulls_last=True), "id"]
        constraints = [
            models.UniqueConstraint(fields=["selection", "application"], name="selectionitem_once"),
            models.CheckConstraint(
                condition=Q(recommended_cny__gte=0), name="selectionitem_not_negative"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="reject") | Q(reason__gt=""),
                name="selectionitem_rejection_explained",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.selection_id}/{self.application_id} {self.outcome}"


class PublicNotice(models.Model):
    """公示: what is published, from when to when (working days of the call)."""

    uid = uid_column()
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, related_name="public_notices")
    selection = models.OneToOneField(
        Selection, on_delete=models.PROTECT, related_name="public_notice"
    )
    title = models.CharField(max_length=160)
    text = models.TextField()
    # Open while the calendar of a year is not loaded; ``due_waiting`` says from where to count.
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    due_waiting = models.JSONField(null=True)
    contact = models.CharField(max_length=200)
    published_by = user_column()
    published_at = models.DateTimeField()
    closed_by = user_column(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="publicnotice_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return self.title


class Objection(models.Model):
    """异议: signed with a name or a unit's seal, decided with a reason."""

    class State(models.TextChoices):
        FILED = "filed", _("待受理")
        ACCEPTED = "accepted", _("核实中")
        DISMISSED = "dismissed", _("不成立")
        UPHELD = "upheld", _("成立")

    uid = uid_column()
    notice = models.ForeignKey(PublicNotice, on_delete=models.PROTECT, related_name="objections")
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="objections"
    )

    class Signed(models.TextChoices):
        PERSON = "person", _("个人实名")
        UNIT = "unit", _("单位盖章")

    signed_as = models.CharField(
        _("署名方式"), max_length=10, choices=Signed.choices, default=Signed.PERSON
    )
    signatory = models.CharField(_("异议人"), max_length=120)
    contact = models.CharField(_("联系方式"), max_length=60)
    text = models.TextField(_("异议内容"))
    filed_by = user_column(null=True)
    filed_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    accepted_by = user_column(null=True)
    accepted_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.FILED)
    conclusion = models.TextField(blank=True)
    decided_by = user_column(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["filed", "accepted"])
                | Q(conclusion__gt="", decided_by__isnull=False, decided_at__isnull=False),
                name="objection_decided_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="filed")
                | Q(accepted_by__isnull=False, accepted_at__isnull=False),
                name="objection_accepted_whole",
            ),
            models.CheckConstraint(
                condition=~Q(signatory="") & ~Q(contact="") & ~Q(text=""),
                name="objection_signed",
            ),
        ]
        triggers = [pgtrigger.Protect(name="objection_not_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.application_id} {self.state}"
