"""A measure that can be called: a short definition with every kind of setting, and its people."""

from datetime import date, timedelta
from decimal import Decimal

from policy import calls
from policy.models import Call, Definition, Measure
from portal import clock
from portal.accounts import memberships
from portal.accounts.models import Role, User
from tests.policy.catalogue import BODY as SHORT
from tests.policy.catalogue import make_measure


def text(zh: str, en: str) -> dict:
    return {"zh": zh, "en": en}


SETTINGS = [
    {
        "code": "rate",
        "type": "rate",
        "label": text("资助比例", "Rate"),
        "help": text("按建设投入给予资助的比例。", "The share of the investment that is granted."),
        "required": True,
    },
    {
        "code": "window_months",
        "type": "integer",
        "label": text("投入计算月数", "Months that count"),
        "help": text("截止日前多少个月内的投入计入。", "Before the cut-off."),
        "unit": text("个月", "months"),
        "default": 24,
        "min": "1",
        "max": "60",
    },
    {
        "code": "min_invested",
        "type": "money",
        "label": text("最低投入", "Least investment"),
        "help": text("低于此数不予受理。", "Below it nothing is accepted."),
        "unit": text("万元", "CNY 10,000"),
    },
    {
        "code": "ratio_weight",
        "type": "decimal",
        "label": text("系数", "Factor"),
        "help": text("分档系数。", "Factor of the tier."),
        "default": "1.0",
    },
    {
        "code": "counts_from",
        "type": "date",
        "label": text("投入起算日", "Counts from"),
        "help": text("自该日起的投入计入。", "Investment from this day on counts."),
    },
    {
        "code": "exclude_fiscal",
        "type": "bool",
        "label": text("扣除财政资金", "Leave out fiscal money"),
        "help": text("基数中扣除各级财政资金。", "Fiscal money does not count."),
        "default": True,
    },
    {
        "code": "rounding",
        "type": "choice",
        "label": text("取整", "Rounding"),
        "help": text("核定金额的取整单位。", "The unit that amounts are rounded to."),
        "default": "yuan",
        "choices": [
            {"code": "yuan", "label": text("元", "yuan")},
            {"code": "wan", "label": text("万元", "ten thousand")},
        ],
    },
    {
        "code": "fields",
        "type": "multichoice",
        "label": text("重点领域", "Fields"),
        "help": text("限定的重点领域。", "Fields that are eligible."),
        "choices": [
            {"code": "ai", "label": text("人工智能", "AI")},
            {"code": "bio", "label": text("生物医药", "Biomedicine")},
        ],
    },
    {
        "code": "instalments",
        "type": "instalments",
        "label": text("拨付分期", "Instalments"),
        "help": text("例如 5:3:2。", "For example 5:3:2."),
        "default": [100],
    },
    {
        "code": "formal_check.limit_workdays",
        "type": "workdays",
        "label": text("形式审查时限", "Limit of the formal check"),
        "help": text("形式审查的工作日数。", "Working days for the formal check."),
        "default": 5,
    },
]
BODY = SHORT | {
    "award": {
        "kind": "rate_of_base",
        "clause": SHORT["award"]["clause"],
        "base": "invested_cny",
        "base_label": text("建设投入", "construction investment"),
        "inputs": SHORT["award"]["inputs"],
        "rate": {"setting": "rate", "source": "inferred"},
    },
    "settings": SETTINGS,
    "form": {
        "groups": [
            {
                "code": "basics",
                "title": text("基本情况", "Basics"),
                "sections": [
                    {
                        "code": "project",
                        "title": text("项目", "Project"),
                        "kind": "fields",
                        "fields": [
                            {
                                "code": "project_name",
                                "type": "text",
                                "label": text("项目名称", "Name"),
                            }
                        ],
                    }
                ],
            }
        ]
    },
    "stages": [
        {
            "code": "formal_check",
            "label": text("形式审查", "Formal check"),
            "holder": "lead",
            "next": None,
            "limit_workdays": 5,
        }
    ],
}


def make_callable_measure(position: int = 1, **more) -> Measure:
    """A measure whose newest definition has a form, a plan and settings."""
    measure = make_measure(position, **more)
    make_definition(measure, valid_from=date(2025, 1, 1))
    return measure


def make_definition(measure: Measure, *, valid_from: date, **body) -> Definition:
    parts = BODY | {"line": measure.line, "valid_from": valid_from.isoformat()} | body
    digest = f"{abs(hash(str(parts))):x}".ljust(64, "0")[:64]
    return Definition.objects.create(
        measure=measure, valid_from=valid_from, body=parts, sha256=digest, loaded_at=clock.now()
    )


def fields(**more) -> dict:
    """What a whole draft says."""
    now = clock.now()
    return {
        "title_zh": "2026年度概念验证中心申报通知",
        "title_en": "2026 call for concept-verification centres",
        "guide_zh": "一、申报对象。",
        "year": 2026,
        "opens_at": now - timedelta(days=1),
        "closes_at": now + timedelta(days=30),
        "budget_cny": Decimal("20000000.00"),
        "places": 10,
        "settings": {"rate": "0.3"},
    } | more


def person(name: str, role: str | None = Role.POLICY_ADMIN, *, unit=None) -> User:
    user = User.objects.filter(email=f"{name}@example.org").first()
    if user is None:
        user = User.objects.create_user(email=f"{name}@example.org", name=name)
        if role is not None:
            memberships.grant(user, role, actor="system:test", unit=unit)
    return user


def make_draft(measure: Measure | None = None, **more) -> Call:
    measure = measure or make_callable_measure()
    return calls.draft(measure, fields(**more), actor=person("drafter"))


def make_published(measure: Measure | None = None, **more) -> Call:
    return calls.publish(make_draft(measure, **more), actor=person("publisher"))
