"""Tasks of awards. They take ids, repeat safely, and a sweep finds what was missed."""

from datetime import timedelta

from celery import shared_task
from django.db import transaction

from awards import exports, figures, overview, papers, reminding
from awards.models import Decision
from portal import clock
from portal.documents.rendering import render_pdf_marked
from portal.files.storing import store

MISSED_AFTER = timedelta(minutes=1)
_SWEEP_AT_ONCE = 50
_MAX_PDF_BYTES = 50 * 1024 * 1024


@shared_task(name="awards.make_decision_pdf")
def make_decision_pdf(decision_id: int) -> None:
    """The PDF of a signed decision, if it has none yet; the same row gives the same bytes."""
    decision = Decision.objects.select_related("call__measure", "call__lead_unit").get(
        pk=decision_id
    )
    if decision.pdf_id is not None or decision.released_at is None:
        return
    pdf = render_pdf_marked(
        "awards/decision.typ", papers.decision_data(decision), at=decision.released_at
    )
    with transaction.atomic():
        blob = store(
            pdf,
            name=f"{decision.number}.pdf",
            types=["pdf"],
            max_bytes=_MAX_PDF_BYTES,
            at=clock.now(),
        )
        Decision.objects.filter(pk=decision.pk, pdf__isnull=True).update(pdf=blob)


@shared_task(name="awards.sweep_papers")
def sweep_papers() -> int:
    """Make the papers that a lost message missed; their number."""
    waiting = Decision.objects.filter(
        pdf__isnull=True, released_at__lt=clock.now() - MISSED_AFTER
    ).order_by("pk")
    found = list(waiting.values_list("pk", flat=True)[:_SWEEP_AT_ONCE])
    for pk in found:
        make_decision_pdf(pk)
    return len(found)


@shared_task(name="awards.run_export")
def run_export(export_id: int) -> None:
    """Write an export; what breaks is given back to the queue and raised for the log."""
    try:
        exports.run(export_id)
    except Exception:
        exports.fail(export_id)
        raise


@shared_task(name="awards.sweep_exports")
def sweep_exports() -> int:
    """Take up exports that a lost message or a killed worker left."""
    return exports.sweep()


@shared_task(name="awards.remind")
def remind() -> int:
    """Leave the reminders of money that is claimed back; of how many claw-backs."""
    return reminding.remind()


@shared_task(name="awards.refresh_figures")
def refresh_figures() -> int:
    """Bring the calls' figures of cases in hand up to date."""
    return figures.refresh_all()


@shared_task(name="awards.check_ledger")
def check_ledger() -> int:
    """Compare the ledger's counters with its entries; returns how many accounts differ."""
    return len(overview.check().faults)
