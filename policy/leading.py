"""Which measures a person's units lead (牵头), and what waits on their calls: one query a request."""

from dataclasses import dataclass

from django.db.models import BigIntegerField, Case, Count, F, OuterRef, Q, QuerySet, Subquery, When

from policy.models import Call, Measure
from policy.question_models import Question
from portal.accounts.models import Role


@dataclass(frozen=True)
class Led:
    """A measure that a unit of the person's leads, or one of whose calls it is in charge of, and
    the questions that wait on its calls."""

    measure: int
    unit: int
    asked: int
    drafted: int


def led(user) -> list[Led]:
    """The measures that the user's units lead, as a clerk or a head, in the catalogue's order;
    asked once for each request (a user object lives as long)."""
    units = {
        held.unit_id for held in user.present_memberships if held.role in {Role.CLERK, Role.HEAD}
    }
    if not hasattr(user, "_led"):
        rows = (
            Measure.objects.annotate(
                own=Subquery(
                    Call.objects.filter(measure=OuterRef("pk"), lead_unit__in=units)
                    .order_by()
                    .values("lead_unit")[:1]
                )
            )
            .filter(Q(lead_unit__in=units) | Q(own__isnull=False))
            .annotate(
                by=Case(
                    When(lead_unit__in=units, then=F("lead_unit_id")),
                    default=F("own"),
                    output_field=BigIntegerField(),
                ),
                asked=Subquery(_waiting(Question.State.ASKED)),
                drafted=Subquery(_waiting(Question.State.DRAFTED)),
            )
            .order_by("position")
            .values_list("pk", "by", "asked", "drafted")
        )
        user._led = (
            [Led(pk, unit, asked or 0, drafted or 0) for pk, unit, asked, drafted in rows]
            if units
            else []
        )
    return user._led


def led_measures(user) -> list[int]:
    """The keys of the measures of ``led``."""
    return [row.measure for row in led(user)]


def _waiting(state: str) -> QuerySet:
    return (
        Question.objects.filter(
            call__measure=OuterRef("pk"), call__lead_unit=OuterRef("by"), state=state
        )
        .order_by()
        .values("call__measure")
        .annotate(n=Count("pk"))
        .values("n")
    )
