"""Tests in forks of one process: everything is imported and collected once, and each fork has a
database of its own, cloned from the template.
"""

import ctypes
import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.damage import Damage, environment
from tests.guarantees.mutants.watching import Seen, Watch

_PR_SET_PDEATHSIG = 1


@dataclass
class Job:
    """Tests to run, without or with a damage, until the first that fails or to the end."""

    tests: list[pytest.Item]
    damage: Damage | None = None
    limit_s: float = 900
    about: Any = None


@dataclass
class Done:
    job: Job
    rows: list[dict]
    whole: bool  # False: killed by its time limit, or it broke
    seconds: float

    @property
    def failed(self) -> list[str]:
        return [row["test"] for row in self.rows if row["outcome"] == "failed"]


@dataclass(eq=False)
class Forks:
    """A pytest plugin in place of its loop: ``work`` gets the session's tests and this."""

    folder: Path
    slots: int
    work: Callable[["Forks", pytest.Session], None]
    running: dict[int, tuple[Job, int, float]] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        self.session = session
        # Once for all forks: the files may be edited while they run.
        for plugin in session.config.pluginmanager.get_plugins():
            if digest := getattr(plugin, "_schema_digest", None):
                digest()
        self.work(self, session)
        return True

    def run(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Every job in a fork, ``slots`` at once; told as they end."""
        free = list(range(self.slots))
        for job in jobs:
            if not free:
                done, slot = self._wait()
                free.append(slot)
                yield done
            self._start(job, free.pop())
        while self.running:
            yield self._wait()[0]

    def _start(self, job: Job, slot: int) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self.running[pid] = (job, slot, time.monotonic())
            return
        code = 1
        try:
            os.setsid()
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            if os.getppid() == parent:
                self._child(job, slot)
                code = 0
        finally:
            os._exit(code)

    def _child(self, job: Job, slot: int) -> None:
        log = os.open(self.folder / f"slot-{slot}.log", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(log, descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(environment(job.damage))
        # The name by which the fixtures make a database of its own.
        self.session.config.workerinput = {"workerid": f"mutant{slot}"}  # type: ignore[attr-defined]
        self.session.items = job.tests
        with self._rows(slot).open("w") as rows:
            watch = Watch()
            reporter = _Reporter(rows, watch)
            self.session.config.pluginmanager.register(reporter)
            with nullcontext() if job.damage else watch.open():
                for index, item in enumerate(job.tests):
                    following = job.tests[index + 1] if index + 1 < len(job.tests) else None
                    reporter.begin(item)
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                    if reporter.end() and job.damage:
                        return

    def _wait(self) -> tuple[Done, int]:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in self.running:
                break
            if not pid:
                time.sleep(0.02)
                now = time.monotonic()
                for one, (job, _slot, began) in self.running.items():
                    if now - began > job.limit_s:
                        os.killpg(one, signal.SIGKILL)
        job, slot, began = self.running.pop(pid)
        rows = [json.loads(line) for line in self._rows(slot).read_text().splitlines()]
        return Done(job, rows, status == 0, time.monotonic() - began), slot

    def _rows(self, slot: int) -> Path:
        return self.folder / f"slot-{slot}.jsonl"


class _Reporter:
    """Writes a row for each test."""

    def __init__(self, rows, watch: Watch) -> None:
        self.rows, self.watch = rows, watch

    def begin(self, item: pytest.Item) -> None:
        mark = item.get_closest_marker("django_db")
        fixtures = set(getattr(item, "fixturenames", ()))
        self.watch.current = Seen(
            item.nodeid,
            transactional=bool(mark and mark.kwargs.get("transaction"))
            or bool(fixtures & {"transactional_db", "live_server"}),
        )
        self.began = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seen = self.watch.current
        if report.failed:
            seen.outcome = "failed"
            print(report.longreprtext, flush=True)
        elif report.skipped and seen.outcome == "passed":
            seen.outcome = "skipped"

    def end(self) -> bool:
        """The test's row; True if it failed."""
        seen = self.watch.current
        seen.seconds = round(time.monotonic() - self.began, 3)
        print(json.dumps(seen.as_row()), file=self.rows, flush=True)
        return seen.outcome == "failed"
