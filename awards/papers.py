"""What stands in the paper of a decision (文件): Chinese, from the signed rows alone."""

from decimal import Decimal
from typing import Any

from django.utils import translation

from applications.papers import chinese_date
from awards.models import Award, Decision
from policy.money import show_wan, uppercase_cny
from portal import clock


def _named(award: Award) -> str:
    """The organisation; of a joint project every part of what was approved."""
    parts = [
        f"{share.name} {share.percent.normalize():f}% {share.amount_cny:,.2f} 元"
        for share in award.shares.all()
    ]
    name = award.organisation.name
    return f"{name}（按份额：{'；'.join(parts)}）" if parts else name


def decision_data(decision: Decision) -> dict[str, Any]:
    """The data of ``awards/decision.typ``; amounts in 万元, their total in 大写 too."""
    with translation.override("zh-hans"):
        items = (
            decision.items.select_related("award__application__district", "award__organisation")
            .prefetch_related("award__shares")
            .order_by("award__application__number")
        )
        rows = [
            [
                str(place),
                item.award.application.number,
                _named(item.award),
                item.award.application.title or "—",
                item.award.application.district.name_zh,
                show_wan(item.approved_cny),
            ]
            for place, item in enumerate(items, start=1)
        ]
        total_cny = sum((item.approved_cny for item in items), Decimal("0.00"))
        measure = decision.call.measure
        return {
            "unit": decision.call.lead_unit.name_zh,
            "number": decision.number,
            "title": decision.title,
            "paragraphs": [line.strip() for line in decision.text.splitlines() if line.strip()],
            "measure": f"{measure.line} {measure.name_zh}",
            "call": decision.call.title_zh,
            "head": ["序号", "申报编号", "单位", "项目", "区", "金额"],
            "rows": rows,
            "total": show_wan(total_cny),
            "total_upper": uppercase_cny(total_cny),
            "count": len(rows),
            "date": chinese_date(clock.local(decision.released_at or decision.drafted_at).date()),
        }
