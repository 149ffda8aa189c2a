"""Tasks of the applicant's side. They take ids, repeat safely, and a sweep finds what was missed."""

from datetime import timedelta

from celery import shared_task
from django.db import transaction
from django.db.models import Q

from applications import corrections, letters, papers, reminding
from applications.models import Letter, Submission
from portal import clock
from portal.documents.rendering import render_pdf_marked
from portal.files.storing import store

# A paper that a lost message missed is found by the sweep after this.
MISSED_AFTER = timedelta(minutes=1)
_SWEEP_AT_ONCE = 50
_MAX_BYTES = 50 * 1024 * 1024


def _keep(row, field: str, *, template: str, data: dict, name: str, at) -> None:
    """Render and store a paper, unless another run has done it meanwhile.

    The same data and moment give the same bytes, hence the same file, however often it runs.
    """
    pdf = render_pdf_marked(template, data, at=at)
    with transaction.atomic():
        blob = store(pdf, name=name, types=["pdf"], max_bytes=_MAX_BYTES, at=clock.now())
        type(row).objects.filter(pk=row.pk, **{f"{field}__isnull": True}).update(**{field: blob})


@shared_task(name="applications.make_submission_papers")
def make_submission_papers(submission_id: int) -> None:
    """Receipt and application form of a submission, whichever is missing."""
    submission = Submission.objects.select_related(
        "application__call__measure", "application__definition", "application__district",
        "submitted_by",
    ).get(pk=submission_id)  # fmt: skip
    number, at = submission.application.number, submission.received_at
    if submission.receipt_id is None:
        _keep(
            submission, "receipt", template="applications/receipt.typ",
            data=papers.receipt_data(submission), name=f"{number}-receipt.pdf", at=at,
        )  # fmt: skip
    if submission.form_id is None:
        _keep(
            submission, "form", template="applications/form.typ",
            data=papers.form_data(submission), name=f"{number}-form.pdf", at=at,
        )  # fmt: skip


@shared_task(name="applications.make_letter")
def make_letter(letter_id: int) -> None:
    """The PDF of a letter, if it has none yet and stands."""
    letter = Letter.objects.select_related("application__organisation", "unit").get(pk=letter_id)
    if letter.pdf_id is None and letter.recalled_at is None:
        _keep(
            letter, "pdf", template="documents/letter.typ", data=letters.paper_data(letter),
            name=f"{letter.number}.pdf", at=letter.issued_at,
        )  # fmt: skip


@shared_task(name="applications.sweep_papers")
def sweep_papers() -> int:
    """Make the papers that a lost message missed; their number."""
    before = clock.now() - MISSED_AFTER
    waiting = Submission.objects.filter(
        Q(receipt__isnull=True) | Q(form__isnull=True), received_at__lt=before
    ).order_by("pk")
    submissions = list(waiting.values_list("pk", flat=True)[:_SWEEP_AT_ONCE])
    unprinted = Letter.objects.filter(
        pdf__isnull=True, recalled_at__isnull=True, issued_at__lt=before
    ).order_by("pk")
    found = list(unprinted.values_list("pk", flat=True)[:_SWEEP_AT_ONCE])
    for pk in submissions:
        make_submission_papers(pk)
    for pk in found:
        make_letter(pk)
    return len(submissions) + len(found)


@shared_task(name="applications.remind")
def remind() -> int:
    """Leave the reminders that are due; their number."""
    return reminding.remind()


@shared_task(name="applications.lapse_overdue")
def lapse_overdue() -> int:
    """Give up cases whose correction is overdue; their number."""
    return corrections.lapse_overdue()
