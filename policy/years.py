"""Which year an award counts in: as the call says, in calendar or in other years."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from policy.call_settings import Chosen
from policy.schema import DefinitionSchema


def year_of(day: date, *, first_month: int) -> int:
    """The year that contains the day; it is named after the calendar year in which it starts."""
    return day.year if day.month >= first_month else day.year - 1


def award_year(
    schema: DefinitionSchema,
    settings: Mapping[str, Any],
    *,
    call_year: int,
    submitted_on: date | None,
    today: Callable[[], date],
) -> int:
    """The year whose caps and places an award takes up.

    ``today`` stands for the day of the selection, and of a submission that is still to come; it
    is asked only where the call goes by it.
    """
    chosen = Chosen(schema, settings)
    first_month = chosen.optional("fiscal_year_start") or 1
    by = chosen.optional("award_year") or "call"
    if by == "submitted":
        return year_of(submitted_on or today(), first_month=first_month)
    if by == "selected":
        return year_of(today(), first_month=first_month)
    return call_year
