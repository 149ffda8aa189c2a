"""The whole portal as `manage.py up` runs it, on a data folder of its own: PostgreSQL, granian,
worker and beat, demonstration data. Its clock is moved by the owner, as nobody else can."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from django.conf import settings

from portal.embedded import paths

START_TIMEOUT_S = 240
# More where the demonstration of full size is loaded.
LIFE_TIMEOUT_S = 900
STOP_TIMEOUT_S = 30
# Of the tests' environment: nothing of it may reach the portal under test.
_OWN = ("DATA_DIR", "DATABASE_URL", "DATABASE_OWNER_URL", "CELERY_BROKER_URL", "SITE_URL",
        "DJANGO_SETTINGS_MODULE", "EMAIL_URL", "CACHE_URL")  # fmt: skip


class Stack:
    """One portal under test: ``start()``, ``url``, ``advance()``, ``rows()``, ``stop()``."""

    def __init__(self, data_dir: Path, *, size: str = "base") -> None:
        self.data_dir = data_dir
        self.size = size
        self.log = data_dir / "up.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    # --- life ------------------------------------------------------------------------

    def start(self) -> None:
        shutil.rmtree(self.data_dir, ignore_errors=True)
        self.data_dir.mkdir(parents=True)
        environment = {name: value for name, value in os.environ.items() if name not in _OWN}
        environment |= {"DATA_DIR": str(self.data_dir), "PORT": str(self.port)}
        environment |= {"DEMO": "1", "DEMO_SIZE": self.size}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        timeout_s = START_TIMEOUT_S if self.size == "base" else LIFE_TIMEOUT_S
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the portal did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.5)

    def _answers(self) -> bool:
        if "The portal runs at" not in self.log.read_text():
            return False
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer,
        ):
            return answer.status == 200
        return False

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        """A command of manage.py on this portal's data."""
        environment = {name: value for name, value in os.environ.items() if name not in _OWN}
        environment |= {"DATA_DIR": str(self.data_dir), "PORT": str(self.port)}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    # --- the database ------------------------------------------------------------------

    def rows(self, query: str, *values) -> list[tuple]:
        """What the running role reads."""
        with psycopg.connect(paths.runtime_url(self.data_dir)) as connection:
            return connection.execute(query, values).fetchall()

    def one(self, query: str, *values):
        """The one value that the query gives."""
        ((value,),) = self.rows(query, *values)
        return value

    # --- the clock -----------------------------------------------------------------------

    def now(self) -> datetime:
        return self.one("SELECT portal_now()")

    def advance(self, step: timedelta) -> None:
        """Move the portal's clock forward, with the owner's right."""
        if step < timedelta(0):
            raise ValueError("the road goes forward only")
        with psycopg.connect(paths.owner_url(self.data_dir)) as connection:
            connection.execute("UPDATE portal_clock SET shift = shift + %s", [step])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
