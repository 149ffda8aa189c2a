"""A filled case of each line that runs whole, as an applicant would fill it in: for the tests of
the forms and for the roads in the browser."""

from dataclasses import dataclass, field
from typing import Any

from policy.schema import DefinitionSchema
from tests.catalogue import CATALOGUE

WINDOW = {"window_start": "2025-01-01", "window_end": "2025-12-31"}


@dataclass(frozen=True)
class Sample:
    """Answers by section, rows by table, and the figures of equal invoices (None: no table)."""

    line: str
    organisation_kind: str
    answers: dict[str, dict[str, Any]]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    invoices: int = 0
    # slots that the answers make necessary
    slots: tuple[str, ...] = ()
    # sections in which nothing need be written
    optional: frozenset[str] = frozenset()

    @property
    def schema(self) -> DefinitionSchema:
        return CATALOGUE.newest(self.line).schema

    @property
    def needed_slots(self) -> list[str]:
        return [slot.code for slot in self.schema.attachments if slot.required] + [*self.slots]


CONTACT = {"contact_name": "李填报", "contact_phone": "13800001234"}
PROJECT = {
    "start_month": "2025-01",
    "end_month": "2027-12",
    "site_address": "南京市栖霞区示例路 1 号",
    "site_in_nanjing": True,
    "leader_name": "王示例",
    "leader_title": "研究员",
    "leader_phone": "13900001234",
}
# Eight invoices of ¥250,000.00 net, ¥282,500.00 with tax.
FUNDING = {
    "total_input_cny": "4520000.00",
    "own_input_cny": "4000000.00",
    "bank_input_cny": "0.00",
    "social_input_cny": "420000.00",
    "fiscal_input_cny": "100000.00",
}
GRANT = {
    "level": "district",
    "programme": "示例计划",
    "department": "示例区科技局",
    "received_month": "2025-02",
    "amount_cny": "100000.00",
    "purpose": "设备",
}
YEARS = {"year_1": "1", "year_2": "2", "year_3": "3"}
APPLICANT_USCC = "91320100MA1W000030"

PILOT = Sample(
    line="11-1",
    organisation_kind="enterprise",
    settings={"rate": "0.25", **WINDOW},
    answers={
        "organisation": CONTACT,
        "project": PROJECT | {"project_name": "钟山示例原料药中试平台建设"},
        "funding": FUNDING,
        "platform": {
            "platform_name": "钟山示例原料药中试平台",
            "build_mode": "joint",
            "partner_count": 1,
            "fields": ["biomedicine"],
            "industry_chain": "创新药—原料药工艺放大",
            "service_steps": ["process", "scale_up"],
            "process_nature": ["chemistry"],
            "platform_founded_on": "2024-05-01",
            "platform_head": "赵示例",
        },
        "facilities": {
            "site_area_sqm": "2400.00",
            "site_title": "leased",
            "site_until": "2030-12-31",
            "pilot_lines": 3,
            "design_capacity": "年放大工艺 30 项",
            "equipment_value_cny": "12000000.00",
            "large_equipment_cny": "8000000.00",
            "equipment_count": 60,
        },
        "opening": {
            "full_time_staff": 20,
            "senior_staff": 6,
            "open_hours": 6000,
            "external_hours_percent": "65.00",
            "fee_standard_url": "https://pilot.example.org/fees",
            "open_rules": "网上预约，按公开标准收费，签订保密协议。",
            "team": "工艺、装备、质量、安全四个小组。",
        },
        "service": {
            "served_enterprises": 2,
            "served_external": 1,
            "served_related": 1,
            "service_projects": 2,
            "service_income_cny": "900000.00",
            "external_income_percent": "66.67",
            "converted_nanjing": 1,
            "added_output_cny": "5000000.00",
        },
        "safety": {
            "safety_no": "宁示安评〔2025〕1号",
            "safety_until": "2028-03-31",
            "environment_no": "宁示环〔2024〕12号",
            "discharge_until": "2029-06-30",
            "fire_no": "宁示消备〔2024〕8号",
            "hazard_no": "苏示危化字 00012",
            "hazard_until": "2027-12-31",
            "accidents": False,
        },
        "plan": dict.fromkeys(
            ("positioning", "achievements", "three_year_plan", "sustainability"), "见规划。"
        ),
        "amount": {"audited_cny": "2260000.00", "requested_cny": "500000.00"},
    },
    rows={
        "fiscal_grants": [GRANT],
        "partners": [
            {"name": "示例中试有限公司", "uscc": APPLICANT_USCC, "partner_kind": "enterprise",
             "task": "建设运营", "share_percent": "70.00"},
            {"name": "示例应用大学", "uscc": "12320000466006770E", "partner_kind": "university",
             "task": "工艺研究", "share_percent": "30.00"},
        ],
        "services": [
            {"client": "示例制药有限公司", "client_uscc": "91320113MA2B00X78G", "related": False,
             "step": "scale_up", "contract_no": "ZS-01", "contract_cny": "600000.00",
             "received_cny": "600000.00", "done_on": "2025-06-30"},
            {"client": "示例集团有限公司", "client_uscc": "91320100MA1W00016A", "related": True,
             "step": "process", "contract_no": "ZS-02", "contract_cny": "400000.00",
             "received_cny": "300000.00"},
        ],
        "conversions": [
            {"result_name": "原料药甲", "owner": "示例应用大学", "user_name": "示例制药有限公司",
             "user_uscc": "91320113MA2B00X78G", "in_production": "2025-09",
             "output_cny": "5000000.00"},
        ],
        "goals": [YEARS] * 6,
    },
    invoices=8,
    slots=("cooperation", "service_proof", "results_proof", "permits"),
    optional=frozenset({"fiscal_grants", "partners", "services", "conversions", "avoidance", "review"}),
)  # fmt: skip

JOINT = Sample(
    line="13-1",
    organisation_kind="new_rd",
    settings={"new_input_meaning": "increase", **WINDOW},
    answers={
        "organisation": CONTACT,
        "institution": {
            "institution_status": "registered",
            "record_no": "宁科示例〔2023〕6号",
            "recorded_on": "2023-11-20",
            "host_unit": "示例应用大学",
            "operating_since": "2022-04-01",
            "rd_staff_percent": "72.50",
            "team_share_percent": "51.00",
        },
        "project": PROJECT
        | {"project_name": "示例功率器件关键技术联合攻关", "fields": ["chips", "power"]},
        "enterprise": {
            "with_enterprise": True,
            "enterprise_name": "示例电力装备有限公司",
            "enterprise_uscc": "91320113MA2B00X78G",
            "enterprise_place": "南京市江宁区",
            "enterprise_industry": "电力装备制造",
            "enterprise_contact": "周示例",
            "enterprise_phone": "13700001234",
            "enterprise_related": False,
            "enterprise_role": "提出器件指标，承担整机验证。",
        },
        "contract": {
            "contract_name": "功率器件联合攻关合同",
            "contract_number": "LHGG-2025-01",
            "is_challenge": False,
            "signed_on": "2025-01-10",
            "contract_until": "2027-12-31",
            "contract_total_cny": "4520000.00",
            "enterprise_due_cny": "2000000.00",
            "enterprise_paid_cny": "800000.00",
            "ip_terms": "共同所有，企业优先使用。",
        },
        "topic": dict.fromkeys(
            ("problem", "approach", "organisation_plan", "use_plan"), "见可行性报告。"
        ),
        "funding": FUNDING,
        "baseline": {
            "baseline_year": 2024,
            "baseline_input_cny": "500000.00",
            "baseline_basis": "与新增投入明细同口径。",
        },
        "amount": {"audited_cny": "2260000.00", "requested_cny": "300000.00"},
    },
    rows={
        "fiscal_grants": [GRANT],
        "partners": [
            {"name": "示例功率技术研究院有限公司", "uscc": APPLICANT_USCC, "task": "器件研发",
             "share_percent": "60.00", "input_cny": "2712000.00"},
            {"name": "示例电力装备有限公司", "uscc": "91320113MA2B00X78G", "task": "整机验证",
             "share_percent": "40.00", "input_cny": "1808000.00"},
        ],
        "indicators": [
            {"indicator": "导通损耗", "indicator_unit": "mW", "before": "12", "goal": "≤ 8",
             "proof": "第三方检测"},
        ],
        "results": [
            {"result_kind": "patent", "result_name": "一种功率器件结构", "result_no": "ZL2025 1 0000001",
             "owner": "示例功率技术研究院有限公司", "obtained_on": "2025-10-11", "used_in_nanjing": True,
             "sales_cny": "1000000.00"},
        ],
    },
    invoices=8,
    slots=("contract_receipts",),
    optional=frozenset({"fiscal_grants", "results", "avoidance", "review"}),
)  # fmt: skip

STATION = Sample(
    line="15-3",
    organisation_kind="agency",
    answers={
        "organisation": CONTACT,
        "station": {
            "project_name": "示例科创金融服务驿站",
            "runs_station": True,
            "listed": True,
            "designation_no": "宁金示〔2025〕3号",
            "designated_on": "2025-03-01",
            "opened_on": "2025-04-01",
            "fields": ["ai", "biomedicine"],
            "partner_institutions": "示例银行南京分行\n示例创业投资有限公司",
            "leader_name": "王示例",
            "leader_phone": "13900001234",
            "start_month": "2025-04",
            "end_month": "2026-03",
        },
        "premises_and_team": {
            "site_address": "南京市栖霞区示例路 8 号",
            "site_in_nanjing": True,
            "site_area_sqm": "260.00",
            "site_title": "leased",
            "site_until": "2030-12-31",
            "open_days": 5,
            "full_time_staff": 6,
            "finance_staff": 3,
            "resident_institutions": 4,
            "service_process": "受理、匹配、跟踪、回访。",
        },
        "outcome": {
            "served_enterprises": 120,
            "served_technology": 90,
            "financing_count": 2,
            "financing_cny": "13000000.00",
            "credit_cny": "3000000.00",
            "equity_cny": "10000000.00",
            "other_cny": "0.00",
            "first_loan_enterprises": 1,
            "event_count": 1,
            "event_participants": 60,
            "product_count": 1,
        },
        "plan": dict.fromkeys(
            ("achievements", "typical_cases", "risk_control", "next_plan"), "见绩效报告。"
        ),
        "amount": {"requested_cny": "400000.00", "use_of_reward": "驿站运营。"},
    },
    rows={
        "performance": [{"last_period": "1", "goal": "2", "result": "2"}] * 6,
        "financings": [
            {"enterprise": "示例智能有限公司", "enterprise_uscc": "91320113MA2B00X78G",
             "financing_kind": "credit_loan", "institution": "示例银行南京分行", "first_loan": True,
             "contract_no": "DK-2025-01", "financed_cny": "3000000.00",
             "financed_on": "2025-08-08", "service_given": "需求诊断并推荐产品"},
            {"enterprise": "示例生物有限公司", "enterprise_uscc": "91320100MA1W00016A",
             "financing_kind": "equity", "institution": "示例创业投资有限公司", "first_loan": False,
             "contract_no": "TZ-2025-02", "financed_cny": "10000000.00",
             "financed_on": "2025-12-12", "service_given": "组织路演"},
        ],
        "events": [
            {"event_name": "银企对接会", "held_on": "2025-06-18", "place": "驿站", "enterprises": 60,
             "outcome_note": "达成意向 8 项"},
        ],
        "products": [
            {"product_name": "示例研发贷", "issuer": "示例银行南京分行", "launched_on": "2025-07-01",
             "users": 12, "volume_cny": "30000000.00"},
        ],
    },
    slots=("financing_proof", "activity_proof"),
    optional=frozenset({"financings", "events", "products", "avoidance", "review"}),
)  # fmt: skip

SAMPLES = {sample.line: sample for sample in (PILOT, JOINT, STATION)}
