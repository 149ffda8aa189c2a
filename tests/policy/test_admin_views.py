"""The policy administrators' pages of calls: draft, difference, publication, acts afterwards."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.template import Context
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from policy import call_changes
from policy.entries import CATALOGUE, Catalogue
from policy.forms import CallForm, field_name
from policy.models import Call, CallChange
from policy.schema import parse
from portal import clock
from portal.accounts.models import Role
from tests.policy.callable import make_callable_measure, make_draft, make_published, person
from tests.policy.catalogue import make_measure

pytestmark = pytest.mark.django_db


@pytest.fixture
def drafter(client):
    user = person("drafter")
    client.force_login(user)
    return user


@pytest.fixture
def as_person(client):
    def sign_in(name):
        client.force_login(person(name))
        return client

    return sign_in


def posted(**more) -> dict:
    """What a whole form posts."""
    opens = clock.local(clock.now()).replace(second=0, microsecond=0) + timedelta(days=1)
    values = {
        "title_zh": "2026年度概念验证中心申报通知",
        "title_en": "2026 call",
        "guide_zh": "一、申报对象。",
        "year": "2026",
        "opens_at": opens.strftime("%Y-%m-%dT%H:%M"),
        "closes_at": (opens + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M"),
        "budget_cny": "2,000",
        "places": "10",
        field_name("rate"): "30",
        field_name("window_months"): "24",
        field_name("min_invested"): "500.5",
        field_name("ratio_weight"): "1.0",
        field_name("counts_from"): "2024-08-27",
        field_name("exclude_fiscal"): "no",
        field_name("rounding"): "wan",
        field_name("fields"): ["ai", "bio"],
        field_name("instalments"): "5:3:2",
        field_name("formal_check.limit_workdays"): "7",
    }
    return values | {name: value for name, value in more.items() if value is not None}


def new_url() -> str:
    return reverse("policy_call_new", args=["10-1"])


# --- drafting ----------------------------------------------------------------------


def test_new_call_stores_each_setting_in_its_own_type(client, drafter):
    make_callable_measure()
    response = client.post(new_url(), posted())
    call = Call.objects.get()
    assert response.headers["Location"] == reverse("policy_call_review", args=[call.uid])
    assert (call.budget_cny, call.places, call.year) == (Decimal("20000000.00"), 10, 2026)
    assert call.settings == {
        "rate": "0.3",
        "window_months": 24,
        "min_invested": "5005000.00",
        "ratio_weight": "1.0",
        "counts_from": "2024-08-27",
        "exclude_fiscal": False,
        "rounding": "wan",
        "fields": ["ai", "bio"],
        "instalments": [50, 30, 20],
        "formal_check.limit_workdays": 7,
    }


def test_new_call_form_shows_units_help_and_defaults(client, drafter):
    make_callable_measure()
    page = client.get(new_url()).content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for shown in ("资助比例", "按建设投入给予资助的比例。", "个工作日", "%", "环节：形式审查"):
        assert shown in text
    assert 'data-money-echo="id_budget_cny"' in page
    assert 'name="setting__window_months" value="24"' in page
    assert 'name="setting__instalments" value="1"' in page


def test_every_setting_of_the_real_definition_is_a_field_of_its_form():
    entry = next(entry for entry in Catalogue(CATALOGUE).definitions if entry.line == "10-1")
    schema = parse(entry.body)
    form = CallForm(schema=schema)
    page = form.helper.render_layout(form, Context())
    assert len(schema.settings) >= 30
    missing = [
        setting.code
        for setting in schema.settings
        if f'name="{field_name(setting.code)}"' not in page
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("setting__rate", "0", "比例须大于 0。"),
        ("setting__rate", "101", "不得大于 100%。"),
        ("setting__rate", "三成", "请填写数字。"),
        ("setting__window_months", "61", "不得大于 60。"),
        ("setting__window_months", "1.5", "请填写整数。"),
        ("setting__min_invested", "-1", "金额不能为负。"),
        ("setting__min_invested", "0.0000001", "金额精确到分"),
        ("setting__instalments", "5;3;2", "请以冒号分隔各期比例"),
        ("setting__instalments", "1:2", "各期比例须为整数百分比"),
        ("setting__counts_from", "2026-02-30", "输入一个有效的日期。"),
        ("setting__formal_check__limit_workdays", "0", "不得小于 1。"),
        ("places", "11", "文件规定 10 个"),
        ("budget_cny", "abc", "请填写数字。"),
        ("year", "1999", "年度须在 2024 至 2100 之间。"),
        ("closes_at", "2020-01-01T00:00", "截止时间须晚于开始时间。"),
    ],
)
def test_wrong_entry_is_told_beside_the_field_and_nothing_typed_is_lost(
    client, drafter, field, typed, message
):
    make_callable_measure()
    response = client.post(new_url(), posted(**{field: typed}))
    page = response.content.decode()
    assert response.status_code == 422
    assert f'href="#id_{field}"' in page
    assert message in page
    assert f'id="id_{field}_error"' in page
    assert f'value="{typed}"' in page
    assert "一、申报对象。" in page
    assert f'value="{posted(**{field: typed})["budget_cny"]}"' in page
    assert "<title>错误：" in re.sub(r">\s+", ">", page)
    assert not Call.objects.exists()


def test_draft_without_what_publishing_needs_is_saved(client, drafter):
    make_callable_measure()
    client.post(new_url(), posted(guide_zh="", setting__rate="", budget_cny="", places=""))
    call = Call.objects.get()
    assert (call.guide_zh, call.budget_cny, call.places) == ("", None, None)
    assert "rate" not in call.settings
    page = client.get(reverse("policy_call_review", args=[call.uid])).content.decode()
    assert "尚未填写：申报指南、预算、名额。" in page
    assert "资助比例：发布前须填写。" in page


def test_measure_without_a_form_is_shown_but_not_to_be_chosen(client, drafter):
    make_callable_measure()
    make_measure(2)
    page = client.get(reverse("policy_call_choose")).content.decode()
    assert new_url() in page
    assert reverse("policy_call_new", args=["10-2"]) not in page
    assert "尚无表单和流程" in page
    response = client.get(reverse("policy_call_new", args=["10-2"]), follow=True)
    assert "尚无可申报的表单和流程" in response.content.decode()


def test_edit_shows_what_is_stored_as_it_was_typed(client, drafter):
    call = make_draft(settings={"rate": "0.125", "instalments": [55, 45], "exclude_fiscal": False})
    page = client.get(reverse("policy_call_edit", args=[call.uid])).content.decode()
    assert 'name="setting__rate" value="12.5"' in page
    assert 'name="setting__instalments" value="55:45"' in page
    assert 'name="budget_cny" value="2,000.00"' in page
    assert f'name="revision" value="{call.revision}"' in page


def test_edit_in_two_tabs_shows_mine_theirs_who_and_loses_nothing(client, as_person):
    call = make_draft()
    url = reverse("policy_call_edit", args=[call.uid])
    as_person("second").post(url, posted(places="8", revision="1"))
    response = as_person("drafter").post(url, posted(places="9", title_zh="我的标题", revision="1"))
    page = response.content.decode()
    call.refresh_from_db()
    assert (response.status_code, call.places) == (422, 8)
    assert "保存前草稿已被他人修改" in page
    assert 'name="places" value="9"' in page
    assert 'name="revision" value="2"' in page
    assert re.search(r'href="#id_places">名额</a></th><td[^>]*>8</td><td[^>]*>9</td>', page)
    assert "second 于" in page
    as_person("drafter").post(url, posted(places="9", title_zh="我的标题", revision="2"))
    call.refresh_from_db()
    assert (call.places, call.title_zh, call.drafted_by) == (9, "我的标题", person("drafter"))


def test_edit_of_a_published_call_leads_to_its_page(client, drafter):
    call = make_published()
    response = client.get(reverse("policy_call_edit", args=[call.uid]))
    assert response.headers["Location"] == reverse("policy_call_review", args=[call.uid])


# --- publishing --------------------------------------------------------------------


def test_drafter_sees_the_difference_but_no_button_to_publish(client, drafter):
    call = make_draft()
    page = client.get(reverse("policy_call_review", args=[call.uid])).content.decode()
    assert "资助比例" in page
    assert "30%" in page
    assert reverse("policy_call_publish", args=[call.uid]) not in page
    client.post(reverse("policy_call_publish", args=[call.uid]), {"revision": "1"})
    call.refresh_from_db()
    assert call.status == "draft"


def test_second_person_publishes_what_was_shown(client, as_person):
    call = make_draft()
    client = as_person("publisher")
    review = reverse("policy_call_review", args=[call.uid])
    page = client.get(review).content.decode()
    shown = dict(re.findall(r'name="(revision|definition)" value="([^"]*)"', page))
    response = client.post(reverse("policy_call_publish", args=[call.uid]), shown, follow=True)
    call.refresh_from_db()
    assert (call.status, call.published_by) == ("published", person("publisher"))
    assert "申报通知已发布。" in response.content.decode()


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        ({"revision": "7"}, "草稿在您核对之后又有修改"),
        ({"revision": "1", "definition": "other"}, "规则版本已更新"),
        ({}, "草稿在您核对之后又有修改"),
    ],
)
def test_publishing_something_else_than_was_shown_is_refused(client, as_person, shown, message):
    call = make_draft()
    url = reverse("policy_call_publish", args=[call.uid])
    response = as_person("publisher").post(url, shown, follow=True)
    call.refresh_from_db()
    assert call.status == "draft"
    assert message in response.content.decode()


def test_asking_for_publication_says_whether_anybody_was_told(client, drafter):
    call = make_draft()
    url = reverse("policy_call_ask", args=[call.uid])
    assert "没有其他政策管理员" in client.post(url, follow=True).content.decode()
    person("second")
    assert "已提请其他政策管理员发布。" in client.post(url, follow=True).content.decode()


def test_discarding_a_draft_removes_it_unless_it_has_changed(client, drafter):
    call = make_draft()
    url = reverse("policy_call_discard", args=[call.uid])
    page = client.post(url, {"revision": "9"}, follow=True).content.decode()
    assert "草稿在您打开之后又有修改" in page
    client.post(url, {"revision": "1"})
    assert not Call.objects.exists()


# --- acts afterwards ------------------------------------------------------------------


def test_budget_is_added_by_one_and_released_by_another(client, as_person):
    call = make_published()
    url = reverse("policy_callchange_new", args=[call.uid, "budget_cny"])
    as_person("drafter").post(url, {"after": "500", "reason": "追加财政预算"})
    change = CallChange.objects.get()
    release = reverse("call_change_release", args=[change.uid])
    review = reverse("policy_call_review", args=[call.uid])
    assert release not in client.get(review).content.decode()
    client.post(release)
    call.refresh_from_db()
    assert call.budget_cny == Decimal("20000000.00")
    page = as_person("publisher").get(review).content.decode()
    assert release in page
    assert "2,500.00 万元（¥25,000,000.00）" in page
    client.post(release)
    call.refresh_from_db()
    assert call.budget_cny == Decimal("25000000.00")
    page = client.get(review).content.decode()
    assert "追加财政预算" in page
    assert "已签发" in page


@pytest.mark.parametrize(
    ("kind", "data", "field", "message"),
    [
        ("budget_cny", {"after": "0", "reason": "x"}, "after", "追加金额须大于 0。"),
        ("budget_cny", {"after": "", "reason": "x"}, "after", "请填写此项。"),
        ("closes_at", {"after": "2020-01-01T00:00", "reason": "x"}, "after", "须晚于现截止时间"),
        ("close", {"reason": ""}, "reason", "请填写此项。"),
    ],
)
def test_wrong_act_is_told_beside_the_field(client, drafter, kind, data, field, message):
    call = make_published()
    url = reverse("policy_callchange_new", args=[call.uid, kind])
    response = client.post(url, data)
    page = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in page
    assert message in page
    assert not CallChange.objects.exists()


def test_dropped_act_stays_in_the_record_with_its_note(client, as_person):
    call = make_published()
    call_changes.draft(call, "close", reason="项目调整", actor=person("drafter"))
    change = CallChange.objects.get()
    url = reverse("policy_callchange_drop", args=[change.uid])
    page = as_person("publisher").post(url, {"note": "理由不足"}, follow=True).content.decode()
    assert "理由不足" in page
    assert "未生效" in page
    call.refresh_from_db()
    assert call.status == "published"


@pytest.mark.parametrize("kind", ["year", "settings"])
def test_act_of_another_kind_is_not_found(client, drafter, kind):
    call = make_published()
    assert client.get(reverse("policy_callchange_new", args=[call.uid, kind])).status_code == 404


def test_act_on_a_draft_is_not_found(client, drafter):
    call = make_draft()
    assert client.get(reverse("policy_callchange_new", args=[call.uid, "close"])).status_code == 404


def test_public_page_announces_released_acts_only(client):
    call = make_published()
    released = call_changes.draft(call, "close", reason="项目调整", actor=person("drafter"))
    call_changes.draft(
        call, "budget_cny", after=Decimal("3e7"), reason="还没有签发", actor=person("drafter")
    )
    url = reverse("call_detail", args=[call.uid])
    assert "变更公告" not in client.get(url).content.decode()
    call_changes.put_into_effect(released, actor=person("publisher"))
    page = client.get(url).content.decode()
    assert "变更公告" in page
    assert "项目调整" in page
    assert "还没有签发" not in page


# --- lists ------------------------------------------------------------------------------


def queries(client, url) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("number", [1, 30])
def test_call_list_takes_six_queries(client, drafter, number):
    measure = make_callable_measure()
    for _each in range(number):
        make_draft(measure)
    page = client.get(reverse("policy_call_list")).content.decode()
    assert page.count("/policy-admin/calls/") >= number
    assert queries(client, reverse("policy_call_list")) == QUERIES_LIST


@pytest.mark.parametrize("number", [1, 30])
def test_home_takes_the_same_queries_for_any_number(client, drafter, number):
    measure = make_callable_measure()
    for _each in range(number):
        make_draft(measure)
        call = make_published(measure)
        call_changes.draft(call, "close", reason="x", actor=person("second"))
    assert queries(client, reverse("policy_admin_home")) == QUERIES_HOME


@pytest.mark.parametrize("number", [1, 30])
def test_choosing_a_measure_takes_the_same_queries_for_any_number(client, drafter, number):
    for position in range(1, number + 1):
        make_callable_measure(position, article_no=1 + position // 10)
    client.get(reverse("policy_call_choose"))
    assert queries(client, reverse("policy_call_choose")) == QUERIES_CHOOSE


QUERIES_LIST = 6
QUERIES_HOME = 9
QUERIES_CHOOSE = 7


def test_call_list_shows_the_chosen_state_only(client, drafter):
    measure = make_callable_measure()
    draft, published = make_draft(measure), make_published(measure)
    page = client.get(reverse("policy_call_list") + "?status=published").content.decode()
    assert published.uid in page
    assert draft.uid not in page
    page = client.get(reverse("policy_call_list") + "?status=closed").content.decode()
    assert "筛选条件隐藏了 2 条。" in page


def test_home_tells_what_waits_for_whom(client, as_person):
    measure = make_callable_measure()
    make_draft(measure, title_zh="甲通知")
    for name, own in (("drafter", "我起草的通知"), ("second", "待我发布和签发")):
        page = as_person(name).get(reverse("policy_admin_home")).content.decode()
        before, after = page.split("我起草的通知")
        assert ("甲通知" in after) is (own == "我起草的通知")
        assert ("甲通知" in before) is (own != "我起草的通知")


def test_auditor_does_not_find_the_pages(client):
    client.force_login(person("auditor", Role.AUDITOR))
    assert client.get(reverse("policy_call_list")).status_code == 404
