"""A round of correction: put together on one page, the letter previewed, then sent."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from applications import workflow
from applications.letters import case_facts
from applications.papers import chinese_date
from applications.workflow import MoveRefused, schema_of
from portal import clock
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from reviews import checking, flagging
from reviews.desk import whole_number
from reviews.loading import case_for
from reviews.refusals import Refused
from reviews.views import undo_bar
from reviews.words import words

clerk = require_role(Role.CLERK)


@clerk
@require_http_methods(["GET", "POST"])
def correction(request, uid: str):
    """Which places, and why; first a preview of the letter, then the act."""
    case, _roles = case_for(request.user, uid, "lead_clerk")
    data = request.POST if request.method == "POST" else None
    draft = flagging.read(case, data)
    errors, preview = list(draft.errors), None
    seen = whole_number(data.get("seen"), case.revision) if data is not None else case.revision
    if data is not None and not errors:
        try:
            if data.get("step") == "send":
                checking.ask_correction(
                    case, actor=request.user, flags=draft.flags, seen_revision=seen
                )
                return redirect(undo_bar.told(reverse("review_inbox"), case))
            checking.check_flags(case, draft.flags)
            preview = letter_preview(case, draft.flags)
        except (Refused, MoveRefused) as refused:
            errors = [("", words(_named(refused, case)))]
    return page(request, case, draft, errors=errors, preview=preview, seen=seen)


def page(request, case, draft, *, errors=(), preview=None, seen: int | None = None):
    """The page with what was typed; ``seen`` is the revision that the letter is about."""
    context = {
        "case": case,
        "draft": draft,
        "errors": errors,
        "preview": preview,
        "seen": case.revision if seen is None else seen,
        "action": reverse("review_correction", args=[case.uid]),
        "round": case.correction_round + 1,
        "max_rounds": checking.max_rounds(case),
    }
    return render(request, "reviews/correction.html", context, status=422 if errors else 200)


def _named(refused: Exception, case) -> Exception:
    """The refusal with the places' names in place of their paths."""
    if isinstance(refused, Refused) and "paths" in refused.facts:
        names = checking.labels(case)
        refused.facts["paths"] = [names.get(path, path) for path in refused.facts["paths"]]
    return refused


def letter_preview(case, flags) -> dict[str, str]:
    """The letter as it would go out today; its number is given when it is issued."""
    unit = case.call.lead_unit
    number = case.correction_round + 1
    limit = workflow.stage(case, "correction")
    due = workflow.due(clock.today(), limit.limit_workdays if limit else None)
    facts = checking.letter_facts(case, flags, number=number)
    known = case_facts(case, unit=unit, at=clock.now()) | {
        "round": str(number),
        "due_on": chinese_date(due["due_on"]) if due["due_on"] else "待日历发布",
        "limit_workdays": str(facts["limit_workdays"]),
        "items": "\n".join(f"{n}. {item}" for n, item in enumerate(facts["items"], start=1)),
    }
    template = schema_of(case).letter("correction")
    return {
        "subject": template.subject.fill(**known).zh,
        "body": template.body.fill(**known).zh,
        "unit": unit.name_zh,
        "date": known["date"],
    }
