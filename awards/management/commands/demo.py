"""``manage.py demo``: demonstration data, and the accounts to sign in with."""

import json
import unicodedata

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from awards.demonstration import base
from policy.models import Measure


class Command(BaseCommand):
    help = "Load the demonstration data (again: nothing changes) and print its accounts."

    def add_arguments(self, parser):
        parser.add_argument("--accounts", action="store_true", help="print the accounts only")
        parser.add_argument("--json", action="store_true", help="with --accounts: as JSON")

    def handle(self, *args, accounts: bool, json: bool, **options):
        if json and not accounts:
            raise CommandError("--json goes with --accounts")
        if not accounts:
            if not settings.DEMO:
                raise CommandError("DEMO=0: demonstration data is not loaded here")
            if not Measure.objects.filter(line=base.LINE).exists():
                raise CommandError("the policy is not loaded: manage.py policy load")
            base.make()
        rows = base.accounts()
        self.stdout.write(_dump(rows) if json else _table(rows))


def _dump(rows) -> str:
    return json.dumps(
        [row | {"password": settings.DEMO_PASSWORD} for row in rows], ensure_ascii=False, indent=2
    )


def _table(rows) -> str:
    if not rows:
        return "No demonstration accounts are loaded."
    lines = [f"Demonstration accounts, all with the password {settings.DEMO_PASSWORD}"]
    for row in rows:
        lines.append(f"  {row['email']:<34}{_padded(row['role_zh'], 16)}{row['place']}")
    return "\n".join(lines)


def _padded(text: str, width: int) -> str:
    """Chinese characters take two columns."""
    taken = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return text + " " * max(1, width - taken)
