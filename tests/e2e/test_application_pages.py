"""The applicant's pages in both languages, at every width."""

import pytest

from applications import drafts, sheets, submitting
from portal import clock
from tests.applications import definition
from tests.e2e import look

pytestmark = pytest.mark.django_db(transaction=True)

DRAFT_PAGES = {
    "list": "/applications/",
    "start": "/applications/start/{call}/",
    "workspace": "/applications/{uid}/edit/",
    "section": "/applications/{uid}/edit/team/?check=1",
    "profile": "/applications/{uid}/edit/unit/",
    "child-table": "/applications/{uid}/edit/validated/?check=1",
    "fixed-table": "/applications/{uid}/edit/goals/",
    "invoices": "/applications/{uid}/edit/investment/?check=1",
    "attachments": "/applications/{uid}/edit/attachments/?check=1",
    "amount": "/applications/{uid}/edit/amount/",
    "check": "/applications/{uid}/check/",
}
CASE_PAGES = {
    "receipt": "/applications/{uid}/receipt/",
    "case": "/applications/{uid}/",
    "submitted-section": "/applications/{uid}/edit/team/",
}


@pytest.fixture
def place():
    return definition.world()


@pytest.fixture
def draft(place):
    """A draft with something of everything: done, missing, wrong."""
    application = definition.start(place)
    team = definition.TEAM | {"managers": 30, "has_fund": True}
    drafts.save_section(application, "team", team, actor=place.filler)
    rows = [definition.invoice(number) for number in range(1, 13)]
    rows[2] |= {"gross_cny": "36,000.00"}
    rows[4] |= {"related_party": "是"}
    rows[5] |= {"invoice_date": "2023-01-05", "fiscal_percent": "20"}
    rows[7] |= {"invoice_no": rows[0]["invoice_no"], "quantity": "三台"}
    sheets.append_invoices(application, rows, actor=place.filler, replacing=True)
    definition.attach(application, "audit", actor=place.filler)
    return application


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", DRAFT_PAGES)
def test_page_of_a_draft_fits_its_readers(open_page, place, draft, name, language):
    path = DRAFT_PAGES[name].format(uid=draft.uid, call=place.call.uid)
    page = open_page(path, user=place.filler, language=language)
    assert look.faults(page, f"application-{name}-{language}") == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", CASE_PAGES)
def test_page_of_a_case_fits_its_readers(open_page, place, name, language, run_tasks):
    application = definition.fill(definition.start(place), place)
    submitting.submit(application, actor=place.admin, key="k", arrived_at=clock.now())
    page = open_page(
        CASE_PAGES[name].format(uid=application.uid), user=place.admin, language=language
    )
    assert look.faults(page, f"application-{name}-{language}") == []
