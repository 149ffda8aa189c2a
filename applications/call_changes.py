"""Releasing an act on a published call, and telling those concerned.

The act itself is ``policy.call_changes``'. It is released here because the people of organisations
with a draft or a case are told in the same transaction. (The ledger's cap follows the call's
budget by a trigger of its own.)
"""

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications.models import ENDED, Application
from policy import call_changes
from policy.calls import staff_concerned, told
from policy.differences import difference_of
from policy.models import Call, CallChange
from portal.accounts.models import Membership
from portal.notices.outbox import enqueue_all
from portal.types import known


@transaction.atomic
def release(change: CallChange, *, actor) -> CallChange:
    """Put a drafted act into effect as a second person, and announce it.

    Raises ``policy.calls.CallRefused``.
    """
    change = call_changes.put_into_effect(change, actor=actor)
    call = change.call
    line = difference_of(change)
    # A guide is long: the notice says that it was put right, the call's page shows how.
    wording = (
        _("{what}已更正，请查看申报通知。理由：{reason}")
        if change.field in CallChange.TEXTS
        else _("{what}由{before}变更为{after}。理由：{reason}")
    )
    body = format_lazy(
        wording,
        what=line.what,
        before=line.before,
        after=line.after,
        reason=change.reason,
    )
    enqueue_all(
        concerned(call, also=[change.drafted_by]),
        subject=told(_("申报通知变更：{title}"), call),
        body=body,
        url=f"/calls/{call.uid}/",
        key=f"callchange:{change.pk}:released",
        at=known(change.released_at),
    )
    return change


def concerned(call: Call, *, also=()) -> list:
    """The people of organisations with a draft or a case that has not ended, and the staff."""
    cases = Application.objects.filter(call=call).exclude(status__in=ENDED)
    held = Membership.objects.active().filter(organisation__in=cases.values("organisation"))
    people = {row.user for row in held.select_related("user") if row.user.is_active}
    return sorted(people | set(staff_concerned(call, also=also)), key=lambda person: person.pk)
