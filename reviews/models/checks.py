"""What a unit finds and proposes: recommendation, checks, findings, drafts, opinions."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.models import Application, Attachment, Invoice
from portal.accounts.models import Unit
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
