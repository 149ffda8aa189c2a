"""A small definition with every kind of section, and the people around a case of it.

``world()`` lays district, lead unit, measure, open call, organisation, filler, admin; ``start``
opens a draft, ``fill`` answers everything, ``submitted`` goes on to the receipt.
"""

import hashlib
import io
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pikepdf
from django.db import transaction

from applications import drafts, sheets, submitting
from applications.models import Application, Attachment, TableRow
from policy.models import (
    Article,
    ArticleUnit,
    CalendarYear,
    Call,
    Definition,
    Document,
    Measure,
)
from portal import clock
from portal.accounts.models import Organisation, Role, Unit, User
from portal.audit.recording import record
from portal.files.storing import store
from tests.factories import DistrictFactory, OrganisationFactory, UnitFactory, UserFactory, person

CLAUSE = "根据绩效择优认定10家市级概念验证中心，按建设投入给予最高200万元资助"


def pdf(words: str = "a") -> bytes:
    """A small whole PDF of one page, its title the words."""
    stream = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(200, 200))
        document.docinfo["/Title"] = words
        document.save(stream, deterministic_id=True)
    return stream.getvalue()


def text(zh: str, en: str | None = None) -> dict[str, str]:
    return {"zh": zh, "en": en or zh}


def field(code: str, kind: str, zh: str, en: str, **more) -> dict[str, Any]:
    return {"code": code, "type": kind, "label": text(zh, en), **more}


WAN = text("万元", "CNY 10,000")
PEOPLE = text("人", "people")


def choices(**labels) -> list[dict]:
    return [{"code": code, "label": text(*label)} for code, label in labels.items()]


BODY: dict[str, Any] = {
    "line": "10-1",
    "valid_from": "2024-08-27",
    "award": {
        "kind": "rate_of_base",
        "clause": CLAUSE,
        "base": "construction",
        "base_label": text("建设投入", "Construction investment"),
        "rate": {"setting": "rate", "source": "inferred"},
        "items": True,
        "inputs": [
            field(
                "organisation_kind", "choice", "单位性质", "Kind",
                choices=choices(
                    enterprise=("企业", "Enterprise"), university=("高校", "University"),
                    bank=("金融机构", "Financial institution"),
                ),
            )
        ],
    },
    "eligibility": {
        "requirements": [
            {
                "code": "kind",
                "label": text("申报单位为高校、院所、医院或企业", "A university, institute, hospital or enterprise"),
                "test": {"field": "organisation_kind", "one_of": ["enterprise", "university"]},
                "clause": CLAUSE,
            }
        ]
    },
    "caps": [
        {
            "code": "centre", "label": text("单个中心", "One centre"), "amount_cny": "2000000",
            "scope": "centre", "period": "lifetime", "clause": CLAUSE,
        }
    ],
    "quota": {"places": 10, "clause": CLAUSE},
    "settings": [
        {"code": "rate", "type": "rate", "label": text("比例", "Rate"), "help": text("x"), "required": True},
        {"code": "window_start", "type": "date", "label": text("起", "From"), "help": text("x"), "required": True},
        {"code": "window_end", "type": "date", "label": text("止", "Until"), "help": text("x"), "required": True},
        {
            "code": "categories", "type": "multichoice", "label": text("类别"), "help": text("x"),
            "default": ["equipment", "lease", "fit_out"],
            "choices": choices(
                equipment=("设备购置", "Equipment"), lease=("场地租赁", "Lease"),
                fit_out=("装修改造", "Fit-out"), personnel=("人员", "Personnel"),
            ),
        },
        {"code": "exclude_related", "type": "bool", "label": text("剔除关联"), "help": text("x"), "default": True},
        {"code": "exclude_fiscal", "type": "bool", "label": text("剔除财政"), "help": text("x"), "default": True},
        {"code": "tax_inclusive", "type": "bool", "label": text("含税"), "help": text("x"), "default": True},
        {"code": "recommendation.limit_workdays", "type": "workdays", "label": text("推荐"), "help": text("x"), "default": 5},
    ],
    "form": {
        "groups": [
            {
                "code": "organisation",
                "title": text("单位与团队", "Organisation and team"),
                "sections": [
                    {
                        "code": "unit", "title": text("单位信息", "Organisation"), "kind": "fields",
                        "why": CLAUSE,
                        "fields": [
                            field("unit_name", "text", "单位名称", "Name", prefill="organisation.name", readonly=True),
                            field("bank_account", "text", "账号", "Account", prefill="organisation.bank_account", readonly=True),
                            field("contact_phone", "phone", "联系手机", "Mobile", prefill="organisation.contact_phone", required=True),
                        ],
                    },
                    {
                        "code": "team", "title": text("负责人与专职团队", "Team"), "kind": "fields",
                        "why": CLAUSE,
                        "intro": text("按截止日在岗人数填写。", "Count those employed at the cut-off."),
                        "fields": [
                            field("title", "text", "项目名称", "Project title", required=True, max_length=60),
                            field("staff", "integer", "专职人员", "Full-time staff", required=True, unit=PEOPLE, evidence=["licence"]),
                            field("managers", "integer", "其中技术经理人", "of them technology managers", required=True, unit=PEOPLE),
                            field("funds_cny", "money_wan", "验证资金规模", "Verification fund", required=True, unit=WAN, max="100000000"),
                            field("has_fund", "bool", "是否设立基金", "Has a fund", required=True),
                            field("fund_no", "text", "基金备案号", "Fund number", required_if={"field": "has_fund", "is_true": True}),
                            field("areas", "multichoice", "领域", "Fields", required=True, max_selected=2,
                                  choices=choices(bio=("生物医药", "Biomedicine"), ai=("人工智能", "AI"), ic=("集成电路", "Chips"))),
                            field("starts_on", "month", "起始年月", "Starts"),
                            field("note", "textarea", "说明", "Note", max_length=500),
                        ],
                        "checks": [
                            {"code": "managers_within_staff", "kind": "lte", "left": "managers", "right": "staff",
                             "message": text("技术经理人 {left} 多于专职人员 {right}", "{left} managers, but {right} staff")},
                        ],
                    },
                ],
            },
            {
                "code": "results",
                "title": text("能力与成效", "Capacity and results"),
                "sections": [
                    {
                        "code": "validated", "title": text("验证成果", "Validated results"), "kind": "table",
                        "table": {
                            "code": "results", "min_rows": 1, "max_rows": 50,
                            "columns": [
                                field("result", "text", "成果名称", "Result", required=True, max_length=60),
                                field("invested_on", "date", "首投日期", "First investment on"),
                                field("invested_cny", "money_wan", "首投金额", "First investment", unit=WAN),
                                field("verdict", "choice", "结论", "Verdict", required=True,
                                      choices=choices(passed=("通过", "Passed"), failed=("未通过", "Failed"))),
                            ],
                            "checks": [
                                {"code": "result_once", "kind": "unique_column", "column": "result",
                                 "message": text("“{value}”与第 {row} 行重复", "“{value}” stands in row {row} already")},
                            ],
                        },
                    },
                    {
                        "code": "goals", "title": text("三年目标", "Goals"), "kind": "table",
                        "table": {
                            "code": "goals",
                            "columns": [field(f"y{n}", "integer", f"第{n}年", f"Year {n}", required=True, unit=text("项", "items")) for n in (1, 2, 3)],
                            "rows": [
                                {"code": "entered", "label": text("入库", "Entered")},
                                {"code": "verified", "label": text("完成验证", "Verified")},
                            ],
                            "min_rows": 2,
                        },
                    },
                ],
            },
            {
                "code": "money",
                "title": text("投入与申请金额", "Investment and amount"),
                "sections": [
                    {
                        "code": "investment", "title": text("建设投入明细表", "Investment table"), "kind": "invoices",
                        "why": CLAUSE,
                        "invoices": {
                            "code": "investment", "min_rows": 1, "max_rows": 2000,
                            "categories": choices(
                                equipment=("设备购置", "Equipment"), lease=("场地租赁", "Lease"),
                                fit_out=("装修改造", "Fit-out"), personnel=("人员", "Personnel"),
                            ),
                        },
                    },
                    {"code": "attachments", "title": text("附件", "Attachments"), "kind": "attachments"},
                    {
                        "code": "amount", "title": text("申请金额", "Amount"), "kind": "fields",
                        "fields": [
                            field("claimed_cny", "money_wan", "建设投入合计", "Total", unit=WAN, prefill="computed.claimed_cny", readonly=True),
                            field("asked_cny", "money_wan", "申请额", "Amount asked for", unit=WAN, required=True),
                        ],
                    },
                    {"code": "review", "title": text("检查并提交", "Check and submit"), "kind": "review"},
                ],
            },
        ]
    },
    "attachments": [
        {"code": "licence", "label": text("法人证照", "Licence"), "required": True},
        {"code": "audit", "label": text("专项审计报告", "Audit report"), "max_files": 2, "types": ["pdf", "xlsx"],
         "required_if": {"field": "has_fund", "is_true": True}},
    ],
    "stages": [
        {"code": "recommendation", "label": text("区推荐", "Recommendation"), "holder": "district", "next": "formal_check", "limit_workdays": 5},
        {"code": "formal_check", "label": text("形式审查", "Formal check"), "holder": "lead", "next": "joint_review", "limit_workdays": 5},
        {"code": "correction", "label": text("补正", "Correction"), "holder": "applicant", "next": "formal_check", "limit_workdays": 5, "max_rounds": 2},
        {"code": "joint_review", "label": text("会商", "Joint review"), "holder": "co_units", "next": "expert_review", "limit_workdays": 7},
        {"code": "expert_review", "label": text("专家评审", "Expert review"), "holder": "experts", "next": "verification", "limit_workdays": 10, "experts": 5, "min_experts": 3},
        {"code": "verification", "label": text("核定", "Verification"), "holder": "lead", "next": "selection", "limit_workdays": 15},
        {"code": "selection", "label": text("会议遴选", "Selection"), "holder": "lead", "next": "public_notice"},
        {"code": "public_notice", "label": text("公示", "Public notice"), "holder": "public", "next": "decision", "limit_workdays": 5},
        {"code": "decision", "label": text("认定", "Decision"), "holder": "lead", "next": "finance", "limit_workdays": 10},
        {"code": "finance", "label": text("财政确认", "Finance"), "holder": "finance", "next": "payment", "limit_workdays": 10},
        {"code": "payment", "label": text("拨付", "Payment"), "holder": "finance", "limit_workdays": 30},
    ],
    "letters": [
        {"code": "acceptance", "subject": text("受理通知书", "Acceptance"), "body": text("{organisation}：你单位申报的{title}（{application_no}）已受理。", "{organisation}: {title} ({application_no}) is accepted.")},
        {"code": "correction", "subject": text("补正通知书", "Correction"), "body": text("{organisation}：请于{due_on}前补正：\n{items}", "{organisation}: by {due_on}:\n{items}")},
        {"code": "refusal", "subject": text("不予受理通知书", "Refusal"), "body": text("{organisation}：{reason}", "{organisation}: {reason}")},
        {"code": "result", "subject": text("结果通知", "Result"), "body": text("{organisation}：{result}", "{organisation}: {result}")},
        {"code": "decision", "subject": text("认定通知", "Decision"), "body": text("{organisation}：{amount}（{amount_upper}）", "{organisation}: {amount}")},
        {"code": "payment", "subject": text("拨付通知", "Payment"), "body": text("{organisation}：{paid_amount}", "{organisation}: {paid_amount}")},
    ],
}  # fmt: skip
SETTINGS = {
    "rate": "0.30",
    "window_start": "2024-11-01",
    "window_end": "2026-10-31",
    "exclude_related": True,
    "exclude_fiscal": True,
    "tax_inclusive": True,
    "categories": ["equipment", "lease", "fit_out"],
}
TEAM = {
    "title": "钟山示例概念验证中心",
    "staff": 26,
    "managers": 6,
    "funds_cny": "5000000.00",
    "has_fund": False,
    "areas": ["bio", "ai"],
}


@dataclass
class World:
    district: Unit
    lead: Unit
    measure: Measure
    call: Call
    organisation: Organisation
    filler: User
    admin: User


def world(*, body: dict | None = None, **more) -> World:
    """Everything that an applicant needs; ``more`` are fields of the call."""
    body = body or BODY
    lead = UnitFactory(code="kjj", name_zh="市科技局", name_en="Science Bureau")
    district = DistrictFactory(code="xixia", name_zh="栖霞区", name_en="Qixia District")
    organisation = OrganisationFactory(district=district)
    measure = make_measure(lead, line=body["line"])
    for year in (2026, 2027):
        CalendarYear.objects.get_or_create(
            year=year, defaults={"source": "test", "loaded_at": clock.now()}
        )
    return World(
        district=district,
        lead=lead,
        measure=measure,
        call=make_call(measure, body, **more),
        organisation=organisation,
        filler=person(Role.FILLER, organisation=organisation, name="李填报"),
        admin=person(Role.ORG_ADMIN, organisation=organisation, name="王主管"),
    )


def make_measure(lead: Unit, *, line: str = "10-1") -> Measure:
    document, _ = Document.objects.get_or_create(
        number="宁委办发〔2024〕14号",
        defaults={
            "title_zh": "实施意见", "title_en": "Opinions", "issued_on": date(2024, 8, 27),
            "issuer_zh": "市委办公厅", "issuer_en": "General Office", "text": CLAUSE,
        },
    )  # fmt: skip
    article, _ = Article.objects.get_or_create(
        document=document,
        no=10,
        defaults={"title_zh": "概念验证", "title_en": "Concept verification", "text": CLAUSE},
    )
    ArticleUnit.objects.get_or_create(article=article, unit=lead, position=0)
    return Measure.objects.create(
        line=line,
        article=article,
        name_zh="概念验证中心",
        name_en="Concept-verification centre",
        kinds=["recognition", "grant"],
        recipients_zh="高校、企业",
        recipients_en="Universities, enterprises",
        clause=CLAUSE,
        clause_en="Ten centres",
        money=True,
        position=900 + Measure.objects.count(),
        lead_unit=lead,
    )


def make_call(measure: Measure, body: dict, *, days: int = 9, **more) -> Call:
    """An open call of the definition, published by a second person."""
    now = clock.now()
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False)
    definition, _ = Definition.objects.get_or_create(
        measure=measure,
        valid_from=date.fromisoformat(body["valid_from"]),
        defaults={
            "body": body,
            "sha256": hashlib.sha256(canonical.encode()).hexdigest(),
            "loaded_at": now,
        },
    )
    number = Call.objects.filter(measure=measure).count() + 1
    values = {
        "code": f"{measure.line}-2026-{number}",
        "measure": measure,
        "definition": definition,
        "year": 2026,
        "title_zh": "2026年度概念验证中心申报",
        "title_en": "Concept-verification centres 2026",
        "opens_at": now - timedelta(days=20),
        "closes_at": now + timedelta(days=days),
        "budget_cny": Decimal("20000000"),
        "places": 10,
        "settings": SETTINGS,
        "drafted_by": UserFactory(),
        "created_at": now,
    } | more
    publisher = UserFactory()
    with transaction.atomic():
        call = Call.objects.create(**values)
        record("call.draft", obj=call, actor="test", to_state="draft")
        if call.status == "draft":
            Call.objects.filter(pk=call.pk).update(
                status="published", published_by=publisher, published_at=now
            )
            record("call.publish", obj=call, actor="test", from_state="draft", to_state="published")
    call.refresh_from_db()
    return call


def start(world: World) -> Application:
    return drafts.start(world.call, organisation=world.organisation, actor=world.filler)


def attach(application: Application, slot: str, *, actor, data: bytes = b"") -> Attachment:
    now = clock.now()
    blob = store(data or pdf(slot), name="a.pdf", types=["pdf"], max_bytes=10**6, at=now)
    return Attachment.objects.create(
        application=application, slot=slot, name="证照.pdf", blob=blob, uploaded_by=actor,
        uploaded_at=now,
    )  # fmt: skip


def invoice(number: int, **more) -> dict[str, Any]:
    """An invoice of ¥1,130.00 as typed."""
    return {
        "category": "设备购置",
        "name": f"设备{number}",
        "seller": "示例仪器有限公司",
        "invoice_no": f"{24320000000000000000 + number}",
        "invoice_date": "2025-03-14",
        "net_cny": "1000.00",
        "tax_cny": "130.00",
        "gross_cny": "1,130.00",
        "related_party": "否",
        "fiscal_percent": "0",
    } | more


def fill(application: Application, world: World, *, rows: int = 2) -> Application:
    """Answer everything that is asked."""

    def save(section, data):
        drafts.save_section(application, section, data, actor=world.filler)

    save("team", TEAM)
    save("amount", {"asked_cny": "600.00"})
    now = clock.now()
    TableRow.objects.create(
        application=application, table="results", position=1, updated_at=now,
        data={"result": "靶点甲", "verdict": "passed"},
    )  # fmt: skip
    for position in (1, 2):
        TableRow.objects.create(
            application=application, table="goals", position=position,
            data={"y1": 1, "y2": 2, "y3": 3},
        )  # fmt: skip
    sheets.append_invoices(
        application, [invoice(n) for n in range(1, rows + 1)], actor=world.filler, replacing=True
    )
    attach(application, "licence", actor=world.filler)
    application.refresh_from_db()
    return application


def submitted(world: World, *, key: str = "key-1", arrived_at: datetime | None = None):
    """A case that its admin has submitted: the application, refreshed."""
    application = fill(start(world), world)
    submitting.submit(application, actor=world.admin, key=key, arrived_at=arrived_at or clock.now())
    application.refresh_from_db()
    return application
