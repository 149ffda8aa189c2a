"""The portal as it runs: from an empty folder to the first page, started again, and under load."""

import statistics
import threading
import time
import urllib.request

import pytest

from tests.portal.conftest import make_data_dir
from tests.running import RunningPortal

PAGES = ["/healthz", "/readyz", "/", "/measures/", "/accounts/login/"]
REQUESTS = 200


@pytest.fixture(scope="module")
def portal(request):
    with make_data_dir() as data_dir:
        portal = RunningPortal(data_dir)
        print()
        for what in ("from an empty folder", "started again"):
            began = time.monotonic()
            portal.start()
            print(f"{what}: ready after {time.monotonic() - began:.1f} s")
            if what == "from an empty folder":
                assert portal.stop() == 0
        yield portal
        portal.stop()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("clients", [1, 8])
def test_page(portal, path, clients):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    times, failures = [], []

    def visit() -> None:
        for _ in range(REQUESTS // clients):
            began = time.monotonic()
            with opener.open(portal.url + path, timeout=30) as answer:
                if answer.status != 200:
                    failures.append(answer.status)
                answer.read()
            times.append(time.monotonic() - began)

    began = time.monotonic()
    threads = [threading.Thread(target=visit) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(times) / (time.monotonic() - began)
    assert failures == [] and len(times) == REQUESTS
    p95 = statistics.quantiles(times, n=20)[-1]
    print(
        f"{path:<18} {clients} client{'s' if clients > 1 else ' '}: {rate:6.0f}/s,"
        f" median {statistics.median(times) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
    )
