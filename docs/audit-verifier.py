#!/usr/bin/env python3
"""Verify an exported audit chain. Needs Python 3.9 and nothing else: no portal, no database.

    manage.py audit export events.jsonl
    python3 audit-verifier.py events.jsonl [folder of anchors]

Each line of the export holds the text of one event and its place in the chain:
hash = SHA-256(hash of the one before + text). The first one follows 64 zeros; the last line names
the head. The anchors, <position>.json, are written outside the database each day and name each
other. Prints every fault; the exit code is 1 if there is one.
"""

import hashlib
import json
import sys
from pathlib import Path

START = "0" * 64


def sha256(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def check_events(lines, faults):
    """The hashes of the events by position, and the head that the export names."""
    hashes, previous, head = {0: START}, START, None
    for number, line in enumerate(lines, start=1):
        if head is not None:
            faults.append(f"line {number}: stands behind the head")
            break
        try:
            row = json.loads(line)
            if "head" in row:
                head = (row["head"], row["hash"])
                continue
            position, text = row["position"], row["canonical"]
            digest = row["hash"]
            if row["algorithm"] != "sha256" or json.loads(text)[-1] != "sha256":
                faults.append(f"line {number}: unknown algorithm")
            if json.loads(text)[0] != position or position != number:
                faults.append(f"line {number}: position {position}, text {json.loads(text)[0]}")
            if row["previous_hash"] != previous:
                faults.append(f"line {number}: not linked to the line before it")
            if sha256(row["previous_hash"] + text) != digest:
                faults.append(f"line {number}: its text is not what was chained")
        except (ValueError, KeyError, TypeError, IndexError) as error:
            faults.append(f"line {number}: cannot be read ({error!r})")
            continue
        hashes[position] = previous = digest
    last = max(hashes)
    if head is None:
        faults.append("the export has no head: it is cut")
    elif head != (last, hashes[last]):
        faults.append(f"the head is at {head[0]}, the last event at {last}: the chain is cut")
    return hashes


def check_anchors(folder, hashes, faults):
    """Every anchor's event is there, and the anchors name each other without a gap."""
    before, count = START, 0
    for path in sorted(folder.glob("[0-9]*.json")):
        content = path.read_bytes()
        try:
            anchor = json.loads(content)
            position, digest, named = anchor["position"], anchor["hash"], anchor["previous_anchor"]
        except (ValueError, KeyError, TypeError) as error:
            faults.append(f"{path.name}: cannot be read ({error!r})")
            continue
        if hashes.get(position) != digest:
            faults.append(f"{path.name}: the event at position {position} is not this one")
        if named != before:
            faults.append(f"{path.name}: the anchor before it is missing or was changed")
        before, count = hashlib.sha256(content).hexdigest(), count + 1
    return count


def main(arguments):
    if not 1 <= len(arguments) <= 2:
        sys.exit(__doc__)
    faults, anchors = [], 0
    with open(arguments[0], encoding="utf-8") as file:
        hashes = check_events(file, faults)
    if len(arguments) == 2:
        anchors = check_anchors(Path(arguments[1]), hashes, faults)
    for fault in faults:
        print("FAULT", fault)
    print(f"{len(hashes) - 1} events, {anchors} anchors, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
