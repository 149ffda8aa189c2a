"""Why an act on a call was refused, in the reader's language."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from policy.calls import CallRefused
from policy.forms.calls import CallForm
from policy.forms.settings import setting_message
from policy.schema import DefinitionSchema
from portal import clock


def refusal_message(refused: CallRefused) -> str:
    """Why an act on a call was refused, in the reader's language."""
    facts = refused.facts
    messages = {
        "role": _("只有政策管理员可以办理。"),
        "second_person": _("须由起草人以外的另一位政策管理员办理。"),
        "not_callable": _("该措施尚无可申报的表单和流程，不能发布申报通知。"),
        "no_definition": _("该措施当日没有生效的规则版本。"),
        "definition_changed": _("规则版本已更新，请重新核对差异后再发布。"),
        "not_draft": _("该通知已不是草稿。"),
        "not_published": _("该通知未处于已发布状态。"),
        "window": _("截止时间须晚于开始时间。"),
        "budget_lower": _("预算只能追加，不能减少。"),
        "budget_unbounded": _("该通知未设预算，无须追加。"),
        "not_later": _("截止时间只能延后。"),
        "places_lower": _("名额只能增加，不能减少。"),
        "places_unbounded": _("该通知未限名额，无须增加。"),
        "text_missing": _("请填写更正后的文字。"),
        "text_same": _("文字没有变化。"),
        "no_reason": _("请填写理由。"),
        "open_change": _("同类变更正待签发，请先签发或撤回。"),
        "not_open_change": _("该变更已办结。"),
        "budget_negative": _("金额不能为负。"),
        "places_negative": _("名额不能为负。"),
        "question_workdays": _("答疑期限须为不小于 1 的工作日数。"),
        "settings": _("申报与核算规则尚未填妥。"),
    }
    if refused.reason == "past":
        shown = f"{clock.local(facts['closes_at']):%Y-%m-%d %H:%M}"
        return gettext("已过截止时间 %(closes_at)s。") % {"closes_at": shown}
    if refused.reason == "places_over_quota":
        return gettext("名额超过文件规定的 %(quota)s 个。") % {"quota": facts["quota"]}
    if refused.reason == "missing":
        names = [str(CallForm.base_fields[name].label) for name in facts["fields"]]
        return gettext("尚未填写：%(names)s。") % {"names": gettext("、").join(names)}
    return str(messages[refused.reason])


def unready_messages(found: list[CallRefused], *, schema: DefinitionSchema) -> list[str]:
    """What keeps a draft from being published, a sentence for each; settings by their names."""
    lines = []
    known = {setting.code: setting for setting in schema.settings}
    for fault in found:
        if fault.reason != "settings":
            lines.append(refusal_message(fault))
            continue
        for code, wrong in fault.facts["problems"].items():
            if code in known:
                said = setting_message(known[code], wrong)
                lines.append(f"{known[code].label}{gettext('：')}{said}")
            else:
                message = gettext("现行规则没有“%(code)s”这一设置，请重新保存草稿。")
                lines.append(message % {"code": code})
    return lines
