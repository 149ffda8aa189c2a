"""The award: what the selection reserves, the decision, finance, the payment and its ledger."""

from decimal import Decimal

from policy.money import show_wan
from tests.e2e.steps.road import BANK_ACCOUNT, Road, demo


def confirm_selection(road: Road) -> None:
    """A second person sees what it takes of each account, and reserves amount and place."""
    page = road.enter(demo(road.trip.head), road.found["selection"])
    page.get_by_text("确认遴选结果").last.click()
    page.wait_for_url("**/awards/selections/**")
    road.said(page, "可以容纳")
    road.shoot(page, "selection-what-if")
    road.type_to_confirm(page, "确认遴选")
    road.said(page, "遴选已确认")
    road.shoot(page, "selection-confirmed")
    assert road.ledger() == (road.trip.granted_cny, "0.00", "0.00", 1)


def decide(road: Road) -> None:
    page = road.enter(demo(road.trip.clerk), f"/awards/calls/{road.found['call']}/")
    page.get_by_role("link", name="起草决定").click()
    road.fill(
        page,
        number=road.trip.decision,
        title=f"关于{road.trip.call_title}的决定",
        text="经公示无异议，决定予以支持。",
    )
    page.locator("#take-all").check()
    road.shoot(page, "decision-draft")
    road.press(page, "提交签发")
    road.found["decision"] = page.url
    assert road.ledger() == (road.trip.granted_cny, "0.00", "0.00", 1)
    page = road.enter(demo(road.trip.head), road.found["decision"])
    road.type_to_confirm(page, "签发决定")
    road.said(page, "签发")
    road.shoot(page, "decision-released")
    assert road.ledger() == (road.trip.granted_cny, road.trip.granted_cny, "0.00", 1)


def confirm_finance(road: Road) -> None:
    page = road.enter(demo("finance.clerk"), "/awards/finance/")
    page.get_by_role("link", name=road.trip.decision).click()
    road.fill(page, funding_source="2026年度市级科技专项资金")
    road.press(page, "确认资金来源")
    road.said(page, "2026年度市级科技专项资金")
    road.shoot(page, "finance-confirmed")


def pay(road: Road) -> None:
    page = road.enter(demo("finance.clerk"), "/awards/finance/")
    page.get_by_role("link", name=road.trip.call_title).first.click()
    road.said(page, BANK_ACCOUNT)
    page.locator("#take-all").check()
    road.shoot(page, "payment-draft")
    road.press(page, "提交签发")
    road.found["payment"] = page.url
    page = road.enter(demo("finance.head"), road.found["payment"])
    road.type_to_confirm(page, "签发拨付")
    road.shoot(page, "payment-released")
    assert road.ledger() == (road.trip.granted_cny, road.trip.granted_cny, road.trip.granted_cny, 1)


def arrive(road: Road) -> None:
    page = road.enter(demo("finance.clerk"), road.found["payment"])
    page.get_by_role("link", name="到账").click()
    road.press(page, "登记到账")
    road.said(page, "已到账")
    page = road.enter(road.trip.filler, f"/applications/{road.found['application']}/")
    road.said(page, "已拨付")
    road.said(page, show_wan(Decimal(road.trip.granted_cny)))
    road.shoot(page, "case-paid")


def compare_payment(road: Road) -> None:
    """What was paid, to the 分: the payment, the award and every account that it touches."""
    granted = Decimal(road.trip.granted_cny)
    assert road.ledger() == (road.trip.granted_cny,) * 3 + (1,)
    (row,) = road.stack.rows(
        "SELECT w.recommended_cny, w.approved_cny, w.paid_cny, p.amount_cny, p.payee_account"
        " FROM awards_award w JOIN applications_application a ON a.id = w.application_id"
        " JOIN awards_payment p ON p.award_id = w.id WHERE a.number = %s",
        road.found["number"],
    )
    assert row == (granted, granted, granted, granted, BANK_ACCOUNT)
    accounts = road.stack.rows(
        "SELECT c.rule, c.paid_cny FROM awards_capaccount c"
        " JOIN awards_posting o ON o.account_id = c.id JOIN awards_entry e ON e.id = o.entry_id"
        " JOIN awards_award w ON w.id = e.award_id"
        " JOIN applications_application a ON a.id = w.application_id"
        " WHERE a.number = %s AND e.kind = 'pay' ORDER BY 1",
        road.found["number"],
    )
    assert accounts, "the payment touched no account"
    assert {paid for _rule, paid in accounts} == {granted}


def find_nothing_wrong(road: Road) -> None:
    """``manage.py verify`` names the clock that was moved, and nothing else."""
    result = road.stack.manage("verify")
    faults = [line for line in result.stdout.splitlines() if line.startswith("FAULT")]
    assert [line.split(":")[0] for line in faults] == ["FAULT clock"], result.stdout
    result = road.stack.manage("clock", "--reset")
    assert result.returncode == 0, result.stdout + result.stderr
    result = road.stack.manage("verify")
    assert result.returncode == 0, result.stdout + result.stderr
