"""Calls (申报通知), the acts on published ones, and what pages show of their ledger."""

from datetime import UTC, datetime
from decimal import Decimal

import pgtrigger
from django.conf import settings as site
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from policy.models.documents import Definition, Measure
from portal.columns import refuse, uid_column

# Columns of a call that publication fixes.
PINNED = (
    "uid",
    "code",
    "measure_id",
    "definition_id",
    "year",
    "opens_at",
    "settings",
    "question_workdays",
    "drafted_by_id",
    "published_by_id",
    "published_at",
    "created_at",
)


class CallQuerySet(models.QuerySet):
    def published(self):
        """Calls that the public may see: published, or closed after having been published."""
        return self.exclude(status=Call.Status.DRAFT)

    def open(self, *, at: datetime):
        """Published calls whose window contains the moment (the cut-off itself is too late)."""
        return self.filter(status=Call.Status.PUBLISHED, opens_at__lte=at, closes_at__gt=at)

    def upcoming(self, *, at: datetime):
        return self.filter(status=Call.Status.PUBLISHED, opens_at__gt=at)

    def for_list(self):
        """With what a list shows, soonest cut-off first: one query."""
        return self.select_related("measure", "lead_unit", "figures").order_by("closes_at", "code")


class Call(models.Model):
    """A call (申报通知): one round of a measure, with what the document leaves open."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("起草")
        PUBLISHED = "published", _("已发布")
        CLOSED = "closed", _("已截止")

    uid = uid_column()
    code = models.CharField(_("批次代码"), max_length=30, unique=True)
    measure = models.ForeignKey(
        Measure, on_delete=models.PROTECT, related_name="calls", verbose_name=_("支持措施")
    )
    definition = models.ForeignKey(
        Definition,
        on_delete=models.PROTECT,
        related_name="calls",
        null=True,
        blank=True,
        verbose_name=_("规则版本"),
    )
    # The unit in charge: the measure's lead, unless the call's setting names another one.
    lead_unit = models.ForeignKey(
        "accounts.Unit",
        on_delete=models.PROTECT,
        related_name="led_calls",
        verbose_name=_("牵头单位"),
    )
    year = models.PositiveSmallIntegerField(_("年度"))
    title_zh = models.CharField(_("标题"), max_length=120)
    title_en = models.CharField(_("英文标题"), max_length=200)
    guide_zh = models.TextField(_("申报指南"), blank=True)
    opens_at = models.DateTimeField(_("开始时间"))
    closes_at = models.DateTimeField(_("截止时间"))
    budget_cny = models.DecimalField(
        _("预算（元）"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    places = models.IntegerField(_("名额"), null=True, blank=True)
    question_workdays = models.PositiveSmallIntegerField(
        _("答疑期限（工作日）"), null=True, blank=True
    )
    settings = models.JSONField(_("设置"), default=dict, blank=True)
    status = models.CharField(
        _("状态"), max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    drafted_by = models.ForeignKey(
        site.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="drafted_calls",
        verbose_name=_("起草人"),
    )
    published_by = models.ForeignKey(
        site.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="published_calls",
        null=True,
        blank=True,
        verbose_name=_("发布人"),
    )
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)
    created_at = models.DateTimeField(_("起草时间"))
    revision = models.PositiveIntegerField(_("修订号"), default=1)

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-year", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(published_by__isnull=True) | ~Q(published_by=F("drafted_by")),
                name="policy_call_second_person",
            ),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="policy_call_closes_after_opening"
            ),
            models.CheckConstraint(
                condition=Q(budget_cny__isnull=True) | Q(budget_cny__gte=0),
                name="policy_call_budget_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(places__isnull=True) | Q(places__gte=0),
                name="policy_call_places_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(question_workdays__isnull=True) | Q(question_workdays__gte=1),
                name="policy_call_question_workdays_positive",
            ),
            models.CheckConstraint(
                condition=Q(status="draft")
                | Q(
                    published_by__isnull=False,
                    published_at__isnull=False,
                    definition__isnull=False,
                ),
                name="policy_call_published_whole",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "published", "closed"]),
                name="policy_call_status_known",
            ),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[0-9A-Za-z][0-9A-Za-z-]*$"),
                name="policy_call_code_form",
            ),
        ]
        indexes = [models.Index(fields=["status", "closes_at"], name="policy_call_open")]
        triggers = [
            pgtrigger.FSM(
                name="call_status",
                field="status",
                transitions=[("draft", "published"), ("published", "closed")],
            ),
            # What applicants rely on is fixed at publication. Budget, places, the cut-off and
            # texts may change afterwards by an act with a reason.
            pgtrigger.Trigger(
                name="call_pinned",
                when=pgtrigger.Before,
                func=refuse("policy_call_pinned", "what publication fixed is not edited"),
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status <> 'draft' AND ("
                    + " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in PINNED)
                    + ")"
                ),
            ),
            pgtrigger.Trigger(
                name="call_kept",
                when=pgtrigger.Before,
                func=refuse("policy_call_kept", "a published call is not deleted"),
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.status <> 'draft'"),
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.title_zh}"

    def save(self, *args, **options):
        if self.lead_unit_id is None:
            self.lead_unit_id = self.measure.lead_unit_id
        super().save(*args, **options)

    @property
    def co_units(self):
        """The article's other units in the text's order: those that the unit in charge asks."""
        named = [self.measure.lead_unit, *self.measure.co_units]
        return [unit for unit in named if unit.pk != self.lead_unit_id]

    def is_open(self, *, at: datetime) -> bool:
        return self.status == self.Status.PUBLISHED and self.opens_at <= at < self.closes_at


class CallChangeQuerySet(models.QuerySet):
    def waiting(self):
        """Drafted, not yet released or dropped; the oldest first."""
        return self.filter(state=CallChange.State.DRAFTED).order_by("pk")

    def released(self):
        """What the public is told of, the newest first."""
        return self.filter(state=CallChange.State.RELEASED).order_by("-released_at", "-pk")


class CallChange(models.Model):
    """An act on a published call: drafted with a reason by one person, released by a second.

    The row is also the announcement: every page of the call shows what was released.
    """

    class Field(models.TextChoices):
        CLOSES_AT = "closes_at", _("延长截止时间")
        BUDGET = "budget_cny", _("追加预算")
        PLACES = "places", _("增加名额")
        TITLE_ZH = "title_zh", _("更正标题")
        TITLE_EN = "title_en", _("更正英文标题")
        GUIDE = "guide_zh", _("更正申报指南")
        CLOSE = "close", _("提前截止")

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待签发")
        RELEASED = "released", _("已签发")
        DROPPED = "dropped", _("已撤回")

    uid = uid_column()
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="changes")
    field = models.CharField(_("事项"), max_length=12, choices=Field.choices)
    # As text: a moment in ISO 8601 (UTC), an amount in 元, a number of places, the text itself,
    # nothing for a closing.
    before = models.TextField(_("变更前"), blank=True)
    after = models.TextField(_("变更后"), blank=True)
    reason = models.CharField(_("理由"), max_length=500)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.DRAFTED)
    drafted_by = models.ForeignKey(
        site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("起草人")
    )
    drafted_at = models.DateTimeField(_("起草时间"))
    released_by = models.ForeignKey(
        site.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("签发人"),
    )
    released_at = models.DateTimeField(_("签发时间"), null=True)
    dropped_by = models.ForeignKey(
        site.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("撤回人"),
    )
    dropped_at = models.DateTimeField(_("撤回时间"), null=True)
    drop_note = models.CharField(_("退回意见"), max_length=500, blank=True)

    objects = CallChangeQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | ~Q(released_by=F("drafted_by")),
                name="policy_callchange_second_person",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="drafted",
                    released_by__isnull=True,
                    released_at__isnull=True,
                    dropped_by__isnull=True,
                )
                | Q(
                    state="released",
                    released_by__isnull=False,
                    released_at__isnull=False,
                    dropped_by__isnull=True,
                )
                | Q(
                    state="dropped",
                    dropped_by__isnull=False,
                    dropped_at__isnull=False,
                    released_by__isnull=True,
                ),
                name="policy_callchange_whole",
            ),
            models.CheckConstraint(
                condition=Q(reason__regex=r"\S"), name="policy_callchange_reason_given"
            ),
            models.CheckConstraint(
                condition=Q(field="close", after="")
                | (
                    Q(
                        field__in=[
                            "closes_at",
                            "budget_cny",
                            "places",
                            "title_zh",
                            "title_en",
                            "guide_zh",
                        ]
                    )
                    & ~Q(after="")
                ),
                name="policy_callchange_field_known",
            ),
            models.UniqueConstraint(
                fields=["call", "field"],
                condition=Q(state="drafted"),
                name="policy_callchange_one_waiting",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="callchange_state",
                field="state",
                transitions=[("drafted", "released"), ("drafted", "dropped")],
            ),
            pgtrigger.Trigger(
                name="callchange_basis_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=refuse("policy_callchange_basis_kept", "what was drafted is not edited"),
                condition=pgtrigger.AnyChange(
                    "uid", "call", "field", "before", "after", "reason", "drafted_by", "drafted_at"
                ),
            ),
            pgtrigger.Trigger(
                name="callchange_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func=refuse("policy_callchange_kept", "an act on a call is not deleted"),
            ),
        ]

    def __str__(self):
        return f"{self.call_id} {self.field}"

    @staticmethod
    def encode(field: str, value) -> str:
        if field == CallChange.Field.CLOSE or value is None:
            return ""
        return value.astimezone(UTC).isoformat() if field == "closes_at" else str(value)

    # The texts of a call that an act may put right; what it lays down is fixed at publication.
    TEXTS = ("title_zh", "title_en", "guide_zh")

    @staticmethod
    def decode(field: str, text: str):
        if not text:
            return None
        if field in CallChange.TEXTS:
            return text
        if field == "places":
            return int(text)
        return datetime.fromisoformat(text) if field == "closes_at" else Decimal(text)

    @property
    def before_value(self):
        return self.decode(self.field, self.before)

    @property
    def after_value(self):
        return self.decode(self.field, self.after)


class CallFigures(models.Model):
    """What pages show of a call's money and places; written by the ledger's verbs above.

    ``null`` in a total means that nothing bounds it.
    """

    call = models.OneToOneField(
        Call, on_delete=models.CASCADE, primary_key=True, related_name="figures"
    )
    places_total = models.PositiveIntegerField(_("名额"), null=True, blank=True)
    places_committed = models.PositiveIntegerField(_("已用名额"), default=0)
    budget_cny = models.DecimalField(
        _("预算（元）"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    committed_cny = models.DecimalField(
        _("已占用（元）"), max_digits=14, decimal_places=2, default=0
    )
    approved_cny = models.DecimalField(_("已批（元）"), max_digits=14, decimal_places=2, default=0)
    paid_cny = models.DecimalField(_("已拨（元）"), max_digits=14, decimal_places=2, default=0)
    in_hand_cny = models.DecimalField(_("在办（元）"), max_digits=14, decimal_places=2, default=0)
    in_hand_count = models.PositiveIntegerField(_("在办（件）"), default=0)
    updated_at = models.DateTimeField(_("更新时间"))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    committed_cny__gte=0, approved_cny__gte=0, paid_cny__gte=0, in_hand_cny__gte=0
                ),
                name="policy_callfigures_not_negative",
            ),
        ]

    def __str__(self):
        return f"{self.call_id}"

    @property
    def places_left(self) -> int | None:
        return None if self.places_total is None else self.places_total - self.places_committed

    @property
    def left_cny(self):
        return None if self.budget_cny is None else self.budget_cny - self.committed_cny
