"""Acts on several cases at once: the choice is shown before, what came of each case after."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.loading import require_role
from portal.accounts.models import Role
from portal.ids import UID_LENGTH, new_uid
from reviews import batching, desk

clerk = require_role(Role.CLERK)
# Results that a session keeps: a page that is opened again shows what came of it.
SESSION_KEY, KEPT_RESULTS = "batches", 3


def _back(request) -> str:
    """The list that the cases were chosen from, at its place."""
    query = desk.kept_query(request.GET)
    return f"{reverse('review_inbox')}?{query}" if query else reverse("review_inbox")


@clerk
@require_http_methods(["GET", "POST"])
def batch(request):
    """GET shows what was chosen and what stands in the way; POST does it, case by case."""
    given = request.POST if request.method == "POST" else request.GET
    kind = batching.BATCHES.get(given.get("act", ""))
    if kind is None:
        raise Http404("act")
    uids, seen = _chosen(given.getlist("case"))
    if not uids:
        messages.error(request, _("请先勾选要办理的申报。"))
        return redirect(_back(request))
    # Each page shown anew is another batch; what is no token of ours is none.
    token = request.POST.get("batch", "")[:UID_LENGTH]
    token = token if token.isalnum() else ""
    if request.method == "POST" and token in request.session.get(SESSION_KEY, {}):
        return redirect(_result_url(request, token))
    form = kind.form(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return _page(request, kind, uids, seen, form, token=token or new_uid())
    numbers = {case.uid: case for case in batching.chosen(request.user, uids)}
    rows = []
    for uid in uids:
        why = batching.run(kind, uid, seen[uid], actor=request.user, given=form.cleaned_data)
        case = numbers.get(uid)
        rows.append({
            "uid": uid if case else "",
            "number": (case.number or "") if case else "",
            "name": case.organisation.name if case else "",
            "title": case.title if case else "",
            "why": str(why),
        })  # fmt: skip
    kept = list(request.session.get(SESSION_KEY, {}).items())[-(KEPT_RESULTS - 1) :]
    token = token or new_uid()
    request.session[SESSION_KEY] = dict(kept) | {token: {"act": kind.code, "rows": rows}}
    return redirect(_result_url(request, token))


def _result_url(request, token: str) -> str:
    query = desk.kept_query(request.GET)
    path = reverse("review_batch_result", args=[token])
    return f"{path}?{query}" if query else path


def _chosen(values: list[str]) -> tuple[list[str], dict[str, int]]:
    """The cases that were ticked, each once, with the revision that a page showed of it."""
    seen: dict[str, int] = {}
    for value in values[: batching.MOST]:
        uid, _dot, revision = value.partition(".")
        if uid.isalnum() and uid.isascii():
            seen.setdefault(uid[:UID_LENGTH], desk.whole_number(revision, 0))
    return list(seen), seen


def _page(request, kind: batching.Batch, uids, seen, form, *, token: str):
    cases = batching.chosen(request.user, uids)
    refused = batching.judge(kind, cases, request.user)
    ready = [case for case in cases if case.pk not in refused]
    context = {
        "batch": kind,
        "token": token,
        "kept": desk.kept_query(request.GET),
        "back": _back(request),
        # What the page showed first counts, though it is shown again after a fault.
        "ready": [(case, seen.get(case.uid) or case.revision) for case in ready],
        "refused": [(case, refused[case.pk]) for case in cases if case.pk in refused],
        "gone": len(uids) - len(cases),
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return render(request, "reviews/batch.html", context, status=status)


@clerk
@require_GET
def result(request, token: str):
    """What came of each case; it stands as long as the session remembers it."""
    found = request.session.get(SESSION_KEY, {}).get(token)
    if found is None or found["act"] not in batching.BATCHES:
        raise Http404(token)
    rows = found["rows"]
    context = {
        "batch": batching.BATCHES[found["act"]],
        "done": [row for row in rows if not row["why"]],
        "left": [row for row in rows if row["why"]],
        "kept": desk.kept_query(request.GET),
        "back": _back(request),
    }
    return render(request, "reviews/batch_result.html", context)
