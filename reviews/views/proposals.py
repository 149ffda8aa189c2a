"""A proposal before the head: released or sent back."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from applications.workflow import MoveRefused
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from reviews import proposing
from reviews.forms import NoteForm
from reviews.loading import proposal_for
from reviews.models import Proposal
from reviews.refusals import Refused
from reviews.words import words

officer = require_role(Role.CLERK, Role.HEAD)
head = require_role(Role.HEAD)


def _is_head(user, proposal: Proposal) -> bool:
    return any(
        held.unit_id == proposal.unit_id and held.role == Role.HEAD
        for held in user.present_memberships
    )


def _page(request, proposal: Proposal, *, form=None, error: str = "", status: int = 200):
    stale = proposal.state == Proposal.State.DRAFTED and proposing.is_stale(proposal)
    is_head = _is_head(request.user, proposal)
    context = {
        "up_route": "review_release_list" if is_head else "review_inbox",
        "up_label": _("待审签") if is_head else _("待办"),
        "proposal": proposal,
        "case": proposal.application,
        "moves": list(
            proposal.application.transitions.select_related("actor", "unit").order_by("-id")[:5]
        ),
        "is_stale": stale,
        "may_settle": (
            proposal.state == Proposal.State.DRAFTED
            and is_head
            and proposal.drafted_by_id != request.user.pk
        ),
        "release_url": release_url(proposal),
        "back_url": reverse("review_proposal_back", args=[proposal.uid]),
        "form": form or NoteForm(),
        "error": error,
    }
    return render(request, "reviews/proposal.html", context, status=status)


def release_url(proposal: Proposal) -> str:
    """Where the release is posted: an act that frees money is released above, with the ledger."""
    if proposing.KINDS[proposal.action].frees_money:
        try:
            return reverse("award_proposal_release", args=[proposal.uid])
        except NoReverseMatch:
            return ""
    return reverse("review_proposal_release", args=[proposal.uid])


@officer
@require_GET
def proposal(request, uid: str):
    return _page(request, proposal_for(request.user, uid))


def _for_head(request, uid: str) -> Proposal:
    found = proposal_for(request.user, uid)
    if not _is_head(request.user, found):
        raise Http404(uid)
    return found


@head
@require_POST
def release(request, uid: str):
    found = _for_head(request, uid)
    try:
        proposing.release(found, actor=request.user)
    except (Refused, MoveRefused) as refused:
        return _page(request, proposal_for(request.user, uid), error=words(refused), status=422)
    messages.success(request, _("已签发：{number}").format(number=found.application.number))
    return redirect("review_release_list")


@head
@require_POST
def send_back(request, uid: str):
    found = _for_head(request, uid)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    try:
        proposing.send_back(found, actor=request.user, note=form.cleaned_data["note"])
    except Refused as refused:
        return _page(request, found, form=form, error=words(refused), status=422)
    messages.success(request, _("已退回经办人。"))
    return redirect("review_release_list")
