"""``manage.py workflow``: the table of moves, as text or as a Mermaid diagram."""

from django.core.management.base import BaseCommand
from django.utils import translation

from applications.workflow import TABLE, mermaid


class Command(BaseCommand):
    help = "Show the workflow: every move with its sources, target and roles."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--mermaid", action="store_true", help="as a Mermaid state diagram")

    def handle(self, *args, mermaid: bool, **options):
        self.stdout.write(diagram() if mermaid else listing(), ending="")


def diagram() -> str:
    return mermaid()


def listing() -> str:
    """A line for each move: action, sources → target, roles, label."""
    with translation.override("zh-hans"):
        return "".join(
            f"{row.action:24} {', '.join(row.sources)} → {row.target}"
            f"  [{', '.join(row.roles)}]  {row.label}\n"
            for row in TABLE
        )
