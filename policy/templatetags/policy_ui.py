"""Words of the policy for templates: articles, kinds, the state of a call."""

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from policy.call_page import Step
from policy.conditions import condition_words
from policy.differences import difference_of
from policy.models import Article, Call, Measure
from policy.naming import numeral
from policy.schema import AttachmentSlot, Form
from portal.accounts.models import Unit
from portal.templatetags.portal_ui import month_day, status_tag

register = template.Library()

_HOLDERS = {
    "applicant": gettext_lazy("申报单位"),
    "district": gettext_lazy("所在区（园区）"),
    "lead": gettext_lazy("牵头单位"),
    "co_units": gettext_lazy("配合单位"),
    "experts": gettext_lazy("评审专家"),
    "finance": gettext_lazy("财政部门"),
    "public": gettext_lazy("社会公示"),
}


@register.filter
def article_no(no: int) -> str:
    """The number of an article as the document writes it: 10 → 十, 22 → 二十二; in English 10."""
    if (get_language() or "").startswith("en"):
        return str(no)
    return numeral(no)


@register.filter
def kind_label(code: str) -> str:
    """The name of a kind of support: grant → 资助."""
    return str(Measure.Kind(code).label)


@register.filter
def slot_limits(slot: AttachmentSlot) -> str:
    """What a slot takes, in words: ``PDF、JPG，每份不超过 20 MB，最多 3 份``."""
    types = _("、").join(code.upper() for code in slot.types)
    size = f"{slot.max_bytes / 1024 / 1024:.1f}".removesuffix(".0")
    return ngettext(
        "%(types)s，每份不超过 %(size)s MB，最多 %(files)s 份",
        "%(types)s，每份不超过 %(size)s MB，最多 %(files)s 份",
        slot.max_files,
    ) % {"types": types, "size": size, "files": slot.max_files}


@register.filter
def step_holder(step: Step, lead_unit: Unit) -> str:
    """Who works at a step: the lead unit by its name, the others by what they are."""
    return str({"lead": lead_unit.name}.get(step.holder, _HOLDERS[step.holder]))


@register.simple_tag
def slot_condition(slot: AttachmentSlot, form: Form) -> str:
    """When a slot must be filled that is not always: ``“建设类型”选“联建”的必交``."""
    words = condition_words(slot.required_if, form)
    return _("%(condition)s的必交。") % {"condition": words} if words else ""


@register.simple_tag
def clause_source(article: Article) -> str:
    """``宁委办发〔2024〕14号 第十条``."""
    return _("%(number)s 第%(no)s条") % {
        "number": article.document.number,
        "no": article_no(article.no),
    }


@register.simple_tag(takes_context=True)
def call_status(context, call: Call) -> SafeString:
    """受理中 / 11月20日开放 / 已截止, by the time of the request."""
    now = context["server_now"]
    if call.is_open(at=now):
        return status_tag(_("受理中"), "good")
    if call.status == Call.Status.PUBLISHED and call.opens_at > now:
        return status_tag(_("%(day)s开放") % {"day": month_day(call.opens_at)}, "info")
    return status_tag(_("已截止"), "neutral")


@register.inclusion_tag("policy/_call_changes.html")
def call_changes(call: Call) -> dict:
    """``{% call_changes call %}``: what was changed after publication, the newest first; the
    announcement itself, for every page of the call. One query."""
    return {"rows": [(change, difference_of(change)) for change in call.changes.released()]}
