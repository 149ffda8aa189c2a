"""Child processes that cannot outlive their parent, and the user that the database runs as."""

import ctypes
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
# PostgreSQL refuses to run as root; these users exist on every machine, the first that does serves.
_UNPRIVILEGED_USERS = ("postgres", "nobody")


def database_user() -> pwd.struct_passwd | None:
    """The user that PostgreSQL runs as when we are root; None: our own."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(
        "no unprivileged user to run PostgreSQL as: " + ", ".join(_UNPRIVILEGED_USERS)
    )


def run_as(user: pwd.struct_passwd | None) -> dict:
    """The arguments of ``subprocess`` that start a program as the user."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def may(user: pwd.struct_passwd | None, test: str, path: Path) -> bool:
    """Whether the user passes ``test <flag> path`` (-x to enter or execute, -w to write)."""
    command = ["/bin/sh", "-c", f'test {test} "$0"', str(path)]
    return subprocess.run(command, cwd="/", check=False, **run_as(user)).returncode == 0


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        if hasattr(_libc, "prctl"):
            _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

    return prepare


def spawn(
    command: Sequence[str | Path],
    *,
    log: IO[bytes] | None,
    death_signal: signal.Signals | None,
    user: pwd.struct_passwd | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen:
    """Start a direct child in a session of its own, signalled when this process dies.

    Call it from the main thread: the kernel sends the signal when the calling *thread* ends.
    Without ``death_signal`` the child stays behind.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT if log is not None else None,
        cwd=cwd,
        env=env,
        pass_fds=pass_fds,
        start_new_session=True,
        preexec_fn=_die_with_parent(death_signal) if death_signal else None,
        **run_as(user),
    )


def command_line(pid: int) -> list[str]:
    """The command line of a running process; empty when there is none (or only its corpse)."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return []
    return line.rstrip("\0").split("\0") if line else []
