"""`make mutants`: every constraint, unique index, trigger, withheld right and lock is taken away in
turn, and the tests must turn red.

    make mutants                               # all of them; a run that was killed goes on
    make mutants ARGS="--only awards --only lock"   # those whose line has both (expressions)
    make mutants ARGS="--since main"           # those of apps whose code or tests changed since
    make mutants ARGS=--survivors              # those that survived, once more
    make mutants ARGS=--afresh                 # from the beginning, knowing nothing
    make mutants ARGS=--list

First all tests run once without any damage, and what each does to the database is noted
(`var/mutants/map.jsonl`; a test file that changed is run again). For a damage the tests that its
guard refused something run first, then those that write its table or reach its lock, each round in
a fork with a database of its own, until one fails. Verdicts go to `var/mutants/journal.jsonl` one by
one. What survives is listed, and the exit code is its number.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "var" / "mutants"
MAP, JOURNAL = FOLDER / "map.jsonl", FOLDER / "journal.jsonl"
# Tests that compare the schema with the models: they see every damage, and prove nothing. And those
# of portals in processes of their own, which no damage reaches.
NOT_ASKED = [
    *["tests/portal/test_verify.py", "tests/portal/test_embedded_postgres.py"],
    *["tests/portal/test_supervisor.py", "tests/portal/test_backups.py"],
    *["tests/portal/test_versions.py", "tests/portal/test_migrate.py"],
    *["tests/portal/test_translations.py", "tests/test_floors.py", "tests/e2e", "tests/benchmarks"],
]
MOST = 150  # tests of the second round
# What is hardest to see first.
ORDER = ["function", "advisory", "trigger", "lock", "right", "index", "constraint"]


def main() -> int:
    options = _options()
    os.environ["DATA_DIR"] = str(FOLDER / "schema")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    Path(os.environ["DATA_DIR"]).mkdir(parents=True, exist_ok=True)
    if options.afresh:
        for path in (MAP, JOURNAL):
            path.unlink(missing_ok=True)
    # In a process of its own: the schema's database is another one than the tests'.
    told = subprocess.run(
        [sys.executable, "-c", _ENUMERATE], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    rows, written = json.loads(told.stdout)
    os.environ["DATA_DIR"] = str(FOLDER)
    django.setup()
    from tests.damage import Damage

    everything = [Damage(**row) for row in rows]
    damages = _chosen(everything, options)
    if options.list:
        print("\n".join(map(str, damages)))
        return 0
    return _judged(damages, {str(damage) for damage in everything}, written, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tests", nargs="*", default=["tests"], help="only these are asked")
    parser.add_argument("--only", action="append", default=[], metavar="WORD")
    parser.add_argument("--since", metavar="REVISION")
    parser.add_argument("--survivors", action="store_true")
    parser.add_argument("--afresh", action="store_true")
    parser.add_argument("--again", action="store_true", help="also what has its verdict")
    parser.add_argument("--list", action="store_true", help="only name the damages")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


_ENUMERATE = """
import dataclasses, django, json
django.setup()
from tests.guarantees.mutants.damages import every_damage
damages, written = every_damage()
print(json.dumps([[dataclasses.asdict(d) for d in damages], {k: sorted(v) for k, v in written.items()}]))
"""


def _chosen(damages: list, options) -> list:
    verdicts = _journal()
    found = [d for d in damages if all(re.search(word, str(d)) for word in options.only)]
    found.sort(key=lambda damage: ORDER.index(damage.kind))
    if options.since:
        changed = _changed_since(options.since)
        found = [d for d in found if any(file.startswith(_homes(d)) for file in changed)]
    if options.survivors:
        return [d for d in found if verdicts.get(str(d), {}).get("caught") == ""]
    if options.again or options.since or options.list:
        return found
    return [d for d in found if str(d) not in verdicts]


def _journal() -> dict[str, dict]:
    """The last verdict on each damage."""
    lines = JOURNAL.read_text().splitlines() if JOURNAL.exists() else []
    return {row["damage"]: row for row in map(json.loads, lines)}


def _changed_since(revision: str) -> list[str]:
    command = ["git", "diff", "--name-only", revision]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return told.stdout.split()


def _homes(damage) -> tuple[str, ...]:
    """Where the guard's code and tests stand."""
    from tests.guarantees.mutants.damages import own_tables

    folder = own_tables().get(damage.table) if damage.table else str(Path(damage.place).parent)
    folder = folder or "portal"
    return (f"{folder}/", f"tests/{Path(folder).name}/", "tests/guarantees/test_")


# --- one session -----------------------------------------------------------------


def _judged(damages: list, known: set[str], written: dict, options) -> int:
    import pytest

    from tests.guarantees.mutants.forks import Forks

    began = time.monotonic()

    def work(forks, session) -> None:
        tests = [item for item in session.items if not item.get_closest_marker("long")]
        seen = _mapped(forks, tests)
        judge = Judge(forks, {item.nodeid: item for item in tests}, seen, written)
        for number, (damage, caught, seconds) in enumerate(judge.verdicts(damages), 1):
            _write(JOURNAL, {"damage": str(damage), "caught": caught, "seconds": seconds})
            what = f"caught    {damage}  {caught}" if caught else f"SURVIVED  {damage}"
            print(f"{number}/{len(damages)} {seconds:.1f} s {what}", flush=True)

    ignored = [f"--ignore={path}" for path in NOT_ASKED]
    code = pytest.main(
        [*options.tests, "-q", "-s", "-p", "no:cacheprovider", *ignored],
        plugins=[Forks(FOLDER, options.processes, work)],
    )
    verdicts = {name: row for name, row in _journal().items() if name in known}
    survivors = [name for name, row in verdicts.items() if not row["caught"]]
    print(
        f"\n{len(known)} damages, {len(verdicts)} judged, {len(verdicts) - len(survivors)} caught,"
        f" {len(survivors)} survived; this run {time.monotonic() - began:.0f} s"
    )
    for name in survivors:
        print(f"SURVIVED  {name}")
    return min(len(survivors), 100) or (0 if code in (0, 5) else int(code))


def _write(path: Path, row: dict) -> None:
    with path.open("a") as file:
        print(json.dumps(row, ensure_ascii=False), file=file)


def _mapped(forks, tests: list) -> dict[str, dict]:
    """What each test does, by its id; files that are new or changed are run."""
    from tests.guarantees.mutants.forks import Job

    by_file: dict[str, list] = {}
    for item in tests:
        by_file.setdefault(item.nodeid.split("::")[0], []).append(item)
    digests = {file: hashlib.sha256((ROOT / file).read_bytes()).hexdigest() for file in by_file}
    lines = MAP.read_text().splitlines() if MAP.exists() else []
    entries = {row["file"]: row for row in map(json.loads, lines)}
    jobs = [
        Job(by_file[file], limit_s=3600, about=file)
        for file in by_file
        if entries.get(file, {}).get("digest") != digests[file]
    ]
    print(f"\n{len(tests)} tests; to be run without any damage: {len(jobs)} files", flush=True)
    for number, done in enumerate(forks.run(jobs), 1):
        file = done.job.about
        note = "" if done.whole else " BROKEN"
        print(f"{number}/{len(jobs)} {done.seconds:.0f} s {file}{note}", flush=True)
        for test in done.failed:
            print(f"  fails without any damage: {test}", flush=True)
        if done.whole:
            entries[file] = {"file": file, "digest": digests[file], "tests": done.rows}
            _write(MAP, entries[file])
    known = {item.nodeid for item in tests}
    return {
        row["test"]: row
        for file in by_file
        for row in entries.get(file, {}).get("tests", [])
        if row["test"] in known and row["outcome"] == "passed"
    }


@dataclass
class Judge:
    """Runs the tests that could notice a damage, the likeliest first."""

    forks: object
    items: dict
    seen: dict[str, dict]
    written: dict[str, set[str]]

    def verdicts(self, damages: list) -> Iterator[tuple[object, str, float]]:
        """Damage, the test that caught it ("" if none) and the seconds, as they come."""
        waiting, spent = list(damages), dict.fromkeys(map(str, damages), 0.0)
        for number in (0, 1):
            survived = []
            for done in self.forks.run(self._jobs(waiting, number)):
                damage = done.job.damage
                spent[str(damage)] += done.seconds
                caught = done.failed[0] if done.failed else "" if done.whole else "hangs"
                if caught:
                    yield damage, caught, round(spent[str(damage)], 1)
                else:
                    survived.append(damage)
            untested = [d for d in waiting if not self._rounds(d)[number]]
            waiting = survived + untested
        for damage in waiting:
            yield damage, "", round(spent[str(damage)], 1)

    def _jobs(self, damages: list, number: int) -> Iterator:
        from tests.guarantees.mutants.forks import Job

        for damage in damages:
            if tests := self._rounds(damage)[number]:
                yield Job([self.items[name] for name in tests], damage)

    def _rounds(self, damage) -> tuple[list[str], list[str]]:
        """The tests that the guard refused or held, then those that it may have done something for."""
        rows = sorted(self.seen.values(), key=lambda row: row["seconds"])
        if damage.kind in ("lock", "advisory"):
            held = [row for row in rows if damage.place in row["locked"]]
            return _ids(r for r in held if r["transactional"]), []
        refused = {damage.name, damage.function, f"right {damage.table}"} - {""}
        if damage.kind != "right":
            refused.discard(f"right {damage.table}")
        first = [row for row in rows if refused & set(row["refused"])]
        if damage.kind == "trigger":
            near = _homes(damage)[1:]
            touching = [row for row in rows if self._writes(row, damage.table)]
            rest = sorted(touching, key=lambda row: not row["test"].startswith(near))[:MOST]
        elif damage.kind == "function":
            rest = [row for row in rows if row["transactional"]][:MOST]
        else:
            rest = [row for row in rows if damage.table in row["on_conflict"] or row["schema"]]
        known = set(_ids(first))
        return _ids(first), _ids(row for row in rest if row["test"] not in known)

    def _writes(self, row: dict, table: str) -> bool:
        tables = set(row["written"])
        more = {target for name in tables for target in self.written.get(name, ())}
        return table in tables | more


def _ids(rows) -> list[str]:
    return [row["test"] for row in rows]


if __name__ == "__main__":
    sys.exit(main())
