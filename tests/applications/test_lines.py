"""The lines besides 10-1 that run whole: filled in, wrong here and there, and submitted."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.urls import reverse

from applications import amounts, checks, content, drafts, sheets, submitting
from applications.models import TableRow
from policy.models import Measure
from portal import clock
from portal.accounts.models import Role, Unit
from tests.applications.definition import World, attach, invoice, make_call
from tests.applications.lines import APPLICANT_USCC, CATALOGUE, SAMPLES, Sample
from tests.factories import OrganisationFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_policy")]


def prepare(sample: Sample) -> World:
    """An open call of the line under the example's settings, and an organisation for it."""
    measure = Measure.objects.get(line=sample.line)
    district = Unit.objects.get(code="qixia")
    organisation = OrganisationFactory(
        district=district,
        kind=sample.organisation_kind,
        legal_representative="钱示例",
        bank_name="示例银行",
        bank_account="32010000000000001",
        bank_code="301301000001",
    )
    organisation.bank_account_name = organisation.name
    organisation.save(update_fields=["bank_account_name"])
    body = CATALOGUE.newest(sample.line).body
    return World(
        district=district,
        lead=measure.lead_unit,
        measure=measure,
        call=make_call(measure, body, settings=sample.settings),
        organisation=organisation,
        filler=person(Role.FILLER, organisation=organisation),
        admin=person(Role.ORG_ADMIN, organisation=organisation),
    )


def fill(sample: Sample, place: World):
    application = drafts.start(place.call, organisation=place.organisation, actor=place.filler)
    for section, data in sample.answers.items():
        drafts.save_section(application, section, data, actor=place.filler)
    now = clock.now()
    own = place.organisation.uscc
    TableRow.objects.bulk_create(
        TableRow(
            application=application, table=table, position=position, updated_at=now,
            data=data | ({"uscc": own} if data.get("uscc") == APPLICANT_USCC else {}),
        )
        for table, rows in sample.rows.items()
        for position, data in enumerate(rows, start=1)
    )  # fmt: skip
    if sample.invoices:
        figures = {"net_cny": "250000", "tax_cny": "32500", "gross_cny": "282500"}
        rows = [invoice(number, **figures) for number in range(1, sample.invoices + 1)]
        sheets.append_invoices(application, rows, actor=place.filler, replacing=True)
    for slot in sample.needed_slots:
        attach(application, slot, actor=place.filler)
    application.refresh_from_db()
    return application


def told(application):
    return [(p.section, p.field or p.code, str(p.text)) for p in checks.problems(application)]


@pytest.fixture(params=sorted(SAMPLES))
def sample(request) -> Sample:
    return SAMPLES[request.param]


# claimed, computed, capped, asked: 8 × ¥250,000.00 net are ¥2,000,000.00
AMOUNTS = {
    "11-1": ("2260000.00", "500000.00", "500000.00", "500000.00"),
    # less the ¥500,000.00 of the baseline year, of it 20 %
    "13-1": ("2260000.00", "300000.00", "300000.00", "300000.00"),
    # the reviewers propose the amount
    "15-3": (None, None, None, "400000.00"),
}


def test_a_filled_case_has_no_problem_and_is_submitted(sample):
    place = prepare(sample)
    application = fill(sample, place)
    assert told(application) == []
    submitting.submit(application, actor=place.admin, key="k", arrived_at=clock.now())
    application.refresh_from_db()
    assert application.status == "recommendation"
    found = [
        None if amount is None else str(amount)
        for amount in (
            application.claimed_cny,
            application.computed_cny,
            application.capped_cny,
            application.asked_cny,
        )
    ]
    assert found == [*AMOUNTS[sample.line]]


def test_an_empty_case_names_what_is_missing_in_every_section_that_asks(sample):
    place = prepare(sample)
    application = drafts.start(place.call, organisation=place.organisation, actor=place.filler)
    sections = {section for section, _field, _text in told(application)}
    complete = {"organisation", "payee"}
    asked = {section.code for section in sample.schema.form.sections}
    assert sections == asked - sample.optional - complete


def test_every_page_of_an_empty_case_is_shown_and_small(sample, client):
    place = prepare(sample)
    application = drafts.start(place.call, organisation=place.organisation, actor=place.filler)
    client.force_login(place.filler)
    for page in ("application_workspace", "application_check"):
        assert client.get(reverse(page, args=[application.uid])).status_code == 200
    for section in sample.schema.form.sections:
        if section.kind == "review":
            continue
        answer = client.get(reverse("application_section", args=[application.uid, section.code]))
        assert answer.status_code == 200
        assert len(answer.content) < 100_000, section.code


WRONG = [
    ("11-1", "project", {"site_in_nanjing": False}, "not_eligible", "不符合申报条件：平台建在南京市"),
    ("11-1", "platform", {"build_mode": "own", "partner_count": ""}, "not_eligible", "联合应用类高校"),
    ("11-1", "platform", {"fields": ["other"]}, "not_eligible", "属于重点领域"),
    ("11-1", "platform", {"fields": ["ai", "chips", "power"]}, "fields", "最多选 2 项"),
    ("11-1", "platform", {"partner_count": 3}, "partner_count", "联合建设单位 3 家，“联合建设单位”表只有 2 行"),
    ("11-1", "platform", {"partner_count": ""}, "partner_count", ""),
    ("11-1", "facilities", {"large_equipment_cny": "12000000.01"}, "large_equipment_cny", "大于设备原值 1,200.00 万元"),
    ("11-1", "opening", {"senior_staff": 21}, "senior_staff", "高级职称 21 人多于专职人员 20 人"),
    ("11-1", "opening", {"external_hours_percent": "101"}, "external_hours_percent", ""),
    ("11-1", "opening", {"fee_standard_url": "收费表"}, "fee_standard_url", ""),
    ("11-1", "service", {"served_related": 2}, "served_enterprises", "非关联与关联企业合计 3 家，与服务企业 2 家相差 1 家"),
    ("11-1", "service", {"service_income_cny": "1000000.00"}, "service_income_cny", "到账合计 90.00 万元相差 10.00 万元"),
    ("11-1", "safety", {"safety_no": ""}, "safety_no", ""),
    ("11-1", "safety", {"hazard_until": ""}, "hazard_until", ""),
    ("11-1", "safety", {"accidents": True}, "accident_details", ""),
    ("11-1", "amount", {"audited_cny": "2260000.01"}, "audited_cny", "与投入明细合计 ¥2,260,000.00 不一致"),
    ("11-1", "amount", {"requested_cny": "500000.01"}, "requested_cny", "申请额"),
    ("13-1", "institution", {"institution_status": "building"}, "not_eligible", "机构状态属于本批次支持范围"),
    ("13-1", "institution", {"record_no": ""}, "record_no", ""),
    ("13-1", "enterprise", {"with_enterprise": False}, "not_eligible", "协同企业开展联合攻关"),
    ("13-1", "enterprise", {"enterprise_uscc": "91320100MA1W00016A"}, "enterprise_uscc", "未列入“合作单位与份额”"),
    ("13-1", "enterprise", {"enterprise_uscc": "91320113MA2B00X78A"}, "enterprise_uscc", ""),
    ("13-1", "enterprise", {"enterprise_related": True}, "relation_details", ""),
    ("13-1", "contract", {"contract_until": "2025-01-09"}, "signed_on", "早于签订日期"),
    ("13-1", "contract", {"enterprise_due_cny": "4520000.01"}, "enterprise_due_cny", "大于合同总额 452.00 万元"),
    ("13-1", "contract", {"enterprise_paid_cny": "2000000.01"}, "enterprise_paid_cny", "大于约定出资 200.00 万元"),
    ("13-1", "baseline", {"baseline_input_cny": ""}, "baseline_input_cny", ""),
    ("13-1", "baseline", {"baseline_year": 1999}, "baseline_year", ""),
    ("13-1", "amount", {"requested_cny": "300000.01"}, "requested_cny", "申请额"),
    ("15-3", "station", {"listed": False}, "not_eligible", "已列入驿站建设名单"),
    ("15-3", "station", {"designation_no": ""}, "designation_no", ""),
    ("15-3", "station", {"fields": ["ai", "chips", "power", "network"]}, "fields", "最多选 3 项"),
    ("15-3", "premises_and_team", {"site_in_nanjing": False}, "not_eligible", "驿站建在南京市"),
    ("15-3", "premises_and_team", {"finance_staff": 7}, "finance_staff", "多于专职人员 6 人"),
    ("15-3", "premises_and_team", {"open_days": 8}, "open_days", ""),
    ("15-3", "outcome", {"served_technology": 121}, "served_technology", "多于服务企业 120 家"),
    ("15-3", "outcome", {"credit_cny": "3000000.01"}, "financing_cny", "相差 0.000001 万元"),
    ("15-3", "outcome", {"financing_cny": "14000000.00", "equity_cny": "11000000.00"}, "financing_cny",
     "与促成融资明细合计 1,300.00 万元相差 100.00 万元"),
    ("15-3", "outcome", {"event_count": 2}, "event_count", "活动明细只有 1 行"),
    ("15-3", "amount", {"requested_cny": "500000.01"}, "requested_cny", "50"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "section", "change", "field", "text"), WRONG)
def test_a_wrong_answer_is_named_beside_its_field(line, section, change, field, text):
    sample = SAMPLES[line]
    place = prepare(sample)
    application = fill(sample, place)
    drafts.save_section(application, section, change, actor=place.filler)
    found = [words for _section, marked, words in told(application) if marked == field]
    assert found, told(application)
    assert text in " ".join(found)


def test_permits_are_asked_only_where_a_pilot_process_is_chemical_or_biological():
    sample = SAMPLES["11-1"]
    place = prepare(sample)
    application = fill(sample, place)
    empty = dict.fromkeys(
        ("safety_no", "safety_until", "environment_no", "discharge_until", "fire_no",
         "hazard_no", "hazard_until"), ""
    )  # fmt: skip
    drafts.save_section(application, "safety", empty, actor=place.filler)
    assert {field for section, field, _text in told(application)} == set(empty)
    change = {"process_nature": ["physical"]}
    drafts.save_section(application, "platform", change, actor=place.filler)
    assert told(application) == []


def test_a_field_says_what_makes_it_required(client):
    sample = SAMPLES["11-1"]
    place = prepare(sample)
    application = drafts.start(place.call, organisation=place.organisation, actor=place.filler)
    client.force_login(place.filler)
    address = reverse("application_section", args=[application.uid, "safety"])
    page = client.get(address).content.decode()
    words = "“中试工艺性质”选“化学（化学反应、危险化学品）”或“生物（生物活性、病原微生物）”的必填。"
    assert page.count(words) == 7
    assert "“近三年发生过安全、环保责任事故”选“是”的必填。不超过 1000 字" in page
    assert (page.count("（视情况必填）"), page.count("（必填）")) == (8, 1)
    chosen = {"process_nature": ["chemistry"]}
    drafts.save_section(application, "platform", chosen, actor=place.filler)
    page = client.get(address).content.decode()
    assert (page.count("（视情况必填）"), page.count("（必填）")) == (1, 8)


def test_the_award_of_a_pilot_platform_ends_at_its_cap():
    """¥8,000,000.00 net at the call's 25 % are the cap; one invoice more changes nothing."""
    sample = SAMPLES["11-1"]
    place = prepare(sample)
    application = fill(sample, place)
    large = {"net_cny": "4000000", "tax_cny": "520000", "gross_cny": "4520000"}
    for rows, capped, binding in ((2, "2000000.00", None), (3, "2000000.00", "platform")):
        found = [invoice(number, **large) for number in range(1, rows + 1)]
        sheets.append_invoices(application, found, actor=place.filler, replacing=True)
        computation = amounts.preview(content.load(application))
        assert computation.capped_cny == Decimal(capped)
        assert computation.binding_cap == binding


def test_the_shares_of_a_joint_project_add_up_to_a_hundred():
    sample = SAMPLES["13-1"]
    place = prepare(sample)
    application = fill(sample, place)
    row = TableRow.objects.filter(application=application, table="partners").last()
    row.data = row.data | {"share_percent": "39.99"}
    row.save(update_fields=["data"])
    assert [text for _section, _field, text in told(application)] == [
        "份额合计 99.99%，应为 100%。"
    ]


def test_the_applicant_is_not_its_own_enterprise():
    sample = SAMPLES["13-1"]
    place = prepare(sample)
    application = fill(sample, place)
    own = {"enterprise_uscc": place.organisation.uscc}
    drafts.save_section(application, "enterprise", own, actor=place.filler)
    found = [text for _section, field, text in told(application) if field == "enterprise_uscc"]
    assert f"协同企业的信用代码 {place.organisation.uscc} 与申报单位相同。" in found


@pytest.mark.parametrize(
    ("meaning", "net", "baseline", "base", "capped", "binding"),
    [
        # 20 % of the new input, below, at and above the ¥3,000,000.00
        ("all", "2000000", "500000.00", "2000000.00", "400000.00", None),
        ("increase", "2000000", "500000.00", "1500000.00", "300000.00", None),
        ("increase", "2000000", "2000000.00", "0.00", "0.00", None),
        ("all", "15000000", "500000.00", "15000000.00", "3000000.00", None),
        ("increase", "15500005", "500000.00", "15000005.00", "3000000.00", "project"),
    ],
)
def test_new_input_is_what_the_call_says_it_is(meaning, net, baseline, base, capped, binding):
    sample = SAMPLES["13-1"]
    place = prepare(replace(sample, settings=sample.settings | {"new_input_meaning": meaning}))
    application = fill(sample, place)
    rows = [invoice(1, net_cny=net, tax_cny="0", gross_cny=net)]
    sheets.append_invoices(application, rows, actor=place.filler, replacing=True)
    change = {"baseline_input_cny": baseline}
    drafts.save_section(application, "baseline", change, actor=place.filler)
    loaded = content.load(application)
    computation = amounts.preview(loaded)
    assert computation.capped_cny == Decimal(capped)
    assert computation.binding_cap == binding
    # The form shows both to the applicant.
    assert (loaded.values["base_cny"], loaded.values["computed_cny"]) == (base, capped)


def test_an_applicant_that_is_not_among_the_partners_is_told():
    place = prepare(SAMPLES["13-1"])
    application = fill(SAMPLES["13-1"], place)
    row = TableRow.objects.filter(application=application, table="partners").first()
    row.data = row.data | {"uscc": "12320000466006770E"}
    row.save(update_fields=["data"])
    assert [field for _section, field, _text in told(application)] == ["org_uscc"]
