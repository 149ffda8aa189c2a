"""Storing: a file becomes bytes on disk under their hash, and a row. In this order:
temporary file → fsync → rename → fsync of the folder → row, so that a row never lacks its file.
A file without a row (its transaction was rolled back) is swept.
"""

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.db import connection, transaction

from portal.files import scanning
from portal.files.inspecting import inspect
from portal.files.models import Blob, path_of
from portal.files.names import clean_name
from portal.files.refusals import FileRefused, describe

__all__ = ["FileRefused", "clean_name", "describe", "path_of", "store", "sweep_orphans"]

CHUNK_BYTES = 256 * 1024
# A transaction that stores is never as old as this.
ORPHAN_AGE = timedelta(hours=24)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@transaction.atomic
def store(
    content: bytes | File,
    *,
    name: str,
    types: Collection[str],
    max_bytes: int,
    at: datetime,
) -> Blob:
    """Store an upload or bytes; the row of the same content is given if it is there already.

    ``types`` are codes of the allow-list (pdf, png, jpg, xlsx, docx). Raises ``FileRefused``;
    then nothing is left behind.
    """
    with _disk_full_told(), _staged(content, max_bytes=max_bytes) as (staged, sha256, size):
        found = inspect(staged, name=clean_name(name), types=types)
        _lock(sha256)
        _keep(staged, path_of(sha256))
    blob, created = Blob.objects.get_or_create(
        sha256=sha256,
        defaults={
            "size_bytes": size,
            "content_type": found.content_type,
            "pages": found.pages,
            "scan": scanning.first_state(),
            "stored_at": at,
        },
    )
    if blob.scan == "infected":
        raise FileRefused("infected")
    if created:
        scanning.announce(blob)
    return blob


@contextlib.contextmanager
def _disk_full_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise FileRefused("disk_full") from error
        raise


@contextlib.contextmanager
def _staged(content: bytes | File, *, max_bytes: int) -> Iterator[tuple[Path, str, int]]:
    """The content in a temporary file beside the blobs, with its hash and size."""
    folder = Path(settings.BLOB_DIR) / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder)
    path, digest, size = Path(name), hashlib.sha256(), 0
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in _chunks(content):
                size += len(chunk)
                if size > max_bytes:
                    told = getattr(content, "size", None) or len(content)
                    raise FileRefused("too_big", size_bytes=max(told, size), limit_bytes=max_bytes)
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        yield path, digest.hexdigest(), size
    finally:
        path.unlink(missing_ok=True)


def _chunks(content: bytes | File) -> Iterable[bytes]:
    if isinstance(content, bytes | bytearray):
        return (content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES))
    content.seek(0)
    return content.chunks(CHUNK_BYTES)


def _keep(staged: Path, target: Path) -> None:
    """Rename into place, durably. A file that is there already is replaced by its like."""
    fresh = not target.parent.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    staged.chmod(0o440)
    os.replace(staged, target)
    _sync_folder(target.parent)
    if fresh:
        _sync_folder(target.parent.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(sha256: str, *, wait: bool = True) -> bool:
    """Hold the hash until the transaction's end, against the sweep."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(('x' || left(%s, 16))::bit(64)::bigint)", [sha256])
        return wait or cursor.fetchone()[0]


def files_on_disk() -> Iterator[Path]:
    """Every stored file, those not yet in place excepted."""
    for folder in sorted(Path(settings.BLOB_DIR).glob("[0-9a-f][0-9a-f]")):
        yield from sorted(folder.iterdir())


def sweep_orphans(*, at: datetime, age: timedelta = ORPHAN_AGE) -> int:
    """Remove files without a row and uploads that were cut off, if older than ``age``."""
    oldest, removed = (at - age).timestamp(), 0
    for path in [*files_on_disk(), *(Path(settings.BLOB_DIR) / "incoming").glob("*")]:
        try:
            if path.stat().st_mtime > oldest:
                continue
        except FileNotFoundError:
            continue
        with transaction.atomic():
            # Whoever stores this content holds its lock until the row is there for all to see.
            if path.parent.name != "incoming" and (
                not _lock(path.name.ljust(16, "0"), wait=False)
                or Blob.objects.filter(sha256=path.name).exists()
            ):
                continue
            path.unlink(missing_ok=True)
            removed += 1
    return removed
