"""Virus scanning by clamd, after the upload, by a task. Closed on failure.

``CLAMD_URL`` names the scanner (``tcp://host:3310`` or ``unix:///run/clamav/clamd.ctl``). With one,
a file is not shown before it was found clean; when the scanner is down, files wait. Without one,
``SCAN_REQUIRED=0`` (the default on loopback only) shows files as 未配置查毒; ``SCAN_REQUIRED=1``
keeps them all back.
"""

import socket
import struct
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from portal import clock
from portal.audit.recording import record
from portal.files.models import Blob, Scan

TIMEOUT_S = 60
CHUNK_BYTES = 128 * 1024
# A scan that a lost message missed is found by the sweep after this.
MISSED_AFTER = timedelta(minutes=1)
_SWEEP_AT_ONCE = 200


class ScannerDown(Exception):
    """The scanner does not answer, or answers that it cannot tell."""


def first_state() -> str:
    """The state of a file that has just been stored."""
    unscanned = not settings.CLAMD_URL and not settings.SCAN_REQUIRED
    return Scan.NONE if unscanned else Scan.PENDING


def may_be_shown(blob: Blob) -> bool:
    """Whether the bytes may leave the portal."""
    return blob.scan == Scan.CLEAN or (blob.scan == Scan.NONE and first_state() == Scan.NONE)


def announce(blob: Blob) -> None:
    """Have the file scanned once the transaction is committed."""
    if blob.scan == Scan.PENDING and settings.CLAMD_URL:
        transaction.on_commit(lambda: scan.delay(blob.pk), robust=True)


def ask_clamd(path: Path) -> str:
    """The name of what is found in the file; "" if it is clean. clamd's INSTREAM."""
    address = urlsplit(settings.CLAMD_URL)
    try:
        if address.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(TIMEOUT_S)
            connection.connect(address.path)
        else:
            place = (address.hostname or "localhost", address.port or 3310)
            connection = socket.create_connection(place, timeout=TIMEOUT_S)
        with connection, path.open("rb") as file:
            connection.sendall(b"zINSTREAM\0")
            while chunk := file.read(CHUNK_BYTES):
                connection.sendall(struct.pack("!L", len(chunk)) + chunk)
            connection.sendall(struct.pack("!L", 0))
            answer = b""
            while not answer.endswith(b"\0") and (part := connection.recv(4096)):
                answer += part
    except FileNotFoundError:
        raise ScannerDown(f"no such socket or file: {address.path or path}") from None
    except OSError as error:
        raise ScannerDown(str(error)) from error
    said = answer.rstrip(b"\0\n").decode(errors="replace").removeprefix("stream: ")
    if said == "OK":
        return ""
    if said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")
    raise ScannerDown(said or "no answer")


@shared_task(name="files.scan")
def scan(sha256: str) -> str:
    """Scan one file and write what was found; returns the state. Repeats safely."""
    blob = Blob.objects.get(pk=sha256)
    if not settings.CLAMD_URL or blob.scan in {Scan.CLEAN, Scan.INFECTED}:
        return blob.scan
    try:
        found = ask_clamd(blob.path)
    except ScannerDown as down:
        # It stays as it is, hence not shown; the sweep asks again.
        Blob.objects.filter(pk=sha256).exclude(scan__in=[Scan.CLEAN, Scan.INFECTED]).update(
            scan=Scan.FAILED, scan_note=str(down)[:200], scanned_at=clock.now()
        )
        return Scan.FAILED
    with transaction.atomic():
        blob = Blob.objects.select_for_update().get(pk=sha256)
        if blob.scan in {Scan.CLEAN, Scan.INFECTED}:
            return blob.scan
        before, blob.scan = blob.scan, Scan.INFECTED if found else Scan.CLEAN
        blob.scan_note, blob.scanned_at = found[:200], clock.now()
        blob.save(update_fields=["scan", "scan_note", "scanned_at"])
        record(
            f"file.{blob.scan}",
            obj=blob,
            actor="system:scanner",
            data={"found": found},
            from_state=before,
            to_state=blob.scan,
        )
    return blob.scan


@shared_task(name="files.sweep_scans")
def sweep_scans() -> int:
    """Scan again what waits or failed, and what was stored before there was a scanner."""
    if not settings.CLAMD_URL:
        return 0
    now = clock.now()
    waiting = Blob.objects.filter(
        Q(scan__in=[Scan.PENDING, Scan.NONE], stored_at__lt=now - MISSED_AFTER)
        | Q(scan=Scan.FAILED, scanned_at__lt=now - MISSED_AFTER)
    )
    # The longest untried first: a file that the scanner cannot take does not block the others.
    waiting = waiting.order_by(F("scanned_at").asc(nulls_first=True), "stored_at")
    found = list(waiting.values_list("pk", flat=True)[:_SWEEP_AT_ONCE])
    for sha256 in found:
        # A scanner that is down is not asked for each of the files.
        if scan(sha256) == Scan.FAILED:
            break
    return len(found)
