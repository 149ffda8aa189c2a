"""Exports: asked for on a page, written by a worker row by row, followed, left, cancelled.

All rows come from one snapshot of the database; progress is committed beside it, so that the
page sees it. An export whose worker was killed is taken up again by the sweep.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.files.base import File
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from awards import sheets, telling
from awards.access import exports_of, measures_of, sees_accounts
from awards.models import Export, PaymentBatch
from policy.models import Call
from portal import clock
from portal.audit.recording import record
from portal.files.storing import store
from reviews.refusals import Refused

MAX_BYTES = 200 * 1024 * 1024
# How often a running export commits how far it is, and looks whether it was cancelled.
STEP_S = 0.5
# Waiting or silent for this long, an export is taken up by the sweep; so often at most.
MISSED_AFTER = timedelta(minutes=2)
MAX_ATTEMPTS = 3
OPEN = (Export.State.WAITING, Export.State.RUNNING)


class Stopped(Exception):
    """The reader cancelled it."""


@transaction.atomic
def ask(
    kind: str,
    *,
    actor,
    year: int | None = None,
    call: Call | None = None,
    batch: PaymentBatch | None = None,
) -> Export:
    """Ask for an export; a worker makes it.

    ``ledger`` takes a year (or none: all years) and holds the reader's measures; ``supported``
    takes a call; ``payments`` a batch, with accounts in full, hence finance only. An open export
    of the same is given instead of another one. Raises ``Refused``: role.
    """
    arguments: dict[str, Any] = {}
    if kind == Export.Kind.LEDGER:
        measures = measures_of(actor)
        if measures == []:
            raise Refused("role")
        arguments = {"year": year, "measures": measures}
    elif call is not None:
        arguments = {"call": call.uid}
    elif batch is not None:
        if not sees_accounts(actor):
            raise Refused("role")
        arguments = {"batch": batch.uid}
    open_ = exports_of(actor).filter(kind=kind, arguments=arguments, state__in=OPEN).first()
    if open_ is not None:
        return open_
    export = Export.objects.create(
        kind=kind, arguments=arguments, requested_by=actor, requested_at=clock.now()
    )
    record(
        "export.ask",
        obj=export,
        actor=actor,
        to_state=export.state,
        data=arguments | {"kind": kind},
    )
    from awards.tasks import run_export

    run_export.delay_on_commit(export.pk)
    return export


@transaction.atomic
def cancel(export: Export, *, actor) -> Export:
    """Stop a waiting or running export. Raises ``Refused``: role, state."""
    if export.requested_by_id != actor.pk:
        raise Refused("role")
    changed = Export.objects.filter(pk=export.pk, state__in=OPEN).update(
        state=Export.State.CANCELLED, ended_at=clock.now()
    )
    export.refresh_from_db()
    if not changed:
        raise Refused("state", state=export.state)
    record("export.cancel", obj=export, actor=actor, to_state=export.state)
    return export


def run(export_id: int) -> Export:
    """Write the export, if it waits or its worker fell silent; another run meanwhile is left alone."""
    now = clock.now()
    claimed = (
        Export.objects.filter(pk=export_id)
        .filter(
            Q(state=Export.State.WAITING)
            | Q(state=Export.State.RUNNING, alive_at__lt=now - MISSED_AFTER)
        )
        .update(
            state=Export.State.RUNNING,
            started_at=now,
            alive_at=now,
            attempts=F("attempts") + 1,
            done_rows=0,
        )
    )
    export = Export.objects.select_related("requested_by").get(pk=export_id)
    if not claimed:
        return export
    if export.attempts > MAX_ATTEMPTS:
        return _end(export, Export.State.FAILED)
    handle, path = tempfile.mkstemp(suffix=".xlsx")
    os.close(handle)
    try:
        with _side() as execute, _snapshot(), translation.override("zh-hans"):
            name, found = _sheets(export)
            _commit_progress(execute, export, 0, total=sum(sheet.count for sheet in found))
            sheets.write(path, found, progress=_progress(execute, export))
        with open(path, "rb") as file, transaction.atomic():
            blob = store(File(file), name=name, types=["xlsx"], max_bytes=MAX_BYTES, at=clock.now())
            return _end(export, Export.State.DONE, name=name, blob=blob, done_rows=F("total_rows"))
    except Stopped:
        export.refresh_from_db()
        return export
    finally:
        os.unlink(path)


def sweep() -> int:
    """Take up exports that a lost message or a killed worker left; their number."""
    before = clock.now() - MISSED_AFTER
    missed = Export.objects.filter(
        Q(state=Export.State.WAITING, requested_at__lt=before)
        | Q(state=Export.State.RUNNING, alive_at__lt=before)
    ).order_by("pk")
    found = list(missed.values_list("pk", flat=True)[:20])
    for pk in found:
        run(pk)
    return len(found)


# --- inside ------------------------------------------------------------------------


def _sheets(export: Export) -> tuple[str, list[sheets.Sheet]]:
    given = export.arguments
    stamp = f"{clock.local(clock.now()):%Y%m%d-%H%M%S}"
    if export.kind == Export.Kind.LEDGER:
        year = given["year"]
        name = f"额度台账-{year or '历年'}-{stamp}.xlsx"
        return name, sheets.ledger_sheets(year=year, measures=given["measures"])
    if export.kind == Export.Kind.SUPPORTED:
        call = Call.objects.select_related("measure").get(uid=given["call"])
        return f"拟支持名单-{call.code}-{stamp}.xlsx", sheets.supported_sheets(call)
    batch = PaymentBatch.objects.select_related(
        "call__measure", "call__definition", "drafted_by", "released_by"
    ).get(uid=given["batch"])
    return f"资金拨付表-{batch.number}-{stamp}.xlsx", sheets.payment_sheets(batch)


@contextmanager
def _snapshot() -> Iterator[None]:
    """One moment for all rows (inside a caller's transaction: as it sees them)."""
    outer = connection.in_atomic_block
    with transaction.atomic():
        if not outer:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@contextmanager
def _side() -> Iterator[Callable]:
    """Statements that commit at once, beside the snapshot: a connection of their own."""
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            yield lambda sql, values: _rows(cursor, sql, values)
        return
    side = connection.copy()
    try:
        with side.cursor() as cursor:
            yield lambda sql, values: _rows(cursor, sql, values)
    finally:
        side.close()


def _rows(cursor, sql: str, values) -> list:
    cursor.execute(sql, values)
    return cursor.fetchall()


def _progress(execute: Callable, export: Export) -> Callable[[int], None]:
    told = time.monotonic()

    def progress(done: int) -> None:
        nonlocal told
        if time.monotonic() - told < STEP_S:
            return
        told = time.monotonic()
        _commit_progress(execute, export, done)

    return progress


_TELL = """
UPDATE awards_export SET done_rows = least(%s, coalesce(%s, total_rows)),
       total_rows = coalesce(%s, total_rows), alive_at = portal_now()
 WHERE id = %s AND state = 'running' RETURNING id
"""


def _commit_progress(
    execute: Callable, export: Export, done: int, *, total: int | None = None
) -> None:
    """Say how far it is; Stopped if it was cancelled."""
    if not execute(_TELL, [done, total, total, export.pk]):
        raise Stopped


def _end(export: Export, state: str, **values) -> Export:
    """End it, unless it was cancelled meanwhile; tell who asked."""
    now = clock.now()
    with transaction.atomic():
        changed = Export.objects.filter(pk=export.pk, state=Export.State.RUNNING).update(
            state=state, ended_at=now, **values
        )
        export.refresh_from_db()
        if changed:
            record(
                f"export.{state}",
                obj=export,
                actor="system:exports",
                to_state=state,
                data={"rows": export.total_rows},
            )
            done = state == Export.State.DONE
            word = _("导出已完成：{name}") if done else _("导出未能完成：{name}")
            telling.tell(
                [export.requested_by],
                subject=format_lazy(word, name=export.name or export.get_kind_display()),
                url=f"/awards/exports/{export.uid}/",
                key=f"export:{export.pk}:{state}",
                at=now,
            )
    return export


def fail(export_id: int) -> None:
    """Give the export back to the queue, or up after too many attempts."""
    try:
        export = Export.objects.select_related("requested_by").get(pk=export_id)
        if export.attempts >= MAX_ATTEMPTS:
            _end(export, Export.State.FAILED)
        else:
            Export.objects.filter(pk=export_id, state=Export.State.RUNNING).update(
                state=Export.State.WAITING, requested_at=clock.now()
            )
    except DatabaseError:
        return  # the sweep finds it silent
