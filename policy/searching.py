"""Measures, their clauses, and calls, for the portal's search (portal.searching)."""

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from policy.models import Call, Measure
from policy.models.questions import Question
from portal import clock
from portal.searching import SHOWN, Group, Hit, excerpt, has_all


def _english() -> bool:
    return (get_language() or "").startswith("en")


def measures(_user, words, _text) -> Group:
    """Measures in whose name, recipients, units or clause every word stands. One query."""
    hits = []
    rows = Measure.objects.select_related("article", "lead_unit").order_by("position")
    for row in rows:
        told = (
            row.line, row.name_zh, row.name_en, row.clause, row.clause_en, row.recipients_zh,
            row.recipients_en, row.article.title_zh, row.lead_unit.name_zh, row.lead_unit.name_en,
        )  # fmt: skip
        if has_all("\n".join(told), words):
            clause = (row.clause_en, row.clause) if _english() else (row.clause, row.clause_en)
            found = next((part for text in clause if (part := excerpt(text, words))), "")
            hits.append(
                Hit(
                    reverse("measure_detail", args=[row.line]),
                    f"{row.line} {row.name_en if _english() else row.name_zh}",
                    row.lead_unit.name,
                    found,
                )
            )
    # A name says more than a clause: the better finds first.
    hits.sort(key=lambda hit: not has_all(hit.title, words))
    return Group(_("支持措施与条款"), hits, reverse("measure_list") if len(hits) > SHOWN else "")


def calls(_user, words, _text) -> Group:
    """Published calls in whose title, code or measure every word stands, the newest first."""
    found = Call.objects.published().select_related("measure").defer("guide_zh", "settings")
    for word in words:
        found = found.filter(
            Q(title_zh__icontains=word) | Q(title_en__icontains=word) | Q(code__icontains=word)
            | Q(measure__name_zh__icontains=word) | Q(measure__name_en__icontains=word)
            | Q(guide_zh__icontains=word)
        )  # fmt: skip
    hits = [
        Hit(
            reverse("call_detail", args=[row.uid]),
            row.title_en if _english() else row.title_zh,
            f"{clock.local(row.opens_at):%Y-%m-%d} – {clock.local(row.closes_at):%Y-%m-%d}",
        )
        for row in found.order_by("-closes_at", "-pk")[: SHOWN + 1]
    ]
    return Group(_("申报通知"), hits, reverse("call_list"))


def answers(_user, words, _text) -> Group:
    """Public answers to questions on calls, the newest first. One query."""
    found = Question.objects.public().matching(" ".join(words)).select_related("call")
    hits = [
        Hit(
            reverse("call_question", args=[row.call.uid, row.uid]),
            row.public_text,
            row.call.title_en if _english() else row.call.title_zh,
            excerpt(row.answer, words),
        )
        for row in found.order_by("-approved_at", "-pk")[: SHOWN + 1]
    ]
    return Group(_("咨询答疑"), hits, "")
