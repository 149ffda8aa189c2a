"""`manage.py verify`: every row has its file with its hash, and every file its row."""

import hashlib
from collections.abc import Iterator

from portal import clock
from portal.files.models import Blob
from portal.files.storing import ORPHAN_AGE, files_on_disk


def faults() -> Iterator[str]:
    """every row of a file has its bytes with their hash, and every file on disk its row"""
    known = set()
    for blob in Blob.objects.order_by("pk").iterator():
        known.add(blob.sha256)
        yield from _fault_of(blob)
    oldest = (clock.now() - ORPHAN_AGE).timestamp()
    for path in files_on_disk():
        # A younger one may belong to a transaction that is still open, or be swept tomorrow.
        if path.name not in known and path.stat().st_mtime < oldest:
            yield f"file {path.name}: no row"


def _fault_of(blob: Blob) -> Iterator[str]:
    try:
        with blob.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        yield f"blob {blob.sha256}: {error.strerror}"
        return
    if size != blob.size_bytes:
        yield f"blob {blob.sha256}: {size} bytes instead of {blob.size_bytes}"
    elif found != blob.sha256:
        yield f"blob {blob.sha256}: its content has another hash ({found[:12]}…)"
