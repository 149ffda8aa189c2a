"""What a command tells while it works: each step, and every two seconds that it goes on."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

EVERY_S = 2.0


@contextlib.contextmanager
def step(say: Callable[[str], None], name: str) -> Iterator[None]:
    done = threading.Event()
    began = time.monotonic()

    def tell() -> None:
        while not done.wait(EVERY_S):
            say(f"{name} … {time.monotonic() - began:.0f} s")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
    say(f"{name}: done ({time.monotonic() - began:.1f} s)")
