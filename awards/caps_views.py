"""额度与拨付: the overview, a measure, a call, an award."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum, Window
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from applications import timeline
from awards import access, clawbacks, decisions, overview, payments, promoting
from awards.access import staff
from awards.accounts import bounds_of, find, room
from awards.models import Award, CapAccount, Decision, Entry, PaymentBatch
from awards.tracing import rows_of, steps_of
from awards.withdrawing import CANCELLABLE
from policy import computing
from policy.calls import schema_of
from portal import clock
from portal.accounts.loading import has_role
from portal.accounts.models import Role
from portal.paging import page_by_key
from portal.templatetags.portal_ui import day, with_unit
from reviews.holding import call_roles
from reviews.models import Selection

AWARD_KEYS = ["-made_at", "uid"]
# What a list of awards shows: never the trace, which may be long.
_HEAVY = ("trace", "application__computation")
# A call's page names so many of what waits; the rest stands in the lists.
SHOWN = 5
WAITING_AT_ONCE = 20


def _year(request, known: list[int]) -> int | None:
    """The year asked for; without one this year, or the newest that has a call. None: all."""
    asked = request.GET.get("year", "")
    if asked == "all":
        return None
    if asked.isdecimal() and int(asked) in known:
        return int(asked)
    this = clock.local(request.arrived_at).year
    return this if this in known or not known else known[0]


@staff
@require_GET
def caps(request):
    """The overview: figures, a bar for each line, places; 预演 shows the queue as approved."""
    measures = access.require_measures(request.user)
    known = overview.years(measures)
    year = _year(request, known)
    rows = overview.lines(year=year, measures=measures)
    context = {
        "rows": rows,
        "total": overview.total(rows),
        "year": year,
        "years": known,
        "preview": request.GET.get("preview") == "1",
        "checked": overview.last_check(),
        "as_of": request.arrived_at,
        "is_finance": access.sees_accounts(request.user),
    }
    return render(request, "awards/caps.html", context)


@staff
@require_GET
def line(request, line: str):
    """A measure's calls and every award behind its bar."""
    measure = access.get_measure(request.user, line)
    known = overview.years([measure.pk])
    year = _year(request, known)
    found = overview.lines(year=year, measures=[measure.pk])
    every = Award.objects.filter(call__measure=measure)
    if year is not None:
        every = every.filter(year=year)
    context = {
        "measure": measure,
        "row": found[0] if found else None,
        "year": year,
        "years": known,
        "openings": _openings(measure),
        "quotas": CapAccount.objects.filter(measure=measure, rule=f"{line}/places"),
        **_award_list(request, every),
    }
    return render(request, "awards/line.html", context)


def _openings(measure) -> list[Entry]:
    """What was granted before the portal: entries that count in one of the measure's accounts."""
    return list(
        Entry.objects.filter(kind=Entry.Kind.OPENING, postings__account__measure=measure)
        .select_related("made_by", "opening")
        .order_by("pk")
        .distinct()
    )


def _award_list(request, every) -> dict:
    """A page of awards, with the filter by state and the sums of all that it shows."""
    state = request.GET.get("state", "")
    state = state if state in Award.State.values else ""
    shown = every.filter(state=state) if state else every
    page = page_by_key(
        shown.select_related("application", "organisation", "call").defer(*_HEAVY),
        request,
        keys=AWARD_KEYS,
    )
    sums = shown.aggregate(
        recommended=Sum("recommended_cny", filter=~Q(state=Award.State.RELEASED)),
        approved=Sum("approved_cny"),
        paid=Sum("paid_cny"),
    )
    return {
        "page": page,
        "sums": sums,
        "state": state,
        "states": Award.State.choices,
        "hidden": every.count() if state and not page.rows else 0,
    }


@dataclass(frozen=True)
class First:
    """The oldest of what waits, and how many there are in all."""

    rows: list
    count: int

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


def _first(rows) -> First:
    """One query, however many there are."""
    shown = list(rows.annotate(in_all=Window(Count("pk"))).order_by("drafted_at", "pk")[:SHOWN])
    return First(shown, shown[0].in_all if shown else 0)


@staff
@require_GET
def call(request, uid: str):
    """A call's money: what waits for whom, its accounts, its awards, its waiting list."""
    call = access.get_call(request.user, uid)
    found = overview.lines(year=call.year, measures=[call.measure_id])
    row = next(row for line in found for row in line.calls if row.call.pk == call.pk)
    roles = call_roles(request.user, call)
    finance = has_role(request.user, Role.FINANCE)
    waiting = promoting.waiting_list(call)
    context = {
        "call": call,
        "row": row,
        "line": found[0],
        "roles": roles,
        "is_finance": access.sees_accounts(request.user),
        "selections": _first(Selection.objects.filter(call=call, state="drafted")),
        "ready": decisions.candidates(call).count(),
        "undecided": _first(Decision.objects.filter(call=call, state="drafted").defer("text")),
        "unconfirmed": _first(Decision.objects.filter(call=call, state="released").defer("text")),
        "dues": payments.due_count(call) if finance else 0,
        "unpaid": _first(PaymentBatch.objects.filter(call=call, state="drafted")),
        "waiting": Paginator(waiting, WAITING_AT_ONCE).get_page(request.GET.get("waiting")),
        "may_promote": "lead_clerk" in roles and bool(waiting),
        "may_decide": "lead_clerk" in roles,
        "may_pay": finance,
        **_award_list(request, Award.objects.filter(call=call)),
    }
    return render(request, "awards/call.html", context)


@staff
@require_GET
def award(request, uid: str):
    """One award: its computation, the accounts that bound it, its entries and payments."""
    award = access.get_award(request.user, uid)
    case = award.application
    case.call, case.definition, case.organisation = award.call, award.definition, award.organisation
    roles = call_roles(request.user, award.call)
    bounds = [bound for bound in bounds_of(case, year=award.year) if bound.is_bound]
    accounts = {(row.rule, row.scope): row for row in find(bound.key for bound in bounds)}
    paid = list(award.payments.select_related("batch").order_by("pk"))
    stopped = award.claw_backs.stopping().order_by("-pk").first()
    context = {
        "award": award,
        "case": case,
        "steps": steps_of(award),
        "trace_rows": rows_of(award),
        "replays": _replays(award),
        "bounds": [
            (bound, accounts[bound.key], *room(accounts[bound.key], bound))
            for bound in bounds
            if bound.key in accounts
        ],
        "entries": award.entries.select_related("made_by").order_by("pk"),
        "shares": award.shares.all(),
        "payments": paid,
        "instalments": [
            _step(row, stopped=stopped is not None) for row in payments.instalments(award, paid)
        ],
        "full": access.sees_accounts(request.user),
        "decision": Decision.objects.filter(items__award=award).first(),
        "today": clock.local(request.arrived_at).date(),
        "claw_backs": award.claw_backs.order_by("-pk"),
        "stopped": stopped,
        "may_claw_back": award.paid_cny > 0
        and award.state in clawbacks.PAID_OUT
        and "lead_clerk" in roles,
        "may_cancel": case.status in CANCELLABLE and not award.paid_cny and "lead_head" in roles,
    }
    return render(request, "awards/award.html", context)


def _step(row: payments.Instalment, *, stopped: bool) -> timeline.Entry:
    """An instalment as the timeline shows it: each payment with its days, a return with its reason."""
    told, notes = [], []
    for payment in row.payments:
        words = [payment.get_state_display()]
        if payment.batch.released_at:
            words.append(_("拨付 %(day)s") % {"day": day(payment.batch.released_at)})
        if payment.arrived_on:
            words.append(_("到账 %(day)s") % {"day": day(payment.arrived_on)})
        if payment.bounced_on:
            words.append(_("退回 %(day)s") % {"day": day(payment.bounced_on)})
            notes.append(payment.note)
        told.append(" · ".join(map(str, words)))
    return timeline.Entry(
        state=row.state,
        name=_("第 %(number)s 期 %(percent)s%% · %(cny)s")
        % {"number": row.number, "percent": row.percent, "cny": with_unit(row.amount_cny)},
        meta="；".join(told) or (_("暂停拨付") if stopped else _("待拨付")),
        note="；".join(filter(None, notes)),
    )


def _replays(award: Award) -> bool | None:
    """Whether the stored computation comes out again under its pinned version; None: no trace."""
    if "arguments" not in award.trace:
        return None
    again = computing.replay(schema_of(award.definition), award.trace)
    same = again.canonical() == computing.canonical(award.trace)
    return same and (again.capped_cny or Decimal(0)) == award.capped_cny
