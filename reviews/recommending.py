"""The district's recommendation (推荐), with the record of its look at the place."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from applications import workflow
from applications.models import Application
from portal import clock
from portal.audit.recording import record
from reviews import findings
from reviews.holding import hold, refuse_while_pending
from reviews.models import Recommendation
from reviews.refusals import Refused


@dataclass(frozen=True)
class Visit:
    """A site visit: the day, who went, what they saw. All or nothing."""

    on: date
    visitors: str
    record: str


@transaction.atomic
def recommend(
    application: Application,
    *,
    actor,
    opinion: str,
    visit: Visit | None = None,
    seen_revision: int | None = None,
) -> Application:
    """Recommend the case to the lead unit; with a site visit, or on the papers alone.

    Raises ``Refused``: changed, state, role, proposal_pending, reason_missing (no opinion),
    visit_incomplete, visit_date (in the future).
    """
    application = _hold(application, actor=actor, seen_revision=seen_revision)
    if not (opinion := opinion.strip()):
        raise Refused("reason_missing")
    if visit is not None:
        if not (visit.visitors.strip() and visit.record.strip()):
            raise Refused("visit_incomplete")
        if visit.on > clock.today():
            raise Refused("visit_date", on=visit.on)
    findings.keep(application)
    _write(application, Recommendation.Outcome.RECOMMENDED, opinion, actor=actor, visit=visit)
    return workflow.move(
        application, "recommend", actor=actor, note=opinion, unit=application.district
    )


@transaction.atomic
def return_to_applicant(
    application: Application, *, actor, reason: str, seen_revision: int | None = None
) -> Application:
    """Send the case back to be improved and submitted again.

    Raises ``Refused``: changed, state, role, proposal_pending, reason_missing.
    """
    application = _hold(application, actor=actor, seen_revision=seen_revision)
    if not (reason := reason.strip()):
        raise Refused("reason_missing")
    _write(application, Recommendation.Outcome.RETURNED, reason, actor=actor)
    return workflow.move(
        application,
        "return",
        actor=actor,
        note=reason,
        public_note=reason,
        unit=application.district,
    )


def _hold(application: Application, *, actor, seen_revision: int | None) -> Application:
    application = hold(
        application,
        actor=actor,
        roles=["district_clerk"],
        statuses=["recommendation"],
        seen_revision=seen_revision,
    )
    refuse_while_pending(application)
    return application


def _write(
    application: Application, outcome: str, opinion: str, *, actor, visit: Visit | None = None
) -> Recommendation:
    row = Recommendation.objects.create(
        application=application,
        unit=application.district,
        outcome=outcome,
        visited_on=visit.on if visit else None,
        visitors=visit.visitors.strip() if visit else "",
        record=visit.record.strip() if visit else "",
        opinion=opinion,
        made_by=actor,
        made_at=clock.now(),
    )
    record(
        "recommendation.make",
        obj=row,
        actor=actor,
        data={"application": application.pk, "opinion": opinion},
        to_state=outcome,
    )
    return row
