"""Guarantee 11 on a disk that is really full: a clear message, no orphan, and all else goes on."""

import os
import subprocess

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from portal import clock
from portal.accounts.models import Organisation
from portal.files import storing, verifying
from portal.files.models import Blob
from portal.files.refusals import FileRefused
from tests.factories import DistrictFactory, UserFactory
from tests.files import samples

pytestmark = pytest.mark.django_db
DISK_BYTES = 5 * 1024 * 1024


@pytest.fixture
def small_disk(settings, tmp_path):
    """A disk of 5 MB under the files, as only root can mount one."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    settings.BLOB_DIR = tmp_path / "blobs"
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def _pdf(size_bytes: int) -> bytes:
    """A PDF of about this size, whatever compresses it."""
    noise = os.urandom(size_bytes)
    return samples.pdf(lambda document: document.Root.__setitem__(
        "/Noise", document.make_stream(noise)))  # fmt: skip


def _store(content: bytes) -> Blob:
    return storing.store(content, name="a.pdf", types=("pdf",), max_bytes=10**8, at=clock.now())


def _fill() -> int:
    for count in range(20):
        try:
            _store(_pdf(900_000))
        except FileRefused as refusal:
            assert refusal.reason == "disk_full"
            return count
    raise AssertionError("the disk is not small")


def test_full_disk_refuses_the_file_and_leaves_no_orphan(small_disk):
    stored = _fill()
    assert 3 <= stored <= 5
    assert Blob.objects.count() == len(list(storing.files_on_disk())) == stored
    assert list((small_disk / "blobs" / "incoming").iterdir()) == []
    assert list(verifying.faults()) == []


def test_full_disk_is_told_beside_the_field_and_typing_goes_on(small_disk, client):
    district = DistrictFactory()
    client.force_login(UserFactory())
    _fill()
    typed = {
        "name": "南京测试有限公司", "uscc": "91320100MA1W000030", "kind": "enterprise",
        "district": district.pk, "founded_on": "2020-01-02", "legal_representative": "甲",
        "address": "南京", "contact_name": "甲", "contact_phone": "13800001234",
    }  # fmt: skip

    def post():
        papers = {
            name: SimpleUploadedFile(f"{name}.pdf", _pdf(600_000))
            for name in ("licence", "authorisation")
        }
        return client.post(reverse("organisation_register"), typed | papers)

    refused = post()
    assert "服务器存储空间不足" in refused.content.decode()
    assert "南京测试有限公司" in refused.content.decode()
    # Room is made: the same form goes through.
    for path in list(storing.files_on_disk())[:3]:
        path.unlink()
    assert post().status_code == 302
    assert Organisation.objects.get().licence.path.exists()
