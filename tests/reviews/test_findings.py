"""Findings: what is found, what is not, and that settling one needs a reason."""

import pytest

from applications.models import Application
from applications.workflow import move
from portal.audit.models import Event
from reviews import findings
from reviews.models import Finding
from reviews.refusals import Refused
from tests.factories import OrganisationFactory
from tests.reviews.cases import add_invoice, make_case, make_office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


def lone(office, **more):
    """A case of an organisation that shares nothing with another."""
    number = next(_counter)
    organisation = OrganisationFactory(
        district=office.district,
        bank_account=f"6222{number:012d}",
        contact_phone=f"139{number:08d}",
        address=f"南京市测试路 {number} 号",
        **more,
    )
    return make_case(office, at="formal_check", organisation=organisation)


_counter = iter(range(1, 10_000))


def kinds(case) -> list[str]:
    return [row.kind for row in findings.current(case)]


def test_nothing_is_found_where_nothing_is_shared(office):
    case, _other = lone(office), lone(office)
    assert kinds(case) == []


def test_same_invoice_in_another_organisations_case_is_found_on_both_sides(office):
    first, second = lone(office), lone(office)
    number = first.invoices.first().invoice_no
    row = add_invoice(second, invoice_no=number)
    (found,) = findings.current(second)
    assert (found.kind, found.invoice, found.other) == ("same_invoice", row, first)
    assert found.facts["other_number"] == first.number
    assert kinds(first) == ["same_invoice"]


def test_same_invoice_in_a_draft_is_not_found(office):
    first = lone(office)
    organisation = OrganisationFactory(
        district=office.district, bank_account="", contact_phone="", address=""
    )
    draft = Application.objects.create(
        call=office.call, definition=office.call.definition, organisation=organisation,
        district=office.district, started_by=organisation.registered_by,
        started_at=first.started_at, stage_started_at=first.started_at,
    )  # fmt: skip
    add_invoice(draft, invoice_no=first.invoices.first().invoice_no)
    assert kinds(first) == []


def test_a_re_application_with_the_same_invoice_is_not_found(office):
    first = lone(office)
    move(first, "refuse", actor=office.lead_head, note="材料不全")
    again = make_case(office, at="formal_check", organisation=first.organisation)
    add_invoice(again, invoice_no=first.invoices.first().invoice_no)
    assert kinds(again) == []


def test_the_same_organisations_live_case_with_the_same_invoice_is_found(office):
    first = lone(office)
    again = make_case(office, at="formal_check", organisation=first.organisation, ordinal=2)
    add_invoice(again, invoice_no=first.invoices.first().invoice_no)
    assert kinds(again) == ["same_invoice"]


def test_an_ended_case_of_another_organisation_with_the_same_invoice_is_found(office):
    first, second = lone(office), lone(office)
    move(first, "refuse", actor=office.lead_head, note="材料不全")
    add_invoice(second, invoice_no=first.invoices.first().invoice_no)
    assert kinds(second) == ["same_invoice"]


@pytest.mark.parametrize(
    ("seller", "kind"),
    [
        ("itself", "seller_is_applicant"),
        ("namesake", "seller_legal_person"),
        ("declared", "declared_related"),
        ("other", None),
    ],
)
def test_sellers_near_the_applicant_are_found(office, seller, kind):
    case = lone(office, legal_representative="钱某")
    namesake = OrganisationFactory(legal_representative="钱某", address="", contact_phone="")
    other = OrganisationFactory(legal_representative="孙某", address="", contact_phone="")
    add_invoice(
        case,
        seller_uscc={
            "itself": case.organisation.uscc, "namesake": namesake.uscc,
            "other": other.uscc, "declared": "",
        }[seller],
        related_party=seller == "declared",
    )  # fmt: skip
    assert kinds(case) == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bank_account", "same_account"),
        ("contact_phone", "same_contact"),
        ("address", "same_address"),
    ],
)
def test_another_organisation_with_the_same_trait_is_found(office, name, kind):
    first = lone(office)
    second = lone(office)
    shared = getattr(first.organisation, name)
    setattr(second.organisation, name, shared)
    second.organisation.save(update_fields=[name])
    (found,) = findings.current(second)
    assert (found.kind, found.other) == (kind, first)
    assert shared not in str(found.facts)


def test_settle_keeps_state_reason_and_event(office):
    first, second = lone(office), lone(office)
    add_invoice(second, invoice_no=first.invoices.first().invoice_no)
    (found,) = findings.current(second)
    findings.settle(
        second, found.key, actor=office.lead_clerk, state="dismissed", reason="发票分摊，有说明"
    )
    (after,) = findings.current(second)
    assert (after.state, after.kept.reason) == ("dismissed", "发票分摊，有说明")
    assert findings.open_ones(second) == []
    assert findings.open_ones(first) != []
    event = Event.objects.get(action="finding.settle")
    assert (event.from_state, event.to_state) == ("open", "dismissed")


def test_settle_without_a_reason_is_refused(office):
    first, second = lone(office), lone(office)
    add_invoice(second, invoice_no=first.invoices.first().invoice_no)
    (found,) = findings.current(second)
    with pytest.raises(Refused) as refused:
        findings.settle(second, found.key, actor=office.lead_clerk, state="dismissed", reason=" ")
    assert refused.value.reason == "reason_missing"
    assert Finding.objects.count() == 0


@pytest.mark.parametrize("who", ["lead_head", "stranger"])
def test_settle_by_whom_it_is_none_of_is_refused(office, who):
    first, second = lone(office), lone(office)
    add_invoice(second, invoice_no=first.invoices.first().invoice_no)
    (found,) = findings.current(second)
    with pytest.raises(Refused) as refused:
        findings.settle(
            second, found.key, actor=getattr(office, who), state="dismissed", reason="x"
        )
    assert refused.value.reason == "role"


def test_settle_of_what_was_not_found_is_refused(office):
    case = lone(office)
    with pytest.raises(Refused) as refused:
        findings.settle(
            case, "same_invoice:none", actor=office.lead_clerk, state="dismissed", reason="x"
        )
    assert refused.value.reason == "no_finding"


def test_what_was_kept_stays_after_its_row_is_gone(office):
    first, second = lone(office), lone(office)
    row = add_invoice(second, invoice_no=first.invoices.first().invoice_no)
    assert findings.keep(second) == 1
    assert findings.keep(second) == 0
    row.delete()
    (found,) = findings.current(second)
    assert (found.kind, found.invoice, found.state) == ("same_invoice", None, "open")


def test_current_takes_four_queries_however_many_invoices(office, django_assert_num_queries):
    case = lone(office)
    for _index in range(30):
        add_invoice(case, seller_uscc="91320113MA2B00X78G")
    with django_assert_num_queries(4):
        findings.current(case)
