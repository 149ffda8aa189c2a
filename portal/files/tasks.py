"""Tasks of the files: scanning (see scanning.py), and the sweep of orphans."""

from celery import shared_task

from portal import clock
from portal.files import storing
from portal.files.scanning import scan, sweep_scans

__all__ = ["scan", "sweep_orphans", "sweep_scans"]


@shared_task(name="files.sweep_orphans")
def sweep_orphans() -> int:
    """Remove files that no row names, and uploads that were cut off."""
    return storing.sweep_orphans(at=clock.now())
