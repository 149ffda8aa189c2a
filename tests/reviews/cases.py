"""A call with its units and people, and cases at any stage, moved there by ``workflow.move``.

``make_office()`` makes everything but cases; ``make_case(office, at="formal_check")`` a case that
went there by the table, with answers, two invoices and an attachment.
"""

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property

from django.db import transaction

from applications import amounts
from applications.models import Answer, Application, Attachment, Invoice, Party, Submission
from applications.workflow import add_party, move
from policy.models import (
    Article,
    ArticleUnit,
    CalendarYear,
    Call,
    CallFigures,
    Definition,
    Document,
    Measure,
)
from portal import clock
from portal.accounts.models import Role, Unit, User
from portal.audit.recording import record
from portal.files.models import Blob
from reviews import noticing, panels, scoring
from reviews.models import Expert, Selection, SelectionItem
from tests.factories import DistrictFactory, OrganisationFactory, UnitFactory, UserFactory, person


def text(zh: str, en: str = "") -> dict:
    return {"zh": zh, "en": en or zh}


LEVELS = [
    {"code": "excellent", "label": text("优秀", "Excellent"), "from_percent": 90},
    {"code": "good", "label": text("良好", "Good"), "from_percent": 75},
    {"code": "fair", "label": text("一般", "Fair"), "from_percent": 60},
    {"code": "poor", "label": text("较差", "Poor"), "from_percent": 0},
]


def _criterion(code: str, zh: str, weight: int) -> dict:
    anchors = [text(f"{zh}{level['label']['zh']}", f"{code} {level['code']}") for level in LEVELS]
    return {
        "code": code, "label": text(zh, code), "weight": weight, "anchors": anchors,
        "evidence": ["social_insurance"],
    }  # fmt: skip


def _stage(code: str, zh: str, holder: str, following: str | None, limit: int | None, **more):
    return {
        "code": code, "label": text(zh, code), "holder": holder, "next": following,
        "limit_workdays": limit,
    } | more  # fmt: skip


STAGES = [
    _stage("recommendation", "区推荐", "district", "formal_check", 5),
    _stage(
        "formal_check", "形式审查", "lead", "joint_review", 5,
        checks=[
            {"code": "uscc", "label": text("信用代码与证照一致", "Code matches the licence"),
             "evidence": ["licence"]},
            {"code": "staff", "label": text("专职人员有社保证明", "Staff are insured"),
             "evidence": ["social_insurance", "full_time_staff"]},
            {"code": "pledge", "label": text("承诺书已盖章", "The pledge is stamped"),
             "evidence": ["pledge"]},
        ],
    ),
    _stage("correction", "补正", "applicant", "formal_check", 5, max_rounds=2),
    _stage("joint_review", "会商", "co_units", "expert_review", 5,
           silence="consent", veto_ends=True),
    _stage("expert_review", "专家评审", "experts", "verification", 7,
           min_experts=3, experts=5, reserves=2, mask_names=True),
    _stage("verification", "核定", "lead", "selection", 15),
    _stage("selection", "会议遴选", "lead", "public_notice", None),
    _stage("public_notice", "公示", "public", "decision", 5,
           objection_accept_workdays=3, objection_decide_workdays=15),
    _stage("objection", "异议处理", "lead", "public_notice", 15),
    _stage("decision", "立项", "lead", "finance", 10),
    _stage("finance", "财政确认", "finance", "payment", 10),
    _stage("payment", "拨付", "finance", None, 30),
]  # fmt: skip

SETTINGS = {"rate": "0.3", "window_start": "2025-01-01", "window_end": "2026-12-31"}
CLAUSE = "按建设投入给予最高200万元资助"
BODY = {
    "award": {
        "kind": "rate_of_base",
        "clause": CLAUSE,
        "base": "invested_cny",
        "base_label": text("建设投入", "investment"),
        "rate": {"setting": "rate", "source": "inferred"},
        "items": True,
    },
    "caps": [
        {"code": "centre", "label": text("单个中心上限", "Cap of a centre"),
         "amount_cny": "2000000", "scope": "centre", "period": "lifetime", "clause": CLAUSE},
    ],
    "settings": [
        {"code": "rate", "type": "rate", "label": text("资助比例", "Rate"),
         "help": text("按建设投入的比例。", "Of the investment."), "required": True},
        {"code": "categories", "type": "multichoice", "label": text("计入类别", "Categories"),
         "help": text("计入基数的类别。", "What counts."), "default": ["equipment"],
         "choices": [{"code": "equipment", "label": text("设备购置", "Equipment")}]},
        *({"code": code, "type": "date", "label": text(zh), "help": text(zh)}
          for code, zh in (("window_start", "投入起算日期"), ("window_end", "投入截止日期"))),
        *({"code": code, "type": "bool", "label": text(zh), "help": text(zh), "default": value}
          for code, zh, value in (("exclude_related", "剔除关联交易", True),
                                  ("exclude_fiscal", "剔除财政资金", True),
                                  ("tax_inclusive", "含税", True))),
        {"code": "joint_review.silence", "type": "choice", "label": text("逾期未反馈", "Silence"),
         "help": text("逾期未反馈时如何处理。", "What silence means."),
         "choices": [{"code": "consent", "label": text("视为无异议", "consent")},
                     {"code": "wait", "label": text("继续等待", "wait")}]},
        {"code": "joint_review.veto_ends", "type": "bool", "label": text("一票否决", "Veto"),
         "help": text("一家否决即不予受理。", "One veto ends the case.")},
        {"code": "correction.max_rounds", "type": "integer", "unit": text("次", "rounds"),
         "label": text("补正次数", "Rounds"), "help": text("最多补正次数。", "At most.")},
        {"code": "expert_review.mask_names", "type": "bool", "label": text("隐名评审", "Masked"),
         "help": text("评审时隐去单位名称。", "Names are hidden.")},
    ],
    "form": {"groups": [
        {"code": "unit", "title": text("单位", "Unit"), "sections": [
            {"code": "organisation", "title": text("单位信息", "Organisation"), "kind": "fields",
             "fields": [
                 {"code": "org_name", "type": "text", "label": text("单位名称", "Name"),
                  "readonly": True, "prefill": "organisation.name"},
                 {"code": "contact_phone", "type": "phone", "label": text("联系手机", "Phone"),
                  "prefill": "organisation.contact_phone"},
                 {"code": "account", "type": "text", "label": text("账号", "Account"),
                  "prefill": "organisation.bank_account"},
             ]}]},
        {"code": "project", "title": text("项目", "Project"), "sections": [
            {"code": "team", "title": text("团队", "Team"), "kind": "fields", "fields": [
                {"code": "fields", "type": "multichoice", "label": text("领域", "Fields"),
                 "choices": [{"code": "bio", "label": text("生物医药", "Biomedicine")},
                             {"code": "ai", "label": text("人工智能", "AI")}],
                 "max_selected": 2},
                {"code": "full_time_staff", "type": "integer", "unit": text("人", "persons"),
                 "label": text("专职人员", "Full-time staff"), "evidence": ["social_insurance"]},
                {"code": "avoid_experts", "type": "textarea",
                 "label": text("申请回避专家", "Experts to be avoided")},
            ]},
            {"code": "investment", "title": text("投入明细", "Investment"), "kind": "invoices",
             "invoices": {"code": "invoices", "categories": [
                 {"code": "equipment", "label": text("设备购置", "Equipment")}]}},
            {"code": "files", "title": text("附件", "Attachments"), "kind": "attachments"},
        ]}]},
    "attachments": [
        {"code": "licence", "label": text("法人证照", "Licence"), "required": True},
        {"code": "social_insurance", "label": text("社保证明", "Social insurance")},
        {"code": "pledge", "label": text("承诺书", "Pledge")},
        {"code": "audit", "label": text("专项审计报告", "Audit report")},
    ],
    "rubric": {
        "levels": LEVELS,
        "stratify_by": "fields",
        "avoid": ["avoid_experts"],
        "criteria": [
            _criterion("fit", "定位与产业契合", 40),
            _criterion("team", "团队与治理", 60),
        ],
    },
    "stages": STAGES,
    "letters": [
        {"code": "acceptance", "subject": text("受理通知书", "Acceptance"),
         "body": text("{organisation}：{application_no} 已受理。", "{application_no} accepted.")},
        {"code": "correction", "subject": text("补正通知书", "Correction"),
         "body": text("{organisation}：请于 {due_on} 前补正：\n{items}",
                      "{organisation}: to be corrected by {due_on}:\n{items}")},
        {"code": "refusal", "subject": text("不予受理通知书", "Refusal"),
         "body": text("{organisation}：{application_no} 不予受理：{reason}",
                      "{application_no} refused: {reason}")},
        {"code": "result", "subject": text("结果通知", "Result"),
         "body": text("{organisation}：{result}", "{result}")},
    ],
}  # fmt: skip
_numbers = itertools.count(1)


@dataclass
class Office:
    """The units of one call and a person for each part."""

    call: Call
    lead: Unit
    district: Unit
    co_units: list[Unit]
    _people: dict[str, User] = field(default_factory=dict)

    def _person(self, part: str, role: str, unit: Unit | None) -> User:
        if part not in self._people:
            self._people[part] = person(role, unit=unit, name=part)
        return self._people[part]

    @property
    def lead_clerk(self) -> User:
        return self._person("lead_clerk", Role.CLERK, self.lead)

    @property
    def lead_head(self) -> User:
        return self._person("lead_head", Role.HEAD, self.lead)

    @property
    def district_clerk(self) -> User:
        return self._person("district_clerk", Role.CLERK, self.district)

    @property
    def district_head(self) -> User:
        return self._person("district_head", Role.HEAD, self.district)

    def co_clerk(self, index: int = 0) -> User:
        return self._person(f"co_clerk_{index}", Role.CLERK, self.co_units[index])

    @cached_property
    def stranger(self) -> User:
        """A clerk of a unit that has no part in any case."""
        return person(Role.CLERK, unit=UnitFactory())


def make_measure(lead: Unit, co_units: list[Unit], *, line: str = "10-1") -> Measure:
    document, _created = Document.objects.get_or_create(
        number="宁委办发〔2024〕14号",
        defaults={"title_zh": "意见", "title_en": "Opinions", "issued_on": date(2024, 8, 27)},
    )
    no = int(line.split("-")[0])
    article, made = Article.objects.get_or_create(
        document=document,
        no=no,
        defaults={"title_zh": "概念验证", "title_en": "Verification", "text": CLAUSE},
    )
    if made:
        for position, unit in enumerate([lead, *co_units]):
            ArticleUnit.objects.create(article=article, unit=unit, position=position)
    number = next(_numbers)
    return Measure.objects.create(
        line=line, article=article, name_zh="概念验证中心", name_en="Centre", kinds=["grant"],
        recipients_zh="高校", recipients_en="Universities", clause=CLAUSE, clause_en=CLAUSE,
        money=True, position=2000 + number % 30000, lead_unit=lead,
    )  # fmt: skip


@transaction.atomic
def make_call(measure: Measure, *, body: dict | None = None, **more) -> Call:
    now, number = clock.now(), next(_numbers)
    valid_from = date(2024, 8, 27) + timedelta(days=number % 300)
    parts = BODY | (body or {}) | {"line": measure.line, "valid_from": valid_from.isoformat()}
    definition = Definition.objects.create(
        measure=measure,
        valid_from=valid_from,
        body=parts,
        sha256=hashlib.sha256(str(parts).encode()).hexdigest(),
        loaded_at=now,
    )
    drafter, publisher = UserFactory(), UserFactory()
    call = Call.objects.create(
        **{
            "code": f"{measure.line}-2026-{number}", "measure": measure, "definition": definition,
            "year": 2026, "title_zh": "概念验证中心申报通知", "title_en": "Call for centres",
            "opens_at": now - timedelta(days=30), "closes_at": now + timedelta(days=30),
            "budget_cny": Decimal("5000000.00"), "places": 10, "settings": SETTINGS | more.pop("settings", {}),
            "status": "published", "drafted_by": drafter, "published_by": publisher,
            "published_at": now, "created_at": now,
        }
        | more
    )  # fmt: skip
    record("call.publish", obj=call, actor=publisher, to_state="published")
    CallFigures.objects.create(
        call=call, places_total=call.places, budget_cny=call.budget_cny, updated_at=now
    )
    return call


def load_calendar(*years: int) -> None:
    """The years named; without any, those that a case of today can meet."""
    for year in years or range(2025, clock.today().year + 2):
        CalendarYear.objects.get_or_create(
            year=year, defaults={"source": "test", "loaded_at": clock.now()}
        )


def make_office(*, body: dict | None = None, co_units: int = 2, **call) -> Office:
    load_calendar()
    lead = UnitFactory(name_zh=f"市科技局{next(_numbers)}")
    others = [UnitFactory() for _index in range(co_units)]
    measure = make_measure(lead, others) if not Measure.objects.filter(line="10-1") else None
    if measure is None:
        raise AssertionError("one office a test: the measure 10-1 stands already")
    return Office(make_call(measure, body=body, **call), lead, DistrictFactory(), others)


def make_blob(content: str, *, pages: int = 3, scan: str = "clean") -> Blob:
    blob, _created = Blob.objects.get_or_create(
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        defaults={
            "size_bytes": len(content), "content_type": "application/pdf", "pages": pages,
            "scan": scan, "stored_at": clock.now(),
        },
    )  # fmt: skip
    return blob


def add_invoice(application: Application, **more) -> Invoice:
    position = application.invoices.count() + 1
    gross = Decimal(more.pop("gross", "1130000.00"))
    return Invoice.objects.create(
        **{
            "application": application, "position": position, "valid": True,
            "category": "equipment", "name": "测序仪", "seller": "南京仪器有限公司",
            "invoice_no": f"2432{next(_numbers):012d}", "invoice_date": date(2026, 3, 2),
            "paid_on": date(2026, 3, 9), "net_cny": gross, "tax_cny": Decimal(0),
            "gross_cny": gross, "related_party": False, "fiscal_percent": Decimal(0),
        }
        | more
    )  # fmt: skip


# Each stage and the action that leads there from the stage before.
ROAD = (
    ("recommendation", "submit", "applicant"),
    ("formal_check", "recommend", "district_clerk"),
    ("joint_review", "accept", "lead_clerk"),
    ("expert_review", "conclude_joint_review", "lead_clerk"),
    ("verification", "conclude_expert_review", "lead_clerk"),
    ("selection", "release_verification", "lead_head"),
    ("public_notice", "select", "lead_head"),
)


@transaction.atomic
def make_case(office: Office, *, at: str = "formal_check", **more) -> Application:
    """A case that stands at the stage, moved there step by step by the table."""
    now, number = clock.now(), next(_numbers)
    organisation = more.pop("organisation", None) or OrganisationFactory(district=office.district)
    invoices = more.pop("invoices", 2)
    answers = more.pop("answers", {})
    applicant = person(Role.ORG_ADMIN, organisation=organisation)
    application = Application.objects.create(
        **{
            "call": office.call, "definition": office.call.definition,
            "organisation": organisation, "district": office.district,
            "title": f"概念验证中心 {number}", "started_by": applicant, "started_at": now,
            "stage_started_at": now,
        }
        | more
    )  # fmt: skip
    application.applicant = applicant
    for section, data in (
        {
            "organisation": {"org_name": organisation.name, "contact_phone": "13800001234",
                             "account": "6222000000001234"},
            "team": {"fields": ["bio"], "full_time_staff": 26, "avoid_experts": ""},
        }
        | answers
    ).items():  # fmt: skip
        Answer.objects.create(application=application, section=section, data=data, revision=1)
    for _index in range(invoices):
        add_invoice(application)
    for slot in ("licence", "social_insurance"):
        Attachment.objects.create(
            application=application, slot=slot, name=f"{slot}.pdf",
            blob=make_blob(f"{slot} {number}"), uploaded_by=applicant, uploaded_at=now,
        )  # fmt: skip
    for status, action, part in ROAD:
        actor = applicant if part == "applicant" else getattr(office, part)
        _arrive(office, application, status, action, actor)
        if status == at:
            break
    fresh = Application.objects.select_related(
        "call__measure", "call__lead_unit", "organisation"
    ).get(pk=application.pk)
    fresh.applicant = applicant
    return fresh


def _arrive(office: Office, application: Application, status: str, action: str, actor) -> None:
    def prepare(case: Application) -> None:
        if action == "submit":
            claimed = sum((row.gross_cny for row in case.invoices.all()), Decimal(0))
            case.number = f"{office.call.measure.line}-2026-{case.pk:04d}"
            case.submitted_at = clock.now()
            case.claimed_cny = claimed
            case.computed_cny = claimed * Decimal("0.3")
            case.capped_cny = min(case.computed_cny, Decimal(2_000_000))
            case.asked_cny = case.capped_cny
            if claimed and case.call.settings.get("window_start"):
                case.computation = amounts.compute_for(case).as_json()
            add_party(case, "district", unit=office.district, at=case.submitted_at)
            add_party(case, "lead", unit=office.lead, at=case.submitted_at)
        if action == "release_verification":
            case.verified_cny = case.claimed_cny
            case.recommended_cny = case.capped_cny

    move(application, action, actor=actor, prepare=prepare)
    if action == "submit":
        Submission.objects.create(
            application=application, arrived_at=clock.now(), received_at=clock.now(),
            submitted_by=actor, snapshot={}, sha256="0" * 64,
            idempotency_key=f"case-{application.pk}", request_sha256="0" * 64,
        )  # fmt: skip


def parties(application: Application, part: str) -> set[str]:
    """The codes of the units (or the uids of the users) that take part now."""
    rows = Party.objects.filter(application=application, part=part, ended_at__isnull=True)
    return {row.unit.code if row.unit else row.user.uid for row in rows}


def status_of(application: Application) -> str:
    return Application.objects.values_list("status", flat=True).get(pk=application.pk)


def make_expert(*, fields=("bio",), employer: str = "", employer_uscc: str = "", **user) -> Expert:
    """An expert of the pool, with the account and the role."""
    return Expert.objects.create(
        user=person(Role.EXPERT, **user),
        employer=employer or f"评审大学{next(_numbers)}",
        employer_uscc=employer_uscc,
        title="教授",
        fields=list(fields),
    )


def make_pool(count: int = 8) -> list[Expert]:
    """Experts, half of them for biomedicine, half for AI."""
    return [make_expert(fields=["bio"] if index % 2 else ["ai"]) for index in range(count)]


def scoring_panel(office: Office, *cases: Application, experts: int = 8):
    """A panel of the cases that was drawn and approved."""
    if Expert.objects.count() < experts:
        make_pool(experts)
    panel = panels.draw(office.call, cases=cases, actor=office.lead_clerk)
    return panels.approve(panel, actor=office.lead_head)


def fill_sheet(sheet, points: tuple[str, str], *, comment: str = "") -> None:
    """Fill in (fit of 40, team of 60) and hand the sheet in."""
    fit, team = points
    actor = sheet.seat.expert.user
    scores = {
        "fit": {"score": fit, "comment": comment},
        "team": {"score": team, "comment": comment},
    }
    scoring.submit_scores(scoring.score(sheet, actor=actor, scores=scores), actor=actor)


def fill_all(panel, points: dict[int, list[tuple[str, str]]]) -> None:
    """``points``: case pk → the seated experts' points, in the seats' order."""
    for sheet in panels.sheets(panel):
        fill_sheet(sheet, points[sheet.application_id].pop(0), comment="见意见")


def selected(office: Office, *cases: Application) -> Selection:
    """A confirmed selection of the cases, as awards leaves it: they stand in the notice."""
    now = clock.now()
    selection = Selection.objects.create(
        call=office.call, title="第 1 次会议", met_on=clock.today(), state="confirmed",
        drafted_by=office.lead_clerk, drafted_at=now,
        confirmed_by=office.lead_head, confirmed_at=now,
    )  # fmt: skip
    for case in cases:
        SelectionItem.objects.create(
            selection=selection, application=case, outcome="support",
            recommended_cny=case.recommended_cny,
        )  # fmt: skip
    return selection


def published(office: Office, *cases: Application):
    """The public notice of the cases."""
    return noticing.publish(
        selected(office, *cases),
        actor=office.lead_clerk,
        title="拟支持名单公示",
        text="现予公示。",
        contact="025-12345678",
    )


def at_day(day: date, *, hour: int = 10) -> datetime:
    """A moment of the day in Nanjing."""
    return datetime.combine(day, time(hour), tzinfo=clock.ZONE)
