"""Papers of a case: receipt, application form, letters, and how far they have come."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from applications.models import Letter, Submission
from applications.roles import case_roles, get_visible
from applications.views.frames import own_case
from portal.accounts.loading import require_applicant, require_role
from portal.files.serving import respond

KINDS = ("receipt", "form")


def _named_case(request, uid: str):
    """A case that the reader may see with its names: experts may not, they judge without them."""
    application = get_visible(request.user, uid)
    if not case_roles(request.user, application) - {"expert"}:
        raise Http404(uid)
    return application


def _submission(application, uid: str) -> Submission:
    try:
        return (
            Submission.objects.defer("snapshot")
            .select_related("receipt", "form")
            .get(application=application, uid=uid)
        )
    except Submission.DoesNotExist:
        raise Http404(uid) from None


@never_cache
@require_GET
@require_applicant
def application_papers(request, uid: str, submission_uid: str):
    """The fragment that says whether the papers are there yet; it asks again until they are."""
    application = own_case(request, uid)
    submission = _submission(application, submission_uid)
    context = {"application": application, "submission": submission}
    return render(request, "applications/_papers.html", context)


@never_cache
@require_GET
@require_role()
def application_paper(request, uid: str, submission_uid: str, kind: str):
    """Receipt or application form as PDF. The receipt is the applicant's own; the form is for
    whoever may see the case."""
    if kind not in KINDS:
        raise Http404(kind)
    application = own_case(request, uid) if kind == "receipt" else _named_case(request, uid)
    blob = getattr(_submission(application, submission_uid), kind)
    if blob is None:
        return render(
            request, "applications/paper_pending.html", {"application": application}, status=409
        )
    name = f"{application.number}-{'回执' if kind == 'receipt' else '申报书'}.pdf"
    return respond(blob, name=name, inline="inline" in request.GET, request=request)


@never_cache
@require_GET
@require_role()
def application_letter(request, uid: str, letter_uid: str):
    """A letter: its text as a page, the paper itself with ``?pdf``."""
    application = _named_case(request, uid)
    try:
        letter = Letter.objects.select_related("unit", "pdf").get(
            application=application, uid=letter_uid, recalled_at__isnull=True
        )
    except Letter.DoesNotExist:
        raise Http404(letter_uid) from None
    if "pdf" not in request.GET:
        return render(
            request,
            "applications/letter_detail.html",
            {"application": application, "letter": letter},
        )
    if letter.pdf is None:
        return render(
            request, "applications/paper_pending.html", {"application": application}, status=409
        )
    return respond(
        letter.pdf, name=f"{letter.number}.pdf", inline="inline" in request.GET, request=request
    )
