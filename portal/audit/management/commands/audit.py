"""The audit log from the command line."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal.audit import anchoring, exporting, verifying


class Command(BaseCommand):
    help = "audit anchor | export [FILE] | check: write an anchor, export the chain, verify it."

    def add_arguments(self, parser):
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("anchor", help="write the head of the chain to the folder of anchors")
        export = acts.add_parser("export", help="the chain as JSON lines, for audit-verifier.py")
        export.add_argument("file", nargs="?", help="where to (standard output without)")
        acts.add_parser("check", help="verify the whole chain; the result shows on the page")

    def handle(self, *args, **options):
        getattr(self, f"_{options['act']}")(options)

    def _anchor(self, options):
        path = anchoring.anchor()
        self.stdout.write(f"anchored: {path}" if path else "the head is anchored already")

    def _export(self, options):
        if not options["file"]:
            self.stdout.writelines(exporting.lines())
            return
        target = Path(options["file"])
        count = -1
        with target.open("w", encoding="utf-8") as file:
            for count, line in enumerate(exporting.lines()):  # noqa: B007
                file.write(line)
        print(f"{count} events exported to {target}", file=sys.stderr)

    def _check(self, options):
        found = verifying.check()
        for fault in found.faults:
            self.stdout.write(f"FAULT {fault}")
        if found.faults:
            raise CommandError(f"{len(found.faults)} faults in {found.position} events")
        self.stdout.write(f"{found.position} events, no fault ({found.seconds} s)")
