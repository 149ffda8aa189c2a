import json
import os
import stat
import tarfile
import threading
from io import BytesIO

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from psycopg import sql

from portal import backups
from portal.database import conninfo
from portal.embedded import programs, roles
from tests.conftest import owner_connection

pytestmark = pytest.mark.django_db(transaction=True)

BLOB = "blobs/ab/" + "ab" * 32
ANCHOR = "anchors/2026-11-21.json"


@pytest.fixture
def source(tmp_path):
    """A data folder with a key, a file and an anchor."""
    folder = tmp_path / "source"
    for name, content in [("secret-key", "k" * 64), (BLOB, "PDF"), (ANCHOR, "{}")]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "log").mkdir()
    (folder / "log" / "web.log").write_text("not part of a backup")
    return folder


@pytest.fixture
def elsewhere():
    """The owner's address of an empty database beside the test's."""
    name = settings.DATABASES["owner"]["NAME"] + "_restored"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with owner_connection(dbname="postgres") as connection:
        connection.execute(drop)
        roles.create_database(connection, name, owner=settings.DATABASES["owner"]["USER"])
        roles.grant_entry(connection, name, settings.DATABASE_RUNTIME_ROLE)
    owner = psycopg.conninfo.make_conninfo(conninfo("owner"), dbname=name)
    # As the embedded PostgreSQL prepares its own: what the dump withholds must win over this.
    with psycopg.connect(owner) as connection:
        roles.grant_runtime(connection, settings.DATABASE_RUNTIME_ROLE)
    yield owner
    with owner_connection(dbname="postgres") as connection:
        connection.execute(drop)


def _make(target, source) -> dict:
    return backups.make(
        target,
        owner=conninfo("owner"),
        role=settings.DATABASE_RUNTIME_ROLE,
        data_dir=source,
        programs=programs.binaries(),
    )


def _load(target, elsewhere, data_dir) -> list[str]:
    data_dir.mkdir(exist_ok=True)
    with backups.opened(target) as (archive, manifest):
        return backups.load(
            archive,
            manifest,
            owner=elsewhere,
            role=settings.DATABASE_RUNTIME_ROLE,
            data_dir=data_dir,
            programs=programs.binaries(),
        )


def _hashes(address: str) -> dict:
    with psycopg.connect(address) as connection:
        return backups.table_hashes(connection)


def test_restored_backup_equals_its_source(source, elsewhere, tmp_path):
    Group.objects.create(name="责任单位")
    manifest = _make(tmp_path / "b.tar", source)
    assert manifest["tables"]["auth_group"]["rows"] == 1
    assert manifest["files"].keys() == {"database.dump", "secret-key", BLOB, ANCHOR}
    assert _load(tmp_path / "b.tar", elsewhere, tmp_path / "target") == []
    assert _hashes(elsewhere) == _hashes(conninfo("owner"))
    for name in ("secret-key", BLOB, ANCHOR):
        assert (tmp_path / "target" / name).read_text() == (source / name).read_text()
        assert stat.S_IMODE((tmp_path / "target" / name).stat().st_mode) == 0o600


def test_restored_database_keeps_what_is_withheld_from_the_running_role(
    source, elsewhere, tmp_path
):
    _make(tmp_path / "b.tar", source)
    assert _load(tmp_path / "b.tar", elsewhere, tmp_path / "target") == []
    runtime = psycopg.conninfo.make_conninfo(elsewhere, user=settings.DATABASE_RUNTIME_ROLE)
    with psycopg.connect(runtime, autocommit=True) as connection:
        connection.execute("INSERT INTO auth_group (name) VALUES ('x')")
        for statement in ("DELETE FROM audit_event", "UPDATE portal_clock SET shift = '1 day'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_backup_is_one_moment_of_a_portal_in_use(source, elsewhere, tmp_path):
    stop, written = threading.Event(), []

    def write() -> None:
        with owner_connection() as connection:
            while not stop.is_set():
                name = f"group {len(written)}"
                connection.execute("INSERT INTO auth_group (name) VALUES (%s)", [name])
                written.append(name)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 20:
            pass
        manifest = _make(tmp_path / "b.tar", source)
        count = len(written)
    finally:
        stop.set()
        writer.join()
    assert 20 <= manifest["tables"]["auth_group"]["rows"] < count
    assert _load(tmp_path / "b.tar", elsewhere, tmp_path / "target") == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE auth_group SET name = name || ' ' WHERE name = 'b'",
        "DELETE FROM auth_group WHERE name = 'b'",
        "INSERT INTO auth_group (name) VALUES ('d')",
    ],
)
def test_hash_of_a_table_tells_any_change(change):
    for name in "abc":
        Group.objects.create(name=name)
    before = _hashes(conninfo("owner"))
    with owner_connection() as connection:
        connection.execute(change)
    after = _hashes(conninfo("owner"))
    assert [table for table in before if before[table] != after[table]] == ["auth_group"]


def test_hash_of_a_table_is_that_of_its_rows_in_any_order():
    for name in "abc":
        Group.objects.create(name=name)
    before = _hashes(conninfo("owner"))
    Group.objects.filter(name="a").update(name="x")
    Group.objects.filter(name="x").update(name="a")  # now the last in the file
    assert _hashes(conninfo("owner")) == before


def test_backup_is_closed_to_others_and_overwrites_nothing(source, tmp_path):
    _make(tmp_path / "b.tar", source)
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    with pytest.raises(backups.BackupError, match="exists"):
        _make(tmp_path / "b.tar", source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "source"]


def test_restore_refuses_a_database_or_folder_that_is_not_empty(source, elsewhere, tmp_path):
    _make(tmp_path / "b.tar", source)
    with pytest.raises(backups.BackupError, match="blobs is not empty"):
        _load(tmp_path / "b.tar", elsewhere, source)
    with pytest.raises(backups.BackupError, match="is not empty"):
        _load(tmp_path / "b.tar", conninfo("owner"), tmp_path / "target")


def _rewrite(target, change) -> None:
    """Repack the archive after changing its members, a dict of name to content."""
    with tarfile.open(target) as archive:
        members = {name: archive.extractfile(name).read() for name in archive.getnames()}
    change(members)
    with tarfile.open(target, "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))


def _escape(members: dict) -> None:
    manifest = json.loads(members["manifest.json"])
    manifest["files"]["blobs/../../x"] = manifest["files"][BLOB]
    members["blobs/../../x"] = members[BLOB]
    members["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda members: members.update({BLOB: b"FDP"}), f"{BLOB} is damaged"),
        (lambda members: members.pop("secret-key"), "differ in secret-key"),
        (lambda members: members.update({"blobs/x": b""}), "differ in blobs/x"),
        (lambda members: members.pop("manifest.json"), "has no manifest"),
        (lambda members: members.update({"manifest.json": b'{"format": 9}'}), "format 9"),
        (_escape, "does not belong"),
    ],
)
def test_damaged_backup_is_refused_before_anything_is_written(
    source, elsewhere, tmp_path, change, told
):
    _make(tmp_path / "b.tar", source)
    _rewrite(tmp_path / "b.tar", change)
    with pytest.raises(backups.BackupError, match=told):
        _load(tmp_path / "b.tar", elsewhere, tmp_path / "target")
    assert _hashes(elsewhere) == {}
    assert list((tmp_path / "target").iterdir()) == []


def test_truncated_backup_is_refused(source, tmp_path):
    _make(tmp_path / "b.tar", source)
    os.truncate(tmp_path / "b.tar", (tmp_path / "b.tar").stat().st_size // 2)
    with (
        pytest.raises(backups.BackupError, match="cannot be read: unexpected end of data"),
        backups.opened(tmp_path / "b.tar"),
    ):
        pass


def test_failed_backup_leaves_no_file(source, tmp_path):
    full = tmp_path / "bin"
    full.mkdir()
    (full / "pg_dump").write_text("#!/bin/sh\necho 'no space left on device' >&2; exit 1\n")
    (full / "pg_dump").chmod(0o755)
    with pytest.raises(backups.BackupError, match="pg_dump failed: no space left on device"):
        backups.make(
            tmp_path / "b.tar",
            owner=conninfo("owner"),
            role=settings.DATABASE_RUNTIME_ROLE,
            data_dir=source,
            programs=full,
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "source"]


def test_backup_command_says_what_it_holds(source, tmp_path, settings, capsys):
    settings.DATA_DIR = source
    call_command("backup", "--to", str(tmp_path / "b.tar"))
    assert "3 files" in capsys.readouterr().out
    assert (tmp_path / "b.tar").exists()
