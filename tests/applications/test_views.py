"""The applicant's pages: what they show, what they refuse, how many queries they need."""

import pytest
from django.urls import reverse

from tests.applications.definition import (
    fill,
    start,
    submitted,
    world,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return world()


@pytest.fixture
def filler(client, place):
    client.force_login(place.filler)
    return client


@pytest.fixture
def admin(client, place):
    client.force_login(place.admin)
    return client


def url(name, application, *args):
    return reverse(f"application_{name}", args=[application.uid, *args])


def page(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def queries_of(django_assert_max_num_queries, client, address, most=100):
    with django_assert_max_num_queries(most) as found:
        assert client.get(address).status_code == 200
    return len(found)


# --- every page opens ------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_a_draft_open_in_both_languages(filler, place, language):
    filler.cookies["language"] = language
    application = fill(start(place), place)
    page(filler, reverse("application_list"))
    page(filler, url("workspace", application))
    page(filler, url("check", application))
    for code in ("unit", "team", "validated", "goals", "investment", "attachments", "amount"):
        page(filler, url("section", application, code))
        page(filler, url("section", application, code) + "?check=1")
    assert filler.get(url("section", application, "review")).status_code == 302


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_a_submitted_case_open_in_both_languages(admin, place, run_tasks, language):
    admin.cookies["language"] = language
    application = submitted(place)
    page(admin, url("receipt", application))
    run_tasks()
    page(admin, url("receipt", application))
    page(admin, url("case", application))
    page(admin, reverse("application_list"))
    submission = application.submissions.get()
    page(admin, url("papers", application, submission.uid))
    for kind in ("receipt", "form"):
        response = admin.get(url("paper", application, submission.uid, kind))
        assert response.status_code == 200
        assert b"".join(response.streaming_content).startswith(b"%PDF")
    for code in ("unit", "team", "validated", "goals", "investment", "attachments", "amount"):
        assert "此页只供查看" in page(admin, url("section", application, code)) or language == "en"
