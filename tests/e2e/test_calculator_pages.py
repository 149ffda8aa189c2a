"""政策测算 in a browser: from the first question to an amount, in both languages."""

import re

import pytest

from policy.entries import Catalogue
from policy.loading import load
from tests.e2e import look

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
    # What was not ticked is denied; the amount is asked and first typed wrongly.
    assert "national_task=no" in page.url
    field = page.locator("#ask-enterprise_input_cny")
    field.fill("五百")
    go_on()
    assert field.input_value() == "五百"
    assert page.locator("#ask-enterprise_input_cny-error").is_visible()
    assert look.faults(page, f"calculator-wrong-{language}", widths=(375, 1366)) == []
    field.fill("500")
    go_on()
    assert words["amount"] in page.locator("#line-8-1 .verdict-amount").inner_text()
    assert look.faults(page, f"calculator-verdicts-{language}", widths=(375, 1366)) == []


def test_one_fact_in_place_a_link_to_pass_on_and_a_page_to_print(open_page, catalogue):
    page = open_page(f"{URL}?organisation_kind=enterprise&matter=project", width=375)
    page.locator("#line-8-1 input[type=text]").fill("3000")
    page.locator("#line-8-1 form button").click()
    page.locator("#line-8-1 select").select_option("yes")
    page.locator("#line-8-1 form button").click()
    assert page.url.endswith("#line-8-1")
    assert "200.00" in page.locator("#line-8-1 .verdict-amount").inner_text()

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
