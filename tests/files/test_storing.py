import errno
import hashlib
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import translation

from portal import clock
from portal.files import refusals, storing, verifying
from portal.files.models import Blob, Scan
from portal.files.refusals import MESSAGES, FileRefused, describe
from tests.files import samples

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def blob_dir(settings, tmp_path) -> Path:
    settings.BLOB_DIR = tmp_path / "blobs"
    return settings.BLOB_DIR


def _store(content=None, *, name="a.pdf", types=("pdf",), max_bytes=1_000_000) -> Blob:
    content = samples.pdf() if content is None else content
    return storing.store(content, name=name, types=types, max_bytes=max_bytes, at=clock.now())


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_store_writes_the_row_and_the_file_under_its_hash(blob_dir):
    content = samples.pdf(pages=2)
    blob = _store(content)
    assert blob.sha256 == hashlib.sha256(content).hexdigest()
    assert (blob.size_bytes, blob.pages, blob.content_type) == (len(content), 2, "application/pdf")
    assert _files(blob_dir) == [blob_dir / blob.sha256[:2] / blob.sha256]
    assert blob.path.read_bytes() == content


def test_store_of_an_upload_reads_it_from_its_start():
    content = samples.pdf()
    upload = SimpleUploadedFile("a.pdf", content, content_type="text/html")
    upload.read(10)
    assert _store(upload).path.read_bytes() == content


def test_store_of_the_same_content_gives_the_same_row_and_heals_its_file(blob_dir):
    content = samples.pdf()
    first = _store(content)
    first.path.unlink()
    assert _store(content, name="b.pdf") == first
    assert (Blob.objects.count(), len(_files(blob_dir))) == (1, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"%PDF-" + bytes(2000), "too_big"), (b"GIF89a", "type")],
)
def test_refused_file_leaves_nothing_behind(blob_dir, content, reason):
    with pytest.raises(FileRefused) as refusal:
        _store(content, max_bytes=1000)
    assert refusal.value.reason == reason
    assert (Blob.objects.count(), _files(blob_dir)) == (0, [])


def test_too_big_upload_tells_its_size_and_the_limit():
    with pytest.raises(FileRefused) as refusal:
        _store(bytes(3 * 1024 * 1024), max_bytes=2 * 1024 * 1024)
    with translation.override("zh-hans"):
        text = describe(refusal.value).replace("\xa0", " ")
    assert text == "文件大小 3.0 MB，超过上限 2.0 MB。请压缩或拆分后上传。"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_full_disk_is_told_and_leaves_nothing_behind(blob_dir, monkeypatch, call):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(FileRefused) as refusal:
        _store()
    assert refusal.value.reason == "disk_full"
    assert (Blob.objects.count(), _files(blob_dir)) == (0, [])


def test_file_is_durable_before_its_row(monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, name=name, real=real: calls.append(name) or real(*a)
        )
    real_create = Blob.objects.get_or_create
    monkeypatch.setattr(
        Blob.objects.__class__,
        "get_or_create",
        lambda self, **more: calls.append("row") or real_create(**more),
    )
    _store()
    assert calls == ["fsync", "replace", "fsync", "fsync", "row"]


def test_infected_content_is_refused_when_it_comes_again():
    blob = _store()
    Blob.objects.update(scan=Scan.INFECTED)
    with pytest.raises(FileRefused) as refusal:
        _store(blob.path.read_bytes())
    assert refusal.value.reason == "infected"


@pytest.mark.parametrize("sha256", ["A" * 64, "a" * 63, "../" + "a" * 61])
def test_database_refuses_a_key_that_is_no_hash(sha256):
    with pytest.raises(IntegrityError, match="blob_sha256_is_hex"), transaction.atomic():
        Blob.objects.create(sha256=sha256, size_bytes=1, stored_at=clock.now())


# --- sweep -------------------------------------------------------------------------


def _age(path: Path, hours: float) -> None:
    moment = time.time() - hours * 3600
    os.utime(path, (moment, moment))


def test_sweep_removes_old_files_without_a_row_only(blob_dir):
    kept, orphan, young = (_store(samples.pdf(text=text)) for text in "abc")
    cut_off = blob_dir / "incoming" / "upload"
    cut_off.write_bytes(b"half")
    Blob.objects.filter(pk__in=[orphan.pk, young.pk]).delete()
    for path in (kept.path, orphan.path, cut_off):
        _age(path, 25)
    assert storing.sweep_orphans(at=clock.now()) == 2
    assert sorted(_files(blob_dir)) == sorted([kept.path, young.path])


@pytest.mark.django_db(transaction=True)
def test_sweep_spares_a_file_whose_transaction_is_still_open(blob_dir):
    from tests.conftest import owner_connection

    content = samples.pdf()
    sha256 = hashlib.sha256(content).hexdigest()
    path = blob_dir / sha256[:2] / sha256
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    _age(path, 48)
    with owner_connection() as other, other.transaction():
        other.execute(
            "SELECT pg_advisory_xact_lock(('x' || left(%s, 16))::bit(64)::bigint)", [sha256]
        )
        assert storing.sweep_orphans(at=clock.now(), age=timedelta()) == 0
    assert storing.sweep_orphans(at=clock.now(), age=timedelta()) == 1


# --- verify ------------------------------------------------------------------------


def test_verify_finds_nothing_in_order():
    _store()
    assert list(verifying.faults()) == []


def test_verify_names_each_fault():
    lost, changed, cut, orphan = (_store(samples.pdf(text=text)) for text in "abcd")
    lost.path.unlink()
    for blob, content in [
        (changed, changed.path.read_bytes()[:-1] + b"x"),
        (cut, cut.path.read_bytes()[:-1]),
    ]:
        blob.path.unlink()
        blob.path.write_bytes(content)
    Blob.objects.filter(pk=orphan.pk).delete()
    _age(orphan.path, 25)
    found = "\n".join(verifying.faults())
    assert f"blob {lost.sha256}: No such file or directory" in found
    assert f"blob {changed.sha256}: its content has another hash" in found
    assert f"blob {cut.sha256}: {cut.size_bytes - 1} bytes instead of {cut.size_bytes}" in found
    assert f"file {orphan.sha256}: no row" in found
    assert len(found.splitlines()) == 4


# --- messages ----------------------------------------------------------------------

_FACTS = {
    "too_big": {"size_bytes": 2048, "limit_bytes": 1024},
    "type": {"types": ["pdf", "xlsx"]},
    "extension": {"extension": "", "found": "png"},
    "pixels": {"width": 9, "height": 8, "limit_pixels": 40_000_000},
}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_reason_has_a_message_of_its_own_without_gaps(language):
    with translation.override(language):
        told = [describe(FileRefused(reason, **_FACTS.get(reason, {}))) for reason in MESSAGES]
    assert len(set(told)) == len(MESSAGES)
    assert not any("{" in text for text in told)


def test_an_unknown_reason_is_an_error():
    with pytest.raises(KeyError):
        refusals.FileRefused("because")
