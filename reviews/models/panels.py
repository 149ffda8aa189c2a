"""Experts, the panels they are drawn for, and what they score."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from applications.models import Application
from portal.accounts.models import Membership, Role
from portal.columns import two_people, uid_column, user_column


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
    # field ("score.fit", "opinion") → {"page", "at"}: which page wrote it last (reviews.merging).
    touched = models.JSONField(default=dict)
    # The pages that were saved as a whole; their own late autosaves are refused.
    closed_pages = ArrayField(models.CharField(max_length=16), default=list)
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
