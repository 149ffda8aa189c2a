"""The chain is recomputed, anchored and exported: whatever is done to it is found."""

import importlib.util
import json
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import transaction

from portal.audit import anchoring, exporting, tasks, verifying
from portal.audit.models import ChainCheck, Event, Head
from portal.audit.recording import record
from tests.conftest import owner_connection

SCRIPT = Path(project.BASE_DIR) / "docs" / "audit-verifier.py"
EVENTS = 40


@pytest.fixture(autouse=True)
def anchors(settings, tmp_path) -> Path:
    settings.ANCHOR_DIR = tmp_path / "anchors"
    return settings.ANCHOR_DIR


def _fill(count=EVENTS, *, first=0) -> None:
    for number in range(first, first + count):
        with transaction.atomic():
            record(
                f"test.{number}",
                obj=Head(pk=1),
                actor="system:检验",
                data={"名": "𬭎", "n": number, "金额": "1.50"},
                from_state="a",
                to_state="b",
            )


def _tamper(*statements: str) -> None:
    """As someone who owns the database would: without triggers."""
    with owner_connection() as owner, owner.transaction():
        owner.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        for statement in statements:
            owner.execute(statement)
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        owner.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")


# --- in the database -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_whole_chain_has_no_fault():
    _fill()
    anchoring.anchor()
    _fill(5, first=EVENTS)
    assert list(verifying.chain()) == []


@pytest.mark.django_db(transaction=True)
def test_empty_log_has_no_fault():
    assert list(verifying.chain()) == []


_DELETE_TAIL = "DELETE FROM audit_event WHERE position > 30"
_REWIND = """UPDATE audit_head SET (position, hash) = (
    SELECT position, hash FROM audit_event ORDER BY position DESC LIMIT 1)"""
_REHASH = """UPDATE audit_event e SET hash = encode(sha256(convert_to(
    previous_hash || audit_canonical(e, e.position), 'UTF8')), 'hex') WHERE position = {}"""
_SWAP = """UPDATE audit_event SET position = -position WHERE position IN (10, 11);
    UPDATE audit_event SET position = 21 + position WHERE position < 0"""
DAMAGES = {
    "an action is edited": ["UPDATE audit_event SET action = 'x' WHERE position = 7"],
    "an actor is edited": ["UPDATE audit_event SET actor_label = 'x' WHERE position = 7"],
    "a time is edited": ["UPDATE audit_event SET at = at + interval '1 us' WHERE position = 7"],
    "data is edited": ["UPDATE audit_event SET data = '{}' WHERE position = 40"],
    "an edit is hashed anew": [
        "UPDATE audit_event SET action = 'x' WHERE position = 7", _REHASH.format(7),
    ],
    "an event is deleted": ["DELETE FROM audit_event WHERE position = 20"],
    "the first event is deleted": ["DELETE FROM audit_event WHERE position = 1"],
    "two events are swapped": _SWAP.split(";"),
    "the end is cut": [_DELETE_TAIL],
    "the end is cut and the head rewound": [_DELETE_TAIL, _REWIND],
    "the last event is edited, hashed anew, and the head with it": [
        "UPDATE audit_event SET action = 'x' WHERE position = 40", _REHASH.format(40), _REWIND,
    ],
    "the algorithm is edited": ["UPDATE audit_event SET algorithm = 'md5' WHERE position = 3"],
    "an event is slipped in": [
        "INSERT INTO audit_event (action, object_type, object_id, actor_label, data, from_state,"
        " to_state, algorithm, transaction_id, at) VALUES ('x', 'x', '1', '', '{}', '', '',"
        " 'sha256', 1, now())",
    ],
    "the head is moved": ["UPDATE audit_head SET position = 41"],
    "everything is deleted": ["DELETE FROM audit_event", "DELETE FROM audit_head"],
}  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_in_the_database_is_found(damage):
    _fill()
    anchoring.anchor()
    assert list(verifying.chain()) == []
    _tamper(*DAMAGES[damage])
    assert list(verifying.chain()) != []


@pytest.mark.django_db(transaction=True)
def test_fault_names_the_event():
    _fill()
    _tamper(*DAMAGES["an action is edited"])
    pk = Event.objects.get(position=7).pk
    assert list(verifying.chain()) == [
        f"event {pk} at position 7: its content is not what was chained"
    ]


@pytest.mark.django_db(transaction=True)
def test_verify_command_is_red_on_a_broken_chain_and_green_on_a_whole_one(capsys):
    _fill()
    call_command("verify", "audit.chain")
    _tamper(*DAMAGES["the end is cut"])
    with pytest.raises(CommandError, match="1 fault"):
        call_command("verify", "audit.chain")
    assert "the head is at 40, the last event at 30" in capsys.readouterr().out


# --- anchors -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_anchor_is_written_once_a_day_and_names_the_one_before(clock, anchors):
    _fill(3)
    assert [tasks.anchor(), tasks.anchor()] == [True, False]
    clock.advance(timedelta(days=1))
    _fill(2, first=3)
    assert tasks.anchor() is True
    assert [path.name for path in anchoring.files()] == ["000000000003.json", "000000000005.json"]
    assert anchoring.latest()["hash"] == Head.objects.get().hash
    assert not list(anchors.glob("*.new"))
    assert list(verifying.chain()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda first: first.unlink(), "the anchor before it is missing or was changed"),
        (lambda first: first.write_text(first.read_text() + " "), "missing or was changed"),
        (lambda first: first.write_text("{}"), "cannot be read"),
        (lambda first: first.rename(first.with_name("000000000002.json")), "names position 3"),
        (
            lambda first: first.write_text(first.read_text().replace('"hash": "', '"hash": "0')),
            "is another one",
        ),
    ],
)
def test_damaged_anchor_is_found(damage, told):
    _fill(3)
    anchoring.anchor()
    _fill(2, first=3)
    anchoring.anchor()
    damage(anchoring.files()[0])
    assert told in "\n".join(verifying.chain())


@pytest.mark.django_db(transaction=True)
def test_check_keeps_what_it_found():
    _fill(3)
    assert tasks.check() == 0
    _tamper("UPDATE audit_event SET action = 'x' WHERE position = 2")
    assert tasks.check() == 1
    good, bad = ChainCheck.objects.order_by("pk")
    assert (good.position, good.faults) == (3, [])
    assert len(bad.faults) == 1


# --- the independent verifier -----------------------------------------------------------


def _independent():
    spec = importlib.util.spec_from_file_location("audit_verifier", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _faults(verifier, lines, folder) -> list[str]:
    faults: list[str] = []
    hashes = verifier.check_events(lines, faults)
    verifier.check_anchors(folder, hashes, faults)
    return faults


def test_independent_verifier_is_short_and_imports_nothing_of_ours():
    text = SCRIPT.read_text()
    assert len(text.splitlines()) <= 100
    imports = {
        line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
    assert imports == {"hashlib", "json", "sys", "pathlib"}


@pytest.mark.django_db(transaction=True)
def test_independent_verifier_runs_on_an_export_alone(tmp_path):
    _fill()
    call_command("audit", "anchor")
    call_command("audit", "export", str(tmp_path / "events.jsonl"))

    def run():
        return subprocess.run(
            [sys.executable, "-I", SCRIPT, tmp_path / "events.jsonl", anchoring.files()[0].parent],
            capture_output=True, text=True, cwd="/", env={}, check=False,
        )  # fmt: skip

    whole = run()
    assert (whole.returncode, whole.stdout) == (0, "40 events, 1 anchors, 0 faults\n")
    export = (tmp_path / "events.jsonl").read_text()
    (tmp_path / "events.jsonl").write_text(export.replace("test.17", "test.71"))
    broken = run()
    assert broken.returncode == 1
    assert "FAULT line 18: its text is not what was chained" in broken.stdout


def _edit(rows, rng):
    row = rng.choice(rows[:-1])
    text = json.loads(row["canonical"])
    at = rng.choice([1, 3, 4, 5, 6, 7, 8, 9, 10])
    text[at] = f"{text[at]}x"
    row["canonical"] = json.dumps(text, ensure_ascii=False)
    return rows


def _edit_and_rehash(verifier):
    def damage(rows, rng):
        at = rng.randrange(len(rows) - 1)
        rows[at]["canonical"] = rows[at]["canonical"].replace("test.", "tost.")
        # All that follows is hashed anew too, and the head: only the anchors know.
        for before, row in zip([None, *rows], rows[:-1], strict=False):
            row["previous_hash"] = before["hash"] if before else verifier.START
            row["hash"] = verifier.sha256(row["previous_hash"] + row["canonical"])
        rows[-1]["hash"] = rows[-2]["hash"]
        return rows

    return damage


def _delete(rows, rng):
    del rows[rng.randrange(len(rows) - 1)]
    return rows


def _swap(rows, rng):
    first, second = rng.sample(range(len(rows) - 1), 2)
    rows[first], rows[second] = rows[second], rows[first]
    return rows


def _swap_and_renumber(rows, rng):
    rows = _swap(rows, rng)
    for number, row in enumerate(rows[:-1], start=1):
        row["position"] = number
    return rows


def _cut(rows, rng):
    return rows[: rng.randrange(1, len(rows) - 1)] + rows[-1:]


def _cut_and_rewind(rows, rng):
    rows = rows[: rng.randrange(1, len(rows) - 1)]
    return [*rows, {"head": rows[-1]["position"], "hash": rows[-1]["hash"]}]


def _cut_off_the_head(rows, rng):
    return rows[: rng.randrange(1, len(rows))]


def _duplicate(rows, rng):
    at = rng.randrange(len(rows) - 1)
    return [*rows[:at], rows[at], *rows[at:]]


@pytest.mark.django_db(transaction=True)
def test_every_one_of_a_thousand_random_damages_is_found(anchors):
    verifier, rng = _independent(), random.Random(20261121)
    _fill()
    anchoring.anchor()
    export = list(exporting.lines())
    assert _faults(verifier, export, anchors) == []
    kinds = [
        _edit, _edit_and_rehash(verifier), _delete, _swap, _swap_and_renumber, _cut,
        _cut_and_rewind, _cut_off_the_head, _duplicate,
    ]  # fmt: skip
    missed = []
    for number in range(1000):
        damage = kinds[number % len(kinds)]
        rows = damage([json.loads(line) for line in export], rng)
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        if not _faults(verifier, lines, anchors):
            missed.append((number, damage.__name__))
    assert missed == []


@pytest.mark.django_db(transaction=True)
def test_export_shows_a_change_made_in_the_database(anchors):
    _fill(5)
    _tamper("UPDATE audit_event SET actor_label = 'x' WHERE position = 2")
    faults = _faults(_independent(), list(exporting.lines()), anchors)
    assert faults == ["line 2: its text is not what was chained"]


@pytest.mark.django_db(transaction=True)
def test_the_command_runs_from_the_command_line_too(capsys):
    """A subcommand's method may not stand in the way of the command's own."""
    for act in ("anchor", "export", "check"):
        call_command("audit", act, skip_checks=False)
    assert "no fault" in capsys.readouterr().out
