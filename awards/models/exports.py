"""Tables that a worker writes."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.columns import uid_column, user_column


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
