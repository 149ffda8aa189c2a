"""Words and links of the reviewing pages. ``{% load review_ui %}``."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from applications.models import Application, Status
from applications.workflow import BY_ACTION
from policy.models import Measure
from policy.money import show_cny
from portal.templatetags.portal_ui import due_chip, in_language, wan
from reviews.findings import Found
from reviews.inbox import Row
from reviews.reading import Evidence

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


@register.simple_tag
def evidence_links(found: Iterable[Evidence]) -> SafeString:
    """``{% evidence_links claim.evidence %}``: where a claim or an item is proved."""
    shown = format_html_join(
        mark_safe('<span aria-hidden="true"> · </span>'), "{}", ((_proof(one),) for one in found)
    )
    return format_html('<span class="evidence">{}</span>', shown) if shown else shown


def _proof(one: Evidence) -> SafeString:
    if one.url:
        return format_html('<a href="{}" data-evidence>{}</a>', one.url, one.label)
    return format_html('<span class="muted">{}</span>', one.label)


# --- rows of lists -------------------------------------------------------------------
# The lists that officers live in are drawn here, a row in one piece: as a template, with its words
# looked up in every cell, the rows alone took half of the inbox's time.

_CASE = """<tr>
<td class="cell-title"><a href="{url}">{name}</a><span class="cell-sub">{title}</span></td>
<td data-label="{head0}">{number}</td>
<td data-label="{head1}">{measure}</td>
<td data-label="{head2}">{district}</td>
<td data-label="{head3}">{status}{corrected}</td>
<td class="number" data-label="{head4}">{asked}</td>
<td data-label="{head5}">{due}</td>
</tr>
"""
_QUEUED = """<li><a href="{url}"{current}><span class="queue-head"><strong>{name}</strong>{due}</span>\
<span class="queue-meta">{number} · {status} · {district}</span></a></li>
"""


@register.simple_tag
def case_heads() -> list[str]:
    """The heads of a table of cases, behind that of the case itself; on a phone, of its cells."""
    return [
        _("编号"), _("支持措施"), _("推荐单位"), _("环节"), _("申请（万元）"), _("办理期限"),
    ]  # fmt: skip


@register.simple_tag(takes_context=True)
def case_rows(context, rows: Iterable[Row], heads: Sequence[str], kept: str = "") -> SafeString:
    """``{% case_rows rows heads kept %}``: the rows of a table of cases; ``kept`` is what a link to
    the desk keeps of the address."""
    named = {f"head{place}": conditional_escape(head) for place, head in enumerate(heads)}
    back = format_html(' <span class="muted">{}</span>', _("补正已回"))
    no_due = mark_safe('<span class="muted">—</span>')
    return format_html_join("", _CASE, (
        named
        | {
            "url": _desk(row.case.uid, kept),
            "name": row.case.organisation.name,
            "title": row.case.title,
            "number": row.case.number or "",
            "measure": _measure(row.case.call.measure),
            "district": row.case.district.name,
            "status": row.case.get_status_display(),
            "corrected": back if _came_back(row.case) else "",
            "asked": wan(row.case.asked_cny),
            "due": due_chip(context, row.workdays_left, row.due_on) if row.has_due else no_due,
        }
        for row in rows
    ))  # fmt: skip


@register.simple_tag(takes_context=True)
def queue_rows(context, rows: Iterable[Row], current: Application, kept: str = "") -> SafeString:
    """``{% queue_rows rows case kept %}``: the desk's list, the current case marked."""
    here = mark_safe(' aria-current="true"')
    return format_html_join("", _QUEUED, (
        {
            "url": _desk(row.case.uid, kept),
            "current": here if row.case.pk == current.pk else "",
            "name": row.case.organisation.name,
            "due": due_chip(context, row.workdays_left, row.due_on) if row.has_due else "",
            "number": row.case.number or "",
            "status": _("补正已回") if _came_back(row.case) else row.case.get_status_display(),
            "district": row.case.district.name,
        }
        for row in rows
    ))  # fmt: skip


def _desk(uid: str, kept: str) -> str:
    path = reverse("review_desk", args=[uid])
    return f"{path}?{kept}" if kept else path


def _measure(measure: Measure) -> str:
    return f"{measure.line} {in_language(measure, 'name')}"


def _came_back(case: Application) -> bool:
    """Whether a correction has come in and is to be checked."""
    return bool(case.correction_round) and case.status == Status.FORMAL_CHECK
