"""付款回单: the bank's paper on a payment that went out, uploaded by finance."""

from django.db import IntegrityError, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from awards import telling
from awards.finance import require_finance
from awards.models import Payment, Receipt
from portal import clock
from portal.accounts.models import Membership, Role
from portal.audit.recording import record
from portal.files.storing import clean_name, store
from portal.types import constraint_of
from reviews.refusals import Refused

TYPES = ("pdf", "jpg", "png")
MAX_BYTES = 10 * 1024 * 1024
MAX_RECEIPTS = 5
WENT_OUT = (Payment.State.SENT, Payment.State.ARRIVED, Payment.State.BOUNCED)


def add(payment: Payment, upload, *, actor) -> Receipt:
    """Store the paper with its payment and tell the organisation.

    Raises FileRefused (size, type, damaged, infected …) and ``Refused``: role, not_sent,
    too_many_receipts, receipt_twice. The bytes are stored before the payment is locked.
    """
    require_finance(actor, Role.FINANCE)
    _check(payment)
    name, now = clean_name(upload.name), clock.now()
    blob = store(upload, name=name, types=TYPES, max_bytes=MAX_BYTES, at=now)
    try:
        with transaction.atomic():
            payment = Payment.objects.select_for_update().get(pk=payment.pk)
            _check(payment)
            receipt = Receipt.objects.create(
                payment=payment, name=name, blob=blob, uploaded_by=actor, uploaded_at=now
            )
            record("receipt.add", obj=receipt, actor=actor, data=_facts(receipt))
            _tell(receipt)
    except IntegrityError as error:
        if constraint_of(error) == "receipt_once":
            raise Refused("receipt_twice", name=name) from error
        raise
    return receipt


@transaction.atomic
def remove(receipt: Receipt, *, actor, reason: str) -> None:
    """Take a wrong paper off; row and bytes stay. Repeats safely. Raises ``Refused``: role,
    reason_missing."""
    require_finance(actor, Role.FINANCE)
    if not reason.strip():
        raise Refused("reason_missing")
    removed = Receipt.objects.filter(pk=receipt.pk, removed_at__isnull=True).update(
        removed_at=clock.now(), removed_by=actor, removed_reason=reason.strip()
    )
    if removed:
        facts = _facts(receipt) | {"reason": reason.strip()}
        record("receipt.remove", obj=receipt, actor=actor, data=facts)


def _check(payment: Payment) -> None:
    if payment.state not in WENT_OUT:
        raise Refused("not_sent", state=payment.state)
    if payment.receipts.filter(removed_at__isnull=True).count() >= MAX_RECEIPTS:
        raise Refused("too_many_receipts", most=MAX_RECEIPTS)


def _tell(receipt: Receipt) -> None:
    case = receipt.payment.award.application
    held = Membership.objects.active().filter(organisation=case.organisation_id)
    telling.tell(
        {row.user_id: row.user for row in held.select_related("user")}.values(),
        subject=format_lazy(
            _("{number}：第 {instalment} 期付款回单已上传"),
            number=case.number,
            instalment=receipt.payment.instalment,
        ),
        url=f"/awards/cases/{case.uid}/payments/",
        key=f"receipt:{receipt.pk}",
        at=receipt.uploaded_at,
    )


def _facts(receipt: Receipt) -> dict:
    return {
        "payment": receipt.payment.uid,
        "number": receipt.payment.award.application.number,
        "name": receipt.name,
        "sha256": receipt.blob_id,
    }
