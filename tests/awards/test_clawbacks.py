"""Claw-backs: two people, a letter, repayments in parts; the ledger follows the money."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from applications.models import Application
from awards import clawbacks, ledger, verifying
from awards.models import CapAccount, ClawBack, Repayment
from portal import clock
from portal.audit.models import Event
from portal.notices.models import Notice
from reviews.refusals import Refused
from tests.awards.cases import cap, make_scene

pytestmark = pytest.mark.django_db
WAN = Decimal(10_000)


@pytest.fixture
def scene():
    return make_scene(caps=[cap("unit", "2000000", scope="organisation")])


def paid(scene, amount="1000000"):
    award = scene.confirmed(amount=amount)
    scene.pay(scene.payment(award, amount))
    award.refresh_from_db()
    return award


def drafted(scene, award, **more):
    values = {
        "amount_cny": 60 * WAN,
        "frees_place": False,
        "reason": "经审计，投入有虚列。",
        "legal_base": "《财政违法行为处罚处分条例》第十四条",
        "due_on": clock.today() + timedelta(days=21),
        "actor": scene.lead_clerk,
    }
    return clawbacks.draft(award, **values | more)


def repaid(scene, claw_back, amount, reference="银行回单1"):
    return clawbacks.repay(
        claw_back, amount_cny=amount, on=clock.today(), reference=reference, actor=scene.finance
    )


def test_whole_way_in_two_parts_frees_room_step_by_step_and_the_place_at_the_end(scene):
    award = paid(scene)
    claw_back = drafted(scene, award, amount_cny=100 * WAN, frees_place=True)
    account = CapAccount.objects.get(rule__endswith="/unit")
    places = CapAccount.objects.get(rule__endswith="/places")
    clawbacks.release(claw_back, actor=scene.lead_head)
    account.refresh_from_db()
    assert account.committed_cny == 100 * WAN
    repaid(scene, claw_back, 40 * WAN)
    account.refresh_from_db(), places.refresh_from_db()
    assert (account.committed_cny, account.paid_cny, places.committed_places) == (
        60 * WAN,
        60 * WAN,
        1,
    )
    repaid(scene, claw_back, 60 * WAN, reference="银行回单2")
    account.refresh_from_db(), places.refresh_from_db(), claw_back.refresh_from_db()
    assert (account.committed_cny, places.committed_places) == (0, 0)
    assert (claw_back.state, claw_back.repaid_cny) == ("repaid", 100 * WAN)
    case = Application.objects.get(pk=award.application_id)
    assert (case.status, case.approved_cny) == ("paid", 0)
    assert list(verifying.counters()) == []


def test_letter_names_amount_reason_base_and_day_and_reaches_the_organisation(scene):
    award = paid(scene)
    claw_back = clawbacks.release(drafted(scene, award), actor=scene.lead_head)
    letter = claw_back.letter
    assert "追回〔" in letter.number
    for words in ("60.00万元", "人民币陆拾万元整", "投入有虚列", "第十四条"):
        assert words in letter.body
    assert (
        f"{claw_back.due_on.year}年{claw_back.due_on.month}月{claw_back.due_on.day}日"
        in letter.body
    )
    admin = award.organisation.memberships.get(role="org_admin").user
    assert Notice.objects.filter(recipient=admin, subject__contains="追回资金通知书").exists()
    assert Notice.objects.filter(recipient=scene.finance, subject__contains="追回款待收").exists()


def test_who_drafts_does_not_sign_and_the_database_says_so_too(scene):
    claw_back = drafted(scene, paid(scene))
    with pytest.raises(Refused) as caught:
        clawbacks.release(claw_back, actor=scene.lead_clerk)
    assert caught.value.reason == "role"
    with pytest.raises(IntegrityError, match="clawback_two_people"), transaction.atomic():
        ClawBack.objects.filter(pk=claw_back.pk).update(released_by=scene.lead_clerk)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"amount_cny": 101 * WAN}, "above_paid"),
        ({"amount_cny": Decimal(0)}, "above_paid"),
        ({"reason": " "}, "reason_missing"),
        ({"legal_base": " "}, "base_missing"),
    ],
)
def test_draft_that_does_not_fit_is_refused(scene, more, reason):
    award = paid(scene)
    with pytest.raises(Refused) as caught:
        drafted(scene, award, **more)
    assert caught.value.reason == reason
    assert not ClawBack.objects.exists()


def test_the_day_is_to_come(scene):
    award = paid(scene)
    with pytest.raises(Refused) as caught:
        drafted(scene, award, due_on=clock.today())
    assert caught.value.reason == "not_to_come"


def test_what_was_not_paid_is_not_claimed_back_and_one_claim_stands_at_a_time(scene):
    with pytest.raises(Refused) as caught:
        drafted(scene, scene.confirmed())
    assert caught.value.reason == "not_paid"
    award = paid(scene)
    first = drafted(scene, award)
    with pytest.raises(Refused) as caught:
        drafted(scene, award)
    assert caught.value.reason == "claimed_already"
    clawbacks.discard(first, actor=scene.lead_head, reason="依据不足")
    assert drafted(scene, award).state == "drafted"


def test_repayments_stay_within_the_sum_and_each_voucher_counts_once(scene):
    claw_back = clawbacks.release(drafted(scene, paid(scene)), actor=scene.lead_head)
    repaid(scene, claw_back, 10 * WAN)
    for amount, reference, reason in (
        (51 * WAN, "二", "above_outstanding"),
        (Decimal(0), "二", "above_outstanding"),
        (1 * WAN, "银行回单1", "repaid_before"),
        (1 * WAN, " ", "reference_missing"),
    ):
        with pytest.raises(Refused) as caught:
            repaid(scene, claw_back, amount, reference=reference)
        assert caught.value.reason == reason
    assert Repayment.objects.count() == 1
    with pytest.raises(IntegrityError, match="clawback_grounds_kept"), transaction.atomic():
        ClawBack.objects.filter(pk=claw_back.pk).update(amount_cny=1)


def test_ledger_takes_no_claw_back_that_nobody_signed(scene):
    award = paid(scene)
    with pytest.raises(IntegrityError, match="is not what was signed"), transaction.atomic():
        ledger.claw_back(award, actor=scene.lead_head, amount_cny=WAN, note="x", key="1")
        connection.check_constraints()


@pytest.mark.parametrize("told", [{"amount_cny": 60 * WAN - 1}, {"places": 1}])
def test_ledger_takes_a_repayment_only_as_it_was_signed(scene, monkeypatch, told):
    claw_back = clawbacks.release(drafted(scene, paid(scene)), actor=scene.lead_head)
    enters = ledger.claw_back
    monkeypatch.setattr(ledger, "claw_back", lambda award, **more: enters(award, **more | told))
    with pytest.raises(IntegrityError, match="is not what was signed"), transaction.atomic():
        repaid(scene, claw_back, 60 * WAN)
        connection.check_constraints()


def test_ledger_takes_a_repayment_of_the_claw_backs_own_award_only(scene, monkeypatch):
    claw_back = clawbacks.release(drafted(scene, paid(scene)), actor=scene.lead_head)
    foreign, enters = paid(scene), ledger.claw_back
    monkeypatch.setattr(ledger, "claw_back", lambda _award, **more: enters(foreign, **more))
    with pytest.raises(IntegrityError, match="is not what was signed"), transaction.atomic():
        repaid(scene, claw_back, 60 * WAN)
        connection.check_constraints()


def test_each_act_has_its_event(scene):
    claw_back = clawbacks.release(drafted(scene, paid(scene)), actor=scene.lead_head)
    repaid(scene, claw_back, 60 * WAN)
    events = Event.objects.filter(object_type="awards.clawback").order_by("pk")
    assert [row.action for row in events] == [
        "clawback.draft",
        "clawback.release",
        "clawback.repay",
    ]


def test_from_the_award_to_the_last_repayment_over_the_pages(scene, client):
    award = paid(scene)
    number = award.application.number
    client.force_login(scene.lead_clerk)
    new = reverse("award_clawback_new", args=[award.uid])
    assert new in client.get(reverse("award_detail", args=[award.uid])).content.decode()
    data = {
        "amount_cny": "60",
        "reason": "投入虚列",
        "legal_base": "《条例》第十四条",
        "due_on": (clock.today() + timedelta(days=20)).isoformat(),
        "frees_place": "no",
    }
    wrong = client.post(new, data | {"amount_cny": "101"})
    assert wrong.status_code == 409
    assert "不超过已拨付的" in wrong.content.decode() and "投入虚列" in wrong.content.decode()
    assert client.post(new, data).status_code == 302
    claw_back = ClawBack.objects.get()
    detail = reverse("award_clawback_detail", args=[claw_back.uid])
    assert "您是起草人" in client.get(detail).content.decode()
    client.force_login(scene.lead_head)
    release = reverse("award_clawback_release", args=[claw_back.uid])
    assert client.post(release, {"confirmation": number}).status_code == 302
    client.force_login(scene.finance)
    repay = reverse("award_clawback_repay", args=[claw_back.uid])
    part = {"amount_cny": "20", "on": clock.today().isoformat(), "reference": "回单1"}
    assert client.post(repay, part | {"amount_cny": "61"}).status_code == 409
    assert client.post(repay, part).status_code == 302
    page = client.get(detail).content.decode()
    assert "回单1" in page and "¥400,000.00" in page
    admin = award.organisation.memberships.get(role="org_admin").user
    client.force_login(admin)
    case = client.get(reverse("application_case", args=[award.application.uid])).content.decode()
    assert "追回资金通知书" in case
    assert client.get(detail).status_code == 404


def test_list_costs_the_same_at_1_and_at_30(scene, client, django_assert_max_num_queries):
    award = paid(scene)
    client.force_login(scene.lead_head)
    url, counts = reverse("award_clawback_list"), []
    for more in (1, 29):
        for _ in range(more):
            clawbacks.discard(drafted(scene, award), actor=scene.lead_clerk, reason="重拟")
        client.get(url)
        with django_assert_max_num_queries(15) as found:
            assert client.get(url).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]
