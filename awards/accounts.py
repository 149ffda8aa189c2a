"""Which accounts bind a case, and their opening.

A case is bound by the account of its call (budget and places), by the places that its measure
has, and by the caps of its pinned definition. Rules and scopes are data; only how a scope is
identified is written here.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Q, Sum

from applications import amounts
from applications.models import Application
from awards.models import Award, CapAccount, Entry, Posting
from policy import computing
from policy.calls import schema_of
from policy.models import Call, Measure
from portal.accounts.models import Organisation
from portal.audit.recording import record

CALL_BUDGET = "call_budget"
ZERO = Decimal("0.00")


@dataclass(frozen=True, order=True)
class Bound:
    """One bound of a case: the account's key, and the caps of the case's own definition.

    ``cap_cny`` in 元; ``None`` bounds nothing. ``follows_call``: the caps are the call's, read
    from the account under its lock.
    """

    rule: str
    scope: str
    label_zh: str = field(compare=False)
    label_en: str = field(compare=False)
    clause: str = field(default="", compare=False)
    cap_cny: Decimal | None = field(default=None, compare=False)
    cap_places: int | None = field(default=None, compare=False)
    measure: Measure | None = field(default=None, compare=False)
    call: Call | None = field(default=None, compare=False)
    organisation: Organisation | None = field(default=None, compare=False)
    year: int | None = field(default=None, compare=False)
    cap_code: str = field(default="", compare=False)
    # A ceiling over several lines: what they gave under calls without it counts all the same.
    lines: tuple[str, ...] = field(default=(), compare=False)
    # A rule of stacking that the call uses: what the other lines hold is asked for.
    stacking: bool = field(default=False, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        return self.rule, self.scope

    @property
    def follows_call(self) -> bool:
        return self.rule == CALL_BUDGET

    @property
    def is_bound(self) -> bool:
        """Whether it bounds anything; a rule of stacking is only a record of what is held."""
        return self.follows_call or self.cap_cny is not None or self.cap_places is not None


def budget_bound(call: Call) -> Bound:
    """The call's budget and places. Source: the call's own act, never the document."""
    return Bound(
        rule=CALL_BUDGET,
        scope=f"call:{call.uid}/call",
        label_zh="批次预算与名额",
        label_en="Budget and places of the call",
        cap_cny=call.budget_cny,
        cap_places=call.places,
        measure=call.measure,
        call=call,
        year=call.year,
    )


def quota_bound(call: Call, *, year: int | None = None) -> Bound | None:
    """The places that the document names for the measure (10-1: 10家), or None.

    A total and a stock are one account for all years; ``per_year`` and ``per_call`` start anew.
    ``year``: the one that the case counts in, if not the call's.
    """
    schema = schema_of(call.definition) if call.definition else None
    quota = schema.quota_plan(call.settings) if schema else None
    if quota is None:
        return None
    meaning, year = quota.meaning, year or call.year
    period = {"per_year": str(year), "per_call": call.uid}.get(meaning, "lifetime")
    scope = f"line:{call.measure.line}/{period}"
    return Bound(
        rule=f"{call.measure.line}/places",
        scope=scope,
        label_zh=f"{call.measure.name_zh}名额",
        label_en=f"Places: {call.measure.name_en}",
        clause=quota.clause,
        cap_places=quota.places,
        measure=call.measure,
        call=call if meaning == "per_call" else None,
        year=year if meaning == "per_year" else None,
    )


def scope_of(application: Application, *, year: int | None = None) -> computing.Scope:
    """What the caps of the case are counted for, the call's budget among them."""
    return amounts.scope_of(application, year=year, budget_cny=application.call.budget_cny)


def cap_bounds(application: Application, *, scope: computing.Scope) -> list[Bound]:
    """The caps of the pinned definition and the call's own ceilings, in the scope and period of
    this case.

    ``once`` is one place: a second award in the scope and period is refused, whatever room is
    left under the amount.
    """
    call, schema = application.call, schema_of(application.definition)
    caps = {cap.code: cap for cap in schema.cap_plan(call.settings)}
    found = []
    for account in computing.accounts(schema, settings=call.settings, scope=scope):
        if account.code == CALL_BUDGET:
            continue
        cap = caps.get(account.code)
        lines: tuple[str, ...] = ()
        rule = f"{call.measure.line}/{account.code}"
        if account.code == "group_limit":
            lines = computing.group_lines(schema, call.settings)
            rule = f"group/{hashlib.sha256(','.join(lines).encode()).hexdigest()[:16]}"
        period = account.key.rpartition("/")[2]
        found.append(
            Bound(
                rule=rule,
                scope=account.key,
                label_zh=account.label.zh,
                label_en=account.label.en,
                clause=account.clause,
                cap_cny=account.cap_cny,
                cap_places=1 if cap and cap.once else None,
                # A ceiling over several lines is no one measure's.
                measure=None if lines else call.measure,
                call=call if cap and cap.period == "call" else None,
                organisation=application.organisation,
                year=scope.year if period == str(scope.year) else None,
                cap_code=account.code,
                lines=lines,
            )
        )
    return found


def stack_bounds(application: Application, *, scope: computing.Scope) -> list[Bound]:
    """The record of what the lines of each rule of stacking hold for the case's subject.

    It is kept whether the call uses the rule or not: the next call may.
    """
    call, schema = application.call, schema_of(application.definition)
    return [
        Bound(
            rule=f"stack/{stack.rule.code}",
            scope=stack.key,
            label_zh=stack.rule.label.zh,
            label_en=stack.rule.label.en,
            measure=call.measure,
            organisation=application.organisation,
            cap_code=stack.code,
            stacking=stack.rule.mode != "none",
        )
        for stack in computing.stack_accounts(schema, settings=call.settings, scope=scope)
    ]


def bounds_of(application: Application, *, year: int | None = None) -> tuple[Bound, ...]:
    """Every bound of the case, in the order of the key: the order in which accounts are locked.

    ``year``: the one that its award counts in, where it has one.
    """
    scope = scope_of(application, year=year)
    found = [
        budget_bound(application.call),
        *cap_bounds(application, scope=scope),
        *stack_bounds(application, scope=scope),
    ]
    if quota := quota_bound(application.call, year=scope.year):
        found.append(quota)
    return tuple(sorted(found))


def find(keys: Iterable[tuple[str, str]]):
    """The accounts of these keys that are open, in the order of the key."""
    wanted = Q(pk__in=[])
    for rule, scope in keys:
        wanted |= Q(rule=rule, scope=scope)
    return CapAccount.objects.filter(wanted).order_by("rule", "scope")


def open_and_lock(bounds: Iterable[Bound], *, actor) -> dict[tuple[str, str], CapAccount]:
    """The accounts of the bounds, opened where missing, locked in the order of the key.

    A cap that a newer definition raised is raised on the account, on record. A lower one is not
    forced on what was committed before: it binds the cases of its own definition, by ``room``.
    """
    by_key = {bound.key: bound for bound in sorted(bounds)}
    known = set(find(by_key).values_list("rule", "scope"))
    missing = [bound for key, bound in by_key.items() if key not in known]
    if missing:
        CapAccount.objects.bulk_create(map(_account, missing), ignore_conflicts=True)
    locked = find(by_key).select_for_update(no_key=True)
    accounts = {(account.rule, account.scope): account for account in locked}
    for key, bound in by_key.items():
        _raise_cap(accounts[key], bound, actor=actor)
    return accounts


def _account(bound: Bound) -> CapAccount:
    names = (
        "rule", "scope", "label_zh", "label_en", "clause", "cap_cny", "cap_places", "measure",
        "call", "organisation", "year",
    )  # fmt: skip
    own = {name: getattr(bound, name) for name in names}
    return CapAccount(**own, lines=list(bound.lines))


def _raise_cap(account: CapAccount, bound: Bound, *, actor) -> None:
    if bound.follows_call:
        return
    before = {"cap_cny": account.cap_cny, "cap_places": account.cap_places}
    raised = {
        name: wanted
        for name, standing in before.items()
        if standing is not None and ((wanted := getattr(bound, name)) is None or wanted > standing)
    }
    if not raised:
        return
    CapAccount.objects.filter(pk=account.pk).update(**raised)
    record(
        "ledger.cap",
        obj=account,
        actor=actor,
        to_state="cap",
        data={
            name: {"before": str(before[name]), "after": str(value)}
            for name, value in raised.items()
        },
    )
    for name, value in raised.items():
        setattr(account, name, value)


def room(account: CapAccount, bound: Bound) -> tuple[Decimal | None, int | None]:
    """What the case may still take of the account: 元 and places; None: not bounded."""
    caps_cny = [account.cap_cny] if bound.follows_call else [account.cap_cny, bound.cap_cny]
    caps_places = (
        [account.cap_places] if bound.follows_call else [account.cap_places, bound.cap_places]
    )
    used_cny = account.committed_cny + uncounted_cny(bound, account)
    cny = [cap - used_cny for cap in caps_cny if cap is not None]
    places = [cap - account.committed_places for cap in caps_places if cap is not None]
    return min(cny, default=None), min(places, default=None)


def uncounted_cny(bound: Bound, account: CapAccount | None) -> Decimal:
    """What the lines of a ceiling over several lines gave the organisation under calls that do not
    know the ceiling: no posting tells the account of it. One query, for such a ceiling only."""
    if not bound.lines:
        return ZERO
    return _given(bound.lines, bound.organisation, bound.year, but=account)


def elsewhere_cny(account: CapAccount) -> Decimal:
    """The same, of an account that is open: as the trigger of its postings counts it."""
    if not account.lines:
        return ZERO
    return _given(account.lines, account.organisation, account.year, but=account)


def _given(lines: Iterable[str], organisation, year: int | None, *, but) -> Decimal:
    awards = Award.objects.filter(organisation=organisation, call__measure__line__in=list(lines))
    if year is not None:
        awards = awards.filter(year=year)
    entries = Entry.objects.filter(award__in=awards)
    if but is not None:
        entries = entries.exclude(postings__account=but)
    return entries.aggregate(cny=Sum("committed_change_cny"))["cny"] or ZERO


def _of_other_lines(bound: Bound, account: CapAccount) -> tuple[Decimal, int]:
    """What lines other than the bound's own hold in a record of stacking: 元 and awards."""
    held = (
        Posting.objects.filter(account=account)
        .exclude(entry__award__call__measure=bound.measure)
        .exclude(entry__opening__measure=bound.measure)
        .aggregate(cny=Sum("entry__committed_change_cny"), places=Sum("entry__places_change"))
    )
    return held["cny"] or ZERO, held["places"] or 0


def committed(
    bounds: Iterable[Bound], accounts: Mapping[tuple[str, str], CapAccount]
) -> dict[tuple[str, str], Decimal]:
    """(code, key) → what is committed there (元), as policy.computing takes it."""
    found: dict[tuple[str, str], Decimal] = {}
    for bound in bounds:
        account = accounts.get(bound.key)
        if account is None or not (bound.cap_code or bound.follows_call):
            continue
        code = bound.cap_code or bound.rule
        if not code.startswith("stacking."):
            found[code, bound.scope] = account.committed_cny + uncounted_cny(bound, account)
        elif bound.stacking:
            cny, places = _of_other_lines(bound, account)
            found[code, bound.scope] = cny
            found[f"{code}.places", bound.scope] = Decimal(places)
    return found
