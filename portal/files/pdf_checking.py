"""Asking the process that looks into PDFs (pdf_check.py): one helper is kept for each of ours.

Starting Python and the library takes a hundred times as long as looking into a usual PDF, so the
helper stays for a while and forks for each file. It answers one question at a time: whoever finds
it busy, gone or mute starts a process for the one file instead, and nobody waits for another's.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BOMB: Mapping[str, Any] = {"refused": "bomb"}


class _Gone(Exception):
    """The helper has ended, of itself or killed: it says nothing about the file."""


class Helper:
    """``pdf_check.py --serve``, started when it is needed."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self._process: subprocess.Popen | None = None
        self._free = threading.Lock()

    def verdict(self, path: Path, *, limit_s: float) -> Mapping[str, Any] | None:
        """What it tells of the file; None if it cannot be asked now."""
        if not self._free.acquire(blocking=False):
            return None
        try:
            for _time in range(2):  # one that has just gone to rest is started again
                with contextlib.suppress(_Gone):
                    return self._asked(path, limit_s)
            return None
        finally:
            self._free.release()

    def _asked(self, path: Path, limit_s: float) -> Mapping[str, Any]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(self.program), "--serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(str(path)).encode() + b"\n")
            told, deadline = b"", time.monotonic() + limit_s
            while not told.endswith(b"\n"):
                left = max(deadline - time.monotonic(), 0)
                if not select.select([process.stdout], [], [], left)[0]:
                    self.stop()
                    return BOMB
                chunk = process.stdout.read(1000)
                if not chunk:
                    raise BrokenPipeError
                told += chunk
            return json.loads(told)
        except (OSError, ValueError):
            self.stop()
            raise _Gone from None

    def stop(self) -> None:
        """End it, with the fork that it may be waiting for."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:  # else its number may be another's by now
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


_helpers: dict[Path, Helper] = {}
# A fork of ours has its parent's helper on the other end of the same pipes: it starts its own.
os.register_at_fork(after_in_child=_helpers.clear)


def verdict(path: Path, *, program: Path, limit_s: float) -> Mapping[str, Any]:
    """``{"pages": 3}`` or ``{"refused": "active"}``; what needs too much is ``bomb``."""
    helper = _helpers.setdefault(program, Helper(program))
    found = helper.verdict(path, limit_s=limit_s)
    return _alone(path, program, limit_s) if found is None else found


def _alone(path: Path, program: Path, limit_s: float) -> Mapping[str, Any]:
    """By a process for this file only."""
    command = [sys.executable, "-I", str(program), str(path)]
    try:
        told = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=limit_s, check=True
        )
        return json.loads(told.stdout)
    except (subprocess.SubprocessError, ValueError):
        return BOMB
