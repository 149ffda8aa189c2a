"""Requests a second through the server as `manage.py up` starts it; on loopback, bounded in count
and in time.

The clients share the machine with what they measure, so what the serving side (web workers and
PostgreSQL) spends is read from the system's own accounts of its processes; and the same load is run
again with the serving side on one core and everything else on the others.
"""

import contextlib
import http.client
import os
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence

import psutil

from tests.benchmarks.pages import Page, Refused, signed_in
from tests.benchmarks.timing import spread

CLIENTS = 8
REQUESTS = 400
# So many first: each worker compiles its templates, each thread opens its connection.
WARM = 48
LIMIT_S = 20.0


class Side:
    """The processes that serve: web workers and the database's, with their CPU seconds."""

    def __init__(self, status: Mapping[str, int]) -> None:
        self.parts = {name: psutil.Process(status[name]) for name in ("web", "postgres")}
        # They share the machine, and serve no request.
        self.others = [psutil.Process(status[name]) for name in ("supervisor", "worker", "beat")]

    def cpu_s(self) -> dict[str, float]:
        """Seconds since the start, of processes that have ended since then as well."""
        return {name: _cpu_s(process) for name, process in self.parts.items()}

    @contextlib.contextmanager
    def on_one_core(self) -> Iterator[None]:
        """Meanwhile the serving side has one core, everything else the others."""
        cores = os.sched_getaffinity(0)
        one = {min(cores)}
        serving = [one_of for process in self.parts.values() for one_of in _tree(process)]
        others = [psutil.Process(), *self.others]
        try:
            _pin(serving, one)
            _pin(others, cores - one)
            yield
        finally:
            _pin([*serving, *others], cores)


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _cpu_s(process: psutil.Process) -> float:
    total = 0.0
    for one in _tree(process):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _pin(processes: Sequence[psutil.Process], cores: set[int]) -> None:
    """Each thread of them; what they start later inherits it."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            for thread in process.threads():
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(thread.id, cores)


def measured(side: Side, port: int, work: Sequence[Callable]) -> dict:
    """The load with what it cost: CPU milliseconds of each part for a request, and how many
    requests a CPU second of the serving side is worth."""
    before, client = side.cpu_s(), time.process_time()
    found = load(port, work)
    client = time.process_time() - client
    spent = {name: cpu_s - before[name] for name, cpu_s in side.cpu_s().items()}
    done = found["requests"]
    milliseconds = {
        name: round(cpu_s / done * 1000, 1) for name, cpu_s in (spent | {"clients": client}).items()
    }
    per_cpu_s = round(done / sum(spent.values()), 1)
    return found | {"cpu_ms": milliseconds, "per_cpu_second": per_cpu_s}


def cookies(page: Page) -> str:
    """The session of the page's reader, as a browser would send it."""
    client = signed_in(page.user)
    client.get(page.path)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def ask(connection: http.client.HTTPConnection, method: str, path: str, headers: dict, body=None):
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def load(port: int, work: Sequence[Callable], *, clients: int = CLIENTS) -> dict:
    """Do each piece of work (a function of a connection) once, by so many clients."""
    waiting, lock, gate = list(work), threading.Lock(), threading.Barrier(clients + 1)
    times: list[float] = []
    errors: list[Exception] = []
    until = time.monotonic() + LIMIT_S

    def run() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        gate.wait()
        try:
            while time.monotonic() < until:
                with lock:
                    if not waiting:
                        return
                    piece = waiting.pop()
                began = time.perf_counter()
                piece(connection)
                times.append(time.perf_counter() - began)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _client in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if errors:
        raise errors[0]
    return {
        "clients": clients,
        "requests": len(times),
        "per_second": round(len(times) / took, 1),
    } | spread(times)


def read(port: int, page: Page, side: Side) -> dict:
    """A page, again and again: on all cores, then with the serving side on one."""
    headers = {"Cookie": cookies(page), "Host": f"127.0.0.1:{port}"}

    def piece(connection) -> None:
        status, body = ask(connection, "GET", page.path, headers)
        if status != 200 or len(body) < 1000:
            raise Refused(f"{page.name}: {status}")

    load(port, [piece] * WARM)
    found = measured(side, port, [piece] * REQUESTS)
    if (os.cpu_count() or 1) > 1:
        with side.on_one_core():
            found["one_core"] = measured(side, port, [piece] * REQUESTS)
    return found


def submit(port: int, waiting: list[tuple], side: Side) -> dict:
    """Submissions, each of another case; ``waiting`` as tests.benchmarks.pages.submission."""

    def piece_of(client, path: str, told: dict) -> Callable:
        token = client.cookies["csrf"].value
        jar = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        body = urllib.parse.urlencode(told | {"csrfmiddlewaretoken": token})
        headers = {
            "Cookie": jar, "Host": f"127.0.0.1:{port}",
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip

        def piece(connection) -> None:
            status, answer = ask(connection, "POST", path, headers, body)
            if status != 302:
                raise Refused(f"submit: {status} {answer[:200]!r}")

        return piece

    return measured(side, port, [piece_of(*item) for item in waiting])
