"""Pages of the account, signed in, in both languages: allauth's own, in the house style."""

import re

import pytest
from playwright.sync_api import expect

from portal.accounts.models import Role
from tests.e2e import look
from tests.factories import person

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "logout": "/accounts/logout/",
    "password-change": "/accounts/password/change/",
    "mfa": "/accounts/2fa/",
    "reauthenticate": "/accounts/reauthenticate/",
    "mfa-totp": "/accounts/2fa/totp/activate/",
    "email": "/accounts/email/",
}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_account_page_fits_its_readers(open_page, name, language):
    page = open_page(PAGES[name], user=person(Role.CLERK), language=language)
    assert look.faults(page, f"account-{name}-{language}", widths=(375, 1366)) == []


def test_refused_password_change_keeps_the_page_and_names_the_field(open_page):
    page = open_page("/accounts/password/change/", user=person(Role.ORG_ADMIN))
    page.fill("#id_oldpassword", "wrong-password")
    page.fill("#id_password1", "short")
    page.fill("#id_password2", "short")
    page.click(".entrance form button[type=submit]")
    expect(page).to_have_title(re.compile("^错误："))
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.locator("#id_oldpassword[aria-invalid=true]")).to_have_count(1)
    assert look.faults(page, "account-password-refused", widths=(375, 1366)) == []
