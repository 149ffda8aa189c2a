"""The ledger (台账): the one way in which money and places are taken and given back.

Each act is one transaction: the accounts are locked in the order of their key, the act is
checked, the entry and its postings are written (the database's triggers move the counters and
the award), the figures of the calls follow, and the act is audited. A bound that is violated all
the same is refused by the named CHECK, and told in the same words.

Amounts are 元. Acts do not ask who may: the verbs above do.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Min, Sum, When

from applications.models import Application
from awards import figures
from awards.accounts import (
    Bound,
    bounds_of,
    budget_bound,
    elsewhere_cny,
    open_and_lock,
    quota_bound,
    room,
    scope_of,
)
from awards.models import Award, CapAccount, Entry, Payment, Posting
from policy.calls import schema_of
from policy.models import Call
from portal import clock
from portal.audit.recording import record
from portal.types import known

# How many holders a refusal names.
MAX_HOLDERS = 20

Accounts = Mapping[tuple[str, str], CapAccount]


@dataclass(frozen=True)
class Holder:
    """Who holds what of an account: an award, or an opening balance (without one)."""

    number: str
    organisation: str
    amount_cny: Decimal
    places: int
    since: datetime
    by: str
    award_uid: str = ""
    note: str = ""


class LedgerRefused(Exception):
    """An act that the ledger refuses; nothing was written.

    ``constraint`` names the database's guard if that refused it, and is empty if the check did.
    """

    constraint = ""


class CapExceeded(LedgerRefused):
    """More 元 than the account has left."""

    def __init__(self, account: CapAccount, *, asked_cny: Decimal, left_cny: Decimal, holders=()):
        self.account, self.asked_cny, self.left_cny = account, asked_cny, left_cny
        self.holders: tuple[Holder, ...] = tuple(holders)
        super().__init__(f"{account}: {asked_cny} asked, {left_cny} left")


class QuotaExceeded(LedgerRefused):
    """More places than the account has left; ``holders`` are those who hold them."""

    def __init__(self, account: CapAccount, *, asked: int, left: int, holders=()):
        self.account, self.asked, self.left = account, asked, left
        self.holders: tuple[Holder, ...] = tuple(holders)
        super().__init__(f"{account}: {asked} places asked, {left} left")


class ActRefused(LedgerRefused):
    """The act does not fit the award's state or amounts (paid ≤ approved ≤ recommended)."""

    def __init__(self, kind: str, *, award: Award | None, amount_cny: Decimal):
        self.kind, self.award, self.amount_cny = kind, award, amount_cny
        super().__init__(f"{kind} of {amount_cny} on {award}")


class KeyReused(LedgerRefused):
    """The idempotency key stands for another act."""

    def __init__(self, entry: Entry):
        self.entry = entry
        super().__init__(f"{entry.idempotency_key}: {entry.kind} of {entry.amount_cny}")


@dataclass(frozen=True)
class Basis:
    """What an award rests on: the amounts (元) of its computation, and the whole trace of it."""

    computed_cny: Decimal
    capped_cny: Decimal
    recommended_cny: Decimal
    trace: dict = field(default_factory=dict)


# --- accounts ----------------------------------------------------------------------


@transaction.atomic
def open_accounts(subject: Application | Call, *, actor) -> Accounts:
    """Open the accounts of a call (budget, places), or all that bind a case; they stay locked."""
    if isinstance(subject, Call):
        call = Call.objects.select_for_update(no_key=True).get(pk=subject.pk)
        bounds = [bound for bound in (budget_bound(call), quota_bound(call)) if bound]
        accounts = open_and_lock(bounds, actor=actor)
        figures.refresh([call.measure_id])
        return accounts
    return open_and_lock(bounds_of(subject), actor=actor)


def holders(account: CapAccount, *, limit: int = MAX_HOLDERS) -> tuple[Holder, ...]:
    """Who holds the account's money and places, the oldest first. Two queries."""
    held = (
        Posting.objects.filter(account=account)
        .annotate(opening=Case(When(entry__award__isnull=True, then=F("entry"))))
        .values("entry__award", "opening")
        .annotate(
            cny=Sum("entry__committed_change_cny"),
            places=Sum("entry__places_change"),
            since=Min("entry__made_at"),
            first=Min("entry"),
        )
        .exclude(cny=0, places=0)
        .order_by("first")[:limit]
    )
    firsts = Entry.objects.select_related(
        "award__application", "award__organisation", "made_by"
    ).in_bulk([row["first"] for row in held])
    return tuple(_holder(firsts[row["first"]], row) for row in held)


def _holder(first: Entry, row: Mapping[str, Any]) -> Holder:
    award = first.award
    return Holder(
        number=award.application.number or "" if award else "",
        organisation=award.organisation.name if award else "",
        amount_cny=row["cny"],
        places=row["places"],
        since=row["since"],
        by=str(first.made_by),
        award_uid=award.uid if award else "",
        note=first.note,
    )


# --- acts --------------------------------------------------------------------------


def reserve(
    application: Application, *, actor, basis: Basis, selection=None, places: int = 1
) -> Award:
    """Take amount and place for a case, in every account that binds it; makes its award.

    The amount is what is recommended; the caller has locked the case. Raises CapExceeded or
    QuotaExceeded with what is left and who holds it. Both count as committed from here on; the
    decision converts them.
    """
    with transaction.atomic(), _told(kind="reserve", award=None, amount=basis.recommended_cny):
        # In this order everywhere: call, cases, accounts. The call is read under its lock: an
        # account is never opened with a budget that is being changed.
        call = (
            Call.objects.select_for_update(of=("self",), no_key=True)
            .select_related("measure", "definition")
            .defer("definition__body", "guide_zh")
            .get(pk=application.call_id)
        )
        application = (
            Application.objects.select_related("organisation", "definition")
            .defer("definition__body")
            .get(pk=application.pk)
        )
        application.call = call
        bounds = bounds_of(application)
        accounts = open_and_lock(bounds, actor=actor)
        check_room(bounds, accounts, asked_cny=basis.recommended_cny, asked_places=places)
        award = Award.objects.create(
            application=application,
            call=call,
            organisation=application.organisation,
            definition=application.definition,
            selection=selection,
            year=known(scope_of(application).year),
            computed_cny=basis.computed_cny,
            capped_cny=basis.capped_cny,
            recommended_cny=basis.recommended_cny,
            trace=basis.trace,
            made_at=clock.now(),
        )
        _enter(
            Entry(
                kind=Entry.Kind.RESERVE,
                award=award,
                amount_cny=basis.recommended_cny,
                places=places,
                idempotency_key=f"reserve:{application.uid}",
            ),
            accounts=accounts.values(),
            actor=actor,
        )
        return award


def approve(award: Award, *, actor, approved_cny: Decimal, note: str = "") -> Entry:
    """Convert the reservation; what was reserved beyond the approved amount is free again."""
    return _act(
        award,
        Entry(
            kind=Entry.Kind.APPROVE,
            amount_cny=approved_cny,
            note=note,
            idempotency_key=f"approve:{award.uid}",
        ),
        actor=actor,
    )


def confirm(award: Award, *, actor, note: str = "") -> Entry:
    """Finance's confirmation of what was approved; no counter moves."""
    award.refresh_from_db()
    return _act(
        award,
        Entry(
            kind=Entry.Kind.CONFIRM,
            amount_cny=award.approved_cny or Decimal(0),
            note=note,
            idempotency_key=f"confirm:{award.uid}",
        ),
        actor=actor,
    )


def pay(payment: Payment, *, actor, note: str = "") -> Entry:
    """A payment goes out; paid ≤ approved."""
    return _act(
        payment.award,
        Entry(
            kind=Entry.Kind.PAY,
            payment=payment,
            amount_cny=payment.amount_cny,
            note=note,
            idempotency_key=f"pay:{payment.uid}",
        ),
        actor=actor,
    )


def give_back(payment: Payment, *, actor, note: str) -> Entry:
    """A payment that went out came back (退汇); it may be paid again."""
    return _act(
        payment.award,
        Entry(
            kind=Entry.Kind.RETURN,
            payment=payment,
            amount_cny=payment.amount_cny,
            note=note,
            idempotency_key=f"return:{payment.uid}",
        ),
        actor=actor,
    )


def claw_back(
    award: Award, *, actor, amount_cny: Decimal, note: str, key: str, places: int = 0
) -> Entry:
    """Take back what was paid; the room is free again, and the place if one is given back and
    the call says that an exit frees it (``quota.exit_frees``)."""
    places = places if exit_frees(award.call) else 0
    return _act(
        award,
        Entry(
            kind=Entry.Kind.CLAW_BACK,
            amount_cny=amount_cny,
            places=places,
            note=note,
            idempotency_key=f"claw_back:{award.uid}:{key}",
        ),
        actor=actor,
    )


def release(award: Award, *, actor, note: str) -> Entry:
    """Free what the award holds and was not paid, and its place if nothing was.

    After the approval the place is freed only if the call says so (``quota.exit_frees``). What a
    bounced payment brings back is unpaid anew, and may be freed by another release.
    """
    award.refresh_from_db()
    returned = award.entries.filter(kind=Entry.Kind.RETURN).count()
    if award.state == Award.State.RESERVED:
        amount_cny = award.recommended_cny
    else:
        amount_cny = (award.approved_cny or Decimal(0)) - award.paid_cny
    places = 0 if award.paid_cny else award.entries.aggregate(n=Sum("places_change"))["n"] or 0
    if award.state != Award.State.RESERVED and not exit_frees(award.call):
        places = 0
    return _act(
        award,
        Entry(
            kind=Entry.Kind.RELEASE,
            amount_cny=amount_cny,
            places=places,
            note=note,
            idempotency_key=f"release:{award.uid}" + (f":{returned}" if returned else ""),
        ),
        actor=actor,
    )


def exit_frees(call: Call) -> bool:
    """Whether the place of one that leaves after its approval is free again, by the call."""
    assert call.definition is not None  # published
    quota = schema_of(call.definition).quota_plan(call.settings)
    return quota.exit_frees if quota is not None else True


def open_balance(
    bounds: Iterable[Bound],
    *,
    actor,
    amount_cny: Decimal,
    places: int = 0,
    note: str,
    key: str,
) -> Entry:
    """What was granted before the portal, with its basis: counts against caps and places."""
    bounds = list(bounds)
    with transaction.atomic(), _told(kind="opening", award=None, amount=amount_cny):
        accounts = open_and_lock(bounds, actor=actor)
        entry = Entry(
            kind=Entry.Kind.OPENING,
            amount_cny=amount_cny,
            places=places,
            note=note,
            idempotency_key=f"opening:{key}",
        )
        if (standing := _standing(entry)) is not None:
            return standing
        check_room(bounds, accounts, asked_cny=amount_cny, asked_places=places)
        return _enter(entry, accounts=accounts.values(), actor=actor)


def check_room(
    bounds: Iterable[Bound], accounts: Accounts, *, asked_cny: Decimal, asked_places: int
) -> None:
    """Raise what the accounts refuse, by the state that is locked. Places are told first."""
    pairs = [(bound, accounts[bound.key]) for bound in bounds]
    for bound, account in pairs:
        _cny, left = room(account, bound)
        if left is not None and asked_places > left:
            raise QuotaExceeded(account, asked=asked_places, left=left, holders=holders(account))
    for bound, account in pairs:
        left_cny, _places = room(account, bound)
        if left_cny is not None and asked_cny > left_cny:
            raise CapExceeded(
                account, asked_cny=asked_cny, left_cny=left_cny, holders=holders(account)
            )


# --- inside ------------------------------------------------------------------------


def accounts_of(award: Award):
    """The accounts that the award's reservation moved, in the order of the key."""
    return CapAccount.objects.filter(
        postings__entry__award=award, postings__entry__kind=Entry.Kind.RESERVE
    ).order_by("rule", "scope")


def _act(award: Award, entry: Entry, *, actor) -> Entry:
    """An act on an award, in all its accounts; the same key once more returns what it did."""
    with transaction.atomic(), _told(kind=entry.kind, award=award, amount=entry.amount_cny):
        entry.award = award
        accounts = list(accounts_of(award).select_for_update(of=("self",), no_key=True))
        if (standing := _standing(entry)) is not None:
            return standing
        entry = _enter(entry, accounts=accounts, actor=actor)
        award.refresh_from_db()
        _mirror(award)
        return entry


def _standing(entry: Entry) -> Entry | None:
    """The entry that was made with this key before; KeyReused if it is another act."""
    standing = Entry.objects.filter(idempotency_key=entry.idempotency_key).first()
    if standing is None:
        return None
    facts = ("kind", "award_id", "payment_id", "amount_cny", "places")
    if any(getattr(standing, name) != getattr(entry, name) for name in facts):
        raise KeyReused(standing)
    return standing


def _enter(entry: Entry, *, accounts: Iterable[CapAccount], actor) -> Entry:
    """Write the entry, its postings in the order of the key, its event, the calls' figures."""
    accounts = list(accounts)
    entry.made_by, entry.made_at = actor, clock.now()
    entry.save(force_insert=True)
    Posting.objects.bulk_create(
        Posting(entry=entry, account=account)
        for account in sorted(accounts, key=lambda account: (account.rule, account.scope))
    )
    award = entry.award
    record(
        f"ledger.{entry.kind}",
        obj=entry,
        actor=actor,
        to_state=entry.kind,
        data={
            "award": award.uid if award else "",
            "number": award.application.number if award else "",
            "amount_cny": f"{entry.amount_cny:.2f}",
            "places": entry.places,
            "accounts": [str(account) for account in accounts],
            "note": entry.note,
        },
    )
    measures = {account.measure_id for account in accounts if account.measure_id}
    figures.refresh(measures, with_waiting=False)
    return entry


def _mirror(award: Award) -> None:
    """The case shows what the ledger says was approved and paid."""
    Application.objects.filter(pk=award.application_id).update(
        approved_cny=award.approved_cny, paid_cny=award.paid_cny if award.approved_cny else None
    )


_CAP = {"committed_within_cap", "group_within_cap"}
_PLACES = {"places_within_quota"}
_FIT = {
    "entry_fits_award",
    "entry_once_per_award",
    "entry_once_per_payment",
    "approved_within_committed",
    "paid_within_approved",
    "award_recommended_within_capped",
    "award_approved_within_recommended",
    "award_paid_within_approved",
    "awards_award_application_id_key",
}


@contextmanager
def _told(*, kind: str, award: Award | None, amount: Decimal) -> Iterator[None]:
    """A guard of the database that was violated is told by name, in the words of the check."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        refusal = _refusal(error, kind=kind, award=award, amount=amount)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error, *, kind: str, award: Award | None, amount: Decimal) -> LedgerRefused | None:
    diag = getattr(error.__cause__, "diag", None)
    name = getattr(diag, "constraint_name", None) or ""
    refusal: LedgerRefused | None = None
    if name in _FIT:
        refusal = ActRefused(kind, award=award, amount_cny=amount)
    elif name in _CAP | _PLACES and (account := _violated(diag)) is not None:
        if name in _CAP:
            left_cny = (account.cap_cny or Decimal(0)) - account.committed_cny
            left_cny = max(left_cny - elsewhere_cny(account), Decimal(0))
            refusal = CapExceeded(
                account, asked_cny=amount, left_cny=left_cny, holders=holders(account)
            )
        else:
            left = (account.cap_places or 0) - account.committed_places
            refusal = QuotaExceeded(account, asked=1, left=left, holders=holders(account))
    if refusal is not None:
        refusal.constraint = name
    return refusal


def _violated(diag) -> CapAccount | None:
    """The account whose CHECK failed: PostgreSQL's detail begins "Failing row contains (id, "."""
    detail = (diag.message_detail or "").partition("(")[2].partition(",")[0]
    return CapAccount.objects.filter(pk=int(detail)).first() if detail.isdecimal() else None
