"""Caps and payments by measure and year (额度与拨付): what the page, its bars and the exported
ledger all show. One source, so that chart = table = export = database, to the 分."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Count

from awards.accounts import Bound, budget_bound, find, quota_bound
from awards.figures import in_hand
from awards.models import Award, CapAccount, LedgerCheck
from policy.models import Call, Measure
from portal import clock

ZERO = Decimal("0.00")


@dataclass
class Figures:
    """Amounts in 元 and places, of a call, a measure's year, or all."""

    budget_cny: Decimal | None = None
    committed_cny: Decimal = ZERO
    approved_cny: Decimal = ZERO
    paid_cny: Decimal = ZERO
    in_hand_cny: Decimal = ZERO
    in_hand_count: int = 0

    @property
    def reserved_cny(self) -> Decimal:
        """拟支持: committed and not yet approved."""
        return self.committed_cny - self.approved_cny

    @property
    def left_cny(self) -> Decimal | None:
        """剩余额度: budget less what is committed; None without a budget."""
        return None if self.budget_cny is None else self.budget_cny - self.committed_cny

    @property
    def ghost_cny(self) -> Decimal:
        """What would be approved if all in hand were."""
        return self.approved_cny + self.in_hand_cny

    @property
    def over_cny(self) -> Decimal:
        """By how much that would exceed the budget."""
        if self.budget_cny is None:
            return ZERO
        return max(self.ghost_cny - self.budget_cny, ZERO)

    @property
    def approved_share(self) -> Decimal | None:
        """Approved ÷ budget, a fraction of three decimals."""
        if not self.budget_cny:
            return None
        return (self.approved_cny / self.budget_cny).quantize(Decimal("0.001"))

    def add(self, other: "Figures") -> None:
        if other.budget_cny is not None:
            self.budget_cny = (self.budget_cny or ZERO) + other.budget_cny
        for name in ("committed_cny", "approved_cny", "paid_cny", "in_hand_cny", "in_hand_count"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Places:
    """Places of a bound: total (None: none named), taken in all, of them only reserved."""

    total: int | None = None
    taken: int = 0
    reserved: int = 0

    @property
    def settled(self) -> int:
        return max(self.taken - self.reserved, 0)

    @property
    def left(self) -> int | None:
        return None if self.total is None else self.total - self.taken


@dataclass
class CallRow:
    call: Call
    figures: Figures
    places: Places
    account: CapAccount | None = None


@dataclass
class LineRow:
    """A measure in a year: the sums of its calls, its places."""

    measure: Measure
    figures: Figures = field(default_factory=Figures)
    places: Places = field(default_factory=Places)
    calls: list[CallRow] = field(default_factory=list)


def years(measures: Iterable[int] | None = None) -> list[int]:
    """The years that have a published call, the newest first."""
    rows = Call.objects.exclude(status=Call.Status.DRAFT)
    if measures is not None:
        rows = rows.filter(measure__in=list(measures))
    return list(rows.values_list("year", flat=True).distinct().order_by("-year"))


def lines(*, year: int | None = None, measures: Iterable[int] | None = None) -> list[LineRow]:
    """The measures that have a published call in the year, in the catalogue's order: 5 queries.

    ``year`` None: all years. ``measures``: those only.
    """
    rows = (
        Call.objects.exclude(status=Call.Status.DRAFT)
        .select_related("measure__lead_unit", "definition")
        .defer("definition__body", "guide_zh", "measure__clause", "measure__clause_en")
        .order_by("measure__position", "pk")
    )
    if year is not None:
        rows = rows.filter(year=year)
    if measures is not None:
        rows = rows.filter(measure__in=list(measures))
    return _grouped(list(rows))


def _grouped(calls: list[Call]) -> list[LineRow]:
    budgets = {call.pk: budget_bound(call) for call in calls}
    quotas = {call.pk: bound for call in calls if (bound := quota_bound(call)) is not None}
    accounts = {
        (row.rule, row.scope): row
        for row in find(bound.key for bound in [*budgets.values(), *quotas.values()])
    }
    waiting = in_hand(budgets)
    reserved, reserved_of_measure = _reserved(calls)
    found: dict[int, LineRow] = {}
    for call in calls:
        line = found.setdefault(call.measure_id, LineRow(call.measure))
        account = accounts.get(budgets[call.pk].key)
        row = CallRow(call, _figures(call, account, waiting), Places(call.places), account)
        row.places.taken = account.committed_places if account else 0
        row.places.reserved = reserved.get(call.pk, 0)
        line.calls.append(row)
        line.figures.add(row.figures)
    for line in found.values():
        line.places = _places(line, quotas, accounts)
        if any(key[1].endswith("/lifetime") for key in _named(line, quotas)):
            # The document's places are counted over all years, and so is what is reserved.
            line.places.reserved = reserved_of_measure.get(line.measure.pk, 0)
    return list(found.values())


def _figures(call: Call, account: CapAccount | None, waiting) -> Figures:
    amount_cny, count = waiting.get(call.pk, (ZERO, 0))
    found = Figures(budget_cny=call.budget_cny, in_hand_cny=amount_cny, in_hand_count=count)
    if account is not None:
        found.committed_cny = account.committed_cny
        found.approved_cny, found.paid_cny = account.approved_cny, account.paid_cny
    return found


def _reserved(calls: list[Call]) -> tuple[dict[int, int], dict[int, int]]:
    """How many awards are only reserved: by call, and by measure over all years."""
    rows = (
        Award.objects.filter(
            call__measure__in={call.measure_id for call in calls}, state=Award.State.RESERVED
        )
        .values("call", "call__measure")
        .annotate(count=Count("pk"))
    )
    by_call: dict[int, int] = {}
    by_measure: dict[int, int] = {}
    for row in rows:
        by_call[row["call"]] = row["count"]
        measure = row["call__measure"]
        by_measure[measure] = by_measure.get(measure, 0) + row["count"]
    return by_call, by_measure


def _named(line: LineRow, quotas: dict[int, Bound]) -> dict[tuple[str, str], Bound]:
    return {
        bound.key: bound for row in line.calls if (bound := quotas.get(row.call.pk)) is not None
    }


def _places(
    line: LineRow, quotas: dict[int, Bound], accounts: dict[tuple[str, str], CapAccount]
) -> Places:
    """The places that the document names (each account once), else those of the calls."""
    named = _named(line, quotas)
    found = Places(reserved=sum(row.places.reserved for row in line.calls))
    if named:
        found.total = sum(bound.cap_places or 0 for bound in named.values())
        found.taken = sum(accounts[key].committed_places if key in accounts else 0 for key in named)
    elif any(row.places.total is not None for row in line.calls):
        found.total = sum(row.places.total or 0 for row in line.calls)
        found.taken = sum(row.places.taken for row in line.calls)
    else:
        found.taken = sum(row.places.taken for row in line.calls)
    return found


def total(rows: Iterable[LineRow]) -> Figures:
    """The sum over the lines."""
    found = Figures()
    for row in rows:
        found.add(row.figures)
    return found


_DISAGREE = """
SELECT a.id FROM awards_capaccount a
  LEFT JOIN (SELECT p.account_id, sum(e.committed_change_cny) AS committed,
                    sum(e.approved_change_cny) AS approved, sum(e.paid_change_cny) AS paid,
                    sum(e.places_change) AS places
               FROM awards_posting p JOIN awards_entry e ON e.id = p.entry_id
              GROUP BY p.account_id) s ON s.account_id = a.id
 WHERE (a.committed_cny, a.approved_cny, a.paid_cny, a.committed_places) IS DISTINCT FROM
       (coalesce(s.committed, 0), coalesce(s.approved, 0), coalesce(s.paid, 0),
        coalesce(s.places, 0))
"""


def accounts_that_disagree() -> list[int]:
    """Accounts whose counters are not the sum of their entries; none, as long as the database's
    triggers stand. One query over the whole ledger: for ``check``, never for a page."""
    with connection.cursor() as cursor:
        cursor.execute(_DISAGREE)
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def check() -> LedgerCheck:
    """Compare every account with its entries and keep what was found, for the pages to tell."""
    return LedgerCheck.objects.create(
        at=clock.now(), accounts=CapAccount.objects.count(), faults=accounts_that_disagree()
    )


def last_check() -> LedgerCheck | None:
    """The newest comparison; None: not compared yet."""
    return LedgerCheck.objects.order_by("-id").first()
