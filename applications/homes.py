"""An applicant's home: what is with the organisation, what is with the units, what is on offer."""

from collections.abc import Sequence

from django.db.models import Case, Count, F, Q, When
from django.db.models.functions import Coalesce, TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _

from applications import amounts, listing
from applications.content import load_all
from applications.models import ENDED, VOID, Application, Status
from applications.sections import progress
from policy.calls import schema_of as schema_of_definition
from policy.homes import calendar_of, due
from policy.models import Call
from portal import clock, homes
from portal.accounts.loading import has_role, organisation_of
from portal.accounts.models import Role
from portal.templatetags.portal_ui import day, in_language, moment

# So many drafts tell how far they have come: each is read and checked whole.
DRAFTS_SHOWN = 4
# The filters of 我的申报: with the organisation, with a unit, ended.
STATES = {
    "own": Q(status__in=[Status.DRAFT, Status.HANDED, Status.RETURNED, Status.CORRECTION]),
    "units": Q(submitted_at__isnull=False)
    & ~Q(status__in=[*ENDED, Status.RETURNED, Status.CORRECTION]),
    "ended": Q(status__in=ENDED),
}


def own_cases(reader: homes.Reader) -> homes.Section | None:
    """The organisation's cases: what it has to do first, by its deadline; then who holds the
    others, until when, and what comes next."""
    organisation = organisation_of(reader.user)
    if organisation is None:
        return None
    every = Application.objects.filter(organisation=organisation)
    counts = every.aggregate(
        **{code: Count("pk", filter=wanted) for code, wanted in STATES.items()}
    )
    lines = _own(reader, every) + _with_units(reader, every)
    url = reverse("application_list")
    return homes.Section(
        code="cases",
        title=_("本单位的申报"),
        heads=[_("申报"), _("办理单位"), _("下一步"), _("期限")],
        tallies=[
            homes.Tally(counts["own"], _("件需本单位办理"), f"{url}?state=own", "warn"),
            homes.Tally(counts["units"], _("件由部门办理"), f"{url}?state=units"),
            homes.Tally(counts["ended"], _("件已办结"), f"{url}?state=ended"),
        ],
        lines=lines[: homes.SHOWN],
        total=counts["own"] + counts["units"],
        empty=homes.Empty(
            _("还没有在办的申报。从正在受理的申报通知中选择一项开始填报，填写的内容会自动保存。"),
            reverse("call_list"),
            _("选择申报通知"),
        ),
        more_url=url,
        more=_("全部申报"),
    )


def _rows(every):
    return every.select_related(
        "call__measure", "definition", "holder_unit", "organisation", "district"
    )


def _own(reader: homes.Reader, every) -> list[homes.Line]:
    """What is with the organisation, the soonest deadline first: a correction's due date and a
    draft's cut-off alike; then what has no deadline, and last what came too late."""
    unsent = Q(submitted_at__isnull=True)
    is_late = (unsent & Q(direct=False, call__closes_at__lte=reader.at)) | (
        unsent & Q(direct=True, due_on__lt=reader.today)
    )
    cut_off = Case(
        When(unsent & Q(direct=False), then=TruncDate("call__closes_at", tzinfo=clock.ZONE))
    )
    found = list(
        _rows(every)
        .filter(STATES["own"])
        .annotate(
            is_late=Case(When(is_late, then=True), default=False),
            act_by=Coalesce("due_on", cut_off),
        )
        .order_by("is_late", F("act_by").asc(nulls_last=True), "call__closes_at", "pk")[
            : homes.SHOWN
        ]
    )
    drafts = [case for case in found if case.submitted_at is None and not case.direct]
    drafts = drafts[:DRAFTS_SHOWN]
    contents = load_all(drafts)
    amounts.preview_all(contents, on=reader.today)
    done = {content.application.pk: progress(content) for content in contents}
    admin = has_role(reader.user, Role.ORG_ADMIN)
    return [_own_line(reader, case, done.get(case.pk), admin=admin) for case in found]


def _nominated_line(reader: homes.Reader, case: Application, *, admin: bool) -> homes.Line:
    """What a unit nominated and the organisation is to confirm, until when."""
    lapsed = case.due_on is not None and case.due_on < reader.today
    if lapsed:
        still_open = case.call.closes_at > reader.at
        following = _("可转为自行申报") if still_open else _("未在期限内确认，不再办理")
    elif not admin:
        following = _("请单位管理员核对并确认")
    elif case.due_on:
        following = _("核对金额和收款账户，%(day)s 前确认") % {"day": day(case.due_on)}
    else:
        following = _("核对金额和收款账户后确认")
    return homes.Line(
        title=case.title,
        url=reverse("application_check", args=[case.uid]),
        hint=in_language(case.call, "title"),
        where=_("本单位 · 免申即享待确认"),
        next=following,
        due=None if lapsed else due(reader, case.due_on),
        state=_("逾期未确认") if lapsed else "",
    )


def _own_line(reader: homes.Reader, case: Application, done, *, admin: bool) -> homes.Line:
    is_draft = case.submitted_at is None
    if is_draft and case.direct:
        return _nominated_line(reader, case, admin=admin)
    if done is not None:
        far = _("已完成 %(done)s/%(total)s 项") % {"done": done.done, "total": done.due}
        following = (
            _("继续填报")
            if done.stops
            else _("检查并提交") if admin else _("交单位管理员提交")
        )  # fmt: skip
    else:
        far = ""
        following = _("继续填报")
    if case.status == Status.HANDED:
        following = _("核对并提交") if admin else _("等待单位管理员提交")
    elif case.status == Status.RETURNED:
        following = _("按退回意见修改后重新提交")
    elif case.status == Status.CORRECTION:
        following = _("按补正通知修改并提交")
    name = case.title or f"{case.call.measure.line} {in_language(case.call.measure, 'name')}"
    route = "application_case" if case.status == Status.RETURNED else "application_workspace"
    closed = is_draft and case.call.closes_at <= reader.at
    return homes.Line(
        title=name,
        url=reverse(route, args=[case.uid]),
        hint=" · ".join(filter(None, [case.number or in_language(case.call, "title"), far])),
        where=f"{_('本单位')} · {case.get_status_display()}",
        next=_("申报已截止") if closed else following,
        until=case.call.closes_at if is_draft and not closed else None,
        due=due(reader, case.due_on) if case.due_on or case.due_waiting else None,
        state=_("已截止") if closed else "",
    )


def _with_units(reader: homes.Reader, every) -> list[homes.Line]:
    """What the units hold, the soonest due first."""
    found = list(_rows(every).filter(STATES["units"]).order_by("due_on", "pk")[: homes.SHOWN])
    cards = listing.cards(found, today=reader.today, calendar=calendar_of(reader))
    return [
        homes.Line(
            title=card.application.title or card.application.number,
            url=reverse("application_case", args=[card.application.uid]),
            hint=f"{card.application.number} · {card.state}",
            where=card.holder,
            next=_("之后：%(stage)s") % {"stage": card.next_step}
            if card.next_step
            else _("本环节完成后办结"),
            due=homes.Due(card.workdays_left, card.due_on)
            if card.due_on or card.due_waiting
            else None,
        )
        for card in cards
    ]


def open_calls(reader: homes.Reader) -> homes.Section | None:
    """Open calls that the organisation's profile does not exclude and under which it has no live
    case, the soonest cut-off first."""
    organisation = organisation_of(reader.user)
    if organisation is None:
        return None
    live = Application.objects.filter(organisation=organisation).exclude(status__in=VOID)
    found: Sequence[Call] = (
        Call.objects.open(at=reader.at)
        .exclude(pk__in=live.values("call"))
        .select_related("definition", "measure", "lead_unit")
        .defer("guide_zh")
        .order_by("closes_at", "code")
    )
    fitting = [
        call
        for call in found
        if call.definition
        and not amounts.refusals(
            call, schema_of_definition(call.definition), organisation, on=reader.today
        )
    ]
    return homes.Section(
        code="fitting",
        title=_("可申报的通知"),
        lines=[
            homes.Line(
                title=in_language(call, "title"),
                url=reverse("call_detail", args=[call.uid]),
                hint=_("%(unit)s · %(at)s 截止")
                % {"unit": call.lead_unit.name, "at": moment(call.closes_at)},
                until=call.closes_at,
            )
            for call in fitting[: homes.SHOWN_BESIDE]
        ],
        empty=homes.Empty(
            _("目前没有适合本单位、尚未申报的通知。"), reverse("measure_list"), _("查看支持措施")
        ),
        more_url=reverse("call_list"),
        more=_("全部通知"),
    )
