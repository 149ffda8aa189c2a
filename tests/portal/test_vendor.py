"""Vendored files are what their lists of hashes say, and each folder holds its licence."""

import hashlib

import pytest
from django.conf import settings

LISTS = sorted(
    [*settings.BASE_DIR.glob("static/vendor/*/SHA256SUMS"), settings.BASE_DIR / "portal/fonts/SHA256SUMS"]
)  # fmt: skip


def test_every_vendored_folder_has_its_list():
    folders = {
        path.name for path in (settings.BASE_DIR / "static/vendor").iterdir() if path.is_dir()
    }
    assert folders == {path.parent.name for path in LISTS} - {"fonts"}


@pytest.mark.parametrize("listing", LISTS, ids=lambda path: path.parent.name)
def test_vendored_file_is_unchanged_and_none_is_unlisted(listing):
    wanted = dict(reversed(line.split("  ")) for line in listing.read_text().splitlines())
    held = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in listing.parent.iterdir()
        if path.name not in {"SHA256SUMS", "README.md"}
    }
    assert held == wanted
    assert any("LICENSE" in name for name in held)
