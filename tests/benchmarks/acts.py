"""Acts on one hot cap: the ledger's verbs beside the bare SQL of the very same statements.

The statements of an act are recorded in a transaction that is rolled back, and sent again by as
many connections, without Django. Keys that the database gave are put in place of those it had
given before; the counters are verified afterwards.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.models import Count

from applications import workflow
from applications.models import Application, Status
from awards import ledger
from awards.models import Award, CapAccount
from policy.models import Call
from portal import clock
from portal.accounts.models import Unit, User
from portal.database import conninfo
from tests.benchmarks.timing import spread

ACTS = 200


class _Undo(Exception):
    pass


@dataclass
class Recording:
    """The statements of one act, with what each that returned one key had returned."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    returned: dict[int, Any] = field(default_factory=dict)

    def __call__(self, execute, query, params, many, context):
        result = execute(query, params, many, context)
        self.statements.append((query, params))
        if " RETURNING " in query and not many:
            cursor = context["cursor"].cursor
            rows = cursor.fetchall()
            if len(rows) == 1:
                self.returned[len(self.statements) - 1] = rows[0]
            cursor.scroll(0, mode="absolute")
        return result


def record(act: Callable[[], object]) -> Recording:
    recording = Recording()
    try:
        with transaction.atomic():
            with connection.execute_wrapper(recording):
                act()
            raise _Undo
    except _Undo:
        return recording


def play(bare: psycopg.Connection, recording: Recording) -> None:
    """Send the statements again in one transaction."""
    known: dict[Any, Any] = {}

    def now(value):
        if isinstance(value, list):
            return [now(item) for item in value]
        if isinstance(value, str | int) and not isinstance(value, bool):
            return known.get(value, value)
        return value

    with bare.transaction():
        for at, (query, params) in enumerate(recording.statements):
            cursor = bare.execute(query, tuple(map(now, params)) if params else None)
            if (before := recording.returned.get(at)) is not None and cursor.description:
                found = cursor.fetchone()
                for old, new in zip(before, found or (), strict=False):
                    if isinstance(old, int) and old > 1000:
                        known[old], known[str(old)] = new, str(new)


def race(clients: int, work: list, act: Callable) -> dict:
    """Acts a second by so many clients; ``act(item)`` runs in one of their threads."""
    waiting, lock, gate = list(work), threading.Lock(), threading.Barrier(clients + 1)
    times: list[float] = []
    errors: list[Exception] = []

    def run() -> None:
        local: dict = {}
        gate.wait()
        try:
            while True:
                with lock:
                    if not waiting:
                        return
                    item = waiting.pop()
                began = time.perf_counter()
                act(item, local)
                times.append(time.perf_counter() - began)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()
            for held in local.values():
                held.close()

    threads = [threading.Thread(target=run) for _client in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if errors:
        raise errors[0]
    return {"per_second": round(len(times) / took, 1), "acts": len(times)} | spread(times)


def _bare(recording: Recording, local: dict) -> None:
    if "bare" not in local:
        local["bare"] = psycopg.connect(conninfo("default"), autocommit=True)
    play(local["bare"], recording)


def head_of(call: int) -> User:
    """A head of the unit that leads the call."""
    lead = Call.objects.get(pk=call).lead_unit_id
    held = {"memberships__role": "head", "memberships__ended_at": None, "memberships__unit": lead}
    return User.objects.filter(**held).order_by("pk")[0]


def full():
    """Measures whose places for all years leave no room for so many."""
    accounts = CapAccount.objects.filter(rule__endswith="/places", call__isnull=True)
    return accounts.filter(cap_places__isnull=False).values("measure")


def share(rows, acts: int, *, runs: int) -> list:
    """Rows of the call that has the most of them, as many as fall to one of the ``runs`` that are
    still to come: each takes some away, half for the verb and half for the bare statements."""
    found = rows.values("call").annotate(n=Count("pk")).order_by("-n").first()
    if not found:
        return []
    taken = min(acts * 2, found["n"] // runs)
    return list(rows.filter(call=found["call"]).order_by("-pk")[:taken])


def approving(clients: int, acts: int, *, runs: int = 1) -> dict | None:
    """Approvals of awards of one call: the verb, and its statements."""
    awards = Award.objects.filter(state=Award.State.RESERVED, application__status=Status.DECISION)
    rows = share(awards.select_related("application"), acts, runs=runs)
    if len(rows) < 20:
        return None
    half, head = len(rows) // 2, head_of(rows[0].call_id)
    bureau = Unit.objects.get(code="czj")

    def verb(award: Award, _local: dict) -> None:
        with transaction.atomic():
            ledger.approve(award, actor=head, approved_cny=award.recommended_cny)
            workflow.add_party(award.application, "finance", unit=bureau, at=clock.now())
            workflow.move(award.application, "decide", actor=head)

    queries = len(record(lambda: verb(rows[0], {})).statements)
    recordings = [record(lambda award=award: verb(award, {})) for award in rows[half:]]
    return {
        "clients": clients,
        "statements": queries,
        "verb": race(clients, rows[:half], verb),
        "bare": race(clients, recordings, _bare),
    }


def reserving(clients: int, acts: int, *, runs: int = 1) -> dict | None:
    """Reservations for cases of one call: the verb, and its statements."""
    cases = Application.objects.filter(
        status=Status.SELECTION, award=None, call__code__endswith="-L", capped_cny__gt=0
    ).exclude(call__measure__in=full())
    rows = share(cases, acts, runs=runs)
    if len(rows) < 20:
        return None
    half, head = len(rows) // 2, head_of(rows[0].call_id)
    # An act that is recorded is rolled back, and with it an account that it opened: its statements
    # would name one that is not there. So both find theirs open.
    for case in rows:
        ledger.open_accounts(case, actor=head)

    def verb(case: Application, _local: dict) -> None:
        amount = case.capped_cny or Decimal(0)
        basis = ledger.Basis(amount, amount, amount, case.computation)
        with transaction.atomic():
            ledger.reserve(case, actor=head, basis=basis)
            workflow.move(
                case,
                "select",
                actor=head,
                prepare=lambda row: setattr(row, "recommended_cny", amount),
            )

    queries = len(record(lambda: verb(rows[0], {})).statements)
    recordings = [record(lambda case=case: verb(case, {})) for case in rows[half:]]
    return {
        "clients": clients,
        "statements": queries,
        "verb": race(clients, rows[:half], verb),
        "bare": race(clients, recordings, _bare),
    }
