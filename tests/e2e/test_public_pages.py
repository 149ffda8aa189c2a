"""The public pages in both languages, at every width."""

import pytest

from tests.e2e import look
from tests.policy.catalogue import make_measure, make_open_call

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "home": "/",
    "measures": "/measures/",
    "measure": "/measures/10-1/",
    "calls": "/calls/",
    "call": "/calls/{uid}/",
    "login": "/accounts/login/",
    "reset": "/accounts/password/reset/",
    "not-found": "/nothing-here/",
}


@pytest.fixture
def call():
    call = make_open_call(make_measure(1), days=9)
    for position in range(2, 8):
        make_open_call(make_measure(position), days=position * 7)
    make_measure(8)
    return call


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_public_page_fits_its_readers(open_page, call, name, language):
    expected = 404 if name == "not-found" else 200
    page = open_page(PAGES[name].format(uid=call.uid), language=language, expected=expected)
    assert look.faults(page, f"{name}-{language}") == []
