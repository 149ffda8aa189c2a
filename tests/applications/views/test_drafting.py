"""Sections: saved whole or with errors, merged, never lost."""

import re

import pytest

from applications.entries import digest
from applications.models import Answer
from applications.workflow import move
from tests.applications.definition import (
    fill,
    start,
)
from tests.applications.views.pages import FULL, form_of, page, url

pytestmark = pytest.mark.django_db


def autosave(client, application, data, code="team"):
    response = client.post(url("autosave", application, code), data)
    return response.status_code, response.json()


def test_section_saved_whole_goes_on_and_stores_yuan_for_wan(filler, place):
    application = start(place)
    address = url("section", application, "team")
    data = form_of(page(filler, address)) | FULL | {"funds_cny": "１,２３４.５６"}
    response = filler.post(address, data)
    assert response.status_code == 302
    assert response["Location"] == url("section", application, "validated")
    stored = Answer.objects.get(section="team").data
    assert stored["funds_cny"] == "12345600.00"
    assert (stored["staff"], stored["has_fund"], stored["areas"]) == (26, False, ["bio", "ai"])


def test_section_with_errors_is_saved_and_names_each_in_summary_field_and_title(filler, place):
    application = start(place)
    address = url("section", application, "team")
    data = form_of(page(filler, address)) | FULL
    data |= {"staff": "二十六", "managers": "", "funds_cny": "99999"}
    response = filler.post(address, data)
    content = response.content.decode()
    assert response.status_code == 422
    assert "<title>错误：" in content
    for link, words in [
        ("#id_staff", "专职人员：“二十六”不是数字"),
        ("#id_managers", "其中技术经理人：请填写此项"),
        ("#id_funds_cny", "验证资金规模：99999 大于上限 10000"),
    ]:
        assert f'<a href="{link}">{words}</a>' in content
    assert 'value="二十六"' in content and 'value="99999.00"' in content
    stored = Answer.objects.get(section="team").data
    assert (stored["staff"], stored["funds_cny"]) == ("二十六", "999990000.00")


@pytest.mark.parametrize(("go", "target"), [("back", "unit"), ("list", None)])
def test_section_left_backwards_is_saved_without_being_asked_to_be_whole(filler, place, go, target):
    application = start(place)
    address = url("section", application, "team")
    data = form_of(page(filler, address)) | {"title": "甲", "_go": go}
    response = filler.post(address, data)
    expected = url("section", application, target) if target else url("workspace", application)
    assert response["Location"] == expected
    assert Answer.objects.get(section="team").data["title"] == "甲"


def test_two_browsers_without_scripts_are_told_of_the_same_field_and_lose_nothing(client, place):
    application = start(place)
    address = url("section", application, "team")
    client.force_login(place.filler)
    mine = form_of(page(client, address))
    client.force_login(place.admin)
    theirs = form_of(page(client, address))
    client.post(address, theirs | FULL | {"staff": "30"})
    client.force_login(place.filler)
    response = client.post(address, mine | FULL | {"staff": "28", "note": "补充说明"})
    content = response.content.decode()
    assert response.status_code == 422
    assert "王主管" in content and "30 人" in content and 'value="28"' in content
    stored = Answer.objects.get(section="team").data
    assert (stored["staff"], stored["note"]) == (30, "补充说明")
    # Having been told, pressing save again is a decision.
    again = form_of(content) | FULL | {"staff": "28", "note": "补充说明"}
    assert client.post(address, again).status_code == 302
    assert Answer.objects.get(section="team").data["staff"] == 28


def test_autosave_stores_and_tells_time_and_digests(filler, place):
    application = start(place)
    data = form_of(page(filler, url("section", application, "team")))
    status, answer = autosave(filler, application, data | {"staff": "26", "_tab": "a"})
    assert status == 200
    assert re.fullmatch(r"已保存 \d\d:\d\d:\d\d", answer["saved"])
    assert answer["seen"]["staff"] == digest(26)
    assert Answer.objects.get(section="team").data["staff"] == 26


def test_autosave_takes_over_what_another_wrote_and_shows_a_conflict(client, place):
    application = start(place)
    client.force_login(place.filler)
    opened = form_of(page(client, url("section", application, "team")))
    client.force_login(place.admin)
    autosave(client, application, opened | {"staff": "30", "note": "对方", "_tab": "b"})
    client.force_login(place.filler)
    status, answer = autosave(
        client, application, opened | {"staff": "28", "note": "", "_tab": "a"}
    )
    assert status == 200
    assert answer["merged"] == {"note": {"value": "对方"}}
    conflict = answer["conflicts"]["staff"]
    assert (conflict["theirs"], conflict["digest"]) == ("30", digest(30))
    assert "王主管" in conflict["html"] and "28 人" in conflict["html"]
    assert Answer.objects.get(section="team").data["staff"] == 30


def test_a_late_autosave_changes_nothing_and_the_page_that_comes_again_is_a_new_one(filler, place):
    application = start(place)
    address = url("section", application, "team")
    opened = form_of(page(filler, address)) | FULL | {"_tab": "a"}
    shown = filler.post(address, opened | {"staff": "二十六"})
    assert shown.status_code == 422
    assert 'name="_tab" value=""' in shown.content.decode()
    status, answer = autosave(filler, application, opened | {"staff": "2"})
    assert (status, list(answer)) == (409, ["refused"])
    assert "本页已保存过" in answer["refused"]
    assert Answer.objects.get(section="team").data["staff"] == "二十六"
    again = form_of(shown.content.decode()) | FULL | {"_tab": "b"}
    status, _answer = autosave(filler, application, again | {"staff": "27"})
    assert (status, Answer.objects.get(section="team").data["staff"]) == (200, 27)


def test_autosave_of_a_case_that_was_handed_over_is_refused_in_words(filler, place):
    application = fill(start(place), place)
    move(application, "hand_over", actor=place.filler)
    status, answer = autosave(
        filler, application, {"_fields": ["staff"], "staff": "1", "_seen": "{}"}
    )
    assert (status, answer) == (
        409,
        {"refused": "您不能修改此申报：它已交单位管理员，或您不是填报人。"},
    )
    assert Answer.objects.get(section="team").data["staff"] == 26


def test_broken_seen_is_no_fault_of_the_server(filler, place):
    application = start(place)
    for seen in ("", "[]", "{", '"x"', "7"):
        status, _answer = autosave(
            filler, application, {"_fields": ["staff"], "staff": "5", "_seen": seen}
        )
        assert status == 200
