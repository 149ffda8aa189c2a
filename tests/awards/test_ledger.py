"""The ledger's acts, one by one: what they move, what they refuse and with which facts."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from applications import workflow
from awards import ledger, payments
from awards.figures import refresh_all
from awards.models import Award, CapAccount, Entry, Posting
from policy.models import CallFigures
from portal import clock
from portal.audit.models import Event
from tests.awards.cases import basis, cap, make_scene

pytestmark = pytest.mark.django_db

WAN = Decimal(10_000)


def counters(scene) -> tuple:
    row = CapAccount.objects.get(rule="call_budget", call=scene.call)
    return (row.committed_cny, row.approved_cny, row.paid_cny, row.committed_places)


def flush():
    """Run now what is deferred to commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_reserve_opens_every_account_of_the_case_and_counts_in_each():
    scene = make_scene(caps=[cap("centre", "2000000")])
    award = scene.reserved(amount="1500000")
    flush()
    found = {(a.rule, a.committed_cny, a.committed_places) for a in CapAccount.objects.all()}
    line = scene.measure.line
    assert found == {
        ("call_budget", 150 * WAN, 1),
        (f"{line}/centre", 150 * WAN, 1),
        (f"{line}/places", 150 * WAN, 1),
    }
    assert award.state == Award.State.RESERVED
    assert [(e.kind, e.amount_cny, e.places) for e in award.entries.all()] == [
        ("reserve", 150 * WAN, 1)
    ]


def test_entry_has_exactly_one_audit_event():
    award = make_scene().reserved()
    entry = award.entries.get()
    events = Event.objects.filter(object_type="awards.entry", object_id=str(entry.pk))
    assert [(e.action, e.to_state, e.data["amount_cny"]) for e in events] == [
        ("ledger.reserve", "reserve", "1000000.00")
    ]


def test_reserve_above_the_budget_says_what_is_left_and_who_holds_it():
    scene = make_scene(budget="2500000", caps=[])
    first = scene.reserved(amount="2000000")
    case = scene.case()
    with pytest.raises(ledger.CapExceeded) as caught:
        ledger.reserve(case, actor=scene.lead_head, basis=basis("500000.01"))
    refusal = caught.value
    assert (refusal.asked_cny, refusal.left_cny) == (Decimal("500000.01"), Decimal("500000.00"))
    assert refusal.account.rule == "call_budget"
    assert [(h.number, h.amount_cny, h.by) for h in refusal.holders] == [
        (first.application.number, Decimal("2000000.00"), "lead_head")
    ]
    assert (refusal.constraint, Award.objects.count()) == ("", 1)


def test_reserve_of_exactly_what_is_left_is_taken():
    scene = make_scene(budget="2500000", caps=[])
    scene.reserved(amount="2000000")
    scene.reserved(amount="500000")
    assert counters(scene) == (250 * WAN, 0, 0, 2)


def test_reserve_beyond_the_places_names_their_holders():
    scene = make_scene(places=2, caps=[])
    held = [scene.reserved().application.number for _ in range(2)]
    with pytest.raises(ledger.QuotaExceeded) as caught:
        ledger.reserve(scene.case(), actor=scene.lead_head, basis=basis("1"))
    assert (caught.value.asked, caught.value.left) == (1, 0)
    assert [holder.number for holder in caught.value.holders] == held
    assert [holder.places for holder in caught.value.holders] == [1, 1]


def test_places_of_the_document_bind_over_all_calls_of_the_measure():
    first = make_scene(places=None, caps=[], quota={"places": 2, "clause": "x"})
    second = make_scene(places=2, measure=first.measure)
    first.reserved()
    second.reserved()
    with pytest.raises(ledger.QuotaExceeded) as caught:
        ledger.reserve(second.case(), actor=second.lead_head, basis=basis("1"))
    assert caught.value.account.rule == f"{first.measure.line}/places"


@pytest.mark.parametrize(("meaning", "bound"), [("per_call", False), ("total", True)])
def test_meaning_of_the_quota_decides_whether_calls_share_it(meaning, bound):
    quota = {"places": 1, "clause": "x", "meaning": meaning}
    first = make_scene(places=None, caps=[], quota=quota)
    second = make_scene(places=None, measure=first.measure)
    first.reserved()
    if bound:
        with pytest.raises(ledger.QuotaExceeded):
            second.reserved()
    else:
        assert second.reserved().state == Award.State.RESERVED


def test_cap_of_an_organisation_binds_its_second_case():
    scene = make_scene(caps=[cap("unit", "2000000", scope="organisation", period="lifetime")])
    award = scene.reserved(amount="1500000")
    with pytest.raises(ledger.CapExceeded) as caught:
        scene.reserved(amount="600000", organisation=award.organisation)
    assert caught.value.left_cny == 50 * WAN
    assert scene.reserved(amount="2000000").recommended_cny == 200 * WAN  # another one's


@pytest.mark.parametrize(
    ("period", "shared"), [("year", True), ("lifetime", True), ("call", False)]
)
def test_period_of_a_cap_decides_what_two_calls_of_a_year_share(period, shared):
    first = make_scene(caps=[cap("unit", "1000000", scope="organisation", period=period)])
    second = make_scene(measure=first.measure)
    award = first.reserved(amount="700000")
    if shared:
        with pytest.raises(ledger.CapExceeded):
            second.reserved(amount="700000", organisation=award.organisation)
    else:
        second.reserved(amount="700000", organisation=award.organisation)


def test_cap_per_year_starts_anew_in_the_next_year():
    first = make_scene(caps=[cap("unit", "1000000", scope="organisation", period="year")])
    award = first.reserved(amount="1000000")
    later = make_scene(measure=first.measure, year=first.call.year + 1)
    assert later.reserved(amount="1000000", organisation=award.organisation).pk


def test_one_off_cap_refuses_a_second_award_whatever_room_is_left():
    scene = make_scene(caps=[cap("centre", "2000000", once=True)])
    award = scene.reserved(amount="10000")
    with pytest.raises(ledger.QuotaExceeded) as caught:
        scene.reserved(amount="10000", organisation=award.organisation)
    assert caught.value.account.rule == f"{scene.measure.line}/centre"


def test_approve_below_the_reservation_frees_the_rest():
    scene = make_scene()
    award = scene.approved(amount="1500000", approved="1200000")
    flush()
    assert counters(scene) == (120 * WAN, 120 * WAN, 0, 1)
    award.refresh_from_db()
    assert (award.state, award.approved_cny) == ("approved", 120 * WAN)
    award.application.refresh_from_db()
    assert award.application.approved_cny == 120 * WAN


def test_approve_above_the_recommendation_is_refused():
    scene = make_scene()
    award = scene.to_decision(scene.reserved(amount="1000000"))
    with pytest.raises(ledger.ActRefused) as caught:
        ledger.approve(award, actor=scene.lead_head, approved_cny=Decimal("1000000.01"))
    assert caught.value.constraint == "entry_fits_award"
    assert counters(scene) == (100 * WAN, 0, 0, 1)


def test_approve_twice_with_another_amount_is_refused_with_the_same_is_the_first():
    scene = make_scene()
    award = scene.approved(amount="1000000")
    first = award.entries.get(kind="approve")
    again = ledger.approve(award, actor=scene.lead_head, approved_cny=100 * WAN)
    assert again == first
    with pytest.raises(ledger.KeyReused):
        ledger.approve(award, actor=scene.lead_head, approved_cny=90 * WAN)
    assert counters(scene) == (100 * WAN, 100 * WAN, 0, 1)


def test_payments_in_instalments_end_with_the_award_paid():
    scene = make_scene()
    award = scene.confirmed(amount="1000000")
    scene.pay(scene.payment(award, "600000", instalment=1))
    assert (award.state, award.paid_cny) == ("confirmed", 60 * WAN)
    scene.pay(scene.payment(award, "400000", instalment=2))
    flush()
    award.refresh_from_db()
    award.application.refresh_from_db()
    assert (award.state, award.paid_cny) == ("paid", 100 * WAN)
    assert (award.application.status, award.application.paid_cny) == ("paid", 100 * WAN)
    assert counters(scene) == (100 * WAN, 100 * WAN, 100 * WAN, 1)


def test_pay_beyond_what_was_approved_is_refused():
    scene = make_scene()
    award = scene.confirmed(amount="1000000")
    scene.pay(scene.payment(award, "600000"))
    with pytest.raises(ledger.ActRefused):
        scene.pay(scene.payment(award, "400000.01", instalment=2))
    assert counters(scene)[2] == 60 * WAN


def test_payment_twice_moves_money_once():
    scene = make_scene()
    award = scene.confirmed(amount="1000000")
    payment = scene.payment(award, "600000")
    scene.pay(payment)
    assert ledger.pay(payment, actor=scene.finance_head).amount_cny == 60 * WAN
    assert counters(scene)[2] == 60 * WAN
    assert Entry.objects.filter(kind="pay").count() == 1


def test_claw_back_frees_the_room_and_the_place_if_it_is_given_back():
    scene = make_scene()
    award = scene.confirmed(amount="1000000")
    scene.pay(scene.payment(award, "1000000"))
    scene.claw_back(award, "1000000", frees_place=True)
    assert counters(scene) == (0, 0, 0, 0)
    flush()


def test_claw_back_of_more_than_was_paid_is_refused():
    scene = make_scene()
    award = scene.confirmed(amount="1000000")
    scene.pay(scene.payment(award, "300000"))
    with pytest.raises(ledger.ActRefused):
        ledger.claw_back(
            award, actor=scene.lead_head, amount_cny=Decimal("300000.01"), note="x", key="1"
        )


def test_release_frees_amount_and_place_and_ends_the_award():
    scene = make_scene()
    award = scene.reserved(amount="1000000")
    with transaction.atomic():
        ledger.release(award, actor=scene.lead_head, note="撤回")
        workflow.move(award.application, "withdraw", actor=_admin(award), note="撤回")
    flush()
    award.refresh_from_db()
    assert (award.state, counters(scene)) == ("released", (0, 0, 0, 0))


def test_release_of_the_rest_after_a_payment_keeps_the_place():
    scene = make_scene()
    award = scene.confirmed(amount="1000000")
    scene.pay(scene.payment(award, "600000"))
    entry = ledger.release(award, actor=scene.finance_head, note="验收结余")
    workflow.move(award.application, "pay", actor=scene.finance_head)
    flush()
    award.refresh_from_db()
    assert (entry.amount_cny, entry.places, award.state) == (40 * WAN, 0, "paid")
    assert counters(scene) == (60 * WAN, 60 * WAN, 60 * WAN, 1)


def test_what_a_bounced_payment_brings_back_is_released_once_more():
    scene = make_scene()
    award = scene.confirmed(amount="1000000")
    first, second = scene.payment(award, "600000"), scene.payment(award, "200000", instalment=2)
    scene.pay(first)
    scene.pay(second)
    ledger.release(award, actor=scene.finance_head, note="验收结余")
    workflow.move(award.application, "pay", actor=scene.finance_head)
    flush()
    payments.bounce(second, actor=scene.finance, on=clock.today(), reason="账号有误")
    flush()
    again = ledger.release(award, actor=scene.finance_head, note="不再拨付")
    workflow.move(award.application, "pay", actor=scene.finance_head)
    flush()
    award.refresh_from_db()
    assert (again.amount_cny, award.state, award.paid_cny) == (20 * WAN, "paid", 60 * WAN)
    assert counters(scene) == (60 * WAN, 60 * WAN, 60 * WAN, 1)


def test_opening_balance_counts_against_cap_and_places():
    from awards.accounts import quota_bound

    scene = make_scene(places=None, caps=[], quota={"places": 1, "clause": "x"})
    bound = quota_bound(scene.call)
    one = ledger.open_balance(
        [bound],
        actor=scene.lead_head,
        amount_cny=200 * WAN,
        places=1,
        note="宁科〔2023〕1号",
        key="1",
    )
    again = ledger.open_balance(
        [bound],
        actor=scene.lead_head,
        amount_cny=200 * WAN,
        places=1,
        note="宁科〔2023〕1号",
        key="1",
    )
    assert one == again
    scene.opened(one)
    with pytest.raises(ledger.QuotaExceeded) as caught:
        scene.reserved()
    assert [(h.number, h.note, h.places) for h in caught.value.holders] == [
        ("", "宁科〔2023〕1号", 1)
    ]


def test_figures_of_the_call_follow_each_act():
    scene = make_scene(budget="20000000", places=3)
    award = scene.confirmed(amount="1000000")
    scene.case(asked="700000")
    scene.pay(scene.payment(award, "600000"))
    figures = CallFigures.objects.get(call=scene.call)
    assert (figures.budget_cny, figures.committed_cny) == (2000 * WAN, 100 * WAN)
    assert (figures.approved_cny, figures.paid_cny) == (100 * WAN, 60 * WAN)
    assert (figures.places_total, figures.places_committed) == (3, 1)
    # What is in hand takes a look at all cases: the sweep's, not the act's.
    assert (figures.in_hand_cny, figures.in_hand_count) == (0, 0)
    refresh_all()
    figures.refresh_from_db()
    assert (figures.in_hand_cny, figures.in_hand_count) == (70 * WAN, 1)
    assert figures.paid_cny == 60 * WAN


def test_figures_of_cases_in_hand_follow_by_the_sweep():
    from awards.tasks import refresh_figures

    scene = make_scene()
    scene.case(asked="700000")
    assert CallFigures.objects.get(call=scene.call).in_hand_count == 0
    assert refresh_figures() == 1
    figures = CallFigures.objects.get(call=scene.call)
    assert (figures.in_hand_cny, figures.in_hand_count) == (70 * WAN, 1)
    # Nothing is taken yet: budget and places stand as they were published.
    assert (figures.committed_cny, figures.places_left) == (0, 10)
    refresh_figures()
    assert CallFigures.objects.get(call=scene.call).updated_at == figures.updated_at


def test_figures_of_another_call_of_the_measure_follow_its_places():
    first = make_scene(places=None, caps=[], quota={"places": 2, "clause": "x"})
    second = make_scene(places=None, measure=first.measure)
    ledger.open_accounts(second.call, actor=second.lead_head)
    first.reserved()
    assert CallFigures.objects.get(call=second.call).places_left == 1


def test_cap_raised_by_a_newer_definition_is_raised_on_record():
    from datetime import date

    from tests.policy.callable import make_definition

    caps = [cap("unit", "1000000", scope="organisation")]
    scene = make_scene(caps=caps)
    award = scene.reserved(amount="1000000")
    make_definition(
        scene.measure,
        valid_from=date(2026, 1, 2),
        caps=[cap("unit", "1500000", scope="organisation")],
        stages=scene.call.definition.body["stages"],
    )
    newer = make_scene(measure=scene.measure)
    newer.reserved(amount="500000", organisation=award.organisation)
    flush()
    account = CapAccount.objects.get(rule=f"{scene.measure.line}/unit")
    assert (account.cap_cny, account.committed_cny) == (150 * WAN, 150 * WAN)
    event = Event.objects.get(object_type="awards.capaccount", action="ledger.cap")
    assert event.data["cap_cny"] == {"before": "1000000.00", "after": "1500000"}
    # The older definition still binds its own cases.
    with pytest.raises(ledger.CapExceeded) as caught:
        scene.reserved(amount="1", organisation=award.organisation)
    assert caught.value.left_cny == -50 * WAN


def _admin(award):
    from portal.accounts.models import Membership

    return Membership.objects.get(organisation=award.organisation, role="org_admin").user


# --- what the database itself refuses ------------------------------------------------


@pytest.mark.parametrize("model", [Entry, Posting])
@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_running_role_never_changes_an_entry_or_posting(model, act):
    make_scene().reserved()
    rows = model.objects.all()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        rows.update(id=0) if act == "update" else rows._raw_delete("default")


@pytest.mark.parametrize(
    "changes", [{"committed_cny": 0}, {"approved_cny": 1}, {"paid_cny": 1}, {"committed_places": 0}]
)
def test_the_running_role_never_moves_a_counter(changes):
    make_scene().reserved()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        CapAccount.objects.update(**changes)


@pytest.mark.parametrize("changes", [{"state": "paid"}, {"approved_cny": 1}, {"paid_cny": 1}])
def test_the_running_role_never_moves_an_award(changes):
    make_scene().reserved()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Award.objects.update(**changes)


def test_account_starts_empty_whoever_makes_it():
    account = CapAccount.objects.create(
        rule="x", scope="y", label_zh="x", label_en="x", committed_cny=5, committed_places=5
    )
    account.refresh_from_db()
    assert (account.committed_cny, account.committed_places) == (0, 0)


def _refused(name: str):
    class Guard:
        def __enter__(self):
            self.inner = pytest.raises(IntegrityError)
            self.caught = self.inner.__enter__()
            self.block = transaction.atomic()
            self.block.__enter__()

        def __exit__(self, *exc):
            if exc[0] is None:
                try:
                    flush()
                except IntegrityError as error:
                    exc = (type(error), error, error.__traceback__)
            self.block.__exit__(*exc)
            result = self.inner.__exit__(*exc)
            assert self.caught.value.__cause__.diag.constraint_name == name
            return result

    return Guard()


def test_entry_without_its_event_is_refused_at_commit(monkeypatch):
    scene = make_scene()
    case = scene.case()
    monkeypatch.setattr(ledger, "record", lambda *args, **more: None)
    with _refused("audit_required"):
        ledger.reserve(case, actor=scene.lead_head, basis=basis("1"))
        workflow.move(case, "select", actor=scene.lead_head)


def test_entry_without_postings_is_refused_at_commit():
    scene = make_scene()
    case = scene.case()
    bulk_create = Posting.objects.bulk_create
    Posting.objects.bulk_create = lambda rows: None
    try:
        with _refused("ledger_entry_posted"):
            ledger.reserve(case, actor=scene.lead_head, basis=basis("1"))
            workflow.move(case, "select", actor=scene.lead_head)
    finally:
        Posting.objects.bulk_create = bulk_create


def test_approval_that_leaves_an_account_out_is_refused_at_commit(monkeypatch):
    scene = make_scene()
    award = scene.to_decision(scene.reserved())
    flush()
    accounts_of = ledger.accounts_of
    monkeypatch.setattr(
        ledger, "accounts_of", lambda award: accounts_of(award).filter(rule="call_budget")
    )
    with _refused("ledger_entry_posted"):
        ledger.approve(award, actor=scene.lead_head, approved_cny=100 * WAN)
        workflow.move(award.application, "decide", actor=scene.lead_head)


@pytest.mark.django_db(transaction=True)
def test_posting_to_an_entry_of_an_earlier_transaction_is_refused():
    entry = make_scene().reserved().entries.get()
    other = CapAccount.objects.create(rule="x", scope="y", label_zh="x", label_en="x")
    with _refused("posting_with_entry"):
        Posting.objects.create(entry=entry, account=other)


def test_case_that_ends_with_money_reserved_is_refused_at_commit():
    scene = make_scene()
    award = scene.reserved()
    flush()
    with _refused("award_agrees_with_case"):
        workflow.move(award.application, "withdraw", actor=_admin(award), note="x")


def test_award_released_while_its_case_goes_on_is_refused_at_commit():
    scene = make_scene()
    award = scene.reserved()
    flush()
    with _refused("award_agrees_with_case"):
        ledger.release(award, actor=scene.lead_head, note="x")


def test_case_called_paid_without_the_ledger_is_refused_at_commit():
    scene = make_scene()
    award = scene.confirmed()
    flush()
    with _refused("award_agrees_with_case"):
        workflow.move(award.application, "pay", actor=scene.finance_head)


def test_payment_called_sent_without_the_ledger_is_refused_at_commit():
    from portal.audit.recording import record

    scene = make_scene()
    payment = scene.payment(scene.confirmed(), "1")
    flush()
    with _refused("payment_agrees_with_ledger"):
        payment.state = "sent"
        payment.save(update_fields=["state"])
        record("payment.send", obj=payment, actor="test", from_state="planned", to_state="sent")


def test_payment_in_the_ledger_that_is_still_called_planned_is_refused_at_commit():
    scene = make_scene()
    payment = scene.payment(scene.confirmed(), "1")
    flush()
    with _refused("payment_agrees_with_ledger"):
        ledger.pay(payment, actor=scene.finance_head)


def test_award_without_reservation_is_refused_at_commit():
    scene = make_scene()
    case = scene.case()
    flush()
    with _refused("award_has_reservation"):
        Award.objects.create(
            application=case,
            call=case.call,
            organisation=case.organisation,
            definition=case.definition,
            year=2026,
            computed_cny=1,
            capped_cny=1,
            recommended_cny=1,
            trace={},
            made_at=case.started_at,
        )


def test_account_of_a_call_follows_the_calls_budget_and_nobody_else():
    from policy import call_changes
    from policy.models import Call

    scene = make_scene(budget="1000000")
    scene.reserved(amount="800000")
    flush()
    with _refused("cap_follows_call"):
        CapAccount.objects.filter(call=scene.call, rule="call_budget").update(cap_cny=1)
    with _refused("committed_within_cap"):
        Call.objects.filter(pk=scene.call.pk).update(budget_cny=Decimal("799999.99"))
    drafter, publisher = scene.call.drafted_by, scene.call.published_by
    act = call_changes.draft(
        scene.call, "budget_cny", actor=drafter, reason="追加", after=Decimal("1200000")
    )
    call_changes.put_into_effect(act, actor=publisher)
    flush()
    assert CapAccount.objects.get(call=scene.call, rule="call_budget").cap_cny == 120 * WAN


def test_cap_changed_without_an_event_is_refused_at_commit():
    scene = make_scene(caps=[cap("unit", "1000000", scope="organisation")])
    scene.reserved(amount="800000")
    flush()
    with _refused("audit_required"):
        CapAccount.objects.filter(rule__endswith="/unit").update(cap_cny=2_000_000)
