"""Numbers in series: given once, without gaps, in the transaction that uses them."""

from django.db import connection, transaction

from applications.models import Application


def take(series: str) -> int:
    """The next number of a series. The series' row stays locked until the transaction ends, so
    that one that is rolled back leaves no gap."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("take() outside a transaction")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO applications_numbering (series, last) VALUES (%s, 1)"
            " ON CONFLICT (series) DO UPDATE SET last = applications_numbering.last + 1"
            " RETURNING last",
            [series],
        )
        return cursor.fetchone()[0]


def application_number(application: Application) -> str:
    """``10-1-2026-0042``: line, year of the call, number; five digits where four do not do."""
    call = application.call
    series = f"{call.measure.line}-{call.year}"
    return f"{series}-{take(series):04d}"
