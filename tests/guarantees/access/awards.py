"""Rows of the access matrix: money, decisions, payments and exports, of a call whose lead unit is
``world.lead`` and of cases of ``world.organisation``."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from awards import access, clawbacks, exports, openings, payments, receipts
from awards.tasks import make_decision_pdf
from portal.accounts.models import Role
from tests.applications.definition import pdf
from tests.awards.cases import Scene, make_scene
from tests.awards.test_decisions import confirmed, draft, ready, released
from tests.awards.test_withdrawing import objected
from tests.factories import person
from tests.guarantees.access.row import Row
from tests.guarantees.cast import OWN, World, holders
from tests.policy.catalogue import hand_over

MONEY = frozenset({"lead_clerk", "lead_head", "finance", "finance_head", "policy_admin", "auditor"})
LEAD = frozenset({"lead_clerk", "lead_head"})
ADMIN = frozenset({"org_admin"})
CLERK, HEAD = frozenset({"lead_clerk"}), frozenset({"lead_head"})
FINANCE, FINANCE_HEAD = holders(Role.FINANCE), holders(Role.FINANCE_HEAD)
STAFF = holders(*access.STAFF)


def _scene(world: World) -> Scene:
    scene = make_scene(position=9)
    hand_over(scene.measure, world.lead)
    scene.call.refresh_from_db()
    scene.lead, scene.district = world.lead, world.district
    scene.lead_clerk, scene.lead_head = world.users["lead_clerk"], world.users["lead_head"]
    return scene


def _own(world: World) -> Any:
    """A case of the cast's organisation that holds a place."""
    return world.made(_scene).reserved(organisation=world.organisation).application


def _drafted(world: World) -> Any:
    scene = world.made(_scene)
    return draft(scene, ready(scene), number="一号")


def _released(world: World) -> Any:
    scene = world.made(_scene)
    decision = released(scene, ready(scene), number="二号")
    make_decision_pdf(decision.pk)
    return decision


def _batch(world: World) -> Any:
    scene = world.made(_scene)
    award = ready(scene)
    confirmed(scene, award, number="三号")
    return payments.draft(scene.call, awards=[award], actor=scene.finance)


def _transfer(world: World) -> Any:
    scene = world.made(_scene)
    award = ready(scene)
    confirmed(scene, award, number="四号")
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    return payments.release(batch, actor=scene.finance_head).payments.get()


def _selection(world: World) -> Any:
    scene = world.made(_scene)
    return scene.selection((scene.case(), "support", "1000000"))


def _proposal(world: World) -> Any:
    return objected(world.made(_scene))[1]


def _to_cancel(world: World) -> Any:
    scene = world.made(_scene)
    return ready(scene).application


def _export(world: World) -> Any:
    export = exports.ask("ledger", actor=world.users["finance"], year=2026)
    return exports.run(export.pk)


def _opening(world: World) -> Any:
    scene = world.made(_scene)
    return openings.draft(
        scene.measure,
        organisation=world.organisation,
        year=2024,
        document_no="宁科〔2024〕9号",
        granted_on=date(2024, 9, 1),
        amount_cny=Decimal(10000),
        places=1,
        subjects={},
        actor=person(Role.POLICY_ADMIN),
    )


def _claw_back(world: World) -> Any:
    scene = world.made(_scene)
    award = scene.confirmed()
    scene.pay(scene.payment(award, "1000000"))
    return clawbacks.draft(
        award,
        amount_cny=Decimal(100),
        frees_place=False,
        reason="虚报投入",
        legal_base="《条例》第一条",
        due_on=date(2100, 1, 1),
        actor=scene.lead_clerk,
    )


def _own_transfer(world: World) -> Any:
    scene = world.made(_scene)
    award = scene.confirmed(organisation=world.organisation)
    return scene.pay(scene.payment(award, "1000000"))


def _receipt(world: World) -> Any:
    return receipts.add(
        world.made(_own_transfer),
        SimpleUploadedFile("回单.pdf", pdf("回单")),
        actor=world.users["finance"],
    )


def uid(maker):
    return lambda world: {"uid": world.made(maker).uid}


def call(world: World) -> dict[str, Any]:
    return {"uid": world.made(_scene).call.uid}


def award(world: World) -> dict[str, Any]:
    return {"uid": world.made(_own).award.uid}


def line(world: World) -> dict[str, Any]:
    return {"line": world.made(_scene).measure.line}


CAPS = [
    # The call stands before the overview is asked for: a unit that leads nothing has no money.
    Row("award_caps", get=MONEY, kwargs=lambda world: world.made(_scene) and {}),
    Row("award_line", get=MONEY, kwargs=line),
    Row("award_call", get=MONEY, kwargs=call),
    Row("award_detail", get=MONEY, kwargs=award),
]
CASES = [
    Row("award_selection_confirm", get=LEAD, post=HEAD, kwargs=uid(_selection)),
    Row("award_proposal_release", post=HEAD, kwargs=uid(_proposal)),
    Row("award_promotion", get=CLERK, post=CLERK, kwargs=call),
    Row("award_withdraw", get=ADMIN, post=ADMIN, kwargs=uid(_own)),
    Row("award_cancel", get=HEAD, post=HEAD, kwargs=uid(_to_cancel)),
]
DECISIONS = [
    Row("award_decision_list", get=MONEY, kwargs=lambda world: world.made(_scene) and {}),
    Row("award_decision_new", get=CLERK, post=CLERK, kwargs=call),
    Row("award_decision_detail", get=MONEY, kwargs=uid(_drafted)),
    Row("award_decision_edit", get=CLERK, post=CLERK, kwargs=uid(_drafted)),
    Row("award_decision_release", post=HEAD, kwargs=uid(_drafted)),
    Row("award_decision_discard", post=LEAD, kwargs=uid(_drafted)),
    Row("award_decision_confirm", post=FINANCE, kwargs=uid(_released)),
    Row("award_decision_pdf", get=MONEY, kwargs=uid(_released)),
]
PAYMENTS = [
    Row("award_finance_inbox", get=FINANCE | FINANCE_HEAD),
    Row("award_payment_list", get=MONEY, kwargs=lambda world: world.made(_scene) and {}),
    Row("award_payment_new", get=FINANCE, post=FINANCE, kwargs=call),
    Row("award_payment_detail", get=MONEY, kwargs=uid(_batch)),
    Row("award_payment_release", post=FINANCE_HEAD, kwargs=uid(_batch)),
    Row("award_payment_discard", post=FINANCE | FINANCE_HEAD, kwargs=uid(_batch)),
    Row("award_payment_arrived", get=FINANCE, post=FINANCE, kwargs=uid(_transfer)),
    Row("award_payment_bounced", get=FINANCE, post=FINANCE, kwargs=uid(_transfer)),
]
EXPORTS = [
    Row("award_export_list", get=STAFF),
    Row(
        "award_export_ask",
        post=MONEY,
        kwargs=lambda world: world.made(_scene) and {"kind": "ledger"},
        data={"year": "2026"},
    ),
    Row("award_export_detail", get=FINANCE, kwargs=uid(_export)),
    Row("award_export_progress", get=FINANCE, kwargs=uid(_export)),
    Row("award_export_cancel", post=FINANCE, kwargs=uid(_export)),
    Row("award_export_download", get=FINANCE, kwargs=uid(_export)),
]

POLICY_ADMIN = holders(Role.POLICY_ADMIN)
OPENINGS = [
    Row("award_opening_list", get=MONEY, kwargs=lambda world: world.made(_scene) and {}),
    Row("award_opening_new", get=POLICY_ADMIN, post=POLICY_ADMIN),
    Row("award_opening_detail", get=MONEY, kwargs=uid(_opening)),
    Row("award_opening_approve", post=POLICY_ADMIN, kwargs=uid(_opening)),
    Row("award_opening_drop", post=POLICY_ADMIN, kwargs=uid(_opening)),
]

CLAW_BACKS = [
    Row("award_clawback_list", get=MONEY, kwargs=lambda world: world.made(_scene) and {}),
    Row("award_clawback_new", get=CLERK, post=CLERK, kwargs=award),
    Row("award_clawback_detail", get=MONEY, kwargs=uid(_claw_back)),
    Row("award_clawback_release", post=HEAD, kwargs=uid(_claw_back)),
    Row("award_clawback_discard", post=LEAD, kwargs=uid(_claw_back)),
    Row("award_clawback_repay", post=FINANCE, kwargs=uid(_claw_back)),
]

RECEIPTS = [
    Row("award_payment_receipts", get=MONEY, post=FINANCE, kwargs=uid(_own_transfer)),
    Row(
        "award_receipt_file",
        get=FINANCE | FINANCE_HEAD | holders(Role.AUDITOR) | OWN,
        kwargs=uid(_receipt),
    ),
    Row("award_receipt_remove", post=FINANCE, kwargs=uid(_receipt)),
    Row(
        "award_case_payments",
        get=OWN,
        kwargs=lambda world: {"uid": world.made(_own_transfer).award.application.uid},
    ),
]

ROWS = [*RECEIPTS, *CLAW_BACKS, *OPENINGS, *CAPS, *CASES, *DECISIONS, *PAYMENTS, *EXPORTS]
