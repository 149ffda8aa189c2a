"""追回: money that was paid is demanded back. The lead unit's clerk drafts it with reason, legal
base and due date, its head signs it; the letter goes out. What is repaid is recorded by finance,
and the ledger frees the room in step with it."""

from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import letters, workflow
from applications.models import Application
from awards import ledger, telling
from awards.decisions import FINANCE_BUREAU
from awards.finance import require_finance
from awards.models import Award, ClawBack, Decision, Repayment
from policy.money import cny, show_wan, uppercase_cny
from policy.schema import Letter
from policy.text import Text
from portal import clock
from portal.accounts.models import Membership, Role, Unit
from portal.audit.recording import record
from portal.templatetags.portal_ui import with_unit
from portal.types import constraint_of, known
from reviews.holding import require_call_role
from reviews.refusals import Refused

_with_unit = lazy(with_unit, str)
PAID_OUT = (Award.State.CONFIRMED, Award.State.PAID)
# The paper where a line's definition has none of its own.
LETTER = Letter(
    code="claw_back",
    subject=Text("追回资金通知书", "Notice of claw-back"),
    body=Text(
        "{organisation}：\n\n"
        "你单位“{title}”（编号 {application_no}，{decision_no}）已获拨付支持资金。经核实：{reason}\n\n"
        "依据{legal_base}，现决定追回已拨付资金{amount}（{amount_upper}）。请于{due_on}前缴回，"
        "并注明申报编号；缴款事宜请联系{unit}（电话 {unit_phone}）。\n\n"
        "对本决定有异议的，可在上述期限内向本单位书面陈述、申辩，也可依法申请行政复议或者提起行政诉讼。",
        "{organisation}:\n\n"
        "Your case “{title}” (no. {application_no}, {decision_no}) was paid. It was found: {reason}\n\n"
        "Under {legal_base} the sum of {amount} ({amount_upper}) is claimed back. Please repay it by "
        "{due_on}, naming the application number; questions: {unit} (phone {unit_phone}).\n\n"
        "You may object in writing to this unit within that time, or seek administrative review or "
        "bring an action under the law.",
    ),
)


@transaction.atomic
def draft(
    award: Award,
    *,
    amount_cny: Decimal,
    frees_place: bool,
    reason: str,
    legal_base: str,
    due_on: date,
    actor,
) -> ClawBack:
    """Demand back what was paid, wholly or in part; a second person signs.

    Raises ``Refused``: role, not_paid, above_paid, reason_missing, base_missing, not_to_come,
    claimed_already.
    """
    require_call_role(actor, award.call, "lead_clerk")
    amount_cny, now = cny(amount_cny), clock.now()
    if not reason.strip():
        raise Refused("reason_missing")
    if not legal_base.strip():
        raise Refused("base_missing")
    if due_on <= clock.local(now).date():
        raise Refused("not_to_come", on=due_on)
    _check_amount(award, amount_cny)
    try:
        with transaction.atomic():
            found = ClawBack.objects.create(
                award=award,
                amount_cny=amount_cny,
                frees_place=frees_place,
                reason=reason.strip(),
                legal_base=legal_base.strip(),
                due_on=due_on,
                drafted_by=actor,
                drafted_at=now,
            )
    except IntegrityError as error:
        if constraint_of(error) == "clawback_one_at_a_time":
            raise Refused("claimed_already", number=award.application.number) from error
        raise
    record("clawback.draft", obj=found, actor=actor, to_state=found.state, data=_facts(found))
    telling.tell(
        telling.officers(award.call.lead_unit, Role.HEAD),
        subject=format_lazy(_("追回待签发：{number}"), number=award.application.number),
        url=_url(found),
        key=f"clawback:{found.pk}:drafted",
        at=now,
        but=actor,
    )
    return found


@transaction.atomic
def release(claw_back: ClawBack, *, actor) -> ClawBack:
    """Sign it: the letter goes out, finance waits for the money. Cannot be undone.

    Raises ``Refused``: role, same_person, state, not_paid, above_paid, not_to_come.
    """
    case = _lock_case(claw_back)
    claw_back = locked(claw_back)
    call = claw_back.award.call
    require_call_role(actor, call, "lead_head")
    if claw_back.drafted_by_id == actor.pk:
        raise Refused("same_person")
    _require_state(claw_back, ClawBack.State.DRAFTED)
    _check_amount(claw_back.award, claw_back.amount_cny)
    now = clock.now()
    if claw_back.due_on <= clock.local(now).date():
        raise Refused("not_to_come", on=claw_back.due_on)
    decision = Decision.objects.filter(items__award=claw_back.award).first()
    claw_back.letter = letters.issue(
        case,
        "claw_back",
        unit=call.lead_unit,
        actor=actor,
        standard=LETTER,
        facts={
            "decision_no": decision.number if decision else case.number,
            "reason": claw_back.reason,
            "legal_base": claw_back.legal_base,
            "amount": f"{show_wan(claw_back.amount_cny)}万元",
            "amount_upper": uppercase_cny(claw_back.amount_cny),
            "due_on": claw_back.due_on,
        },
    )
    claw_back.state = ClawBack.State.RELEASED
    claw_back.released_by, claw_back.released_at = actor, now
    claw_back.save(update_fields=["state", "released_by", "released_at", "letter"])
    record(
        "clawback.release",
        obj=claw_back,
        actor=actor,
        from_state=ClawBack.State.DRAFTED,
        to_state=claw_back.state,
        data=_facts(claw_back) | {"letter": claw_back.letter.number},
    )
    telling.tell(
        telling.officers(Unit.objects.get(code=FINANCE_BUREAU), Role.FINANCE),
        subject=format_lazy(_("追回款待收：{number}"), number=case.number),
        url=_url(claw_back),
        key=f"clawback:{claw_back.pk}:released",
        at=now,
        but=actor,
    )
    return claw_back


@transaction.atomic
def discard(claw_back: ClawBack, *, actor, reason: str) -> ClawBack:
    """Drop a draft (clerk) or turn it down (head). Raises ``Refused``: role, state,
    reason_missing."""
    claw_back = locked(claw_back)
    require_call_role(actor, claw_back.award.call, "lead_clerk", "lead_head")
    _require_state(claw_back, ClawBack.State.DRAFTED)
    if not reason.strip():
        raise Refused("reason_missing")
    claw_back.state = ClawBack.State.DISCARDED
    claw_back.discarded_by, claw_back.discarded_at = actor, clock.now()
    claw_back.discarded_reason = reason.strip()
    claw_back.save(update_fields=["state", "discarded_by", "discarded_at", "discarded_reason"])
    record(
        "clawback.discard",
        obj=claw_back,
        actor=actor,
        from_state=ClawBack.State.DRAFTED,
        to_state=claw_back.state,
        data=_facts(claw_back) | {"reason": reason.strip()},
    )
    telling.tell(
        [claw_back.drafted_by],
        subject=format_lazy(_("追回已作废：{number}"), number=claw_back.award.application.number),
        body=reason.strip(),
        url=_url(claw_back),
        key=f"clawback:{claw_back.pk}:discarded",
        at=claw_back.discarded_at,
        but=actor,
    )
    return claw_back


@transaction.atomic
def repay(
    claw_back: ClawBack, *, amount_cny: Decimal, on: date, reference: str, actor
) -> Repayment:
    """Record money that came back; the ledger frees as much, and the place with the last of it.
    Where the support itself was taken back, the last repayment also frees what was approved and
    not paid: it will never be.

    Raises ``Refused``: role, state, above_outstanding, repaid_day, reference_missing,
    repaid_before; LedgerRefused where the award holds less.
    """
    case = _lock_case(claw_back)
    claw_back = locked(claw_back)
    require_finance(actor, Role.FINANCE)
    _require_state(claw_back, ClawBack.State.RELEASED)
    amount_cny, now = cny(amount_cny), clock.now()
    if not 0 < amount_cny <= claw_back.outstanding_cny:
        raise Refused("above_outstanding", outstanding_cny=claw_back.outstanding_cny)
    since = clock.local(known(claw_back.released_at)).date()
    if not since <= on <= clock.local(now).date():
        raise Refused("repaid_day", since=since)
    if not reference.strip():
        raise Refused("reference_missing")
    if claw_back.repayments.filter(reference=reference.strip()).exists():
        raise Refused("repaid_before", reference=reference.strip())
    claw_back.repaid_cny += amount_cny
    whole = claw_back.repaid_cny == claw_back.amount_cny
    entry = ledger.claw_back(
        claw_back.award,
        actor=actor,
        amount_cny=amount_cny,
        note=f"{known(claw_back.letter).number} {reference.strip()}"[:300],
        key=f"{claw_back.uid}:{claw_back.repayments.count() + 1}",
        places=_held(claw_back.award) if whole and claw_back.frees_place else 0,
    )
    repayment = Repayment.objects.create(
        claw_back=claw_back,
        amount_cny=amount_cny,
        repaid_on=on,
        reference=reference.strip(),
        recorded_by=actor,
        recorded_at=now,
        entry=entry,
    )
    before = claw_back.state
    if whole:
        claw_back.state = ClawBack.State.REPAID
    claw_back.save(update_fields=["state", "repaid_cny"])
    record(
        "clawback.repay",
        obj=claw_back,
        actor=actor,
        from_state=before,
        to_state=claw_back.state,
        data=_facts(claw_back)
        | {"amount_cny": f"{amount_cny:.2f}", "on": on.isoformat(), "reference": reference.strip()},
    )
    if whole and claw_back.frees_place:
        _free_the_rest(claw_back, case, actor=actor)
    _tell_repaid(claw_back, repayment, at=now, but=actor)
    return repayment


def after_bounce(award: Award, case: Application, *, actor) -> bool:
    """What a bank sends back is due again, but not where the support itself was taken back: nothing
    more is paid there, so it is given up. Whether it was; the caller has locked the case."""
    repaid = award.claw_backs.filter(state=ClawBack.State.REPAID, frees_place=True)
    claw_back = repaid.select_related("letter", "award").order_by("-pk").first()
    if claw_back is None:
        return False
    _free_the_rest(claw_back, case, actor=actor)
    return True


def _free_the_rest(claw_back: ClawBack, case: Application, *, actor) -> None:
    """What was approved and not paid is given up; the case ends where its award does."""
    award = claw_back.award
    award.refresh_from_db()
    if award.state != Award.State.CONFIRMED or award.approved_cny == award.paid_cny:
        return
    note = known(claw_back.letter).number
    ledger.release(award, actor=actor, note=note)
    action = "give_up" if award.paid_cny else "revoke"
    workflow.move(case, action, actor="system:clawbacks", note=note, public_note=note)


def locked(claw_back: ClawBack) -> ClawBack:
    return (
        ClawBack.objects.select_for_update(of=("self",))
        .select_related(
            "award__application", "award__call__measure", "award__call__lead_unit",
            "award__call__definition", "drafted_by", "letter",
        )
        .get(pk=claw_back.pk)
    )  # fmt: skip


def _lock_case(claw_back: ClawBack) -> Application:
    """The case is locked before all else, as everywhere."""
    return Application.objects.select_for_update(of=("self",)).get(
        pk=claw_back.award.application_id
    )


def _check_amount(award: Award, amount_cny: Decimal) -> None:
    award.refresh_from_db(fields=["state", "paid_cny"])
    if award.state not in PAID_OUT or award.paid_cny <= 0:
        raise Refused("not_paid", number=award.application.number)
    if not 0 < amount_cny <= award.paid_cny:
        raise Refused("above_paid", paid_cny=award.paid_cny)


def _require_state(claw_back: ClawBack, state: str) -> None:
    if claw_back.state != state:
        raise Refused("state", state=ClawBack.State(claw_back.state).label)


def _held(award: Award) -> int:
    return award.entries.aggregate(n=Sum("places_change"))["n"] or 0


def _tell_repaid(claw_back: ClawBack, repayment: Repayment, *, at, but) -> None:
    case = claw_back.award.application
    held = Membership.objects.active().filter(organisation=case.organisation_id)
    applicants = {row.user_id: row.user for row in held.select_related("user")}
    officers = telling.officers(claw_back.award.call.lead_unit, Role.CLERK, Role.HEAD)
    subject = format_lazy(
        _("{number}：收到缴回款 {amount}，尚欠 {left}"),
        number=case.number,
        amount=_with_unit(repayment.amount_cny),
        left=_with_unit(claw_back.outstanding_cny),
    )
    key = f"repayment:{repayment.pk}"
    telling.tell(officers, subject=subject, url=_url(claw_back), key=key, at=at, but=but)
    telling.tell(
        applicants.values(), subject=subject, url=f"/applications/{case.uid}/", key=key, at=at
    )


def _url(claw_back: ClawBack) -> str:
    return f"/awards/claw-backs/{claw_back.uid}/"


def _facts(claw_back: ClawBack) -> dict:
    return {
        "number": claw_back.award.application.number,
        "award": claw_back.award.uid,
        "amount_cny": f"{claw_back.amount_cny:.2f}",
        "repaid_cny": f"{claw_back.repaid_cny:.2f}",
        "frees_place": claw_back.frees_place,
        "reason": claw_back.reason,
        "legal_base": claw_back.legal_base,
        "due_on": claw_back.due_on.isoformat(),
    }
