"""The roads of 11-1, 13-1 and 15-3 in a browser, from registration to the payment: each by its own
rule, 15-3 with another lead unit and by the tiers that its call sets.

The steps are those of 10-1's road, without its pictures and its correction. At the end what was
paid is compared with the ledger, and `manage.py verify` finds no fault but the clock that was moved.
"""

from dataclasses import replace
from decimal import Decimal

from tests.applications.lines import JOINT, PILOT, STATION
from tests.e2e.steps import administrators, applicants, districts, experts, filling, money, officers
from tests.e2e.steps.road import Road, Trip, walking

# Three experts judge, of fields in which the demonstration has several.
FEW_EXPERTS = {
    "setting__expert_review__experts": "3",
    "setting__expert_review__min_experts": "3",
    "setting__expert_review__reserves": "1",
}
PLATFORM = Trip(
    sample=PILOT,
    organisation="南京栖霞宏图中试科技有限公司",
    uscc="91320100MA3L00011J",
    mail="hongtu.example",
    call_title="2026年度中试平台申报通知（第三批）",
    call_title_en="2026 call for pilot-scale platforms, round 3",
    settings={"setting__rate": "25"} | FEW_EXPERTS,
    # The other co-units say nothing, which is consent once the limit is over.
    co_units=("industry.clerk", "budget.clerk"),
    decision="宁科〔2026〕111号",
    net_cny=Decimal("250000"),
    # 8 × 25.00 万元 less 5.00 万元, of which 25 %
    first_cny=Decimal("200000"),
    verified_wan="195.00",
    granted_cny="487500.00",
)
JOINT_PROJECT = Trip(
    sample=replace(
        JOINT,
        answers=JOINT.answers
        | {
            "project": JOINT.answers["project"] | {"fields": ["biomedicine", "ai"]},
            "funding": JOINT.answers["funding"]
            | {"total_input_cny": "22600000.00", "own_input_cny": "22080000.00"},
            "amount": {"requested_cny": "3000000.00"},
        },
    ),
    organisation="南京栖霞功率器件技术研究院有限公司",
    uscc="91320100MA3L00012M",
    mail="gonglv.example",
    call_title="2026年度新研机构联合攻关申报通知（第三批）",
    call_title_en="2026 call for joint R&D, round 3",
    settings={"setting__new_input_meaning": "increase"} | FEW_EXPERTS,
    co_units=("budget.clerk",),
    decision="宁科〔2026〕131号",
    net_cny=Decimal("2500000"),
    # 8 × 250.00 万元 less 50.00 万元 and the 50.00 万元 of the baseline year: 20 % of 1,900.00 万元
    # are 380.00 万元, and the document's ceiling is 300 万元
    first_cny=Decimal("2000000"),
    verified_wan="1,900.00",
    granted_cny="3000000.00",
)

STATION_REWARD = Trip(
    sample=STATION,
    organisation="南京栖霞启明科创金融服务有限公司",
    uscc="91320113MA7104693J",
    mail="qiming.example",
    call_title="2026年度科创金融服务驿站绩效奖励申报通知",
    call_title_en="2026 call: rewards for science-finance service stations",
    # The document has a ceiling of 50 万元 and no tiers; typed with commas, as people do.
    settings={"setting__tiers": "90，50，一档\n75，30，二档\n60，15，三档"} | FEW_EXPERTS,
    co_units=("budget.clerk",),
    decision="宁金办〔2026〕15号",
    # The three sheets' mean is 82 points, and 40.00 万元 was asked for.
    score="82.00",
    verified_wan="30.00",
    granted_cny="300000.00",
    lead="financial",
    lead_unit="市委金融办",
    contact="市委金融办科创金融处 025-83630000",
)


def test_the_road_of_11_1_by_the_rate_of_its_call(stack, chromium, tmp_path):
    with walking(PLATFORM, stack=stack, browser=chromium, folder=tmp_path) as road:
        apply(road)
        districts.recommend(road)
        officers.accept(road)
        officers.give_opinions(road)
        officers.wait_for_silence(road)
        officers.conclude_opinions(road)
        judge(road)
        award(road)


def test_the_road_of_13_1_by_its_increase_up_to_the_ceiling(stack, chromium, tmp_path):
    with walking(JOINT_PROJECT, stack=stack, browser=chromium, folder=tmp_path) as road:
        apply(road)
        districts.recommend(road)
        officers.accept(road)
        officers.give_opinions(road)
        officers.conclude_opinions(road)
        judge(road)
        award(road)


def test_the_road_of_15_3_with_another_lead_unit_by_the_tiers_of_its_call(
    stack, chromium, tmp_path
):
    with walking(STATION_REWARD, stack=stack, browser=chromium, folder=tmp_path) as road:
        apply(road)
        districts.recommend(road)
        officers.accept(road)
        officers.give_opinions(road)
        officers.wait_for_silence(road)
        officers.conclude_opinions(road)
        judge(road)
        award(road)


def apply(road: Road) -> None:
    applicants.register(road)
    districts.verify_organisation(road)
    applicants.invite_filler(road)
    administrators.draft_call(road)
    administrators.publish_call(road)
    applicants.start_draft(road)
    filling.fill_tables(road)
    if road.trip.net_cny is not None:
        filling.paste_invoices(road)
    filling.fill_sections(road)
    filling.upload_attachments(road)
    applicants.hand_over(road)
    applicants.submit(road)


def judge(road: Road) -> None:
    experts.draw_experts(road)
    experts.approve_experts(road)
    experts.score(road)
    experts.freeze(road)
    if road.trip.net_cny is not None:
        officers.verify_input(road)
    else:
        officers.verify_performance(road)


def award(road: Road) -> None:
    officers.select(road)
    money.confirm_selection(road)
    officers.publish_notice(road)
    officers.close_notice(road)
    money.decide(road)
    money.confirm_finance(road)
    money.pay(road)
    money.arrive(road)
    money.compare_payment(road)
    money.find_nothing_wrong(road)
