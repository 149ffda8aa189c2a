"""Acts at one moment, each in a thread with a connection of its own."""

import threading
import time
from collections.abc import Callable

from django.db import close_old_connections, connection

from tests.conftest import owner_connection


def at_once(*acts: Callable) -> list:
    """Run every act in a thread with a connection of its own, all let go at one moment; what
    each returned, or the exception that it raised."""
    gate = threading.Barrier(len(acts), timeout=60)
    results: list = [None] * len(acts)

    def run(number: int, act: Callable) -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            results[number] = act()
        except BaseException as error:
            results[number] = error
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def until_somebody_waits(seconds: float = 10) -> None:
    """Until a connection of this database waits for a lock."""
    with owner_connection() as watcher:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            waiting = watcher.execute(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            ).fetchone()[0]
            if waiting:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")
