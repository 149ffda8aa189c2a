"""The components, as pages use them: nothing overflows, axe finds nothing, keys suffice."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from portal import money
from portal.accounts.models import Role
from tests.e2e import look
from tests.e2e.gallery import PAGES
from tests.factories import person
from tests.policy.test_money import CASES

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def gallery(settings):
    settings.ROOT_URLCONF = "tests.e2e.gallery"


@pytest.mark.parametrize("name", PAGES)
def test_gallery_page_fits_its_readers(open_page, name):
    query = "?name=&amount=x" if name == "section" else ""
    assert look.faults(open_page(f"/gallery/{name}/{query}"), f"gallery-{name}") == []


@pytest.mark.parametrize("display", ["large", "contrast", "large.contrast"])
@pytest.mark.parametrize("name", ["workspace", "desk", "section"])
def test_gallery_page_in_large_print_or_high_contrast_fits(open_page, name, display):
    page = open_page(f"/gallery/{name}/", display=display)
    assert look.faults(page, f"gallery-{name}-{display}", widths=(375, 1366)) == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("role", [Role.ORG_ADMIN, Role.CLERK, Role.FINANCE_HEAD])
def test_header_of_who_is_signed_in_fits_its_readers(open_page, role, language):
    user = person(role)
    page = open_page("/gallery/timeline/", user=user, language=language)
    assert look.faults(page, f"header-{role}-{language}") == []
    page.set_viewport_size({"width": 1366, "height": 768})
    page.click(".user-menu > summary")
    assert look.axe_findings(page) == []
    look.shoot(page, f"header-{role}-{language}-open")
    page.keyboard.press("Escape")
    expect(page.locator(".user-menu-panel")).to_be_hidden()


def test_error_summary_takes_focus_and_leads_to_the_field(open_page):
    page = open_page("/gallery/section/?name=&amount=x")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page).to_have_title(re.compile("^错误："))
    link = page.locator("[data-error-summary] a", has_text="项目名称")
    words = link.inner_text().split("：", 1)[1]
    assert words in page.locator("#id_name_error").inner_text()
    link.press("Enter")
    expect(page.locator("#id_name")).to_be_focused()


def test_amount_typed_is_told_again_in_three_ways(open_page):
    page = open_page("/gallery/section/")
    page.fill("#id_amount", "200")
    echo = page.locator("[data-money-echo=id_amount]")
    expect(echo).to_have_text("200.00 万元 = ¥2,000,000.00 = 人民币贰佰万元整")
    page.fill("#id_amount", "0.0001234")
    expect(echo).to_have_text("")


def test_amounts_in_capitals_are_the_server_s_for_every_case(open_page):
    page = open_page("/gallery/section/")
    exact = [Decimal(cny) for cny, _text in CASES if not cny.startswith("-")]
    typed = [format((cny / money.WAN).normalize(), "f") for cny in exact]
    told = page.evaluate(
        """(typed) => typed.map((text) => {
          const input = document.getElementById("id_amount");
          input.value = text;
          input.dispatchEvent(new Event("input", {bubbles: true}));
          return document.querySelector("[data-money-echo]").textContent;
        })""",
        typed,
    )
    assert told == [
        f"{money.show_wan(cny)} 万元 = {money.show_cny(cny)} = {money.uppercase_cny(cny)}"
        for cny in exact
    ]


def test_session_s_end_is_announced_and_put_off_by_any_key(open_page):
    page = open_page("/gallery/timeline/?idle=200", user=person(Role.CLERK))
    bar = page.locator("[data-session-warning]")
    expect(bar).to_be_hidden()
    page.clock.install()
    page.reload()
    page.clock.fast_forward(81_000)
    expect(bar).to_contain_text("按任意键继续")
    with page.expect_response("**/extend/") as answer:
        page.keyboard.press("j")
    assert answer.value.ok
    expect(bar).to_be_hidden()


def test_session_that_ended_leaves_the_page_and_offers_to_sign_in(open_page):
    page = open_page("/gallery/timeline/?idle=1", user=person(Role.CLERK))
    expect(page.locator("[data-session-login]")).to_be_visible()
    expect(page.locator("[data-session-warning]")).to_contain_text("登录已到期")
    assert look.axe_findings(page) == []


def test_dialog_confirms_only_the_typed_number(open_page):
    page = open_page("/gallery/timeline/")
    page.click("[data-opens=withdraw]")
    button = page.locator("dialog [data-confirms]")
    expect(button).to_be_disabled()
    page.fill("#withdraw-typed", "10-1-2026-0041")
    expect(button).to_be_disabled()
    page.fill("#withdraw-typed", "10-1-2026-0042")
    expect(button).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


def test_menu_on_a_phone_opens_and_closes_by_keyboard(open_page):
    page = open_page("/", width=375)
    menu = page.locator("#site-nav")
    expect(menu).to_be_hidden()
    page.focus("[data-menu-button]")
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.locator("[data-menu-button]")).to_be_focused()


def test_countdown_runs_by_the_server_s_clock(open_page):
    page = open_page("/gallery/workspace/")
    expect(page.locator(".countdown-value")).to_have_text("9 天 2 小时")
    page.evaluate(
        "document.querySelector('.countdown-value').dataset.countdown ="
        " String(Number(document.querySelector('[data-server-clock]').dataset.serverClock) - 1)"
    )
    expect(page.locator(".countdown-value")).to_contain_text("已截止")


def test_display_is_remembered(open_page):
    page = open_page("/")
    page.get_by_role("button", name="大字版").click()
    page.goto(page.url + "measures/")
    expect(page.locator("html")).to_have_attribute("data-size", "large")
    page.get_by_role("button", name="标准字号").click()
    expect(page.locator("html:not([data-size])")).to_have_count(1)
