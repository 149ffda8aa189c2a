"""What comes of the review: verified base, selection, public notice, objections."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from applications.models import Application, Attachment
from portal.columns import two_people, uid_column, user_column


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
