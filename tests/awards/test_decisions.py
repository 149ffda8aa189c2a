"""Decision, finance and payment: two people each, one way, and the ledger with them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from applications.models import Letter
from applications.workflow import MoveRefused
from awards import decisions, finance, payments
from awards.models import Award, CapAccount, Decision, Payment
from awards.withdrawing import withdraw
from portal import clock
from portal.notices.models import Notice
from reviews.refusals import Refused
from tests.awards.cases import STAGES, make_scene
from tests.awards.test_ledger import counters, flush

pytestmark = pytest.mark.django_db

WAN = Decimal(10_000)


@pytest.fixture
def scene():
    return make_scene(settings={"instalments": [60, 40]})


def ready(scene, amount="1000000", **more) -> Award:
    """An award whose case waits for the decision."""
    return scene.to_decision(scene.reserved(amount=amount, **more))


def draft(scene, *awards, amount="900000", number="宁科〔2026〕88号", **more) -> Decision:
    items = {award: Decimal(amount) for award in awards}
    values = {
        "number": number,
        "title": "关于认定市级概念验证中心的通知",
        "text": "一、请专款专用。",
    }
    return decisions.draft(
        scene.call, items=items, actor=more.pop("actor", scene.lead_clerk), **values | more
    )


def released(scene, *awards, **more) -> Decision:
    return decisions.release(draft(scene, *awards, **more), actor=scene.lead_head)


def confirmed(scene, *awards, **more) -> Decision:
    return finance.confirm(
        released(scene, *awards, **more), actor=scene.finance, funding_source="市级科技专项资金"
    )


def reason_of(caught) -> str:
    return caught.value.reason


# --- decision ------------------------------------------------------------------------


def test_draft_takes_awards_past_their_notice_and_moves_no_money(scene):
    award, early = ready(scene), scene.reserved()
    assert list(decisions.candidates(scene.call)) == [award]
    decision = draft(scene, award)
    flush()
    assert (decision.state, decision.items.get().approved_cny) == ("drafted", 90 * WAN)
    assert counters(scene) == (200 * WAN, 0, 0, 2)
    assert list(decisions.candidates(scene.call)) == []
    with pytest.raises(Refused) as caught:
        draft(scene, early, number="2")
    assert reason_of(caught) == "not_ready"
    assert Notice.objects.filter(recipient=scene.lead_head, url__contains=decision.uid).exists()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"number": " "}, "number_missing"),
        ({"title": ""}, "title_missing"),
        ({"amount": "1000000.01"}, "above_recommended"),
        ({"amount": "0"}, "nothing_approved"),
    ],
)
def test_draft_refuses(scene, values, reason):
    award = ready(scene)
    with pytest.raises(Refused) as caught:
        draft(scene, award, **values)
    assert reason_of(caught) == reason
    assert not Decision.objects.exists()


def test_draft_without_items_or_by_the_head_is_refused(scene):
    with pytest.raises(Refused) as caught:
        draft(scene)
    assert reason_of(caught) == "no_items"
    award = ready(scene)
    with pytest.raises(Refused) as caught:
        draft(scene, award, actor=scene.lead_head)
    assert reason_of(caught) == "role"


def test_number_is_given_once_and_free_again_after_a_discard(scene):
    one, two = ready(scene), ready(scene)
    first = draft(scene, one)
    with pytest.raises(Refused) as caught:
        draft(scene, two)
    assert (reason_of(caught), caught.value.facts["number"]) == ("number_taken", first.number)
    decisions.discard(first, actor=scene.lead_head, reason="文号有误")
    assert draft(scene, one, two).items.count() == 2
    flush()


def test_update_puts_other_items_and_makes_the_updater_the_drafter(scene):
    one, two = ready(scene), ready(scene)
    decision = draft(scene, one)
    decisions.update(
        decision,
        number=decision.number,
        title="改",
        items={two: Decimal("1")},
        actor=scene.lead_clerk,
        seen_revision=decision.revision,
    )
    decision.refresh_from_db()
    assert (decision.title, [item.award for item in decision.items.all()]) == ("改", [two])
    with pytest.raises(Refused) as caught:
        decisions.update(
            decision,
            number="3",
            title="x",
            items={two: Decimal("1")},
            actor=scene.lead_clerk,
            seen_revision=1,
        )
    assert reason_of(caught) == "changed"


def test_release_approves_less_than_reserved_and_frees_the_rest(scene):
    award = ready(scene)
    decision = released(scene, award, amount="900000")
    flush()
    award.refresh_from_db()
    case = award.application
    case.refresh_from_db()
    assert (decision.state, award.state, award.approved_cny) == ("released", "approved", 90 * WAN)
    assert (case.status, case.approved_cny, case.holder_unit) == (
        "finance", 90 * WAN, scene.finance_bureau,
    )  # fmt: skip
    assert counters(scene) == (90 * WAN, 90 * WAN, 0, 1)
    letter = Letter.objects.get(application=case, kind="decision")
    assert letter.body == "给予资助90.00万元（人民币玖拾万元整），文号宁科〔2026〕88号。"
    assert Notice.objects.filter(recipient=scene.finance, url__contains=decision.uid).exists()


def test_a_line_without_money_ends_with_its_decision_and_takes_a_place():
    last = {name: value for name, value in STAGES[3].items() if name != "next"}
    scene = make_scene(body={"stages": [*STAGES[:3], last]})
    award = ready(scene, amount="0")
    decision = released(scene, award, amount="0")
    flush()
    award.refresh_from_db()
    case = award.application
    case.refresh_from_db()
    assert (decision.state, award.state, award.approved_cny) == ("released", "approved", 0)
    assert (case.status, case.holder_unit, case.next_stage) == ("recognised", None, "")
    assert counters(scene) == (0, 0, 0, 1)
    assert Letter.objects.filter(application=case, kind="decision").count() == 1
    # Finance takes no part and is told nothing.
    assert not case.parties.filter(part="finance").exists()
    assert not Notice.objects.filter(recipient=scene.finance).exists()
    assert not finance.waiting().exists()
    with pytest.raises(MoveRefused):
        finance.confirm(decision, actor=scene.finance, funding_source="市级科技专项资金")


def test_release_makes_the_paper(scene, run_tasks):
    decision = released(scene, ready(scene))
    run_tasks()
    decision.refresh_from_db()
    assert decision.pdf.content_type == "application/pdf"
    before = decision.pdf_id
    from awards.tasks import make_decision_pdf

    make_decision_pdf(decision.pk)
    decision.refresh_from_db()
    assert decision.pdf_id == before


def test_release_by_the_drafter_or_a_clerk_is_refused(scene):
    decision = draft(scene, ready(scene))
    with pytest.raises(Refused) as caught:
        decisions.release(decision, actor=scene.lead_clerk)
    assert reason_of(caught) == "role"
    Decision.objects.filter(pk=decision.pk).update(drafted_by=scene.lead_head)
    with pytest.raises(Refused) as caught:
        decisions.release(decision, actor=scene.lead_head)
    assert reason_of(caught) == "same_person"
    assert counters(scene) == (100 * WAN, 0, 0, 1)


def test_release_twice_is_refused_and_approves_once(scene):
    decision = released(scene, ready(scene))
    with pytest.raises(Refused) as caught:
        decisions.release(decision, actor=scene.lead_head)
    assert reason_of(caught) == "state"
    assert counters(scene)[1] == 90 * WAN


def test_release_names_a_case_that_was_withdrawn_meanwhile(scene):
    award, other = ready(scene), ready(scene)
    decision = draft(scene, award, other)
    case = award.application
    withdraw(case, actor=_admin(case), reason="放弃")
    with pytest.raises(Refused) as caught:
        decisions.release(decision, actor=scene.lead_head)
    assert (reason_of(caught), caught.value.facts["number"]) == ("case_moved", case.number)
    flush()
    assert counters(scene) == (100 * WAN, 0, 0, 1)


# --- finance -------------------------------------------------------------------------


def test_finance_confirms_with_its_source_and_the_cases_wait_for_payment(scene):
    award = ready(scene)
    decision = confirmed(scene, award)
    flush()
    award.refresh_from_db()
    award.application.refresh_from_db()
    assert (decision.state, decision.funding_source) == ("confirmed", "市级科技专项资金")
    assert (award.state, award.application.status) == ("confirmed", "payment")
    assert list(finance.waiting()) == []


@pytest.mark.parametrize(
    ("who", "source", "reason"),
    [
        ("lead_clerk", "x", "role"),
        ("finance_head", "x", "role"),
        ("finance", " ", "source_missing"),
        ("finance", "x" * 121, "source_long"),
    ],
)
def test_finance_refuses(scene, who, source, reason):
    decision = released(scene, ready(scene))
    with pytest.raises(Refused) as caught:
        finance.confirm(decision, actor=getattr(scene, who), funding_source=source)
    assert reason_of(caught) == reason


def test_finance_confirms_nothing_that_is_not_signed(scene):
    with pytest.raises(Refused) as caught:
        finance.confirm(draft(scene, ready(scene)), actor=scene.finance, funding_source="x")
    assert reason_of(caught) == "state"


# --- payment -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "shares", "parts"),
    [
        ("100.00", [100], ["100.00"]),
        ("100.00", [50, 30, 20], ["50.00", "30.00", "20.00"]),
        ("0.03", [50, 50], ["0.01", "0.02"]),
        ("1000000.01", [33, 33, 34], ["330000.00", "330000.00", "340000.01"]),
        ("0.01", [60, 40], ["0.00", "0.01"]),
    ],
)
def test_parts_of_an_amount_sum_to_the_whole(amount, shares, parts):
    found = payments.split(Decimal(amount), shares)
    assert [str(part) for part in found] == parts
    assert sum(found) == Decimal(amount)


def test_instalments_are_paid_in_turn_and_the_last_one_ends_the_case(scene):
    award = ready(scene)
    confirmed(scene, award, amount="900000")
    (due,) = payments.dues(scene.call)
    assert (due.instalment, due.of, due.amount_cny) == (1, 2, 54 * WAN)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    assert payments.dues(scene.call)[0].instalment == 2
    payments.release(batch, actor=scene.finance_head)
    award.application.refresh_from_db()
    assert (award.application.status, award.application.paid_cny) == ("payment", 54 * WAN)
    second = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.release(second, actor=scene.finance_head)
    flush()
    award.refresh_from_db()
    award.application.refresh_from_db()
    assert (award.state, award.paid_cny) == ("paid", 90 * WAN)
    assert award.application.status == "paid"
    assert payments.dues(scene.call) == []
    assert batch.number != second.number
    bodies = Letter.objects.filter(kind="payment").order_by("pk").values_list("body", flat=True)
    assert bodies[0].startswith("第1期540,000.00元于")
    assert "6222****1234" in bodies[0]
    assert award.organisation.bank_account not in bodies[0]


def test_payee_stands_as_it_was_at_the_draft(scene):
    award = ready(scene)
    confirmed(scene, award)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    organisation = award.organisation
    before = organisation.bank_account
    organisation.bank_account = "1" * 16
    organisation.save(update_fields=["bank_account"])
    payments.release(batch, actor=scene.finance_head)
    assert batch.payments.get().payee_account == before


def test_payee_without_an_account_is_named(scene):
    award = ready(scene)
    confirmed(scene, award)
    organisation = award.organisation
    organisation.bank_name = " "
    organisation.save(update_fields=["bank_name"])
    with pytest.raises(Refused) as caught:
        payments.draft(scene.call, awards=[award], actor=scene.finance)
    assert reason_of(caught) == "payee_incomplete"
    assert caught.value.facts == {"organisation": organisation.name, "fields": ["bank_name"]}


def test_batch_refuses_what_is_not_due_and_who_may_not(scene):
    award = ready(scene)
    with pytest.raises(Refused) as caught:
        payments.draft(scene.call, awards=[award], actor=scene.finance)
    assert reason_of(caught) == "not_due"
    confirmed(scene, award)
    with pytest.raises(Refused) as caught:
        payments.draft(scene.call, awards=[award], actor=scene.lead_clerk)
    assert reason_of(caught) == "role"
    with pytest.raises(Refused) as caught:
        payments.draft(scene.call, awards=[], actor=scene.finance)
    assert reason_of(caught) == "no_items"
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    with pytest.raises(Refused) as caught:
        payments.release(batch, actor=scene.finance)
    assert reason_of(caught) == "role"
    assert counters(scene)[2] == 0


def test_discarded_batch_leaves_its_instalments_due_again(scene):
    award = ready(scene)
    confirmed(scene, award)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.discard(batch, actor=scene.finance_head, reason="账号待核实")
    flush()
    assert batch.payments.get().state == "cancelled"
    assert payments.dues(scene.call)[0].instalment == 1
    with pytest.raises(Refused) as caught:
        payments.release(batch, actor=scene.finance_head)
    assert reason_of(caught) == "state"


def paid_out(scene, **more) -> Payment:
    """The one payment of an award that is paid at once."""
    award = ready(scene)
    confirmed(scene, award)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.release(batch, actor=scene.finance_head)
    return batch.payments.get()


def test_bounced_payment_is_returned_in_the_ledger_and_due_again():
    scene = make_scene()
    payment = paid_out(scene)
    case = payment.award.application
    case.refresh_from_db()
    assert case.status == "paid"
    payments.bounce(payment, actor=scene.finance, on=clock.today(), reason="户名不符")
    flush()
    case.refresh_from_db()
    assert (case.status, case.paid_cny, counters(scene)[2]) == ("payment", 0, 0)
    again = payments.draft(scene.call, awards=[payment.award], actor=scene.finance)
    payments.release(again, actor=scene.finance_head)
    flush()
    case.refresh_from_db()
    assert (case.status, counters(scene)[2]) == ("paid", 90 * WAN)
    states = Payment.objects.order_by("pk").values_list("instalment", "state")
    assert list(states) == [(1, "bounced"), (1, "sent")]


def test_arrival_is_recorded_once_on_a_possible_day():
    scene = make_scene()
    payment = paid_out(scene)
    today = clock.today()
    for day in (today + timedelta(days=1), today - timedelta(days=1)):
        with pytest.raises(Refused) as caught:
            payments.arrived(payment, actor=scene.finance, on=day)
        assert reason_of(caught) == "day"
    payments.arrived(payment, actor=scene.finance, on=today)
    payment.refresh_from_db()
    assert (payment.state, payment.arrived_on) == ("arrived", today)
    with pytest.raises(Refused) as caught:
        payments.arrived(payment, actor=scene.finance, on=today)
    assert reason_of(caught) == "state"


def test_bounce_needs_its_reason():
    scene = make_scene()
    payment = paid_out(scene)
    with pytest.raises(Refused) as caught:
        payments.bounce(payment, actor=scene.finance, on=clock.today(), reason=" ")
    assert reason_of(caught) == "reason_missing"
    assert counters(scene)[2] == 90 * WAN


def test_application_mirrors_the_ledger_after_each_act(scene):
    award = ready(scene)
    confirmed(scene, award, amount="900000")
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.release(batch, actor=scene.finance_head)
    case = award.application
    case.refresh_from_db()
    account = CapAccount.objects.get(rule="call_budget")
    assert (case.recommended_cny, case.approved_cny, case.paid_cny) == (
        100 * WAN, account.approved_cny, account.paid_cny,
    )  # fmt: skip


def _admin(case):
    return case.organisation.memberships.get(role="org_admin").user
