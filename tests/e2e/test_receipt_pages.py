"""Receipts of payments (付款回单) in a real browser: both languages, both widths."""

from decimal import Decimal

import pytest
from django.urls import reverse

from awards import clawbacks, receipts
from tests.awards.cases import cap, make_scene
from tests.awards.test_clawbacks import drafted, repaid
from tests.awards.test_receipts import admin_of, paper
from tests.e2e import look

pytestmark = pytest.mark.django_db(transaction=True)


def test_pages_have_no_fault_at_any_width_in_either_language(open_page):
    scene = make_scene(caps=[cap("unit", "2000000", scope="organisation")])
    payment = scene.pay(scene.payment(scene.confirmed(), "1000000"))
    receipts.add(payment, paper(name="南京银行电子回单20260301.pdf"), actor=scene.finance)
    wrong = receipts.add(payment, paper("另一份"), actor=scene.finance)
    receipts.remove(wrong, actor=scene.finance, reason="传错了文件")
    payment.award.refresh_from_db()
    signed = clawbacks.release(drafted(scene, payment.award), actor=scene.lead_head)
    repaid(scene, signed, Decimal(200_000))
    pages = [
        ("finance", scene.finance, reverse("award_payment_receipts", args=[payment.uid])),
        (
            "applicant",
            admin_of(payment),
            reverse("award_case_payments", args=[payment.award.application.uid]),
        ),
    ]
    found = []
    for name, user, path in pages:
        for language in ("zh-hans", "en"):
            page = open_page(path, user=user, language=language)
            found += look.faults(page, f"receipt-{name}-{language[:2]}", widths=(375, 1366))
    assert found == []
