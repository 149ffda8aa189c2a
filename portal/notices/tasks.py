"""Tasks of the outbox."""

from celery import shared_task

from portal.notices import delivering


@shared_task(name="notices.deliver", ignore_result=True)
def deliver(pk: int) -> bool:
    """Mail one notice. Repeats safely: only a due notice is mailed, by one worker."""
    return delivering.deliver(pk)


@shared_task(name="notices.sweep", ignore_result=True)
def sweep() -> int:
    """Mail what a lost message or a failure left."""
    return delivering.sweep()
