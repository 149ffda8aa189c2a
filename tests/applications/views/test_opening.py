"""Every page opens, to whom it may, at a cost that does not grow with the rows."""

import pytest
from django.urls import reverse

from applications import sheets
from applications.models import Application
from portal import clock
from portal.accounts.models import Role
from tests.applications.definition import (
    BODY,
    fill,
    invoice,
    make_call,
    make_measure,
    start,
    submitted,
)
from tests.applications.views.pages import page, queries_of, url
from tests.factories import OrganisationFactory, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_a_draft_open_in_both_languages(filler, place, language):
    filler.cookies["language"] = language
    application = fill(start(place), place)
    page(filler, reverse("application_list"))
    page(filler, url("workspace", application))
    page(filler, url("check", application))
    for code in ("unit", "team", "validated", "goals", "investment", "attachments", "amount"):
        page(filler, url("section", application, code))
        page(filler, url("section", application, code) + "?check=1")
    assert filler.get(url("section", application, "review")).status_code == 302


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_a_submitted_case_open_in_both_languages(admin, place, run_tasks, language):
    admin.cookies["language"] = language
    application = submitted(place)
    page(admin, url("receipt", application))
    run_tasks()
    page(admin, url("receipt", application))
    page(admin, url("case", application))
    page(admin, reverse("application_list"))
    submission = application.submissions.get()
    page(admin, url("papers", application, submission.uid))
    for kind in ("receipt", "form"):
        response = admin.get(url("paper", application, submission.uid, kind))
        assert response.status_code == 200
        assert b"".join(response.streaming_content).startswith(b"%PDF")
    for code in ("unit", "team", "validated", "goals", "investment", "attachments", "amount"):
        assert "此页只供查看" in page(admin, url("section", application, code)) or language == "en"


def test_list_needs_the_same_queries_for_1_and_for_20_rows(
    filler, place, django_assert_max_num_queries
):
    few = world_with_cases(filler, place, 1)
    one = queries_of(django_assert_max_num_queries, filler, few)
    world_with_cases(filler, place, 29)
    many = queries_of(django_assert_max_num_queries, filler, few)
    assert (one, many) == (LIST_QUERIES, LIST_QUERIES)
    assert "下一页" in page(filler, few)


LIST_QUERIES = 7


def world_with_cases(filler, place, count):
    now = clock.now()
    held = Application.objects.count()
    Application.objects.bulk_create(
        Application(
            call=place.call, definition=place.call.definition, organisation=place.organisation,
            district=place.district, ordinal=held + number, started_by=place.filler,
            started_at=now, stage_started_at=now, title=f"案 {number}",
        )
        for number in range(1, count + 1)
    )  # fmt: skip
    return reverse("application_list")


def test_workspace_and_investment_table_need_the_same_queries_at_1_and_at_30_rows(
    filler, place, django_assert_max_num_queries
):
    application = fill(start(place), place, rows=1)
    pages = [
        url("workspace", application),
        url("section", application, "investment"),
        url("check", application),
    ]
    few = [queries_of(django_assert_max_num_queries, filler, address) for address in pages]
    sheets.append_invoices(application, [invoice(n) for n in range(2, 31)], actor=place.filler)
    many = [queries_of(django_assert_max_num_queries, filler, address) for address in pages]
    assert few == many
    assert max(many) <= 25


def test_page_of_30_invoices_weighs_less_than_100_kb_and_of_500_no_more(filler, place):
    application = start(place)
    rows = [
        invoice(n, specification="X", quantity="1", contract_no=f"HT-{n}") for n in range(1, 501)
    ]
    sheets.append_invoices(application, rows[:30], actor=place.filler, replacing=True)
    narrow = len(filler.get(url("section", application, "investment")).content)
    whole = len(filler.get(url("section", application, "investment") + "?all=1").content)
    assert narrow < 100_000 and whole < 130_000
    sheets.append_invoices(application, rows, actor=place.filler, replacing=True)
    response = filler.get(url("section", application, "investment"))
    assert len(response.content) < 100_000
    assert response.content.decode().count("<tr data-row=") == sheets.PAGE_ROWS


def test_case_page_needs_at_most_25_queries(admin, place, django_assert_max_num_queries):
    application = submitted(place)
    assert queries_of(django_assert_max_num_queries, admin, url("case", application), 25) <= 25


def test_foreign_organisation_meets_404_everywhere(client, place):
    application = fill(start(place), place)
    client.force_login(person(Role.ORG_ADMIN, organisation=OrganisationFactory()))
    for name, *args in [
        ("workspace",), ("check",), ("case",), ("receipt",), ("section", "team"), ("section", "investment"),
        ("section", "attachments"), ("export", "investment"),
        ("file", application.attachments.get().uid),
    ]:  # fmt: skip
        assert client.get(url(name, application, *args)).status_code == 404
    for name, *args in [
        ("autosave", "team"),
        ("rows", "investment"),
        ("upload", "licence"),
        ("move",),
    ]:
        assert (
            client.post(url(name, application, *args), {"action": "hand_over"}).status_code == 404
        )
    application.refresh_from_db()
    assert application.status == "draft"


def test_draft_is_hidden_from_the_units(client, place):
    application = fill(start(place), place)
    client.force_login(person(Role.CLERK, unit=place.district))
    assert (
        client.get(url("file", application, application.attachments.get().uid)).status_code == 404
    )


@pytest.mark.parametrize(
    ("role", "unit", "target"),
    [(Role.CLERK, "district", "review_desk"), (Role.HEAD, "lead", "review_desk")],
)
def test_address_of_a_case_leads_officers_to_their_desk(client, place, role, unit, target):
    application = submitted(place)
    client.force_login(person(role, unit=getattr(place, unit)))
    response = client.get(url("case", application))
    assert response["Location"] == reverse(target, args=[application.uid])


def test_withdrawal_is_offered_to_the_admin_alone(client, place):
    application = submitted(place)
    link = reverse("award_withdraw", args=[application.uid])
    client.force_login(place.admin)
    assert link in page(client, url("case", application))
    client.force_login(place.filler)
    assert link not in page(client, url("case", application))


def test_start_opens_a_draft_and_a_second_one_is_refused_with_the_way_to_the_first(filler, place):
    address = reverse("application_start", args=[place.call.uid])
    assert "新建申报" in page(filler, address)
    response = filler.post(address)
    application = Application.objects.get()
    assert response["Location"] == url("workspace", application)
    assert "继续已有的申报" in page(filler, address)
    again = filler.post(address)
    assert again.status_code == 422
    assert "贵单位在本批次已有一件申报" in again.content.decode()
    assert url("case", application) in again.content.decode()
    assert Application.objects.count() == 1


def test_organisation_that_may_not_apply_is_told_the_clause_and_nearer_measures(client, place):
    other = make_measure(place.lead, line="11-1")
    make_call(other, BODY | {"line": "11-1", "eligibility": {}})
    organisation = OrganisationFactory(kind="bank", district=place.district)
    client.force_login(person(Role.FILLER, organisation=organisation))
    address = reverse("application_start", args=[place.call.uid])
    content = page(client, address)
    assert "不符合申报条件" in content and place.measure.clause in content
    assert "11-1" in content and "新建申报" not in content
    assert client.post(address).status_code == 422
    assert not Application.objects.exists()
