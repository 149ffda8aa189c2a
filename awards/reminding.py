"""Reminders of money that is claimed back: before its due date to the organisation, after it to
the organisation, the lead unit and finance. Each is left once, however often the sweep comes by."""

from datetime import timedelta

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications.reminding import LEFT, STEPS, end_of, step_of
from awards import telling
from awards.decisions import FINANCE_BUREAU
from awards.models import ClawBack
from portal import clock
from portal.accounts.models import Role, Unit
from portal.money import show_cny

# After the due date: at once, then every so many days for as long as money is owed.
OVERDUE_EVERY = timedelta(days=7)


def remind() -> int:
    """Leave the reminders that are due now; how many claw-backs they are of."""
    now = clock.now()
    soon = clock.local(now + STEPS[0][1]).date()
    found = (
        ClawBack.objects.filter(
            state=ClawBack.State.RELEASED,
            due_on__lt=soon,
            award__paid_cny__gt=0,  # else the bank has sent it back
        )
        .select_related("award__application", "award__organisation", "award__call__lead_unit")
        .defer("award__trace", "award__application__computation")
        .order_by("due_on", "pk")
    )
    count = 0
    for claw_back in found:
        left = end_of(claw_back.due_on) - now
        if left > timedelta(0):
            _before(claw_back, step_of(left), now=now)
        else:
            _after(claw_back, late=-left, now=now)
        count += 1
    return count


@transaction.atomic
def _before(claw_back: ClawBack, step: str, *, now) -> None:
    case = claw_back.award.application
    telling.tell(
        telling.people_of(claw_back.award.organisation.uscc),
        subject=format_lazy(
            _("{number}：追回款须在 {day} 前缴回，尚欠 {amount}，{left}"),
            number=case.number,
            day=claw_back.due_on,
            amount=show_cny(claw_back.outstanding_cny),
            left=LEFT[step],
        ),
        body=_("缴清前，本项目其余款项暂停拨付。"),
        url=f"/awards/cases/{case.uid}/payments/",
        key=f"clawback:{claw_back.pk}:remind:{step}",
        at=now,
    )


@transaction.atomic
def _after(claw_back: ClawBack, *, late: timedelta, now) -> None:
    case, award = claw_back.award.application, claw_back.award
    time = late // OVERDUE_EVERY
    subject = format_lazy(
        _("{number}：追回款已逾期，应于 {day} 前缴回，尚欠 {amount}"),
        number=case.number,
        day=claw_back.due_on,
        amount=show_cny(claw_back.outstanding_cny),
    )
    key = f"clawback:{claw_back.pk}:overdue:{time}"
    telling.tell(
        telling.people_of(award.organisation.uscc),
        subject=subject,
        body=_("缴清前，本项目其余款项暂停拨付。"),
        url=f"/awards/cases/{case.uid}/payments/",
        key=key,
        at=now,
    )
    officers = telling.officers(award.call.lead_unit, Role.CLERK, Role.HEAD)
    officers += telling.officers(Unit.objects.get(code=FINANCE_BUREAU), Role.FINANCE)
    telling.tell(
        officers,
        subject=subject,
        url=f"/awards/claw-backs/{claw_back.uid}/",
        key=key,
        at=now,
    )
