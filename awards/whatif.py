"""预演: what the accounts would hold if a selection were confirmed, or all in hand approved.

Nothing is locked or written."""

from decimal import Decimal

from applications.models import Application
from awards.demand import Demand, demands
from reviews.models import Selection, SelectionItem


def of_selection(selection: Selection) -> list[Demand]:
    """The accounts that confirming the selection would touch, with what it asks of each."""
    items = selection.items.filter(outcome=SelectionItem.Outcome.SUPPORT).select_related(
        "application__organisation",
        "application__definition",
        "application__call__measure",
        "application__call__definition",
    )
    return demands((item.application, item.recommended_cny) for item in items)


def of_case(application: Application, *, amount_cny: Decimal) -> list[Demand]:
    """The accounts that bind the case, with the amount asked of each."""
    return demands([(application, amount_cny)])
