import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings


@contextlib.contextmanager
def make_data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="data-", dir=settings.DATA_DIR))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data folder that the database's user may enter (pytest's own is closed to it)."""
    with make_data_dir() as folder:
        yield folder
