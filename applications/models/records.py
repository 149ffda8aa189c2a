"""What is kept of a case's way: submissions, moves, corrections, letters, numbers given."""

import pgtrigger
from django.db import models

from applications.models.cases import Application
from portal.accounts.models import Unit
from portal.columns import uid_column, user_column


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
