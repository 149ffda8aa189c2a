"""Checks of `manage.py verify`: the ledger recomputed from its entries, every award replayed
under its pinned version, and the parts summed to the whole. Each yields faults as sentences."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from awards.models import Award, CapAccount, Entry
from policy import computing
from policy.calls import schema_of

ZERO = Decimal("0.00")


@dataclass
class Replayed:
    """An award as its entries, read in order, leave it."""

    recommended_cny: Decimal
    state: str = "reserved"
    approved_cny: Decimal | None = None
    paid_cny: Decimal = ZERO
    places: int = 0

    def act(self, entry: Entry) -> tuple[Decimal, Decimal, Decimal, int]:
        """The entry's changes: committed, approved, paid, places. The rule is written out anew
        here: it must not share a line with the trigger that it checks."""
        amount, kind = entry.amount_cny, entry.kind
        if kind == Entry.Kind.RESERVE:
            self.places += entry.places
            return amount, ZERO, ZERO, entry.places
        if kind == Entry.Kind.APPROVE:
            self.state, self.approved_cny = "approved", amount
            return amount - self.recommended_cny, amount, ZERO, 0
        if kind == Entry.Kind.CONFIRM:
            self.state = "confirmed"
            return ZERO, ZERO, ZERO, 0
        if kind == Entry.Kind.PAY:
            self.paid_cny += amount
            self.state = "paid" if self.paid_cny == self.approved_cny else "confirmed"
            return ZERO, ZERO, amount, 0
        if kind == Entry.Kind.RETURN:
            self.paid_cny -= amount
            self.state = "confirmed"
            return ZERO, ZERO, -amount, 0
        approved = self.approved_cny or ZERO
        self.places -= entry.places
        if kind == Entry.Kind.CLAW_BACK:
            self.approved_cny, self.paid_cny = approved - amount, self.paid_cny - amount
            return -amount, -amount, -amount, -entry.places
        was_reserved = self.state == "reserved"
        self.state = "paid" if self.paid_cny else "released"
        if was_reserved:
            return -amount, ZERO, ZERO, -entry.places
        self.approved_cny = approved - amount
        return -amount, -amount, ZERO, -entry.places


def counters() -> Iterator[str]:
    """Every account's counters, and every award, are what their entries make them; within caps."""
    awards: dict[int, Replayed] = {}
    sums: dict[int, list] = defaultdict(lambda: [ZERO, ZERO, ZERO, 0])
    accounts_of: dict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute("SELECT entry_id, account_id FROM awards_posting ORDER BY id")
        for entry_id, account_id in cursor:
            accounts_of[entry_id].append(account_id)
    amounts = dict(Award.objects.values_list("pk", "recommended_cny"))
    for entry in Entry.objects.order_by("pk").iterator(chunk_size=2000):
        if entry.award_id is None:
            found = (entry.amount_cny, entry.amount_cny, entry.amount_cny, entry.places)
        else:
            award = awards.setdefault(entry.award_id, Replayed(amounts[entry.award_id]))
            found = award.act(entry)
        stored = (
            entry.committed_change_cny,
            entry.approved_change_cny,
            entry.paid_change_cny,
            entry.places_change,
        )
        if stored != found:
            yield f"entry {entry.uid} ({entry.kind}) changes {_list(stored)}, not {_list(found)}"
        for account_id in accounts_of[entry.pk]:
            for place, change in enumerate(found):
                sums[account_id][place] += change
    yield from _accounts(sums)
    yield from _awards(awards)


def _accounts(sums: dict[int, list]) -> Iterator[str]:
    for account in CapAccount.objects.order_by("rule", "scope").iterator(chunk_size=2000):
        stored = [
            account.committed_cny,
            account.approved_cny,
            account.paid_cny,
            account.committed_places,
        ]
        if stored != (found := sums[account.pk]):
            yield f"account {account}: counters {_list(stored)}, entries {_list(found)}"
        if account.cap_cny is not None and account.committed_cny > account.cap_cny:
            yield f"account {account}: {account.committed_cny} committed, cap {account.cap_cny}"
        if account.cap_places is not None and account.committed_places > account.cap_places:
            yield f"account {account}: {account.committed_places} of {account.cap_places} places"


def _awards(replayed: dict[int, Replayed]) -> Iterator[str]:
    rows = Award.objects.defer("trace").select_related("application").order_by("pk")
    for award in rows.iterator(chunk_size=2000):
        found = replayed.get(award.pk)
        if found is None:
            yield f"award {award.uid} has no entry"
            continue
        stored = (award.state, award.approved_cny, award.paid_cny)
        if stored != (found.state, found.approved_cny, found.paid_cny):
            told = (found.state, found.approved_cny, found.paid_cny)
            yield f"award {award.uid} is {_list(stored)}, its entries say {_list(told)}"
        case = award.application
        if (case.approved_cny or ZERO, case.paid_cny or ZERO) != (
            award.approved_cny or ZERO,
            award.paid_cny,
        ):
            yield (
                f"case {case.number} shows {case.approved_cny} approved, {case.paid_cny} paid; "
                f"its award {award.approved_cny}, {award.paid_cny}"
            )


def traces() -> Iterator[str]:
    """Every stored award recomputes to the 分 under its pinned version, byte for byte."""
    rows = Award.objects.select_related("definition", "application").order_by("pk")
    for award in rows.iterator(chunk_size=500):
        name = f"award {award.uid} ({award.application.number})"
        if "arguments" not in award.trace:
            yield f"{name} has no trace"
            continue
        try:
            again = computing.replay(schema_of(award.definition), award.trace)
        except Exception as error:
            yield f"{name} cannot be recomputed: {error!r}"
            continue
        if again.canonical() != computing.canonical(award.trace):
            yield f"{name}: recomputed, the trace differs"
        found = (again.computed_cny or ZERO, again.capped_cny or ZERO)
        if found != (award.computed_cny, award.capped_cny):
            yield (
                f"{name} stands at {award.computed_cny} computed, {award.capped_cny} capped; "
                f"recomputed {found[0]}, {found[1]}"
            )
        if award.definition.measure_id != award.application.definition.measure_id:
            yield f"{name} is pinned to another measure's rules"


_SUMS = {
    "payments that went out are what the award paid": """
        SELECT w.uid, w.paid_cny::text, coalesce(p.sent, 0)::text FROM awards_award w
          LEFT JOIN (SELECT award_id, sum(amount_cny) AS sent FROM awards_payment
                      WHERE state IN ('sent', 'arrived') GROUP BY 1) p ON p.award_id = w.id
          LEFT JOIN (SELECT award_id, sum(amount_cny) AS back FROM awards_entry
                      WHERE kind = 'claw_back' GROUP BY 1) b ON b.award_id = w.id
         WHERE w.paid_cny <> coalesce(p.sent, 0) - coalesce(b.back, 0)
    """,
    "what a signed decision approves is what the ledger approved": """
        SELECT d.number, i.approved_cny::text, coalesce(e.amount_cny::text, 'nothing')
          FROM awards_decisionitem i JOIN awards_decision d ON d.id = i.decision_id
          LEFT JOIN awards_entry e ON e.award_id = i.award_id AND e.kind = 'approve'
         WHERE d.state IN ('released', 'confirmed')
           AND e.amount_cny IS DISTINCT FROM i.approved_cny
    """,
    "every approval stands in a signed decision": """
        SELECT w.uid, e.amount_cny::text, 'none' FROM awards_entry e
          JOIN awards_award w ON w.id = e.award_id
         WHERE e.kind = 'approve' AND NOT EXISTS (
           SELECT 1 FROM awards_decisionitem i JOIN awards_decision d ON d.id = i.decision_id
            WHERE i.award_id = e.award_id AND d.state IN ('released', 'confirmed'))
    """,
    "a call's account shows the sums of its awards": """
        SELECT c.code, a.approved_cny::text || ' / ' || a.paid_cny::text,
               coalesce(w.approved, 0)::text || ' / ' || coalesce(w.paid, 0)::text
          FROM awards_capaccount a JOIN policy_call c ON c.id = a.call_id
          LEFT JOIN (SELECT call_id, sum(coalesce(approved_cny, 0)) AS approved,
                            sum(paid_cny) AS paid FROM awards_award GROUP BY 1) w
            ON w.call_id = a.call_id
         WHERE a.rule = 'call_budget'
           AND (a.approved_cny, a.paid_cny) <> (coalesce(w.approved, 0), coalesce(w.paid, 0))
    """,
    "a call's account has the call's budget and places": """
        SELECT c.code, coalesce(a.cap_cny::text, 'none') || ' / ' || coalesce(a.cap_places::text, 'none'),
               coalesce(c.budget_cny::text, 'none') || ' / ' || coalesce(c.places::text, 'none')
          FROM awards_capaccount a JOIN policy_call c ON c.id = a.call_id
         WHERE a.rule = 'call_budget' AND (a.cap_cny IS DISTINCT FROM c.budget_cny
                                           OR a.cap_places IS DISTINCT FROM c.places)
    """,
    "a call's figures show its account": """
        SELECT c.code, f.committed_cny::text || ' / ' || f.approved_cny::text || ' / ' || f.paid_cny::text,
               a.committed_cny::text || ' / ' || a.approved_cny::text || ' / ' || a.paid_cny::text
          FROM awards_capaccount a JOIN policy_call c ON c.id = a.call_id
          JOIN policy_callfigures f ON f.call_id = c.id
         WHERE a.rule = 'call_budget'
           AND (f.committed_cny, f.approved_cny, f.paid_cny)
               <> (a.committed_cny, a.approved_cny, a.paid_cny)
    """,
}


def sums() -> Iterator[str]:
    """The parts sum to the whole: payments, decisions, awards, accounts and figures agree."""
    with connection.cursor() as cursor:
        for rule, query in _SUMS.items():
            cursor.execute(query)
            for name, one, other in cursor.fetchall():
                yield f"not so: {rule}: {name}: {one}, {other}"


def _list(values) -> str:
    return " / ".join(str(value) for value in values)
