"""Which version of the portal wrote a database, and whether this one can go on with it.

The migrations that are recorded tell: one that is not known here was made by a newer version.
"""

from collections.abc import Iterable
from pathlib import Path

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

MINIMUM_POSTGRES = 17
# Apps that are no longer installed and whose migrations stay recorded.
RETIRED_APPS: frozenset[str] = frozenset()
BACKUP_PREFIX = "before-upgrade-"

Key = tuple[str, str]


class Unfit(RuntimeError):
    """This version cannot go on with the database; the message says why and what to do."""


class WrittenByNewer(Unfit):
    def __init__(self, unknown: Iterable[Key]) -> None:
        self.unknown = sorted(unknown)
        names = ", ".join(f"{app}.{name}" for app, name in self.unknown[:5])
        more = f" and {len(self.unknown) - 5} more" if len(self.unknown) > 5 else ""
        super().__init__(
            f"the data were written by a newer version of the portal: this one does not know {names}"
            f"{more}. Nothing was changed. Start the newer version again, or restore the backup that"
            " was made before the upgrade into an empty place (docs/operations.md, Upgrade)."
        )


class TooOld(Unfit):
    def __init__(self, replaced: Key, missing: Iterable[Key]) -> None:
        self.missing = sorted(missing)
        names = ", ".join(f"{app}.{name}" for app, name in self.missing)
        super().__init__(
            f"the data are of a version from before {replaced[0]}.{replaced[1]} was put together:"
            f" {names} was never applied. Nothing was changed. Start the last version that holds"
            " these migrations once, then this one."
        )


class ServerUnfit(Unfit):
    """The database's server, not its content."""


def require_server(connection: BaseDatabaseWrapper) -> None:
    """The server is new enough and knows Chinese letters (any server of DATABASE_URL)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), '概念验证' ~ '^\\w+$'")
        told, knows_chinese = cursor.fetchone()
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        (version,) = cursor.fetchone()
    if version < MINIMUM_POSTGRES:
        raise ServerUnfit(
            f"the database is PostgreSQL {told}; {MINIMUM_POSTGRES} or newer is needed"
            " (docs/operations.md, A database of your own)"
        )
    if not knows_chinese:
        raise ServerUnfit(
            "the database's locale does not know Chinese letters: make it with LOCALE_PROVIDER"
            " builtin BUILTIN_LOCALE 'C.UTF-8' (docs/operations.md, A database of your own)"
        )


def require_known(connection: BaseDatabaseWrapper) -> None:
    """Every recorded migration is known here, and none that another replaces is missing."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    files = MigrationLoader(None).disk_migrations
    known = set(files).union(*(migration.replaces for migration in files.values()))
    if unknown := {key for key in applied - known if key[0] not in RETIRED_APPS}:
        raise WrittenByNewer(unknown)
    for key, migration in files.items():
        missing = set(migration.replaces) - applied
        if missing and len(missing) < len(migration.replaces) and not missing & set(files):
            raise TooOld(key, missing)


def pending(connection: BaseDatabaseWrapper) -> list[Key]:
    """Migrations that the next `migrate` runs, not merely records, on data that are there.

    An empty database has none: there is nothing to lose.
    """
    recorder = MigrationRecorder(connection)
    if not recorder.has_table() or not recorder.applied_migrations():
        return []
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [(migration.app_label, migration.name) for migration, _backwards in plan]


def pending_of_owner() -> list[Key]:
    """As `pending`, of the database that `migrate` works on."""
    require_server(connections["owner"])
    require_known(connections["owner"])
    return pending(connections["owner"])


def prune(folder: Path, kept: int) -> list[Path]:
    """Remove all but the newest backups made before upgrades; returns what was removed."""
    found = sorted(folder.glob(f"{BACKUP_PREFIX}*.tar"))
    outdated = found[: max(0, len(found) - kept)]
    for path in outdated:
        path.unlink()
    return outdated
