"""The experts: drawn and approved by the lead unit, they score, and what they scored is frozen."""

from tests.e2e.steps.road import Road, demo


def draw_experts(road: Road) -> None:
    page = road.enter(demo(road.trip.clerk), "/reviews/panels/")
    page.get_by_role("link", name=road.trip.call_title).first.click()
    page.locator("[name=cases]").first.check()
    road.fill(page, title=f"{road.trip.line} 专家组")
    road.press(page, "抽取")
    road.said(page, "待负责人审定")
    road.found["panel"] = page.url
    road.shoot(page, "panel-drawn")


def approve_experts(road: Road) -> None:
    page = road.enter(demo(road.trip.head), road.found["panel"])
    road.press(page, "审定专家组")
    road.said(page, "评分进度")


def score(road: Road) -> None:
    """Every expert who is seated scores."""
    scored = 0
    seated = road.stack.rows(
        "SELECT u.email FROM reviews_seat s JOIN reviews_panel p ON p.id = s.panel_id"
        " JOIN reviews_expert e ON e.id = s.expert_id JOIN accounts_user u ON u.id = e.user_id"
        " WHERE p.uid = %s AND s.state = 'seated' ORDER BY s.order",
        road.found["panel"].rstrip("/").rsplit("/", 1)[1],
    )
    for (email,) in seated:
        page = road.enter(email, "/reviews/expert/")
        page.locator("main tr", has_text=road.found["number"]).get_by_role("link").first.click()
        assert road.trip.organisation not in page.locator("main").inner_text(), (
            "the sheet names the applicant"
        )
        for position, criterion in enumerate(road.trip.schema.rubric.criteria):
            points = round(criterion.weight * (0.8 + 0.02 * scored) * 2) / 2
            page.locator(f"[name='score.{criterion.code}']").fill(str(points))
            if position == 0:
                page.locator(f"[name='comment.{criterion.code}']").fill("依据充分。")
        page.locator("[name=opinion]").fill("总体较好，建议支持。")
        if not scored:
            road.shoot(page, "sheet")
        road.press(page, "提交评分表")
        road.said(page, "已提交")
        scored += 1
    assert scored >= 3
    road.found["scored"] = str(scored)


def freeze(road: Road) -> None:
    page = road.enter(demo(road.trip.clerk), road.found["panel"])
    road.press(page, "封存评分")
    road.said(page, "均值")
    road.shoot(page, "panel-frozen")
    road.press(page, "办结专家评审")
