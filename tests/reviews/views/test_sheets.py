"""What an expert sees on a score sheet, and what stays hidden."""

import pytest

from reviews import panels
from tests.factories import OrganisationFactory
from tests.reviews.cases import make_case, make_office, scoring_panel
from tests.reviews.views.pages import get

pytestmark = pytest.mark.django_db


def test_sheet_masks_names_phones_and_accounts(client, office):
    organisation = OrganisationFactory(name="钟山验证中心", district=office.district)
    case = make_case(
        office, at="expert_review", organisation=organisation, title="钟山验证中心二期"
    )
    panel = scoring_panel(office, case)
    sheet = panels.sheets(panel).first()
    text = get(client, sheet.seat.expert.user, "review_sheet", sheet.uid).content.decode()
    assert "【申报单位】二期" in text
    assert "生物医药" in text
    for hidden in ("钟山验证中心", "13800001234", "6222000000001234"):
        assert hidden not in text


def test_sheet_shows_names_where_the_stage_does_not_mask_them(client):
    office = make_office(settings={"expert_review.mask_names": False})
    case = make_case(office, at="expert_review")
    sheet = panels.sheets(scoring_panel(office, case)).first()
    text = get(client, sheet.seat.expert.user, "review_sheet", sheet.uid).content.decode()
    assert case.organisation.name in text
    assert "13800001234" not in text


def test_sheet_opens_only_the_files_of_the_rubric(client, office):
    case = make_case(office, at="expert_review")
    sheet = panels.sheets(scoring_panel(office, case)).first()
    user = sheet.seat.expert.user
    licence = case.attachments.get(slot="licence")
    page = get(client, user, "review_sheet_document", sheet.uid, licence.uid)
    assert page.status_code == 404
    shown = get(client, user, "review_sheet", sheet.uid)
    keys = {document.key for document in shown.context["desk"].documents}
    assert keys == {"content", "invoices", case.attachments.get(slot="social_insurance").uid}


def test_sheet_of_another_expert_and_others_scores_are_not_shown(client, office):
    case = make_case(office, at="expert_review")
    panel = scoring_panel(office, case)
    first, second = list(panels.sheets(panel))[:2]
    assert get(client, second.seat.expert.user, "review_sheet", first.uid).status_code == 404
    assert get(client, first.seat.expert.user, "review_desk", case.uid).status_code == 404
    assert get(client, first.seat.expert.user, "review_panel", panel.uid).status_code == 404


def test_expert_opens_no_file_past_the_mask(client, office):
    case = make_case(office, at="expert_review")
    sheet = panels.sheets(scoring_panel(office, case)).first()
    for file in case.attachments.all():
        page = get(client, sheet.seat.expert.user, "application_file", case.uid, file.uid)
        assert page.status_code == 404
    page = get(client, sheet.seat.expert.user, "application_case", case.uid)
    assert page["Location"] == "/reviews/expert/"
