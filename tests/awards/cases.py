"""A call, its people and cases that stand where a test wants them, along the workflow's table."""

import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction

from applications import workflow
from applications.models import Application, Part
from awards import clawbacks, ledger
from awards.models import Award, Entry, Opening, Payment, PaymentBatch, Repayment
from policy import calls
from policy.models import Call, Measure
from portal import clock
from portal.accounts.models import Organisation, Role, Unit, User
from portal.audit.recording import record
from reviews.models import Selection, SelectionItem
from tests.factories import (
    DistrictFactory,
    MembershipFactory,
    OrganisationFactory,
    UnitFactory,
    person,
)
from tests.policy import callable as callables
from tests.policy.catalogue import CLAUSE, make_measure

_numbers = itertools.count(1)


def _stage(code: str, label: str, holder: str, next_code: str | None, days: int = 5) -> dict:
    return {
        "code": code,
        "label": {"zh": label, "en": code},
        "holder": holder,
        "next": next_code,
        "limit_workdays": days,
    }


STAGES = [
    _stage("formal_check", "形式审查", "lead", "selection"),
    _stage("selection", "会议遴选", "lead", "public_notice"),
    _stage("public_notice", "公示", "public", "decision"),
    _stage("decision", "批准", "lead", "finance"),
    _stage("finance", "财政确认", "finance", "payment"),
    _stage("payment", "拨付", "finance", None),
]


def _text(zh: str) -> dict:
    return {"zh": zh, "en": zh}


def _letter(code: str, body: str) -> dict:
    return {"code": code, "subject": _text(f"{code}（{{application_no}}）"), "body": _text(body)}


LETTERS = [
    _letter("result", "结果：{result}。{reason}下一环节：{next_step}。"),
    _letter("decision", "给予资助{amount}（{amount_upper}），文号{decision_no}。"),
    _letter("payment", "第{instalment}期{paid_amount}于{paid_on}拨付至{payee_account}。"),
]
# The award is the investment itself (rate 1), so a case's asked amount is what is computed.
INVESTED = {
    "code": "invested_cny",
    "type": "money",
    "label": _text("建设投入"),
    "unit": _text("元"),
    "required": True,
}
BODY = {
    "award": callables.BODY["award"] | {"inputs": [INVESTED]},
    "form": {
        "groups": [
            {
                "code": "basics",
                "title": _text("基本情况"),
                "sections": [
                    {
                        "code": "project",
                        "title": _text("项目"),
                        "kind": "fields",
                        "fields": [INVESTED],
                    }
                ],
            }
        ]
    },
    "stages": STAGES,
    "letters": LETTERS,
}


def cap(
    code: str, amount_cny: str, scope: str = "centre", period: str = "lifetime", **more
) -> dict:
    return {
        "code": code,
        "label": {"zh": f"单个{code}", "en": f"One {code}"},
        "amount_cny": amount_cny,
        "scope": scope,
        "period": period,
        "clause": CLAUSE,
    } | more


@dataclass
class Scene:
    """A published call with the units and people that act on its cases."""

    call: Call
    measure: Measure
    lead: Unit
    district: Unit
    finance_bureau: Unit
    lead_clerk: User
    lead_head: User
    finance: User
    finance_head: User
    organisations: list[Organisation] = field(default_factory=list)

    def case(
        self,
        *,
        asked: str = "1000000",
        status: str = "selection",
        organisation: Organisation | None = None,
        capped: str | None = None,
    ) -> Application:
        """A submitted case that has come to the status by the table's moves (up to selection)."""
        organisation = organisation or OrganisationFactory(district=self.district)
        self.organisations.append(organisation)
        admin = _admin(organisation)
        now = clock.now()
        live = Application.objects.filter(call=self.call, organisation=organisation).count()
        case = Application.objects.create(
            call=self.call,
            definition=self.call.definition,
            organisation=organisation,
            district=self.district,
            title=f"概念验证中心 {next(_numbers)}",
            started_by=admin,
            started_at=now,
            stage_started_at=now,
            ordinal=live + 1,
        )
        case.admin = admin
        if status == "draft":
            return case
        amount = Decimal(asked)
        number = f"{self.measure.line}-2026-{case.pk:04d}"

        def fill(row: Application) -> None:
            row.number, row.submitted_at = number, now
            row.claimed_cny = row.computed_cny = max(amount, Decimal(capped or asked))
            row.asked_cny, row.capped_cny = amount, Decimal(capped or asked)
            row.answers.create(
                section="project", data={"invested_cny": f"{row.computed_cny:.2f}"}, revision=1
            )

        for part, unit in ((Part.DISTRICT, self.district), (Part.LEAD, self.lead)):
            workflow.add_party(case, part, unit=unit, at=now)
        case = workflow.move(case, "submit", actor=admin, prepare=fill)
        if status == "selection":
            case = workflow.move(case, "accept", actor=self.lead_clerk)
        case.admin = admin
        return case

    def reserved(self, *, amount: str = "1000000", move: bool = True, **more) -> Award:
        """An award whose case is on public notice."""
        case = self.case(asked=amount, **more)
        with transaction.atomic():
            award = ledger.reserve(case, actor=self.lead_head, basis=basis(amount))
            if move:
                workflow.move(
                    case,
                    "select",
                    actor=self.lead_head,
                    prepare=lambda row: setattr(row, "recommended_cny", Decimal(amount)),
                )
        return award

    def selection(self, *items: tuple[Application, str, str], **more) -> Selection:
        """A drafted selection: (case, outcome, recommended) in order of rank."""
        values = {
            "call": self.call,
            "title": "2026年第1次局长办公会",
            "met_on": clock.today(),
            "drafted_by": self.lead_clerk,
            "drafted_at": clock.now(),
        }
        selection = Selection.objects.create(**values | more)
        for rank, (case, outcome, amount) in enumerate(items, start=1):
            SelectionItem.objects.create(
                selection=selection,
                application=case,
                outcome=outcome,
                recommended_cny=Decimal(amount),
                rank=rank,
                reason="未达到要求。" if outcome == "reject" else "",
            )
        return selection

    def to_decision(self, award: Award) -> Award:
        workflow.move(award.application, "close_notice", actor=self.lead_clerk)
        return award

    def approved(self, *, amount: str = "1000000", approved: str | None = None, **more) -> Award:
        """An award whose case waits for finance."""
        award = self.to_decision(self.reserved(amount=amount, **more))
        with transaction.atomic():
            ledger.approve(award, actor=self.lead_head, approved_cny=Decimal(approved or amount))
            at = clock.now()
            workflow.add_party(award.application, Part.FINANCE, unit=self.finance_bureau, at=at)
            workflow.move(award.application, "decide", actor=self.lead_head)
        return award

    def confirmed(self, **more) -> Award:
        """An award that waits for its payment."""
        award = self.approved(**more)
        with transaction.atomic():
            ledger.confirm(award, actor=self.finance)
            workflow.move(award.application, "confirm_finance", actor=self.finance)
        return award

    def batch(self) -> PaymentBatch:
        return PaymentBatch.objects.create(
            call=self.call,
            number=f"BF-{next(_numbers)}",
            unit=self.finance_bureau,
            drafted_by=self.finance,
            drafted_at=clock.now(),
        )

    def payment(self, award: Award, amount: str, *, instalment: int = 1, batch=None) -> Payment:
        organisation = award.organisation
        return Payment.objects.create(
            batch=batch or self.batch(),
            award=award,
            instalment=instalment,
            amount_cny=Decimal(amount),
            payee_name=organisation.bank_account_name,
            payee_bank=organisation.bank_name,
            payee_account=organisation.bank_account,
            payee_bank_code=organisation.bank_code,
        )

    @transaction.atomic
    def pay(self, payment: Payment) -> Payment:
        """The payment goes out, and the case follows if it was the last."""
        ledger.pay(payment, actor=self.finance_head)
        payment.state = Payment.State.SENT
        payment.save(update_fields=["state"])
        record(
            "payment.send",
            obj=payment,
            actor=self.finance_head,
            from_state="planned",
            to_state="sent",
        )
        payment.award.refresh_from_db()
        if payment.award.state == Award.State.PAID:
            workflow.move(payment.award.application, "pay", actor=self.finance_head)
        return payment

    @transaction.atomic
    def claw_back(
        self, award: Award, amount: str | Decimal, *, frees_place: bool = False
    ) -> Repayment:
        """Signed, and repaid at once in full."""
        claim = clawbacks.draft(
            award,
            amount_cny=Decimal(amount),
            frees_place=frees_place,
            reason="验收未通过",
            legal_base="x",
            due_on=clock.today() + timedelta(days=9),
            actor=self.lead_clerk,
        )
        clawbacks.release(claim, actor=self.lead_head)
        return clawbacks.repay(
            claim, amount_cny=Decimal(amount), on=clock.today(), reference="1", actor=self.finance
        )

    def opened(self, entry: Entry) -> Opening:
        """What was signed for the opening entry."""
        now = clock.now()
        opening = Opening.objects.create(
            measure=self.measure,
            definition=self.call.definition,
            organisation=OrganisationFactory(),
            year=2024,
            document_no="x",
            granted_on=date(2024, 9, 1),
            amount_cny=entry.amount_cny,
            places=entry.places,
            drafted_by=self.lead_clerk,
            drafted_at=now,
        )
        opening.state, opening.entry = Opening.State.APPROVED, entry
        opening.settled_by, opening.settled_at = self.lead_head, now
        opening.save()
        actor = self.lead_head
        record("x", obj=opening, actor=actor, from_state="drafted", to_state="approved")
        return opening


def basis(amount: str | Decimal, *, capped: str | Decimal | None = None) -> ledger.Basis:
    amount = Decimal(amount)
    top = Decimal(capped or amount)
    return ledger.Basis(computed_cny=top, capped_cny=top, recommended_cny=amount)


def make_scene(
    *,
    budget: str | None = "20000000",
    places: int | None = 10,
    caps: list[dict] | None = None,
    quota: dict | None = None,
    position: int = 1,
    settings: dict | None = None,
    year: int | None = None,
    measure: Measure | None = None,
    body: dict | None = None,
) -> Scene:
    """A call of a measure whose definition has these caps and places, published by two people.

    ``places``: the call's own; ``quota``: the document's (None: the catalogue's ten); ``body``:
    other parts of the definition.
    """
    if measure is None:
        measure = make_measure(position)
        body = BODY | (body or {})
        if caps is not None:
            body["caps"] = caps
        if quota is not None:
            body["quota"] = quota or None
        callables.make_definition(measure, valid_from=date(2025, 1, 1), **body)
    stated = calls.schema_of(measure.definitions.first()).quota
    fields = callables.fields(
        budget_cny=None if budget is None else Decimal(budget),
        places=places if places is not None or stated is None else stated.places,
        settings={"rate": "1"} | (settings or {}),
    )
    if year is not None:
        fields["year"] = year
    drafter, publisher = (_officer(name, Role.POLICY_ADMIN) for name in ("drafter", "publisher"))
    call = calls.publish(calls.draft(measure, fields, actor=drafter), actor=publisher)
    lead = measure.lead_unit
    district = DistrictFactory()
    bureau = UnitFactory(code="czj", name_zh="市财政局", name_en="Municipal Finance Bureau")
    return Scene(
        call=call,
        measure=measure,
        lead=lead,
        district=district,
        finance_bureau=bureau,
        lead_clerk=_officer("lead_clerk", Role.CLERK, lead),
        lead_head=_officer("lead_head", Role.HEAD, lead),
        finance=_officer("finance", Role.FINANCE, bureau),
        finance_head=_officer("finance_head", Role.FINANCE_HEAD, bureau),
    )


def _admin(organisation: Organisation) -> User:
    held = organisation.memberships.filter(role=Role.ORG_ADMIN).first()
    return held.user if held else person(Role.ORG_ADMIN, organisation=organisation)


def _officer(name: str, role: str, unit: Unit | None = None) -> User:
    found = User.objects.filter(name=name, memberships__unit=unit).first()
    return found or person(role, unit=unit, name=name)


__all__ = ["CLAUSE", "MembershipFactory", "Scene", "basis", "cap", "make_scene"]
