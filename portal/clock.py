"""The one clock: ``portal_now()`` of the database.

``clock_timestamp()`` plus an offset that only the owner role can set, in test and
demonstration databases. Web servers' clocks decide nothing.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connections
from django.utils import timezone

ZONE = ZoneInfo("Asia/Shanghai")


def now(*, using: str = "default") -> datetime:
    """The portal's time, aware, in UTC."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT portal_now()")
        return cursor.fetchone()[0]


def local(moment: datetime) -> datetime:
    """The moment in Asia/Shanghai."""
    return timezone.localtime(moment, ZONE)


def today(*, using: str = "default") -> date:
    """The portal's date in Asia/Shanghai."""
    return local(now(using=using)).date()
