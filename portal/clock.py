"""The one clock: ``portal_now()`` of the database.

``clock_timestamp()`` plus an offset that only the owner role can set, in test and
demonstration databases. Web servers' clocks decide nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
from django.db import connections
from django.utils import timezone

from portal.database import conninfo

ZONE = ZoneInfo("Asia/Shanghai")
# Of the advisory lock that a load of the demonstration holds.
_CLAIM = 0x636C6F636B
# The moment of an act that is being told of the past; see ``Hand.stop``.
_stopped: ContextVar[datetime | None] = ContextVar("stopped", default=None)


def now(*, using: str = "default") -> datetime:
    """The portal's time, aware, in UTC."""
    if (moment := _stopped.get()) is not None:
        return moment
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT portal_now()")
        return cursor.fetchone()[0]


def local(moment: datetime) -> datetime:
    """The moment in Asia/Shanghai."""
    return timezone.localtime(moment, ZONE)


def today(*, using: str = "default") -> date:
    """The portal's date in Asia/Shanghai."""
    return local(now(using=using)).date()


class Hand:
    """Moves the clock: for tests, and for a demonstration that runs forward from the past.

    It is the owner's; the whole portal reads what it sets, at once.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def now(self) -> datetime:
        [(moment,)] = self._connection.execute("SELECT portal_now()").fetchall()
        return moment

    def shift(self) -> timedelta:
        """How far the clock is from the true time."""
        [(shift,)] = self._connection.execute("SELECT shift FROM portal_clock").fetchall()
        return shift

    def set(self, moment: datetime) -> None:
        """From now on it is the moment, and goes on from there."""
        if moment.tzinfo is None:
            raise ValueError("the clock is set to an aware datetime")
        self._connection.execute("UPDATE portal_clock SET shift = %s - clock_timestamp()", [moment])

    @contextmanager
    def stopped(self, moment: datetime) -> Iterator[None]:
        """The clock is set, and this process takes it to stand still meanwhile: thousands of acts
        of a demonstration's past need not ask the database each time what it was told."""
        self.set(moment)
        token = _stopped.set(moment)
        try:
            yield
        finally:
            _stopped.reset(token)

    def advance(self, step: timedelta) -> None:
        self._connection.execute("UPDATE portal_clock SET shift = shift + %s", [step])

    def claim(self, *, wait: bool = True) -> bool:
        """Be the only one who moves it, until the hand is let go; False where another one is."""
        if wait:
            self._connection.execute("SELECT pg_advisory_lock(%s)", [_CLAIM])
            return True
        [(taken,)] = self._connection.execute(
            "SELECT pg_try_advisory_lock(%s)", [_CLAIM]
        ).fetchall()
        return taken

    def hurry(self) -> None:
        """Its moves need not be on disk before it goes on: what the server's crash would take back
        are moves of a load that is cut off with it, and set right by the next start."""
        self._connection.execute("SET synchronous_commit = off")

    def reset(self) -> None:
        self._connection.execute("UPDATE portal_clock SET shift = interval '0'")


@contextmanager
def held() -> Iterator[Hand]:
    """The clock's hand, on a connection of the owner's own; the clock stays as it is left."""
    with psycopg.connect(conninfo("owner"), autocommit=True) as connection:
        yield Hand(connection)
