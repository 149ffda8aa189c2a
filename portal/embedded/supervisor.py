"""The supervisor behind `manage.py up`: keeps the parts alive and stops them in order.

Every part is a direct child that dies with us. A part that dies is started again, after half a
second at first, then with doubling pauses. ``status.json`` in the data folder names the processes.
"""

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from portal.embedded import processes
from portal.embedded.postgres import Postgres, PostgresError

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0  # alive for so long: the next death is a first one again
LOG_LIMIT_BYTES = 10_000_000


class AlreadyRunning(RuntimeError):
    """Another supervisor holds the data folder."""

    def __init__(self, data_dir: Path, status: Mapping) -> None:
        self.data_dir = data_dir
        self.status = dict(status)
        super().__init__(
            f"the portal already runs on {data_dir} (process {status.get('supervisor', '?')},"
            f" {status.get('address', 'still starting')}); stop it with Ctrl-C there, or:"
            f" kill {status.get('supervisor', '…')}"
        )


@contextlib.contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Be the only supervisor of the data folder, for the length of a block.

    The kernel gives the lock back when this process ends, however it ends.
    """
    with (data_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(data_dir, read_status(data_dir)) from None
        with contextlib.suppress(FileNotFoundError):
            (data_dir / "status.json").unlink()
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                (data_dir / "status.json").unlink()


def is_held(data_dir: Path) -> bool:
    """Whether a supervisor runs on the data folder."""
    try:
        with (data_dir / "up.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def read_status(data_dir: Path) -> dict:
    try:
        return json.loads((data_dir / "status.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}


def make_room(folder: Path) -> None:
    """Copy each log that has reached its limit to ``….log.1`` and empty it: its writer, which
    appends, goes on. One older copy is kept of each."""
    for log in folder.glob("*.log"):
        with contextlib.suppress(OSError):  # a full disk: the emptying makes room
            if log.stat().st_size > LOG_LIMIT_BYTES:
                try:
                    shutil.copyfile(log, log.with_suffix(".log.1"))
                finally:
                    os.truncate(log, 0)


class Part:
    """Something that is kept running. ``start`` returns when it is started, or raises OSError."""

    name: str
    first_pause_s = 0.5
    stop_timeout_s = 15.0
    # The supervisor's notes.
    started_at = 0.0
    pause_s = 0.0
    due_at: float | None = None

    @property
    def process(self) -> subprocess.Popen | None:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def sweep(self) -> None:
        """End what a killed part left behind."""

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def fate(self) -> str:
        code = self.process.returncode if self.process is not None else None
        return f"signal {-code}" if code is not None and code < 0 else f"exit {code}"


class Database(Part):
    name = "postgres"
    first_pause_s = 0.1  # everything waits for it

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.started_at = time.monotonic()

    @property
    def process(self) -> subprocess.Popen | None:
        return self.server.process

    def start(self) -> None:
        try:
            self.server.restart()
        except PostgresError as error:
            raise OSError(str(error)) from error


class Program(Part):
    """A command in a session of its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path,
        before: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.env = env
        self.cwd = cwd
        self.before = before
        self._process: subprocess.Popen | None = None

    @property
    def process(self) -> subprocess.Popen | None:
        return self._process

    def start(self) -> None:
        if self.before is not None:
            self.before()
        with self.log.open("ab") as log:
            self._process = processes.spawn(
                self.command, log=log, death_signal=signal.SIGTERM, env=self.env, cwd=self.cwd
            )

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def sweep(self) -> None:
        """Its workers are in its session, and would go on serving."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


class Supervisor:
    """Starts, watches and stops parts. Create it in the main thread: it takes over the signals."""

    def __init__(self, data_dir: Path, *, say: Callable[[str], None]) -> None:
        self.data_dir = data_dir
        self.say = say
        self.parts: list[Part] = []
        self.address = "still starting"
        self.asked_to_stop = 0
        self._listening = False
        self._wakeup, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, *_args: object) -> None:
        self.asked_to_stop += 1
        if not self._listening:  # whatever is being prepared is given up
            raise KeyboardInterrupt

    def watch(self, part: Part) -> None:
        """Start the part unless it runs, and keep it running from now on."""
        if not part.alive():
            part.start()
            part.started_at = time.monotonic()
        self.parts.append(part)
        self.write_status()

    def run(self) -> None:
        """Keep the parts alive until a signal asks us to stop."""
        self._listening = True
        while not self.asked_to_stop:
            self.tend()
            make_room(self.data_dir / "log")
            self.wait(1.0)

    def wait(self, timeout_s: float) -> None:
        """Sleep until a child dies, a signal arrives, a restart is due, or the time is over."""
        now = time.monotonic()
        due = [part.due_at - now for part in self.parts if part.due_at is not None]
        select.select([self._wakeup], [], [], max(0.0, min([timeout_s, *due])))
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakeup, 512)

    def tend(self) -> None:
        """Start again what died, each part when its pause is over."""
        for part in self.parts:
            now = time.monotonic()
            if part.alive():
                continue
            due_at = part.due_at
            if due_at is None:
                part.sweep()
                if now - part.started_at > STEADY_S or not part.pause_s:
                    part.pause_s = part.first_pause_s
                due_at = self._postpone(part, f"ended ({part.fate()})")
            if now < due_at:
                continue
            try:
                part.start()
            except OSError as error:
                self._postpone(part, f"does not start: {error}")
                continue
            part.due_at = None
            part.started_at = time.monotonic()
            self.say(f"{part.name} is started again")
            self.write_status()

    def _postpone(self, part: Part, what: str) -> float:
        self.say(f"{part.name} {what}; again in {part.pause_s:.1f} s")
        part.due_at = time.monotonic() + part.pause_s
        part.pause_s = min(part.pause_s * 2, LONGEST_PAUSE_S)
        return part.due_at

    def write_status(self) -> None:
        pids = {part.name: part.process.pid for part in self.parts if part.process is not None}
        status = {"supervisor": os.getpid(), "address": self.address, **pids}
        fresh = self.data_dir / "status.json.new"
        fresh.write_text(json.dumps(status))
        fresh.replace(self.data_dir / "status.json")

    def stop(self) -> None:
        """Ask the programs to end, end those that do not; the database's own stop comes after.

        A second signal is impatience: what still runs is killed.
        """
        self._listening = True
        asked = max(self.asked_to_stop, 1)
        programs = [part for part in self.parts if isinstance(part, Program) and part.alive()]
        running = programs
        for part in running:
            part.terminate()
        started = time.monotonic()
        while running:
            waited = time.monotonic() - started
            for part in running:
                if waited > part.stop_timeout_s or self.asked_to_stop > asked:
                    part.sweep()
            self.wait(0.2)
            running = [part for part in running if part.alive()]
        for part in programs:
            part.sweep()
