"""The reviewer's desk: what its three panes show of a case, and which acts are open now."""

from collections.abc import Collection, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from applications import workflow
from applications.content import Content
from applications.models import Application, Status, Submission
from policy import workdays
from portal.written import Given, Written
from reviews import checking, findings, inbox, masking, reading, verifying, waterfall
from reviews.models import Proposal, Verification

TABS = ("check", "amount", "findings", "history")
# What a link of the desk keeps of the address: the list that was being worked through.
FILTERS = (
    "q", "measure", "district", "status", "due_from", "due_to", "asked_min", "asked_max",
)  # fmt: skip
# The place in the list: its page.
PLACE = ("after", "before")
KEPT = ("view", *FILTERS, *PLACE)


def kept_query(query, *, view: str = "") -> str:
    """``view=mine&district=xuanwu``: the list with its filters and its page, for the links of its
    rows; ``view``: the saved view where the address names none."""
    kept = {name: query[name] for name in KEPT if query.get(name)}
    return urlencode({**kept, "view": view} if view else kept)


@dataclass(frozen=True)
class Act:
    """A button of the desk's foot. ``url``: a page of its own; else a form opens in the panel."""

    code: str
    label: str
    key: str = ""
    primary: bool = False
    url: str = ""


class Address:
    """Builds the desk's links: the case, and what of the address stays."""

    def __init__(self, case: Application, query):
        self.path = reverse("review_desk", args=[case.uid])
        self.kept = {name: query[name] for name in KEPT if query.get(name)}
        self.here = {name: query[name] for name in ("tab", "doc", "page", "row") if query.get(name)}

    def query(self, **changes) -> str:
        """The parameters with the given ones changed; an empty one is left out."""
        wanted = self.kept | self.here | changes
        if "doc" in changes and "row" not in changes:
            wanted.pop("row", None)
        return urlencode(
            {name: str(value) for name, value in wanted.items() if value not in ("", None)}
        )

    def __call__(self, **changes) -> str:
        """This case with the parameters changed."""
        query = self.query(**changes)
        return f"{self.path}?{query}" if query else self.path

    @property
    def as_it_is(self) -> str:
        """``?view=mine&tab=check``: an act posted with it comes back to the same view."""
        query = self.query()
        return f"?{query}" if query else ""

    def of(self, uid: str) -> str:
        """Another case of the same list."""
        query = urlencode(self.kept)
        path = reverse("review_desk", args=[uid])
        return f"{path}?{query}" if query else path


def acts(
    case: Application,
    roles: Set[str],
    *,
    pending: Proposal | None = None,
    verification: Verification | None = None,
) -> list[Act]:
    """What the user may do now, the act that moves the case on last (and first by key)."""
    if pending is not None:
        return _release_acts(pending, roles)
    found: list[Act] = []
    status = case.status
    if status == Status.RECOMMENDATION and "district_clerk" in roles:
        found = [
            Act("decline", _("拟不予推荐")),
            Act("return", _("退回修改"), "r"),
            Act("recommend", _("推荐"), "a", primary=True),
        ]
    elif status == Status.FORMAL_CHECK and "lead_clerk" in roles:
        found = [
            Act("refuse", _("拟不予受理")),
            Act("accept", _("受理"), "a", primary=True),
        ]
        if checking.rounds_left(case):
            url = reverse("review_correction", args=[case.uid])
            found.insert(1, Act("correction", _("一次性补正"), "r", url=url))
    elif status == Status.JOINT_REVIEW:
        found = _joint_acts(roles)
    elif status == Status.EXPERT_REVIEW and "lead_clerk" in roles:
        url = reverse("review_panel_list") + f"?call={case.call.uid}"
        found = [Act("panel", _("专家评审"), "a", primary=True, url=url)]
    elif status == Status.VERIFICATION:
        found = _verification_acts(case, roles, verification)
    elif status in {Status.SELECTION, Status.WAITLISTED} and roles & {"lead_clerk", "lead_head"}:
        url = reverse("review_selection_list") + f"?call={case.call.uid}"
        found = [Act("selection", _("会议遴选"), "a", primary=True, url=url)]
    elif status in {Status.PUBLIC_NOTICE, Status.OBJECTION} and roles & {
        "lead_clerk",
        "lead_head",
    }:
        url = reverse("review_selection_list") + f"?call={case.call.uid}"
        found = [Act("notice", _("公示与异议"), "a", primary=True, url=url)]
    elif status == Status.DECISION and roles & {"lead_clerk", "lead_head"}:
        found = _decision_acts()
    return found


def _release_acts(pending: Proposal, roles: Collection[str]) -> list[Act]:
    head = "district_head" if pending.action == "decline" else "lead_head"
    if head not in roles:
        return []
    url = reverse("review_proposal", args=[pending.uid])
    return [Act("release", _("审签"), "a", primary=True, url=url)]


def _joint_acts(roles: Collection[str]) -> list[Act]:
    found = []
    if "lead_clerk" in roles:
        found += [Act("refuse", _("拟不予受理")), Act("conclude", _("会商办结"), "a", primary=True)]
    if "co_unit_clerk" in roles:
        key = "" if found else "a"
        found.append(Act("opinion", _("反馈意见"), key, primary=not found))
    return found


def _verification_acts(case, roles, verification: Verification | None) -> list[Act]:
    if "lead_head" in roles and verification and verification.state == "drafted":
        url = reverse("review_verification_release", args=[verification.uid])
        return [Act("release", _("审签核定"), "a", primary=True, url=url)]
    if "lead_clerk" in roles:
        url = reverse("review_verification", args=[case.uid])
        return [Act("verify", verifying.title(case), "a", primary=True, url=url)]
    return []


def _decision_acts() -> list[Act]:
    try:
        url = reverse("award_decision_list")
    except NoReverseMatch:
        return []
    return [Act("decide", _("起草决定"), "a", primary=True, url=url)]


@dataclass
class Desk:
    """Everything that the desk's template shows."""

    case: Application
    address: Address
    content: Content
    documents: list[reading.Document]
    document: reading.Document
    page: int
    points: list[checking.Point]
    findings: list[findings.Found]
    acts: list[Act]
    pending: Proposal | None
    verification: Verification | None
    roles: frozenset[str]
    row: inbox.Row
    mask: masking.Mask

    @cached_property
    def chapters(self) -> list[reading.Chapter]:
        """The sections in words: the document shows them, and the panel what they must prove."""
        return reading.chapters(self.content, self.mask, link=self.address, pages=self.seen_pages)

    @property
    def unsettled(self) -> int:
        """How many items of the formal check are still open."""
        return len(self.points) - self.settled

    @property
    def settled(self) -> int:
        return sum(point.item is not None for point in self.points)

    @property
    def open_findings(self) -> int:
        return sum(found.is_open for found in self.findings)

    @cached_property
    def seen_pages(self) -> dict[str, int]:
        """Where evidence was seen: attachment uid → page, as reviewers noted it."""
        return {
            point.item.attachment.uid: point.item.page
            for point in self.points
            if point.item and point.item.attachment and point.item.page
        }


def whole_number(text: Any, default: int = 1) -> int:
    """A page number of an address; what is none counts as the default."""
    try:
        return max(1, int(str(text)))
    except ValueError:
        return default


def steps_of(desk: Desk) -> list:
    """The waterfall of what holds now: a draft of the verification is the lead unit's to see."""
    case, draft = desk.case, desk.verification
    is_lead = bool(desk.roles & {"lead_clerk", "lead_head"})
    computation, proposed = case.computation, case.recommended_cny
    if draft is not None and draft.state != "released" and is_lead:
        computation = draft.computation
        proposed = None
    if proposed is None:
        proposed = case.asked_cny
        capped = computation.get("capped_cny") if computation else None
        if capped is not None and proposed is not None:
            proposed = min(proposed, Decimal(capped))
    return waterfall.steps(computation or {}, workflow.schema_of(case), proposed_cny=proposed)


_FORM = Written(
    lambda: (
        Submission.objects.filter(application=Given("application"))
        .select_related("form")
        .order_by("-round")[:1]
    )
)
_PENDING = Written(
    lambda: (
        Proposal.objects.filter(application=Given("application"), state="drafted")
        .select_related("drafted_by", "unit")
        .order_by("pk")[:1]
    )
)


def _first(found: list):
    return found[0] if found else None


def build(
    case: Application,
    roles: frozenset[str],
    user,
    query,
    *,
    content: Content,
    today,
    calendar: workdays.Calendar,
) -> Desk:
    """What the panes show of the case; reads only. 8 queries, whatever the case holds."""
    address = Address(case, query)
    mask = masking.for_officer(case)
    form = _first(_FORM.read_of(case, "application"))
    documents = reading.documents(content, mask, form=form)
    pending = _first(_PENDING.read_of(case, "application"))
    verification = None
    if case.status == Status.VERIFICATION:
        verification = Verification.objects.filter(application=case).first()
    return Desk(
        case=case,
        address=address,
        content=content,
        documents=documents,
        document=reading.choose(documents, query.get("doc", "")),
        page=whole_number(query.get("page", "")),
        points=checking.points(case) if roles & {"lead_clerk", "lead_head"} else [],
        findings=findings.current(case),
        acts=acts(
            case,
            roles,
            pending=pending,
            verification=verification,
        ),
        pending=pending,
        verification=verification,
        roles=roles,
        row=inbox.rows([case], today=today, calendar=calendar)[0],
        mask=mask,
    )
