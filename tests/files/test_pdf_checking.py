"""The helper that looks into PDFs: one process for many files, none of which can harm another."""

import os
import signal
import threading
from pathlib import Path

import pytest

from portal.files import inspecting, pdf_checking
from tests.files import samples

PROGRAM = inspecting._PDF_CHECK


@pytest.fixture
def helper():
    made = pdf_checking.Helper(PROGRAM)
    yield made
    made.stop()


@pytest.fixture
def pdf(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(samples.pdf(pages=3))
    return path


@pytest.fixture
def bomb(tmp_path):
    path = tmp_path / "bomb.pdf"
    words = b"/Type/ObjStm/Filter/FlateDecode"
    path.write_bytes(samples.pdf_bomb(words, packed=1, size_bytes=512 * 1024 * 1024))
    return path


def asked(helper, path, limit_s=40):
    return helper.verdict(path, limit_s=limit_s)


def test_one_process_tells_of_many_files(helper, pdf, bomb, tmp_path):
    broken = tmp_path / "有 空格\n和换行.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing")
    assert asked(helper, pdf) == {"pages": 3}
    first = helper._process.pid
    assert asked(helper, bomb) == {"refused": "bomb"}
    assert asked(helper, broken) == {"refused": "damaged"}
    assert asked(helper, pdf) == {"pages": 3}
    assert helper._process.pid == first


def test_helper_that_was_killed_is_started_again(helper, pdf):
    asked(helper, pdf)
    first = helper._process.pid
    os.kill(first, signal.SIGKILL)
    assert asked(helper, pdf) == {"pages": 3}
    assert helper._process.pid != first


def test_file_that_takes_too_long_is_a_bomb_and_its_fork_ends(helper, pdf, tmp_path):
    endless = tmp_path / "endless.pdf"
    os.mkfifo(endless)  # whoever opens it waits for a writer
    asked(helper, pdf)
    group = helper._process.pid
    assert asked(helper, endless, limit_s=0.3) == {"refused": "bomb"}
    assert not _alive_in(group)
    assert asked(helper, pdf) == {"pages": 3}


def _alive_in(group: int) -> list[str]:
    """Processes of the group that still run: the kernel may need a moment to bury a fork."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, of = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of) == group and state not in "ZX":
            found.append(path.parent.name)
    return found


def test_who_finds_the_helper_busy_has_a_process_of_its_own(pdf, tmp_path, monkeypatch):
    endless = tmp_path / "endless.pdf"
    os.mkfifo(endless)
    helper = pdf_checking.Helper(PROGRAM)
    monkeypatch.setattr(pdf_checking, "_helpers", {PROGRAM: helper})
    alone, began = [], threading.Event()
    real = pdf_checking._alone
    monkeypatch.setattr(pdf_checking, "_alone", lambda *a: alone.append(a) or real(*a))
    start = helper._asked
    monkeypatch.setattr(helper, "_asked", lambda *a: began.set() or start(*a))
    told = []
    busy = threading.Thread(target=lambda: told.append(asked(helper, endless, limit_s=5)))
    busy.start()
    assert began.wait(5)
    try:
        assert pdf_checking.verdict(pdf, program=PROGRAM, limit_s=40) == {"pages": 3}
        assert len(alone) == 1
    finally:
        with endless.open("wb"):
            pass  # a writer that says nothing: an empty file
        busy.join()
        helper.stop()
    assert told == [{"refused": "damaged"}]


def test_a_fork_cannot_answer_for_the_next_file(tmp_path, pdf):
    """Whatever a file makes of its reader, the way to the asker is closed to it."""
    program = tmp_path / "check.py"
    told = PROGRAM.read_text().replace(
        "def check(path: str) -> dict:\n",
        "def check(path: str) -> dict:\n    os.write(1, b'{\"pages\": 99}\\n')\n",
    )
    program.write_text(told)
    helper = pdf_checking.Helper(program)
    try:
        assert asked(helper, pdf) == {"refused": "bomb"}
    finally:
        helper.stop()


def test_idle_helper_ends(pdf, tmp_path):
    program = tmp_path / "check.py"
    program.write_text(PROGRAM.read_text().replace("IDLE_S = 60", "IDLE_S = 0.2"))
    helper = pdf_checking.Helper(program)
    try:
        assert asked(helper, pdf) == {"pages": 3}
        first = helper._process
        assert first.wait(20) == 0
        assert asked(helper, pdf) == {"pages": 3}
        assert helper._process is not first
    finally:
        helper.stop()
