"""Verification: invoice by invoice, computed under the pinned rules, seen only once released."""

from decimal import Decimal as D

import pytest
from django.db import IntegrityError, transaction

from applications.workflow import move
from portal import clock
from portal.accounts.models import Role
from portal.audit.models import Event
from reviews import findings, verifying
from reviews.models import Panel, PanelCase, Verification
from reviews.refusals import Refused
from tests.factories import MembershipFactory, person
from tests.reviews.cases import BODY, add_invoice, make_case, make_office, status_of, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def case(office):
    """Two invoices of ¥1,130,000 each: claimed 2,260,000, asked and capped 678,000."""
    return make_case(office, at="verification")


def draft(office, case, given=None, **more):
    fields = {"note": "", "given": given or {}} | more
    return verifying.draft(case, actor=office.lead_clerk, **fields)


def test_rows_hold_what_the_calls_rule_leaves(office, case):
    add_invoice(case, gross="100.00", related_party=True)
    add_invoice(case, gross="100.00", fiscal_percent=D(30))
    add_invoice(case, gross="100.00", category="other")
    found = verifying.rows(case)
    assert [(row.most_cny, dict(row.excluded)) for row in found[2:]] == [
        (D("0.00"), {"related": D("100.00")}),
        (D("70.00"), {"fiscal": D("30.00")}),
        (D("0.00"), {"category": D("100.00")}),
    ]
    assert [row.verified_cny for row in found[2:]] == [D("0.00"), D("70.00"), D("0.00")]


def test_draft_computes_on_what_is_recognised_and_tells_nobody_outside(office, case):
    first, _second = case.invoices.all()
    verification = draft(office, case, {first.uid: ("1000000.00", "设备未到场")})
    assert (verification.claimed_cny, verification.verified_cny) == (
        D("2260000.00"), D("2130000.00"),
    )  # fmt: skip
    assert verification.computation["capped_cny"] == "639000.00"
    case.refresh_from_db()
    first.refresh_from_db()
    assert (case.verified_cny, first.verified_cny, case.status) == (None, None, "verification")


@pytest.mark.parametrize(
    ("amount", "reason", "refusal"),
    [
        ("1130000.01", "x", "amount"),
        ("-1", "x", "amount"),
        ("1.001", "x", "amount"),
        ("viel", "x", "amount"),
        ("1129999.99", "  ", "reason_missing"),
    ],
)
def test_draft_with_a_wrong_row_names_its_number(office, case, amount, reason, refusal):
    row = case.invoices.get(position=2)
    with pytest.raises(Refused) as refused:
        draft(office, case, {row.uid: (amount, reason)})
    assert (refused.value.reason, refused.value.facts) == (refusal, {"rows": [2]})
    assert Verification.objects.count() == 0


def test_draft_may_not_recognise_what_the_rule_leaves_out(office, case):
    row = add_invoice(case, gross="100.00", related_party=True)
    key = next(found.key for found in findings.current(case))
    findings.settle(case, key, actor=office.lead_clerk, state="confirmed", reason="关联属实")
    with pytest.raises(Refused) as refused:
        draft(office, case, {row.uid: ("100.00", "x")})
    assert (refused.value.reason, refused.value.facts) == ("amount", {"rows": [3]})


def test_draft_waits_until_every_finding_is_settled(office, case):
    add_invoice(case, gross="100.00", related_party=True)
    with pytest.raises(Refused) as refused:
        draft(office, case)
    assert (refused.value.reason, refused.value.facts) == ("findings_open", {"count": 1})


def test_draft_without_the_calls_rate_says_what_is_missing():
    office = make_office(settings={"window_start": None})
    case = make_case(office, at="verification")
    with pytest.raises(Refused) as refused:
        draft(office, case)
    assert refused.value.reason == "not_computable"
    assert refused.value.facts["settings"] == ["window_start"]


@pytest.mark.parametrize("who", ["lead_head", "district_clerk", "stranger"])
def test_draft_by_another_than_the_lead_clerk_is_refused(office, case, who):
    with pytest.raises(Refused) as refused:
        verifying.draft(case, actor=getattr(office, who), given={}, note="")
    assert refused.value.reason == "role"


def test_release_writes_the_amounts_and_moves_the_case_on(office, case):
    first, second = case.invoices.all()
    verification = draft(
        office, case, {first.uid: ("1000000.00", "设备未到场")}, note="核减一台设备。"
    )
    verifying.release(verification, actor=office.lead_head)
    case.refresh_from_db()
    assert status_of(case) == "selection"
    assert (case.verified_cny, case.computed_cny, case.capped_cny, case.recommended_cny) == (
        D("2130000.00"), D("639000.00"), D("639000.00"), D("639000.00"),
    )  # fmt: skip
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.verified_cny, first.reduction_reason) == (D("1000000.00"), "设备未到场")
    assert (second.verified_cny, second.reduction_reason) == (D("1130000.00"), "")
    assert case.transitions.last().public_note == (
        "申报 2,260,000.00 元，核定 2,130,000.00 元。核减一台设备。"
    )


def test_release_recommends_what_was_asked_if_that_is_less(office, case):
    type(case).objects.filter(pk=case.pk).update(asked_cny=D("500000.00"))
    verifying.release(draft(office, case), actor=office.lead_head)
    case.refresh_from_db()
    assert (case.capped_cny, case.recommended_cny) == (D("678000.00"), D("500000.00"))


def test_release_by_the_drafter_is_refused_also_by_the_database(office, case):
    both = person(Role.CLERK, unit=office.lead)
    MembershipFactory(user=both, role=Role.HEAD, unit=office.lead)
    verification = verifying.draft(case, actor=both, given={}, note="")
    with pytest.raises(Refused) as refused:
        verifying.release(verification, actor=both)
    assert refused.value.reason == "same_person"
    with pytest.raises(IntegrityError, match="verification_two_people"), transaction.atomic():
        Verification.objects.filter(pk=verification.pk).update(
            state="released", released_by=both, released_at=verification.drafted_at
        )


@pytest.mark.parametrize("who", ["lead_clerk", "district_head", "stranger"])
def test_release_by_another_than_the_lead_head_is_refused(office, case, who):
    verification = draft(office, case)
    with pytest.raises(Refused) as refused:
        verifying.release(verification, actor=getattr(office, who))
    assert refused.value.reason == "role"


def test_release_of_a_draft_that_was_made_anew_is_refused(office, case):
    seen = draft(office, case)
    draft(office, case, note="重拟")
    with pytest.raises(Refused) as refused:
        verifying.release(seen, actor=office.lead_head, seen_drafted_at=seen.drafted_at)
    assert refused.value.reason == "changed"
    assert status_of(case) == "verification"


def test_release_of_a_withdrawn_case_says_what_changed(office, case):
    verification = draft(office, case)
    move(case, "withdraw", actor=case.applicant, note="另行申报")
    with pytest.raises(Refused) as refused:
        verifying.release(verification, actor=office.lead_head)
    assert refused.value.reason == "state"
    assert refused.value.facts["changed_by"].action == "withdraw"


def test_send_back_asks_for_another_draft(office, case):
    verification = draft(office, case)
    with pytest.raises(Refused) as refused:
        verifying.send_back(verification, actor=office.lead_head, note=" ")
    assert refused.value.reason == "reason_missing"
    verifying.send_back(verification, actor=office.lead_head, note="请附依据")
    with pytest.raises(Refused) as refused:
        verifying.release(verification, actor=office.lead_head)
    assert refused.value.reason == "state"
    again = draft(office, case, note="依据见附件")
    assert (again.pk, again.state, again.sent_back_note) == (verification.pk, "drafted", "")
    verifying.release(again, actor=office.lead_head)
    assert status_of(case) == "selection"
    states = Event.objects.filter(object_type="reviews.verification").order_by("id")
    assert [(event.from_state, event.to_state) for event in states] == [
        ("", "drafted"), ("drafted", "sent_back"), ("sent_back", "drafted"),
        ("drafted", "released"),
    ]  # fmt: skip


# --- a tier by the experts' scores ---------------------------------------------------------


def scored_office():
    """Performance in tiers: the call has a table, experts judge."""
    clause = BODY["award"]["clause"]
    body = {
        "award": {
            "kind": "discretionary",
            "clause": clause,
            "base": "proposed_cny",
            "base_label": text("评审建议金额", "Proposed"),
            "inputs": [
                {"code": "proposed_cny", "type": "money_wan", "unit": text("万元"),
                 "label": text("评审建议金额", "Proposed")},
                {"code": "performance_score", "type": "decimal", "unit": text("分"),
                 "label": text("绩效评分", "Score"), "max": "100", "decimals": 2},
            ],
            "tiers": {"setting": "tiers", "input": "performance_score"},
        },
        "settings": [
            *BODY["settings"],
            {"code": "tiers", "type": "tiers", "label": text("分档标准"), "help": text("分档。")},
        ],
    }  # fmt: skip
    tiers = [
        {"label": "一档", "from": "90", "amount_cny": "500000.00"},
        {"label": "二档", "from": "75.5", "amount_cny": "300000.00"},
    ]
    return make_office(body=body, settings={"tiers": tiers})


def judged(office, mean: str | None, *, frozen: bool = True):
    """A case at the verification whose frozen panel gave this mean."""
    case = make_case(office, at="verification", invoices=0)
    case.claimed_cny = None
    case.save(update_fields=["claimed_cny"])
    now = clock.now()
    panel = Panel.objects.create(
        call=office.call, title="第 1 组", seed="x", pool=[], result=[], size=5,
        state="frozen" if frozen else "scoring", drawn_by=office.lead_clerk, drawn_at=now,
        approved_by=office.lead_head, approved_at=now,
        frozen_by=office.lead_clerk if frozen else None, frozen_at=now if frozen else None,
    )  # fmt: skip
    PanelCase.objects.create(panel=panel, application=case, mean=None if mean is None else D(mean))
    return case


@pytest.mark.parametrize(
    ("mean", "amount"), [("90.00", "500000.00"), ("89.99", "300000.00"), ("75.49", "0.00")]
)
def test_the_frozen_mean_sets_the_tier_and_what_is_typed_does_not(mean, amount):
    office = scored_office()
    case = judged(office, mean)
    assert verifying.typed_figure(case) is None
    found = draft(office, case, base="100").computation
    assert found["capped_cny"] == amount
    assert found["arguments"]["inputs"]["performance_score"] == mean


@pytest.mark.parametrize(("mean", "frozen"), [(None, True), ("90.00", False)])
def test_without_a_frozen_mean_nothing_is_verified(mean, frozen):
    office = scored_office()
    case = judged(office, mean, frozen=frozen)
    with pytest.raises(Refused) as refused:
        draft(office, case, base="95")
    assert (refused.value.reason, Verification.objects.count()) == ("no_score", 0)


def test_the_page_shows_the_score_and_asks_for_none(client):
    office = scored_office()
    case = judged(office, "90.00")
    client.force_login(office.lead_clerk)
    page = client.get(f"/reviews/cases/{case.uid}/verification/").content.decode()
    assert "专家评审得分 90.00 分" in page
    assert 'name="base"' not in page
