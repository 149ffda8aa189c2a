"""Lists: what waits for a unit, what waits for a head, all of a unit's cases."""

from functools import partial

from django.shortcuts import render
from django.views.decorators.http import require_GET

from policy import workdays
from portal import clock
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.paging import page_by_key
from reviews import batching, desk, releasing
from reviews import inbox as boxes
from reviews.views import undo_bar

officer = require_role(Role.CLERK, Role.HEAD)
head = require_role(Role.HEAD)


def chosen_view(query, counts: dict[str, int], *, also: tuple[str, ...] = ()) -> str:
    """The saved view of the address; without one, the first that holds something."""
    codes = [*[view.code for view in boxes.VIEWS], *also]
    if (code := query.get("view", "")) in codes:
        return code
    return next((code for code in ("mine", "opinions") if counts.get(code)), "mine")


@officer
@require_GET
def inbox(request):
    """The landing page of the reviewing units: saved views with counts, filters in the address."""
    today, calendar = clock.local(request.arrived_at).date(), workdays.stored_calendar()
    units = boxes.units(request.user)
    until = boxes.soon_until(today, calendar)
    counts = boxes.counts(units, today=today, until=until)
    boxes.remember(request.user, counts)
    code = chosen_view(request.GET, counts)
    days = {"today": today, "until": until}
    found = boxes.CaseFilter(request.GET, lambda: boxes.cases(code, units, **days))
    first = partial(boxes.front, code, units, boxes.SIZE + 1, **days)
    page = page_by_key(
        lambda: found.qs,
        request,
        keys=boxes.KEYS,
        size=boxes.SIZE,
        first=None if found.narrows else first,
    )
    context = {
        "views": [(view, counts[view.code], view.code == code) for view in boxes.VIEWS],
        "view": code,
        "filter": found,
        "page": page,
        "rows": boxes.rows(page.rows, today=today, calendar=calendar),
        "hidden": counts[code] if found.is_set and not page.rows else None,
        "kept": desk.kept_query(request.GET, view=code),
        "batches": batching.offered(request.user, page.rows, view=code),
        "place": {n: request.GET[n] for n in desk.KEPT if request.GET.get(n)} | {"view": code},
        "today": today,
        "undo": undo_bar.of(request),
    }
    return render(request, "reviews/inbox.html", context)


@officer
@require_GET
def case_list(request):
    """Every case in which a unit of the user takes part, whatever its state."""
    today, calendar = clock.local(request.arrived_at).date(), workdays.stored_calendar()
    units = boxes.units(request.user)
    every = boxes.cases("all", units, today=today, until=today)
    found = boxes.CaseFilter(request.GET, lambda: every)
    page = page_by_key(found.qs, request, keys=("-submitted_at", "uid"), size=boxes.SIZE)
    context = {
        "filter": found,
        "page": page,
        "rows": boxes.rows(page.rows, today=today, calendar=calendar),
        "hidden": every.count() if found.is_set and not page.rows else None,
        "kept": desk.kept_query(request.GET, view=boxes.ALL.code),
    }
    return render(request, "reviews/case_list.html", context)


@head
@require_GET
def release_list(request):
    """What clerks drafted and a head has to release or to send back."""
    page = releasing.page(releasing.units(request.user), request)
    return render(
        request, "reviews/release_list.html", {"page": page, "items": releasing.items(page.rows)}
    )
