"""What the catalogue's cards show: each measure with its rules in force and its calls.

Four queries whatever the number of measures: measures, definitions, calls, places. A definition is
read and parsed once by each process.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from policy.calls import schema_of
from policy.models import Call, CallFigures, Definition, Measure
from policy.schema import DefinitionSchema
from policy.text import Text
from portal import clock


class Group(NamedTuple):
    """A chip of the catalogue: a part (一 to 六) of the document by its articles."""

    code: str
    label: Text
    articles: range


@dataclass(frozen=True)
class Card:
    """A measure as the catalogue and its own page show it."""

    measure: Measure
    definition: DefinitionSchema | None
    calls: list[Call]
    places_taken: int
    at: datetime
    definition_id: int | None = None

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
    stored = {row.measure_id: row for row in in_force.defer("body")}
    rules = {measure: schema_of(row) for measure, row in stored.items()}
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
            stored[measure.pk].pk if measure.pk in stored else None,
        )
        for measure in measures
    ]


def catalogue(*, at: datetime) -> list[Card]:
    """All measures in the catalogue's order."""
    measures = Measure.objects.select_related("article__document", "lead_unit")
    return cards(measures.defer("article__text", "article__document__text"), at=at)


def groups(every: list[Card]) -> list[Group]:
    """The parts of the document that the measures are of, in its order."""
    document = every[0].measure.article.document if every else None
    return [
        Group(part["code"], Text(part["zh"], part["en"]), range(part["first"], part["last"] + 1))
        for part in (document.parts if document else [])
    ]
