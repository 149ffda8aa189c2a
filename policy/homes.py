"""The homes' sections on calls and the calendar."""

from datetime import date, timedelta

from django.db.models import F
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from policy import calls, workdays
from policy.differences import difference_of
from policy.forms import unready_messages
from policy.leading import led
from policy.models import CalendarYear, Call, CallChange, Definition
from portal import homes
from portal.accounts.loading import units_of
from portal.accounts.models import Role
from portal.templatetags.portal_ui import in_language, moment


def calendar_of(reader: homes.Reader) -> workdays.Calendar:
    """The calendar, read once for all sections of a home: one query."""
    if "calendar" not in reader.memo:
        reader.memo["calendar"] = workdays.stored_calendar()
    return reader.memo["calendar"]


def due(reader: homes.Reader, on: date | None) -> homes.Due:
    """The working days left until the day; None where there is no day or no calendar."""
    left = workdays.workdays_between(reader.today, on, calendar=calendar_of(reader)) if on else None
    return homes.Due(left, on)


# --- policy administrators ------------------------------------------------------------


def second_person(reader: homes.Reader) -> homes.Section:
    """What another drafted and the reader publishes or signs; beside it what the reader drafted
    and another signs."""
    drafts = _drafts(reader)
    others = [call for call in drafts if call.drafted_by_id != reader.user.pk]
    changes = list(
        CallChange.objects.waiting().select_related("call", "call__measure", "drafted_by")
    )
    to_sign = [change for change in changes if change.drafted_by_id != reader.user.pk]
    lines = [_draft_line(call, _("核对差异后发布")) for call in others]
    lines += [_change_line(change, _("核对后签发")) for change in to_sign]
    own = [change for change in changes if change.drafted_by_id == reader.user.pk]
    lines += [_change_line(change, _("待另一位政策管理员签发")) for change in own]
    url = reverse("policy_admin_home")
    return homes.Section(
        code="second",
        title=_("待发布和签发"),
        heads=[_("事项"), _("起草人"), _("下一步"), _("起草时间")],
        tallies=[
            homes.Tally(len(others) + len(changes), _("件待发布或签发"), f"{url}#waiting", "warn")
        ],
        lines=lines[: homes.SHOWN],
        empty=homes.Empty(_("没有他人起草、待您发布的通知，也没有待签发的变更。")),
        more_url=url,
        more=_("政策管理"),
    )


def drafts(reader: homes.Reader) -> homes.Section:
    """All drafts of calls, with what each still lacks before it can be published."""
    found = _drafts(reader)
    shown = [call for call in found if call.drafted_by_id == reader.user.pk]
    schemas = {
        definition.measure_id: calls.schema_of(definition)
        for definition in Definition.objects.in_force(on=reader.today)
    }
    lines = []
    for call in shown:
        missing = _lacks(reader, call, schemas.get(call.measure_id))
        lines.append(_draft_line(call, missing or _("提请另一位政策管理员发布")))
    return homes.Section(
        code="drafts",
        title=_("我起草的通知"),
        heads=[_("申报通知"), _("起草人"), _("下一步"), _("起草时间")],
        tallies=[
            homes.Tally(
                len(found),
                ngettext("份草稿（含他人起草）", "份草稿（含他人起草）", len(found)),
                f"{reverse('policy_call_list')}?status=draft",
            ),
        ],
        lines=lines[: homes.SHOWN],
        empty=homes.Empty(
            _("没有本人起草的草稿。"), reverse("policy_call_choose"), _("起草申报通知")
        ),
    )


def _drafts(reader: homes.Reader) -> list[Call]:
    if "drafts" not in reader.memo:
        reader.memo["drafts"] = list(
            Call.objects.filter(status=Call.Status.DRAFT)
            .select_related("measure", "drafted_by")
            .order_by("opens_at", "code")
        )
    return reader.memo["drafts"]


def _lacks(reader: homes.Reader, call: Call, schema) -> str:
    """What keeps the draft from being published, in words; "" where nothing does."""
    if schema is None:
        return _("该措施没有现行规则版本")
    return "；".join(
        str(text)
        for text in unready_messages(
            calls.unready(call, schema=schema, at=reader.at), schema=schema
        )
    )


def _draft_line(call: Call, following: str) -> homes.Line:
    return homes.Line(
        title=in_language(call, "title") or call.code,
        url=reverse("policy_call_review", args=[call.uid]),
        hint=_("%(code)s · 拟于 %(at)s 开放") % {"code": call.code, "at": moment(call.opens_at)},
        where=call.drafted_by.name,
        next=following,
        state=moment(call.created_at),
        tone="plain",
    )


def _change_line(change: CallChange, following: str) -> homes.Line:
    told = difference_of(change)
    return homes.Line(
        title=format_lazy(
            "{}{}{}", change.get_field_display(), _("："), in_language(change.call, "title")
        ),
        url=reverse("policy_call_review", args=[change.call.uid]),
        hint=f"{told.before} → {told.after}",
        where=change.drafted_by.name,
        next=following,
        state=moment(change.drafted_at),
        tone="plain",
    )


def open_calls(reader: homes.Reader) -> homes.Section:
    """Calls that take applications, the soonest cut-off first."""
    found = (
        Call.objects.open(at=reader.at)
        .select_related("measure", "figures")
        .defer("guide_zh", "settings")
        .order_by("closes_at", "code")[: homes.SHOWN_BESIDE]
    )
    return homes.Section(
        code="open",
        title=_("正在受理的通知"),
        lines=[_open_line(reader, call, "policy_call_review") for call in found],
        empty=homes.Empty(
            _("目前没有正在受理的批次。"), reverse("policy_call_choose"), _("起草申报通知")
        ),
        more_url=reverse("policy_call_list"),
        more=_("全部通知"),
    )


def public_calls(reader: homes.Reader) -> homes.Section:
    """Calls that take applications, as everybody may read them."""
    found = (
        Call.objects.open(at=reader.at)
        .select_related("measure", "lead_unit")
        .defer("guide_zh", "settings")
        .order_by("closes_at", "code")[: homes.SHOWN_BESIDE]
    )
    return homes.Section(
        code="open",
        title=_("正在受理的通知"),
        lines=[
            homes.Line(
                title=in_language(call, "title"),
                url=reverse("call_detail", args=[call.uid]),
                hint=f"{call.code} · {call.lead_unit.name}",
                until=call.closes_at,
            )
            for call in found
        ],
        empty=homes.Empty(
            _("目前没有正在受理的批次。"), reverse("measure_list"), _("查看支持措施")
        ),
        more_url=reverse("call_list"),
        more=_("全部通知"),
    )


def _open_line(reader: homes.Reader, call: Call, route: str) -> homes.Line:
    figures = getattr(call, "figures", None)
    count = figures.in_hand_count if figures else 0
    in_hand = ngettext("在办 %(n)s 件", "在办 %(n)s 件", count) % {"n": count}
    return homes.Line(
        title=in_language(call, "title"),
        url=reverse(route, args=[call.uid]),
        hint=f"{call.code} · {in_hand}",
        until=call.closes_at,
        extra=figures,
    )


def calendar(reader: homes.Reader) -> homes.Section:
    """Years of the working-day calendar: what is loaded, what is missing."""
    years = list(CalendarYear.objects.order_by("year"))
    loaded = {row.year for row in years}
    url = reverse("policy_calendar_import")
    lines = [
        homes.Line(
            title=_("%(year)s 年日历尚未载入") % {"year": year},
            url=f"{url}?year={year}",
            hint=_("跨入该年的办理期限显示为“待日历发布”；请导入。"),
            state=_("缺"),
            tone="warn",
        )
        for year in (reader.today.year, reader.today.year + 1)
        if year not in loaded
    ]
    lines += [
        homes.Line(
            title=_("%(year)s 年日历为暂定") % {"year": row.year},
            url=f"{url}?year={row.year}",
            hint=_("正式安排公布后请重新导入。"),
            state=_("暂定"),
            tone="warn",
        )
        for row in years
        if row.provisional and row.year >= reader.today.year
    ]
    return homes.Section(
        code="calendar",
        title=_("工作日日历"),
        lines=lines,
        empty=homes.Empty(_("今明两年日历均已载入。")),
        more_url=reverse("policy_calendar"),
        more=_("查看日历"),
    )


# --- lead units -----------------------------------------------------------------------


def led_calls(reader: homes.Reader) -> homes.Section | None:
    """The lead unit's calls: cut-off, what is in hand, budget and places."""
    units = units_of(reader.user, Role.CLERK, Role.HEAD)
    found = list(
        Call.objects.published()
        .filter(lead_unit__in=units, closes_at__gt=reader.at - timedelta(days=365))
        .select_related("measure", "figures")
        .defer("guide_zh", "settings", "measure__clause", "measure__clause_en")
        .order_by(F("closes_at").desc(), "code")[: homes.SHOWN_BESIDE]
    )
    if not found:
        return None
    found.sort(key=lambda call: (not call.is_open(at=reader.at), call.closes_at, call.code))
    lines = []
    for call in found:
        line = _open_line(reader, call, "award_call")
        if not call.is_open(at=reader.at):
            word = _("未开放") if call.opens_at > reader.at else _("已截止")
            line = homes.Line(
                title=line.title, url=line.url, hint=line.hint, state=word, extra=line.extra
            )
        lines.append(line)
    return homes.Section(
        code="calls",
        title=_("申报通知与额度"),
        lines=lines,
        template="policy/_home_calls.html",
        more_url=reverse("award_caps"),
        more=_("额度与拨付"),
    )


def questions(reader: homes.Reader) -> homes.Section | None:
    """Questions on the unit's calls: to answer (clerks), answers to approve (heads). The menu has
    asked already: no query."""
    waiting = led(reader.user)
    url = reverse("question_list")
    tallies = []
    if "clerk" in reader.roles:
        asked = sum(row.asked for row in waiting)
        tallies.append(
            homes.Tally(
                asked, ngettext("个问题待答复", "个问题待答复", asked), f"{url}?state=asked"
            )
        )
    if "head" in reader.roles:
        drafted = sum(row.drafted for row in waiting)
        tallies.append(
            homes.Tally(
                drafted, ngettext("份答复待审签", "份答复待审签", drafted), f"{url}?state=drafted"
            )
        )
    tallies = [tally for tally in tallies if tally.count]
    if not tallies:
        return None
    return homes.Section(
        code="questions",
        title=_("咨询答疑"),
        tallies=tallies,
        lines=[
            homes.Line(title=f"{tally.count} {tally.label}", url=tally.url) for tally in tallies
        ],
        more_url=url,
        more=_("全部咨询"),
    )
