"""The public notice (公示) of a confirmed selection: published, open for objections, closed."""

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from applications import workflow
from applications.models import Application
from policy import workdays
from policy.models import Call
from portal import clock
from portal.audit.recording import record
from reviews.holding import require_call_role
from reviews.models import Objection, PublicNotice, Selection, SelectionItem
from reviews.refusals import Refused

STAGE = "public_notice"
OPEN = (Objection.State.FILED, Objection.State.ACCEPTED)


def limit_of(call: Call) -> int:
    """How many working days the notice stands, the first and the last included."""
    return workflow.schema_of(call).stage(STAGE, call.settings).limit_workdays or 1


def period(from_day: date, limit_workdays: int) -> dict:
    """First and last day of a notice that is published on ``from_day``: from the next working
    day, for so many working days; a year that is not loaded leaves what it would decide open."""
    first = workdays.add_workdays(from_day, 1)
    last = workdays.add_workdays(from_day, limit_workdays)
    waiting = {"from": from_day.isoformat(), "workdays": limit_workdays}
    return {
        "starts_on": first.date,
        "ends_on": last.date,
        "due_waiting": None if last.date else waiting,
    }


def supported(selection: Selection):
    """The cases that the notice names."""
    return (
        Application.objects.filter(
            selection_items__selection=selection,
            selection_items__outcome=SelectionItem.Outcome.SUPPORT,
        )
        .select_related("organisation", "district", "call__measure", "call__lead_unit")
        .order_by("number")
    )


def proposed_title(call: Call) -> str:
    """What a notice is called unless its author says otherwise; a call's second one is told from
    its first."""
    title = _("{call}拟支持名单公示").format(call=call.title_zh.replace("申报通知", ""))
    earlier = call.public_notices.count()
    if not earlier:
        return title
    return _("{title}（第 {number} 次）").format(title=title, number=earlier + 1)


@transaction.atomic
def publish(selection: Selection, *, actor, title: str, text: str, contact: str) -> PublicNotice:
    """Publish the list of a confirmed selection; it starts on the next working day.

    Raises ``Refused``: role, state (not confirmed), already (published), no_cases.
    """
    # Without a lock: what is confirmed stays, and one selection has one notice (a unique key).
    selection = (
        Selection.objects.select_related("call__measure", "call__lead_unit", "call__definition")
        .defer("call__definition__body")
        .get(pk=selection.pk)
    )
    require_call_role(actor, selection.call, "lead_clerk")
    if selection.state != Selection.State.CONFIRMED:
        raise Refused("state", state=selection.state)
    cases = list(supported(selection).filter(status=STAGE))
    if not cases:
        raise Refused("no_cases")
    now = clock.now()
    notice = PublicNotice(
        call=selection.call,
        selection=selection,
        title=title.strip(),
        text=text.strip(),
        contact=contact.strip(),
        published_by=actor,
        published_at=now,
        **period(clock.local(now).date(), limit_of(selection.call)),
    )
    try:
        with transaction.atomic():
            notice.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("already") from error
    record(
        "publicnotice.publish",
        obj=notice,
        actor=actor,
        data={
            "numbers": [case.number for case in cases],
            "starts_on": notice.starts_on and notice.starts_on.isoformat(),
            "ends_on": notice.ends_on and notice.ends_on.isoformat(),
        },
        to_state="published",
    )
    _set_due(notice)
    return notice


def _set_due(notice: PublicNotice) -> None:
    """The cases' pages show the notice's last day."""
    supported(notice.selection).filter(status=STAGE).update(
        due_on=notice.ends_on, due_waiting=notice.due_waiting
    )


def open_objections(notice: PublicNotice):
    """Objections that keep the notice open: not decided, about a case that is still in it."""
    return notice.objections.filter(state__in=OPEN, application__status__in=[STAGE, "objection"])


@transaction.atomic
def close(notice: PublicNotice, *, actor) -> list[Application]:
    """End the notice after its last day; its cases go on to the decision.

    ``actor`` is a clerk of the lead unit or a string for the system. Raises ``Refused``: role,
    already, too_early (ends_on; None: the calendar is not loaded), objections_open (count).
    """
    # The weaker lock: an objection that is being filed holds its case and points to the notice.
    notice = (
        PublicNotice.objects.select_for_update(of=("self",), no_key=True)
        .select_related("selection", "call__measure", "call__lead_unit")
        .get(pk=notice.pk)
    )
    if not isinstance(actor, str):
        require_call_role(actor, notice.call, "lead_clerk")
    if notice.closed_at is not None:
        raise Refused("already")
    if notice.ends_on is None or clock.today() <= notice.ends_on:
        raise Refused("too_early", ends_on=notice.ends_on)
    cases = list(supported(notice.selection).filter(status__in=[STAGE, "objection"]))
    # The cases are locked before the objections are counted: none arrives in between.
    list(
        Application.objects.select_for_update()
        .filter(pk__in=[case.pk for case in cases])
        .order_by("pk")
    )
    if waiting := open_objections(notice).count():
        raise Refused("objections_open", count=waiting)
    notice.closed_at = clock.now()
    notice.closed_by = None if isinstance(actor, str) else actor
    notice.save(update_fields=["closed_at", "closed_by"])
    record("publicnotice.close", obj=notice, actor=actor, to_state="closed")
    return [
        workflow.move(case, "close_notice", actor=actor, unit=notice.call.lead_unit)
        for case in cases
    ]


def sweep() -> int:
    """Close what is due and free of objections; give dates to notices that waited for a calendar.
    Returns how many were closed. Safe to repeat."""
    count = 0
    for notice in PublicNotice.objects.filter(closed_at__isnull=True, ends_on__isnull=True):
        _date(notice)
    due = PublicNotice.objects.filter(closed_at__isnull=True, ends_on__lt=clock.today())
    for notice in due:
        try:
            close(notice, actor="system:sweep")
        except Refused:
            # An objection is open: its conclusion comes first.
            continue
        count += 1
    return count


@transaction.atomic
def _date(notice: PublicNotice) -> None:
    # Two at once write the same days.
    notice = PublicNotice.objects.get(pk=notice.pk)
    waiting = notice.due_waiting
    if notice.ends_on is not None or waiting is None:
        return
    found = period(date.fromisoformat(waiting["from"]), waiting["workdays"])
    if found["ends_on"] is None:
        return
    for name, value in found.items():
        setattr(notice, name, value)
    notice.save(update_fields=list(found))
    _set_due(notice)


def is_public(notice: PublicNotice, *, on: date) -> bool:
    """Whether the public may read it: from its first day on; it stays to be read afterwards."""
    return notice.starts_on is not None and notice.starts_on <= on


def is_open(notice: PublicNotice, *, on: date) -> bool:
    """Whether objections may be filed: from the first day to the end of the last."""
    return (
        notice.closed_at is None
        and notice.starts_on is not None
        and notice.starts_on <= on
        and (notice.ends_on is None or on <= notice.ends_on)
    )
