"""The catalogue's own 10-1, filled in and submitted: every section of it works."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from applications import amounts, checks, content, drafts, sheets, submitting
from applications.models import TableRow
from policy.models import Measure
from portal import clock
from portal.accounts.models import Role, Unit
from tests.applications.definition import World, attach, invoice, make_call
from tests.catalogue import CATALOGUE
from tests.factories import OrganisationFactory, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_policy")]
SCHEMA = CATALOGUE.newest("10-1").schema
SETTINGS = {"rate": "0.30", "window_start": "2025-01-01", "window_end": "2025-12-31"}

ANSWERS = {
    "organisation": {"contact_name": "李填报", "contact_phone": "13800001234"},
    "project": {
        "project_name": "钟山示例概念验证中心建设",
        "start_month": "2025-01",
        "end_month": "2027-12",
        "site_address": "南京市栖霞区示例路 1 号",
        "site_in_nanjing": True,
        "leader_name": "王示例",
        "leader_title": "教授",
        "leader_phone": "13900001234",
    },
    "funding": {
        "total_input_cny": "4520000.00",
        "own_input_cny": "4000000.00",
        "bank_input_cny": "0.00",
        "social_input_cny": "420000.00",
        "fiscal_input_cny": "100000.00",
    },
    "centre": {
        "centre_name": "钟山示例概念验证中心",
        "host_unit": "示例大学",
        "build_mode": "university",
        "fields": ["biomedicine", "ai"],
        "approval_no": "示例〔2024〕1号",
        "centre_founded_on": "2024-05-01",
        "centre_head": "赵示例",
        "market_operated": True,
        "municipal_cultivation": False,
    },
    "provincial": {"provincial_wish": True, "provincial_basis": "已具备省级条件。"},
    "team": {
        "full_time_staff": 12,
        "technology_managers": 4,
        "external_experts": 20,
        "governance": "理事会领导下的主任负责制。",
        "verification_process": "遴选、立项、验证、结论。",
        "due_diligence": "双人尽调，留痕备查。",
    },
    "facilities": {
        "site_area_sqm": "1200.50",
        "site_title": "leased",
        "site_until": "2030-12-31",
        "equipment_value_cny": "3000000.00",
        "equipment_count": 45,
    },
    "funds": {"verification_money_cny": "5000000.00", "verification_money_source": "自筹"},
    "pool": {
        "pool_in": 60,
        "pool_selected": 20,
        "pool_verifying": 5,
        "pool_done": 1,
        "transferred": 1,
        "transferred_nanjing": 1,
        "incubated": 1,
        "first_equity_count": 1,
        "first_equity_cny": "2000000.00",
    },
    "plan": dict.fromkeys(
        ("positioning", "achievements", "three_year_plan", "sustainability"), "见规划。"
    ),
    "amount": {"audited_cny": "2260000.00", "requested_cny": "600000.00"},
}
RESULT = {
    "result_name": "靶点甲",
    "owner": "示例大学",
    "trl_before": 3,
    "trl_after": 5,
    "conclusion": "passed",
    "investor": "示例基金",
    "investor_record_no": "SABC12",
    "invested_on": "2025-09-01",
    "invested_cny": "2000000.00",
    "receipt_no": "R-1",
}
GRANT = {
    "level": "district",
    "programme": "示例计划",
    "department": "示例区科技局",
    "received_month": "2025-02",
    "amount_cny": "100000.00",
    "purpose": "设备",
}


@pytest.fixture
def place():
    measure = Measure.objects.get(line="10-1")
    district = Unit.objects.get(code="qixia")
    organisation = OrganisationFactory(
        district=district,
        kind="university",
        legal_representative="钱示例",
        bank_name="示例银行",
        bank_account="32010000000000001",
        bank_code="301301000001",
    )
    organisation.bank_account_name = organisation.name
    organisation.save(update_fields=["bank_account_name"])
    return World(
        district=district,
        lead=measure.lead_unit,
        measure=measure,
        call=make_call(measure, CATALOGUE.newest("10-1").body, settings=SETTINGS),
        organisation=organisation,
        filler=person(Role.FILLER, organisation=organisation),
        admin=person(Role.ORG_ADMIN, organisation=organisation),
    )


def fill(place):
    application = drafts.start(place.call, organisation=place.organisation, actor=place.filler)
    for section, data in ANSWERS.items():
        drafts.save_section(application, section, data, actor=place.filler)
    now = clock.now()
    rows = [("results", 1, RESULT), ("fiscal_grants", 1, GRANT)]
    rows += [("goals", n, {"year_1": "1", "year_2": "2", "year_3": "3"}) for n in range(1, 9)]
    TableRow.objects.bulk_create(
        TableRow(application=application, table=table, position=position, data=data, updated_at=now)
        for table, position, data in rows
    )
    large = {"net_cny": "1000000", "tax_cny": "130000", "gross_cny": "1130000"}
    sheets.append_invoices(
        application,
        [invoice(number, **large) for number in (1, 2)],
        actor=place.filler,
        replacing=True,
    )
    slots = [slot.code for slot in SCHEMA.attachments if slot.required]
    for slot in [*slots, "results_proof", "investment_proof", "permits"]:
        attach(application, slot, actor=place.filler)
    application.refresh_from_db()
    return application


def told(application):
    return [(p.section, p.field or p.code, str(p.text)) for p in checks.problems(application)]


def test_a_filled_case_has_no_problem_and_is_submitted(place):
    application = fill(place)
    assert told(application) == []
    submitting.submit(application, actor=place.admin, key="k", arrived_at=clock.now())
    application.refresh_from_db()
    assert application.status == "recommendation"
    # 2 × ¥1,000,000.00 net, of it 30 %
    assert application.claimed_cny == Decimal("2260000.00")
    assert application.computed_cny == Decimal("600000.00")
    assert application.asked_cny == Decimal("600000.00")


def test_an_empty_case_names_what_is_missing_in_every_section_that_asks(place):
    application = drafts.start(place.call, organisation=place.organisation, actor=place.filler)
    sections = {section for section, _field, _text in told(application)}
    optional = {"fiscal_grants", "partners", "results", "avoidance", "review"}
    complete = {"organisation", "payee"}
    asked = {section.code for section in SCHEMA.form.sections}
    assert sections == asked - optional - complete


@pytest.mark.parametrize(
    ("section", "change", "field", "text"),
    [
        ("funding", {"bank_input_cny": "1.00"}, "total_input_cny", "各项来源合计"),
        ("funding", {"fiscal_input_cny": "0.00", "own_input_cny": "4100000.00"},
         "fiscal_input_cny", "与已获财政资金清单合计 10.00 万元不一致"),
        ("project", {"end_month": "2024-12"}, "start_month", "早于起始年月 2025-01"),
        ("project", {"site_in_nanjing": False}, "not_eligible", "不符合申报条件：中心建在南京市"),
        ("team", {"technology_managers": 13}, "technology_managers", "技术经理人 13 人多于专职人员 12 人"),
        ("centre", {"fields": ["ai", "chips", "power"]}, "fields", "最多选 2 项"),
        ("pool", {"transferred_nanjing": 2}, "transferred_nanjing", "在宁转化 2 项多于完成转化 1 项"),
        ("funds", {"fund_name": "示例基金"}, "fund_size_cny", ""),
        ("amount", {"audited_cny": "2260000.01"}, "audited_cny", "与投入明细合计 ¥2,260,000.00 不一致"),
        ("amount", {"requested_cny": "600000.01"}, "requested_cny", "申请额"),
        ("facilities", {"site_title": "free", "site_until": ""}, "site_until", ""),
        ("avoidance", {"avoid_expert_1": "孙示例"}, "avoid_reason_1", ""),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_named_beside_its_field(place, section, change, field, text):
    application = fill(place)
    drafts.save_section(application, section, change, actor=place.filler)
    found = [words for _section, marked, words in told(application) if marked == field]
    assert found, told(application)
    assert text in " ".join(found)


def test_the_preview_computes_what_the_form_shows(place):
    application = fill(place)
    loaded = content.load(application)
    computation = amounts.preview(loaded)
    assert computation.eligible is True
    assert loaded.values["claimed_cny"] == "2260000.00"
    assert loaded.values["computed_cny"] == "600000.00"


@pytest.mark.parametrize("page", ["application_workspace", "application_check"])
def test_pages_of_an_empty_case_are_shown(place, client, page):
    application = drafts.start(place.call, organisation=place.organisation, actor=place.filler)
    client.force_login(place.filler)
    assert client.get(reverse(page, args=[application.uid])).status_code == 200


def test_a_field_whose_code_is_fields_is_read_as_any_other(place, client):
    application = drafts.start(place.call, organisation=place.organisation, actor=place.filler)
    client.force_login(place.filler)
    address = reverse("application_section", args=[application.uid, "centre"])
    page = client.get(address).content.decode()
    named = re.findall(r'name="_fields" value="(\w+)"', page)
    assert "fields" in named
    client.post(address, {"_fields": named, "fields": ["ai"], "centre_name": "中心", "go": "next"})
    stored = application.answers.get(section="centre").data
    assert (stored["fields"], stored["centre_name"]) == (["ai"], "中心")
