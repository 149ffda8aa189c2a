"""Words and links of the reviewing pages. ``{% load review_ui %}``."""

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

from applications.models import Status
from applications.workflow import BY_ACTION
from policy.money import show_cny
from reviews.findings import Found

register = template.Library()


@register.simple_tag
def desk_url(desk, **changes) -> str:
    """``{% desk_url desk tab="amount" %}``: the desk with parameters of its address changed."""
    return desk.address(**changes)


@register.simple_tag
def action_done(action: str):
    """What the history calls a move once it is done: 已推荐 …"""
    return BY_ACTION[action].done if action in BY_ACTION else action


@register.simple_tag
def stage_name(code: str):
    """The name of a stage or state."""
    return Status(code).label if code in Status.values else ""


@register.simple_tag
def place(labels: dict[str, str], path: str) -> str:
    """What a flagged place is called."""
    return labels.get(path, path)


_TITLES = {
    "same_invoice": lambda: _("发票重复使用"),
    "seller_is_applicant": lambda: _("供应商即申报单位"),
    "seller_legal_person": lambda: _("供应商与申报单位同一法定代表人"),
    "declared_related": lambda: _("申报的关联交易"),
    "same_account": lambda: _("收款账号与其他申报相同"),
    "same_contact": lambda: _("联系手机与其他申报相同"),
    "same_address": lambda: _("注册地址与其他申报相同"),
}


@register.simple_tag
def finding_title(found: Found) -> str:
    return _TITLES[found.kind]() if found.kind in _TITLES else found.kind


@register.simple_tag
def finding_words(found: Found) -> str:
    """The facts of a finding as a sentence."""
    facts = found.facts
    if found.kind == "same_invoice":
        return _("发票 {no}（第 {row} 行）已在 {number} 第 {other} 行使用，金额 {amount}。").format(
            no=facts["invoice_no"],
            row=facts["position"],
            number=facts["other_number"],
            other=facts["other_position"],
            amount=_cny(facts["other_gross_cny"]),
        )
    if "seller" in facts:
        return _("第 {row} 行，供应商 {seller}，价税合计 {amount}。").format(
            row=facts["position"], seller=facts["seller"], amount=_cny(facts["gross_cny"])
        )
    return _("与 {number} {name} 相同。").format(
        number=facts.get("other_number", ""), name=facts.get("other_name", "")
    )


def _cny(text: str) -> str:
    return show_cny(Decimal(text))


@register.simple_tag
def action_label(action: str):
    """What a button calls a move: 推荐 …"""
    return BY_ACTION[action].label if action in BY_ACTION else action
