"""Language, display and the pages of errors."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import path, reverse

from portal.urls import handler400, handler403, handler404  # noqa: F401
from portal.urls import urlpatterns as portal_urls
from tests.policy.catalogue import make_measure

pytestmark = pytest.mark.django_db


def broken(request):
    raise RuntimeError("broken on purpose")


def suspicious(request):
    from django.core.exceptions import SuspiciousOperation

    raise SuspiciousOperation


urlpatterns = [*portal_urls, path("broken/", broken), path("suspicious/", suspicious)]


def test_language_is_remembered_for_a_year_and_comes_back_to_the_page(client):
    answer = client.post(
        reverse("set_language"), {"language": "en", "next": "/measures/?group=market"}
    )
    assert answer["Location"] == "/measures/?group=market"
    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (cookie.value, cookie["max-age"], cookie["httponly"]) == ("en", 31_536_000, True)
    assert '<html lang="en"' in client.get("/measures/").content.decode()


def test_unknown_language_is_not_remembered(client):
    answer = client.post(reverse("set_language"), {"language": "tlh"})
    assert settings.LANGUAGE_COOKIE_NAME not in answer.cookies


@pytest.mark.parametrize("name", ["set_language", "set_display"])
@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_way_back_stays_on_the_site(client, name, target):
    assert client.post(reverse(name), {"next": target})["Location"] == "/"


def test_display_toggles_on_and_off_and_keeps_the_other(client):
    for toggle, value in [
        ("large", "large"),
        ("contrast", "large.contrast"),
        ("large", "contrast"),
    ]:
        answer = client.post(reverse("set_display"), {"toggle": toggle})
        assert answer.cookies["display"].value == value
    page = client.get("/measures/").content.decode()
    assert 'data-contrast="high"' in page
    assert "data-size" not in page


def test_display_cookie_with_nonsense_shows_the_plain_page(client):
    client.cookies["display"] = "<b>.large2"
    assert "data-size" not in client.get("/measures/").content.decode()


def test_form_without_its_token_gets_a_kind_page():
    answer = Client(enforce_csrf_checks=True).post(reverse("set_language"), {"language": "en"})
    assert answer.status_code == 403
    assert "页面已过期" in answer.content.decode()


def test_broken_page_says_so_without_the_database_s_help(settings):
    settings.ROOT_URLCONF = __name__
    answer = Client(raise_request_exception=False).get("/broken/")
    assert answer.status_code == 500
    assert "系统暂时无法处理" in answer.content.decode()
    assert "broken on purpose" not in answer.content.decode()


def test_suspicious_request_is_refused_kindly(client, settings):
    settings.ROOT_URLCONF = __name__
    answer = client.get("/suspicious/")
    assert answer.status_code == 400
    assert "请求无法处理" in answer.content.decode()


def test_page_in_a_frame_of_another_site_is_not_allowed(client):
    make_measure()
    policy = client.get("/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
