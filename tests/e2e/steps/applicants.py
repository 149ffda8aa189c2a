"""The organisation's people: they register, ask for the grant and hand it in."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.steps.road import BANK_ACCOUNT, PASSWORD, Road


def wrong_code(uscc: str) -> str:
    """The code in small letters with another check digit."""
    return f"{uscc[:-1]}{'1' if uscc[-1] != '1' else '2'}".lower()


def register(road: Road) -> None:
    trip = road.trip
    page = road.page_of(trip.admin)
    road.goto(page, "/")
    page.locator("main").get_by_role("link", name="注册单位").first.click()
    page.locator("main").get_by_role("link", name="注册单位", exact=True).click()
    road.fill(
        page,
        name="孟星火",
        phone="13912345678",
        email=trip.admin,
        password1=PASSWORD,
        password2=PASSWORD,
    )
    road.shoot(page, "sign-up")
    road.send(page, page.locator("main form button").first)
    code = re.search(
        r"\b([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\b", road.mail_to(trip.admin, subject="验证码")
    )
    road.fill(page, code=code[1])
    road.send(page, page.locator("main form button").first)
    page.wait_for_url("**/organisation/register/")
    road.fill(
        page,
        name=trip.organisation,
        uscc=wrong_code(trip.uscc),
        kind=trip.sample.organisation_kind,
        district=page.locator("[name=district] option", has_text="栖霞区").get_attribute("value"),
        founded_on="2019-05-20",
        legal_representative="星若火",
        address="南京市栖霞区星火路 9 号",
        contact_name="孟星火",
        contact_phone="13912345678",
    )
    page.set_input_files("[name=licence]", road.paper("营业执照"))
    page.set_input_files("[name=authorisation]", road.paper("授权书"))
    road.press(page, "提交核验")
    # The check digit is wrong: told beside the field, and nothing typed or uploaded is lost.
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page).to_have_title(re.compile("^错误："))
    assert page.locator("[name=legal_representative]").input_value() == "星若火"
    road.shoot(page, "register-wrong-code")
    road.fill(page, uscc=trip.uscc.lower())
    road.press(page, "提交核验")
    page.wait_for_url("**/organisation/")
    road.said(page, "待核验")
    road.goto(page, "/organisation/edit/bank/")
    road.fill(
        page,
        bank_account_name=trip.organisation,
        bank_name="金陵银行南京栖霞支行",
        bank_account=BANK_ACCOUNT,
        bank_code="102301000012",
    )
    road.press(page, "保存")
    page.wait_for_url("**/organisation/")
    road.shoot(page, "registered")


def invite_filler(road: Road) -> None:
    page = road.enter(road.trip.admin, "/organisation/members/")
    road.fill(page, email=road.trip.filler, role="filler")
    road.press(page, "发送邀请")
    road.said(page, road.trip.filler)
    link = re.search(
        r"https?://\S+/invitations/\S+", road.mail_to(road.trip.filler, subject="邀请")
    )
    page = road.page_of(road.trip.filler)
    road.goto(page, link[0])
    road.fill(page, name="何申报", phone="13812345679", password1=PASSWORD, password2=PASSWORD)
    road.press(page, "开通账户并接受")
    page = road.enter(road.trip.filler, "/organisation/")
    road.said(page, road.trip.organisation)
    road.shoot(page, "filler-joined")


def start_draft(road: Road) -> None:
    page = road.enter(road.trip.filler, f"/calls/{road.found['call']}/")
    page.get_by_role("link", name="开始申报").click()
    road.press(page, "新建申报")
    page.wait_for_url(re.compile(r"/applications/\w+/edit/$"))
    road.found["application"] = page.url.split("/")[-3]
    road.shoot(page, "workspace")


def hand_over(road: Road) -> None:
    page = road.enter(road.trip.filler, f"/applications/{road.found['application']}/check/")
    road.said(page, "内容完整，可以提交。")
    road.shoot(page, "check")
    road.press(page, "交单位管理员提交")
    road.said(page, "已交")


def submit(road: Road) -> None:
    page = road.enter(road.trip.admin, f"/applications/{road.found['application']}/check/")
    page.locator("[name=pledge]").check()
    road.press(page, "提交申报")
    page.wait_for_url("**/receipt/")
    number = page.locator(".receipt-number").inner_text().strip()
    assert re.fullmatch(rf"{road.trip.line}-{road.year()}-\d{{4}}", number), number
    road.found["number"] = number
    road.said(page, "栖霞区")
    road.shoot(page, "receipt")
    # Pressed twice, it is one case.
    assert (
        road.stack.one("SELECT count(*) FROM applications_application WHERE number = %s", number)
        == 1
    )
    page.reload()
    with page.expect_download() as download:
        page.locator("a[href*='/papers/'][href*='receipt']").first.click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")
