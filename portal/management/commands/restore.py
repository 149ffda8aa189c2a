"""`manage.py restore FILE [--into FOLDER]`: a backup into an empty place, every hash compared."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from psycopg import OperationalError

from portal import backups
from portal.database import conninfo
from portal.embedded import paths, postgres, programs, supervisor
from portal.management import progress


class Command(BaseCommand):
    help = "Restore a backup into an empty database and data folder, and compare every hash."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--into",
            type=Path,
            help="another data folder, with an embedded PostgreSQL of its own"
            " (default: DATA_DIR and the database of the settings)",
        )

    def handle(self, *args, **options):
        data_dir = (options["into"] or settings.DATA_DIR).resolve()
        embedded = options["into"] is not None or settings.EMBEDDED_DATABASE
        try:
            with backups.opened(options["file"]) as (archive, manifest):
                paths.make_data_dir(data_dir)
                with (
                    supervisor.hold(data_dir),
                    self.server(data_dir, embedded) as (owner, role),
                    progress.step(self.stderr.write, "restore"),
                ):
                    faults = backups.load(
                        archive,
                        manifest,
                        owner=owner,
                        role=role,
                        data_dir=data_dir,
                        programs=programs.binaries(),
                    )
        except (
            backups.BackupError,
            supervisor.AlreadyRunning,
            postgres.PostgresError,
            OperationalError,
            OSError,
        ) as error:
            raise CommandError(str(error)) from error
        for name, table in manifest["tables"].items():
            self.stdout.write(f"{table['hash'][:16]}  {table['rows']:>8}  {name}")
        if faults:
            raise CommandError("the restored data differ:\n" + "\n".join(faults))
        self.stdout.write(
            f"{data_dir}: {len(manifest['tables'])} tables and {len(manifest['files']) - 1} files"
            f" restored, all hashes equal those of {manifest['made_at']}"
        )

    @contextlib.contextmanager
    def server(self, data_dir: Path, embedded: bool) -> Iterator[tuple[str, str]]:
        """The owner's connection string and the running role, while the restore works."""
        if not embedded:
            yield conninfo("owner"), settings.DATABASE_RUNTIME_ROLE
            return
        with postgres.Postgres(data_dir) as server:
            yield server.conninfo(paths.DATABASE, user=paths.OWNER_ROLE), paths.RUNTIME_ROLE
