"""`manage.py clock`: show the portal's clock; move it where the data are a demonstration."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import clock


class Command(BaseCommand):
    help = "Show the portal's clock; with DEMO=1 move it (--set, --days) or back (--reset)."
    requires_system_checks = []

    def add_arguments(self, parser):
        move = parser.add_mutually_exclusive_group()
        move.add_argument("--set", type=datetime.fromisoformat, metavar="2026-12-01T09:00")
        move.add_argument("--days", type=float, help="so many days on (or back, if negative)")
        move.add_argument("--reset", action="store_true", help="to the true time")

    def handle(self, *args, **options):
        with clock.held() as hand:
            # A clock that was moved is put right anywhere.
            if options["reset"]:
                hand.reset()
            elif options["set"] or options["days"]:
                if not settings.DEMO:
                    raise CommandError("the clock is moved in a demonstration only (DEMO=1)")
                if options["days"]:
                    hand.advance(timedelta(days=options["days"]))
                else:
                    moment = options["set"]
                    hand.set(moment if moment.tzinfo else moment.replace(tzinfo=clock.ZONE))
            local = clock.local(hand.now())
            self.stdout.write(
                f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}, moved by {hand.shift()}"
            )
