"""An open claw-back stops what is still to be paid on its award; reminders until it is repaid."""

import re
import threading
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from applications.models import Application
from awards import clawbacks, finance, ledger, payments, reminding, verifying
from awards.models import Award, ClawBack, PaymentBatch
from portal import clock
from portal.notices.models import Notice
from reviews.refusals import Refused
from tests.awards.cases import cap, make_scene
from tests.awards.test_clawbacks import WAN, drafted, repaid
from tests.awards.test_ledger import flush
from tests.awards.test_views import get, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene(
        caps=[cap("unit", "2000000", scope="organisation")], settings={"instalments": [60, 40]}
    )


def half_paid(scene) -> Award:
    """An award with its first instalment paid out, the second one due."""
    award = scene.confirmed(amount="1000000")
    scene.pay(scene.payment(award, "600000"))
    award.refresh_from_db()
    return award


def claimed(scene, award, **more) -> ClawBack:
    return clawbacks.release(drafted(scene, award, **more), actor=scene.lead_head)


def test_the_rest_is_due_before_not_while_it_is_open_and_again_afterwards(scene):
    award, other = half_paid(scene), half_paid(scene)
    claw_back = drafted(scene, award)
    assert [due.is_stopped for due in payments.dues(scene.call)] == [False, False]
    clawbacks.release(claw_back, actor=scene.lead_head)
    assert [due.is_stopped for due in payments.dues(scene.call)] == [True, False]
    assert payments.due_count(scene.call) == 1
    assert finance.calls_due().get().award_count == 1
    with pytest.raises(Refused) as caught:
        payments.draft(scene.call, awards=[award, other], actor=scene.finance)
    assert (caught.value.reason, caught.value.facts["numbers"]) == (
        "clawed_back", [award.application.number],
    )  # fmt: skip
    repaid(scene, claw_back, 60 * WAN)
    assert payments.due_count(scene.call) == 2
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.release(batch, actor=scene.finance_head)
    flush()
    award.refresh_from_db()
    assert (award.state, award.approved_cny, award.paid_cny) == ("paid", 40 * WAN, 40 * WAN)


def test_a_batch_that_was_drafted_before_is_not_signed_and_its_page_says_why(scene):
    award = half_paid(scene)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    claimed(scene, award)
    with pytest.raises(Refused) as caught:
        payments.release(batch, actor=scene.finance_head)
    assert caught.value.facts["numbers"] == [award.application.number]
    page = text(get(scene.finance_head, "award_payment_detail", batch.uid))
    assert f"{award.application.number} 的追回尚未缴清，暂停拨付" in page
    payments.discard(batch, actor=scene.finance, reason="追回")
    batch.refresh_from_db()
    assert batch.state == PaymentBatch.State.DISCARDED


def test_database_plans_and_pays_nothing_on_it_whoever_asks(scene):
    award = half_paid(scene)
    planned = scene.payment(award, "400000", instalment=2)
    claimed(scene, award)
    with pytest.raises(IntegrityError, match="claw-back of award") as caught, transaction.atomic():
        ledger.pay(planned, actor=scene.finance_head)
    assert caught.value.__cause__.diag.constraint_name == "claw_back_stops_payment"
    with pytest.raises(IntegrityError, match="claw-back of award"), transaction.atomic():
        scene.payment(award, "1", instalment=3)


def test_where_the_support_was_taken_back_the_rest_is_freed_and_never_paid(scene):
    award = half_paid(scene)
    planned = scene.payment(award, "400000", instalment=2)
    claw_back = claimed(scene, award, frees_place=True)
    repaid(scene, claw_back, 60 * WAN)
    flush()
    award.refresh_from_db()
    case = Application.objects.get(pk=award.application_id)
    assert (award.state, award.approved_cny, case.status) == ("released", 0, "cancelled")
    assert list(verifying.counters()) == []
    assert payments.dues(scene.call) == []
    with pytest.raises(IntegrityError, match="claw-back of award"), transaction.atomic():
        scene.payment(award, "1", instalment=3)
    assert planned.state == "planned"


def test_where_a_part_is_kept_the_rest_is_given_up_and_the_case_is_paid(scene):
    award = half_paid(scene)
    claw_back = claimed(scene, award, frees_place=True, amount_cny=20 * WAN)
    repaid(scene, claw_back, 20 * WAN)
    flush()
    award.refresh_from_db()
    case = Application.objects.get(pk=award.application_id)
    assert (award.state, award.approved_cny, award.paid_cny) == ("paid", 40 * WAN, 40 * WAN)
    assert case.status == "paid"


def test_what_bounces_after_the_support_was_taken_back_is_given_up_too(scene):
    award = half_paid(scene)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.release(batch, actor=scene.finance_head)
    repaid(scene, claimed(scene, award, frees_place=True), 60 * WAN)
    payment = batch.payments.get()
    payments.bounce(payment, actor=scene.finance, on=clock.today(), reason="账号有误")
    flush()
    award.refresh_from_db()
    case = Application.objects.get(pk=award.application_id)
    assert (award.state, award.approved_cny, award.paid_cny) == ("released", 0, 0)
    assert case.status == "cancelled"
    assert list(verifying.counters()) == []
    admin = award.organisation.memberships.get(role="org_admin").user
    assert told(admin, "请核对收款账户") == []


def test_page_of_the_batch_shows_what_is_stopped_and_does_not_take_it(scene):
    award, other = half_paid(scene), half_paid(scene)
    claimed(scene, award)
    page = text(get(scene.finance, "award_payment_new", scene.call.uid))
    assert "追回未缴清，暂停拨付" in page
    assert "1 项，合计 ¥400,000.00，另有 1 项暂不能列入" in re.sub(r"\s+，", "，", page)
    assert other.application.number in page


# --- what is told -----------------------------------------------------------------------


def told(user, words: str) -> list[str]:
    found = Notice.objects.filter(recipient=user, subject__contains=words).order_by("pk")
    return [notice.subject for notice in found]


@pytest.fixture
def later(monkeypatch):
    """Let days pass."""

    def pass_days(days: int) -> None:
        now = clock.now() + timedelta(days=days)
        stub = SimpleNamespace(now=lambda: now, local=clock.local)
        monkeypatch.setattr(reminding, "clock", stub)

    return pass_days


def test_organisation_is_reminded_before_the_day_once_for_each_step(scene, later):
    award = half_paid(scene)
    claw_back = claimed(scene, award, due_on=clock.today() + timedelta(days=21))
    admin = award.organisation.memberships.get(role="org_admin").user
    number, owed = award.application.number, "¥600,000.00"
    assert reminding.remind() == 0
    later(15)
    assert (reminding.remind(), reminding.remind()) == (1, 1)
    before = f"{number}：追回款须在 {claw_back.due_on} 前缴回，尚欠 {owed}，剩余不足 7 天"
    assert told(admin, "须在") == [before]
    later(21)
    reminding.remind()
    assert len(told(admin, "须在")) == 2 and told(scene.finance, "须在") == []


def test_all_are_told_when_it_is_overdue_and_each_week_until_it_is_repaid(scene, later):
    award = half_paid(scene)
    claw_back = claimed(scene, award, due_on=clock.today() + timedelta(days=1))
    repaid(scene, claw_back, 10 * WAN)
    people = [award.organisation.memberships.get(role="org_admin").user, scene.finance]
    people += [scene.lead_clerk, scene.lead_head]
    later(2)
    reminding.remind()
    reminding.remind()
    for person in people:
        (subject,) = told(person, "逾期")
        assert "尚欠 ¥500,000.00" in subject
    later(9)
    reminding.remind()
    assert [len(told(person, "逾期")) for person in people] == [2, 2, 2, 2]
    repaid(scene, claw_back, 50 * WAN, reference="2")
    later(30)
    assert reminding.remind() == 0


def test_nobody_is_reminded_of_money_that_the_bank_sent_back(scene, later):
    award = half_paid(scene)
    claimed(scene, award, due_on=clock.today() + timedelta(days=1))
    payment = award.payments.get()
    payments.bounce(payment, actor=scene.finance, on=clock.today(), reason="账号有误")
    later(9)
    assert reminding.remind() == 0


def test_organisation_sees_what_it_owes_on_its_page_and_finance_on_its_home(scene):
    award = half_paid(scene)
    admin = award.organisation.memberships.get(role="org_admin").user
    claw_back = claimed(scene, award)
    page = text(get(admin, "award_case_payments", award.application.uid))
    assert "尚欠 ¥600,000.00" in page and "其余款项暂停拨付" in page
    for user in (scene.finance, scene.finance_head):
        home = get(user, "role_home").content.decode()
        assert reverse("award_clawback_detail", args=[claw_back.uid]) in home
    repaid(scene, claw_back, 60 * WAN)
    assert "暂停拨付" not in text(get(admin, "award_case_payments", award.application.uid))


# --- two at once ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_signing_a_claw_back_and_a_payment_at_once_never_leaves_both_done_in_the_wrong_order():
    """Past the verbs, which lock the case: at the award's row the later one sees the earlier."""
    scene = make_scene(settings={"instalments": [60, 40]})
    award = half_paid(scene)
    planned = scene.payment(award, "400000", instalment=2)
    claw_back = drafted(scene, award)
    signed, finish = threading.Event(), threading.Event()
    refused: list[str] = []

    def sign() -> None:
        with transaction.atomic():
            clawbacks.release(claw_back, actor=scene.lead_head)
            signed.set()
            finish.wait(10)
        connection.close()

    def pay() -> None:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '10s'")
                ledger.pay(planned, actor=scene.finance_head)
        except IntegrityError as error:
            refused.append(error.__cause__.diag.constraint_name)
        connection.close()

    threads = [threading.Thread(target=sign), threading.Thread(target=pay)]
    threads[0].start()
    assert signed.wait(10)
    threads[1].start()
    threads[1].join(1)
    assert threads[1].is_alive()  # it waits for the signature
    finish.set()
    for thread in threads:
        thread.join(15)
    assert refused == ["claw_back_stops_payment"]
    award.refresh_from_db()
    assert award.paid_cny == Decimal(600_000)
