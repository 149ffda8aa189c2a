"""The homes of the reviewing units and of experts: what waits, until when, what is next."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications.models import Application, Status
from policy.homes import calendar_of, due
from portal import homes
from portal.templatetags.portal_ui import day, in_language, moment
from reviews import experts, inbox, masking, noticing, releasing, scoring
from reviews.models import Panel, PublicNotice, Scoring, Seat

# So many rows of what waits stand on the home, the soonest due first.
QUEUED = 12
# Up to here a list is counted by reading it.
MANY = 100
# What is next with a case that a unit holds.
_NEXT = {
    Status.RECOMMENDATION: lambda: _("核实后推荐或退回"),
    Status.FORMAL_CHECK: lambda: _("逐项审查，受理或补正"),
    Status.JOINT_REVIEW: lambda: _("汇总意见，会商办结"),
    Status.EXPERT_REVIEW: lambda: _("抽取评审专家"),
    Status.VERIFICATION: lambda: _("起草核定"),
    Status.SELECTION: lambda: _("起草会议遴选"),
    Status.WAITLISTED: lambda: _("等待递补"),
    Status.PUBLIC_NOTICE: lambda: _("公示期满后办结"),
    Status.OBJECTION: lambda: _("核实异议"),
    Status.DECISION: lambda: _("起草决定"),
}


# What nobody does, but that comes to pass: a head reads it as a clerk does.
_COMES = {Status.WAITLISTED, Status.PUBLIC_NOTICE}
# With a case in the expert review, by the state of its panel.
_NEXT_OF_PANEL = {
    Panel.State.DRAWN: lambda: _("待负责人审定专家组"),
    Panel.State.SCORING: lambda: _("催交评分，交齐后封存"),
    Panel.State.FROZEN: lambda: _("评审办结"),
}


def queue(reader: homes.Reader) -> homes.Section:
    """What the reader's units hold and are asked: counts of the saved views, the soonest due."""
    units, calendar = inbox.units(reader.user), calendar_of(reader)
    until = inbox.soon_until(reader.today, calendar)
    found = list(inbox.everything(units)[:QUEUED])
    counts = inbox.counts(units, today=reader.today, until=until)
    inbox.remember(reader.user, counts)
    standing = releasing.standing_of(found)
    drafts = "clerk" in reader.roles
    url = reverse("review_inbox")
    return homes.Section(
        code="queue",
        title=_("待办"),
        heads=[_("申报单位和项目"), _("环节"), _("下一步"), _("办理期限")],
        tallies=_tallies(counts, url),
        lines=[
            _case_line(row, standing.get(row.case.pk, releasing.Standing()), drafts=drafts)
            for row in inbox.rows(found, today=reader.today, calendar=calendar)
        ],
        total=counts["todo"],
        empty=homes.Empty(
            _("没有待办的申报。新的申报到达后列在这里。"),
            reverse("review_case_list"),
            _("查看全部申报"),
        ),
        more_url=url,
        more=_("打开待办列表"),
    )


def _tallies(counts: dict[str, int], url: str) -> list[homes.Tally]:
    tones = {"overdue": "bad", "soon": "warn", "objections": "warn"}
    order = ("overdue", "soon", "mine", "corrected", "opinions", "objections")
    labels = {view.code: view.label for view in inbox.VIEWS} | {"mine": _("本单位待办")}
    return [
        homes.Tally(counts[code], labels[code], f"{url}?view={code}", tones.get(code, "plain"))
        for code in order
    ]


def _next(case: Application, standing: releasing.Standing, *, drafts: bool) -> str:
    """What is next, and whose act it is: the clerk's who drafts, or the head's who releases."""
    if standing.drafted:
        said = _("%(what)s已起草，待负责人审签") if drafts else _("审签%(what)s")
        return said % {"what": standing.drafted}
    panel = standing.panel if case.status == Status.EXPERT_REVIEW else ""
    words = _NEXT_OF_PANEL.get(Panel.State(panel)) if panel else None
    words = words or _NEXT.get(Status(case.status))
    if words is None:
        return ""
    if drafts or case.status in _COMES or panel == Panel.State.DRAWN:
        return words()
    return _("经办人：%(act)s") % {"act": words()}


def _case_line(row: inbox.Row, standing: releasing.Standing, *, drafts: bool) -> homes.Line:
    case: Application = row.case
    held = cast(Any, case).is_held
    where = case.get_status_display()
    if case.status == Status.FORMAL_CHECK and case.correction_round:
        where = _("%(stage)s · 补正已回") % {"stage": where}
    name = f"{case.call.measure.line} {in_language(case.call.measure, 'name')}"
    view = "mine" if held else "opinions"
    return homes.Line(
        title=case.organisation.name,
        url=f"{reverse('review_desk', args=[case.uid])}?view={view}",
        hint=" · ".join(filter(None, [case.number, case.title or name])),
        where=where,
        next=_next(case, standing, drafts=drafts) if held else _("反馈会商意见"),
        due=homes.Due(row.workdays_left, row.due_on) if row.has_due else None,
    )


def to_release(reader: homes.Reader) -> homes.Section:
    """What clerks drafted and the head releases or sends back, the oldest first."""
    of = releasing.units(reader.user)
    waiting = list(releasing.waiting(of)[:MANY])
    if len(waiting) < MANY:
        reader.user._release_count = len(waiting)  # The menu counts the same.
    found = releasing.items(waiting[: homes.SHOWN])
    url = reverse("review_release_list")
    return homes.Section(
        code="release",
        title=_("待审签"),
        heads=[_("事项"), _("起草人"), _("下一步"), _("起草时间")],
        tallies=[homes.Tally(releasing.count(reader.user), _("件待审签"), url, "warn")],
        lines=[
            homes.Line(
                title=item.word,
                url=item.url,
                hint=" · ".join(filter(None, [item.number, item.title])),
                where=item.by,
                next=_("签发或退回"),
                state=moment(item.at),
                tone="plain",
            )
            for item in found
        ],
        total=releasing.count(reader.user),
        empty=homes.Empty(_("没有待审签的事项。经办人起草后列在这里，并发送消息提醒。")),
        more_url=url if found else "",
        more=_("打开待审签列表"),
    )


def proceedings(reader: homes.Reader) -> homes.Section | None:
    """The lead unit's public notices that still stand and panels that score, the soonest first."""
    led = experts.led_measures(reader.user)
    if not led:
        return None
    lines = sorted(
        [*_notices(reader, led), *_panels(reader, led)],
        key=lambda line: line.due.on or date.max if line.due else date.max,
    )
    if not lines:
        return None
    return homes.Section(
        code="proceedings",
        title=_("公示与评审期限"),
        lines=lines[: homes.SHOWN_BESIDE + 1],
        more_url=reverse("review_selection_list"),
        more=_("会议与公示"),
    )


def _notices(reader: homes.Reader, led: Sequence[int]) -> list[homes.Line]:
    open_ones = (
        PublicNotice.objects.filter(call__measure__in=led, closed_at__isnull=True)
        .annotate(open_count=Count("objections", filter=Q(objections__state__in=noticing.OPEN)))
        .order_by(F("ends_on").asc(nulls_last=True), "pk")
        .defer("text")[: homes.SHOWN_BESIDE]
    )
    return [
        homes.Line(
            title=notice.title,
            url=reverse("review_notice", args=[notice.uid]),
            hint=ngettext(
                "公示中 · %(count)s 件异议待结", "公示中 · %(count)s 件异议待结", notice.open_count
            )
            % {"count": notice.open_count}
            if notice.open_count
            else _("公示中，期满后办结"),
            due=due(reader, notice.ends_on),
        )
        for notice in open_ones
    ]


def _panels(reader: homes.Reader, led: Sequence[int]) -> list[homes.Line]:
    sheets = Q(seats__state=Seat.State.SEATED, seats__scorings__isnull=False)
    scoring = (
        Panel.objects.filter(call__measure__in=led, state=Panel.State.SCORING)
        .annotate(
            sheet_count=Count("seats__scorings", filter=sheets, distinct=True),
            done_count=Count(
                "seats__scorings",
                filter=sheets & Q(seats__scorings__submitted_at__isnull=False),
                distinct=True,
            ),
        )
        .order_by(F("due_on").asc(nulls_last=True), "pk")
        .defer("pool", "result")[: homes.SHOWN_BESIDE]
    )
    return [
        homes.Line(
            title=panel.title,
            url=reverse("review_panel", args=[panel.uid]),
            hint=_("评分表已交 %(done)s/%(total)s")
            % {"done": panel.done_count, "total": panel.sheet_count},
            due=due(reader, panel.due_on),
        )
        for panel in scoring
    ]


def results(reader: homes.Reader) -> homes.Section:
    """What the public reads of the results: for those who evaluate and take part in no case."""
    shown = PublicNotice.objects.filter(starts_on__lte=reader.today)
    found = (
        shown.select_related("call__lead_unit")
        .annotate(
            item_count=Count("selection__items", filter=Q(selection__items__outcome="support"))
        )
        .order_by("-starts_on", "-pk")
        .defer("text")[: homes.SHOWN]
    )
    url, count = reverse("review_public_notice_list"), shown.count()
    return homes.Section(
        code="results",
        title=_("公示结果"),
        heads=[_("公示"), _("牵头单位"), "", _("公示期限")],
        tallies=[homes.Tally(count, ngettext("份公示", "份公示", count), url)],
        note=_("评估机构不参与申报的审查和评审；评价所需的申报材料由委托单位提供。"),
        lines=[
            homes.Line(
                title=row.title,
                url=reverse("review_public_notice", args=[row.uid]),
                hint=ngettext("拟支持 %(n)s 项", "拟支持 %(n)s 项", row.item_count)
                % {"n": row.item_count},
                where=row.call.lead_unit.name,
                due=due(reader, row.ends_on) if noticing.is_open(row, on=reader.today) else None,
                state=_("公示结束 %(day)s") % {"day": day(row.ends_on)} if row.ends_on else "",
                tone="plain",
            )
            for row in found
        ],
        total=count,
        empty=homes.Empty(
            _("还没有公示。公示发布后列在这里。"), reverse("measure_list"), _("查看支持措施")
        ),
        more_url=url,
        more=_("全部公示"),
    )


def sheets(reader: homes.Reader) -> homes.Section:
    """An expert's open sheets, the soonest due first; those not begun ask for conflicts first."""
    every = scoring.sheets_of(reader.user)
    counts = every.aggregate(
        **{code: Count("pk", filter=wanted) for code, wanted in scoring.STATES.items()}
    )
    # The menu counts the same.
    reader.user._sheet_count = counts["open"]
    found = (
        every.filter(scoring.OPEN)
        .select_related(
            "seat__panel", "application__organisation", "application__definition",
            "application__call__measure",
        )
        .order_by(F("seat__panel__due_on").asc(nulls_last=True), "uid")[: homes.SHOWN]
    )  # fmt: skip
    url = reverse("review_expert_home")
    return homes.Section(
        code="sheets",
        title=_("待评审"),
        heads=[_("项目"), _("评分"), _("下一步"), _("评审期限")],
        tallies=[
            homes.Tally(
                counts["open"],
                ngettext("份评分表未提交", "份评分表未提交", counts["open"]),
                f"{url}?state=open",
                "warn",
            ),
            homes.Tally(counts["untouched"], _("份未开始，先核对回避"), f"{url}?state=untouched"),
            homes.Tally(counts["sent"], _("份已提交"), f"{url}?state=sent"),
        ],
        lines=[_sheet_line(reader, sheet) for sheet in found],
        total=counts["open"],
        empty=homes.Empty(_("没有待评审的项目。被抽中并经审定后列在这里，并发送消息通知。")),
        more_url=url,
        more=_("全部评审项目"),
    )


def _sheet_line(reader: homes.Reader, sheet: Scoring) -> homes.Line:
    case, begun = sheet.application, bool(sheet.scores)
    mask = masking.for_expert(case)
    return homes.Line(
        title=mask.words(case.title) or mask.name,
        url=reverse("review_sheet", args=[sheet.uid]),
        hint=f"{case.number} · {sheet.seat.panel.title}",
        where=_("评分中") if begun else _("未开始"),
        next=_("完成评分并提交") if begun else _("核对有无回避情形，开始评分"),
        due=due(reader, sheet.seat.panel.due_on),
    )
