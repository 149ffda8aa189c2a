"""Opening balances: entered by one, approved by another, counted against caps and places."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from awards import ledger, openings, verifying
from awards.models import CapAccount, Entry, Opening
from portal.accounts.models import Role
from portal.audit.models import Event
from portal.notices.models import Notice
from reviews.refusals import Refused
from tests.awards.cases import cap, make_scene
from tests.factories import OrganisationFactory, person

pytestmark = pytest.mark.django_db
WAN = Decimal(10_000)


@pytest.fixture
def admins():
    return person(Role.POLICY_ADMIN, name="甲"), person(Role.POLICY_ADMIN, name="乙")


def scene_with_caps(**more):
    caps = [cap("unit", "2000000", scope="organisation"), cap("per_call", "9000000", period="call")]
    return make_scene(caps=caps, places=None, **({"quota": {"places": 2, "clause": "x"}} | more))


def enter(scene, organisation, actor, **more):
    values = {
        "organisation": organisation,
        "year": 2024,
        "document_no": "宁科〔2024〕9号",
        "granted_on": date(2024, 9, 1),
        "amount_cny": 150 * WAN,
        "places": 1,
        "subjects": {},
        "actor": actor,
    }
    return openings.draft(scene.measure, **values | more)


def test_approved_opening_counts_for_its_organisation_and_takes_a_place(admins):
    scene = scene_with_caps()
    organisation = OrganisationFactory(district=scene.district)
    opening = enter(scene, organisation, admins[0])
    assert not Entry.objects.exists()
    openings.approve(opening, actor=admins[1])
    opening.refresh_from_db()
    assert (opening.state, opening.entry.amount_cny, opening.entry.places) == (
        "approved",
        150 * WAN,
        1,
    )
    held = CapAccount.objects.get(scope=f"organisation:{organisation.uid}/lifetime")
    assert (held.committed_cny, held.approved_cny, held.paid_cny) == (150 * WAN,) * 3
    with pytest.raises(ledger.CapExceeded) as caught:
        scene.reserved(organisation=organisation, amount="500001")
    assert caught.value.left_cny == 50 * WAN
    assert scene.reserved(organisation=organisation, amount="500000").state == "reserved"
    with pytest.raises(ledger.QuotaExceeded):
        scene.reserved()
    assert list(verifying.counters()) == []


def test_an_opening_is_no_part_of_the_calls_budget_or_of_caps_of_one_call(admins):
    scene = scene_with_caps(budget="1000000")
    opening = enter(scene, OrganisationFactory(), admins[0])
    rules = [bound.rule for bound in openings.counted_in(opening)]
    assert rules == [f"{scene.measure.line}/places", f"{scene.measure.line}/unit"]


def test_the_same_person_may_not_approve_and_the_database_says_so_too(admins):
    scene = scene_with_caps()
    opening = enter(scene, OrganisationFactory(), admins[0])
    with pytest.raises(Refused) as caught:
        openings.approve(opening, actor=admins[0])
    assert caught.value.reason == "same_person"
    with pytest.raises(IntegrityError, match="opening_two_people"), transaction.atomic():
        entry = ledger.open_balance(
            openings.counted_in(opening), actor=admins[0], amount_cny=1, note="x", key="x"
        )
        Opening.objects.filter(pk=opening.pk).update(
            state="approved", settled_by=admins[0], settled_at=opening.drafted_at, entry=entry
        )


def test_ledger_takes_no_opening_that_nobody_signed(admins):
    scene = scene_with_caps()
    opening = enter(scene, OrganisationFactory(), admins[0])
    with pytest.raises(IntegrityError, match="is not what was signed"), transaction.atomic():
        ledger.open_balance(
            openings.counted_in(opening), actor=admins[1], amount_cny=1, note="x", key="x"
        )
        connection.check_constraints()


@pytest.mark.parametrize(("amount_cny", "places"), [(150 * WAN + 1, 1), (150 * WAN, 0)])
def test_ledger_takes_an_opening_only_as_it_was_signed(admins, monkeypatch, amount_cny, places):
    scene = scene_with_caps()
    opening = enter(scene, OrganisationFactory(), admins[0])
    enters = ledger.open_balance

    def another(bounds, **told):
        return enters(bounds, **told | {"amount_cny": amount_cny, "places": places})

    monkeypatch.setattr(ledger, "open_balance", another)
    with pytest.raises(IntegrityError, match="is not what was signed"), transaction.atomic():
        openings.approve(opening, actor=admins[1])
        connection.check_constraints()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"amount_cny": Decimal(0), "places": 0}, "nothing_counted"),
        ({"granted_on": date(2100, 1, 1)}, "not_past"),
    ],
)
def test_what_counts_nothing_or_is_to_come_is_refused(admins, more, reason):
    scene = scene_with_caps()
    with pytest.raises(Refused) as caught:
        enter(scene, OrganisationFactory(), admins[0], **more)
    assert caught.value.reason == reason
    assert not Opening.objects.exists()


def test_one_grant_is_entered_once_and_again_after_it_was_dropped(admins):
    scene = scene_with_caps()
    organisation = OrganisationFactory()
    first = enter(scene, organisation, admins[0])
    with pytest.raises(Refused) as caught:
        enter(scene, organisation, admins[1])
    assert caught.value.reason == "entered_before"
    openings.drop(first, actor=admins[1], reason="金额有误")
    again = enter(scene, organisation, admins[0], amount_cny=100 * WAN)
    openings.approve(again, actor=admins[1])
    with pytest.raises(Refused) as caught:
        openings.drop(again, actor=admins[1], reason="x")
    assert caught.value.reason == "state"
    with pytest.raises(IntegrityError, match="opening_basis_kept"), transaction.atomic():
        Opening.objects.filter(pk=again.pk).update(amount_cny=1)


def test_an_opening_over_the_cap_is_refused_and_stays_a_draft(admins):
    scene = scene_with_caps()
    opening = enter(scene, OrganisationFactory(), admins[0], amount_cny=201 * WAN)
    with pytest.raises(ledger.CapExceeded):
        openings.approve(opening, actor=admins[1])
    opening.refresh_from_db()
    assert (opening.state, Entry.objects.count()) == ("drafted", 0)


def test_others_than_policy_administrators_may_not(admins):
    scene = scene_with_caps()
    with pytest.raises(Refused):
        enter(scene, OrganisationFactory(), scene.lead_head)


def test_each_act_is_audited_and_told(admins):
    scene = scene_with_caps()
    opening = enter(scene, OrganisationFactory(name="宁研中心"), admins[0])
    openings.approve(opening, actor=admins[1])
    events = Event.objects.filter(object_type="awards.opening").order_by("pk")
    assert [row.action for row in events] == ["opening.draft", "opening.approve"]
    told = Notice.objects.filter(url=f"/awards/openings/{opening.uid}/")
    assert {(row.recipient_id, row.subject) for row in told} >= {
        (admins[1].pk, "期初登记待复核：宁研中心"),
        (admins[0].pk, "期初登记已记入台账：宁研中心"),
    }


def test_entered_and_approved_over_the_pages(client, admins):
    scene = scene_with_caps()
    organisation = OrganisationFactory(name="宁研中心")
    client.force_login(admins[0])
    assert scene.measure.line in client.get(reverse("award_opening_new")).content.decode()
    url = reverse("award_opening_new") + f"?line={scene.measure.line}"
    data = {
        "uscc": organisation.uscc,
        "document_no": "宁科〔2024〕9号",
        "granted_on": "2024-09-01",
        "year": "2024",
        "amount_cny": "150",
        "places": "1",
    }
    wrong = client.post(url, data | {"uscc": "91320100MA1W000031", "amount_cny": "一百"})
    assert wrong.status_code == 422
    assert "校验位不符" in wrong.content.decode() and 'value="一百"' in wrong.content.decode()
    assert client.post(url, data).status_code == 302
    opening = Opening.objects.get()
    detail = reverse("award_opening_detail", args=[opening.uid])
    page = client.get(detail).content.decode()
    assert "您是登记人" in page and "1,500,000.00" in page
    client.force_login(admins[1])
    approve = reverse("award_opening_approve", args=[opening.uid])
    assert client.post(approve, {"confirmation": "别的"}).status_code == 422
    assert client.post(approve, {"confirmation": "宁科〔2024〕9号"}).status_code == 302
    page = client.get(detail).content.decode()
    assert "已记入台账" in page
    line = client.get(reverse("award_line", args=[scene.measure.line])).content.decode()
    assert f"宁研中心 {opening.document_no}" in line


def test_list_costs_the_same_at_1_and_at_30(client, admins, django_assert_max_num_queries):
    scene = scene_with_caps(quota={"places": 40, "clause": "x"})
    client.force_login(admins[1])
    url = reverse("award_opening_list")
    counts = []
    for more in (1, 29):
        for _ in range(more):
            enter(scene, OrganisationFactory(), admins[0])
        client.get(url)
        with django_assert_max_num_queries(15) as found:
            assert client.get(url).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]
