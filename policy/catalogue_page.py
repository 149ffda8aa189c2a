"""What the catalogue's cards show: each measure with its rules in force and its calls.

Four queries whatever the number of measures: measures, definitions, calls, places. A definition is
read and parsed once by each process.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from policy.calls import schema_of
from policy.models import Call, CallFigures, Definition, Measure
from policy.schema import DefinitionSchema
from portal import clock


class Group(NamedTuple):
    """A chip of the catalogue: a part (一 to 六) of the document by its articles."""

    code: str
    label: str | Promise
    articles: range


GROUPS = [
    Group("universities", _("高校院所对接"), range(1, 5)),
    Group("research", _("战略力量攻关"), range(5, 7)),
    Group("enterprise", _("企业需求牵引"), range(7, 10)),
    Group("platforms", _("转化平台"), range(10, 15)),
    Group("market", _("市场化赋能"), range(15, 18)),
    Group("reform", _("改革与生态"), range(18, 23)),
]


@dataclass(frozen=True)
class Card:
    """A measure as the catalogue and its own page show it."""

    measure: Measure
    definition: DefinitionSchema | None
    calls: list[Call]
    places_taken: int
    at: datetime

    @property
    def cap_cny(self) -> Decimal | None:
        """The highest ceiling that the document names for one award; None where it names none."""
        caps = self.definition.caps if self.definition else ()
        return max((cap.amount_cny for cap in caps), default=None)

    @property
    def places(self) -> int | None:
        quota = self.definition.quota if self.definition else None
        return quota.places if quota else None

    @property
    def places_left(self) -> int | None:
        return None if self.places is None else max(0, self.places - self.places_taken)

    @property
    def open_call(self) -> Call | None:
        """The open call that closes first."""
        return next((call for call in self.calls if call.is_open(at=self.at)), None)

    @property
    def days_left(self) -> int | None:
        """Whole days to the first cut-off: 0 on the last day."""
        call = self.open_call
        if call is None:
            return None
        return (clock.local(call.closes_at).date() - clock.local(self.at).date()).days

    @property
    def next_call(self) -> Call | None:
        """The announced call that opens next."""
        announced = [call for call in self.calls if call.opens_at > self.at]
        return min(announced, key=lambda call: call.opens_at, default=None)


def cards(measures, *, at: datetime) -> list[Card]:
    """A card for each measure of the queryset, in its order; 4 queries once the rules are known."""
    measures = list(measures)
    wanted = [measure.pk for measure in measures]
    in_force = Definition.objects.in_force(on=clock.local(at).date()).filter(measure__in=wanted)
    rules = {row.measure_id: schema_of(row) for row in in_force.defer("body")}
    calls: dict[int, list[Call]] = {}
    for call in Call.objects.published().filter(measure__in=wanted, closes_at__gt=at).for_list():
        calls.setdefault(call.measure_id, []).append(call)
    taken = dict(
        CallFigures.objects.filter(call__measure__in=wanted)
        .values_list("call__measure")
        .annotate(Sum("places_committed"))
    )
    return [
        Card(
            measure,
            rules.get(measure.pk),
            calls.get(measure.pk, []),
            taken.get(measure.pk) or 0,
            at,
        )
        for measure in measures
    ]


def catalogue(*, at: datetime) -> list[Card]:
    """All measures in the catalogue's order."""
    return cards(Measure.objects.select_related("article", "lead_unit"), at=at)
