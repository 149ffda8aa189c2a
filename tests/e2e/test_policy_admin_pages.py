"""The policy administrators' pages in both languages, at every width."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from policy import calendars, call_changes
from portal import clock
from tests.e2e import look
from tests.policy.callable import make_callable_measure, make_draft, make_published, person

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "home": "/policy-admin/",
    "list": "/policy-admin/calls/",
    "choose": "/policy-admin/calls/new/",
    "new": "/policy-admin/calls/new/10-1/",
    "edit": "/policy-admin/calls/{draft}/edit/",
    "draft": "/policy-admin/calls/{draft}/",
    "published": "/policy-admin/calls/{published}/",
    "act": "/policy-admin/calls/{published}/changes/budget_cny/",
    "calendar": "/policy-admin/calendar/?year=2026",
    "import": "/policy-admin/calendar/import/",
    "day": "/policy-admin/calendar/2026-03-02/",
}


@pytest.fixture
def world():
    calendars.seed(actor="test")
    measure = make_callable_measure()
    draft = make_draft(measure, settings={}, budget_cny=Decimal("1000000"))
    published = make_published(measure)
    later = published.closes_at + timedelta(days=7)
    released = call_changes.draft(
        published,
        "closes_at",
        after=later,
        reason="申报单位集中反映准备时间不足",
        actor=person("drafter"),
    )
    call_changes.put_into_effect(released, actor=person("publisher"))
    call_changes.draft(
        published,
        "budget_cny",
        after=Decimal("25000000"),
        reason="追加财政预算",
        actor=person("drafter"),
    )
    return {"draft": draft.uid, "published": published.uid}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_administrators_page_fits_its_readers(open_page, world, name, language):
    page = open_page(PAGES[name].format(**world), user=person("publisher"), language=language)
    assert look.faults(page, f"policy-admin-{name}-{language}") == []


def test_errors_of_a_call_take_focus_and_the_amount_is_told_again(open_page, world):
    page = open_page("/policy-admin/calls/new/10-1/", user=person("publisher"))
    assert (
        clock.today().isoformat()[:4] in page.get_by_label("标题", exact=False).first.input_value()
    )
    page.get_by_label("预算").fill("2000")
    echo = page.locator("output[for=id_budget_cny]")
    expect(echo).to_contain_text("= ¥20,000,000.00 = 人民币贰仟万元整")
    page.get_by_label("资助比例").fill("三成")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page).to_have_title(re.compile("^错误："))
    expect(page.get_by_label("资助比例")).to_have_value("三成")
    assert look.faults(page, "policy-admin-new-errors") == []
