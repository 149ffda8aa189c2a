"""Looks into one PDF: encryption, scripts, launches, embedded files; run as a programme of its own.

    python -I pdf_check.py FILE      → {"pages": 3} or {"refused": "active"}
    python -I pdf_check.py --serve   ← a path, as JSON, on each line; → its verdict on a line

A PDF may unpack to anything while its structure is read, by filters within filters and under any
name, so it is read in a process whose memory and time are bounded: what exceeds them is a bomb.
With ``--serve`` that process is a fork, one for each file: this one has loaded the library once,
reads no PDF itself, and ends when nobody has asked for a while.
"""

import json
import os
import resource
import select
import sys

import pikepdf

MAX_MEMORY_BYTES = 512 * 1024 * 1024
MAX_CPU_S = 20
IDLE_S = 60

_SCRIPT_KEYS = {"/JS", "/JavaScript", "/XFA", "/RichMedia", "/RichMediaContent"}
_SCRIPT_ACTIONS = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition", "/GoToE",
                   "/RichMediaExecute"}  # fmt: skip
_EMBEDDED_KEYS = {"/EmbeddedFiles", "/EF"}


class Refused(Exception):
    pass


def check(path: str) -> dict:
    try:
        with pikepdf.open(path, attempt_recovery=False, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                return {"refused": "encrypted"}
            for item in pdf.objects:
                _search(item, 0)
            pages = len(pdf.pages)
            # What could not be unpacked was not looked at: the library only warns.
            told = " ".join(pdf.get_warnings())
            if "bad_alloc" in told:
                return {"refused": "bomb"}
            if "error decoding stream data" in told:
                return {"refused": "damaged"}
            return {"pages": pages}
    except Refused as refusal:
        return {"refused": str(refusal)}
    except MemoryError:
        return {"refused": "bomb"}
    except pikepdf.PasswordError:
        return {"refused": "encrypted"}
    except (pikepdf.PdfError, RuntimeError, ValueError, RecursionError):
        return {"refused": "damaged"}


def _search(item, depth: int) -> None:
    """Refuse scripts, launches and embedded files in an object and what it holds directly.

    Objects that it refers to are visited on their own: ``pdf.objects`` lists all of them.
    """
    if depth > 100:
        raise Refused("damaged")
    if isinstance(item, pikepdf.Stream):
        item = item.stream_dict
    if isinstance(item, pikepdf.Dictionary):
        if item.get("/Type") == pikepdf.Name.EmbeddedFile or _EMBEDDED_KEYS & set(item.keys()):
            raise Refused("embedded")
        if _SCRIPT_KEYS & set(item.keys()) or str(item.get("/S", "")) in _SCRIPT_ACTIONS:
            raise Refused("active")
        for key in item.keys():  # noqa: SIM118 (pikepdf's mapping yields keys only so)
            _descend(item[key], depth)
    elif isinstance(item, pikepdf.Array):
        for value in item:
            _descend(value, depth)


def _descend(value, depth: int) -> None:
    if isinstance(value, pikepdf.Object) and not value.is_indirect:
        _search(value, depth + 1)


def _bounded(path: str) -> bytes:
    """The verdict, as told by this process from now on within its bounds."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    return json.dumps(check(path)).encode()


def _forked(path: str) -> bytes:
    """The verdict of a fork that can answer for this file only: it holds no other way out."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for descriptor in (receive, 0, 1):
                os.close(descriptor)
            os.write(send, _bounded(path))
        finally:
            os._exit(0)
    os.close(send)
    with open(receive, "rb") as pipe:
        told = pipe.read(1000)
    os.waitpid(child, 0)
    # A fork that its bounds have ended tells nothing, or half a word.
    try:
        json.loads(told)
    except ValueError:
        return json.dumps({"refused": "bomb"}).encode()
    return told


def serve() -> None:
    """Until the asker is gone, or has not asked for a while. It waits for each answer."""
    asked = b""
    while select.select([0], [], [], IDLE_S)[0]:
        chunk = os.read(0, 65536)
        if not chunk:
            return
        asked += chunk
        if asked.endswith(b"\n"):
            os.write(1, _forked(json.loads(asked)) + b"\n")
            asked = b""


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve()
    else:
        print(_bounded(sys.argv[1]).decode())
