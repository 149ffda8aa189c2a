"""Sweeps of the units' side. Each repeats safely: what it does is decided on locked rows."""

from celery import shared_task

from reviews import consulting, nominating, noticing


@shared_task(name="reviews.sweep_opinions")
def sweep_opinions() -> int:
    """Silence after the limit speaks, where the call says so."""
    return consulting.sweep()


@shared_task(name="reviews.sweep_notices")
def sweep_notices() -> int:
    """Public notices that ended without an open objection are closed."""
    return noticing.sweep()


@shared_task(name="reviews.sweep_nominations")
def sweep_nominations() -> int:
    """Units and organisations learn what was not confirmed in time."""
    return nominating.tell_lapsed()
