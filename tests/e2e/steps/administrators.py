"""The policy administrators: one drafts the call, another publishes it."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from portal.clock import ZONE
from tests.e2e.steps.road import Road, demo


def draft_call(road: Road) -> None:
    """Another call of this year, so that the demonstration's own stay as they are."""
    trip = road.trip
    page = road.enter(demo("policy.admin1"), f"/policy-admin/calls/new/{trip.line}/")
    today = road.stack.now()
    values = trip.settings | {
        "title_zh": trip.call_title,
        "title_en": trip.call_title_en,
        "guide_zh": "一、申报对象见文件。\n二、资助标准见本通知。",
        "opens_at": (today - timedelta(hours=1)).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M"),
        "budget_cny": "2000",
        "places": "3",
    }
    if any(setting.code == "window_start" for setting in trip.schema.settings):
        values["setting__window_start"] = "2024-08-27"
        values["setting__window_end"] = today.astimezone(ZONE).strftime("%Y-%m-%d")
    if trip.wrong_setting:
        name, wrong = trip.wrong_setting
        road.fill(page, **values | {name: wrong})
        road.press(page, "保存草稿")
        expect(page.locator("[data-error-summary]")).to_be_focused()
        road.shoot(page, "call-error")
        values = {name: values[name]}
    road.fill(page, **values)
    road.press(page, "保存草稿")
    page.wait_for_url(re.compile(r"/policy-admin/calls/\w+/$"))
    road.found["call"] = page.url.rstrip("/").rsplit("/", 1)[1]
    road.shoot(page, "call-difference")
    road.press(page, "提请发布")
    road.said(page, "已提请其他政策管理员发布。")


def publish_call(road: Road) -> None:
    page = road.enter(demo("policy.admin2"), "/policy-admin/")
    page.get_by_role("link", name=road.trip.call_title).first.click()
    road.shoot(page, "call-publish")
    road.press(page, "发布申报通知")
    road.said(page, "申报通知已发布。")
    page = road.enter(road.trip.filler, f"/calls/{road.found['call']}/")
    road.said(page, road.trip.call_title)
    road.shoot(page, "call-public")
