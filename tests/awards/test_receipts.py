"""Receipts of payments: uploaded by finance, opened by whom they concern, taken off with a reason."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from awards import receipts
from awards.models import Receipt
from portal.accounts.models import Role
from portal.audit.models import Event
from portal.files.refusals import FileRefused
from portal.notices.models import Notice
from reviews.refusals import Refused
from tests.applications.definition import pdf
from tests.awards.cases import make_scene
from tests.factories import OrganisationFactory, UserFactory, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def payment(scene):
    return scene.pay(scene.payment(scene.confirmed(), "1000000"))


def paper(words="回单", name="回单.pdf"):
    return SimpleUploadedFile(name, pdf(words))


def admin_of(payment):
    return payment.award.organisation.memberships.get(role="org_admin").user


def test_upload_is_kept_told_and_audited(scene, payment):
    receipt = receipts.add(payment, paper(), actor=scene.finance)
    assert receipt.blob.path.exists()
    assert Event.objects.filter(object_type="awards.receipt", action="receipt.add").count() == 1
    told = Notice.objects.get(recipient=admin_of(payment), subject__contains="付款回单已上传")
    assert told.url == f"/awards/cases/{payment.award.application.uid}/payments/"


def test_only_finance_uploads_and_only_to_what_went_out(scene, payment):
    with pytest.raises(Refused) as caught:
        receipts.add(payment, paper(), actor=scene.lead_clerk)
    assert caught.value.reason == "role"
    planned = scene.payment(scene.confirmed(), "1000000")
    with pytest.raises(Refused) as caught:
        receipts.add(planned, paper(), actor=scene.finance)
    assert caught.value.reason == "not_sent"


def test_what_is_no_receipt_is_refused(scene, payment):
    with pytest.raises(FileRefused):
        receipts.add(payment, SimpleUploadedFile("回单.pdf", b"MZ\x90 no pdf"), actor=scene.finance)
    assert not Receipt.objects.exists()


def test_the_same_paper_counts_once_and_five_are_enough(scene, payment):
    receipts.add(payment, paper(), actor=scene.finance)
    with pytest.raises(Refused) as caught:
        receipts.add(payment, paper(), actor=scene.finance)
    assert caught.value.reason == "receipt_twice"
    for number in range(4):
        receipts.add(payment, paper(f"回单{number}"), actor=scene.finance)
    with pytest.raises(Refused) as caught:
        receipts.add(payment, paper("另一份"), actor=scene.finance)
    assert caught.value.reason == "too_many_receipts"


def test_wrong_paper_is_taken_off_with_a_reason_and_stays_on_record(scene, payment):
    receipt = receipts.add(payment, paper(), actor=scene.finance)
    with pytest.raises(Refused):
        receipts.remove(receipt, actor=scene.finance, reason=" ")
    receipts.remove(receipt, actor=scene.finance, reason="传错")
    receipts.remove(receipt, actor=scene.finance, reason="再次")
    receipt.refresh_from_db()
    assert receipt.removed_reason == "传错"
    assert Event.objects.filter(action="receipt.remove").count() == 1
    with pytest.raises(IntegrityError, match="receipt_kept"), transaction.atomic():
        Receipt.objects.filter(pk=receipt.pk).update(name="x")
    assert receipts.add(payment, paper(), actor=scene.finance).pk != receipt.pk


def test_who_may_open_it(scene, payment, client):
    receipt = receipts.add(payment, paper(), actor=scene.finance)
    url = reverse("award_receipt_file", args=[receipt.uid])
    stranger = person(Role.ORG_ADMIN, organisation=OrganisationFactory())
    for user, status in (
        (scene.finance, 200),
        (person(Role.AUDITOR), 200),
        (admin_of(payment), 200),
        (stranger, 404),
        (scene.lead_head, 404),
        (UserFactory(), 404),
    ):
        client.force_login(user)
        assert client.get(url).status_code == status, user
    receipts.remove(receipt, actor=scene.finance, reason="传错")
    client.force_login(admin_of(payment))
    assert client.get(url).status_code == 404


def test_uploaded_and_seen_over_the_pages(scene, payment, client):
    client.force_login(scene.finance)
    batch = reverse("award_payment_detail", args=[payment.batch.uid])
    url = reverse("award_payment_receipts", args=[payment.uid])
    assert client.get(url).status_code == 200
    empty = client.post(url, {})
    assert empty.status_code == 422
    wrong = client.post(url, {"file": SimpleUploadedFile("回单.pdf", b"not a pdf")})
    assert wrong.status_code == 422
    assert client.post(url, {"file": paper()}).status_code == 302
    receipt = Receipt.objects.get()
    assert reverse("award_receipt_file", args=[receipt.uid]) in client.get(url).content.decode()
    client.force_login(scene.lead_head)
    seen = client.get(url).content.decode()
    assert "回单.pdf" in seen and reverse("award_receipt_file", args=[receipt.uid]) not in seen
    assert client.post(url, {"file": paper("x")}).status_code == 404
    assert client.get(batch).status_code == 200
    client.force_login(admin_of(payment))
    case = payment.award.application
    mine = reverse("award_case_payments", args=[case.uid])
    assert mine in client.get(reverse("application_case", args=[case.uid])).content.decode()
    page = client.get(mine).content.decode()
    assert "回单.pdf" in page and payment.payee_account not in page
    # How the amount came about, to the step that is approved.
    assert "金额测算" in page and "批准额" in page


def test_page_of_the_payments_costs_the_same_at_1_and_at_5(
    scene, payment, client, django_assert_max_num_queries
):
    client.force_login(admin_of(payment))
    url, counts = reverse("award_case_payments", args=[payment.award.application.uid]), []
    for words in (["a"], ["b", "c", "d", "e"]):
        for word in words:
            receipts.add(payment, paper(word), actor=scene.finance)
        client.get(url)
        with django_assert_max_num_queries(15) as found:
            assert client.get(url).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]
