"""The bar that tells of an act and offers its undoing, on the page after the act.

The page's address names the case (``?acted=…``); whether there is something to undo, and for how
long, is asked anew each time, so a reload after ten seconds shows no bar.
"""

from dataclasses import dataclass
from math import ceil

from applications import undoing
from applications.models import Application
from applications.workflow import BY_ACTION

PARAMETER = "acted"


@dataclass(frozen=True)
class Bar:
    case: Application
    done: object
    left_ms: int

    @property
    def left_s(self) -> int:
        return ceil(self.left_ms / 1000)


def told(address: str, case: Application) -> str:
    """The address of the page after the act, with what the bar needs."""
    return f"{address}{'&' if '?' in address else '?'}{PARAMETER}={case.uid}"


def of(request) -> Bar | None:
    """The bar of this page: the user's own act, as long as it can be undone. Two queries, none
    without the parameter."""
    uid = request.GET.get(PARAMETER, "")
    if not uid:
        return None
    case = Application.objects.visible_to(request.user).filter(uid=uid).first()
    act = undoing.last_act(case, request.user) if case else None
    if act is None:
        return None
    left = undoing.left_s(act, at=request.arrived_at)
    return Bar(case, BY_ACTION[act.action].done, int(left * 1000)) if left else None
