"""Opening balances (期初): what was granted before the portal, entered by one administrator and
approved by a second."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from awards.models.guards import cny, kept, starts, state_audited
from awards.models.ledger import Entry
from portal.accounts.models import Organisation
from portal.columns import uid_column, user_column


class Opening(models.Model):
    """One grant of the time before the portal; its entry counts it against caps and places."""

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待复核")
        APPROVED = "approved", _("已记入台账")
        DROPPED = "dropped", _("未记入")

    uid = uid_column()
    measure = models.ForeignKey("policy.Measure", on_delete=models.PROTECT, related_name="openings")
    definition = models.ForeignKey("policy.Definition", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="openings"
    )
    # What the grant was for, where an answer tells one subject from another: {"centre": "…"}.
    subjects = models.JSONField(default=dict, blank=True)
    year = models.PositiveSmallIntegerField()
    document_no = models.CharField(max_length=120)
    granted_on = models.DateField()
    amount_cny = cny()
    places = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTED)
    drafted_by = user_column()
    drafted_at = models.DateTimeField()
    settled_by = user_column(null=True)
    settled_at = models.DateTimeField(null=True)
    settled_note = models.CharField(max_length=500, blank=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, null=True, related_name="opening")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="approved") | ~Q(settled_by=F("drafted_by")),
                name="opening_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state="drafted", settled_by__isnull=True, entry__isnull=True)
                | Q(
                    state="approved",
                    settled_by__isnull=False,
                    settled_at__isnull=False,
                    entry__isnull=False,
                )
                | Q(
                    state="dropped",
                    settled_by__isnull=False,
                    settled_at__isnull=False,
                    entry__isnull=True,
                    settled_note__gt="",
                ),
                name="opening_settled_whole",
            ),
            models.CheckConstraint(
                condition=Q(amount_cny__gte=0, places__lte=1)
                & (Q(amount_cny__gt=0) | Q(places__gt=0)),
                name="opening_counts_something",
            ),
            models.CheckConstraint(condition=Q(document_no__gt=""), name="opening_with_document"),
            models.UniqueConstraint(
                fields=["measure", "organisation", "document_no", "subjects"],
                condition=~Q(state="dropped"),
                name="opening_once",
            ),
        ]
        indexes = [models.Index(fields=["-drafted_at", "uid"], name="opening_newest")]
        triggers = [
            starts("opening_starts_drafted", "drafted"),
            state_audited("opening_state_audited", "awards.opening"),
            kept(
                "opening_basis_kept",
                "measure_id", "definition_id", "organisation_id", "subjects", "year",
                "document_no", "granted_on", "amount_cny", "places", "note", "drafted_by_id",
                "drafted_at",
            ),
            kept("opening_settled_once", "state", "entry_id", when="OLD.state <> 'drafted'"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.measure_id} {self.document_no}"
