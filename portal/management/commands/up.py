"""`manage.py up`: the whole portal from an empty data folder, until Ctrl-C.

Database, schema, policy, static files, demonstration data; then web, worker and beat, kept alive.
"""

import contextlib
import functools
import hashlib
import io
import os
import socket
import sys
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections

from portal import versions
from portal.embedded import broker, paths, supervisor
from portal.embedded.postgres import Postgres, PostgresError
from portal.management import progress

WEB_WORKERS_MAX = 4
# Each thread may hold a connection: 4 x 12 and the workers' stay far below the database's 200.
WEB_THREADS = 12
WEB_BACKPRESSURE = 128
TASK_THREADS = 4
PORT_TIMEOUT_S = 15
WEB_TIMEOUT_S = 60


class Command(BaseCommand):
    help = "Run the portal: database, web, worker and beat, until Ctrl-C."
    requires_system_checks = []

    def handle(self, *args, **options):
        paths.make_data_dir(settings.DATA_DIR)
        try:
            with supervisor.hold(settings.DATA_DIR):
                self.run()
        except (supervisor.AlreadyRunning, PostgresError) as error:
            raise CommandError(str(error)) from error

    def run(self) -> None:
        watch = supervisor.Supervisor(settings.DATA_DIR, say=self.say)
        began = time.monotonic()
        server = None
        try:
            with self.step("port"):
                self.wait_for_port()
            if settings.EMBEDDED_POSTGRES:
                server = Postgres(settings.DATA_DIR)
                with self.step("database"):
                    server.start()
                watch.watch(supervisor.Database(server))
            accounts = self.prepare()
            with self.step("web, worker, beat"):
                for program in self.programs():
                    watch.watch(program)
                self.wait_for_web(watch)
            watch.address = settings.SITE_URL
            watch.write_status()
            self.announce(accounts, time.monotonic() - began)
            watch.run()
        except KeyboardInterrupt:
            self.say("given up while starting")
        finally:
            self.say("stopping")
            watch.stop()
            if server is not None:
                server.stop()
            self.say("stopped")

    # --- before anything serves ----------------------------------------------------

    def prepare(self) -> str:
        """Bring database and files up to date; returns the accounts to sign in with."""
        self.back_up()
        with self.step("schema"):
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", database="owner", verbosity=0)
        with self.step("messages"):
            call_command("compilemessages", verbosity=0)
        with self.step("static files"):
            self.collect_static()
        known = get_commands()
        if "policy" in known:
            with self.step("policy"):
                kept = io.StringIO()
                call_command("policy", "load", "--keep", stdout=io.StringIO(), stderr=kept)
            for line in kept.getvalue().splitlines():
                self.say(line)
        accounts = io.StringIO()
        if settings.DEMO and "demo" in known:
            with self.step("demonstration data"):
                call_command("demo", stdout=accounts)
        elif "demo" in known:
            call_command("demo", "--recover")
        connections.close_all()
        return accounts.getvalue().strip()

    def back_up(self) -> None:
        """Before an upgrade changes data that are there: a backup, of which the newest are kept."""
        try:
            pending = versions.pending_of_owner()
        except versions.Unfit as error:
            raise CommandError(str(error)) from error
        if not pending:
            return
        names = ", ".join(f"{app}.{name}" for app, name in pending)
        self.say(f"upgrade: {len(pending)} migrations to apply ({names})")
        kept = settings.UPGRADE_BACKUPS
        if not kept:
            self.say("upgrade: no backup before it (UPGRADE_BACKUPS=0)")
            return
        folder = settings.DATA_DIR / "backups"
        target = folder / f"{versions.BACKUP_PREFIX}{time.strftime('%Y%m%d-%H%M%S')}.tar"
        told = io.StringIO()
        try:
            with self.step("backup before the upgrade"):
                call_command("backup", to=target, stdout=told, stderr=io.StringIO())
        except CommandError as error:
            raise CommandError(
                f"the upgrade was not begun: {error}. Make room, or back up yourself and set"
                " UPGRADE_BACKUPS=0."
            ) from error
        self.say(told.getvalue().strip())
        for path in versions.prune(folder, kept):
            self.say(f"removed {path}: the newest {kept} are kept")

    def collect_static(self) -> None:
        """Collect and compress, unless nothing changed since the last time."""
        seen = hashlib.sha256()
        for finder in get_finders():
            for path, storage in finder.list([]):
                modified = storage.get_modified_time(path).timestamp()
                seen.update(f"{path} {storage.size(path)} {modified}\n".encode())
        stamp = settings.STATIC_ROOT / ".collected"
        if not stamp.exists() or stamp.read_text() != seen.hexdigest():
            call_command("collectstatic", interactive=False, verbosity=0)
            stamp.write_text(seen.hexdigest())

    def wait_for_port(self) -> None:
        """A web server whose supervisor was killed needs a moment to leave."""
        deadline = time.monotonic() + PORT_TIMEOUT_S
        while True:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((settings.BIND, settings.PORT))
                    return
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise CommandError(
                            f"port {settings.PORT} on {settings.BIND} cannot be used"
                            f" ({error.strerror}); choose another: PORT=8001"
                        ) from error
            time.sleep(0.25)

    # --- the parts -----------------------------------------------------------------

    def programs(self) -> list[supervisor.Program]:
        python = [sys.executable, "-m"]
        celery = [*python, "celery", "--app", "portal", "--quiet"]
        granian = [
            *[*python, "granian", "--interface", "wsgi", "portal.wsgi:application"],
            *["--host", settings.BIND, "--port", str(settings.PORT), "--no-ws"],
            *["--workers", str(min(os.cpu_count() or 1, WEB_WORKERS_MAX))],
            *["--blocking-threads", str(WEB_THREADS), "--backpressure", str(WEB_BACKPRESSURE)],
            *["--respawn-failed-workers", "--respawn-interval", "0.2"],
            *["--workers-kill-timeout", "10", "--log-level", "warning"],
        ]
        # Threads: a killed child of Celery's process pool takes the pool's lock with it, and the
        # worker hangs for ever; a killed process of our own is started again.
        worker = [
            *[*celery, "worker", "--loglevel", "WARNING"],
            *["--pool", "threads", "--concurrency", str(TASK_THREADS)],
            *["--without-gossip", "--without-mingle", "--without-heartbeat"],
        ]
        beat = [*celery, "beat", "--loglevel", "WARNING", "--pidfile", ""]
        log = settings.DATA_DIR / "log"
        env = {**os.environ, "DATA_DIR": str(settings.DATA_DIR), "PYTHONUNBUFFERED": "1"}
        program = functools.partial(supervisor.Program, env=env, cwd=settings.BASE_DIR)
        return [
            program("web", granian, log=log / "web.log"),
            program("worker", worker, log=log / "worker.log", before=self.requeue),
            program("beat", beat, log=log / "beat.log"),
        ]

    def requeue(self) -> None:
        """What a killed worker had taken is free again at once, not after the visibility timeout."""
        conninfo = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("conn_string")
        if settings.EMBEDDED_BROKER and conninfo:
            broker.requeue(conninfo)

    def wait_for_web(self, watch: supervisor.Supervisor) -> None:
        host = "127.0.0.1" if settings.BIND == "0.0.0.0" else settings.BIND
        request = urllib.request.Request(
            f"http://{host}:{settings.PORT}/readyz", headers={"X-Forwarded-Proto": "https"}
        )
        deadline = time.monotonic() + WEB_TIMEOUT_S
        while True:
            try:
                with _open(request):
                    return
            except (OSError, urllib.error.URLError) as error:
                if time.monotonic() > deadline:
                    raise CommandError(
                        f"the web server does not answer ({error});"
                        f" see {settings.DATA_DIR}/log/web.log"
                    ) from error
            watch.tend()
            watch.wait(0.1)

    # --- words ---------------------------------------------------------------------

    def announce(self, accounts: str, took_s: float) -> None:
        lines = ["", f"The portal runs at {settings.SITE_URL}  (ready after {took_s:.1f} s)"]
        if accounts:
            lines += ["", accounts]
        elif not _has_users():
            lines += ["", "No account yet. Invite the administrators: python manage.py bootstrap"]
        lines += ["", f"Data and logs: {settings.DATA_DIR}   Stop: Ctrl-C", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()

    def say(self, text: str) -> None:
        self.stderr.write(f"{time.strftime('%H:%M:%S')} {text}")

    def step(self, name: str) -> contextlib.AbstractContextManager[None]:
        return progress.step(self.say, name)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer that sends to https is an answer."""

    def http_error_302(self, request, fp, code, msg, headers):
        return fp

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _open(request: urllib.request.Request):
    """Open without the proxies of the environment."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    return opener.open(request, timeout=5)


def _has_users() -> bool:
    from django.contrib.auth import get_user_model

    try:
        return get_user_model().objects.exists()
    except DatabaseError:
        return False
    finally:
        connections.close_all()
