"""Words and links of the reviewing pages. ``{% load review_ui %}``."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from applications.models import Application, Status
from applications.workflow import BY_ACTION
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
    shown = '<span aria-hidden="true"> · </span>'.join(map(_proof, found))
    return mark_safe(f'<span class="evidence">{shown}</span>' if shown else "")


def _proof(one: Evidence) -> str:
    label = escape(str(one.label))
    if one.url:
        return f'<a href="{escape(one.url)}" data-evidence>{label}</a>'
    return f'<span class="muted">{label}</span>'


# --- rows of lists -------------------------------------------------------------------
# The lists that officers live in are drawn here, a row in one piece, and what rows have in common
# (measure, district, stage, due date) is put into words once: as a template, with its words looked
# up in every cell, the rows alone took half of the inbox's time.


@register.simple_tag
def case_heads() -> list[str]:
    """The heads of a table of cases, behind that of the case itself; on a phone, of its cells."""
    return [
        _("编号"), _("支持措施"), _("推荐单位"), _("环节"), _("申请（万元）"), _("办理期限"),
    ]  # fmt: skip


class _Words:
    """What the rows of one page say, escaped, each said once."""

    def __init__(self, context, kept: str) -> None:
        path = reverse("review_desk", args=[_ANY])
        address = escape(f"{path}?{kept}" if kept else path)
        self._before, _found, self._behind = address.partition(_ANY)
        self.measure = cache(
            lambda measure: escape(f"{measure.line} {in_language(measure, 'name')}")
        )
        self.district = cache(lambda unit: escape(unit.name))
        self.status = cache(lambda code: escape(str(Status(code).label)))
        self.due = cache(lambda left, on: due_chip(context, left, on))

    def desk(self, uid: str) -> str:
        return f"{self._before}{escape(uid)}{self._behind}"


# Stands for a case's identifier while the desk's address is worked out.
_ANY = "~"


@register.simple_tag(takes_context=True)
def case_rows(
    context, rows: Iterable[Row], heads: Sequence[str], kept: str = "", batches=()
) -> SafeString:
    """``{% case_rows rows heads kept %}``: the rows of a table of cases; ``kept`` is what a link to
    the desk keeps of the address; ``batches``: the acts for which a case of their stage has a box
    to tick."""
    words = _Words(context, kept)
    stages, choose = {batch.status for batch in batches}, escape(_("选择"))
    number, measure, district, status, asked, due = (escape(str(head)) for head in heads)
    back = f' <span class="muted">{escape(_("补正已回"))}</span>'
    no_due = '<span class="muted">—</span>'
    return mark_safe("".join(
        f"""<tr id="c-{case.uid}">
{_pick(case, choose, case.status in stages) if stages else ""}<td class="cell-title"><a href="{words.desk(case.uid)}">{escape(case.organisation.name)}</a>\
<span class="cell-sub">{escape(case.title)}</span></td>
<td data-label="{number}">{escape(case.number or "")}</td>
<td data-label="{measure}">{words.measure(case.call.measure)}</td>
<td data-label="{district}">{words.district(case.district)}</td>
<td data-label="{status}">{words.status(case.status)}{back if _came_back(case) else ""}</td>
<td class="number" data-label="{asked}">{wan(case.asked_cny)}</td>
<td data-label="{due}">{words.due(row.workdays_left, row.due_on) if row.has_due else no_due}</td>
</tr>
"""
        for row in rows
        for case in (row.case,)
    ))  # fmt: skip


def _pick(case: Application, choose: str, is_ready: bool) -> str:
    """The cell with the box that names the case to the batch's form."""
    if not is_ready:
        return '<td class="cell-pick"></td>\n'
    name = escape(case.number or case.organisation.name)
    return f"""<td class="cell-pick"><label class="pick"><input type="checkbox" \
class="form-check-input" name="case" value="{case.uid}" form="batch">\
<span class="visually-hidden">{choose} {name}</span></label></td>
"""


@register.simple_tag(takes_context=True)
def queue_rows(context, rows: Iterable[Row], current: Application, kept: str = "") -> SafeString:
    """``{% queue_rows rows case kept %}``: the desk's list, the current case marked."""
    words = _Words(context, kept)
    here, back = ' aria-current="true"', escape(_("补正已回"))
    return mark_safe("".join(
        f"""<li><a href="{words.desk(case.uid)}"{here if case.pk == current.pk else ""}>\
<span class="queue-head"><strong>{escape(case.organisation.name)}</strong>\
{words.due(row.workdays_left, row.due_on) if row.has_due else ""}</span>\
<span class="queue-meta">{escape(case.number or "")} · \
{back if _came_back(case) else words.status(case.status)} · {words.district(case.district)}</span></a></li>
"""
        for row in rows
        for case in (row.case,)
    ))  # fmt: skip


def _came_back(case: Application) -> bool:
    """Whether a correction has come in and is to be checked."""
    return bool(case.correction_round) and case.status == Status.FORMAL_CHECK
