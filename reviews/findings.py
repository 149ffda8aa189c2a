"""Findings (发现): what a reviewer must look at before an amount is verified.

What there is to find is computed from the rows as they stand, so a page always shows it, also
where the other case came later; a verb keeps it, and only a reviewer settles it.

=======================  ============================================================
same_invoice             the invoice's number stands in another submitted case, whoever's;
                         a case of the same organisation that ended without award aside
seller_is_applicant      the seller is the applying organisation itself
seller_legal_person      the seller is registered here with the same legal representative
declared_related         the applicant declared a related-party transaction
same_account             another organisation's case under this measure has the same account
same_contact             … the same contact phone
same_address             … the same address
=======================  ============================================================
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from django.db import transaction
from django.db.models import BooleanField, Exists, OuterRef, Q
from django.db.models.expressions import RawSQL

from applications.models import VOID, Application, Invoice, Status
from portal import clock
from portal.accounts.models import Organisation
from portal.audit.recording import record
from portal.written import Given, Written
from reviews.holding import hold
from reviews.models import Finding
from reviews.refusals import Refused

# Ended without an award: the same organisation may use the invoice again.
FREED = VOID
OPEN_STAGES = frozenset(
    {
        Status.RECOMMENDATION,
        Status.FORMAL_CHECK,
        Status.JOINT_REVIEW,
        Status.EXPERT_REVIEW,
        Status.VERIFICATION,
    }
)
SETTLERS = ("lead_clerk", "district_clerk")


@dataclass
class Found:
    """A finding as a page shows it: computed, with what was kept of it, if anything."""

    kind: str
    subject_key: str
    facts: dict[str, Any] = field(default_factory=dict)
    invoice: Invoice | None = None
    other: Application | None = None
    kept: Finding | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.subject_key}"

    @property
    def state(self) -> str:
        return self.kept.state if self.kept else Finding.State.OPEN

    @property
    def is_open(self) -> bool:
        return self.state == Finding.State.OPEN


_KEPT = Written(
    lambda: Finding.objects.filter(application=Given("application")).select_related(
        "invoice", "other", "settled_by"
    )
)


def current(application: Application) -> list[Found]:
    """Everything there is to look at, open ones first: what is computed now, and what was kept
    before although it can no longer be seen (a corrected row). Four queries, writes nothing."""
    kept = {(row.kind, row.subject_key): row for row in _KEPT.read_of(application, "application")}
    found = list(_compute(application))
    for row in found:
        row.kept = kept.pop((row.kind, row.subject_key), None)
    found += [
        Found(row.kind, row.subject_key, row.facts, row.invoice, row.other, row)
        for row in kept.values()
    ]
    return sorted(found, key=lambda row: (not row.is_open, row.kind, row.subject_key))


def open_ones(application: Application) -> list[Found]:
    return [row for row in current(application) if row.is_open]


def _compute(application: Application) -> Iterator[Found]:
    invoices = list(_invoices(application))
    yield from _same_invoices(application, invoices)
    yield from _sellers(application, invoices)
    yield from _same_people(application)


def _with_namesakes():
    namesake = Organisation.objects.filter(
        uscc=OuterRef("seller_uscc"), legal_representative=Given("person")
    ).exclude(legal_representative="")
    mine = Invoice.objects.filter(application=Given("application"), valid=True)
    return mine.annotate(is_namesake=Exists(namesake))


_MINE = Written(_with_namesakes)


def _invoices(application: Application) -> list:
    """The valid rows, each with ``is_namesake``: the seller is registered here with the
    applicant's legal representative."""
    person = application.organisation.legal_representative
    found = _MINE.read(application=application.pk, person=person)
    for row in found:
        row.application = application
    return found


def _used_elsewhere():
    again = Q(application__organisation=Given("organisation"), application__status__in=FREED)
    any_of = RawSQL(
        f"{Invoice._meta.db_table}.invoice_no = ANY(%s)",
        [Given("numbers")],
        output_field=BooleanField(),
    )
    return (
        Invoice.objects.filter(any_of, valid=True, application__submitted_at__isnull=False)
        .exclude(application=Given("application"))
        .exclude(again)
        .select_related("application__organisation")
        .order_by("application_id", "position")
    )


_ELSEWHERE = Written(_used_elsewhere)


def _same_invoices(application: Application, invoices: list[Invoice]) -> Iterator[Found]:
    mine = {row.invoice_no: row for row in invoices}
    if not mine:
        return
    others = _ELSEWHERE.read(
        numbers=list(mine), application=application.pk, organisation=application.organisation_id
    )
    for row in others:
        invoice = mine[row.invoice_no]
        yield Found(
            "same_invoice",
            f"{invoice.uid}/{row.application.uid}",
            {
                "invoice_no": row.invoice_no,
                "position": invoice.position,
                "other_number": row.application.number,
                "other_position": row.position,
                "other_gross_cny": f"{row.gross_cny:.2f}",
            },
            invoice=invoice,
            other=row.application,
        )


def _sellers(application: Application, invoices: list[Invoice]) -> Iterator[Found]:
    organisation = application.organisation
    for row in invoices:
        itself = row.seller_uscc == organisation.uscc or row.seller == organisation.name
        facts = {
            "position": row.position,
            "seller": row.seller,
            "gross_cny": f"{row.gross_cny:.2f}",
        }
        if itself:
            yield Found("seller_is_applicant", row.uid, facts, invoice=row)
        elif cast(Any, row).is_namesake:
            yield Found("seller_legal_person", row.uid, facts, invoice=row)
        elif row.related_party:
            yield Found("declared_related", row.uid, facts, invoice=row)


_SHARED = (
    ("same_account", "bank_account"),
    ("same_contact", "contact_phone"),
    ("same_address", "address"),
)


def _alike():
    alike = Q()
    for _kind, name in _SHARED:
        alike |= Q(**{f"organisation__{name}": Given(name)})
    return (
        Application.objects.filter(
            alike, submitted_at__isnull=False, call__measure=Given("measure")
        )
        .exclude(organisation=Given("organisation"))
        .exclude(status__in=FREED)
        .select_related("organisation")
        .order_by("pk")
    )


_ALIKE = Written(_alike)


def _same_people(application: Application) -> Iterator[Found]:
    """Other organisations' cases under the measure with the same account, phone or address. The
    facts do not repeat the account or the phone."""
    organisation = application.organisation
    shared = [(kind, name) for kind, name in _SHARED if getattr(organisation, name)]
    if not shared:
        return
    # What the organisation has not told is like nobody's: NULL equals nothing.
    told = {name: getattr(organisation, name) or None for _kind, name in _SHARED}
    others = _ALIKE.read(organisation=organisation.pk, measure=application.call.measure_id, **told)
    for other in others:
        for kind, name in shared:
            if getattr(other.organisation, name) == getattr(organisation, name):
                facts = {"other_number": other.number, "other_name": other.organisation.name}
                yield Found(kind, other.uid, facts, other=other)


def keep(application: Application) -> int:
    """Write down what is found and not yet kept; returns how many. In the caller's transaction."""
    now = clock.now()
    fresh = [row for row in current(application) if row.kept is None]
    Finding.objects.bulk_create(
        [
            Finding(
                application=application,
                kind=row.kind,
                subject_key=row.subject_key,
                facts=row.facts,
                invoice=row.invoice,
                other=row.other,
                found_at=now,
            )
            for row in fresh
        ],
        ignore_conflicts=True,
    )
    if fresh:
        keys = [row.key for row in fresh]
        record("finding.keep", obj=application, actor="system:findings", data={"found": keys})
    return len(fresh)


@transaction.atomic
def settle(application: Application, key: str, *, actor, state: str, reason: str) -> Finding:
    """Confirm or dismiss a finding, with a reason; it may be settled anew while the review lasts.

    Raises ``Refused``: state, role, reason_missing, outcome, no_finding.
    """
    if state not in {Finding.State.CONFIRMED, Finding.State.DISMISSED}:
        raise Refused("outcome", outcome=state)
    application = hold(application, actor=actor, roles=SETTLERS, statuses=OPEN_STAGES)
    if not (reason := reason.strip()):
        raise Refused("reason_missing")
    keep(application)
    kind, _sep, subject_key = key.partition(":")
    finding = Finding.objects.filter(
        application=application, kind=kind, subject_key=subject_key
    ).first()
    if finding is None:
        raise Refused("no_finding", key=key)
    before = finding.state
    finding.state, finding.reason = state, reason
    finding.settled_by, finding.settled_at = actor, clock.now()
    finding.save(update_fields=["state", "reason", "settled_by", "settled_at"])
    record(
        "finding.settle",
        obj=finding,
        actor=actor,
        data={"application": application.pk, "key": key, "reason": reason},
        from_state=before,
        to_state=state,
    )
    return finding
