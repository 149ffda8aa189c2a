"""`manage.py verify`: every check that what is stored is whole, in one snapshot of the database."""

import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils.module_loading import import_string

_NOT_NAMES = {"portal", "integrity", "verifying", "faults"}


class Command(BaseCommand):
    help = "Check audit chain, ledger, files, awards, clock, roles and schema; non-zero on a fault."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("only", nargs="*", help="names of checks (all without)")

    def handle(self, *args, **options):
        checks = {_name(path): path for path in settings.VERIFIERS}
        chosen = options["only"] or list(checks)
        if unknown := [name for name in chosen if name not in checks]:
            raise CommandError(f"no check {', '.join(unknown)}; there are {', '.join(checks)}")
        faults = 0
        with transaction.atomic():
            # Sums and counters are compared as of one moment, while the portal is in use.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for name in chosen:
                faults += self.run_check(name, import_string(checks[name]))
        if faults:
            raise CommandError(f"{faults} fault{'s' if faults > 1 else ''}")
        self.stdout.write(f"{len(chosen)} checks, no fault")

    def run_check(self, name: str, verifier) -> int:
        began, faults = time.monotonic(), 0
        try:
            with transaction.atomic():
                for fault in verifier():
                    faults += 1
                    self.stdout.write(f"FAULT {name}: {fault}")
        except Exception as error:
            faults += 1
            self.stdout.write(f"FAULT {name}: the check itself failed: {error!r}")
        if not faults:
            holds = " ".join((verifier.__doc__ or "").split()) or "holds"
            self.stdout.write(f"ok    {name}: {holds} ({time.monotonic() - began:.1f} s)")
        self.stdout.flush()
        return faults


def _name(path: str) -> str:
    """portal.integrity.clock is "clock", awards.verifying.counters is "awards.counters"."""
    words = [word for word in path.split(".") if word not in _NOT_NAMES]
    return ".".join(words)
