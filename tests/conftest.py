"""The tests' PostgreSQL and database.

Tests connect as the running role ("default"), as the portal does; the schema is made, and the
tables are emptied after a transactional test, by the owner.
"""

import ast
import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.migrations.loader import MigrationLoader
from django.utils.translation.reloader import translation_file_changed
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from psycopg import sql

from portal.clock import Hand, held
from portal.database import conninfo
from portal.embedded import roles
from portal.embedded.postgres import Postgres
from tests import damage

# Rows that migrations made and every test may rely on.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}

# How long an example took says how busy the machine is, not whether the code is right.
hypothesis.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.load_profile("any machine")


# --- PostgreSQL ------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL, once for all of xdist's workers."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    call_command("compilemessages", verbosity=0)
    # What was read of the catalogues before they were compiled (a fresh clone has none) is outdated.
    translation_file_changed(None, Path("django.mo"))
    session = (settings.DATA_DIR / "pytest.lock").open("w")
    try:
        fcntl.flock(session, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("another test session runs here: waiting for its end", flush=True)
        fcntl.flock(session, fcntl.LOCK_EX)
    config.stash[_SESSION] = session
    if settings.EMBEDDED:
        server = Postgres(settings.DATA_DIR, durable=False)
        server.start()
        config.stash[_SERVER] = server


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole demonstration first: tables that other tests have filled and rolled back a
    thousand times count as empty however full they grow, and the planner's choices for them take
    minutes. It is the longest test as well, so both processes end together."""
    items.sort(key=lambda item: item.name != "test_the_whole_demonstration")


def pytest_unconfigure(config: pytest.Config) -> None:
    if (server := config.stash.get(_SERVER, None)) is not None:
        server.stop()
    if (session := config.stash.get(_SESSION, None)) is not None:
        session.close()


_SESSION = pytest.StashKey()
_SERVER = pytest.StashKey[Postgres]()


def owner_connection(**more) -> psycopg.Connection:
    """A connection of the owner's own, autocommit, whatever a test does to Django's."""
    return psycopg.connect(conninfo("owner"), **more, autocommit=True)


# --- the database ----------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, worker_id) -> Iterator[None]:
    """A fresh database, made by the owner; both connections point to it."""
    name = "test_portal" if worker_id == "master" else f"test_portal_{worker_id}"
    with django_db_blocker.unblock():
        with owner_connection(dbname="postgres") as connection:
            _make_database(connection, name)
        _point_to(name)
    damage.to_database(conninfo("owner"))
    with pytest.MonkeyPatch.context() as patch, damage.to_code():
        patch.setattr(DatabaseOperations, "execute_sql_flush", _flush_as_owner)
        yield
    with django_db_blocker.unblock():
        for connection in connections.all():
            connection.close()
    with owner_connection(dbname="postgres") as connection:
        _drop(connection, name)


def _make_database(connection: psycopg.Connection, name: str) -> None:
    """A copy of the template of these migrations, which the first to come makes.

    The template is kept between sessions in the tests' own cluster; elsewhere nothing is left.
    """
    template = f"template_{_schema_digest()[:16]}"
    with (settings.DATA_DIR / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'"
        )
        names = {row[0] for row in known}
        if template not in names:
            for outdated in names:
                _drop(connection, outdated)
            making = f"making_{template}"
            _drop(connection, making)
            roles.create_database(connection, making, owner=_owner())
            _point_to(making)
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", database="owner", verbosity=0)
            connections["owner"].close()
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(making), sql.Identifier(template)
                )
            )
        _drop(connection, name)
        roles.create_database(connection, name, owner=_owner(), template=template)
        if not settings.EMBEDDED:
            _drop(connection, template)
    roles.grant_entry(connection, name, settings.DATABASE_RUNTIME_ROLE)


def _owner() -> str:
    return connections["owner"].settings_dict["USER"]


def _drop(connection: psycopg.Connection, name: str) -> None:
    """Drop the database with whoever is in it; an autovacuum worker, the server's own, is
    waited for: the owner may not end it."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    for _attempt in range(100):
        try:
            connection.execute(statement)
            return
        except psycopg.errors.InsufficientPrivilege:
            time.sleep(0.1)
    connection.execute(statement)


def _point_to(name: str) -> None:
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


@cache
def _schema_digest() -> str:
    """What the schema is made from: the migrations, our files that they import, the packages."""
    root = settings.BASE_DIR
    waiting = [
        Path(module.__file__)
        for migration in MigrationLoader(None).disk_migrations.values()
        if (module := sys.modules[migration.__module__]).__file__
    ]
    waiting += [root / "requirements.txt"]
    files: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in files or not path.is_relative_to(root) or ".venv" in path.parts:
            continue
        files.add(path)
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module:
                    base = root.joinpath(*node.module.split("."))
                    names = [base / alias.name for alias in node.names]
                    waiting += [
                        file
                        for place in [base, *names]
                        if (file := place.with_suffix(".py")).is_file()
                    ]
    digest = hashlib.sha256(repr(settings.INSTALLED_APPS).encode())
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """xdist's name of this worker; "master" without xdist."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")


def _flush_as_owner(operations: DatabaseOperations, statements: list[str]) -> None:
    """Empty the tables that hold rows, as the owner: the running role may not TRUNCATE.

    Django's own statement truncates every table, which takes ten times as long.
    """
    tables = set(operations.connection.introspection.django_table_names(only_existing=True))
    tables -= KEPT_TABLES
    probe = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(
            sql.Literal(table), sql.Identifier(table)
        )
        for table in sorted(tables)
    )
    with owner_connection(options="-c lock_timeout=10s") as connection:
        filled = [row[0] for row in connection.execute(probe)]
        if filled:
            names = sql.SQL(", ").join(map(sql.Identifier, filled))
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))


@pytest.fixture(scope="module")
def module_rows(django_db_setup, django_db_blocker) -> Iterator[None]:
    """What fixtures of a module write after this one each of its tests finds as they left it:
    a test's own rows are rolled back, theirs when the module ends. Not for transactional tests.
    """
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            yield
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


@pytest.fixture(scope="module")
def whole_policy(module_rows) -> None:
    """The portal's own catalogue and calendars, in the database for all tests of the module."""
    from policy import calendars, loading
    from tests.catalogue import CATALOGUE

    loading.load(CATALOGUE, actor="test")
    calendars.seed(actor="test")
    # The triggers that wait for the commit run here, not once more at the end of each test.
    connections["default"].check_constraints()


# --- files -----------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def each_pdf_checked_once() -> Iterator[None]:
    """The same bytes have the same verdict: the process that looks into a PDF runs once for them.
    A refusal is never kept."""
    from portal.files import inspecting

    check, known = inspecting._check_pdf, {}

    def checked(path: Path) -> int:
        digest = hashlib.sha256(path.read_bytes()).digest()
        key = digest, inspecting._PDF_CHECK, inspecting._PDF_LIMIT_S
        if key not in known:
            known[key] = check(path)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inspecting, "_check_pdf", checked)
        yield


# --- what tests move -------------------------------------------------------------


@pytest.fixture
def clock(db) -> Iterator[Hand]:
    """Move the portal's clock: ``clock.set(datetime)``, ``clock.advance(timedelta)``."""
    with held() as hand:
        yield hand
        hand.reset()


@pytest.fixture
def run_tasks(settings) -> Iterator[Callable[[], int]]:
    """Run what was announced on commit so far, Celery's tasks included, as if it had committed.

    ``run_tasks()`` returns the number of callbacks run. In a transactional test commits are real
    and tasks run as they are announced.
    """
    from portal.celery import app

    def run() -> int:
        connection = transaction.get_connection()
        count = 0
        while connection.run_on_commit:
            callbacks, connection.run_on_commit = connection.run_on_commit, []
            for _savepoints, callback, _robust in callbacks:
                callback()
                count += 1
        return count

    before = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield run
    app.conf.task_always_eager, app.conf.task_eager_propagates = before


os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(settings.DATA_DIR / "hypothesis"))
