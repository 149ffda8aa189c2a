"""Settings of a call that the ledger, the meeting and the payments obey: each one changed changes
what comes out."""

import copy
from datetime import timedelta
from decimal import Decimal

import pytest

from awards import accounts
from awards.accounts import bounds_of, committed, find, scope_of
from awards.confirming import confirm_selection
from awards.ledger import CapExceeded, QuotaExceeded
from awards.models import Award, CapAccount
from awards.payments import city_share
from awards.withdrawing import cancel, withdraw
from policy import rules
from policy.common_settings import added
from reviews import selecting
from reviews.refusals import Refused
from tests.awards.cases import BODY, cap, make_scene
from tests.catalogue import CATALOGUE
from tests.policy import callable as callables

pytestmark = pytest.mark.django_db

WAN = Decimal(10_000)
STACK = {
    "code": "two_lines",
    "label": {"zh": "两条款", "en": "Two lines"},
    "lines": ["10-1", "10-2"],
    "scope": "organisation",
}


@pytest.fixture(scope="module")
def shared():
    return CATALOGUE.shared


@pytest.fixture
def scene_of(shared):
    """A scene whose definition has the settings of every call, with the call's values."""

    def make(settings=None, *, caps=(), position=1, **more):
        line = f"10-{position}"
        body = added(
            {
                "line": line,
                "award": BODY["award"],
                "caps": [copy.deepcopy(row) for row in caps],
                "settings": callables.SETTINGS,
                "quota": callables.BODY["quota"],
            },
            shared=shared,
            stacking=[STACK],
            units=[],
            lines=["10-1", "10-2", "10-3"],
        )
        body = {name: body[name] for name in ("settings", "stacking") if name in body}
        return make_scene(
            caps=list(caps),
            position=position,
            settings=settings,
            body=body,
            **more,
        )

    return make


def confirm(scene, *items):
    return confirm_selection(scene.selection(*items), actor=scene.lead_head)


def both(scene, first="1000000", second="900000"):
    """Two supported cases of one organisation under the call, the second as high as it may be."""
    one = scene.case(asked=first)
    two = scene.case(asked=second, organisation=one.organisation)
    confirm(scene, (one, "support", first))
    return two


# --- scope, period, one-off, a lower ceiling ---------------------------------------------


def test_two_centres_share_a_cap_or_have_one_each_as_the_call_says(scene_of):
    caps = [cap("centre", "1500000", scope="organisation")]
    scene = scene_of(caps=caps)
    two = both(scene)
    with pytest.raises(CapExceeded) as refused:
        confirm(scene, (two, "support", "900000"))
    assert (refused.value.account.rule, refused.value.left_cny) == ("10-1/centre", 50 * WAN)
    confirm(scene, (two, "support", "500000"))


def test_per_project_the_second_centre_has_its_own_cap(scene_of):
    scene = scene_of({"centre.scope": "project"}, caps=[cap("centre", "1500000")])
    two = both(scene)
    confirm(scene, (two, "support", "900000"))
    assert CapAccount.objects.filter(rule="10-1/centre").count() == 2


def test_the_answer_that_names_the_centre_tells_two_apart_and_one_again(scene_of):
    scene = scene_of(caps=[cap("centre", "1500000", once=True)])
    one = scene.case(asked="1000000")
    two, again = (scene.case(asked="1000000", organisation=one.organisation) for _ in range(2))
    for case, name in ((one, "a"), (two, "b"), (again, "a")):
        case.subjects = {"centre": f"{one.organisation.uid}~{name}"}
        case.save(update_fields=["subjects"])
    confirm(scene, (one, "support", "1000000"), (two, "support", "900000"))
    with pytest.raises(QuotaExceeded):
        confirm(scene, (again, "support", "1"))


def test_a_cap_of_the_year_starts_anew_and_one_of_a_lifetime_does_not(scene_of):
    caps = [cap("centre", "1500000", scope="organisation")]
    periods = (("year", "/2026"), ("lifetime", "/lifetime"), ("call", None))
    for position, (period, tail) in enumerate(periods, start=1):
        scene = scene_of({"centre.period": period}, caps=caps, position=position)
        case = scene.case(asked="1000000")
        (bound,) = [row for row in bounds_of(case) if row.cap_code == "centre"]
        assert bound.scope.endswith(tail or f"/{scene.call.uid}")


def test_a_lower_ceiling_of_the_call_binds_in_the_ledger(scene_of):
    caps = [cap("centre", "1500000", scope="organisation")]
    scene = scene_of({"centre.amount_cny": "600000.00"}, caps=caps)
    case = scene.case(asked="1000000")
    with pytest.raises(CapExceeded):
        confirm(scene, (case, "support", "600000.01"))
    confirm(scene, (case, "support", "600000"))
    assert CapAccount.objects.get(rule="10-1/centre").cap_cny == 60 * WAN


def test_a_ceiling_for_one_case_where_the_document_has_none(scene_of):
    scene = scene_of({"case_limit_cny": "400000.00"})
    case = scene.case(asked="1000000")
    with pytest.raises(CapExceeded):
        confirm(scene, (case, "support", "400000.01"))
    confirm(scene, (case, "support", "400000"))
    assert CapAccount.objects.get(rule="10-1/case_limit").committed_cny == 40 * WAN


# --- several lines -------------------------------------------------------------------------


GROUP = {"group_limit_cny": "1200000.00", "group_lines": ["10-2"]}


def test_a_ceiling_over_two_lines_counts_both_and_the_database_holds_it(scene_of):
    one = scene_of(GROUP)
    two = scene_of({**GROUP, "group_lines": ["10-1"]}, position=2)
    first = one.case(asked="1000000")
    confirm(one, (first, "support", "1000000"))
    second = two.case(asked="900000", organisation=first.organisation)
    with pytest.raises(CapExceeded) as refused:
        confirm(two, (second, "support", "900000"))
    assert refused.value.left_cny == 20 * WAN
    confirm(two, (second, "support", "200000"))
    account = CapAccount.objects.get(rule__startswith="group/")
    assert (account.cap_cny, account.committed_cny) == (120 * WAN, 120 * WAN)


def test_what_was_granted_under_a_call_without_the_ceiling_counts_too(scene_of):
    one = scene_of()
    two = scene_of({**GROUP, "group_lines": ["10-1"]}, position=2)
    first = one.case(asked="1000000")
    confirm(one, (first, "support", "1000000"))
    second = two.case(asked="900000", organisation=first.organisation)
    with pytest.raises(CapExceeded) as refused:
        confirm(two, (second, "support", "200000.01"))
    assert refused.value.left_cny == 20 * WAN


@pytest.mark.parametrize(
    ("mode", "most"),
    [("none", "900000"), ("exclude", None), ("higher", None), ("top_up", "500000")],
)
def test_a_rule_of_stacking_over_two_lines(scene_of, mode, most):
    """The first line gave 100 万; the second would give 90 under a cap of 150."""
    one = scene_of()
    caps = [cap("result", "1500000", scope="project")]
    two = scene_of({"two_lines.mode": mode}, caps=caps, position=2)
    first = one.case(asked="1000000")
    confirm(one, (first, "support", "1000000"))
    second = two.case(asked="900000", organisation=first.organisation)
    if most is None:
        with pytest.raises(Refused, match="not_eligible") as refused:
            confirm(two, (second, "support", "1"))
        (reason,) = refused.value.facts["reasons"]
        assert reason.code == "stacking.two_lines"
        return
    confirm(two, (second, "support", most))
    assert Award.objects.get(application=second).capped_cny == Decimal(most)


def test_support_that_was_given_back_no_longer_rules_out(scene_of):
    one = scene_of()
    two = scene_of({"two_lines.mode": "exclude"}, position=2)
    first = one.case(asked="1000000")
    confirm(one, (first, "support", "1000000"))
    second = two.case(asked="900000", organisation=first.organisation)
    bounds = bounds_of(second)

    def held():
        accounts = {(row.rule, row.scope): row for row in find(row.key for row in bounds)}
        found = committed(bounds, accounts)
        key = f"organisation:{first.organisation.uid}/lifetime"
        return found["stacking.two_lines", key], found["stacking.two_lines.places", key]

    assert held() == (100 * WAN, 1)
    withdraw(first, actor=first.admin, reason="另行申报")
    assert held() == (0, 0)
    confirm(two, (second, "support", "900000"))


# --- year, places, meeting, sharing -----------------------------------------------------------


def test_the_year_is_the_calls_or_that_of_the_submission_or_a_fiscal_one(scene_of):
    scene = scene_of({"award_year": "submitted"}, caps=[cap("centre", "1500000", period="year")])
    case = scene.case(asked="1000000")
    case.call.year = 2024
    assert scope_of(case).year == case.submitted_at.year
    case.call.settings = {"rate": "1"}
    assert scope_of(case).year == 2024
    case.call.settings = {"award_year": "submitted", "fiscal_year_start": 12}
    case.submitted_at = case.submitted_at.replace(month=6)
    assert scope_of(case).year == case.submitted_at.year - 1
    case.call.settings = {"award_year": "selected"}
    case.submitted_at -= timedelta(days=800)
    assert scope_of(case).year > case.submitted_at.year


def test_places_mean_in_total_or_for_each_year_as_the_call_says(scene_of):
    for position, (meaning, tail) in enumerate((("total", "lifetime"), ("per_year", "2026")), 1):
        scene = scene_of({"quota.meaning": meaning}, position=position)
        case = scene.case(asked="1000000")
        places = [row for row in bounds_of(case) if row.rule.endswith("/places")]
        assert [row.scope.rpartition("/")[2] for row in places] == [tail]


@pytest.mark.parametrize(("frees", "held"), [(True, 0), (False, 1)])
def test_an_exit_after_the_payment_frees_the_place_or_not(scene_of, frees, held):
    scene = scene_of({"quota.exit_frees": frees})
    award = scene.confirmed(amount="1000000")
    scene.pay(scene.payment(award, "1000000"))
    scene.claw_back(award, "1000000", frees_place=True)
    places = CapAccount.objects.get(rule="10-1/places")
    assert (places.committed_places, places.committed_cny) == (held, 0)


def test_without_a_waiting_list_the_meeting_keeps_none(scene_of):
    scene = scene_of({"waiting_list": False})
    case = scene.case(asked="1000000")
    with pytest.raises(Refused, match="no_waiting_list"):
        draft(scene, (case, "waitlist", "1000000"))
    kept = scene_of(position=2)
    draft(kept, (kept.case(asked="1000000"), "waitlist", "1000000"))


def draft(scene, *items):
    return selecting.draft(
        scene.call,
        title="会议",
        met_on=scene.call.opens_at.date(),
        minutes="",
        items=[selecting.Item(case, outcome, Decimal(cny)) for case, outcome, cny in items],
        actor=scene.lead_clerk,
    )


def test_a_short_budget_goes_by_rank_or_is_cut_in_proportion(scene_of):
    scene = scene_of({"budget_short": "pro_rata"}, budget="1000000")
    one, two = scene.case(asked="1000000"), scene.case(asked="500000")
    with pytest.raises(Refused, match="pro_rata") as refused:
        draft(scene, (one, "support", "1000000"), (two, "support", "333333"))
    assert refused.value.facts["numbers"] == [f"{one.number}（666,666.00）"]
    draft(scene, (one, "support", "666666"), (two, "support", "333333"))
    by_rank = scene_of({"budget_short": "by_rank"}, budget="1000000", position=2)
    one, two = by_rank.case(asked="1000000"), by_rank.case(asked="500000")
    rows = selecting.candidates(by_rank.call)
    assert set(selecting.suggested(by_rank.call, rows).values()) == {100 * WAN, 50 * WAN}
    draft(by_rank, (one, "support", "1000000"), (two, "support", "333333"))


def test_the_city_bears_what_the_call_says(scene_of):
    assert city_share(scene_of().call) == 1
    share = city_share(scene_of({"city_share": "0.6"}, position=2).call)
    assert rules.shares(Decimal("100.01"), share) == (Decimal("60.01"), Decimal("40.00"))


@pytest.mark.parametrize(("frees", "held"), [(True, 0), (False, 1)])
def test_a_support_called_off_after_the_decision_frees_the_place_or_not(scene_of, frees, held):
    scene = scene_of({"quota.exit_frees": frees})
    award = scene.approved()
    case = cancel(award.application, actor=scene.lead_head, reason="单位放弃")
    assert case.status == "cancelled"
    places = CapAccount.objects.get(rule="10-1/places")
    assert places.committed_places == held
    budget = CapAccount.objects.get(rule="call_budget")
    assert (budget.committed_cny, budget.committed_places) == (Decimal("0.00"), held)
    assert Award.objects.get(application=case).state == Award.State.RELEASED


def test_before_the_decision_the_place_is_free_whatever_the_call_says(scene_of):
    scene = scene_of({"quota.exit_frees": False})
    case = scene.case(asked="1000000")
    confirm(scene, (case, "support", "1000000"))
    withdraw(case, actor=case.admin, reason="放弃")
    assert CapAccount.objects.get(rule="10-1/places").committed_places == 0


def test_the_database_refuses_what_other_calls_gave_above_a_ceiling_over_lines(
    scene_of, monkeypatch
):
    """The verb's own count is taken away: the trigger of the posting counts for itself."""
    other = scene_of(position=2)
    before = other.case(asked="1000000")
    confirm(other, (before, "support", "1000000"))
    scene = scene_of(GROUP)
    case = scene.case(asked="300000", organisation=before.organisation)
    monkeypatch.setattr(accounts, "uncounted_cny", lambda bound, account: Decimal(0))
    with pytest.raises(CapExceeded) as refused:
        confirm(scene, (case, "support", "300000"))
    assert refused.value.constraint == "group_within_cap"
    assert refused.value.left_cny == 20 * WAN
    assert Award.objects.count() == 1
    confirm(scene, (case, "support", "200000"))
    assert Award.objects.count() == 2


def test_what_was_paid_or_is_in_a_batch_is_not_called_off(scene_of):
    scene = scene_of()
    award = scene.confirmed()
    payment = scene.payment(award, "1000000")
    with pytest.raises(Refused) as refused:
        cancel(award.application, actor=scene.lead_head, reason="单位放弃")
    assert refused.value.facts == {"number": payment.batch.number}
    scene.pay(payment)
    with pytest.raises(Refused) as refused:
        cancel(award.application, actor=scene.lead_head, reason="单位放弃")
    assert (refused.value.reason, refused.value.facts) == ("paid", {"paid_cny": 100 * WAN})
