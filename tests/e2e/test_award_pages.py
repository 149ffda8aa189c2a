"""Pages of awards in a real browser: widths, languages, axe; the acts by keyboard."""

import pytest
from django.urls import reverse

from awards import exports, payments
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
