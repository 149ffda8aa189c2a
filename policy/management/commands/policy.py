"""``manage.py policy``: load, list and check the catalogue."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from policy import calendars, checking, listing, loading
from policy.entries import CATALOGUE, Catalogue
from policy.yamls import CatalogueError
from portal import clock


class Command(BaseCommand):
    help = "The policy: load the catalogue into the database, list its lines, check its files."

    def add_arguments(self, parser):
        commands = parser.add_subparsers(dest="subcommand", required=True)
        load = commands.add_parser("load", help="load the catalogue and the working-day calendar")
        load.add_argument("--path", type=Path, default=CATALOGUE, help="folder of the catalogue")
        listed = commands.add_parser("list", help="the lines of the catalogue")
        listed.add_argument("--json", action="store_true", help="as JSON")
        check = commands.add_parser("check", help="quotes, schemas and golden cases of the files")
        check.add_argument("--path", type=Path, default=CATALOGUE, help="folder of the catalogue")

    def handle(self, *args, subcommand, **options):
        getattr(self, f"_{subcommand}")(**options)

    def _load(self, *, path, **options):
        try:
            done = loading.load(Catalogue(path), actor="system:policy-load")
        except (CatalogueError, loading.DefinitionChanged) as fault:
            raise CommandError(str(fault)) from None
        years = calendars.seed(actor="system:policy-load")
        self.stdout.write(
            f"{done.units} units, {done.articles} articles, {done.measures} measures; "
            f"definitions: {done.definitions_new} new, {done.definitions_known} known; "
            f"calendar years loaded: {', '.join(map(str, years)) or 'none'}"
        )

    def _list(self, *, json: bool, **options):
        entries = listing.list_measures(on=clock.today())
        if json:
            self.stdout.write(_dump(entries))
            return
        for entry in entries:
            caps = ", ".join(f"≤ {cap['amount_cny']} / {cap['scope']}" for cap in entry["caps"])
            self.stdout.write(
                f"{entry['line']:<6}{entry['name_zh']}  {entry['lead_unit']}  "
                f"{caps or '—'}  quota {entry['quota'] or '—'}  rate {entry['rate'] or '—'}"
            )

    def _check(self, *, path, **options):
        report = checking.check(path)
        for fault in report.faults:
            self.stderr.write(str(fault))
        if report.faults:
            raise CommandError(f"{len(report.faults)} fault(s) in {path}")
        self.stdout.write(
            f"{report.lines} lines, {report.definitions} definitions, {report.articles} articles: "
            f"{report.quotes} quotes and {report.cases} golden cases hold"
        )


def _dump(data) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)
