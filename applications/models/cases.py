"""A case (申报), who sees it, and the units and people that take part in it.

What an applicant's page shows of reviews and awards (holder, due date, next step, amounts,
flagged fields) is stored here by the upper verb, in the same transaction.
"""

from datetime import date

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from applications.models.status import ENDED, MOVES, UNDONE_MOVES, VOID, Status, pairs
from portal.accounts.models import Membership, Organisation, Role, Unit
from portal.columns import uid_column, user_column
from portal.searching import AnyOf, Grams, containing

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
        # EXISTS, not IN: one case is looked up by its own parties; of many cases the database
        # reads the parties once. IN would read all of them for a single case's page.
        parties = Party.objects.filter(
            Q(unit__in=units) | Q(user=user), application=OuterRef("pk"), ended_at__isnull=True
        )
        part = Q(models.Exists(parties), submitted_at__isnull=False)
        overseers = held.filter(role__in=[Role.AUDITOR, Role.POLICY_ADMIN])
        every = Q(models.Exists(overseers), submitted_at__isnull=False)
        return self.filter(own | part | every)

    def for_inbox(self, *units):
        """What the units hold, the soonest due first; a due date that waits for the calendar
        comes last."""
        held = Q(holder_unit=units[0]) if len(units) == 1 else Q(holder_unit__in=units)
        return (
            self.filter(held)
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
    # 免申即享: a unit nominated; until ``due_on`` the organisation confirms what it gave.
    direct = models.BooleanField(default=False)
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
            # What is in hand of a call, summed from the index alone (awards.figures.in_hand).
            models.Index(
                fields=["call"],
                include=["status", "recommended_cny", "asked_cny"],
                name="application_in_hand",
                condition=Q(submitted_at__isnull=False),
            ),
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
                IF (OLD.status, NEW.status) IN ({pairs(UNDONE_MOVES)}) AND NOT EXISTS (
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
