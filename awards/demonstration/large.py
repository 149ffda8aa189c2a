"""Demonstration data by the ten thousand, for benchmarks: the cases that the verbs made, copied.

A copy has its own organisations, people, numbers, titles, invoices and moments; its history is
one that happened. The guards lie down while COPY runs, in one transaction, and come back as they
were: foreign keys are proved anew, the chain is closed by the database's own function, counters
are summed from the postings, and ``manage.py verify`` finds no fault afterwards.

A measure with a number of places for all years has no room for more awards: of its call only
cases that were not selected yet are copied.
"""

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
from django.conf import settings
from django.db import connection as running
from django.db.models import Model
from psycopg import sql
from stdnum.cn import uscc

from applications import snapshot
from applications.models import Application, Invoice, Numbering, Submission
from awards import figures, overview
from awards.demonstration import names
from awards.demonstration.base import DOMAIN
from awards.demonstration.copying import NULL, Keys, Laid, Pattern, Table, closure, uid_of
from awards.models import Award, CapAccount, Decision, PaymentBatch
from policy.models import Call, CallFigures
from portal.accounts.models import Organisation, User
from portal.audit.models import Event
from portal.database import conninfo
from portal.notices.models import Notice
from portal.types import known
from reviews.models import Panel, PublicNotice, Selection, SelectionItem

# The copied calls: where their code ends, and what their title says.
MARK = "-L"
TITLE = "（大规模演示）"
BUDGET_CNY = "900000000000.00"
# A copy's moments lie up to so long before its pattern's.
SPREAD_MINUTES = 72 * 60
WRITE_BYTES = 8_000_000
OF_CALL = (Panel, Selection, PublicNotice, Decision, PaymentBatch)
Say = Callable[[str], None]


class Refused(Exception):
    """The data are no demonstration, or there is nothing to copy."""


@dataclass
class Made:
    """What stands after a load."""

    cases: int
    awards: int
    rows: int
    copies: int


@dataclass
class Load:
    """One load: the owner's connection, and the counters that run through all its copies."""

    owner: psycopg.Connection
    seed: str
    say: Say
    copy: int = 0
    organisations: int = 0
    rows: int = 0
    numbers: dict[str, int] = field(default_factory=dict)
    # Table and columns → rows that wait for their COPY: a statement for each copy would be slow.
    waiting: dict[tuple[str, tuple[str, ...]], list[str]] = field(default_factory=dict)
    waiting_bytes: int = 0
    next_key: dict[type[Model], int] = field(default_factory=dict)

    def number(self, old: str) -> str:
        """The next number of the series of an old one."""
        series = old.rpartition("-")[0]
        self.numbers[series] = self.numbers.get(series, 0) + 1
        return f"{series}-{self.numbers[series]:04d}"

    def first_key(self, model: type[Model], count: int) -> int:
        if model not in self.next_key:
            name = model._meta.db_table
            column = model._meta.pk.column
            [(last,)] = self.owner.execute(
                sql.SQL("SELECT coalesce(max({}), 0) FROM {}").format(
                    sql.Identifier(known(column)), sql.Identifier(name)
                )
            ).fetchall()
            self.next_key[model] = last + 1
        first = self.next_key[model]
        self.next_key[model] += count
        return first

    def write(self, table: str, columns: list[str], rows: str) -> None:
        self.waiting.setdefault((table, tuple(columns)), []).append(rows)
        self.waiting_bytes += len(rows)
        if self.waiting_bytes > WRITE_BYTES:
            self.flush()

    def flush(self) -> None:
        for (table, columns), rows in self.waiting.items():
            query = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with self.owner.cursor().copy(query) as copy:
                for text in rows:
                    copy.write(text)
        self.waiting.clear()
        self.waiting_bytes = 0


def load(*, cases: int, awards: int, seed: str = "1", say: Say = lambda text: None) -> Made:
    """Copy until there are at least so many submitted cases, and so many awards.

    Raises ``Refused`` where the data are not a demonstration's. Done again, it adds what lacks.
    """
    _check()
    with psycopg.connect(conninfo("owner")) as owner:
        owner.execute("SET TIME ZONE 'UTC'")
        run = Load(owner, seed, say, copy=_copies(), organisations=Organisation.objects.count())
        run.numbers = _numbers()
        before = run.copy
        for told in _work(run, cases=cases, awards=awards):
            say(told)
        copies = run.copy - before
    figures.refresh_all()
    overview.check()
    return Made(_cases(), Award.objects.count(), run.rows, copies)


def _check() -> None:
    if not settings.DEMO:
        raise Refused("DEMO=0: demonstration data is not loaded here")
    strangers = Application.objects.exclude(started_by__email__endswith=DOMAIN)
    if strangers.exists():
        raise Refused("there are cases that no demonstration account made: these data are real")


def _cases() -> int:
    return Application.objects.filter(submitted_at__isnull=False).count()


def _numbers() -> dict[str, int]:
    """Series → the last number in it, counted or given."""
    found = dict(Numbering.objects.values_list("series", "last"))
    for number in Application.objects.filter(number__gt="").values_list("number", flat=True):
        series, _dash, last = known(number).rpartition("-")
        found[series] = max(found.get(series, 0), int(last) if last.isdecimal() else 0)
    return found


def _copies() -> int:
    """The number of the last copy: it stands in its people's addresses."""
    with running.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(substring(email FROM '\\+([0-9]+)@')::int), 0) FROM accounts_user"
        )
        return cursor.fetchone()[0]


# --- what is copied ------------------------------------------------------------------


@dataclass
class Kind:
    """What is copied together: how often, and what one copy gains."""

    pattern: Pattern
    sealed: list["Sealed"]
    times: int
    cases: int
    awards: int


def _work(run: Load, *, cases: int, awards: int) -> Iterator[str]:
    """Read everything, then write: from the first table on nobody else may read."""
    patterns = Call.objects.exclude(code__endswith=MARK).filter(applications__isnull=False)
    calls = list(patterns.distinct().order_by("pk"))
    if not calls:
        raise Refused("there are no cases to copy: manage.py demo")
    copied = _calls(run, calls)
    kinds = list(_kinds(run, calls, copied, cases=cases, awards=awards))
    tables = _tables([*(kind.pattern for kind in kinds), copied.pattern])
    with Laid(run.owner, tables):
        run.owner.execute(
            "CREATE TEMP TABLE large_event (LIKE audit_event INCLUDING IDENTITY) ON COMMIT DROP"
        )
        if copied.pattern is not None:
            _write_all(run, copied.pattern, copied.values)
            yield "calls copied"
        for kind in kinds:
            for done in range(1, kind.times + 1):
                _write(run, kind)
                if done % max(1, kind.times // 8) == 0:
                    yield f"{done} of {kind.times} copies, {run.rows:,} rows"
        run.flush()
        yield f"{_chain(run):,} events chained"
        _settle(run)
    yield f"{len(tables)} tables are guarded again"
    run.owner.execute("ANALYZE")


def _kinds(
    run: Load, calls: list[Call], copied: "Copied", *, cases: int, awards: int
) -> Iterator[Kind]:
    """Whole copies until there are enough cases, then granted cases until there are enough
    awards."""
    have_cases, have_awards = _cases(), Award.objects.count()
    for granted in (False, True):
        roots = _roots(calls, granted=granted)
        lacking = (awards - have_awards) if granted else (cases - have_cases)
        if lacking <= 0:
            continue
        gained = _gained(roots)
        if not gained[granted]:
            if granted:
                raise Refused("no measure without a number of places has an award to copy")
            raise Refused("there are no cases to copy: manage.py demo")
        times = -(-lacking // gained[granted])
        have_cases += times * gained[0]
        have_awards += times * gained[1]
        pattern = _pattern(run, roots, copied)
        yield Kind(pattern, list(_sealed(pattern)), times, *gained)


def _gained(roots: Keys) -> tuple[int, int]:
    """Submitted cases and awards of one copy."""
    cases = Application.objects.filter(pk__in=roots.get(Application, ()))
    return (
        cases.filter(submitted_at__isnull=False).count(),
        cases.filter(award__isnull=False).count(),
    )


def _roots(calls: list[Call], *, granted: bool = False) -> Keys:
    """Cases with their organisations and people, and what calls hold of several cases together;
    ``granted``: only what led to an award."""
    bound = CapAccount.objects.filter(
        rule__endswith="/places", call__isnull=True, cap_places__isnull=False
    )
    full = set(bound.values_list("measure", flat=True))
    free = [call for call in calls if call.measure_id not in full]
    cases = Application.objects.filter(call__in=calls)
    if granted:
        cases = cases.filter(call__in=free, award__isnull=False)
    selected = SelectionItem.objects.exclude(selection__call__in=free).values("application")
    cases = cases.exclude(pk__in=selected)
    organisations = Organisation.objects.filter(applications__in=cases)
    people = User.objects.filter(memberships__organisation__in=organisations)
    found: Keys = {
        Application: set(cases.values_list("pk", flat=True)),
        Organisation: set(organisations.values_list("pk", flat=True)),
        User: set(people.values_list("pk", flat=True)),
    }
    if not found[Application]:
        return {}
    for model in OF_CALL:
        of = [*free] if model is not Panel else calls
        found[model] = set(model.objects.filter(call__in=of).values_list("pk", flat=True))
    _leave_empty(found)
    # Not the officers': of ten thousand cases one clerk would have a hundred thousand unread.
    notices = Notice.objects.filter(recipient__in=people)
    found[Notice] = set(notices.values_list("pk", flat=True))
    return {model: keys for model, keys in found.items() if keys}


def _leave_empty(found: Keys) -> None:
    """What is held of several cases together is copied only with one of them."""
    cases = found[Application]
    paths = {
        Panel: "cases__application", Selection: "items__application",
        PublicNotice: "selection__items__application", Decision: "items__award__application",
        PaymentBatch: "payments__award__application",
    }  # fmt: skip
    for model, path in paths.items():
        held = model._default_manager.filter(pk__in=found[model], **{f"{path}__in": cases})
        found[model] = set(held.values_list("pk", flat=True))


def _tables(patterns: list[Pattern | None]) -> list[str]:
    models = {Event, CapAccount}
    for pattern in patterns:
        models.update(table.model for table in pattern.tables if table.keys) if pattern else None
    return sorted(model._meta.db_table for model in models)


# --- patterns ------------------------------------------------------------------------


@dataclass
class Copied:
    """The calls of the copies: (model, old key) → new key, old word → new; and, the first time,
    what has to be written."""

    keys: dict[tuple[type, int], int]
    said: dict[str, str]
    pattern: Pattern | None = None
    values: list[str] = field(default_factory=list)


def _calls(run: Load, calls: list[Call]) -> Copied:
    said = {call.uid: uid_of(call.uid, 0) for call in calls}
    said |= {call.code: f"{call.code}{MARK}" for call in calls}
    said |= {call.title_zh: f"{call.title_zh}{TITLE}" for call in calls}
    copied = Copied({}, said)
    standing = dict(Call.objects.filter(code__endswith=MARK).values_list("code", "pk"))
    accounts = CapAccount.objects.filter(call__in=calls, organisation__isnull=True)
    opened = {
        (account.rule, account.scope): account.pk
        for account in CapAccount.objects.filter(call__in=standing.values())
    }
    missing = [call.pk for call in calls if f"{call.code}{MARK}" not in standing]
    for call in calls:
        if call.pk not in missing:
            copied.keys[Call, call.pk] = standing[f"{call.code}{MARK}"]
    for account in accounts.exclude(call__in=missing):
        uid = known(account.call).uid
        key = account.rule, account.scope.replace(uid, said[uid])
        copied.keys[CapAccount, account.pk] = opened[key]
    if missing:
        _new_calls(run, copied, missing)
    return copied


def _new_calls(run: Load, copied: Copied, calls: list[int]) -> None:
    """Calls with room for everybody; their figures and accounts."""
    own = {"call__in": calls}
    accounts = CapAccount.objects.filter(**own, organisation__isnull=True)
    keys: Keys = {
        Call: set(calls),
        CallFigures: set(CallFigures.objects.filter(**own).values_list("pk", flat=True)),
        CapAccount: set(accounts.values_list("pk", flat=True)),
    }
    changes = {
        (Call, "budget_cny"): BUDGET_CNY, (Call, "places"): NULL,
        (CapAccount, "cap_cny"): BUDGET_CNY, (CapAccount, "cap_places"): NULL,
        (CallFigures, "budget_cny"): BUDGET_CNY, (CallFigures, "places_total"): NULL,
    }  # fmt: skip
    pattern = Pattern(run.owner, keys, words={}, constants={}, said=copied.said, changes=changes)
    copies: tuple[type[Model], ...] = (Call, CapAccount)
    first = {model: run.first_key(model, len(keys[model])) for model in copies}
    copied.pattern = pattern
    copied.values = pattern.values(0, first, shift=timedelta(0), seed=run.seed)
    for (model, old), place in pattern.place_of.items():
        if model is not CallFigures:
            copied.keys[model, old] = int(copied.values[place])


def _pattern(run: Load, roots: Keys, copied: Copied) -> Pattern:
    keys = closure(roots, leave=[Call, User], shared=[CapAccount])
    keys[User] = roots[User]
    people = User.objects.filter(pk__in=keys[User])
    addresses = people.model._meta.get_field("emailaddress").related_model
    keys[addresses] = set(
        addresses._default_manager.filter(user__in=people).values_list("pk", flat=True)
    )
    return Pattern(
        run.owner, keys, words=_words(run, keys), constants=copied.keys, said=copied.said,
        changes={(Notice, "mailed_at"): "=created_at"},
    )  # fmt: skip


def _words(run: Load, keys: Keys) -> dict:
    """What differs from copy to copy, beside uids: each old text with what makes a new one."""
    found: dict = {}

    organisations = Organisation.objects.filter(pk__in=keys[Organisation])
    for item in organisations.select_related("district"):
        found[item.name] = lambda _c, _r, kind=item.kind: _next_name(run, kind)
        found[item.uscc] = lambda _c, _r, code=item.uscc: _credit_code(code, run.organisations)
        # Shared accounts, phones and addresses are findings: a copy has its own.
        for shared in (item.bank_account, item.contact_phone):
            if len(shared) >= 10:
                found[shared] = lambda _c, chance, old=shared: _digits(old, chance)
        if len(item.address) >= 8:
            place = item.district.name_zh
            found[item.address] = lambda _c, chance, place=place: names.address(chance, place)
    for (email,) in User.objects.filter(pk__in=keys[User]).values_list("email"):
        local, _at, domain = email.partition("@")
        found[email] = lambda copy, _r, a=local, b=domain: f"{a}+{copy}@{b}"
    for title, line in Application.objects.filter(pk__in=keys[Application]).values_list(
        "title", "call__measure__line"
    ):
        if len(title) >= 8:
            found[title] = lambda _c, chance, line=line: names.project(chance, line)
    for subjects in Application.objects.filter(pk__in=keys[Application]).values_list(
        "subjects", flat=True
    ):
        # A subject that organisations may share binds them together; each copy has its own.
        for subject in (subjects or {}).values():
            if "~" not in subject:
                found[subject] = lambda copy, _r, old=subject: _subject(old, copy)
    numbers = Application.objects.filter(pk__in=keys[Application], number__isnull=False)
    for (number,) in numbers.values_list("number"):
        found[number] = lambda _c, _r, number=number: run.number(number)
    for (number,) in Invoice.objects.filter(
        pk__in=keys.get(Invoice, ()), invoice_no__regex=r"[0-9]{8}$"
    ).values_list("invoice_no"):
        found[number] = lambda _c, chance, old=number: _digits(old, chance)
    for (sha256,) in Submission.objects.filter(pk__in=keys.get(Submission, ())).values_list(
        "sha256"
    ):
        found[sha256] = lambda _c, _r: ""  # sealed when the rest is known
    return found


def _subject(old: str, copy: int) -> str:
    return hashlib.sha256(f"{old}/{copy}".encode()).hexdigest()[: len(old)]


def _digits(old: str, chance: random.Random) -> str:
    """The number with its last eight digits thrown anew."""
    return f"{old[:-8]}{chance.randrange(10**8):08d}"


def _next_name(run: Load, kind: str) -> str:
    run.organisations += 1
    return names.organisation(run.organisations, kind)


def _credit_code(old: str, number: int) -> str:
    """A credit code of the same region and kind, with its check digit."""
    body = f"{old[:8]}M{number:08d}"
    return body + uscc.calc_check_digit(body)


@dataclass
class Sealed:
    """A snapshot whose SHA-256 stands in other rows: hashed anew in each copy."""

    place: int
    text: str
    places: list[int]
    ordered: bool = True

    def seal(self, values: list[str]) -> None:
        text = self.text % tuple([values[place] for place in self.places])
        if not self.ordered:
            text = snapshot.canonical(json.loads(text))
        values[self.place] = hashlib.sha256(text.encode()).hexdigest()


def _sealed(pattern: Pattern) -> Iterator[Sealed]:
    keys = next((t.keys for t in pattern.tables if t.model is Submission), [])
    for sha256, data in Submission.objects.filter(pk__in=keys).values_list("sha256", "snapshot"):
        text = snapshot.canonical(data)
        # Where an object's keys are uids, their order differs from copy to copy.
        ordered = not re.search(r'[{,]"[0-9a-hjkmnp-tv-z]{12}":', text)
        yield Sealed(pattern.word_places[sha256], *pattern.text(text), ordered)


# --- writing -------------------------------------------------------------------------


def _write(run: Load, kind: Kind) -> None:
    run.copy += 1
    chance = random.Random(f"{run.seed}/shift/{run.copy}")
    pattern = kind.pattern
    first = {model: run.first_key(model, count) for model, count in pattern.count().items()}
    values = pattern.values(
        run.copy, first, shift=-timedelta(minutes=chance.randrange(SPREAD_MINUTES)), seed=run.seed
    )
    for item in kind.sealed:
        item.seal(values)
    _write_all(run, pattern, values)


def _write_all(run: Load, pattern: Pattern, values: list[str]) -> None:
    for table in pattern.tables:
        _copy_in(run, table, values)
    _copy_in(run, pattern.events, values, into="large_event")


def _copy_in(run: Load, table: Table, values: list[str], *, into: str = "") -> None:
    if not table.keys:
        return
    run.write(into or table.model._meta.db_table, table.columns, table.fill(values))
    run.rows += len(table.keys)


_CHAIN = """
CREATE FUNCTION pg_temp.large_chain() RETURNS SETOF audit_event LANGUAGE plpgsql AS $$
DECLARE
  head audit_head%ROWTYPE;
  event audit_event%ROWTYPE;
BEGIN
  SELECT * INTO head FROM audit_head WHERE id = 1;
  FOR event IN SELECT * FROM large_event ORDER BY id LOOP
    head.position := head.position + 1;
    event.id := nextval(pg_get_serial_sequence('audit_event', 'id'));
    event.position := head.position;
    event.previous_hash := head.hash;
    event.hash := encode(sha256(convert_to(
      head.hash || audit_canonical(event, head.position), 'UTF8')), 'hex');
    head.hash := event.hash;
    RETURN NEXT event;
  END LOOP;
  UPDATE audit_head SET position = head.position, hash = head.hash WHERE id = 1;
END $$
"""


def _chain(run: Load) -> int:
    """Close the chain over the new events, as the trigger would have, one after the other."""
    run.owner.execute("LOCK TABLE audit_head IN EXCLUSIVE MODE")
    run.owner.execute(_CHAIN)
    done = run.owner.execute("INSERT INTO audit_event SELECT * FROM pg_temp.large_chain()")
    return done.rowcount


_COUNTERS = """
UPDATE awards_capaccount a SET committed_cny = s.committed, approved_cny = s.approved,
       paid_cny = s.paid, committed_places = s.places
  FROM (SELECT p.account_id, sum(e.committed_change_cny) AS committed,
               sum(e.approved_change_cny) AS approved, sum(e.paid_change_cny) AS paid,
               sum(e.places_change) AS places
          FROM awards_posting p JOIN awards_entry e ON e.id = p.entry_id GROUP BY 1) s
 WHERE s.account_id = a.id
   AND (a.committed_cny, a.approved_cny, a.paid_cny, a.committed_places)
       IS DISTINCT FROM (s.committed, s.approved, s.paid, s.places)
"""


def _settle(run: Load) -> None:
    """Counters are what the postings sum to; series and keys go on behind what was written."""
    run.owner.execute(
        "UPDATE awards_capaccount a SET committed_cny = 0, approved_cny = 0, paid_cny = 0,"
        " committed_places = 0 WHERE NOT EXISTS"
        " (SELECT 1 FROM awards_posting p WHERE p.account_id = a.id)"
    )
    run.owner.execute(_COUNTERS)
    for series, last in run.numbers.items():
        run.owner.execute(
            "INSERT INTO applications_numbering (series, last) VALUES (%s, %s)"
            " ON CONFLICT (series) DO UPDATE SET last = excluded.last",
            [series, last],
        )
    for model, following in run.next_key.items():
        run.owner.execute(
            "SELECT setval(pg_get_serial_sequence(%s, %s), %s, false)",
            [model._meta.db_table, model._meta.pk.column, following],
        )
