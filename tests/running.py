"""The portal as `manage.py up` runs it, on a data folder and a port of its own."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.conf import settings

OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "CELERY_BROKER_URL", "SITE_URL", "BIND", "SECRET_KEY")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RunningPortal:
    def __init__(
        self, data_dir: Path, *, demo: bool = False, more: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.demo = demo
        self.more = dict(more or {})
        self.process: subprocess.Popen | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "DEMO": str(int(self.demo)),
            "DEMO_SIZE": "base",
            **self.more,
        }

    def manage(self, *arguments: str, **more) -> subprocess.CompletedProcess:
        """Run a command of manage.py on this portal."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            **more,
        )

    def start(self, timeout_s: float = 300) -> None:
        with (self.data_dir / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + timeout_s
        ready = {"supervisor": self.process.pid, "address": self.url}
        while not ready.items() <= self.status().items():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the portal does not start:\n{self.log()}")
            time.sleep(0.1)

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def log(self) -> str:
        return (self.data_dir / "up.log").read_text()

    def status(self) -> dict:
        """The parts' processes, by name."""
        with contextlib.suppress(OSError, ValueError):
            return json.loads((self.data_dir / "status.json").read_text())
        return {}

    def answers(self, path: str = "/readyz") -> bool:
        return self._ask(path, timeout_s=2)

    def wait_for_answer(self, limit_s: float, path: str = "/readyz") -> None:
        deadline = time.monotonic() + limit_s
        while not self._ask(path, timeout_s=limit_s):
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def _ask(self, path: str, *, timeout_s: float) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url + path, timeout=timeout_s) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False


@contextlib.contextmanager
def running(
    data_dir: Path, *, demo: bool = False, more: Mapping[str, str] | None = None
) -> Iterator[RunningPortal]:
    """A portal that has started; stopped at the end, whatever the test did with it."""
    portal = RunningPortal(data_dir, demo=demo, more=more)
    try:
        portal.start()
        yield portal
    finally:
        if portal.process is not None and portal.process.poll() is None:
            portal.stop()


def processes_of(data_dir: Path) -> list[str]:
    """Command lines of all processes that work on the data folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (folder / "environ").read_bytes().decode(errors="replace")
            if f"DATA_DIR={data_dir}\0" in environment or f"-D {data_dir}/" in command:
                found.append(command)
    return found
