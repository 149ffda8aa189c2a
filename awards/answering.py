"""How a view does an act: the verb, or its refusal told in the form."""

from collections.abc import Callable

from django.contrib import messages

from applications.workflow import MoveRefused
from awards.ledger import LedgerRefused
from awards.words import refusal
from reviews.refusals import Refused

REFUSALS = (Refused, LedgerRefused, MoveRefused)


def posted(request):
    """What a form is bound to: nothing unless the page was posted (be it empty)."""
    return request.POST if request.method == "POST" else None


def attempt(form, act: Callable):
    """What the act returns, or None: then the form says why, and ``form.refused`` holds the
    error with its facts."""
    form.refused = None
    try:
        return act()
    except REFUSALS as error:
        form.refused = error
        form.add_error(None, refusal(error))
        return None


def attempt_said(request, act: Callable, *, done: str) -> bool:
    """For an act that has no form: the outcome is the next page's message."""
    try:
        act()
    except REFUSALS as error:
        messages.error(request, refusal(error))
        return False
    messages.success(request, done)
    return True


def status_of(form) -> int:
    """422 for what was typed, 409 for what stands against it."""
    if not form.is_bound or not form.errors:
        return 200
    return 409 if getattr(form, "refused", None) else 422
