"""Refusals in words, for the pages; facts come in with the refusal."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications.models import Status, Transition
from applications.workflow import BY_ACTION, MoveRefused
from policy.money import show_cny
from portal import clock
from reviews.refusals import Refused

_PLAIN = {
    "role": lambda: _("您不承担办理该事项的职责。"),
    "same_person": lambda: _("起草人不能审签自己起草的事项，请由另一位负责人办理。"),
    "reason_missing": lambda: _("请填写理由。"),
    "outcome": lambda: _("请选择一项结论。"),
    "visit_incomplete": lambda: _("实地核查须填写核查人员和核查记录。"),
    "visit_date": lambda: _("核查日期不能晚于今天。"),
    "no_flags": lambda: _("请至少勾选一处需要补正的内容。"),
    "no_finding": lambda: _("该发现已不存在。"),
    "no_item": lambda: _("没有这一核对事项。"),
    "no_page": lambda: _("该附件没有这一页。"),
    "unsigned": lambda: _("异议须署真实姓名或单位名称，并留联系方式。"),
    "no_case": lambda: _("该项目不在本次公示之列。"),
    "no_cases": lambda: _("请至少选择一个项目。"),
    "no_items": lambda: _("请至少选择一个项目。"),
    "submitted": lambda: _("评分表已提交，不能再修改。"),
    "no_sheet": lambda: _("请选择要解锁的评分表。"),
    "no_fields": lambda: _("请至少选择一个领域。"),
    "uscc": lambda: _("统一社会信用代码不正确，请核对。"),
    "saved_since": lambda: _("本页已保存过；之后的改动尚未保存，请按“保存”。"),
    "already": lambda: _("该事项已经办理过。"),
    "too_late": lambda: _("已超过 10 秒，通知已经发出，不能撤销；如需更正，请按程序办理。"),
    "acted_since": lambda: _("该件已有后续办理，不能撤销。"),
    "met_on": lambda: _("会议日期不能晚于今天。"),
    "frees_money": lambda: _("该结论须同时释放额度和名额，请在审签页办理。"),
    "inputs": lambda: _("申报内容缺少测算所需的数据，请要求补正。"),
    "not_direct": lambda: _("本批次未设免申即享。"),
    "basis_missing": lambda: _("请写明数据来源。"),
    "no_rows": lambda: _("名单为空，请至少填写一家单位。"),
    "no_score": lambda: _("专家评分尚未冻结，不能据以确定档次。"),
}


def words(refused: Exception) -> str:
    """Why nothing was done, as a sentence for the actor."""
    if isinstance(refused, MoveRefused):
        return _moved(refused.reason, refused.changed_by, refused.status)
    if not isinstance(refused, Refused):
        raise TypeError(refused)
    facts = refused.facts
    if refused.reason in {"changed", "state"}:
        return _moved(refused.reason, facts.get("changed_by"), facts.get("status", ""), facts)
    if refused.reason in _WITH_FACTS:
        return _WITH_FACTS[refused.reason](facts)
    if refused.reason in _PLAIN:
        return _PLAIN[refused.reason]()
    return _("未能办理（{reason}）。").format(reason=refused.reason)


def _moved(reason: str, last: Transition | None, status: str, facts=None) -> str:
    """What changed since the page was made: who did what, when."""
    if reason == "role":
        return _PLAIN["role"]()
    if reason == "reason_missing":
        return _PLAIN["reason_missing"]()
    if reason in {"too_late", "acted_since"}:
        return _PLAIN[reason]()
    if last is not None:
        row = BY_ACTION.get(last.action)
        return _(
            "该件在您打开之后已有变动，未作处理：{at} {who} {what}，现处于“{status}”环节。请按最新情况办理。"
        ).format(
            at=f"{clock.local(last.at):%Y-%m-%d %H:%M}",
            who=(last.unit.name if last.unit else "") or (str(last.actor) if last.actor else ""),
            what=row.done if row else last.action,
            status=Status(last.target).label,
        )
    if numbers := (facts or {}).get("numbers"):
        return _("下列项目不在本环节：{numbers}。").format(numbers=_listed(numbers))
    if reason == "changed":
        return _("内容在您打开之后已被他人修改，请重新打开后再办理。")
    return _("当前状态下不能办理该事项，请刷新页面查看最新情况。")


def _listed(values) -> str:
    return _("、").join(str(value) for value in values)


def _rows(facts, zh) -> str:
    rows = [row for row in facts.get("rows", []) if row != "base"]
    return zh.format(rows=_listed(rows)) if rows else _("核定的数额或理由不完整，请核对。")


def _drafted_since(facts) -> str:
    draft = facts["draft"]
    if draft is None:
        return _("原稿已不存在，请重新打开后再办理。")
    return _(
        "{name} 已于 {at} 另行起草（核定 {amount}），您的内容尚未保存；核对后再次提交将替换该稿。"
    ).format(
        name=str(draft.drafted_by),
        at=f"{clock.local(draft.drafted_at):%Y-%m-%d %H:%M}",
        amount=show_cny(draft.verified_cny),
    )


def _given_since(facts) -> str:
    opinion = facts["opinion"]
    return _(
        "{name} 已于 {at} 反馈“{outcome}”，您的意见尚未保存；核对后再次提交将替换该意见。"
    ).format(
        name=str(opinion.given_by),
        at=f"{clock.local(opinion.given_at):%Y-%m-%d %H:%M}",
        outcome=opinion.get_outcome_display(),
    )


_WITH_FACTS = {
    "drafted_since": _drafted_since,
    "given_since": _given_since,
    "too_many_rows": lambda f: _("名单最多 {most} 家，现有 {given} 家，请分次提出。").format(**f),
    "live_cases": lambda f: _("下列单位在本批次已有申报，请从名单中移出：{names}。").format(
        names=_listed(f["organisations"])
    ),
    "not_verified": lambda f: _("{name} 已不是通过核验的单位，请作废名单后重新起草。").format(
        name=f["organisation"]
    ),
    "proposal_pending": lambda f: _(
        "“{action}”已起草，待负责人审签；审签前不能办理其他事项。"
    ).format(action=BY_ACTION[f["action"]].label),
    "items_open": lambda f: (
        ngettext("还有 %(n)s 项未核对。", "还有 %(n)s 项未核对。", len(f["codes"]))
        % {"n": len(f["codes"])}
    ),
    "items_failed": lambda f: (
        ngettext(
            "有 %(n)s 项不符合，不能受理；请要求补正或拟不予受理。",
            "有 %(n)s 项不符合，不能受理；请要求补正或拟不予受理。",
            len(f["codes"]),
        )
        % {"n": len(f["codes"])}
    ),
    "no_rounds": lambda f: _("补正最多 {max} 次，已用完。").format(max=f["max"]),
    "no_place": lambda f: _("没有这些内容：{paths}。").format(paths=_listed(f["paths"])),
    "new_places": lambda f: _(
        "再次补正只能涉及首次补正已指出的内容，下列内容不能新增：{paths}。"
    ).format(paths=_listed(f.get("labels", f["paths"]))),
    "reason_missing": lambda f: (
        _rows(f, _("第 {rows} 行少于可计入数额，请写明核减原因。"))
        if "rows" in f
        else _("下列项目须写明理由：{numbers}。").format(numbers=_listed(f["numbers"]))
        if "numbers" in f
        else _PLAIN["reason_missing"]()
    ),
    "amount": lambda f: (
        _rows(f, _("第 {rows} 行的核定额须在 0 与可计入数额之间，精确到分。"))
        if "rows" in f
        else _("下列项目的金额须大于 0 且不超过可支持的最高额：{numbers}。").format(
            numbers=_listed(f["numbers"])
        )
    ),
    "no_waiting_list": lambda f: _("本批次不设备选名单，下列项目不能列为备选：{numbers}。").format(
        numbers=_listed(f["numbers"])
    ),
    "pro_rata": lambda f: _(
        "本批次预算不足时按同一比例压减，下列项目不得超过所列金额（元）：{numbers}。"
    ).format(numbers=_listed(f["numbers"])),
    "opinions_waiting": lambda f: (
        ngettext("还有 %(n)s 家单位未反馈。", "还有 %(n)s 家单位未反馈。", len(f["units"]))
        % {"n": len(f["units"])}
    ),
    "vetoed": lambda f: _("有单位提出否决意见，不能办结会商；请起草不予受理。"),
    "unanswered": lambda f: _("请对每一条异议写明处理意见。"),
    "findings_open": lambda f: (
        ngettext(
            "还有 %(n)s 条发现未核实，请先逐条核实。",
            "还有 %(n)s 条发现未核实，请先逐条核实。",
            f["count"],
        )
        % {"n": f["count"]}
    ),
    "not_computable": lambda f: (
        _("按本批次设置不能测算资助额，请联系政策管理员。")
        if f.get("settings")
        else _("不符合支持条件，不能核定资助额；请拟不予支持。")
    ),
    "too_few_experts": lambda f: _("需要 {wanted} 名专家，符合条件的只有 {available} 名。").format(
        wanted=f["wanted"], available=f["available"]
    ),
    "in_panel": lambda f: _("下列项目已分入专家组：{numbers}。").format(
        numbers=_listed(f["numbers"])
    ),
    "scores_missing": lambda f: (
        ngettext("还有 %(n)s 份评分表未提交。", "还有 %(n)s 份评分表未提交。", len(f["sheets"]))
        % {"n": len(f["sheets"])}
    ),
    "second_look": lambda f: _("下列项目专家意见分歧较大，请写明复核情况：{numbers}。").format(
        numbers=_listed(f["numbers"])
    ),
    "no_expert": lambda f: _("{email} 不是已启用的评审专家账号。").format(email=f["email"]),
    "stage": lambda f: _("下列项目不在会议遴选环节：{numbers}。").format(
        numbers=_listed(f["numbers"])
    ),
    "drafted_elsewhere": lambda f: _("下列项目已列入另一份待确认的遴选：{numbers}。").format(
        numbers=_listed(f.get("numbers") or [f.get("number", "")])
    ),
    "too_early": lambda f: (
        _("公示截至 {day}，期满后方可办结。").format(day=f["ends_on"])
        if f["ends_on"]
        else _("公示截止日待日历发布，暂不能办结。")
    ),
    "objections_open": lambda f: (
        ngettext("还有 %(n)s 件异议未作结论。", "还有 %(n)s 件异议未作结论。", f["count"])
        % {"n": f["count"]}
    ),
    "closed": lambda f: (
        _("公示期已过，不再接受异议。") if f.get("ends_on") else _("公示尚未开始，暂不接受异议。")
    ),
    "above_cap": lambda f: _("{number} 的金额 {asked} 超过可支持的最高额 {capped}。").format(
        number=f["number"], asked=show_cny(f["asked_cny"]), capped=show_cny(f["capped_cny"])
    ),
}
