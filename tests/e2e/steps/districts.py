"""The district: it verifies the organisation and recommends its case."""

from playwright.sync_api import expect

from tests.e2e.steps.officers import act, desk
from tests.e2e.steps.road import Road, demo


def verify_organisation(road: Road) -> None:
    page = road.enter(demo("qixia.clerk"), "/verification/")
    page.get_by_role("link", name=road.trip.organisation).click()
    road.shoot(page, "verification")
    road.press(page, "核验通过")
    road.said(page, "已核验")
    page = road.enter(road.trip.admin, "/organisation/")
    road.said(page, "已核验")
    road.shoot(page, "verified")


def recommend(road: Road) -> None:
    page = desk(road, "qixia.clerk")
    road.shoot(page, "desk-district")
    act(page, "推荐")
    road.press(page, "推荐至牵头单位", exact=False)
    expect(page.locator("[data-error-summary]")).to_be_focused()
    road.fill(
        page,
        opinion="情况属实，同意推荐。",
        visited_on=road.today(),
        visitors="江栖宁、霞承平",
        record="场地、设备、人员与申报内容一致。",
    )
    road.shoot(page, "recommend")
    road.press(page, "推荐至牵头单位", exact=False)
    page = road.enter(road.trip.filler, f"/applications/{road.found['application']}/")
    road.said(page, "形式审查")
    road.said(page, road.trip.lead_unit)
    road.shoot(page, "case-formal-check")
