"""The search box and its page in a browser."""

import pytest
from playwright.sync_api import expect

from portal.accounts.models import Role
from tests.awards.cases import make_scene
from tests.e2e import look
from tests.factories import person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    scene = make_scene()
    for _number in range(7):
        scene.case()
    return scene


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_search_page_fits_its_readers(open_page, scene, language):
    page = open_page("/search/?q=概念验证", user=scene.lead_clerk, language=language)
    expect(page.locator(".search-group").first).to_be_visible()
    assert look.faults(page, f"search-{language}") == []


def test_slash_brings_the_box_and_enter_searches(open_page, scene):
    page = open_page("/measures/")
    page.keyboard.press("/")
    page.keyboard.type("概念验证")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=*")
    expect(page.locator("mark").first).to_have_text("概念验证")


def test_on_a_phone_slash_opens_the_menu_that_holds_the_box(open_page, scene):
    page = open_page("/measures/", width=375)
    page.keyboard.press("/")
    expect(page.locator("#site-q")).to_be_focused()


def test_header_fits_with_its_box(open_page, scene):
    page = open_page("/reviews/", user=person(Role.HEAD, unit=scene.lead))
    assert look.faults(page, "search-header") == []
