"""Questions on a call (咨询答疑): asked by organisations, answered by the lead unit in public or not.

What was asked is kept as it was; what the public reads is a wording of the unit's own. The database
refuses a public answer that a second person has not approved.
"""

import pgtrigger
from django.conf import settings as site
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.columns import changed, refuse, uid_column

MAX_QUESTION = 1000
MAX_ANSWER = 3000

# What an organisation has asked, and what two people have signed.
ASKED = ("uid", "call", "organisation", "asked_by", "asked_at", "text")
SIGNED = ("public_text", "answer", "answered_by", "answered_at")


class QuestionQuerySet(models.QuerySet):
    def public(self):
        """What anybody may read; page it by ``PUBLIC_ORDER``."""
        return self.filter(state=Question.State.PUBLIC)

    def matching(self, words: str):
        """Those whose public wording or answer has every word."""
        found = self
        for word in words.split()[:8]:
            found = found.filter(Q(public_text__icontains=word) | Q(answer__icontains=word))
        return found

    def of_units(self, units):
        """Those on calls that the units lead, with what a list shows: one query."""
        return self.filter(call__lead_unit__in=units).select_related(
            "call__measure", "call__lead_unit", "organisation__district"
        )


# The pinned ones first, then the newest; keys of ``page_by_key``.
PUBLIC_ORDER = ("-pinned", "-approved_at", "uid")


class Question(models.Model):
    """A question of an organisation on a published call, and what became of it."""

    class State(models.TextChoices):
        ASKED = "asked", _("待答复")
        DRAFTED = "drafted", _("待审签")
        PUBLIC = "public", _("已公开答复")
        PRIVATE = "private", _("已单独答复")
        MERGED = "merged", _("已并入")
        DECLINED = "declined", _("不予答复")

    uid = uid_column()
    call = models.ForeignKey("policy.Call", on_delete=models.PROTECT, related_name="questions")
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    asked_by = models.ForeignKey(
        site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("提问人")
    )
    asked_at = models.DateTimeField(_("提问时间"))
    text = models.CharField(_("问题"), max_length=MAX_QUESTION)
    # Null: the call sets no limit, or the year's calendar is not loaded yet.
    due_on = models.DateField(_("答复期限"), null=True, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.ASKED)
    public_text = models.CharField(_("公开的问题"), max_length=MAX_QUESTION, blank=True)
    answer = models.CharField(_("答复"), max_length=MAX_ANSWER, blank=True)
    answered_by = models.ForeignKey(
        site.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("答复人"),
    )
    answered_at = models.DateTimeField(_("答复时间"), null=True)
    approved_by = models.ForeignKey(
        site.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("审签人"),
    )
    approved_at = models.DateTimeField(_("公开时间"), null=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="merged", null=True
    )
    # Why it was declined, sent back or taken down: the last of them.
    note = models.CharField(_("理由"), max_length=500, blank=True)
    pinned = models.BooleanField(_("置顶"), default=False)
    revision = models.PositiveIntegerField(default=1)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["asked", "drafted", "public", "private", "merged", "declined"]
                ),
                name="policy_question_state_known",
            ),
            models.CheckConstraint(
                condition=Q(text__regex=r"\S"), name="policy_question_text_given"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("answered_by")),
                name="policy_question_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["drafted", "public"])
                | Q(public_text__regex=r"\S", answer__regex=r"\S", answered_by__isnull=False),
                name="policy_question_draft_whole",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="public",
                    approved_by__isnull=False,
                    approved_at__isnull=False,
                    answered_by__isnull=False,
                )
                | (
                    ~Q(state="public")
                    & Q(approved_by__isnull=True, approved_at__isnull=True, pinned=False)
                ),
                name="policy_question_approved_if_public",
            ),
            models.CheckConstraint(
                condition=~Q(state="private")
                | Q(answer__regex=r"\S", public_text="", answered_by__isnull=False),
                name="policy_question_private_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False)
                | (~Q(state="merged") & Q(merged_into__isnull=True)),
                name="policy_question_merged_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | Q(note__regex=r"\S"),
                name="policy_question_declined_with_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["call", "-pinned", "-approved_at", "uid"],
                condition=Q(state="public"),
                name="policy_question_public",
            ),
            models.Index(fields=["organisation", "call"], name="policy_question_own"),
            models.Index(
                fields=["call", "state"],
                condition=Q(state__in=["asked", "drafted"]),
                name="policy_question_waiting",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="question_state",
                field="state",
                transitions=[
                    ("asked", "drafted"),
                    ("asked", "private"),
                    ("asked", "merged"),
                    ("asked", "declined"),
                    ("drafted", "asked"),
                    ("drafted", "public"),
                    ("public", "asked"),
                ],
            ),
            pgtrigger.Trigger(
                name="question_starts_asked",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=refuse("policy_question_starts_asked", "a question starts as asked"),
                condition=pgtrigger.Q(new__state__df="asked"),
            ),
            pgtrigger.Trigger(
                name="question_kept_as_asked",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=refuse("policy_question_kept_as_asked", "what was asked is not edited"),
                condition=pgtrigger.AnyChange(*ASKED),
            ),
            # What is approved is what was drafted, and stays so for as long as it is public.
            pgtrigger.Trigger(
                name="question_kept_as_signed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=refuse("policy_question_kept_as_signed", "a public answer is not edited"),
                condition=pgtrigger.Condition(
                    "NEW.state = 'public' AND ("
                    + changed("public_text", "answer", "answered_by_id", "answered_at")
                    + " OR (OLD.state = 'public' AND ("
                    + changed("approved_by_id", "approved_at")
                    + ")))"
                ),
            ),
            pgtrigger.Trigger(
                name="question_merged_into_public",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                PERFORM 1 FROM policy_question
                  WHERE id = NEW.merged_into_id AND call_id = NEW.call_id AND state = 'public';
                IF NOT FOUND THEN
                  RAISE EXCEPTION 'a question is merged into a public one of its call'
                    USING ERRCODE = 'integrity_constraint_violation',
                          CONSTRAINT = 'policy_question_merged_into_public';
                END IF;
                RETURN NEW;
                """,
                condition=pgtrigger.Condition(
                    "NEW.merged_into_id IS NOT NULL"
                    " AND OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id"
                ),
            ),
            pgtrigger.Trigger(
                name="question_asked_audited",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                PERFORM audit_require('policy.question', NEW.id::text, '', NEW.state);
                RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="question_move_audited",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(old__state__df=pgtrigger.F("new__state")),
                func="""
                PERFORM audit_require('policy.question', NEW.id::text, OLD.state, NEW.state);
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self):
        return f"{self.call_id} {self.uid}"

    @property
    def title(self) -> str:
        """One line that names it in lists of the unit and the asker."""
        return self.public_text or self.text
