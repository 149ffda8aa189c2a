"""What waits for a head (待审签): proposals, verifications, panels, selections, in one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, F, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from applications.workflow import BY_ACTION
from portal.accounts.loading import units_of
from portal.accounts.models import Role, Unit
from reviews.models import Panel, Proposal, Selection, Verification

KINDS = {
    "verification": _("投入核定"),
    "panel": _("专家抽取"),
    "selection": _("会议遴选"),
}
KEYS = ("at", "uid")
_URLS = {
    "proposal": "/reviews/proposals/{uid}/",
    "verification": "/reviews/verifications/{uid}/",
    "panel": "/reviews/panels/{uid}/",
    "selection": "/reviews/selections/{uid}/",
}


def units(user) -> list[Unit]:
    return units_of(user, Role.HEAD)


def _rows(queryset: QuerySet, kind: str, **names) -> QuerySet:
    """One shape for all: kind, uid, at, who drafted, what it is about, and its action."""
    return queryset.order_by().values(
        "uid",
        kind=Value(kind, output_field=CharField()),
        at=F(names["at"]),
        by=F(names["by"]),
        title=F(names["title"]),
        number=F(names["number"]) if names["number"] else Value("", output_field=CharField()),
        action=F(names["action"]) if names.get("action") else Value("", output_field=CharField()),
    )


def waiting(of: Sequence[Unit]) -> QuerySet:
    """Everything that waits for a head of the units, the oldest first: one query."""
    lead = {"call__measure__lead_unit__in": of}
    proposals = _rows(
        Proposal.objects.filter(unit__in=of, state="drafted"), "proposal",
        at="drafted_at", by="drafted_by__name", title="application__title",
        number="application__number", action="action",
    )  # fmt: skip
    verifications = _rows(
        Verification.objects.filter(
            application__call__measure__lead_unit__in=of, state="drafted",
            application__status="verification",
        ), "verification",
        at="drafted_at", by="drafted_by__name", title="application__title",
        number="application__number",
    )  # fmt: skip
    panels = _rows(
        Panel.objects.filter(state="drawn", **lead), "panel",
        at="drawn_at", by="drawn_by__name", title="title", number="",
    )  # fmt: skip
    selections = _rows(
        Selection.objects.filter(state="drafted", sent_back_note="", **lead), "selection",
        at="drafted_at", by="drafted_by__name", title="title", number="",
    )  # fmt: skip
    return proposals.union(verifications, panels, selections, all=True)


def count(user) -> int:
    """The number beside 待审签 in the menu."""
    mine = units(user)
    return waiting(mine).count() if mine else 0


@dataclass(frozen=True)
class Item:
    """A row of the list."""

    url: str
    word: object
    title: str
    number: str
    by: str
    at: datetime


def items(found: Sequence[dict]) -> list[Item]:
    return [
        Item(
            url=_URLS[row["kind"]].format(uid=row["uid"]),
            word=BY_ACTION[row["action"]].label if row["action"] else KINDS[row["kind"]],
            title=row["title"],
            number=row["number"],
            by=row["by"],
            at=row["at"],
        )
        for row in found
    ]
