"""The public pages of the policy: home, measures, calls. Nothing here needs signing in."""

from decimal import Decimal

from django.db.models import Sum
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_GET

from policy.call_page import page_of
from policy.call_settings import show_tiers
from policy.calls import schema_of
from policy.catalogue_page import Card, cards, catalogue, groups
from policy.differences import terms
from policy.models import Call, CallFigures, Measure
from policy.models.questions import Question
from policy.naming import with_names
from portal import clock
from portal.accounts.loading import has_role, organisation_of
from portal.accounts.models import Role
from portal.paging import page_by_key


def _catalogue_context(request, every: list[Card]) -> dict:
    """Cards of the chosen part (or all that are open) under their parts, and the chips above."""
    known = groups(every)
    group = next((group for group in known if group.code == request.GET.get("group")), None)
    is_open = group is None and "open" in request.GET
    shown = [
        card
        for card in every
        if (group is None or card.measure.article.no in group.articles)
        and (not is_open or card.open_call)
    ]
    parts = [
        (part, [card for card in shown if card.measure.article.no in part.articles])
        for part in known
    ]
    return {
        "cards": shown,
        "parts": [(part, rows) for part, rows in parts if rows],
        "total": len(every),
        "groups": known,
        "group": group,
        "is_open": is_open,
        "open_count": sum(card.open_call is not None for card in every),
    }


@require_GET
def home(request):
    every = catalogue(at=request.arrived_at)
    calls = [call for card in every for call in card.calls if call.is_open(at=request.arrived_at)]
    year = clock.local(request.arrived_at).year
    paid = CallFigures.objects.filter(call__year=year).aggregate(cny=Sum("paid_cny"))
    context = {
        "open_calls": sorted(calls, key=lambda call: (call.closes_at, call.code)),
        "paid_cny": paid["cny"] or Decimal(0),
    }
    return render(request, "home.html", context | _catalogue_context(request, every))


@require_GET
def measure_list(request):
    every = catalogue(at=request.arrived_at)
    return render(request, "policy/measure_list.html", _catalogue_context(request, every))


@require_GET
def measure_detail(request, line: str):
    measures = Measure.objects.with_units().filter(line=line)
    found = cards(measures, at=request.arrived_at)
    if not found:
        raise Http404
    card = found[0]
    rules = card.definition
    context = {"card": card, "rules": rules, "page": page_of(rules) if rules else None}
    return render(request, "policy/measure_detail.html", context)


@require_GET
def call_list(request):
    calls = Call.objects.published().select_related("measure", "lead_unit", "figures")
    page = page_by_key(calls, request, keys=["-closes_at", "uid"])
    return render(request, "policy/call_list.html", {"page": page})


@require_GET
def call_detail(request, uid: str):
    published = Call.objects.published().select_related(
        "measure", "measure__article__document", "measure", "lead_unit", "figures", "definition"
    )
    call = published.filter(uid=uid).first()
    if call is None:
        raise Http404
    rules = with_names(schema_of(call.definition))
    setting = rules.award.rate.setting if rules.award.rate else None
    context = {
        "call": call,
        "rules": rules,
        "page": page_of(rules, settings=call.settings, terms=terms(call, schema=rules)),
        "cap_cny": min((cap.amount_cny for cap in rules.cap_plan(call.settings)), default=None),
        "rate": Decimal(call.settings[setting]) if call.settings.get(setting) else None,
        "tiers": show_tiers(rules, call.settings),
        "is_open": call.is_open(at=request.arrived_at),
        "answered": Question.objects.public().filter(call=call).count(),
        # Visitors sign in on the way; officers do not apply.
        "may_apply": not request.user.is_authenticated or organisation_of(request.user),
        "must_join": request.user.is_authenticated and not has_role(request.user, *Role.values),
    }
    return render(request, "policy/call_detail.html", context)
