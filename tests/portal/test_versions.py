"""Data of another version of the portal: upgraded after a backup, or refused with a reason."""

import shutil
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from portal import backups, versions
from portal.management.commands.up import Command
from tests import running
from tests.conftest import owner_connection
from tests.portal import later
from tests.portal.conftest import make_data_dir

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def newer(tmp_path, settings, monkeypatch):
    """This process is the newer version, on a data folder of its own, until ``newer(False)``."""
    later.lay(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()

    def be(is_newer: bool) -> None:
        settings.MIGRATION_MODULES = {"files": "later_files"} if is_newer else {}

    be(True)
    yield be
    for name in [name for name in sys.modules if name.startswith("later_files")]:
        del sys.modules[name]
    with owner_connection() as owner:
        owner.execute("DROP TABLE IF EXISTS made_later")
        owner.execute("DELETE FROM django_migrations WHERE name = '0099_later'")


@pytest.fixture
def up(monkeypatch):
    """The command's steps, and what it said."""
    command = Command()
    command.said = []
    monkeypatch.setattr(command, "say", command.said.append)
    return command


def _has_table(name: str) -> bool:
    with owner_connection() as owner:
        return owner.execute("SELECT to_regclass(%s)", [name]).fetchone() != (None,)


def test_data_of_this_version_need_neither_backup_nor_upgrade(up, newer, settings):
    newer(False)
    up.back_up()
    assert up.said == []
    assert list(settings.DATA_DIR.iterdir()) == []


def test_an_older_database_is_backed_up_before_it_is_upgraded(up, newer, settings):
    up.back_up()
    assert up.said[0] == "upgrade: 1 migrations to apply (files.0099_later)"
    [made] = (settings.DATA_DIR / "backups").glob("before-upgrade-*.tar")
    with backups.opened(made) as (_archive, manifest):
        assert "made_later" not in manifest["tables"]
        assert manifest["tables"]["files_blob"] == {
            "rows": 0,
            "hash": manifest["tables"]["accounts_user"]["hash"],  # none of either
        }
    assert not _has_table("made_later")
    call_command("migrate", verbosity=0)
    assert _has_table("made_later")
    assert versions.pending_of_owner() == []


def test_no_backup_is_made_where_the_operator_makes_them(up, newer, settings):
    settings.UPGRADE_BACKUPS = 0
    up.back_up()
    assert up.said[-1] == "upgrade: no backup before it (UPGRADE_BACKUPS=0)"
    assert list(settings.DATA_DIR.iterdir()) == []


def test_an_upgrade_without_its_backup_is_not_begun(up, newer, settings):
    (settings.DATA_DIR / "backups").write_text("a file where the folder should be")
    with pytest.raises(CommandError, match="the upgrade was not begun: no backup was made"):
        up.back_up()


def test_data_of_a_newer_version_are_refused_and_stay_as_they_are(up, newer):
    call_command("migrate", verbosity=0)
    newer(False)
    told = r"written by a newer version of the portal: this one does not know files\.0099_later\. "
    with pytest.raises(CommandError, match=told):
        up.back_up()
    with pytest.raises(CommandError, match=told):
        call_command("migrate", verbosity=0)
    assert _has_table("made_later")


def test_migrations_of_an_app_that_was_retired_are_no_newer_version(monkeypatch):
    with owner_connection() as owner:
        owner.execute("INSERT INTO django_migrations VALUES (DEFAULT, 'gone', '0001', now())")
        try:
            with pytest.raises(versions.WrittenByNewer) as refused:
                versions.require_known(connections["owner"])
            assert refused.value.unknown == [("gone", "0001")]
            monkeypatch.setattr(versions, "RETIRED_APPS", frozenset({"gone"}))
            versions.require_known(connections["owner"])
        finally:
            owner.execute("DELETE FROM django_migrations WHERE app = 'gone'")


def test_data_from_the_midst_of_migrations_that_were_put_together_are_refused():
    missing = ("reviews", "0005_several_selection_drafts")
    recorder = MigrationRecorder(connections["owner"])
    recorder.record_unapplied(*missing)
    recorder.record_unapplied("reviews", "0001_schema")
    try:
        with pytest.raises(CommandError, match=r"reviews\.0005_several\S+ was never applied"):
            call_command("migrate", verbosity=0)
    finally:
        recorder.record_applied(*missing)
        recorder.record_applied("reviews", "0001_schema")


def test_an_empty_database_is_nothing_to_back_up(monkeypatch):
    monkeypatch.setattr(MigrationRecorder, "has_table", lambda recorder: False)
    assert versions.pending(connections["owner"]) == []


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([("15.18", True), (15,)], "is PostgreSQL 15.18; 17 or newer is needed"),
        ([("17.2", False), (17,)], "locale does not know Chinese letters"),
    ],
)
def test_a_server_that_is_too_old_or_knows_no_chinese_is_refused(answers, told):
    class Cursor:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def execute(self, *_):
            pass

        def fetchone(self):
            return answers.pop(0)

    class Connection:
        cursor = Cursor

    with pytest.raises(versions.ServerUnfit, match=told):
        versions.require_server(Connection())


def test_the_tests_own_server_is_fit():
    versions.require_server(connections["owner"])


def test_the_newest_backups_are_kept(tmp_path):
    names = [f"before-upgrade-2026112{day}-120000.tar" for day in range(5)]
    for name in [*names, "portal-20260101-120000.tar"]:
        (tmp_path / name).touch()
    removed = versions.prune(tmp_path, 3)
    assert [path.name for path in removed] == names[:2]
    assert {path.name for path in tmp_path.iterdir()} == {*names[2:], "portal-20260101-120000.tar"}
    assert versions.prune(tmp_path, 3) == []


@pytest.mark.long
def test_make_run_upgrades_a_folder_and_the_older_version_refuses_it_afterwards(tmp_path):
    later.lay(tmp_path)
    newer = {"PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "later_settings"}
    with make_data_dir() as data_dir:
        with running.running(data_dir) as portal:
            portal.wait_for_answer(20, "/")
        (data_dir / "static" / ".collected").unlink()
        with running.running(data_dir, more=newer) as portal:
            portal.wait_for_answer(20, "/")
            assert "1 migrations to apply (files.0099_later)" in portal.log()
            assert portal.manage("verify").returncode == 0
        [made] = (data_dir / "backups").glob("before-upgrade-*.tar")
        assert (data_dir / "static" / ".collected").exists()
        older = running.RunningPortal(data_dir)
        refused = older.manage("up", timeout=120)
        assert refused.returncode != 0
        assert "written by a newer version of the portal" in refused.stderr
        assert running.processes_of(data_dir) == []
        # The way back: the backup, into an empty place.
        with make_data_dir() as empty:
            restored = older.manage("restore", str(made), "--into", str(empty / "var"))
            assert restored.returncode == 0, restored.stderr
            with running.running(empty / "var") as portal:
                portal.wait_for_answer(20, "/")
            shutil.rmtree(empty / "var")
