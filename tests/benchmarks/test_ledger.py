"""How many reservations a second one hot call account takes, with 1, 8 and 50 officers at once."""

import threading
import time

import pytest
from django.db import connection

from awards.models import Award, CapAccount
from tests.awards.cases import make_scene
from tests.guarantees.test_races import take

pytestmark = pytest.mark.django_db(transaction=True)

ACTS = 200


@pytest.mark.parametrize("clients", [1, 8, 50])
def test_reservations_on_one_account(clients, capsys):
    scene = make_scene(
        budget="1000000", places=ACTS, caps=[], quota={"places": ACTS, "clause": "x"}
    )
    waiting = [scene.case(asked="1") for _ in range(ACTS)]
    lock, gate, errors, slowest = threading.Lock(), threading.Barrier(clients + 1), [], []

    def work() -> None:
        connection.ensure_connection()
        gate.wait()
        try:
            while True:
                with lock:
                    if not waiting:
                        return
                    case = waiting.pop()
                began = time.monotonic()
                take(scene, case)
                slowest.append(time.monotonic() - began)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.monotonic()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert errors == []
    assert Award.objects.count() == ACTS
    account = CapAccount.objects.get(rule="call_budget", call=scene.call)
    assert (account.committed_cny, account.committed_places) == (ACTS, ACTS)
    with capsys.disabled():
        p95 = sorted(slowest)[int(ACTS * 0.95)]
        print(f"\n{clients:>3} clients: {ACTS / took:.0f} reservations/s, p95 {p95 * 1000:.0f} ms")
