"""Pages of awards in a real browser: widths, languages, axe; the acts by keyboard."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from awards import exports, payments, picking_views
from awards.models import Decision, DecisionItem
from tests.awards.cases import Scene, cap, make_scene
from tests.awards.test_decisions import confirmed, draft, ready

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ["概念验证中心", "中试平台", "新研机构联合攻关", "科创金融服务驿站"]


def busy() -> Scene:
    """Four measures in a year: one over its budget if all were approved, one without a place."""
    scenes = []
    for position, name in enumerate(NAMES, start=1):
        scene = make_scene(
            position=position,
            budget=("20000000", "40000000", "15000000", "5000000")[position - 1],
            quota={"places": (10, 20, 3, 30)[position - 1], "clause": "择优认定10家"},
            places=(10, 20, 3, 30)[position - 1],
            caps=[cap("unit", "9000000", scope="organisation", period="year")],
            settings={"instalments": [60, 40]},
        )
        scene.measure.name_zh = name
        scene.measure.save(update_fields=["name_zh"])
        scenes.append(scene)
    first, second, third, fourth = scenes
    paid = [ready(first, amount="2000000") for _ in range(4)]
    confirmed(first, *paid, amount="1800000.55", number="宁科〔2026〕71号")
    batch = payments.draft(first.call, awards=paid[:3], actor=first.finance)
    payments.release(batch, actor=first.finance_head)
    draft(first, ready(first, amount="2000000"), amount="2000000")
    ready(first, amount="1500000")
    for _ in range(5):
        first.case(asked="2000000")
    for _ in range(3):
        second.reserved(amount="1900000")
        third.reserved(amount="2000000")
    waiting = third.case(asked="1000000")
    from applications import workflow

    workflow.move(waiting, "waitlist", actor=third.lead_head)
    third.selection(
        (waiting, "waitlist", "1000000"),
        state="confirmed",
        confirmed_by=third.lead_head,
        confirmed_at=third.call.published_at,
    )
    fourth.case(asked="500000")
    return first


def test_pages_have_no_fault_at_any_width_in_either_language(faults_of):
    scene = busy()
    call, uid = scene.call, scene.call.uid
    award = call.awards.filter(state="confirmed").first()
    case = scene.case(asked="1000000")
    selection = scene.selection((case, "support", "1000000"), (scene.case(), "reject", "0"))
    drafted = call.decisions.get(state="drafted")
    signed = call.decisions.get(state="confirmed")
    batch = call.payment_batches.get()
    pending = payments.draft(
        call, awards=[row.award for row in payments.dues(call)][:2], actor=scene.finance
    )
    export = exports.ask("ledger", actor=scene.finance, year=call.year)
    done = exports.run(exports.ask("supported", actor=scene.finance, call=call).pk)
    held = call.awards.filter(state="reserved").first()
    admin = held.application.organisation.memberships.get(role="org_admin").user
    pages = [
        ("caps", scene.finance, reverse("award_caps")),
        ("caps-preview", scene.finance, reverse("award_caps") + "?preview=1"),
        ("line", scene.lead_clerk, reverse("award_line", args=[scene.measure.line])),
        ("call", scene.lead_clerk, reverse("award_call", args=[uid])),
        ("award", scene.finance, reverse("award_detail", args=[award.uid])),
        ("selection", scene.lead_head, reverse("award_selection_confirm", args=[selection.uid])),
        ("decisions", scene.lead_clerk, reverse("award_decision_list")),
        ("decision", scene.lead_head, reverse("award_decision_detail", args=[drafted.uid])),
        ("decision-signed", scene.finance, reverse("award_decision_detail", args=[signed.uid])),
        ("decision-new", scene.lead_clerk, reverse("award_decision_new", args=[uid])),
        ("inbox", scene.finance, reverse("award_finance_inbox")),
        ("payments", scene.finance, reverse("award_payment_list")),
        ("payment", scene.finance, reverse("award_payment_detail", args=[batch.uid])),
        ("payment-sign", scene.finance_head, reverse("award_payment_detail", args=[pending.uid])),
        ("payment-new", scene.finance, reverse("award_payment_new", args=[uid])),
        (
            "bounced",
            scene.finance,
            reverse("award_payment_bounced", args=[batch.payments.first().uid]),
        ),
        ("withdraw", admin, reverse("award_withdraw", args=[held.application.uid])),
        ("export", scene.finance, reverse("award_export_detail", args=[export.uid])),
        ("export-done", scene.finance, reverse("award_export_detail", args=[done.uid])),
        ("exports", scene.finance, reverse("award_export_list")),
    ]
    found = []
    for language in ("zh-hans", "en"):
        for name, user, path in pages:
            found += faults_of(path, f"award-{name}", user=user, language=language)
    assert found == [], "\n".join(found)


def test_choice_is_kept_while_pages_are_turned_and_drafted_once(open_page, monkeypatch):
    monkeypatch.setattr(picking_views, "PAGE", 2)
    scene = make_scene()
    for _ in range(3):
        ready(scene)
    page = open_page(reverse("award_decision_new", args=[scene.call.uid]), user=scene.lead_clerk)
    boxes = page.locator("tbody input[type=checkbox]")
    boxes.nth(1).check()
    page.locator("[name^=amount_]").nth(1).fill("80")
    expect(page.locator("[data-picking]")).to_have_text("已勾选 1 项，合计 80.00 万元")
    page.get_by_label("文号").fill("宁科〔2026〕99号")
    page.get_by_role("button", name="下一页").click()
    boxes.nth(0).check()
    expect(page.locator("[data-picking]")).to_have_text("已勾选 2 项，合计 180.00 万元")
    # Enter keeps what stands there and acts on nothing.
    page.get_by_label("文号").press("Enter")
    expect(page.locator("[data-picking]")).to_have_text("已勾选 2 项，合计 180.00 万元")
    assert page.get_by_label("文号").input_value() == "宁科〔2026〕99号"
    page.get_by_role("button", name="提交签发").dblclick()
    page.wait_for_url("**/decisions/**")
    amounts = DecisionItem.objects.order_by("pk").values_list("approved_cny", flat=True)
    assert (Decision.objects.count(), list(amounts)) == (1, [800_000, 1_000_000])
