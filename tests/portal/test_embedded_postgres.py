import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from portal.embedded import paths, postgres, processes, programs
from portal.embedded.errors import PostgresError
from portal.embedded.postgres import Postgres
from tests.portal.conftest import make_data_dir


@pytest.fixture(scope="module")
def server():
    """One server for the tests that only look at it."""
    with make_data_dir() as data_dir, Postgres(data_dir, durable=False) as server:
        yield server


def _query(server: Postgres, statement: str, **more):
    with psycopg.connect(server.conninfo(paths.DATABASE, **more)) as connection:
        return connection.execute(statement).fetchone()


def test_server_listens_in_a_private_folder_and_nowhere_else(server):
    assert _query(server, "SHOW listen_addresses") == ("",)
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700


def test_server_never_runs_as_root(server):
    assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0


def test_text_is_chinese_whatever_the_locale_of_the_machine(server, monkeypatch):
    monkeypatch.setenv("LANG", "C")
    assert _query(server, r"SELECT '概念验证中心' ~ '^\w+$', length('验证'), upper('é')") == (
        True,
        2,
        "É",
    )
    assert _query(server, "SELECT datlocprovider, datlocale FROM pg_database LIMIT 1") == (
        "b",
        "C.UTF-8",
    )


def test_each_role_has_its_database_and_no_more(server):
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        owners = connection.execute(
            "SELECT datname, datdba::regrole::text FROM pg_database WHERE datname LIKE 'portal%'"
            " ORDER BY 1"
        ).fetchall()
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolcreatedb FROM pg_roles WHERE rolname LIKE 'portal%'"
            " ORDER BY 1"
        ).fetchall()
    assert owners == [("portal", "portal_owner"), ("portal_broker", "portal_app")]
    assert roles == [("portal_app", False, False), ("portal_owner", False, True)]


def test_what_the_owner_makes_the_running_role_may_use(server):
    _execute(server, "CREATE TABLE numbered (id serial PRIMARY KEY)", user=paths.OWNER_ROLE)
    _execute(server, "INSERT INTO numbered DEFAULT VALUES", user=paths.RUNTIME_ROLE)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _execute(server, "TRUNCATE numbered", user=paths.RUNTIME_ROLE)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _execute(server, "CREATE TABLE mine ()", user=paths.RUNTIME_ROLE)


def _execute(server: Postgres, statement: str, *, user: str) -> None:
    with psycopg.connect(server.conninfo(paths.DATABASE, user=user)) as connection:
        connection.execute(statement)


def test_data_outlive_the_server(data_dir):
    with Postgres(data_dir, durable=False) as server:
        _execute(server, "CREATE TABLE thing AS SELECT 7 AS id", user=paths.OWNER_ROLE)
    with Postgres(data_dir, durable=False) as server:
        assert _query(server, "SELECT id FROM thing") == (7,)


def test_killed_server_restarts_with_what_was_committed(data_dir):
    with Postgres(data_dir, durable=False) as server:
        _execute(server, "CREATE TABLE thing AS SELECT 7 AS id", user=paths.OWNER_ROLE)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(5)
        assert not server.alive()
        server.restart()
        assert _query(server, "SELECT id FROM thing") == (7,)


def test_second_server_on_the_same_data_says_so(server, monkeypatch):
    monkeypatch.setattr(postgres, "STOP_TIMEOUT_S", 0.2)
    told = rf"already runs on {server.data_dir} \(process {server.process.pid}\)"
    with pytest.raises(PostgresError, match=told):
        Postgres(server.data_dir).start()
    assert server.alive()


def test_stale_pid_file_of_a_living_stranger_is_survived(data_dir):
    with Postgres(data_dir, durable=False) as server:
        written = (server.cluster / "postmaster.pid").read_text().split("\n")
    stranger = processes.spawn(
        ["/bin/sleep", "60"],
        log=None,
        death_signal=signal.SIGKILL,
        user=processes.database_user(),
    )
    try:
        for name in ("postgres/postmaster.pid", f"run/.s.PGSQL.{paths.PORT}.lock"):
            (data_dir / name).write_text("\n".join([str(stranger.pid), *written[1:]]))
        with Postgres(data_dir, durable=False) as server:
            assert server.running_pid() == server.process.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_server_dies_with_its_parent_and_the_next_one_starts(data_dir):
    parent = subprocess.Popen(
        [
            *[sys.executable, "-c"],
            "import sys, time; from pathlib import Path;"
            "from portal.embedded.postgres import Postgres;"
            "server = Postgres(Path(sys.argv[1]), durable=False); server.start();"
            "print(server.process.pid, flush=True); time.sleep(60)",
            str(data_dir),
        ],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stdout.readline())
    assert Postgres(data_dir).running_pid() == pid
    parent.kill()
    parent.wait()
    with Postgres(data_dir, durable=False) as server:  # waits for the first one's shutdown
        assert server.process.pid != pid
        assert processes.command_line(pid) == []


def test_half_made_cluster_is_not_mistaken_for_one(data_dir):
    (data_dir / "postgres.new").mkdir()
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18")
    with Postgres(data_dir, durable=False) as server:
        assert _query(server, "SELECT 1") == (1,)
    assert not (data_dir / "postgres.new").exists()


def test_folder_that_is_no_cluster_is_left_alone(data_dir):
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "precious").touch()
    with pytest.raises(PostgresError, match="no PostgreSQL data folder"):
        Postgres(data_dir).start()
    assert (data_dir / "postgres" / "precious").exists()


def _programs(folder: Path, version: int) -> Path:
    folder.mkdir()
    (folder / "postgres").write_text(f'#!/bin/sh\necho "postgres (PostgreSQL) {version}.1"\n')
    (folder / "postgres").chmod(0o755)
    return folder


def test_programs_that_are_too_old_are_refused(data_dir, monkeypatch):
    monkeypatch.setenv("PG_BIN", str(_programs(data_dir / "bin", 16)))
    with pytest.raises(PostgresError, match="is PostgreSQL 16; 17 or newer is needed"):
        Postgres(data_dir).start()


@pytest.mark.parametrize(
    ("theirs", "advice"),
    [(12, "Set PG_BIN_OLD to the folder with the programs of PostgreSQL 12"), (99, "Set PG_BIN ")],
)
def test_data_of_another_version_are_left_alone_with_advice(data_dir, theirs, advice):
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "PG_VERSION").write_text(f"{theirs}\n")
    with pytest.raises(PostgresError, match=advice):
        Postgres(data_dir).start()
    assert [path.name for path in (data_dir / "postgres").iterdir()] == ["PG_VERSION"]


def _older_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    ours = programs.version(programs.binaries())
    return next((path.parent for path in found if programs.version(path.parent) < ours), None)


@pytest.mark.skipif(_older_programs() is None, reason="no older PostgreSQL on this machine")
def test_data_of_an_older_version_are_upgraded_and_the_old_kept(data_dir, monkeypatch):
    old = _older_programs()
    version = programs.version(old)
    cluster, user = data_dir / "postgres", processes.database_user()
    cluster.mkdir(mode=0o700)
    if user:
        os.chown(cluster, user.pw_uid, user.pw_gid)
    subprocess.run(
        [old / "initdb", "-D", cluster, "-U", "postgres", "-E", "UTF8", "--no-locale", "-N"],
        check=True,
        capture_output=True,
        cwd="/",
        **processes.run_as(user),
    )
    server = Postgres(data_dir, durable=False)
    server._make_folders()
    server._acquire()
    server.launch(old)
    server.prepare()
    _execute(server, "CREATE TABLE thing AS SELECT '南京' AS name", user=paths.OWNER_ROLE)
    _execute(server, "GRANT SELECT ON thing TO portal_app", user=paths.OWNER_ROLE)
    server.stop()

    monkeypatch.setenv("PG_BIN_OLD", str(old))
    with Postgres(data_dir, durable=False) as server:
        assert _query(server, "SELECT name FROM thing", user=paths.RUNTIME_ROLE) == ("南京",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            _execute(server, "DELETE FROM thing", user=paths.RUNTIME_ROLE)
        assert _query(server, "SELECT current_setting('server_version_num')::int / 10000") == (
            programs.version(programs.binaries()),
        )
    [kept] = data_dir.glob(f"postgres.{version}-*")
    assert (kept / "PG_VERSION").read_text().strip() == str(version)
    [dump] = (data_dir / "backups").glob(f"before-upgrade-{version}-*.dump")
    assert dump.stat().st_size > 0


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user reaches its own folders")
def test_data_folder_that_root_keeps_closed_is_linked_to_a_place_elsewhere(
    data_dir, monkeypatch, tmp_path_factory
):
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres, "_ELSEWHERE", data_dir / "elsewhere")
    before = stat.S_IMODE(closed.stat().st_mode)
    with Postgres(closed / "var", durable=False) as server:
        assert _query(server, "SELECT 1") == (1,)
        # Clients go by the address that was known before there was a cluster.
        psycopg.connect(paths.runtime_url(closed / "var")).close()
        assert server.cluster.resolve().is_relative_to(data_dir / "elsewhere")
    assert stat.S_IMODE(closed.stat().st_mode) == before


def test_address_of_a_folder_with_a_long_or_odd_name_fits_a_socket(tmp_path):
    for odd in ("a" * 120, "目录 with spaces", "plain"):
        folder = paths.socket_dir(Path("/srv") / odd)
        assert len(os.fsencode(folder / f".s.PGSQL.{paths.PORT}")) <= 107
        assert folder == Path("/srv/plain/run") or folder.parent == Path("/tmp")


def test_key_is_made_once_and_closed_to_others(data_dir):
    key = paths.secret_key(data_dir)
    assert len(key) >= 50
    assert paths.secret_key(data_dir) == key
    assert stat.S_IMODE((data_dir / "secret-key").stat().st_mode) == 0o600
