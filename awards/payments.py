"""Payments (拨付): a batch is drafted by a finance clerk and released by a finance head."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, F, Prefetch, Q
from django.db.models.functions import Greatest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import numbering, workflow
from applications.models import Application, Status
from applications.papers import chinese_date
from awards import clawbacks, ledger, picking, telling
from awards.finance import require_finance, stopped
from awards.models import Award, Entry, Payment, PaymentBatch, Share
from awards.payees import NEEDED, Payee, of_shares, payees
from policy.call_settings import Chosen
from policy.calls import schema_of
from policy.models import Call
from policy.money import round_cny, show_cny, uppercase_cny
from portal import clock
from portal.accounts.models import Role
from portal.audit.recording import record
from reviews.refusals import Refused

# Payments that occupy their instalment.
ACTIVE = (Payment.State.PLANNED, Payment.State.SENT, Payment.State.ARRIVED)
# What the list of dues needs of a thousand awards, and no more.
_OF_DUE = (
    "uid", "state", "approved_cny", "paid_cny",
    "application__number", "application__title", "application__direct",
    "application__district__code", "application__district__name_zh",
    "application__district__name_en", "application__definition__sha256",
    "organisation__name", "organisation__uscc", *(f"organisation__{name}" for name in NEEDED),
    "organisation__bank_code",
)  # fmt: skip
_TAKEN = Prefetch(
    "payments",
    Payment.objects.filter(state__in=ACTIVE).only("award_id", "share_id", "instalment"),
    to_attr="taken",
)
_APPROVALS = Prefetch(
    "entries",
    Entry.objects.filter(kind=Entry.Kind.APPROVE).only("award_id", "amount_cny"),
    to_attr="approvals",
)


@dataclass(frozen=True)
class Due:
    """What can be paid next on an award, or on one share of it: the number of the instalment, of
    how many, and 元."""

    award: Award
    instalment: int
    of: int
    amount_cny: Decimal
    payee: Payee
    share: Share | None = None

    @property
    def key(self) -> str:
        """Its name in a form."""
        return self.award.uid if self.share is None else f"{self.award.uid}-{self.share.position}"

    @property
    def payee_name(self) -> str:
        return self.share.name if self.share is not None else self.award.organisation.name

    @property
    def payee_missing(self) -> list[str]:
        return self.payee.missing

    @property
    def is_stopped(self) -> bool:
        """Whether a claw-back of its award is open."""
        return self.award.is_stopped  # type: ignore[attr-defined]


def percents(call: Call) -> list[int]:
    """The call's instalments in whole percents; [100]: paid at once."""
    assert call.definition is not None  # published
    setting = next(
        (row for row in schema_of(call.definition).settings if row.type == "instalments"), None
    )
    if setting is None:
        return [100]
    return list(call.settings.get(setting.code) or setting.default or [100])


def city_share(call: Call) -> Decimal:
    """The part of every payment that the city bears, by the call; the district bears the rest."""
    assert call.definition is not None  # published
    return Decimal(Chosen(schema_of(call.definition), call.settings).optional("city_share") or 1)


def split(amount_cny: Decimal, shares: Sequence[int]) -> list[Decimal]:
    """The amount in parts of these percents: each cut to the 分, the last one takes the rest, so
    that the parts sum to the whole.

    >>> split(Decimal("100.00"), [50, 30, 20])
    [Decimal('50.00'), Decimal('30.00'), Decimal('20.00')]
    """
    parts = [round_cny(amount_cny * share / 100, unit="fen", mode="down") for share in shares[:-1]]
    return [*parts, amount_cny - sum(parts, Decimal("0.00"))]


def dues(call: Call) -> list[Due]:
    """What can be paid now, by case number: the next instalment of each confirmed award."""
    awards = list(
        Award.objects.filter(call=call, state=Award.State.CONFIRMED)
        .select_related("application__definition", "application__district", "organisation")
        .only(*_OF_DUE)
        .annotate(is_stopped=stopped())
        .prefetch_related(_TAKEN, _APPROVALS, "shares")
        .order_by("application__number")
    )
    parts, payee = percents(call), payees(awards)
    partner = of_shares(share for award in awards for share in award.shares.all())
    found = []
    for award in awards:
        of_award = [_due(award, parts, partner[share.pk], share) for share in award.shares.all()]
        found += of_award or [_due(award, parts, payee[award.pk])]
    return [due for due in found if due is not None]


def due_count(call: Call) -> int:
    """How many awards have an instalment to be paid, counted by the database."""
    active = Count("payments", filter=Q(payments__state__in=ACTIVE), distinct=True)
    rows = Award.objects.filter(
        ~stopped(), call=call, state=Award.State.CONFIRMED, approved_cny__gt=0
    )
    rows = rows.annotate(taken=active, payees=Greatest(Count("shares", distinct=True), 1))
    return rows.filter(taken__lt=F("payees") * len(percents(call))).count()


def _due(
    award: Award, parts: Sequence[int], payee: Payee, share: Share | None = None
) -> Due | None:
    """The first instalment without a payment; its amount by what was approved at first, or by the
    share of it."""
    of = share.pk if share is not None else None
    taken = {
        row.instalment
        for row in award.taken  # type: ignore[attr-defined]
        if row.share_id == of
    }
    open_ = [number for number in range(1, len(parts) + 1) if number not in taken]
    if not open_:
        return None
    approvals = award.approvals  # type: ignore[attr-defined]
    whole_cny = share.amount_cny if share is not None else approvals[0].amount_cny
    number = open_[0]
    amount_cny = split(whole_cny, parts)[number - 1]
    return Due(award, number, len(parts), amount_cny, payee, share) if amount_cny > 0 else None


@dataclass(frozen=True)
class Instalment:
    """An instalment of an award: its share, what it comes to, and its payments, the newest last."""

    number: int
    percent: int
    amount_cny: Decimal
    payments: Sequence[Payment]

    @property
    def state(self) -> str:
        """As of the timeline: ``done``, ``now`` (on its way), ``next``."""
        states = {row.state for row in self.payments}
        if states & {Payment.State.PLANNED, Payment.State.SENT}:
            return "now"
        return "done" if Payment.State.ARRIVED in states else "next"


def instalments(award: Award, payments: Sequence[Payment]) -> list[Instalment]:
    """The award's money from the first to the last instalment, by what was approved at first; none
    before the approval. ``payments``: all of the award's, the oldest first."""
    approved = award.entries.filter(kind=Entry.Kind.APPROVE).order_by("pk").first()
    if approved is None:
        return []
    shares = percents(award.call)
    amounts = split(approved.amount_cny, shares)
    return [
        Instalment(number, share, amount, [row for row in payments if row.instalment == number])
        for number, (share, amount) in enumerate(zip(shares, amounts, strict=True), start=1)
    ]


def rows(call: Call) -> list[picking.Row]:
    """What is due as a form offers it."""
    return [_row(due) for due in dues(call)]


def _row(due: Due) -> picking.Row:
    case = due.award.application
    return picking.Row(
        key=due.key,
        number=case.number or "",
        offered_cny=due.amount_cny,
        thing=due,
        district=case.district,
        words=f"{case.number} {case.title} {due.award.organisation.name} {due.payee_name}",
        blocked="claw_back" if due.is_stopped else "payee" if due.payee_missing else "",
    )


@transaction.atomic
def draft(
    call: Call,
    *,
    awards: Iterable[Award],
    actor,
    keys: Collection[str] | None = None,
    seen: picking.Seen | None = None,
) -> PaymentBatch:
    """A batch with the next instalment of each of the awards, payable to the account that the
    organisation's profile names now, to the person whom the case names, or to each organisation
    that has a share. ``keys``: only these (``Due.key``); ``seen``: the choice as its page told it.

    Raises ``Refused``: role, no_items, set_changed (the choice is another by now), not_due
    (nothing to be paid on an award now), clawed_back (a claw-back is open), payee_incomplete.
    """
    unit = require_finance(actor, Role.FINANCE)
    call = Call.objects.select_related("measure", "definition").get(pk=call.pk)
    wanted = {award.pk: award for award in awards}
    if not wanted:
        raise Refused("no_items")
    _lock_cases(award.application_id for award in wanted.values())
    due: dict[int, list[Due]] = {}
    found = dues(call)
    if seen is not None:
        picking.check(seen, [_row(row) for row in found])
    for row in found:
        if row.award.pk in wanted and (keys is None or row.key in keys):
            due.setdefault(row.award.pk, []).append(row)
    for pk, award in wanted.items():
        if pk not in due:
            raise Refused("not_due", number=award.application.number)
        for row in due[pk]:
            if row.is_stopped:
                raise Refused("clawed_back", numbers=[row.award.application.number])
            if missing := row.payee_missing:
                raise Refused("payee_incomplete", organisation=row.payee_name, fields=missing)
    now = clock.now()
    year = clock.local(now).year
    batch = PaymentBatch.objects.create(
        call=call,
        number=f"拨付〔{year}〕{numbering.take(f'payment-batch-{year}')}号",
        unit=unit,
        drafted_by=actor,
        drafted_at=now,
    )
    Payment.objects.bulk_create(_planned(batch, row) for pk in sorted(wanted) for row in due[pk])
    record("paymentbatch.draft", obj=batch, actor=actor, to_state=batch.state, data=_facts(batch))
    telling.tell(
        telling.officers(unit, Role.FINANCE_HEAD),
        subject=format_lazy(_("待签发：{number}"), number=batch.number),
        url=f"/awards/payments/{batch.uid}/",
        key=f"paymentbatch:{batch.pk}:drafted",
        at=now,
        but=actor,
    )
    return batch


def _planned(batch: PaymentBatch, due: Due) -> Payment:
    return Payment(
        batch=batch,
        award=due.award,
        share=due.share,
        instalment=due.instalment,
        amount_cny=due.amount_cny,
        payee_name=due.payee.bank_account_name,
        payee_bank=due.payee.bank_name,
        payee_account=due.payee.bank_account,
        payee_bank_code=due.payee.bank_code,
    )


@transaction.atomic
def discard(batch: PaymentBatch, *, actor, reason: str) -> PaymentBatch:
    """Drop a drafted batch (clerk) or turn it down (head); its instalments are due again."""
    batch = locked(batch)
    require_finance(actor, Role.FINANCE, Role.FINANCE_HEAD)
    if batch.state != PaymentBatch.State.DRAFTED:
        raise Refused("state", state=batch.state)
    if not reason.strip():
        raise Refused("reason_missing")
    for payment in batch.payments.order_by("pk"):
        _set(payment, Payment.State.CANCELLED, action="cancel", actor=actor, note=reason.strip())
    batch.state = PaymentBatch.State.DISCARDED
    batch.save(update_fields=["state"])
    record(
        "paymentbatch.discard",
        obj=batch,
        actor=actor,
        from_state=PaymentBatch.State.DRAFTED,
        to_state=batch.state,
        data=_facts(batch) | {"reason": reason.strip()},
    )
    telling.tell(
        [batch.drafted_by],
        subject=format_lazy(_("{number} 已作废"), number=batch.number),
        body=reason.strip(),
        url=f"/awards/payments/{batch.uid}/",
        key=f"paymentbatch:{batch.pk}:discarded",
        at=clock.now(),
        but=actor,
    )
    return batch


@transaction.atomic
def release(batch: PaymentBatch, *, actor) -> PaymentBatch:
    """Sign the batch: every payment goes out in the ledger; a case whose last instalment is out
    is paid. Cannot be undone. Raises ``Refused``: role, same_person, state, no_items, case_moved,
    clawed_back (the numbers on which a claw-back was signed since the draft).
    """
    batch = locked(batch)
    unit = require_finance(actor, Role.FINANCE_HEAD)
    if batch.drafted_by_id == actor.pk:
        raise Refused("same_person")
    if batch.state != PaymentBatch.State.DRAFTED:
        raise Refused("state", state=batch.state)
    payments = list(
        batch.payments.filter(state=Payment.State.PLANNED)
        .select_related("award__application", "award__organisation", "share")
        .order_by("award_id", "instalment", "share__position")
    )
    if not payments:
        raise Refused("no_items")
    cases = _lock_cases(payment.award.application_id for payment in payments)
    if numbers := stopped_in(batch):
        raise Refused("clawed_back", numbers=numbers)
    now = clock.now()
    batch.state = PaymentBatch.State.RELEASED
    batch.released_by, batch.released_at = actor, now
    batch.save(update_fields=["state", "released_by", "released_at"])
    for payment in payments:
        ledger.pay(payment, actor=actor, note=batch.number)
        _set(payment, Payment.State.SENT, action="send", actor=actor)
        case = cases[payment.award.application_id]
        payment.award.refresh_from_db(fields=["state"])
        if payment.award.state == Award.State.PAID:
            workflow.move(case, "pay", actor=actor, unit=unit, public_note=batch.number)
        elif payment.share is None:
            _await_next(case)
        if payment.share is not None and payment.share.uscc != payment.award.organisation.uscc:
            _tell_partner(payment, case, actor=actor)
            continue
        telling.letter(
            case,
            "payment",
            unit=unit,
            actor=actor,
            facts={
                "instalment": payment.instalment,
                "paid_amount": f"{payment.amount_cny:,.2f}元",
                "amount_upper": uppercase_cny(payment.amount_cny),
                "paid_on": chinese_date(clock.local(now).date()),
                "payee_account": payment.masked_account,
            },
        )
    record(
        "paymentbatch.release",
        obj=batch,
        actor=actor,
        from_state=PaymentBatch.State.DRAFTED,
        to_state=batch.state,
        data=_facts(batch),
    )
    return batch


def stopped_in(batch: PaymentBatch) -> list[str]:
    """The numbers of a drafted batch that cannot be paid now: a claw-back is open."""
    rows = batch.payments.filter(stopped("award"), state=Payment.State.PLANNED)
    numbers = rows.order_by("award__application__number").values_list("award__application__number")
    return [number or "" for (number,) in numbers.distinct()]


def _tell_partner(payment: Payment, case: Application, *, actor) -> None:
    """A partner's part went out: the partner and the applicant learn of it. The letter of payment
    is the applicant's own."""
    assert payment.share is not None
    organisation = payment.award.organisation
    for uscc, url in (
        (payment.share.uscc, "/home/"),
        (organisation.uscc, f"/applications/{case.uid}/"),
    ):
        telling.tell(
            telling.people_of(uscc),
            subject=format_lazy(
                _("{number}：第 {instalment} 期资金已拨付{name}，{amount}"),
                number=case.number,
                instalment=payment.instalment,
                name=payment.share.name,
                amount=show_cny(payment.amount_cny),
            ),
            url=url,
            key=f"payment:{payment.pk}:sent:{uscc}",
            at=clock.now(),
            but=actor,
        )


def _await_next(case: Application) -> None:
    """The stage's limit was that of the first instalment; nothing sets a day for the next one."""
    case.due_on, case.due_provisional, case.due_waiting = None, False, None
    case.save(update_fields=["due_on", "due_provisional", "due_waiting"])


@transaction.atomic
def arrived(payment: Payment, *, actor, on: date) -> Payment:
    """The payee has the money. Raises ``Refused``: role, state, day."""
    payment = _locked_payment(payment)
    require_finance(actor, Role.FINANCE)
    if payment.state != Payment.State.SENT:
        raise Refused("state", state=payment.state)
    _check_day(payment, on)
    payment.arrived_on = on
    payment.save(update_fields=["arrived_on"])
    return _set(payment, Payment.State.ARRIVED, action="arrive", actor=actor)


@transaction.atomic
def bounce(payment: Payment, *, actor, on: date, reason: str) -> Payment:
    """退汇: the money came back. The instalment is due again, to the account of that day.

    Raises ``Refused``: role, state, day, reason_missing.
    """
    case = _lock_cases([payment.award.application_id])[payment.award.application_id]
    payment = _locked_payment(payment)
    unit = require_finance(actor, Role.FINANCE)
    if payment.state not in {Payment.State.SENT, Payment.State.ARRIVED}:
        raise Refused("state", state=payment.state)
    _check_day(payment, on)
    if not reason.strip():
        raise Refused("reason_missing")
    ledger.give_back(payment, actor=actor, note=reason.strip())
    payment.bounced_on, payment.note = on, reason.strip()
    _set(
        payment,
        Payment.State.BOUNCED,
        action="bounce",
        actor=actor,
        note=reason.strip(),
        fields=["bounced_on", "note"],
    )
    if case.status == Status.PAID:
        workflow.move(
            case, "bounce", actor=actor, unit=unit, note=reason.strip(), public_note=reason.strip()
        )
    if clawbacks.after_bounce(payment.award, case, actor=actor):
        return payment
    people = {person.pk: person for person in telling.people_of(payment.award.organisation.uscc)}
    if payment.share is not None:
        people |= {person.pk: person for person in telling.people_of(payment.share.uscc)}
    telling.tell(
        people.values(),
        subject=format_lazy(
            _("{number}：第 {instalment} 期资金被银行退回，请核对收款账户"),
            number=case.number,
            instalment=payment.instalment,
        ),
        body=reason.strip(),
        url=f"/applications/{case.uid}/",
        key=f"payment:{payment.pk}:bounced",
        at=clock.now(),
    )
    return payment


def locked(batch: PaymentBatch) -> PaymentBatch:
    return (
        PaymentBatch.objects.select_for_update(of=("self",))
        .select_related("call__measure", "unit", "drafted_by")
        .get(pk=batch.pk)
    )


def _locked_payment(payment: Payment) -> Payment:
    return (
        Payment.objects.select_for_update(of=("self",))
        .select_related("batch", "award__application", "award__organisation", "share")
        .get(pk=payment.pk)
    )


def _lock_cases(pks: Iterable[int]) -> dict[int, Application]:
    rows = Application.objects.select_for_update(of=("self",)).filter(pk__in=set(pks))
    return {case.pk: case for case in rows.order_by("pk")}


def _check_day(payment: Payment, on: date) -> None:
    sent = payment.batch.released_at
    if on > clock.today() or (sent is not None and on < clock.local(sent).date()):
        raise Refused("day", on=on, sent_on=sent and clock.local(sent).date())


def _set(
    payment: Payment, state: str, *, action: str, actor, note: str = "", fields: Sequence[str] = ()
) -> Payment:
    before, payment.state = payment.state, state
    if note:
        payment.note = note[:300]
    payment.save(update_fields=["state", "note", *fields])
    record(
        f"payment.{action}",
        obj=payment,
        actor=actor,
        from_state=before,
        to_state=state,
        data={
            "award": payment.award.uid,
            "instalment": payment.instalment,
            "amount_cny": f"{payment.amount_cny:.2f}",
            "note": note,
        },
    )
    return payment


def _facts(batch: PaymentBatch) -> dict:
    payments = batch.payments.select_related("award__application").order_by("pk")
    return {
        "number": batch.number,
        "payments": [
            {
                "number": payment.award.application.number,
                "instalment": payment.instalment,
                "amount_cny": f"{payment.amount_cny:.2f}",
            }
            for payment in payments
        ],
    }
