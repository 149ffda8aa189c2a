"""`manage.py backup [--to FILE]`: database, files, anchors and key in one tar, while in use."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from psycopg import OperationalError

from portal import backups
from portal.database import conninfo
from portal.embedded import programs
from portal.management import progress


class Command(BaseCommand):
    help = "Back up database, files, anchors and key into one tar (keep it secret: it has the key)."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument(
            "--to", type=Path, help="the file (default: DATA_DIR/backups/<time>.tar)"
        )

    def handle(self, *args, **options):
        name = f"portal-{timezone.localtime():%Y%m%d-%H%M%S}.tar"
        target = options["to"] or settings.DATA_DIR / "backups" / name
        try:
            with progress.step(self.stderr.write, "backup"):
                manifest = backups.make(
                    target.resolve(),
                    owner=conninfo("owner"),
                    role=settings.DATABASE_RUNTIME_ROLE,
                    data_dir=settings.DATA_DIR,
                    programs=programs.binaries(),
                )
        except (backups.BackupError, OperationalError, OSError) as error:
            raise CommandError(f"no backup was made: {error}") from error
        rows = sum(table["rows"] for table in manifest["tables"].values())
        self.stdout.write(
            f"{target}: {len(manifest['tables'])} tables with {rows} rows,"
            f" {len(manifest['files']) - 1} files, {target.stat().st_size / 1e6:.1f} MB"
        )
