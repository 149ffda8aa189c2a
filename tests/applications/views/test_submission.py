"""Checking, handing over, submitting."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse

from applications import drafts
from applications.models import Submission
from tests.applications.definition import (
    TEAM,
    fill,
    start,
)
from tests.applications.views.pages import FULL, form_of, page, url

pytestmark = pytest.mark.django_db


def posted(client, application, **more):
    content = page(client, url("check", application))
    data = {
        name: re.search(rf'name="{name}" value="([^"]*)"', content)[1]
        for name in ("action", "key", "seen")
    }
    return client.post(url("check", application), data | {"pledge": "1"} | more), data


def test_filler_hands_over_and_the_admin_submits_once_however_often_pressed(client, place):
    application = fill(start(place), place)
    client.force_login(place.filler)
    assert "交单位管理员提交" in page(client, url("check", application))
    client.post(url("move", application), {"action": "hand_over", "revision": application.revision})
    application.refresh_from_db()
    assert application.status == "handed"
    client.force_login(place.admin)
    response, data = posted(client, application)
    receipt = url("receipt", application)
    assert response["Location"] == receipt
    again = client.post(url("check", application), data | {"pledge": "1"})
    other_tab = client.post(url("check", application), data | {"pledge": "1", "key": "another"})
    assert (again["Location"], other_tab["Location"]) == (receipt, receipt)
    assert client.get(url("check", application))["Location"] == receipt
    assert Submission.objects.count() == 1
    content = page(client, receipt)
    submission = Submission.objects.get()
    assert "10-1-2026-0001" in content and submission.sha256[:8] in content
    assert "栖霞区" in content


def test_submission_without_the_pledge_stays_on_the_page(admin, place):
    application = fill(start(place), place)
    content = page(admin, url("check", application))
    key = re.search(r'name="key" value="([^"]*)"', content)[1]
    response = admin.post(url("check", application), {"action": "submit", "key": key})
    assert response.status_code == 422
    assert "请阅读并勾选承诺" in response.content.decode()
    assert "<title>错误：" in response.content.decode()
    assert not Submission.objects.exists()


def test_content_changed_behind_the_check_page_is_checked_again(admin, place):
    application = fill(start(place), place)
    content = page(admin, url("check", application))
    drafts.save_section(application, "team", {"staff": 27}, actor=place.filler)
    data = {
        name: re.search(rf'name="{name}" value="([^"]*)"', content)[1]
        for name in ("action", "key", "seen")
    }
    response = admin.post(url("check", application), data | {"pledge": "1"})
    assert response.status_code == 422
    assert "核对之后内容有改动" in response.content.decode()


def test_change_from_the_check_page_returns_to_its_card(admin, place):
    application = fill(start(place), place)
    content = page(admin, url("check", application))
    link = url("section", application, "team") + "?back=check"
    assert f'href="{link}"' in content
    section = page(admin, link)
    assert "保存并返回核对" in section
    data = form_of(section) | FULL | {"_back": "check"}
    response = admin.post(url("section", application, "team"), data)
    assert response["Location"] == url("check", application) + "#card-team"


def test_late_submission_is_told_both_times(client, place, clock):
    application = fill(start(place), place)
    clock.set(place.call.closes_at - timedelta(minutes=5))
    client.force_login(place.admin)
    page(client, url("check", application))
    clock.set(place.call.closes_at + timedelta(seconds=1))
    data = {"action": "submit", "key": "k", "pledge": "1"}
    response = client.post(url("check", application), data)
    assert response.status_code == 422
    assert "截止；您的提交于" in response.content.decode()


def test_draft_of_a_call_that_has_closed_says_so_wherever_it_is_filled_in(client, place, clock):
    application = fill(start(place), place)
    clock.set(place.call.closes_at - timedelta(minutes=5))
    client.force_login(place.admin)
    data = form_of(page(client, url("section", application, "team")))
    clock.set(place.call.closes_at + timedelta(seconds=1))
    saved = client.post(url("autosave", application, "team"), data | {"title": "迟到的标题"})
    assert "本批次已截止，不能再提交" in saved.json()["saved"]
    for name in ("workspace", "check"):
        assert "截止，不能再提交" in page(client, url(name, application)), name
    assert "截止，不能再提交" in page(client, url("section", application, "team"))
    assert "可以提交。" not in page(client, url("check", application))
    listed = page(client, reverse("application_list"))
    assert "已截止" in listed and "申报已截止" in listed


def test_a_draft_that_came_too_late_is_not_sent_to_mend_anything(client, place, clock):
    application = start(place)
    clock.set(place.call.closes_at - timedelta(seconds=30))
    client.force_login(place.admin)
    assert "提交前需处理" in page(client, url("check", application))
    clock.set(place.call.closes_at + timedelta(seconds=1))
    assert "提交前需处理" not in page(client, url("check", application))


def test_every_problem_links_to_its_cell_and_comes_back(admin, place):
    application = start(place)
    content = page(admin, url("check", application))
    link = url("section", application, "team") + "?check=1&amp;back=check#id_staff"
    assert f'<a href="{link}">专职人员：请填写此项</a>' in content
    assert TEAM["title"] not in content


def test_every_finding_of_the_check_page_leads_to_its_place(admin, place):
    application = start(place)
    content = page(admin, url("check", application))
    links = {
        html.unescape(href) for href in re.findall(r'href="([^"]+[?]check=1[^"]*#[^"]+)"', content)
    }
    pages: dict[str, str] = {}
    for link in links:
        address, anchor = link.split("#")
        shown = pages.get(address) or pages.setdefault(address, page(admin, address))
        assert shown.count(f'id="{anchor}"') == 1, link
    # A choice, a fixed row that is not stored yet, a slot and a table without rows are among them.
    anchors = {link.split("#")[1] for link in links}
    assert {"id_has_fund", "c-@1-y1", "slot-licence", "section-form"} <= anchors, sorted(anchors)


def test_unchanged_json_of_digests_survives_html(filler, place):
    application = start(place)
    data = form_of(page(filler, url("section", application, "team")))
    assert set(json.loads(data["_seen"])) == set(FULL)


def test_empty_draft_s_problems_stand_by_section_with_their_counts(admin, place):
    application = start(place)
    response = admin.get(url("check", application))
    groups = response.context["groups"]
    assert sum(group.count for group in groups) == len(response.context["stopping"])
    assert len(groups) == len({problem.section for problem in response.context["stopping"]})
    content = response.content.decode()
    # Nothing is wrong yet, only missing: no section stands open, each has its count.
    assert "<details open>" not in content and "is-stopping" not in content
    assert all(f"{len(group.missing)} 项未填" in content for group in groups)


def test_section_with_something_wrong_stands_open_on_the_check_page(admin, place):
    application = start(place)
    form_page = page(admin, url("section", application, "team"))
    typed = form_of(form_page) | {"staff": "很多"}
    admin.post(url("section", application, "team"), typed)
    response = admin.get(url("check", application))
    wrong = [group for group in response.context["groups"] if group.wrong]
    assert [group.report.section.code for group in wrong] == ["team"]
    assert response.content.decode().count("<details open>") == 1
