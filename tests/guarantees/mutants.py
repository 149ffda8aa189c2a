"""`make mutants`: every constraint, unique index, trigger, withheld right and lock is taken away in
turn, and the tests must turn red.

    python -m tests.guarantees.mutants                 # all of them: hours
    python -m tests.guarantees.mutants awards lock     # those whose line has both words
    python -m tests.guarantees.mutants --list

The damages are enumerated from the schema and the source, so a new guard is a new damage. First the
tests of the guard's own app and the guarantees are run until one fails, then all others. What
survives is listed, and the exit code is its number.
"""

import argparse
import ast
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import django

ROOT = Path(__file__).resolve().parent.parent.parent
SLOTS = 2
TIMEOUT_S = 1800
# Tests that compare the schema with the models: they see every damage, and prove nothing.
NOT_ASKED = ["tests/portal/test_verify.py", "tests/portal/test_embedded_postgres.py"]


def from_schema() -> Iterator:
    """Damages to the database, read from a freshly migrated one."""
    import psycopg
    from django.apps import apps

    from portal.embedded.postgres import Postgres
    from portal.integrity import withheld
    from tests.damage import Damage

    own = {model._meta.db_table for app in own_apps() for model in app.get_models()}
    own |= {"portal_clock"}
    own |= {f.m2m_db_table() for m in apps.get_models() for f in m._meta.local_many_to_many}
    with Postgres(Path(os.environ["DATA_DIR"]), durable=False) as server:
        database = migrated(server)
        with psycopg.connect(server.conninfo(database)) as connection:
            constraints = connection.execute(
                "SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE contype IN"
                " ('c', 'u', 'x') AND connamespace = 'public'::regnamespace ORDER BY 2, 1"
            ).fetchall()
            indexes = connection.execute(
                "SELECT indexrelid::regclass::text, indrelid::regclass::text FROM pg_index"
                " JOIN pg_class ON indexrelid = pg_class.oid WHERE indisunique AND NOT indisprimary"
                " AND relnamespace = 'public'::regnamespace"
                " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 2, 1"
            ).fetchall()
            triggers = connection.execute(
                "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
                " ORDER BY 2, 1"
            ).fetchall()
            columns = connection.execute(
                "SELECT table_name || '_' || column_name || '_check'"
                " FROM information_schema.columns WHERE table_schema = 'public'"
            ).fetchall()
    ranges = {name for (name,) in columns}  # Django's own check of a positive number
    for name, table in constraints:
        if table in own and name not in ranges:
            statement = f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}" CASCADE'
            yield Damage("constraint", name, table, statement)
    for name, table in indexes:
        if table in own:
            yield Damage("index", name, table, f'DROP INDEX "{name.strip(chr(34))}"')
    for name, table in triggers:
        if table in own:
            yield Damage("trigger", name, table, f'DROP TRIGGER "{name}" ON "{table}"')
    role = django.conf.settings.DATABASE_RUNTIME_ROLE
    for table, right in sorted(withheld()):
        yield Damage("right", right, table, f'GRANT {right} ON "{table}" TO "{role}"')


def migrated(server) -> str:
    """The name of a database with today's schema."""
    from django.core.management import call_command
    from django.db import connections

    from portal.embedded import paths

    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = paths.DATABASE
    call_command("migrate", verbosity=0, interactive=False)
    connections.close_all()
    return paths.DATABASE


def from_source() -> Iterator:
    """One damage for each place that locks rows."""
    from tests.damage import Damage

    for app in own_apps():
        for path in sorted(Path(app.path).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef):
                    for call in ast.walk(node):
                        if (
                            isinstance(call, ast.Call)
                            and isinstance(call.func, ast.Attribute)
                            and call.func.attr == "select_for_update"
                        ):
                            place = f"{path.relative_to(ROOT)}:{node.name}"
                            yield Damage("lock", f"{place}:{call.lineno}-{call.end_lineno}")


def own_apps() -> list:
    from django.apps import apps

    return [app for app in apps.get_app_configs() if (ROOT / app.name.split(".")[0]).is_dir()]


def asked(damage) -> list[list[str]]:
    """The tests to run, in rounds: those nearest to the guard first."""
    word = (
        damage.table.split("_")[0] if damage.table else Path(damage.name.split(":")[0]).parent.name
    )
    near = [f"tests/{word}"] if (ROOT / "tests" / word).is_dir() else []
    near += ["tests/guarantees"]
    rest = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").iterdir())
        if (path.name.startswith("test_") or (path.is_dir() and any(path.glob("test_*.py"))))
        and path.name not in ("e2e", "benchmarks")
        and str(path.relative_to(ROOT)) not in near
    ]
    return [near, rest]


def run(tests: list[str], damage, slot: int) -> subprocess.CompletedProcess:
    from tests.damage import environment

    ignored = [f"--ignore={path}" for path in NOT_ASKED]
    return subprocess.run(
        [
            *[sys.executable, "-m", "pytest", "-x", "-q", "-m", "not long"],
            *["-p", "no:cacheprovider", *ignored, *tests],
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DATA_DIR": str(ROOT / "var" / "mutants" / str(slot)),
            **environment(damage),
        },
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT_S,
        check=False,
    )


def judge(damage, slots: Queue) -> tuple[object, str]:
    """What caught the damage: the first test that failed; empty if it survived."""
    slot = slots.get()
    began = time.monotonic()
    try:
        for tests in asked(damage):
            done = run(tests, damage, slot)
            if done.returncode:
                lines = [x for x in done.stdout.splitlines() if x.startswith(("FAILED", "ERROR"))]
                caught = lines[0].split(" - ")[0] if lines else done.stdout[-300:]
                print(
                    f"caught    {damage}  ({time.monotonic() - began:.0f} s) {caught}", flush=True
                )
                return damage, caught
        print(f"SURVIVED  {damage}  ({time.monotonic() - began:.0f} s)", flush=True)
        return damage, ""
    except subprocess.TimeoutExpired:
        print(f"caught    {damage}  (hangs)", flush=True)
        return damage, "hangs"
    finally:
        slots.put(slot)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("words", nargs="*", help="only damages whose line has all of these")
    parser.add_argument("--list", action="store_true", help="only name the damages")
    options = parser.parse_args()
    damages = [
        damage
        for damage in [*from_schema(), *from_source()]
        if all(word in str(damage) for word in options.words)
    ]
    if options.list:
        print("\n".join(map(str, damages)))
        return 0
    print(f"{len(damages)} damages; first the tests without any", flush=True)
    slots: Queue = Queue()
    for slot in range(SLOTS):
        slots.put(slot)
    whole = run(["tests"], None, 0)
    if whole.returncode:
        print(f"the tests fail without any damage:\n{whole.stdout[-2000:]}")
        return 1
    with ThreadPoolExecutor(SLOTS) as pool:
        verdicts = list(pool.map(lambda damage: judge(damage, slots), damages))
    survivors = [damage for damage, caught in verdicts if not caught]
    print(f"\n{len(verdicts)} damages, {len(survivors)} survived")
    for damage in survivors:
        print(f"SURVIVED  {damage}")
    return min(len(survivors), 100)


if __name__ == "__main__":
    # The schema is read from a database of its own, beside those of the runs.
    os.environ["DATA_DIR"] = str(ROOT / "var" / "mutants" / "schema")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    Path(os.environ["DATA_DIR"]).mkdir(parents=True, exist_ok=True)
    django.setup()
    sys.exit(main())
