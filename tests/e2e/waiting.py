"""What the portal or a script brings about is waited for, as long as a busy machine needs."""

import time
from collections.abc import Callable

from playwright.sync_api import expect

PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


def eventually(read: Callable[[], object], wanted: object) -> None:
    """Until what is read (of the database, say, that a script writes to) is as wanted."""
    ends = time.monotonic() + PATIENCE_MS / 1000
    while (found := read()) != wanted:
        assert time.monotonic() < ends, f"{found!r} has not become {wanted!r}"
        time.sleep(0.05)
