"""A small catalogue for tests of pages: measures with rules, calls and figures."""

from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction

from policy.models import (
    Article,
    ArticleUnit,
    Call,
    CallFigures,
    Definition,
    Document,
    Measure,
)
from portal import clock
from portal.accounts.models import Unit, User
from portal.audit.recording import record

CLAUSE = "根据绩效择优认定10家市级概念验证中心，按建设投入给予最高200万元资助"
BODY = {
    "line": "10-1",
    "valid_from": "2024-08-27",
    "award": {
        "kind": "discretionary",
        "clause": CLAUSE,
        "base": "invested_cny",
        "base_label": {"zh": "建设投入", "en": "construction investment"},
        "inputs": [
            {
                "code": "invested_cny",
                "type": "money_wan",
                "label": {"zh": "建设投入", "en": "Construction investment"},
                "unit": {"zh": "万元", "en": "CNY 10,000"},
            }
        ],
    },
    "caps": [
        {
            "code": "centre",
            "label": {"zh": "单个中心", "en": "One centre"},
            "amount_cny": "2000000",
            "scope": "centre",
            "period": "lifetime",
            "clause": CLAUSE,
        }
    ],
    "quota": {"places": 10, "clause": CLAUSE},
}


# The document's parts: code, first and last article.
PARTS = [
    {"code": code, "zh": f"{code}部分", "en": code, "first": first, "last": last}
    for code, first, last in (
        ("universities", 1, 4), ("research", 5, 6), ("enterprise", 7, 9), ("platforms", 10, 14),
        ("market", 15, 17), ("reform", 18, 22),
    )
]  # fmt: skip


def make_units(number: int = 2) -> list[Unit]:
    return [
        Unit.objects.get_or_create(
            code=f"unit-{n}",
            defaults={
                "name_zh": "市科技局" if n == 0 else f"市第{n}局",
                "name_en": "Science and Technology Bureau" if n == 0 else f"Bureau {n}",
                "kind": "bureau",
                "position": n,
            },
        )[0]
        for n in range(number)
    ]


def make_measure(position: int = 1, *, article_no: int = 10) -> Measure:
    """A measure with rules in force: line ``<article>-<position>``."""
    units = make_units()
    document, _ = Document.objects.get_or_create(
        number="宁委办发〔2024〕14号",
        defaults={
            "title_zh": "南京市构建贯通式科技成果转化体系的实施意见",
            "title_en": "Opinions on technology transfer",
            "issuer_zh": "中共南京市委办公厅",
            "issuer_en": "General Office",
            "issued_on": date(2024, 8, 27),
            "text": CLAUSE,
            "parts": PARTS,
        },
    )
    article, created = Article.objects.get_or_create(
        document=document,
        no=article_no,
        defaults={
            "title_zh": "分类建设概念验证中心",
            "title_en": "Concept-verification centres",
            "text": CLAUSE,
        },
    )
    if created:
        for place, unit in enumerate(units):
            ArticleUnit.objects.create(article=article, unit=unit, position=place)
    measure = Measure.objects.create(
        line=f"{article_no}-{position % 10}" if position < 10 else f"{article_no}-{position % 10}a",
        article=article,
        name_zh=f"概念验证中心{position}",
        name_en=f"Concept-verification centre {position}",
        kinds=["recognition", "grant"],
        recipients_zh="高校、院所、医院、企业",
        recipients_en="Universities, institutes, hospitals, enterprises",
        clause=CLAUSE,
        clause_en="Ten municipal concept-verification centres are recognised on merit.",
        money=True,
        position=position,
        lead_unit=units[0],
    )
    Definition.objects.create(
        measure=measure,
        valid_from=date(2024, 8, 27),
        body=BODY | {"line": measure.line},
        sha256="0" * 64,
        loaded_at=clock.now(),
    )
    return measure


def hand_over(measure: Measure, unit: Unit) -> None:
    """Another unit leads the measure and is in charge of its calls."""
    measure.lead_unit = unit
    measure.save(update_fields=["lead_unit"])
    Call.objects.filter(measure=measure).update(lead_unit=unit)


def make_draft_call(measure: Measure, *, number: int = 1, days: int = 9, **more) -> Call:
    """A call in draft that closes ``days`` from now (negative: it is over)."""
    now = clock.now()
    values = {
        "code": f"{measure.line}-2026-{number}",
        "measure": measure,
        "definition": measure.definitions.first(),
        "year": clock.local(now).year,
        "title_zh": f"2026年度概念验证中心申报通知（第{number}批）",
        "title_en": f"2026 call for concept-verification centres, round {number}",
        "guide_zh": "一、申报对象。\n二、申报材料。",
        "opens_at": now - timedelta(days=20),
        "closes_at": now + timedelta(days=days),
        "budget_cny": Decimal("20000000"),
        "places": 10,
        "drafted_by": _person("drafter"),
        "created_at": now,
    } | more
    with transaction.atomic():
        call = Call.objects.create(**values)
        record("call.draft", obj=call, actor="test", to_state="draft")
    return call


def make_open_call(measure: Measure, **more) -> Call:
    """The same, published by a second person, with its figures."""
    call = make_draft_call(measure, **more)
    now = clock.now()
    with transaction.atomic():
        Call.objects.filter(pk=call.pk).update(
            status="published", published_by=_person("publisher"), published_at=now
        )
        record("call.publish", obj=call, actor="test", from_state="draft", to_state="published")
    call.refresh_from_db()
    CallFigures.objects.create(
        call=call,
        places_total=10,
        places_committed=7,
        budget_cny=call.budget_cny,
        updated_at=now,
    )
    return call


def _person(name: str) -> User:
    found = User.objects.filter(email=f"{name}@example.org").first()
    return found or User.objects.create_user(email=f"{name}@example.org", name=name)
