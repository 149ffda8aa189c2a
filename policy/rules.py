"""The closed vocabulary of rules: pure functions on Decimal amounts in 元.

Nothing here reads a database or a clock. Amounts are exact; only a share of fiscal money is
rounded, to the 分 and per invoice, and the award itself once, by ``money.round_cny``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from policy import money
from policy.invoices import Invoice

ZERO = Decimal("0.00")

# Why a part of the claim does not count, in the order in which it is asked of an invoice.
EXCLUSIONS = ("category", "window", "related", "tax", "fiscal", "reduction")


@dataclass(frozen=True)
class BaseRule:
    """What counts in the base of a call."""

    categories: frozenset[str]
    window_start: date
    window_end: date
    exclude_related: bool
    exclude_fiscal: bool
    tax_inclusive: bool


def excluded(invoice: Invoice, rule: BaseRule) -> dict[str, Decimal]:
    """The parts of an invoice that do not count, each with its reason; the rest is the base.

    A category that is not counted, a date outside the window (both ends belong to it) or a
    related party excludes the whole invoice. Otherwise: the tax where the base is net; the
    share of fiscal money (rounded half up to the 分); what the reviewer did not recognise
    of the remainder. The parts never exceed 价税合计.
    """
    if invoice.category not in rule.categories:
        return {"category": invoice.gross_cny}
    if not rule.window_start <= invoice.invoice_date <= rule.window_end:
        return {"window": invoice.gross_cny}
    if rule.exclude_related and invoice.related_party:
        return {"related": invoice.gross_cny}
    parts: dict[str, Decimal] = {}
    left = invoice.gross_cny
    if not rule.tax_inclusive and invoice.tax_cny:
        parts["tax"] = invoice.tax_cny
        left -= invoice.tax_cny
    if rule.exclude_fiscal and invoice.fiscal_percent:
        share = money.round_cny(left * invoice.fiscal_percent / 100, unit="fen", mode="half_up")
        parts["fiscal"] = share
        left -= share
    if invoice.verified_cny is not None and invoice.verified_cny < left:
        parts["reduction"] = left - invoice.verified_cny
    return parts


def exclusions(invoices: Iterable[Invoice], rule: BaseRule) -> dict[str, Decimal]:
    """The excluded amount for each reason, all reasons named."""
    totals = dict.fromkeys(EXCLUSIONS, ZERO)
    for invoice in invoices:
        for reason, amount in excluded(invoice, rule).items():
            totals[reason] += amount
    return totals


def claimed(invoices: Iterable[Invoice]) -> Decimal:
    """The sum of 价税合计."""
    return sum((invoice.gross_cny for invoice in invoices), ZERO)


def rate_of_base(base: Decimal, rate: Decimal) -> Decimal:
    """按…的 x% : the exact product."""
    return base * rate


def per_item(amount: Decimal, count: int) -> Decimal:
    """每项 … 万元."""
    return amount * count


def tier(score: Decimal, table: Sequence[Mapping[str, str]]) -> Mapping[str, str] | None:
    """分类分档: the highest tier whose lowest score is reached; None below all of them.

    ``table`` as ``call_settings`` stores it: rows of label, from (points) and amount_cny.
    """
    reached = [row for row in table if score >= Decimal(row["from"])]
    return max(reached, key=lambda row: Decimal(row["from"]), default=None)


def shares(amount: Decimal, city: Decimal) -> tuple[Decimal, Decimal]:
    """市/区分担: the city's part (half up to the 分) and the district's, which is the rest."""
    part = money.round_cny(amount * city, unit="fen", mode="half_up")
    return part, amount - part


def by_shares(amount: Decimal, percents: Sequence[Decimal], *, first: int = 0) -> list[Decimal]:
    """按份额分配: the amount in whole 元 by percents that add up to 100, nothing lost.

    Each part is cut to the 元; what is left over goes out 元 by 元 to those who were cut most (of
    two alike the earlier named). A remainder below one 元 goes to ``first``, who leads.
    Raises ValueError where the percents are not above 0 or do not add up to 100.

    >>> by_shares(Decimal("100.00"), [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")])
    [Decimal('33.00'), Decimal('33.00'), Decimal('34.00')]
    """
    if not percents or min(percents) <= 0 or sum(percents) != 100:
        raise ValueError(f"shares {percents} are not parts of 100 %")
    whole = money.round_cny(amount, unit="yuan", mode="down")
    exact = [whole * percent / 100 for percent in percents]
    parts = [money.round_cny(part, unit="yuan", mode="down") for part in exact]
    left = int(whole - sum(parts, ZERO))
    for place in sorted(range(len(parts)), key=lambda at: parts[at] - exact[at])[:left]:
        parts[place] += 1
    parts[first] += amount - whole
    return parts


def pro_rata(amounts: Sequence[Decimal], left: Decimal, *, unit: money.Unit) -> list[Decimal]:
    """All amounts cut in one proportion so that they fit into ``left``, each down to the unit.

    What fits is not cut. The parts never exceed ``left``; less than one unit each is lost.
    """
    total = sum(amounts, ZERO)
    if total <= left:
        return list(amounts)
    left = max(left, ZERO)
    return [money.round_cny(amount * left / total, unit=unit, mode="down") for amount in amounts]


@dataclass(frozen=True)
class Room:
    """A cap that was looked at: its account and what is left under it."""

    code: str
    key: str
    cap_cny: Decimal
    committed_cny: Decimal

    @property
    def left_cny(self) -> Decimal:
        return max(self.cap_cny - self.committed_cny, ZERO)


def capped(amount: Decimal, rooms: Sequence[Room]) -> tuple[Decimal, str | None]:
    """最高: the amount under every cap, and the cap that binds (None where nothing is cut).

    Of two caps with the same room the first-named binds.
    """
    tightest = min(rooms, key=lambda room: room.left_cny, default=None)
    if tightest is None or amount <= tightest.left_cny:
        return amount, None
    return tightest.left_cny, tightest.code
