"""Refusals in words: facts become text at the edge only."""

from django.utils.translation import gettext as _

from applications.checks import Problem
from applications.drafts import NotStarted
from applications.models import Application
from applications.submitting import NotSubmitted
from applications.unlocking import NotEditable
from applications.workflow import MoveRefused
from policy.schema import Section
from portal import clock


def moment(value) -> str:
    return f"{clock.local(value):%Y-%m-%d %H:%M}"


def place_of(section: Section, problem: Problem) -> str:
    """The id on the section's page at which a problem is mended: an input, a slot, a table."""
    if section.kind == "attachments" and problem.field:
        return f"slot-{problem.field}"
    if section.kind in {"table", "invoices"} and not problem.row_uid:
        return "section-form"
    return problem.anchor


def saved_words(application: Application, *, at) -> str:
    """When it was saved; and, where the call has closed meanwhile, that it leads nowhere."""
    told = {"at": f"{clock.local(at):%H:%M:%S}"}
    if application.submitted_at is None and application.call.closes_at <= at:
        return _("已保存 %(at)s；本批次已截止，不能再提交") % told
    return _("已保存 %(at)s") % told


def not_started(fault: NotStarted) -> str:
    if fault.reason == "not_verified":
        return _("单位信息尚未通过核验。核验通过后即可申报。")
    if fault.reason == "not_open":
        call = fault.call
        if clock.now() < call.opens_at:
            return _("本批次 %(at)s 开始受理。") % {"at": moment(call.opens_at)}
        return _("本批次已于 %(at)s 截止。") % {"at": moment(call.closes_at)}
    if fault.reason == "live_case":
        if fault.allowed > 1:
            return _("本批次每家单位最多可有 %(count)s 件申报，现已达到。") % {
                "count": fault.allowed
            }
        return _("贵单位在本批次已有一件申报，不能重复申报。")
    return _("您不是该单位的填报人或管理员。")


def not_editable(fault: NotEditable) -> str:
    if fault.reason == "state":
        return _("申报已不在填报阶段，内容不能修改。")
    if fault.reason == "locked":
        return _("此项未列入补正范围，不能修改。")
    if fault.reason == "unknown":
        return _("没有此项内容。")
    if fault.reason == "saved_since":
        return _("本页已保存过；之后的改动尚未保存，请按“保存”。")
    return _("您不能修改此申报：它已交单位管理员，或您不是填报人。")


def not_submitted(fault: NotSubmitted) -> str:
    facts = fault.facts
    if fault.reason == "problems":
        return _("还有未完成或有误的内容，见下方。")
    if fault.reason == "pledge":
        return _("请阅读并勾选承诺。")
    if fault.reason == "changed":
        return _("核对之后内容有改动。请再核对一遍后提交。")
    if fault.reason == "early":
        return _("本批次 %(at)s 开始受理。") % {"at": moment(facts["opens_at"])}
    if "as_usual" in facts:
        if facts["as_usual"]:
            return _("逾期不能再确认；仍需支持的，可在申报截止前转为自行申报。")
        return _("未在期限内确认，不再办理")
    if "due_on" in facts:
        return _("补正期限至 %(day)s，已过期。") % {"day": facts["due_on"]}
    return _("本批次已于 %(at)s 截止；您的提交于 %(arrived)s 到达。") % {
        "at": moment(facts["closes_at"]),
        "arrived": f"{clock.local(facts['arrived_at']):%Y-%m-%d %H:%M:%S}",
    }


def move_refused(fault: MoveRefused) -> str:
    if fault.reason == "role":
        return _("您没有办理此事项的权限。")
    if fault.reason == "reason_missing":
        return _("请填写理由。")
    return _("申报的状态已变化，请刷新页面查看。")
