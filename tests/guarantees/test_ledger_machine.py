"""Guarantees 1, 2 and 10: the ledger against a plain model in Python, in random order.

The model knows nothing of the database: dictionaries and sums. After each act the counters of
every account, the award and the refusal (kind, and what is left) must be the model's.
"""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from applications import workflow
from applications.models import Application
from awards import ledger
from awards.models import Award, CapAccount, Payment
from portal import clock
from portal.audit.recording import record
from tests.awards.cases import Scene, basis, cap, make_scene

FEN = Decimal("0.01")
BUDGET = Decimal("1000.00")
UNIT_CAP = Decimal("600.00")
PLACES = 4


@dataclass
class Model:
    """An award as a sheet of paper would hold it."""

    organisation: int
    state: str
    recommended: Decimal
    approved: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    places: int = 1
    # A claw-back took the support itself back: nothing is paid any more.
    stopped: bool = False

    @property
    def committed(self) -> Decimal:
        if self.state == "released":
            return Decimal(0)
        return self.recommended if self.state == "reserved" else self.approved


class Machine(RuleBasedStateMachine):
    scene: Scene
    organisations: list[int]
    pool: list[list[int]]  # for each organisation: its cases, all at selection

    def __init__(self):
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.awards: dict[int, Model] = {}
        self.cases = [list(cases) for cases in self.pool]
        self.sent: list[int] = []

    def teardown(self):
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @initialize()
    def open(self):
        ledger.open_accounts(self.scene.call, actor=self.scene.lead_head)

    # --- the model's sums

    def left(self, organisation: int) -> Decimal:
        rows = self.awards.values()
        budget = BUDGET - sum(row.committed for row in rows)
        unit = UNIT_CAP - sum(row.committed for row in rows if row.organisation == organisation)
        return min(budget, unit)

    def taken(self) -> int:
        return sum(row.places for row in self.awards.values())

    def pick(self, data, *states) -> Award | None:
        found = sorted(pk for pk, row in self.awards.items() if row.state in states)
        return Award.objects.get(pk=data.draw(st.sampled_from(found))) if found else None

    def has(self, *states) -> bool:
        return any(row.state in states for row in self.awards.values())

    def amount(self, data, bound: Decimal) -> Decimal:
        """Around the bound: a 分 below, the bound, a 分 above, or anything up to twice of it."""
        near = [FEN, bound - FEN, bound, bound + FEN]
        anything = st.decimals(FEN, max(bound * 2, FEN), places=2)
        return data.draw(st.sampled_from([a for a in near if a >= FEN]) | anything)

    # --- acts

    @precondition(lambda self: any(self.cases))
    @rule(data=st.data())
    def reserve(self, data):
        organisation = data.draw(st.sampled_from([n for n, row in enumerate(self.cases) if row]))
        case = Application.objects.get(pk=self.cases[organisation][0])
        left = self.left(organisation)
        amount = self.amount(data, max(left, FEN))
        try:
            with transaction.atomic():
                award = ledger.reserve(case, actor=self.scene.lead_head, basis=basis(amount))
                workflow.move(case, "select", actor=self.scene.lead_head)
        except ledger.QuotaExceeded as refusal:
            assert (refusal.left, refusal.constraint) == (PLACES - self.taken(), "") == (0, "")
        except ledger.CapExceeded as refusal:
            assert self.taken() < PLACES and amount > left
            assert refusal.constraint == "" and amount > refusal.left_cny >= left
        else:
            assert self.taken() < PLACES and amount <= left
            self.awards[award.pk] = Model(organisation, "reserved", amount)
            self.cases[organisation].pop(0)

    @precondition(lambda self: self.has("reserved"))
    @rule(data=st.data())
    def approve(self, data):
        award = self.pick(data, "reserved")
        row = self.awards[award.pk]
        amount = self.amount(data, row.recommended)
        scene = self.scene
        try:
            with transaction.atomic():
                workflow.move(award.application, "close_notice", actor=scene.lead_clerk)
                ledger.approve(award, actor=scene.lead_head, approved_cny=amount)
                workflow.add_party(
                    award.application, "finance", unit=scene.finance_bureau, at=clock.now()
                )
                workflow.move(award.application, "decide", actor=scene.lead_head)
        except ledger.ActRefused:
            assert amount > row.recommended
        else:
            assert amount <= row.recommended
            row.state, row.approved = "approved", amount

    @precondition(lambda self: self.has("approved"))
    @rule(data=st.data())
    def confirm(self, data):
        award = self.pick(data, "approved")
        with transaction.atomic():
            ledger.confirm(award, actor=self.scene.finance)
            workflow.move(award.application, "confirm_finance", actor=self.scene.finance)
        self.awards[award.pk].state = "confirmed"

    @precondition(lambda self: self.has("confirmed"))
    @rule(data=st.data())
    def pay(self, data):
        award = self.pick(data, "confirmed")
        row = self.awards[award.pk]
        if row.stopped:
            return
        amount = self.amount(data, row.approved - row.paid)
        number = award.payments.count() + 1
        payment = self.scene.payment(award, str(amount), instalment=number)
        try:
            with transaction.atomic():
                self.scene.pay(payment)
        except ledger.ActRefused:
            assert amount > row.approved - row.paid
        else:
            assert amount <= row.approved - row.paid
            row.paid += amount
            row.state = "paid" if row.paid == row.approved else "confirmed"
            self.sent.append(payment.pk)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def give_back(self, data):
        payment = Payment.objects.get(pk=data.draw(st.sampled_from(self.sent)))
        row = self.awards[payment.award_id]
        was_paid = row.state == "paid"
        try:
            with transaction.atomic():
                ledger.give_back(payment, actor=self.scene.finance, note="账号有误")
                payment.state, payment.note = "bounced", "账号有误"
                payment.bounced_on = clock.today()
                payment.save(update_fields=["state", "note", "bounced_on"])
                record(
                    "payment.bounce",
                    obj=payment,
                    actor=self.scene.finance,
                    from_state="sent",
                    to_state="bounced",
                )
                if was_paid:
                    workflow.move(
                        payment.award.application, "bounce", actor=self.scene.finance, note="x"
                    )
        except ledger.ActRefused:
            assert payment.amount_cny > row.paid  # clawed back in the meantime
        else:
            assert payment.amount_cny <= row.paid
            row.paid -= payment.amount_cny
            row.state = "confirmed"
            self.sent.remove(payment.pk)

    @precondition(lambda self: self.has("confirmed", "paid"))
    @rule(data=st.data(), whole=st.booleans())
    def claw_back(self, data, whole):
        award = self.pick(data, "confirmed", "paid")
        row = self.awards[award.pk]
        amount = row.paid if whole and row.paid else self.amount(data, row.paid)
        places = data.draw(st.integers(0, 2))
        if amount > row.paid or places > row.places:
            with pytest.raises(ledger.ActRefused):
                ledger.claw_back(
                    award,
                    actor=self.scene.lead_head,
                    amount_cny=amount,
                    places=places,
                    note="x",
                    key=str(award.entries.count()),
                )
            return
        self.scene.claw_back(award, amount, frees_place=places > 0)
        row.paid -= amount
        row.approved -= amount
        row.places -= places
        row.stopped = row.stopped or places > 0
        if places and row.state == "confirmed":
            row.state, row.approved = "paid" if row.paid else "released", row.paid

    @precondition(lambda self: self.has("reserved"))
    @rule(data=st.data())
    def withdraw(self, data):
        award = self.pick(data, "reserved")
        row = self.awards[award.pk]
        admin = award.organisation.memberships.get(role="org_admin").user
        with transaction.atomic():
            ledger.release(award, actor=admin, note="撤回")
            workflow.move(award.application, "withdraw", actor=admin, note="撤回")
        row.state, row.places = "released", 0

    @precondition(lambda self: self.has("confirmed"))
    @rule(data=st.data())
    def give_up_the_rest(self, data):
        """What was approved and not paid is released, once something was paid."""
        award = self.pick(data, "confirmed")
        row = self.awards[award.pk]
        if not row.paid:
            return
        with transaction.atomic():
            ledger.release(award, actor=self.scene.finance_head, note="结余")
            workflow.move(award.application, "pay", actor=self.scene.finance_head)
        row.approved, row.state = row.paid, "paid"

    @precondition(lambda self: self.awards)
    @rule(data=st.data())
    def repeat_the_last_act(self, data):
        """The same key again moves nothing."""
        pk = data.draw(st.sampled_from(sorted(self.awards)))
        award = Award.objects.get(pk=pk)
        last = award.entries.order_by("pk").last()
        if last.kind == "approve":
            again = ledger.approve(award, actor=last.made_by, approved_cny=last.amount_cny)
            assert again == last
        elif last.kind == "pay":
            assert ledger.pay(last.payment, actor=last.made_by) == last

    # --- what must hold after each

    @invariant()
    def counters_are_the_models(self):
        rows = self.awards.values()
        for account in CapAccount.objects.select_related("organisation"):
            mine = [
                row
                for row in rows
                if account.organisation is None
                or self.organisations[row.organisation] == account.organisation_id
            ]
            expected = (
                sum((row.committed for row in mine), Decimal(0)),
                sum((row.approved for row in mine), Decimal(0)),
                sum((row.paid for row in mine), Decimal(0)),
                sum(row.places for row in mine),
            )
            found = (
                account.committed_cny,
                account.approved_cny,
                account.paid_cny,
                account.committed_places,
            )
            assert found == expected, account
            assert account.cap_cny is None or account.committed_cny <= account.cap_cny
            assert account.cap_places is None or account.committed_places <= account.cap_places

    @invariant()
    def awards_are_the_models(self):
        for award in Award.objects.all():
            row = self.awards[award.pk]
            approved = award.approved_cny or Decimal(0)
            assert (award.state, approved, award.paid_cny) == (row.state, row.approved, row.paid)
            assert award.paid_cny <= approved <= award.recommended_cny <= award.capped_cny

    @invariant()
    def nothing_waits_to_be_refused_at_commit(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _run(scene: Scene, *, examples: int, steps: int) -> None:
    first = [scene.case() for _ in range(3)]
    pool = [
        [case.pk, *(scene.case(organisation=case.organisation).pk for _ in range(2))]
        for case in first
    ]
    organisations = [case.organisation_id for case in first]
    facts = {"scene": scene, "pool": pool, "organisations": organisations}
    machine = type("LedgerMachine", (Machine,), facts)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def _scene() -> Scene:
    return make_scene(
        budget=str(BUDGET),
        places=PLACES,
        caps=[cap("unit", str(UNIT_CAP), scope="organisation", period="lifetime")],
    )


@pytest.mark.django_db
def test_ledger_agrees_with_the_model_over_random_acts():
    _run(_scene(), examples=15, steps=25)


@pytest.mark.long
@pytest.mark.django_db
def test_ledger_agrees_with_the_model_over_many_random_acts():
    _run(_scene(), examples=200, steps=60)
