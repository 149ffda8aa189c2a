"""The lead unit and the co-units: formal check, joint review, verification, selection, notice."""

import re
from datetime import date, timedelta
from decimal import Decimal

from playwright.sync_api import Page, expect

from tests.e2e.steps.road import BANK_ACCOUNT, Road, demo


def desk(road: Road, local: str, *, inbox: bool = True) -> Page:
    """The officer's desk of the case, reached from the officer's inbox."""
    page = road.enter(demo(local), "/reviews/" if inbox else "/reviews/all/")
    page.locator("main tr", has_text=road.found["number"]).get_by_role("link").first.click()
    page.wait_for_url("**/reviews/cases/**")
    return page


def act(page: Page, name: str) -> None:
    """Open an act of the desk's foot."""
    named = page.locator(".desk-actions").get_by_role("link", name=re.compile(f"^{name}"))
    named.click()


def accept(road: Road) -> None:
    page = desk(road, road.trip.clerk)
    road.press(page, "其余未核项记为符合", exact=False)
    road.shoot(page, "desk-all-checked")
    act(page, "受理")
    road.press(page, "受理", exact=False)
    page = road.enter(road.trip.filler, f"/applications/{road.found['application']}/")
    road.said(page, "会商")
    road.shoot(page, "case-accepted")


def give_opinions(road: Road) -> None:
    """The co-units that have somebody answer; once the limit is over, silence is consent."""
    for local in road.trip.co_units:
        page = desk(road, local)
        act(page, "反馈意见")
        page.locator("[name=outcome][value=no_objection]").check()
        if local == road.trip.co_units[0]:
            road.shoot(page, "opinion")
        road.press(page, "提交意见", exact=False)


def conclude_opinions(road: Road) -> None:
    page = desk(road, road.trip.clerk)
    act(page, "会商办结")
    road.shoot(page, "opinions")
    road.press(page, "办结会商", exact=False)


def wait_for_silence(road: Road) -> None:
    """On to the day after the joint review's limit."""
    due = road.stack.one(
        "SELECT due_on FROM applications_application WHERE number = %s", road.found["number"]
    )
    road.until((due + timedelta(days=1)).isoformat())


def verify_input(road: Road) -> None:
    page = desk(road, road.trip.clerk)
    act(page, "核定投入")
    page.wait_for_url("**/verification/")
    amounts = page.locator("input[name^='amount.']")
    # One invoice is recognised in part.
    amounts.nth(0).fill(f"{road.trip.first_cny}")
    page.locator("input[name^='reason.']").nth(0).fill("合同约定由供应商承担运费")
    road.fill(page, note="核减 1 笔。")
    road.shoot(page, "verification")
    road.press(page, "提交审签")
    release_verification(road)


def verify_performance(road: Road) -> None:
    """Where the call's tiers decide: the experts' frozen mean sets the amount, nobody types it."""
    page = desk(road, road.trip.clerk)
    act(page, "绩效核定")
    page.wait_for_url("**/verification/")
    expect(page.locator("main")).to_contain_text(f"专家评审得分 {road.trip.score} 分")
    expect(page.locator("[name=base]")).to_have_count(0)
    expect(page.locator("#verification-sum")).to_contain_text(road.trip.granted_cny[:3])
    road.fill(page, note="按专家组均分对应档次。")
    road.shoot(page, "verification")
    road.press(page, "提交审签")
    release_verification(road)


def release_verification(road: Road) -> None:
    page = road.enter(demo(road.trip.head), "/reviews/release/")
    page.locator("main tr", has_text=road.found["number"]).get_by_role("link").first.click()
    road.said(page, road.trip.verified_wan)
    road.shoot(page, "verification-release")
    road.send(page, page.locator("form[action$='/release/'] button"))
    page.wait_for_url("**/reviews/release/")


def select(road: Road) -> None:
    page = road.enter(demo(road.trip.clerk), "/reviews/selections/")
    page.get_by_role("link", name=road.trip.call_title).first.click()
    page.locator("select[name^='outcome.']").select_option("support")
    page.locator("input[name^='amount.']").fill(f"{Decimal(road.trip.granted_cny):,.2f}")
    road.fill(page, title="2026年第1次局长办公会", met_on=road.today(), minutes="同意拟支持。")
    expect(page.locator("#selection-sum")).to_contain_text(f"{Decimal(road.trip.granted_cny):,.2f}")
    road.shoot(page, "selection")
    road.press(page, "提交负责人确认")
    road.found["selection"] = page.url


def publish_notice(road: Road) -> None:
    page = road.enter(demo(road.trip.clerk), road.found["selection"])
    page.get_by_role("link", name="发布公示").click()
    road.fill(
        page,
        title=f"{road.trip.call_title}拟支持名单公示",
        text="现将拟支持名单予以公示。",
        contact=road.trip.contact,
    )
    road.press(page, "发布公示")
    page.wait_for_url("**/notices/**")
    road.found["notice"] = page.url


def close_notice(road: Road) -> None:
    """The notice runs five working days, seen by everybody; the clock is moved past them."""
    page = road.enter(demo(road.trip.clerk), road.found["notice"])
    first, last = re.search(
        r"公示期 (\d{4}-\d{2}-\d{2}) 至 (\d{4}-\d{2}-\d{2})", page.locator("main").inner_text()
    ).groups()
    road.until(first)
    page = road.enter(demo(road.trip.clerk), road.found["notice"])
    public = page.get_by_role("link", name="公开页面").get_attribute("href")
    visitor = road.page_of("visitor")
    road.goto(visitor, public)
    road.said(visitor, road.trip.organisation)
    assert BANK_ACCOUNT not in visitor.content()
    road.shoot(visitor, "public-notice")
    page = road.enter(demo(road.trip.clerk), road.found["notice"])
    expect(page.get_by_role("button", name="办结公示")).to_be_disabled()
    road.until(last)
    page = road.enter(demo(road.trip.clerk), road.found["notice"])
    # The last day is not over.
    expect(page.get_by_role("button", name="办结公示")).to_be_disabled()
    road.until((date.fromisoformat(last) + timedelta(days=1)).isoformat())
    page = road.enter(demo(road.trip.clerk), road.found["notice"])
    road.press(page, "办结公示")
    road.said(page, "已办结")
    road.shoot(page, "notice-closed")
