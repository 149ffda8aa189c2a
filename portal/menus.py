"""The header's menu as a table: whose it is, the page's url name, its label.

An entry is shown to whoever holds its role, once its url name exists; the order of the table
is the order of the menu. A role is one of ``portal.accounts.models.Role`` or a group:
``public`` (visitors, applicants, and who holds no role yet), ``visitor`` (not signed in),
``member`` (signed in), ``newcomer`` (signed in, of no role), ``applicant`` (of an organisation),
``officer`` (of a unit), ``district`` (clerk or head of one), ``*``.

Entries of one ``group`` share a place in the menu and open below it; a group of one is a plain
entry. Where there are more places than a line holds, the last ones move under 更多.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

# So many places stand in the line; measured at 1366 px in both languages.
MOST = 6


@dataclass(frozen=True)
class Entry:
    role: str
    url_name: str
    label: str | Promise
    # The dotted name of a function of the user that gives the number beside the label.
    count: str = ""
    # The dotted name of a function of the user that says whether the entry is shown at all.
    only: str = ""
    # The group that the entry stands in; "" for a place of its own.
    group: str = ""


GROUPS: dict[str, str | Promise] = {
    "public": _("政策与公告"),
    "organisation": _("单位"),
    "panels": _("评审与公示"),
    "policy": _("政策管理"),
    "cases": _("咨询与查询"),
    "money": _("资金"),
    "accounts": _("人员与单位"),
    "more": _("更多"),
}

_LEADS = "reviews.experts.may_keep_pool"
_WAITING, _ANSWERS = "policy.questions.waiting_count", "policy.questions.answers_questions"
ENTRIES: list[Entry] = [
    Entry("member", "role_home", _("工作台")),
    Entry("visitor", "measure_list", _("支持措施")),
    Entry("visitor", "calculator", _("政策测算")),
    Entry("visitor", "call_list", _("申报通知")),
    Entry("visitor", "review_public_notice_list", _("公示公告")),
    Entry("applicant", "application_list", _("我的申报")),
    Entry("applicant", "call_list", _("申报通知"), group="public"),
    Entry("applicant", "measure_list", _("支持措施"), group="public"),
    Entry("applicant", "calculator", _("政策测算"), group="public"),
    Entry("applicant", "review_public_notice_list", _("公示公告"), group="public"),
    Entry("evaluator", "call_list", _("申报通知"), group="public"),
    Entry("evaluator", "measure_list", _("支持措施"), group="public"),
    Entry("evaluator", "review_public_notice_list", _("公示公告"), group="public"),
    Entry("newcomer", "call_list", _("申报通知"), group="public"),
    Entry("newcomer", "measure_list", _("支持措施"), group="public"),
    Entry("newcomer", "calculator", _("政策测算"), group="public"),
    Entry("newcomer", "review_public_notice_list", _("公示公告"), group="public"),
    Entry("newcomer", "organisation_register", _("注册单位")),
    Entry("applicant", "organisation_profile", _("单位资料"), group="organisation"),
    Entry("applicant", "organisation_members", _("成员"), group="organisation"),
    Entry("head", "review_release_list", _("待审签"), "reviews.releasing.count"),
    Entry("clerk", "review_inbox", _("待办"), "reviews.inbox.todo_count"),
    Entry("head", "review_inbox", _("待办"), "reviews.inbox.todo_count"),
    Entry("district", "organisation_queue", _("单位核验"), "portal.accounts.verifying.queue_count"),
    Entry("expert", "review_expert_home", _("待评审"), "reviews.scoring.todo_count"),
    Entry("clerk", "review_panel_list", _("专家评审"), only=_LEADS, group="panels"),
    Entry("head", "review_panel_list", _("专家评审"), only=_LEADS, group="panels"),
    Entry("clerk", "review_selection_list", _("会议与公示"), only=_LEADS, group="panels"),
    Entry("head", "review_selection_list", _("会议与公示"), only=_LEADS, group="panels"),
    Entry("clerk", "review_nomination_list", _("免申即享"), only=_LEADS, group="panels"),
    Entry("head", "review_nomination_list", _("免申即享"), only=_LEADS, group="panels"),
    Entry("clerk", "review_expert_pool", _("专家库"), only=_LEADS, group="panels"),
    Entry("head", "review_expert_pool", _("专家库"), only=_LEADS, group="panels"),
    Entry("clerk", "question_list", _("咨询答疑"), _WAITING, _ANSWERS, group="cases"),
    Entry("head", "question_list", _("咨询答疑"), _WAITING, _ANSWERS, group="cases"),
    Entry("clerk", "review_case_list", _("全部申报"), group="cases"),
    Entry("head", "review_case_list", _("全部申报"), group="cases"),
    Entry("finance", "award_finance_inbox", _("财政待办")),
    Entry("finance_head", "award_finance_inbox", _("财政待办")),
    Entry("policy_admin", "policy_admin_home", _("政策事项"), group="policy"),
    Entry("policy_admin", "policy_call_list", _("申报通知管理"), group="policy"),
    Entry("policy_admin", "policy_calendar", _("工作日日历"), group="policy"),
    Entry("account_admin", "user_list", _("用户"), group="accounts"),
    Entry("account_admin", "invitation_list", _("邀请与导入"), group="accounts"),
    Entry("account_admin", "unit_list", _("责任单位"), group="accounts"),
    Entry("account_admin", "organisation_overdue", _("超期未核验"), group="accounts"),
    Entry("auditor", "audit_event_list", _("审计日志")),
    Entry("officer", "award_caps", _("额度与拨付"), only="awards.access.sees_money", group="money"),
    Entry("policy_admin", "award_caps", _("额度与拨付"), group="money"),
    Entry("auditor", "award_caps", _("额度与拨付"), group="money"),
    Entry("officer", "award_decision_list", _("决定"), only="awards.access.sees_money", group="money"),
    Entry("policy_admin", "award_decision_list", _("决定"), group="money"),
    Entry("auditor", "award_decision_list", _("决定"), group="money"),
    Entry("officer", "award_payment_list", _("资金拨付表"), only="awards.access.sees_money", group="money"),
    Entry("policy_admin", "award_payment_list", _("资金拨付表"), group="money"),
    Entry("auditor", "award_payment_list", _("资金拨付表"), group="money"),
    Entry("officer", "award_clawback_list", _("追回"), only="awards.access.sees_money", group="money"),
    Entry("policy_admin", "award_clawback_list", _("追回"), group="money"),
    Entry("auditor", "award_clawback_list", _("追回"), group="money"),
    Entry("policy_admin", "award_opening_list", _("期初登记"), group="money"),
    Entry("auditor", "award_opening_list", _("期初登记"), group="money"),
    Entry("officer", "award_export_list", _("我的导出"), only="awards.access.sees_money", group="money"),
    Entry("policy_admin", "award_export_list", _("我的导出"), group="money"),
    Entry("auditor", "award_export_list", _("我的导出"), group="money"),
    Entry("member", "notice_inbox", _("消息"), "portal.notices.inbox.unread_count"),
]  # fmt: skip


def label_of(url_name: str) -> str | Promise:
    """What a list is called in the menu, hence in the way to it (breadcrumbs)."""
    return next(entry.label for entry in ENTRIES if entry.url_name == url_name)


@dataclass(frozen=True)
class Link:
    url: str
    label: str | Promise
    current: bool
    count: int = 0


@dataclass(frozen=True)
class Place:
    """A place in the menu's line: a link, or a group with its links below."""

    label: str | Promise
    links: list[Link] = field(default_factory=list)

    @property
    def link(self) -> Link | None:
        return self.links[0] if len(self.links) == 1 else None

    @property
    def current(self) -> bool:
        return any(link.current for link in self.links)

    @property
    def count(self) -> int:
        return sum(link.count for link in self.links)


def _entries(roles: Collection[str], user) -> dict[str, Entry]:
    """By address: the entries open to the roles, each page once."""
    seen: dict[str, Entry] = {}
    for entry in ENTRIES:
        if entry.role != "*" and entry.role not in roles:
            continue
        if entry.only and not (user is not None and import_string(entry.only)(user)):
            continue
        try:
            seen.setdefault(reverse(entry.url_name), entry)
        except NoReverseMatch:
            continue
    return seen


def links(roles: Collection[str], path: str, *, user=None) -> Iterator[Link]:
    """The entries open to the roles, the one that the path lies under marked as current."""
    for _group, link in _links(roles, path, user):
        yield link


def _links(roles: Collection[str], path: str, user) -> Iterator[tuple[str, Link]]:
    seen = _entries(roles, user)
    under = [url for url in seen if path == url or (url != "/" and path.startswith(url))]
    current = max(under, key=len, default=None)
    for url, entry in seen.items():
        count = import_string(entry.count)(user) if entry.count and user is not None else 0
        yield entry.group, Link(url, entry.label, url == current, count)


def places(roles: Collection[str], path: str, *, user=None) -> list[Place]:
    """The menu's line: single links and groups, in the order of the table; at most ``MOST``
    places before the messages, the others under 更多."""
    found: dict[str, Place] = {}
    for group, link in _links(roles, path, user):
        place = found.setdefault(group or link.url, Place(GROUPS.get(group, link.label)))
        place.links.append(link)
    line = list(found.values())
    if len(line) <= MOST + 1:
        return line
    kept, rest, last = line[: MOST - 1], line[MOST - 1 : -1], line[-1]
    more = Place(GROUPS["more"], [link for place in rest for link in place.links])
    return [*kept, more, last]
