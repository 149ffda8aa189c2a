"""Tasks of the audit log."""

from celery import shared_task

from portal.audit import anchoring, verifying


@shared_task(name="audit.anchor", ignore_result=True)
def anchor() -> bool:
    """Write today's anchor, if there is none yet."""
    return anchoring.anchor(daily=True) is not None


@shared_task(name="audit.check", ignore_result=True)
def check() -> int:
    """Verify the whole chain and keep the result; returns the number of faults."""
    return len(verifying.check().faults)
