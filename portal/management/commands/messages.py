"""Collect the messages into locale/en and name those that lack their English."""

import polib
from django.core.management.base import BaseCommand, CommandError

from portal import translations


class Command(BaseCommand):
    help = "Collect every message into locale/en; name what lacks its English (exit status 1)."
    requires_system_checks = []

    def handle(self, *args, **options):
        path = translations.CATALOGUE
        before = polib.pofile(str(path)) if path.exists() else polib.POFile()
        merged = translations.merge(before, translations.collect())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(merged).rstrip("\n") + "\n", "utf-8")
        lacking = translations.lacking(merged)
        gone = len({translations.key(e) for e in before} - {translations.key(e) for e in merged})
        self.stdout.write(f"{len(merged)} messages, {gone} gone, {len(lacking)} without English")
        if lacking:
            shown = lacking[:40] + (["…"] if len(lacking) > 40 else [])
            raise CommandError("without English:\n" + "\n".join(f"  {text}" for text in shown))
