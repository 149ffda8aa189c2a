"""``manage.py demo``: demonstration data, and the accounts to sign in with."""

import json
import time
import unicodedata

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from awards.demonstration import base, large, life
from policy.models import Measure
from portal.audit import anchoring, verifying


class Command(BaseCommand):
    help = "Load the demonstration data (again: nothing changes) and print its accounts."

    def add_arguments(self, parser):
        parser.add_argument("--accounts", action="store_true", help="print the accounts only")
        parser.add_argument("--json", action="store_true", help="with --accounts: as JSON")
        parser.add_argument(
            "--recover", action="store_true", help="only set right what a killed load left behind"
        )
        parser.add_argument(
            "--size",
            choices=["base", "life", "large"],
            help="base: people and one open call; life: 120 cases in every stage (the default,"
            " DEMO_SIZE); large: for benchmarks",
        )
        parser.add_argument("--cases", type=int, default=10_000, help="large: so many at least")
        parser.add_argument("--awards", type=int, help="large: so many at least (as --cases)")
        parser.add_argument("--seed", default="1", help="of names, numbers, answers and moments")

    def handle(self, *args, accounts: bool, json: bool, size: str | None, **options):
        if json and not accounts:
            raise CommandError("--json goes with --accounts")
        if life.recover():
            self.stderr.write("The clock was set right: a load had been cut off.")
        if options["recover"]:
            return
        if not accounts:
            self.load(size or settings.DEMO_SIZE, **options)
        rows = base.accounts()
        self.stdout.write(_dump(rows) if json else _table(rows))

    def load(self, size: str, *, seed: str, **options) -> None:
        if not settings.DEMO:
            raise CommandError("DEMO=0: demonstration data is not loaded here")
        if not Measure.objects.filter(line=base.LINE).exists():
            raise CommandError("the policy is not loaded: manage.py policy load")
        try:
            if size != "base" and life.make(seed=seed, say=self.stderr.write):
                # What the nights of its past would have done.
                verifying.check()
                anchoring.anchor(daily=True)
        except life.NotLoaded:
            if size == "life":
                self.stderr.write(
                    "There are data already: they stay as they are. The demonstration of full size"
                    " goes into an empty portal only (another DATA_DIR)."
                )
        if not life.is_loaded():
            base.make()
        if size == "large":
            self.multiply(seed=seed, **options)

    def multiply(self, *, cases: int, awards: int | None, seed: str, **_options) -> None:
        began = time.monotonic()

        def say(told: str) -> None:
            self.stderr.write(f"{time.monotonic() - began:6.1f} s  {told}")

        try:
            made = large.load(
                cases=cases, awards=cases if awards is None else awards, seed=seed, say=say
            )
        except large.Refused as refused:
            raise CommandError(str(refused)) from refused
        say(f"{made.cases:,} cases, {made.awards:,} awards stand; {made.rows:,} rows copied")


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
