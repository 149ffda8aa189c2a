"""The header's menu as a table: whose it is, the page's url name, its label.

An entry is shown to whoever holds its role, once its url name exists; the order of the table
is the order of the menu. A role is one of ``portal.accounts.models.Role`` or a group:
``public`` (visitors, applicants, and who holds no role yet), ``visitor`` (not signed in),
``member`` (signed in), ``applicant`` (of an organisation), ``officer`` (of a unit),
``district`` (clerk or head of one), ``*``.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Entry:
    role: str
    url_name: str
    label: str | Promise
    # The dotted name of a function of the user that gives the number beside the label.
    count: str = ""
    # The dotted name of a function of the user that says whether the entry is shown at all.
    only: str = ""


ENTRIES: list[Entry] = [
    Entry("public", "measure_list", _("支持措施")),
    Entry("public", "call_list", _("申报通知")),
    Entry("public", "review_public_notice_list", _("公示公告")),
    Entry("applicant", "application_list", _("我的申报")),
    Entry("applicant", "organisation_profile", _("单位")),
    Entry("district", "organisation_queue", _("单位核验"), "portal.accounts.verifying.queue_count"),
    Entry("account_admin", "user_list", _("用户")),
    Entry("account_admin", "invitation_list", _("邀请与导入")),
    Entry("account_admin", "unit_list", _("责任单位")),
    Entry("auditor", "audit_event_list", _("审计日志")),
    Entry("clerk", "review_inbox", _("待办"), "reviews.inbox.todo_count"),
    Entry("head", "review_inbox", _("待办"), "reviews.inbox.todo_count"),
    Entry("head", "review_release_list", _("待审签"), "reviews.releasing.count"),
    Entry("clerk", "review_case_list", _("全部申报")),
    Entry("head", "review_case_list", _("全部申报")),
    Entry("clerk", "review_panel_list", _("专家评审"), only="reviews.experts.may_keep_pool"),
    Entry("head", "review_panel_list", _("专家评审"), only="reviews.experts.may_keep_pool"),
    Entry("clerk", "review_selection_list", _("会议与公示"), only="reviews.experts.may_keep_pool"),
    Entry("head", "review_selection_list", _("会议与公示"), only="reviews.experts.may_keep_pool"),
    Entry(
        "clerk",
        "question_list",
        _("咨询答疑"),
        "policy.questions.waiting_count",
        "policy.questions.answers_questions",
    ),
    Entry(
        "head",
        "question_list",
        _("咨询答疑"),
        "policy.questions.waiting_count",
        "policy.questions.answers_questions",
    ),
    Entry("expert", "review_expert_home", _("待评审"), "reviews.scoring.todo_count"),
    Entry("policy_admin", "policy_admin_home", _("政策管理")),
    Entry("policy_admin", "policy_call_list", _("申报通知管理")),
    Entry("policy_admin", "policy_calendar", _("工作日日历")),
    Entry("finance", "award_finance_inbox", _("财政待办")),
    Entry("finance_head", "award_finance_inbox", _("财政待办")),
    Entry("officer", "award_caps", _("额度与拨付"), only="awards.access.sees_money"),
    Entry("policy_admin", "award_caps", _("额度与拨付")),
    Entry("auditor", "award_caps", _("额度与拨付")),
    Entry("member", "notice_inbox", _("消息"), "portal.notices.inbox.unread_count"),
]

# Role and url name of the page on which whoever holds it arrives after signing in. The first that
# holds and exists is taken; whoever holds no role yet arrives at the registration.
LANDINGS: list[tuple[str, str]] = [
    ("org_admin", "application_list"),
    ("filler", "application_list"),
    ("org_admin", "organisation_profile"),
    ("filler", "organisation_profile"),
    ("head", "review_release_list"),
    ("clerk", "review_inbox"),
    ("expert", "review_expert_home"),
    ("account_admin", "user_list"),
    ("auditor", "audit_event_list"),
    ("policy_admin", "policy_admin_home"),
    ("finance", "award_finance_inbox"),
    ("finance_head", "award_finance_inbox"),
    ("head", "organisation_queue"),
    ("clerk", "organisation_queue"),
]


@dataclass(frozen=True)
class Link:
    url: str
    label: str | Promise
    current: bool
    count: int = 0


def links(roles: Collection[str], path: str, *, user=None) -> Iterator[Link]:
    """The entries open to the roles, the one that the path lies under marked as current."""
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
    under = [url for url in seen if path == url or (url != "/" and path.startswith(url))]
    current = max(under, key=len, default=None)
    for url, entry in seen.items():
        count = import_string(entry.count)(user) if entry.count and user is not None else 0
        yield Link(url, entry.label, url == current, count)
