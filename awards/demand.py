"""What a set of cases would take of each account: checked before anything is reserved, and shown
as 'what if' before a selection is confirmed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from applications.models import Application
from awards.accounts import Bound, bounds_of, find, room
from awards.ledger import CapExceeded, QuotaExceeded, holders
from awards.models import CapAccount


@dataclass
class Demand:
    """One account, what it holds, and what the cases ask of it together."""

    bound: Bound
    account: CapAccount | None = None
    asked_cny: Decimal = Decimal(0)
    asked_places: int = 0
    cases: list[Application] = field(default_factory=list)

    @property
    def committed_cny(self) -> Decimal:
        return self.account.committed_cny if self.account else Decimal(0)

    @property
    def committed_places(self) -> int:
        return self.account.committed_places if self.account else 0

    @property
    def left_cny(self) -> Decimal | None:
        """What is left before the demand (元); None: not bounded."""
        return self.bound.cap_cny if self.account is None else room(self.account, self.bound)[0]

    @property
    def left_places(self) -> int | None:
        return self.bound.cap_places if self.account is None else room(self.account, self.bound)[1]

    @property
    def cap_cny(self) -> Decimal | None:
        """The tighter of the account's cap and the one of the cases' own definition (元)."""
        left = self.left_cny
        return None if left is None else left + self.committed_cny

    @property
    def cap_places(self) -> int | None:
        left = self.left_places
        return None if left is None else left + self.committed_places

    @property
    def after_cny(self) -> Decimal:
        return self.committed_cny + self.asked_cny

    @property
    def left_after_cny(self) -> Decimal | None:
        """What is left afterwards (元); negative: by so much it is exceeded."""
        left = self.left_cny
        return None if left is None else left - self.asked_cny

    @property
    def over_cny(self) -> Decimal:
        """By how much the demand exceeds what is left (元)."""
        left = self.left_cny
        return Decimal(0) if left is None else max(self.asked_cny - left, Decimal(0))

    @property
    def over_places(self) -> int:
        left = self.left_places
        return 0 if left is None else max(self.asked_places - left, 0)

    @property
    def fits(self) -> bool:
        return not self.over_cny and not self.over_places


def demands(
    asked: Iterable[tuple[Application, Decimal]],
    *,
    accounts: Mapping[tuple[str, str], CapAccount] | None = None,
) -> list[Demand]:
    """The accounts that the cases would touch, in the order of the key.

    ``accounts``: locked ones; without them they are read as they stand, missing ones as empty.
    """
    found: dict[tuple[str, str], Demand] = {}
    for case, amount_cny in asked:
        for bound in bounds_of(case):
            if not bound.is_bound:
                continue
            demand = found.setdefault(bound.key, Demand(bound))
            demand.asked_cny += amount_cny
            demand.asked_places += 1
            demand.cases.append(case)
    if accounts is None:
        accounts = {(row.rule, row.scope): row for row in find(found)}
    for key, demand in found.items():
        demand.account = accounts.get(key)
    return [found[key] for key in sorted(found)]


def require_room(rows: Iterable[Demand]) -> None:
    """Raise for the first account that has too little, with what all cases ask of it together.

    The accounts must be locked. Places are told first.
    """
    rows = list(rows)
    for row in rows:
        if row.over_places and row.account is not None and row.left_places is not None:
            raise QuotaExceeded(
                row.account,
                asked=row.asked_places,
                left=row.left_places,
                holders=holders(row.account),
            )
    for row in rows:
        if row.over_cny and row.account is not None and row.left_cny is not None:
            raise CapExceeded(
                row.account,
                asked_cny=row.asked_cny,
                left_cny=row.left_cny,
                holders=holders(row.account),
            )
