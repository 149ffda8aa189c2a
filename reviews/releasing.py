"""What waits for a head (待审签): proposals, verifications, panels, selections, nominations, in one list."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import CharField, F, Q, QuerySet, Value
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext_lazy as _

from applications.models import Application
from applications.workflow import BY_ACTION
from portal.accounts.loading import units_of
from portal.accounts.models import Role, Unit
from portal.paging import Page
from reviews.models import Nomination, Panel, PanelCase, Proposal, Selection, Verification

KINDS = {
    "verification": _("投入核定"),
    "panel": _("专家抽取"),
    "selection": _("会议遴选"),
    "nomination": _("免申即享名单"),
}
SIZE = 30
_ROUTES = {
    "proposal": "review_proposal",
    "verification": "review_verification_release",
    "panel": "review_panel",
    "selection": "review_selection",
    "nomination": "review_nomination",
}


def units(user) -> list[Unit]:
    return units_of(user, Role.HEAD)


@dataclass(frozen=True)
class _Source:
    """One kind of draft: its rows, and where the common columns stand."""

    kind: str
    queryset: QuerySet
    at: str
    by: str
    title: str
    number: str = ""
    action: str = ""


def _sources(of: Sequence[Unit]) -> list[_Source]:
    lead = {"call__lead_unit__in": of}
    verifications = Verification.objects.filter(
        application__call__lead_unit__in=of,
        state="drafted",
        application__status="verification",
    )
    return [
        _Source(
            "proposal", Proposal.objects.filter(unit__in=of, state="drafted"), "drafted_at",
            "drafted_by__name", "application__title", "application__number", "action",
        ),
        _Source(
            "verification", verifications, "drafted_at", "drafted_by__name",
            "application__title", "application__number",
        ),
        _Source(
            "panel", Panel.objects.filter(state="drawn", **lead), "drawn_at",
            "drawn_by__name", "title",
        ),
        _Source(
            "selection", Selection.objects.filter(state="drafted", sent_back_note="", **lead),
            "drafted_at", "drafted_by__name", "title",
        ),
        _Source(
            "nomination", Nomination.objects.filter(state="drafted", **lead), "drafted_at",
            "drafted_by__name", "call__title_zh", "call__code",
        ),
    ]  # fmt: skip


def _text(path: str):
    return F(path) if path else Value("", output_field=CharField())


def waiting(of: Sequence[Unit], *, after: tuple[datetime, str] | None = None) -> QuerySet:
    """Everything that waits for a head of the units, the oldest first, from a place in the list
    on: one query."""
    parts = []
    for source in _sources(of):
        rows = source.queryset.order_by()
        if after is not None:
            at, uid = after
            later = Q(**{f"{source.at}__gt": at})
            rows = rows.filter(later | Q(**{source.at: at, "uid__gt": uid}))
        parts.append(
            rows.values(
                "uid",
                kind=Value(source.kind, output_field=CharField()),
                stamp=F(source.at),
                drafter=F(source.by),
                subject=F(source.title),
                case_number=_text(source.number),
                move=_text(source.action),
            )
        )
    return parts[0].union(*parts[1:], all=True).order_by("stamp", "uid")


def page(of: Sequence[Unit], request) -> Page:
    """A page of the list; the place in it stands in the address (``at`` and ``after``)."""
    place = parse_datetime(request.GET.get("at", "").replace(" ", "+"))
    after = (place, request.GET.get("after", "")) if place is not None and is_aware(place) else None
    rows = list(waiting(of, after=after)[: SIZE + 1])
    shown = rows[:SIZE]
    following = ""
    if len(rows) > SIZE:
        last = shown[-1]
        following = "?" + urlencode({"at": last["stamp"].isoformat(), "after": last["uid"]})
    return Page(shown, "?", "?" if after else "", following)


def count(user) -> int:
    """The number beside 待审签 in the menu; asked once for each request."""
    if not hasattr(user, "_release_count"):
        mine = units(user)
        user._release_count = waiting(mine).count() if mine else 0
    return user._release_count


@dataclass(frozen=True)
class Item:
    """A row of the list."""

    url: str
    word: object
    title: str
    number: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Standing:
    """What else a list tells of a case: the state of its panel, and in words what a clerk drafted
    on it that waits for the head."""

    panel: str = ""
    drafted: Any = ""


def standing_of(cases: Collection[Application]) -> dict[int, Standing]:
    """By case, of those that have a panel or a draft: one query."""
    if not cases:
        return {}
    of = {"application__in": [case.pk for case in cases]}
    kind = CharField()
    rows = (
        PanelCase.objects.filter(**of)
        .order_by()
        .values_list("application", Value("panel", output_field=kind), "panel__state")
        .union(
            Proposal.objects.filter(state="drafted", **of)
            .order_by()
            .values_list("application", Value("proposal", output_field=kind), "action"),
            Verification.objects.filter(state="drafted", **of)
            .order_by()
            .values_list("application", Value("verification", output_field=kind), "state"),
            all=True,
        )
    )
    found: dict[int, Standing] = {}
    for case, source, word in rows:
        before = found.get(case, Standing())
        if source == "panel":
            found[case] = replace(before, panel=word)
        else:
            label = BY_ACTION[word].label if source == "proposal" else KINDS["verification"]
            found[case] = replace(before, drafted=label)
    return found


def items(found: Sequence[dict]) -> list[Item]:
    return [
        Item(
            url=reverse(_ROUTES[row["kind"]], args=[row["uid"]]),
            word=BY_ACTION[row["move"]].label if row["move"] else KINDS[row["kind"]],
            title=row["subject"],
            number=row["case_number"],
            by=row["drafter"],
            at=row["stamp"],
        )
        for row in found
    ]
