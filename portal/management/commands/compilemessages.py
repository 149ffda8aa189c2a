"""Compile the catalogues without GNU gettext, which a fresh machine lacks."""

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Compile locale/*/LC_MESSAGES/*.po where the .po is newer than its .mo."
    requires_system_checks = []

    def handle(self, *args, **options):
        for folder in settings.LOCALE_PATHS:
            for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
                target = source.with_suffix(".mo")
                if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                    continue
                fresh = target.with_suffix(".mo.new")
                polib.pofile(str(source)).save_as_mofile(str(fresh))
                fresh.replace(target)
                if options["verbosity"]:
                    self.stdout.write(f"compiled {target}")
