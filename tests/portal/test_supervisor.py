import json
import os
import signal
import subprocess
import sys
import time
from unittest import mock

import pytest
from django.core.management import CommandError, call_command

from portal.embedded import processes, supervisor
from portal.embedded.supervisor import Part, Program, Supervisor


@pytest.fixture
def said():
    return []


@pytest.fixture
def watch(tmp_path, said):
    """A supervisor of the test's own; the signals are given back afterwards."""
    numbers = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    watch = Supervisor(tmp_path, say=said.append)
    yield watch
    watch.stop()
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def _program(tmp_path, script: str, name: str = "part") -> Program:
    command = [sys.executable, "-c", script]
    return Program(name, command, log=tmp_path / "log", env=dict(os.environ), cwd=tmp_path)


def _tend_until(watch: Supervisor, condition, timeout_s: float = 60) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s
        watch.tend()
        watch.wait(0.05)
    return time.monotonic() - began


def test_killed_part_is_started_again(watch, tmp_path, said):
    part = _program(tmp_path, "import time; time.sleep(60)")
    watch.watch(part)
    first = part.process.pid
    os.kill(first, signal.SIGKILL)
    took = _tend_until(watch, lambda: part.alive() and part.process.pid != first)
    assert took > 0.4
    assert said == ["part ended (signal 9); again in 0.5 s", "part is started again"]
    assert json.loads((tmp_path / "status.json").read_text())["part"] == part.process.pid


def test_part_that_keeps_dying_is_started_ever_more_rarely(watch, tmp_path, said):
    part = _program(tmp_path, "raise SystemExit(3)")
    part.first_pause_s = 0.05
    watch.watch(part)
    _tend_until(watch, lambda: len([line for line in said if "ended" in line]) == 4)
    assert [line for line in said if "ended" in line] == [
        f"part ended (exit 3); again in {pause:.1f} s" for pause in (0.05, 0.1, 0.2, 0.4)
    ]


def test_pause_is_short_again_after_a_steady_life(watch, tmp_path, said):
    part = _program(tmp_path, "import time; time.sleep(60)")
    watch.watch(part)
    part.pause_s = 16.0
    part.started_at -= supervisor.STEADY_S + 1
    part.process.kill()
    _tend_until(watch, lambda: said)
    assert said == ["part ended (signal 9); again in 0.5 s"]


def test_children_of_a_killed_part_do_not_stay(watch, tmp_path):
    script = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "open('child', 'w').write(str(child.pid)); time.sleep(60)"
    )
    part = _program(tmp_path, script)
    watch.watch(part)
    _tend_until(watch, lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text())
    child = int((tmp_path / "child").read_text())
    assert processes.command_line(child)
    (tmp_path / "child").unlink()
    part.process.kill()
    _tend_until(watch, lambda: not processes.command_line(child))


def test_stop_ends_a_part_that_does_not_listen(watch, tmp_path):
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "open('deaf', 'w').close(); time.sleep(60)"
    )
    part = _program(tmp_path, script)
    part.stop_timeout_s = 0.3
    watch.watch(part)
    _tend_until(watch, lambda: (tmp_path / "deaf").exists())
    watch.stop()
    assert part.fate() == "signal 9"


def test_part_that_cannot_start_is_tried_again(watch, said):
    class Reluctant(Part):
        name, first_pause_s, tries = "reluctant", 0.05, 0
        process = None

        def alive(self):
            return self.tries == 3

        def start(self):
            self.tries += 1
            if self.tries in (1, 2):
                raise OSError("not yet")

    part = Reluctant()
    watch.parts.append(part)
    _tend_until(watch, part.alive)
    assert [line for line in said if "does not start" in line] == [
        "reluctant does not start: not yet; again in 0.1 s",
        "reluctant does not start: not yet; again in 0.2 s",
    ]


def test_part_dies_with_its_supervisor(tmp_path):
    script = f"""
import os, sys, time
from pathlib import Path
from portal.embedded.supervisor import Program, Supervisor
watch = Supervisor(Path({str(tmp_path)!r}), say=print)
part = Program("part", ["/bin/sleep", "60"], log=Path({str(tmp_path / "log")!r}), env={{}}, cwd="/")
watch.watch(part)
print(part.process.pid, flush=True)
time.sleep(60)
"""
    from django.conf import settings

    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    pid = int(parent.stdout.readline())
    assert processes.command_line(pid)[0] == "/bin/sleep"
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 60
    while processes.command_line(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_second_supervisor_of_a_data_folder_says_who_runs(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    with supervisor.hold(tmp_path):
        status = {"supervisor": 4711, "address": "http://127.0.0.1:8000"}
        (tmp_path / "status.json").write_text(json.dumps(status))
        assert supervisor.is_held(tmp_path)
        with pytest.raises(CommandError, match=r"already runs on .*process 4711.*127.0.0.1:8000"):
            call_command("up")
    assert not supervisor.is_held(tmp_path)


def test_lock_and_status_of_a_killed_supervisor_are_survived(tmp_path):
    (tmp_path / "up.lock").touch()
    (tmp_path / "status.json").write_text('{"supervisor": 1}')
    with supervisor.hold(tmp_path):
        assert supervisor.read_status(tmp_path) == {}


def test_log_of_ten_megabytes_makes_room_while_its_part_goes_on_writing(watch, tmp_path):
    script = (
        "import time; print('x' * 3000, flush=True); open('written', 'w').close();"
        "time.sleep(0.5); print('after', flush=True); time.sleep(60)"
    )
    part = Program(
        "part", [sys.executable, "-c", script],
        log=tmp_path / "part.log", env=dict(os.environ), cwd=tmp_path,
    )  # fmt: skip
    watch.watch(part)
    _tend_until(watch, lambda: (tmp_path / "written").exists())
    with mock.patch.object(supervisor, "LOG_LIMIT_BYTES", 3000):
        supervisor.make_room(tmp_path)
        supervisor.make_room(tmp_path)  # nothing to do the second time
    assert (tmp_path / "part.log.1").stat().st_size == 3001
    _tend_until(watch, lambda: (tmp_path / "part.log").read_text() == "after\n")


def test_log_below_the_limit_stays(tmp_path):
    (tmp_path / "web.log").write_bytes(b"x" * supervisor.LOG_LIMIT_BYTES)
    supervisor.make_room(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["web.log"]


def test_signal_gives_up_what_is_prepared_and_only_asks_later(watch):
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    watch.run()  # asked already: returns at once
    signal.raise_signal(signal.SIGINT)
    assert watch.asked_to_stop == 2
