"""Confirming a selection: everything in one transaction, or nothing and why."""

from decimal import Decimal

import pytest

from applications.models import Letter
from awards import whatif
from awards.confirming import confirm_selection
from awards.ledger import CapExceeded, QuotaExceeded
from awards.models import Award, CapAccount, Entry
from policy import computing
from policy.calls import schema_of
from portal.audit.models import Event
from reviews.refusals import Refused
from tests.awards.cases import cap, make_scene
from tests.awards.test_ledger import flush

pytestmark = pytest.mark.django_db

WAN = Decimal(10_000)


def confirm(scene, selection, **more):
    return confirm_selection(selection, actor=scene.lead_head, **more)


def test_confirmed_selection_reserves_moves_and_writes_to_every_case():
    scene = make_scene()
    one, two, three = (scene.case(asked="1000000") for _ in range(3))
    selection = scene.selection(
        (one, "support", "900000"), (two, "waitlist", "0"), (three, "reject", "0")
    )
    confirm(scene, selection)
    flush()
    for case in (one, two, three):
        case.refresh_from_db()
    assert [case.status for case in (one, two, three)] == [
        "public_notice", "waitlisted", "not_selected",
    ]  # fmt: skip
    award = Award.objects.get()
    assert (award.application, award.recommended_cny, award.selection) == (one, 90 * WAN, selection)
    assert (one.recommended_cny, one.capped_cny) == (90 * WAN, 100 * WAN)
    selection.refresh_from_db()
    assert (selection.state, selection.confirmed_by) == ("confirmed", scene.lead_head)
    words = dict(Letter.objects.values_list("application__number", "body"))
    assert words[one.number].startswith("结果：拟支持。")
    assert words[three.number] == "结果：不支持。未达到要求。下一环节：本次申报办结。"
    assert Event.objects.filter(action="selection.confirm").count() == 1


def test_stored_trace_recomputes_to_the_fen_and_tells_the_commitments():
    scene = make_scene(caps=[cap("unit", "1500000", scope="organisation")])
    one = scene.case(asked="1000000")
    two = scene.case(asked="900000", organisation=one.organisation)
    confirm(scene, scene.selection((one, "support", "1000000"), (two, "support", "500000")))
    first, second = Award.objects.order_by("pk")
    assert (second.computed_cny, second.capped_cny) == (90 * WAN, 50 * WAN)
    assert second.trace["binding_cap"] == "unit"
    committed = {row["cap"]: row["cny"] for row in second.trace["arguments"]["committed"]}
    assert committed == {"unit": "1000000.00", "call_budget": "1000000.00"}
    for award in (first, second):
        again = computing.replay(schema_of(award.definition), award.trace)
        assert again.canonical() == computing.canonical(award.trace)
        assert (again.computed_cny, again.capped_cny) == (award.computed_cny, award.capped_cny)


def test_too_little_budget_refuses_the_whole_selection_with_the_sum_asked():
    scene = make_scene(budget="1500000", caps=[])
    cases = [scene.case(asked="800000") for _ in range(2)]
    selection = scene.selection(*[(case, "support", "800000") for case in cases])
    with pytest.raises(CapExceeded) as caught:
        confirm(scene, selection)
    assert (caught.value.asked_cny, caught.value.left_cny) == (160 * WAN, 150 * WAN)
    selection.refresh_from_db()
    assert (selection.state, Award.objects.count(), Entry.objects.count()) == ("drafted", 0, 0)
    cases[0].refresh_from_db()
    assert cases[0].status == "selection"


def test_too_few_places_refuse_the_whole_selection_and_name_the_holders():
    scene = make_scene(places=2, caps=[])
    held = scene.reserved()
    cases = [scene.case() for _ in range(2)]
    with pytest.raises(QuotaExceeded) as caught:
        confirm(scene, scene.selection(*[(case, "support", "1000000") for case in cases]))
    assert (caught.value.asked, caught.value.left) == (2, 1)
    assert [holder.number for holder in caught.value.holders] == [held.application.number]
    assert Award.objects.count() == 1


def test_recommendation_above_what_is_computed_and_capped_is_refused():
    scene = make_scene(caps=[])
    case = scene.case(asked="800000", capped="900000")
    with pytest.raises(Refused) as caught:
        confirm(scene, scene.selection((case, "support", "900000.01")))
    assert caught.value.reason == "above_cap"
    assert caught.value.facts["capped_cny"] == 90 * WAN


def test_one_off_support_is_refused_for_who_has_it():
    scene = make_scene(caps=[cap("centre", "2000000", once=True)])
    held = scene.reserved()
    case = scene.case(organisation=held.organisation)
    with pytest.raises(QuotaExceeded) as caught:
        confirm(scene, scene.selection((case, "support", "1000000")))
    assert caught.value.account.rule.endswith("/centre")


@pytest.mark.parametrize(
    ("who", "reason"),
    [("lead_clerk", "role"), ("finance_head", "role"), ("drafter_head", "same_person")],
)
def test_only_a_head_who_did_not_draft_confirms(who, reason):
    scene = make_scene()
    drafter = scene.lead_head if who == "drafter_head" else scene.lead_clerk
    selection = scene.selection((scene.case(), "support", "1000000"), drafted_by=drafter)
    actor = drafter if who == "drafter_head" else getattr(scene, who)
    with pytest.raises(Refused) as caught:
        confirm_selection(selection, actor=actor)
    assert caught.value.reason == reason
    assert Award.objects.count() == 0


def test_confirming_twice_is_refused_and_reserves_once():
    scene = make_scene()
    selection = scene.selection((scene.case(), "support", "1000000"))
    confirm(scene, selection)
    with pytest.raises(Refused) as caught:
        confirm(scene, selection)
    assert (caught.value.reason, Entry.objects.count()) == ("state", 1)


def test_selection_that_changed_since_the_page_was_made_is_refused():
    scene = make_scene()
    selection = scene.selection((scene.case(), "support", "1000000"))
    with pytest.raises(Refused) as caught:
        confirm(scene, selection, seen_revision=selection.revision + 1)
    assert caught.value.reason == "changed"


def test_case_that_was_withdrawn_meanwhile_is_named():
    scene = make_scene()
    case = scene.case()
    selection = scene.selection((case, "support", "1000000"))
    from awards.withdrawing import withdraw

    withdraw(case, actor=case.admin, reason="不再申报")
    with pytest.raises(Refused) as caught:
        confirm(scene, selection)
    assert (caught.value.reason, caught.value.facts["number"]) == ("case_moved", case.number)


def test_empty_selection_is_refused():
    scene = make_scene()
    with pytest.raises(Refused) as caught:
        confirm(scene, scene.selection())
    assert caught.value.reason == "no_items"


def test_what_if_says_before_confirming_what_each_account_would_hold():
    scene = make_scene(
        budget="1500000", places=1, caps=[cap("unit", "2000000", scope="organisation")]
    )
    cases = [scene.case(asked="800000") for _ in range(2)]
    selection = scene.selection(*[(case, "support", "800000") for case in cases])
    rows = whatif.of_selection(selection)
    budget = next(row for row in rows if row.bound.rule == "call_budget")
    assert (budget.asked_cny, budget.left_cny, budget.over_cny) == (160 * WAN, 150 * WAN, 10 * WAN)
    assert (budget.asked_places, budget.left_places, budget.over_places) == (2, 1, 1)
    assert [row.fits for row in rows if row.bound.rule.endswith("/unit")] == [True, True]
    assert CapAccount.objects.count() == 0


def test_what_the_reviewers_recognised_is_computed_on_not_what_was_answered():
    """A line without invoices: its one figure is the verified one, once there is one."""
    scene = make_scene()
    case = scene.case(asked="1000000")
    verified = computing.compute(
        schema_of(case.definition),
        inputs={"invested_cny": "800000.00"},
        settings=case.call.settings,
        committed={},
        on=case.submitted_at.date(),
    )
    case.verified_cny, case.computation = 80 * WAN, verified.as_json()
    case.save(update_fields=["verified_cny", "computation"])
    with pytest.raises(Refused) as caught:
        confirm(scene, scene.selection((case, "support", "900000")))
    assert caught.value.reason == "above_cap"
    assert caught.value.facts["capped_cny"] == 80 * WAN
    confirm(scene, scene.selection((case, "support", "800000")))
    assert Award.objects.get().computed_cny == 80 * WAN
