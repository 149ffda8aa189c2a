"""Reminders before a date passes: drafts before the cut-off of their call, nominations (免申即享)
before they must be confirmed, corrections before they are due. Each is left once for each person, however often the sweep comes by."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications.models import Application, Status
from policy.models import Call
from policy.text import Text
from portal import clock
from portal.accounts.models import Membership
from portal.notices.outbox import enqueue_all

# How much is left at most, as the reminder tells it.
LEFT = {
    "7d": _("剩余不足 7 天"),
    "3d": _("剩余不足 3 天"),
    "1d": _("剩余不足 24 小时"),
    "4h": _("剩余不足 4 小时"),
}
# Before the end: the code names the reminder in its dedupe key.
STEPS = (
    ("7d", timedelta(days=7)),
    ("3d", timedelta(days=3)),
    ("1d", timedelta(days=1)),
    ("4h", timedelta(hours=4)),
)


def remind() -> int:
    """Leave the reminders that are due now; their number."""
    now = clock.now()
    unsent = Application.objects.filter(status__in=[Status.DRAFT, Status.HANDED])
    drafts = unsent.filter(
        direct=False,
        call__status=Call.Status.PUBLISHED,
        call__closes_at__gt=now,
        call__closes_at__lte=now + STEPS[0][1],
    ).select_related("call")
    soon = {
        "due_on__gte": clock.local(now).date(),
        # The end of the day is at most the first step away.
        "due_on__lt": clock.local(now + STEPS[0][1]).date(),
    }
    nominated = unsent.filter(direct=True, **soon).select_related("call")
    corrections = Application.objects.filter(status=Status.CORRECTION, **soon)
    left = sum(_remind(case, case.call.closes_at, "cut-off", now=now) for case in drafts)
    left += sum(
        _remind(case, end_of(case.due_on), "confirm", now=now)
        for case in nominated
        if not _just_told(case, now=now)
    )
    return left + sum(
        _remind(case, end_of(case.due_on), "due", now=now)
        for case in corrections.select_related("call")
    )


def _just_told(case: Application, *, now: datetime) -> bool:
    """Whether the step began before the nomination itself was told: no news to anybody."""
    end = end_of(case.due_on)
    return end - dict(STEPS)[step_of(end - now)] < case.started_at


def end_of(day) -> datetime:
    """The last moment of a day in Asia/Shanghai, as the first of the next."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=clock.ZONE)


def step_of(left: timedelta) -> str:
    """The nearest step that has been reached: what was missed before it is not made up for."""
    return [code for code, before in STEPS if left <= before][-1]


@transaction.atomic
def _remind(case: Application, end: datetime, kind: str, *, now: datetime) -> int:
    step = step_of(end - now)
    name = case.title or Text(case.call.title_zh, case.call.title_en)
    if kind == "due":
        told = {"name": name, "day": case.due_on, "left": LEFT[step]}
        subject = _("“{name}”的补正须在 {day} 前提交，{left}")
        body = _("逾期未提交视为放弃本次申报。")
    elif kind == "confirm":
        told = {"name": name, "day": case.due_on, "left": LEFT[step]}
        subject = _("“{name}”须在 {day} 前确认，{left}")
        body = _("逾期不能再确认；仍需支持的，可在申报截止前转为自行申报。")
    else:
        told = {"name": name, "at": f"{clock.local(end):%Y-%m-%d %H:%M}", "left": LEFT[step]}
        subject = _("“{name}”尚未提交，{at} 截止，{left}")
        body = _("截止以服务器时间为准，截止前到达的提交有效。")
    people = Membership.objects.active().filter(organisation_id=case.organisation_id)
    left = enqueue_all(
        (held.user for held in people.select_related("user").order_by("user_id")),
        subject=format_lazy(subject, **told),
        body=body,
        url=f"/applications/{case.uid}/{'check/' if kind == 'confirm' else ''}",
        key=f"remind:{kind}:{case.pk}:{end:%Y%m%d%H%M}:{step}",
        at=now,
    )
    return len(left)
