"""政策测算 in a browser: from the first question to an amount, in both languages."""

import re

import pytest
from playwright.sync_api import expect

from policy.entries import Catalogue
from policy.loading import load
from policy.models import Measure
from portal.accounts.models import Role
from tests.e2e import look
from tests.factories import OrganisationFactory, person
from tests.policy.catalogue import make_open_call

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/calculator/"
WORDS = {
    "zh-hans": {"next": "下一问", "amount": "50.00 万元"},
    "en": {"next": "Next question", "amount": "500,000"},
}
SHOWN = """(selector) => [...document.querySelectorAll(selector)]
  .filter((el) => el.checkVisibility({contentVisibilityAuto: true})).length"""


@pytest.fixture
def catalogue():
    load(Catalogue(), actor="system:test")


@pytest.mark.parametrize("language", WORDS)
def test_from_the_first_question_to_an_amount(open_page, catalogue, language):
    words = WORDS[language]
    page = open_page(URL, language=language)
    assert look.faults(page, f"calculator-first-{language}", widths=(375, 1366)) == []

    def go_on():
        page.locator("#question .btn-primary", has_text=words["next"]).click()

    page.locator("#kind-enterprise").check()
    go_on()
    page.locator("#matter-project").check()
    go_on()
    page.locator("#fact-jointly_published").check()
    go_on()
    # What was not ticked is denied; a choice comes before the amounts.
    assert "national_task=no" in page.url
    page.locator("#ask-fields-biomedicine").check()
    go_on()
    # The amount is first typed wrongly.
    field = page.locator("#ask-enterprise_input_cny")
    field.fill("五百")
    go_on()
    expect(field).to_have_value("五百")
    expect(page.locator("#ask-enterprise_input_cny-error")).to_be_visible()
    assert look.faults(page, f"calculator-wrong-{language}", widths=(375, 1366)) == []
    field.fill("500")
    go_on()
    expect(page.locator("#line-8-1 .verdict-amount")).to_contain_text(words["amount"])
    assert look.faults(page, f"calculator-verdicts-{language}", widths=(375, 1366)) == []


def test_one_fact_in_place_a_link_to_pass_on_and_a_page_to_print(open_page, catalogue):
    page = open_page(f"{URL}?organisation_kind=enterprise&matter=project", width=375)
    page.locator("#line-8-1 input[type=text]").fill("3000")
    page.locator("#line-8-1 form button").click()
    page.locator("#line-8-1 select").select_option("yes")
    page.locator("#line-8-1 form button").click()
    page.wait_for_url("**#line-8-1")
    expect(page.locator("#line-8-1 .verdict-amount")).to_contain_text("200.00")

    # A row that a link points at is opened; the question stands before the results.
    nearest = page.locator("#verdicts-no ~ details").first
    nearest.locator("summary").click()
    link = nearest.locator(".verdict-body a[href^='#line-']").first
    row = page.locator(link.get_attribute("href"))
    link.click()
    assert row.get_attribute("open") is not None or row.evaluate("el => el.localName") == "article"
    top = page.locator("#question").bounding_box()["y"]
    assert top < page.locator("#verdicts-fits").bounding_box()["y"]

    # Another reader, signed in as nobody, sees the same verdicts at the same address.
    address = page.url.split("#")[0]
    other = open_page(re.sub(r"^https?://[^/]+", "", address), width=375)
    opened = "() => document.querySelectorAll('.verdict[open]').forEach(el => { el.open = false; })"
    for one in (page, other):
        one.evaluate(opened)
    told = [page.locator(".verdicts").nth(n).inner_text() for n in range(3)]
    assert [other.locator(".verdicts").nth(n).inner_text() for n in range(3)] == told

    other.emulate_media(media="print")
    assert other.evaluate(SHOWN, "#question") == 0
    assert other.evaluate(SHOWN, ".verdict-clause") == 32
    assert other.evaluate(SHOWN, ".answered li") >= 3


CARRIED = {
    "zh-hans": {
        "start": "开始申报",
        "new": "新建申报",
        "source": "来自政策测算",
        "sum": "860.00 万元",
    },
    "en": {
        "start": "Start an application",
        "new": "Start the application",
        "source": "From the calculator",
        "sum": "8,600,000",
    },
}


@pytest.mark.parametrize(("language", "width"), [("zh-hans", 375), ("en", 1366)])
def test_an_organisation_takes_its_verdict_into_a_draft_that_names_the_source(
    open_page, catalogue, language, width
):
    words = CARRIED[language]
    entry = Catalogue().newest("10-1")
    make_open_call(Measure.objects.get(line="10-1"), settings=dict(entry.cases.example_call or {}))
    filler = person(Role.FILLER, organisation=OrganisationFactory(kind="enterprise"))
    query = "matter=platform&market_operated=yes&site_in_nanjing=yes&construction_input_cny=860"
    page = open_page(f"{URL}?{query}", user=filler, language=language, width=width)
    # The kind is the profile's; the line fits and leads on.
    expect(page.locator(".answered li")).to_have_count(5)
    page.locator("#line-10-1 a.btn-primary").click()
    expect(page.locator("main")).to_contain_text(words["sum"])
    assert look.faults(page, f"start-carried-{language}", widths=(width,)) == []
    page.locator("main form button.btn-primary").click()
    workspace = page.url
    page.goto(f"{workspace}centre/")
    field = page.locator("#div_id_market_operated")
    expect(field.locator("input[value=true]")).to_be_checked()
    expect(field.locator(".field-source")).to_contain_text(words["source"])
    assert look.faults(page, f"section-carried-{language}", widths=(width,)) == []
    # What is written here no longer comes from elsewhere.
    field.locator("input[value=false]").check()
    expect(field.locator(".field-source")).to_have_count(0)
    page.goto(f"{workspace}investment/")
    expect(page.locator(".field-source")).to_contain_text(words["sum"])


def test_eight_questions_at_most_end_it_and_what_does_not_fit_names_clause_and_neighbours(
    open_page, catalogue
):
    page = open_page(f"{URL}?organisation_kind=bank", width=375)
    row = page.locator("#line-8-1, #line-8-2, #line-1-1").and_(page.locator(".verdict-no")).first
    row.locator("summary").click()
    assert len(row.locator(".verdict-clause p").first.inner_text()) > 10
    assert row.locator(".verdict-body a[href^='#line-']").count() >= 1
    asked = 1
    while page.locator("#question button").count() and asked <= 8:
        skip = page.locator("#question button[name=skip]")
        (skip if skip.count() else page.locator("#question .btn-primary")).first.click()
        asked += 1
    expect(page.locator("#question form")).to_have_count(0)
    assert asked <= 9
    expect(page.locator(".verdict")).to_have_count(32)
