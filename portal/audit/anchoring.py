"""Anchors: the head of the chain, written outside the database each day.

One small file each, ``<position>.json`` in ``settings.ANCHOR_DIR``, naming the anchor before it by
its SHA-256. Whoever rewrites the database must rewrite them as well; where they are copied away,
he cannot.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from portal import clock
from portal.audit.models import Event, Head

_NO_ANCHOR = "0" * 64


def files() -> list[Path]:
    """The anchors in the order of the chain."""
    return sorted(Path(settings.ANCHOR_DIR).glob("[0-9]*.json"))


def latest() -> dict | None:
    """The last anchor; None before the first, or if it cannot be read."""
    found = files()
    try:
        return json.loads(found[-1].read_bytes()) if found else None
    except ValueError:
        return None


def anchor(*, daily: bool = False) -> Path | None:
    """Write the head as it is. Nothing is written if it is anchored already, or, with ``daily``,
    if there is an anchor of today."""
    head, now, known = Head.objects.first(), clock.now(), files()
    if head is None:
        return None
    today = clock.local(now).date().isoformat()
    last = latest()
    if daily and last and last["date"] == today:
        return None
    target = Path(settings.ANCHOR_DIR) / f"{head.position:012d}.json"
    if target.exists():
        return None
    before = hashlib.sha256(known[-1].read_bytes()).hexdigest() if known else _NO_ANCHOR
    text = json.dumps(
        {
            "position": head.position,
            "hash": head.hash,
            "algorithm": "sha256",
            "at": now.isoformat(),
            "date": today,
            "previous_anchor": before,
        },
        indent=1,
    )
    _write(target, text + "\n")
    return target


def _write(target: Path, text: str) -> None:
    """Durably: an anchor is whole or is not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def faults() -> Iterator[str]:
    """What of the anchors and the chain does not agree."""
    before, anchors = _NO_ANCHOR, []
    for path in files():
        content = path.read_bytes()
        try:
            read = json.loads(content)
            position, digest, named = read["position"], read["hash"], read["previous_anchor"]
        except (ValueError, KeyError, TypeError):
            yield f"anchor {path.name}: cannot be read"
            continue
        if named != before:
            yield f"anchor {path.name}: the anchor before it is missing or was changed"
        if path.name != f"{position:012d}.json":
            yield f"anchor {path.name}: names position {position}"
        before = hashlib.sha256(content).hexdigest()
        anchors.append((path.name, position, digest))
    positions = [position for _name, position, _digest in anchors]
    hashes = dict(Event.objects.filter(position__in=positions).values_list("position", "hash"))
    for name, position, digest in anchors:
        if position and hashes.get(position) != digest:
            state = "is not there" if position not in hashes else "is another one"
            yield f"anchor {name}: the event at position {position} {state}"
