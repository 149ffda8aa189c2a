"""Requests a second through the server as `manage.py up` starts it; on loopback, bounded in count
and in time."""

import http.client
import threading
import time
import urllib.parse
from collections.abc import Callable, Sequence

from tests.benchmarks.pages import Page, Refused, signed_in
from tests.benchmarks.timing import spread

CLIENTS = 8
REQUESTS = 400
LIMIT_S = 20.0


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


def read(port: int, page: Page) -> dict:
    """A page, again and again."""
    headers = {"Cookie": cookies(page), "Host": f"127.0.0.1:{port}"}

    def piece(connection) -> None:
        status, body = ask(connection, "GET", page.path, headers)
        if status != 200 or len(body) < 1000:
            raise Refused(f"{page.name}: {status}")

    for _warm in range(4):
        piece(http.client.HTTPConnection("127.0.0.1", port, timeout=30))
    return load(port, [piece] * REQUESTS)


def submit(port: int, waiting: list[tuple]) -> dict:
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

    return load(port, [piece_of(*item) for item in waiting])
