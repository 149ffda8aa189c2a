"""Timing of repeated calls, and what a page costs."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from django.db import connection

WARM = 2
RUNS = 30
BUDGET_S = 6.0


@dataclass
class Cost:
    """One request: milliseconds (median and 95th percentile), queries, bytes of its body."""

    median_ms: float
    p95_ms: float
    queries: int
    bytes: int
    runs: int
    database_ms: float = 0.0

    def as_json(self) -> dict:
        return asdict(self)


@dataclass
class Queries:
    """Counts what goes to the database, and how long it takes there."""

    count: int = 0
    took_s: float = 0.0

    def __call__(self, execute, query, params, many, context):
        began = time.perf_counter()
        try:
            return execute(query, params, many, context)
        finally:
            self.count, self.took_s = self.count + 1, self.took_s + time.perf_counter() - began


def percentile(times: Iterable[float], share: float = 0.95) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def spread(times: list[float]) -> dict:
    """Median and 95th percentile in milliseconds."""
    return {
        "median_ms": round(statistics.median(times) * 1000, 1),
        "p95_ms": round(percentile(times) * 1000, 1),
    }


def cost(call: Callable[[], int], *, runs: int = RUNS, warm: int = WARM) -> Cost:
    """The cost of a call that answers with the bytes of its page; never longer than the budget."""
    for _time in range(warm):
        call()
    queries = Queries()
    with connection.execute_wrapper(queries):
        size = call()
    times: list[float] = []
    until = time.monotonic() + BUDGET_S
    while len(times) < runs and (len(times) < 5 or time.monotonic() < until):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return Cost(
        queries=queries.count,
        bytes=size,
        runs=len(times),
        database_ms=round(queries.took_s * 1000, 1),
        **spread(times),
    )
