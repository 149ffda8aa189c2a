"""kill -9 of every part of a running portal, in turn: back within ten seconds, `verify` green."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager

import psycopg
import pytest
from celery import Celery

from portal.embedded import paths
from portal.embedded.postgres import Postgres
from tests import running
from tests.portal.conftest import make_data_dir

pytestmark = pytest.mark.long

LIMIT_S = 10.0


@pytest.fixture(scope="module")
def portal():
    with make_data_dir() as data_dir, running.running(data_dir) as portal:
        yield portal


def _children(pid: int) -> list[int]:
    told = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in told.stdout.split()]


@contextmanager
def _sender(portal: running.RunningPortal):
    """Sends a task to the portal's broker, as its web server does."""
    address = paths.broker_conninfo(paths.broker_url(portal.data_dir))
    app = Celery("sender", broker="pgmq://", set_as_current=False)
    app.conf.broker_transport_options = {"conn_string": address, "init_extension": False}

    def send_and_wait(deadline: float) -> None:
        """A task sent now is taken and done before the deadline."""
        while True:
            try:
                app.send_task("notices.sweep", retry=False)
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        while True:
            with psycopg.connect(address) as connection:
                (waiting,) = connection.execute("SELECT count(*) FROM pgmq.q_celery").fetchone()
            if not waiting:
                return
            assert time.monotonic() < deadline, f"{waiting} tasks are not done"
            time.sleep(0.1)

    yield send_and_wait
    app.close()


@pytest.mark.parametrize("whole", [False, True], ids=["itself", "with its children"])
@pytest.mark.parametrize("name", ["postgres", "worker", "web", "beat"])
def test_killed_part_is_back_within_ten_seconds(portal, name, whole, record_property, capsys):
    pid = portal.status()[name]
    victims = [pid, *(_children(pid) if whole else [])]
    began = time.monotonic()
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    deadline = began + LIMIT_S
    with _sender(portal) as send_and_wait:
        while portal.status().get(name) in (pid, None) or not portal.answers():
            assert time.monotonic() < deadline, portal.log()
            time.sleep(0.05)
        send_and_wait(deadline)
    took = time.monotonic() - began
    record_property("seconds", round(took, 2))
    with capsys.disabled():
        print(f"\nkill -9 {name} ({len(victims)} processes): all back after {took:.1f} s", end=" ")
    verified = portal.manage("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.parametrize("name", ["postgres", "web"])
def test_killed_child_of_a_part_is_replaced(portal, name):
    for victim in _children(portal.status()[name]):
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + LIMIT_S
        with _sender(portal) as send_and_wait:
            portal.wait_for_answer(LIMIT_S)
            send_and_wait(deadline)
        if name == "postgres":
            break  # one is enough: the server ends them all


def test_second_up_on_the_same_data_says_so_and_ends(portal):
    second = portal.manage("up", timeout=20)
    assert second.returncode != 0
    assert f"already runs on {portal.data_dir} (process {portal.process.pid}, {portal.url})" in (
        second.stderr
    )
    portal.wait_for_answer(LIMIT_S)


def test_backup_under_use_restores_elsewhere_with_equal_hashes(portal):
    with make_data_dir() as folder:
        made = portal.manage("backup", "--to", str(folder / "b.tar"))
        assert made.returncode == 0, made.stderr
        target = folder / "var"
        restored = portal.manage("restore", str(folder / "b.tar"), "--into", str(target))
        assert restored.returncode == 0, restored.stderr
        assert "all hashes equal" in restored.stdout
        with running.running(target) as copy:
            verified = copy.manage("verify")
            assert verified.returncode == 0, verified.stdout
            copy.wait_for_answer(LIMIT_S, "/")


def test_killed_supervisor_leaves_nothing_and_the_next_one_starts():
    with make_data_dir() as data_dir, running.running(data_dir) as portal:
        portal.process.kill()
        portal.process.wait()
        deadline = time.monotonic() + 20
        while left := running.processes_of(data_dir):
            assert time.monotonic() < deadline, left
            time.sleep(0.2)
        portal.start()
        portal.wait_for_answer(LIMIT_S)
        assert portal.stop() == 0
        assert running.processes_of(data_dir) == []
        assert Postgres(data_dir).running_pid() is None
        assert not (data_dir / "status.json").exists()


def test_up_started_right_after_a_kill_waits_for_what_still_ends():
    with make_data_dir() as data_dir, running.running(data_dir) as portal:
        portal.process.kill()
        portal.process.wait()
        portal.start()  # database and port are still held by the dying parts
        portal.wait_for_answer(LIMIT_S)
        assert portal.stop() == 0
