"""``manage.py policy``: load, list and check the catalogue; ask a line what it would award."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from policy import answering, calendars, checking, listing, loading
from policy.computing import InputsRefused
from policy.entries import CATALOGUE, Catalogue
from policy.yamls import CatalogueError
from portal import clock


class Command(BaseCommand):
    help = "The policy: load the catalogue into the database, list its lines, check its files."

    def add_arguments(self, parser):
        commands = parser.add_subparsers(dest="subcommand", required=True)
        load = commands.add_parser("load", help="load the catalogue and the working-day calendar")
        load.add_argument("--path", type=Path, default=CATALOGUE, help="folder of the catalogue")
        load.add_argument(
            "--keep",
            action="store_true",
            help="where a file differs from the definition stored for its date, keep what is stored",
        )
        listed = commands.add_parser("list", help="the lines of the catalogue")
        listed.add_argument("--json", action="store_true", help="as JSON")
        check = commands.add_parser("check", help="quotes, schemas and golden cases of the files")
        check.add_argument("--path", type=Path, default=CATALOGUE, help="folder of the catalogue")
        check.add_argument("--sentences", action="store_true", help="list those without a rule")

        fields = commands.add_parser("fields", help="the inputs of a line's award rule")
        fields.add_argument("line")
        fields.add_argument("--json", action="store_true", help="as JSON")
        compute = commands.add_parser("compute", help="what a line would award")
        compute.add_argument("line")
        compute.add_argument("--input", type=Path, required=True, help="JSON of the inputs")
        compute.add_argument("--call", help="code of a published call; without one the document")
        compute.add_argument("--json", action="store_true", help="as JSON")

    def handle(self, *args, subcommand, **options):
        getattr(self, f"_{subcommand}")(**options)

    def _load(self, *, path, keep, **options):
        try:
            done = loading.load(Catalogue(path), actor="system:policy-load", keep=keep)
        except (CatalogueError, loading.DefinitionChanged) as fault:
            raise CommandError(str(fault)) from None
        for changed in done.kept:
            self.stderr.write(str(changed))
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

    def _check(self, *, path, sentences: bool, **options):
        report = checking.check(path)
        for fault in report.faults:
            self.stderr.write(str(fault))
        if report.faults:
            raise CommandError(f"{len(report.faults)} fault(s) in {path}")
        self.stdout.write(
            f"{report.lines} lines, {report.definitions} definitions, {report.articles} articles: "
            f"{report.quotes} quotes and {report.cases} golden cases hold"
        )
        self.stdout.write(
            f"{report.sentences} sentences: {report.sentences - len(report.without_money)} with a "
            f"rule, {len(report.without_money)} without money for an application"
        )
        for article, text, why in report.without_money if sentences else []:
            self.stdout.write(f"  {article:>2}  {text}{f'  [{why}]' if why else ''}")

    def _fields(self, *, line, json: bool, **options):
        try:
            found = answering.input_fields(line)
        except answering.UnknownLine as fault:
            raise CommandError(str(fault)) from None
        if json:
            self.stdout.write(_dump(found))
            return
        for item in found:
            needed = "required" if item["required"] else ""
            self.stdout.write(
                f"{item['code']:<24}{item['type']:<12}{item['unit'] or '—':<8}{needed}"
            )

    def _compute(self, *, line, input: Path, call, json: bool, **options):
        try:
            inputs = _read_inputs(input)
            found = answering.answer(line, inputs, call_code=call)
        except (answering.UnknownLine, answering.UnknownCall) as fault:
            raise CommandError(str(fault)) from None
        except InputsRefused as refused:
            told = "\n".join(f"  {issue.place}: {issue}" for issue in refused.issues)
            raise CommandError(f"{input}: wrong inputs\n{told}") from None
        if json:
            self.stdout.write(_dump(answering.answer_data(found)))
            return
        for step in found.steps:
            self.stdout.write(f"{step.label_zh}\t{step.value or '—'}\t{step.clause}")
        for reason in found.reasons:
            verdict = {True: "yes", False: "NO", None: "?"}[reason.met]
            self.stdout.write(f"{reason.label_zh}\t{verdict}\t{reason.clause}")
        if found.missing_settings:
            self.stdout.write(f"left to a call: {', '.join(found.missing_settings)}")


def _read_inputs(file: Path) -> dict:
    try:
        data = json.loads(file.read_text("utf-8"), parse_float=str)
    except (OSError, ValueError) as fault:
        raise CommandError(f"{file}: {fault}") from None
    if not isinstance(data, dict):
        raise CommandError(f"{file}: expected an object of inputs by code")
    return data


def _dump(data) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)
