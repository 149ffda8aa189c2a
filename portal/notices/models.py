"""Notices: the outbox (state change, event and notice are one transaction) and the inbox.

A notice is written in both languages when it is left; the inbox shows the reader's.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.columns import uid_column


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user, *, at):
        """What the user's inbox shows: released notices, the newest first."""
        return self.filter(recipient=user, held_until__lte=at).order_by("-id")

    def unread(self, user, *, at):
        return self.filter(recipient=user, held_until__lte=at, read_at__isnull=True)

    def due(self, *, at):
        """What waits to be mailed, the oldest first; what failed, once its pause is over."""
        return (
            self.filter(mailed_at__isnull=True, given_up_at__isnull=True, held_until__lte=at)
            .filter(Q(retry_at__isnull=True) | Q(retry_at__lte=at))
            .order_by("held_until", "pk")
        )


class Notice(models.Model):
    """A message to a person: one row for each person and cause (dedupe key)."""

    uid = uid_column()
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices"
    )
    subject = models.CharField(max_length=200)
    subject_en = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    body_en = models.TextField(blank=True)
    url = models.CharField(max_length=200, blank=True)
    dedupe_key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField()
    held_until = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    given_up_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notice_inbox"),
            models.Index(
                fields=["held_until"],
                condition=Q(mailed_at__isnull=True, given_up_at__isnull=True),
                name="notice_outbox",
            ),
            models.Index(
                fields=["recipient"], condition=Q(read_at__isnull=True), name="notice_unread"
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class Mail(models.Model):
    """A mail kept instead of sent, where no mail server is configured (EMAIL_URL)."""

    uid = uid_column()
    to = models.TextField()
    subject = models.TextField()
    body = models.TextField()
    kept_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-id"], name="mail_newest")]

    def __str__(self) -> str:
        return self.subject
