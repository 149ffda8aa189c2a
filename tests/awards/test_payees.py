"""Whose account is paid: the organisation's own, or the person's that the case names."""

import pytest

from applications.entries import told
from applications.models import Answer
from applications.snapshot import told_fields
from awards import payments
from awards.payees import payees
from reviews.masking import for_officer
from tests.awards.cases import make_scene
from tests.catalogue import CATALOGUE

pytestmark = pytest.mark.django_db
PERSON = CATALOGUE.newest("20-1").schema.form
NUMBER = "11010519491231002X"


def asks_of_a_person() -> dict:
    """A form that asks whose account is paid, as 20-1 does."""
    parts = {"account_name": "person_name", "bank_name": "bank", "account": "account"}
    text = {"zh": "项", "en": "Item"}
    fields = [
        {"code": code, "type": "text", "label": text, "payee": part} for part, code in parts.items()
    ]
    fields.append({"code": "id_number", "type": "id_number", "label": text, "payee": "id_number"})
    section = {"code": "payee", "title": text, "kind": "fields", "fields": fields}
    return {"code": "payee", "title": text, "sections": [section]}


@pytest.fixture
def scene():
    from tests.awards.cases import BODY

    groups = [*BODY["form"]["groups"], asks_of_a_person()]
    return make_scene(body={"form": {"groups": groups}})


def answer(award, **data):
    Answer.objects.create(application=award.application, section="payee", data=data, revision=1)


def test_a_person_named_in_the_case_is_paid_instead_of_the_organisation(scene):
    award = scene.confirmed()
    answer(award, person_name="陈示例", bank="金陵银行", account="6222000011112222")
    (due,) = payments.dues(scene.call)
    assert (due.payee.is_person, due.payee_missing) == (True, [])
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payment = batch.payments.get()
    assert (payment.payee_name, payment.payee_bank, payment.payee_account) == (
        "陈示例", "金陵银行", "6222000011112222",
    )  # fmt: skip


def test_an_account_that_the_case_does_not_name_whole_cannot_be_paid(scene):
    award = scene.confirmed()
    answer(award, person_name="陈示例", bank="", account="6222000011112222")
    (due,) = payments.dues(scene.call)
    assert due.payee_missing == ["bank_name"]


def test_elsewhere_the_account_is_the_organisations():
    scene = make_scene()
    award = scene.confirmed()
    found = payees([award])[award.pk]
    assert (found.is_person, found.bank_account) == (False, award.organisation.bank_account)


@pytest.mark.parametrize("cases", [1, 5])
def test_payees_of_any_number_of_cases_take_one_query(scene, cases, django_assert_num_queries):
    awards = [scene.confirmed() for _number in range(cases)]
    for award in awards:
        answer(award, person_name="陈示例", bank="金陵银行", account="6222000011112222")
    payees(awards)
    with django_assert_num_queries(1):
        payees(awards)


def test_officers_see_who_is_paid_but_neither_account_nor_number(scene):
    mask = for_officer(scene.confirmed().application)
    hidden = {item.code for item in PERSON.fields.values() if mask.hides(item)}
    assert hidden == {"id_number", "person_bank", "person_account", "person_bank_code"}


def test_an_id_number_is_shown_by_its_ends_and_left_out_of_comparisons():
    section = PERSON.section("person")
    item = PERSON.fields["id_number"]
    assert told(item, NUMBER) == "110***********002X"
    taken = {"sections": {"person": {"id_number": NUMBER}}}
    assert "id_number" not in {item.code for item, _words in told_fields(section, taken)}
    shown = {item.code: words for item, words in told_fields(section, taken, private=True)}
    assert shown["id_number"] == "110***********002X"
