"""The draw of experts (抽取): a pure function of seed, pool and demand, so that it replays.

The order is that of SHA-256(seed ":" uid), which anybody can recompute with any tool; no
random generator's internals are part of the record.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """An expert of the pool. ``excluded`` says why the expert may not be drawn ("" = may be)."""

    uid: str
    fields: tuple[str, ...] = ()
    excluded: str = ""


@dataclass(frozen=True)
class Place:
    """A drawn expert, and the field (stratum) that the place was drawn for ("" = any)."""

    uid: str
    field: str = ""


@dataclass(frozen=True)
class Drawn:
    seats: tuple[Place, ...]
    reserves: tuple[Place, ...]


class TooFewExperts(Exception):
    """The pool holds fewer experts without a conflict than seats."""

    def __init__(self, *, wanted: int, available: int):
        self.wanted, self.available = wanted, available
        super().__init__(f"{wanted} wanted, {available} available")


def shuffled(uids: Iterable[str], *, seed: str) -> list[str]:
    """The experts in the order of the draw."""
    return sorted(uids, key=lambda uid: hashlib.sha256(f"{seed}:{uid}".encode()).hexdigest())


def seats_by_field(demand: Mapping[str, int], size: int) -> dict[str, int]:
    """The seats of each field, in proportion to its cases (largest remainder).

    Every field has at least one seat where there are enough; ties go to the smaller code.
    """
    fields = [field for field in sorted(demand) if demand[field] > 0]
    if not fields:
        return {}
    by_demand = sorted(fields, key=lambda field: (-demand[field], field))
    if len(fields) >= size:
        return dict.fromkeys(by_demand[:size], 1)
    total, spare = sum(demand[field] for field in fields), size - len(fields)
    seats, remainders = {}, {}
    for field in fields:
        share, remainder = divmod(demand[field] * spare, total)
        seats[field], remainders[field] = 1 + share, remainder
    left = size - sum(seats.values())
    for field in sorted(fields, key=lambda field: (-remainders[field], field))[:left]:
        seats[field] += 1
    return {field: seats[field] for field in by_demand}


def draw(
    pool: Sequence[Candidate], *, seed: str, demand: Mapping[str, int], size: int, reserves: int
) -> Drawn:
    """``size`` seats and up to ``reserves`` reserves, stratified by the fields in demand.

    A field without enough experts leaves its seats to whoever comes next in the order. Raises
    ``TooFewExperts``. Source: process.md, Experts.
    """
    fields_of = {row.uid: row.fields for row in pool if not row.excluded}
    order = shuffled(fields_of, seed=seed)
    if len(order) < size:
        raise TooFewExperts(wanted=size, available=len(order))
    seats: list[Place] = []
    for field, count in seats_by_field(demand, size).items():
        taken = {place.uid for place in seats}
        fitting = [uid for uid in order if field in fields_of[uid] and uid not in taken]
        seats += [Place(uid, field) for uid in fitting[:count]]
    taken = {place.uid for place in seats}
    rest = [uid for uid in order if uid not in taken]
    missing = size - len(seats)
    seats += [Place(uid) for uid in rest[:missing]]
    return Drawn(tuple(seats), tuple(_reserves(rest[missing:], fields_of, demand, reserves)))


def _reserves(order, fields_of, demand, count) -> list[Place]:
    """One reserve for each field in turn, then whoever comes next."""
    chosen: list[Place] = []
    for field in seats_by_field(demand, count) if count else ():
        taken = {place.uid for place in chosen}
        found = next((uid for uid in order if field in fields_of[uid] and uid not in taken), None)
        if found is not None:
            chosen.append(Place(found, field))
    taken = {place.uid for place in chosen}
    chosen += [Place(uid) for uid in order if uid not in taken][: count - len(chosen)]
    return chosen
