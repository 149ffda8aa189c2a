"""政策测算: at most eight questions, every line judged. Needs no signing in, stores nothing."""

from django.http import QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from policy.calculator.asking import MOST, next_question
from policy.calculator.matters import lines_of, matters
from policy.calculator.reply import (
    ASKED,
    KIND,
    MATTER,
    PERSON,
    SHOWN,
    Reply,
    read_reply,
    shown,
)
from policy.calculator.results import inputs_of, judge_all
from policy.catalogue_page import catalogue
from portal import clock
from portal.accounts.loading import organisation_of

OUTCOMES = ("fits", "depends", "no")


@require_GET
def calculator(request):
    """The next question beside all verdicts; the address holds every answer."""
    cards = catalogue(at=request.arrived_at)
    inputs = inputs_of(cards)
    query = request.GET
    organisation = organisation_of(request.user)
    known = organisation.kind if organisation else ""
    from_profile = bool(known) and KIND not in query
    if from_profile:
        query = query.copy()
        query[KIND] = known
    reply = read_reply(query, inputs)
    unanswered = request.GET.get(ASKED, "")
    if reply.has(unanswered):
        unanswered = ""
    if _is_rough(request.GET) and not reply.issues and not unanswered:
        return redirect(f"{request.path}?{reply.query(without=[KIND] if from_profile else [])}")
    lines = lines_of(reply.matters)
    on = clock.local(request.arrived_at).date()
    results = judge_all(cards, inputs, reply, on=on, lines=lines)
    question = next_question(results, inputs, reply, lines=lines)
    wrong = next((inputs[code] for code in reply.issues), None)
    context = {
        "question": question if wrong is None else None,
        "wrong": wrong,
        "is_unanswered": bool(question) and question.code == unanswered,
        "issue": reply.issues[wrong.code] if wrong else "",
        "most": MOST,
        "matters": matters(),
        "person": PERSON,
        "reply": reply,
        "hidden": reply.pairs(),
        "answered": _answered(reply, inputs, from_profile),
        "total": len(results),
        "groups": [(code, [r for r in results if r.outcome == code]) for code in OUTCOMES],
        "organisation": organisation,
        "measured_on": on,
    }
    status = 422 if wrong or context["is_unanswered"] else 200
    return render(request, "policy/calculator.html", context, status=status)


def _is_rough(query: QueryDict) -> bool:
    """Whether the address comes from a form: with what only the form needs, or empty answers."""
    return SHOWN in query or ASKED in query or any(not value for _code, value in query.items())


def _answered(reply: Reply, inputs, from_profile: bool) -> list[dict]:
    """What was answered, each with the address that asks it again."""
    rows = []
    for code, text in reply.typed.items():
        item = inputs[code]
        if code in reply.issues:
            continue
        rows.append(
            {
                "item": item,
                "text": text,
                "shown": shown(item, reply),
                "again": reply.query(without=[code]),
                "from_profile": from_profile and code == KIND,
            }
        )
    chosen = [item.label for item in matters() if item.code in reply.matters]
    if chosen:
        again = reply.query(without=[MATTER])
        rows.insert(1 if KIND in reply.typed else 0, {"matters": chosen, "again": again})
    rows += [
        {"item": inputs.get(code), "skipped": True, "again": reply.query(without=[code])}
        for code in sorted(reply.skipped)
    ]
    return rows
