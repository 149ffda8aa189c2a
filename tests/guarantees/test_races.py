"""Guarantees 1 and 2 over real connections, as the running role: officers at the last ¥1 and at
the last place. Exactly one wins; the others see what is left and who holds it."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import transaction

from applications import workflow
from applications.models import Application
from awards import decisions, ledger, payments
from awards.confirming import confirm_selection
from awards.models import Award, CapAccount, Entry
from awards.withdrawing import release_proposal, withdraw
from policy import call_changes
from portal import clock
from portal.accounts.models import Role
from reviews.refusals import Refused
from tests.awards.cases import Scene, basis, cap, make_scene
from tests.awards.racing import at_once, until_somebody_waits
from tests.awards.test_decisions import confirmed, draft, ready
from tests.awards.test_withdrawing import objected
from tests.factories import person

pytestmark = pytest.mark.django_db(transaction=True)

ONE = Decimal("1.00")


def take(scene: Scene, case, amount: Decimal = ONE, *, held: Callable = lambda: None) -> Award:
    """An officer's act: reserve and list the case, in one transaction; ``held`` runs before the
    commit, with the locks taken."""
    with transaction.atomic():
        award = ledger.reserve(case, actor=scene.lead_head, basis=basis(amount))
        workflow.move(case, "select", actor=scene.lead_head)
        held()
    return award


def last_one(scene: Scene, number: int) -> list:
    """``number`` cases that all ask for the last ¥1."""
    scene.reserved(amount=str(scene.call.budget_cny - ONE))
    return [scene.case(asked="1") for _ in range(number)]


def check_one_winner(scene: Scene, results: list, *, kind: type, left) -> Award:
    winners = [row for row in results if isinstance(row, Award)]
    assert len(winners) == 1, results
    losers = [row for row in results if not isinstance(row, Award)]
    assert {type(row) for row in losers} <= {kind}, losers
    for refusal in losers:
        # Found by the check under the lock, before anything was written.
        assert refusal.constraint == ""
        found = refusal.left_cny if kind is ledger.CapExceeded else refusal.left
        assert found == left
        assert winners[0].application.number in {holder.number for holder in refusal.holders}
    assert Entry.objects.filter(award=winners[0]).count() == 1
    return winners[0]


def test_two_officers_at_the_last_yuan_one_wins_the_other_sees_who_holds_it():
    scene = make_scene(budget="100", caps=[])
    one, other = last_one(scene, 2)
    results = at_once(lambda: take(scene, one), lambda: take(scene, other))
    check_one_winner(scene, results, kind=ledger.CapExceeded, left=0)
    account = CapAccount.objects.get(rule="call_budget", call=scene.call)
    assert account.committed_cny == account.cap_cny == 100


def test_two_officers_at_the_last_place_one_wins_the_other_sees_who_holds_it():
    scene = make_scene(places=3, caps=[])
    for _ in range(2):
        scene.reserved()
    one, other = scene.case(), scene.case()
    results = at_once(lambda: take(scene, one), lambda: take(scene, other))
    check_one_winner(scene, results, kind=ledger.QuotaExceeded, left=0)
    account = CapAccount.objects.get(rule="call_budget", call=scene.call)
    assert account.committed_places == account.cap_places == 3


@pytest.mark.parametrize("bound", ["budget", "places", "places of two calls", "cap of two calls"])
def test_the_second_waits_for_the_first_and_is_refused_before_it_writes(bound):
    """The lock, not only the CHECK: the second reads what the first has committed."""
    kind = ledger.QuotaExceeded if "places" in bound else ledger.CapExceeded
    one = two = make_scene(
        budget="1" if bound == "budget" else "100",
        places=1 if "places" in bound else 10,
        caps=[cap("unit", "1", scope="organisation", period="year")] if "cap" in bound else [],
        quota={"places": 1 if "places" in bound else 10, "clause": "x"},
    )
    if "two calls" in bound:
        two = make_scene(places=1 if "places" in bound else 10, measure=one.measure)
    first = one.case(asked="1")
    second = two.case(asked="1", organisation=first.organisation)
    for scene, case in ((one, first), (two, second)):
        ledger.open_accounts(scene.call, actor=scene.lead_head)
        ledger.open_accounts(case, actor=scene.lead_head)
    inside = threading.Event()

    def hold():
        inside.set()
        until_somebody_waits()

    def follow():
        assert inside.wait(30)
        return take(two, second)

    results = at_once(lambda: take(one, first, held=hold), follow)
    winner = check_one_winner(one, results, kind=kind, left=0)
    assert winner.application_id == first.pk


def test_the_second_has_what_the_first_gave_up():
    """A first transaction that rolls back leaves the room to the one that waits."""
    scene = make_scene(budget="1", caps=[])
    first, second = scene.case(asked="1"), scene.case(asked="1")
    inside = threading.Event()

    def give_up():
        inside.set()
        until_somebody_waits()
        raise KeyboardInterrupt

    def follow():
        assert inside.wait(30)
        return take(scene, second)

    results = at_once(lambda: take(scene, first, held=give_up), follow)
    assert isinstance(results[0], KeyboardInterrupt)
    assert results[1].application_id == second.pk


def test_an_account_that_two_open_at_once_is_one_account():
    scene = make_scene(budget="2", caps=[])
    cases = [scene.case(asked="1") for _ in range(2)]
    results = at_once(*[lambda case=case: take(scene, case) for case in cases])
    assert {type(row) for row in results} == {Award}
    rows = CapAccount.objects.filter(rule="call_budget").values_list("committed_cny")
    assert list(rows) == [(2,)]


def test_acts_on_shared_accounts_in_any_order_never_wait_in_a_circle():
    """Two calls share the measure's places, organisations apply in both: accounts are locked in
    the order of their key, so no act is a deadlock's victim."""
    caps = [cap("unit", "1000", scope="organisation", period="lifetime")]
    quota = {"places": 60, "clause": "x"}
    one = make_scene(budget="1000", places=60, caps=caps, quota=quota)
    two = make_scene(budget="1000", places=60, measure=one.measure)
    organisations = [one.case(status="draft").organisation for _ in range(3)]
    jobs = []
    for number in range(12):
        scene = (one, two)[number % 2]
        case = scene.case(asked="1", organisation=organisations[number % 3])
        jobs.append(lambda scene=scene, case=case: take(scene, case))
    results = at_once(*jobs)
    assert [row for row in results if not isinstance(row, Award)] == []
    quota_account = CapAccount.objects.get(rule=f"{one.measure.line}/places")
    assert quota_account.committed_places == 12


# --- acts on one thing at one moment -----------------------------------------------------


def one_after_the_other(first: Callable, second: Callable) -> list:
    """The first act holds its transaction open until the second one waits for it."""
    inside = threading.Event()

    def lead():
        with transaction.atomic():
            found = first()
            inside.set()
            until_somebody_waits()
        return found

    def follow():
        assert inside.wait(30)
        return second()

    return at_once(lead, follow)


def admin_of(case):
    return case.organisation.memberships.get(role="org_admin").user


def test_one_key_at_once_is_one_act():
    """An approval that is sent twice at the same moment converts the reservation once."""
    scene = make_scene(caps=[])
    award = scene.to_decision(scene.reserved(amount="10"))

    def approve(case_too: bool):
        entry = ledger.approve(award, actor=scene.lead_head, approved_cny=Decimal(10))
        if case_too:
            workflow.add_party(
                award.application, "finance", unit=scene.finance_bureau, at=award.made_at
            )
            workflow.move(award.application, "decide", actor=scene.lead_head)
        return entry

    results = one_after_the_other(lambda: approve(True), lambda: approve(False))
    assert {row.pk for row in results} == {Entry.objects.get(kind="approve").pk}
    account = CapAccount.objects.get(rule="call_budget", call=scene.call)
    assert (account.committed_cny, account.approved_cny) == (10, 10)


def test_two_heads_who_confirm_one_selection_confirm_it_once():
    scene = make_scene(caps=[])
    selection = scene.selection((scene.case(), "support", "1000000"))
    second_head = person(Role.HEAD, unit=scene.lead)
    results = one_after_the_other(
        lambda: confirm_selection(selection, actor=scene.lead_head),
        lambda: confirm_selection(selection, actor=second_head),
    )
    assert (results[0].state, results[1].reason) == ("confirmed", "state")
    assert Entry.objects.count() == 1


def test_case_that_is_withdrawn_while_its_selection_is_confirmed_is_named():
    scene = make_scene(caps=[])
    case = scene.case()
    selection = scene.selection((case, "support", "1000000"))
    results = one_after_the_other(
        lambda: withdraw(case, actor=case.admin, reason="x"),
        lambda: confirm_selection(selection, actor=scene.lead_head),
    )
    assert isinstance(results[1], Refused), results
    assert (results[1].reason, results[1].facts["number"]) == ("case_moved", case.number)
    assert not Entry.objects.exists()


def test_case_that_is_withdrawn_while_its_decision_is_signed_is_named():
    scene = make_scene(caps=[])
    award = ready(scene)
    decision = draft(scene, award)
    case = award.application
    results = one_after_the_other(
        lambda: withdraw(case, actor=admin_of(case), reason="x"),
        lambda: decisions.release(decision, actor=scene.lead_head),
    )
    assert isinstance(results[1], Refused), results
    assert results[1].reason == "case_moved"
    assert not Entry.objects.filter(kind="approve").exists()


def test_decision_that_is_discarded_while_it_is_signed_stays_signed():
    scene = make_scene(caps=[])
    decision = draft(scene, ready(scene))
    results = one_after_the_other(
        lambda: decisions.release(decision, actor=scene.lead_head),
        lambda: decisions.discard(decision, actor=scene.lead_clerk, reason="x"),
    )
    assert isinstance(results[1], Refused), results
    assert (results[0].state, results[1].reason) == ("released", "state")


def test_instalment_that_two_clerks_draft_at_once_is_drafted_once():
    scene = make_scene(caps=[])
    award = ready(scene)
    confirmed(scene, award)

    def act():
        return payments.draft(scene.call, awards=[award], actor=scene.finance)

    results = one_after_the_other(act, act)
    assert isinstance(results[1], Refused), results
    assert results[1].reason == "not_due"
    assert award.payments.count() == 1


def test_batch_that_two_heads_sign_at_once_pays_once():
    scene = make_scene(caps=[])
    award = ready(scene)
    confirmed(scene, award)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    second_head = person(Role.FINANCE_HEAD, unit=scene.finance_bureau)
    results = one_after_the_other(
        lambda: payments.release(batch, actor=scene.finance_head),
        lambda: payments.release(batch, actor=second_head),
    )
    assert isinstance(results[1], Refused), results
    assert (results[0].state, results[1].reason) == ("released", "state")
    assert Entry.objects.filter(kind="pay").count() == 1


def test_arrival_that_two_clerks_record_at_once_is_recorded_once():
    scene = make_scene(caps=[])
    award = ready(scene)
    confirmed(scene, award)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.release(batch, actor=scene.finance_head)
    payment, today = batch.payments.get(), clock.today()

    def act():
        return payments.arrived(payment, actor=scene.finance, on=today)

    results = one_after_the_other(act, act)
    assert isinstance(results[1], Refused), results
    assert results[1].reason == "state"


def test_case_and_accounts_are_locked_in_one_order_when_an_objection_is_upheld():
    """Who withdraws holds the case and comes to the accounts; who upholds the objection takes
    the case first too, so the two wait in a line, not in a circle."""
    scene = make_scene(caps=[])
    case, proposal = objected(scene)
    held = threading.Event()

    def withdraw_slowly():
        with transaction.atomic():
            Application.objects.select_for_update().get(pk=case.pk)
            held.set()
            until_somebody_waits()
            return withdraw(case, actor=admin_of(case), reason="x")

    def uphold():
        assert held.wait(30)
        return release_proposal(proposal, actor=scene.lead_head)

    results = at_once(withdraw_slowly, uphold)
    assert results[0].status == "withdrawn", results
    assert isinstance(results[1], Refused), results
    assert results[1].reason == "changed"


@pytest.mark.parametrize("act", ["reserve", "confirm_selection", "open_accounts"])
def test_account_is_never_opened_with_a_budget_that_is_being_changed(act):
    scene = make_scene(budget="1000000", caps=[])
    case = scene.case()
    selection = scene.selection((case, "support", "1000000"))
    drafter, publisher = scene.call.drafted_by, scene.call.published_by
    change = call_changes.draft(
        scene.call, "budget_cny", actor=drafter, reason="x", after=Decimal("1200000")
    )
    acts = {
        "reserve": lambda: take(scene, case, Decimal("1000000")),
        "confirm_selection": lambda: confirm_selection(selection, actor=scene.lead_head),
        "open_accounts": lambda: ledger.open_accounts(scene.call, actor=scene.lead_head),
    }
    results = one_after_the_other(
        lambda: call_changes.put_into_effect(change, actor=publisher), acts[act]
    )
    assert not isinstance(results[1], BaseException), results
    account = CapAccount.objects.get(rule="call_budget", call=scene.call)
    assert account.cap_cny == Decimal("1200000")


@pytest.mark.long
@pytest.mark.parametrize("round_", range(3))
def test_fifty_officers_at_the_last_yuan(round_):
    scene = make_scene(budget="1000", places=9999, quota={}, caps=[])
    cases = last_one(scene, 50)
    results = at_once(*[lambda case=case: take(scene, case) for case in cases])
    check_one_winner(scene, results, kind=ledger.CapExceeded, left=0)
    account = CapAccount.objects.get(rule="call_budget", call=scene.call)
    assert account.committed_cny == account.cap_cny


@pytest.mark.long
@pytest.mark.parametrize("round_", range(3))
def test_a_hundred_officers_at_place_ten_of_ten(round_):
    scene = make_scene(places=10, caps=[])
    for _ in range(9):
        scene.reserved()
    cases = [scene.case() for _ in range(100)]
    results = at_once(*[lambda case=case: take(scene, case) for case in cases])
    check_one_winner(scene, results, kind=ledger.QuotaExceeded, left=0)
    account = CapAccount.objects.get(rule="call_budget", call=scene.call)
    assert account.committed_places == 10


@pytest.mark.long
def test_fifty_officers_share_what_is_left_to_the_fen():
    """None over and none needlessly under: the sum of the winners is the most that fits."""
    scene = make_scene(budget="10", places=9999, quota={}, caps=[])
    amounts = [Decimal(n % 3 + 1) for n in range(50)]
    cases = [scene.case(asked=str(amount)) for amount in amounts]
    results = at_once(
        *[
            lambda c=case, a=amount: take(scene, c, a)
            for case, amount in zip(cases, amounts, strict=True)
        ]
    )
    won = sum(row.recommended_cny for row in results if isinstance(row, Award))
    account = CapAccount.objects.get(rule="call_budget", call=scene.call)
    assert won == account.committed_cny == 10
    for refusal in results:
        if not isinstance(refusal, Award):
            assert refusal.asked_cny > refusal.left_cny
