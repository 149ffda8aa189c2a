"""Lists of organisations that a lead unit nominates without an application (免申即享)."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.columns import two_people, uid_column, user_column


class Nomination(models.Model):
    """A list: drafted by a clerk from official data, released by a head, confirmed by each
    organisation.

    ``rows``: [{"uscc", "name", "answers": {field code: stored answer}, "case": uid once opened}].
    """

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待签发")
        RELEASED = "released", _("已签发")
        DISCARDED = "discarded", _("已作废")

    uid = uid_column()
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, related_name="nominations")
    basis = models.CharField(_("数据来源"), max_length=300)
    rows = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFTED)
    drafted_by = user_column()
    drafted_at = models.DateTimeField()
    released_by = user_column(null=True)
    released_at = models.DateTimeField(null=True)
    discarded_note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            two_people("drafted_by", "released_by", "nomination_two_people"),
            models.CheckConstraint(
                condition=~Q(state="released")
                | Q(released_by__isnull=False, released_at__isnull=False),
                name="nomination_released_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="discarded") | Q(discarded_note__gt=""),
                name="nomination_discarded_with_note",
            ),
        ]
        indexes = [models.Index(fields=["call", "-id"], name="nomination_of_call")]
        triggers = [
            pgtrigger.FSM(
                name="nomination_states",
                field="state",
                transitions=[("drafted", "released"), ("drafted", "discarded")],
            ),
            pgtrigger.Protect(
                name="nomination_kept",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.state <> 'drafted' AND (OLD.rows, OLD.basis, OLD.call_id)"
                    " IS DISTINCT FROM (NEW.rows, NEW.basis, NEW.call_id)"
                ),
            ),
            pgtrigger.Trigger(
                name="nomination_audited",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(old__state__df=pgtrigger.F("new__state")),
                func="""
                PERFORM audit_require('reviews.nomination', NEW.id::text, OLD.state, NEW.state);
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.state}"
