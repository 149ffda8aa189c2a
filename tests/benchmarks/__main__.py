"""`make bench`: what the portal's pages and acts cost, as JSON; see docs/performance.md.

    python -m tests.benchmarks [--output FILE] [--cases 10000] [--keep] [--parts pages acts serving]
        [--pages "inbox, first page" home]

On a database of its own under var/bench, on loopback, bounded in count and time. ``--keep`` goes on
with the data of the last run; ``--pages`` names the pages that are served or timed: of those of
``pages.pages`` for the part pages, of ``SERVED`` and ``submit`` for the part serving.
"""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DATA_DIR = ROOT / "var" / "bench"
PARTS = ("pages", "acts", "serving")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--output", type=Path, help="write the JSON to this file as well")
    parser.add_argument("--cases", type=int, default=10_000, help="the larger size")
    parser.add_argument("--keep", action="store_true", help="use the data of the last run")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--pages", nargs="+", metavar="PAGE", help="these pages and no other")
    options = parser.parse_args()
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "CELERY_BROKER_URL", "SITE_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "DATA_DIR": str(DATA_DIR), "DJANGO_SETTINGS_MODULE": "portal.settings", "DEMO": "1",
    }  # fmt: skip
    if not options.keep:
        _forget()
    found = _run(options)
    text = json.dumps(found, ensure_ascii=False, indent=2)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    return 0


def _forget() -> None:
    if DATA_DIR.exists():
        from portal.embedded.postgres import stop_running

        stop_running(DATA_DIR)
        shutil.rmtree(DATA_DIR)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _run(options) -> dict:
    began = time.monotonic()
    found: dict = {"machine": _machine()}
    import django

    from tests.running import RunningPortal

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from portal.embedded import paths
    from portal.embedded.postgres import Postgres

    paths.make_data_dir(settings.DATA_DIR)
    with Postgres(settings.DATA_DIR):
        _prepare(call_command, found, keep=options.keep)
        sizes = sorted({1_000, options.cases}) if not options.keep else [options.cases]
        for size in sizes:
            found[f"{size} cases"] = _measure(size, options.parts, options.pages)
        if "acts" in options.parts:
            found["acts"] = _acts()
            found["verified"] = _verified(call_command)
            _vacuum()
        connections.close_all()
    found["growth"] = _growth(found, sizes)
    if "serving" in options.parts:
        portal = RunningPortal(DATA_DIR, demo=True)
        say("web, worker and beat")
        started = time.monotonic()
        portal.start()
        try:
            found["ready_again_s"] = round(time.monotonic() - started, 1)
            found["serving"] = _serving(portal.port, portal.status(), options.pages)
        finally:
            connections.close_all()
            portal.stop()
    found["targets"] = _targets(found, sizes)
    found["machine"]["load_after"] = os.getloadavg()[0]
    found["took_s"] = round(time.monotonic() - began)
    return found


def _machine() -> dict:
    return {
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "load_before": os.getloadavg()[0],
        "when": time.strftime("%Y-%m-%d %H:%M"),
    }


def _prepare(call_command, found: dict, *, keep: bool) -> None:
    """The database as `manage.py up` prepares it, with something to copy."""
    from io import StringIO

    from tests.benchmarks import patterns

    say("schema, policy, demonstration")
    began = time.monotonic()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", database="owner", verbosity=0)
    call_command("compilemessages", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if not keep:
        call_command("policy", "load", stdout=StringIO())
        call_command("demo", stdout=StringIO())
    found["patterns"] = "of the benchmarks" if patterns.ensure() else "of the demonstration"
    found["prepared_s"] = round(time.monotonic() - began, 1)


def _measure(size: int, parts, only: list[str] | None) -> dict:
    from awards.demonstration import large
    from tests.benchmarks import pages

    began = time.monotonic()
    made = large.load(cases=size, awards=size, say=lambda text: None)
    found: dict = {
        "load_s": round(time.monotonic() - began, 1),
        "cases": made.cases,
        "awards": made.awards,
        "rows_copied": made.rows,
    }
    say(f"{made.cases} cases, {made.awards} awards in {found['load_s']} s")
    _vacuum()
    if "pages" in parts:
        for page in pages.pages():
            if only is None or page.name in only:
                found[page.name] = page.cost().as_json()
                say(f"  {page.name}: {found[page.name]['median_ms']} ms")
        for name, act in (("save", pages.save), ("submit", pages.submit)):
            if only is not None and name not in only:
                continue
            made_cost = act()
            found[name] = made_cost.as_json() if made_cost else None
            say(f"  {name}: {found[name] and found[name]['median_ms']} ms")
    return found


def _vacuum() -> None:
    """What autovacuum does within the minute."""
    import psycopg

    from portal.database import conninfo

    with psycopg.connect(conninfo("owner"), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")


def _acts() -> list[dict]:
    from tests.benchmarks import acts

    found = []
    for name, act in (("reserve", acts.reserving), ("approve", acts.approving)):
        for runs, clients in ((2, 1), (1, 8)):
            say(f"  {name}, {clients} clients")
            try:
                row = act(clients, acts.ACTS, runs=runs)
            except Exception as error:
                row = {"error": repr(error)[:300]}
            found.append({"act": name} | (row or {"error": "too few cases for it"}))
            say(f"    {found[-1]}")
    return found


def _verified(call_command) -> str:
    """The ledger still agrees with itself after the acts, the bare ones too."""
    from io import StringIO

    from django.core.management import CommandError

    told = StringIO()
    try:
        call_command("verify", "audit.chain", "awards.counters", stdout=told)
    except CommandError as error:
        return f"{error}: {told.getvalue()[-600:]}"
    return "audit chain and counters: no fault"


def _growth(found: dict, sizes: list[int]) -> dict:
    """Median at the larger size ÷ median at the smaller one; last page ÷ first page."""
    grown: dict = {}
    small, large = (found[f"{sizes[0]} cases"], found[f"{sizes[-1]} cases"])
    for name, cost in large.items():
        if isinstance(cost, dict) and isinstance(small.get(name), dict) and len(sizes) > 1:
            grown[name] = round(cost["median_ms"] / small[name]["median_ms"], 2)
    for name, cost in large.items():
        first = large.get(name.replace("last page", "first page"))
        if "last page" in name and isinstance(first, dict):
            grown[f"{name} ÷ first page"] = round(cost["median_ms"] / first["median_ms"], 2)
    return grown


# Of docs/performance.md: what, at which page, at most so much.
_MOST = {
    "queries of the inbox": ("inbox, first page", "queries", 15),
    "queries of the case page": ("case page, desk", "queries", 25),
    "queries of the calculator": ("calculator, 32 verdicts", "queries", 5),
    "ms of the calculator": ("calculator, 32 verdicts", "median_ms", 300),
    "ms of the desk": ("case page, desk", "median_ms", 60),
}
LARGEST = 100 * 1024
INBOX_PER_CORE = 30
LAST_BY_FIRST = 1.1


def _targets(found: dict, sizes: list[int]) -> dict:
    """Each target with what was measured at the larger size, and whether it is met."""
    large, met = found[f"{sizes[-1]} cases"], {}
    pages = {name: cost for name, cost in large.items() if isinstance(cost, dict)}
    for name, (page, key, most) in _MOST.items():
        if page in pages:
            value = pages[page][key]
            met[name] = {"measured": value, "at_most": most, "met": value <= most}
    if pages:
        name = max(pages, key=lambda page: pages[page]["bytes"])
        value = pages[name]["bytes"]
        met[f"largest page ({name})"] = {
            "measured": value, "at_most": LARGEST, "met": value <= LARGEST,
        }  # fmt: skip
    value = found["growth"].get("inbox, last page ÷ first page")
    if value is not None:
        met["last ÷ first page of the inbox"] = {
            "measured": value, "at_most": LAST_BY_FIRST, "met": value <= LAST_BY_FIRST,
        }  # fmt: skip
    inbox = found.get("serving", {}).get("inbox, first page", {})
    if "one_core" in inbox:
        value = inbox["one_core"]["per_second"]
        met["inbox, requests a second on one core"] = {
            "measured": value, "at_least": INBOX_PER_CORE, "met": value >= INBOX_PER_CORE,
        }  # fmt: skip
    return met


SERVED = ("inbox, first page", "case page, desk", "case page, applicant", "home")


def _serving(port: int, status: dict, only: list[str] | None) -> dict:
    from tests.benchmarks import pages, serving

    clerk = pages.lead_clerk()
    wanted = SERVED if only is None else [name for name in SERVED if name in only]
    found, side = {}, serving.Side(status)

    def told(name: str, measure) -> None:
        """One that fails is told, and the others go on."""
        try:
            found[name] = measure()
            say(f"  {name}: {found[name]['per_second']}/s")
        except Exception as error:
            found[name] = {"error": repr(error)[:300]}
            say(f"  {name}: {found[name]}")

    for page in pages.pages(clerk):
        if page.name in wanted:
            told(page.name, lambda page=page: serving.read(port, page, side))
    if only is None or "submit" in only:
        waiting = [pages.submission(case) for case in pages.ready()[:100]]
        if len(waiting) > 20:
            told("submit", lambda: serving.submit(port, waiting, side))
    return found


if __name__ == "__main__":
    sys.exit(main())
