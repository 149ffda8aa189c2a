"""Decisions (批准文件) with the awards that they grant."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from awards.models.guards import cny, kept, starts, state_audited
from awards.models.ledger import Award
from portal.columns import two_people, uid_column, user_column


class Decision(models.Model):
    """立项/认定: a document (文件) with its awards, drafted by a clerk, released by a head."""

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待签发")
        RELEASED = "released", _("已签发")
        CONFIRMED = "confirmed", _("财政已确认")
        DISCARDED = "discarded", _("已作废")

    uid = uid_column()
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, related_name="decisions")
    number = models.CharField(_("文号"), max_length=60)
    title = models.CharField(_("标题"), max_length=160)
    text = models.TextField(_("正文"), blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTED)
    drafted_by = user_column()
    drafted_at = models.DateTimeField()
    released_by = user_column(null=True)
    released_at = models.DateTimeField(null=True)
    confirmed_by = user_column(null=True)
    confirmed_at = models.DateTimeField(null=True)
    funding_source = models.CharField(_("资金来源"), max_length=120, blank=True)
    revision = models.PositiveIntegerField(default=1)
    pdf = models.ForeignKey("files.Blob", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            two_people("drafted_by", "released_by", "decision_two_people"),
            models.UniqueConstraint(
                fields=["number"], condition=~Q(state="discarded"), name="decision_number_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["drafted", "discarded"])
                | Q(released_by__isnull=False, released_at__isnull=False),
                name="decision_released_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, funding_source__gt=""),
                name="decision_confirmed_whole",
            ),
        ]
        indexes = [models.Index(fields=["call", "-id"], name="decision_of_call")]
        triggers = [
            pgtrigger.FSM(
                name="decision_states",
                field="state",
                transitions=[
                    ("drafted", "released"), ("drafted", "discarded"), ("released", "confirmed"),
                ],
            ),
            starts("decision_starts_drafted", "drafted"),
            state_audited("decision_state_audited", "awards.decision"),
            kept(
                "decision_text_kept",
                "number", "title", "text", "call_id", "drafted_by_id", "drafted_at",
                when="OLD.state <> 'drafted'",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number


class DecisionItem(models.Model):
    """An award in a decision, with the amount that is approved."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="items")
    award = models.OneToOneField(Award, on_delete=models.PROTECT, related_name="decision_item")
    approved_cny = cny()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_cny__gte=0), name="decisionitem_not_negative"
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="decisionitem_of_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                IF EXISTS (SELECT 1 FROM awards_decision WHERE state NOT IN ('drafted', 'discarded')
                            AND id = CASE TG_OP WHEN 'DELETE' THEN OLD.decision_id
                                     ELSE NEW.decision_id END) THEN
                  RAISE EXCEPTION 'a signed decision keeps its items'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'decisionitem_of_draft';
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_id}/{self.award_id}"
