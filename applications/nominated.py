"""Cases that a unit opens in an organisation's name (免申即享), and the way back to applying.

The organisation confirms by submitting: what the unit gave stands there, contact and account are
its own. The case then goes the short plan of its definition (``DefinitionSchema.direct``).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from applications import drafts
from applications.models import Answer, Application, Status
from applications.roles import case_roles
from applications.workflow import MoveRefused, due, next_stage
from policy.models import Call
from portal import clock
from portal.accounts.models import Organisation
from portal.audit.recording import record


@transaction.atomic
def open_case(
    call: Call,
    *,
    organisation: Organisation,
    title: str,
    answers: Mapping[str, Mapping[str, Any]],
    limit_workdays: int,
    actor,
) -> Application:
    """A draft with the unit's answers (by section), to be confirmed within the limit.

    The caller has checked who may, and holds the organisation's row, as whoever starts a draft of
    its own. Raises ``drafts.NotStarted`` (live_case).
    """
    now = clock.now()
    application = Application(
        call=call,
        definition=call.definition,
        organisation=organisation,
        district=organisation.district,
        ordinal=drafts.free_ordinal(call, organisation),
        title=title[:60],
        direct=True,
        started_by=actor,
        started_at=now,
        stage_started_at=now,
        **due(_day(now), limit_workdays),
    )
    application.next_stage = next_stage(application, after=application.status)
    application.save(force_insert=True)
    for section, data in answers.items():
        Answer.objects.create(
            application=application, section=section, data=dict(data), revision=1,
            updated_by=actor, updated_at=now,
        )  # fmt: skip
    record("application.nominate", obj=application, actor=actor, to_state=application.status)
    return application


def _day(moment) -> date:
    return clock.local(moment).date()


@transaction.atomic
def apply_as_usual(application: Application, *, actor) -> Application:
    """Turn a nominated draft into an ordinary one: the organisation does not agree with what the
    unit gave, or the limit has passed; as long as the call takes applications. Raises
    MoveRefused: role, state."""
    application = drafts.lock(application)
    if not case_roles(actor, application) & {"org_admin"}:
        raise MoveRefused("role", action="apply_as_usual", status=application.status)
    is_unsent = application.status in {Status.DRAFT, Status.HANDED}
    if not is_unsent or not application.direct or application.call.closes_at <= clock.now():
        raise MoveRefused("state", action="apply_as_usual", status=application.status)
    application.direct = False
    application.due_on, application.due_waiting, application.due_provisional = None, None, False
    application.next_stage = next_stage(application, after=application.status)
    application.save(
        update_fields=["direct", "due_on", "due_waiting", "due_provisional", "next_stage"]
    )
    record("application.apply_as_usual", obj=application, actor=actor, to_state=application.status)
    return application
