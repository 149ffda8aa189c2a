"""The catalogue of messages: what the code and the templates say, and the English of it.

Message ids are Chinese. They are found by Python's own parser and Django's ``templatize``, so
that no machine needs GNU gettext; ``compilemessages`` makes the .mo.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib
from django.conf import settings
from django.utils.translation.template import templatize

CATALOGUE = settings.BASE_DIR / "locale" / "en" / "LC_MESSAGES" / "django.po"
SOURCES = ("portal", "policy", "applications", "reviews", "awards", "templates")
# Function → the places of context, message and plural among its arguments.
_PLACES: dict[str, tuple[int | None, int, int | None]] = {
    "gettext": (None, 0, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}
_FUNCTIONS = {
    "_": "gettext",
    **{name + end: name for name in _PLACES for end in ("", "_lazy")},
    "gettext_noop": "gettext",
}
_STRING = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\b(_|n?p?gettext)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)")


class Message(NamedTuple):
    context: str | None
    text: str
    plural: str | None


def _message(function: str, arguments: list[str | None]) -> Message | None:
    """The message of a call, None where it is not written out."""
    places = _PLACES[_FUNCTIONS[function]]
    picked = [
        None if place is None else (arguments[place] if place < len(arguments) else None)
        for place in places
    ]
    if picked[1] is None or any(
        place is not None and text is None for place, text in zip(places, picked, strict=True)
    ):
        return None
    return Message(picked[0], picked[1], picked[2])


def of_python(source: str) -> Iterator[Message]:
    """The messages of a Python file: calls of gettext's functions with written-out text."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in _FUNCTIONS:
            given = [
                part.value
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
                else None
                for part in node.args
            ]
            if found := _message(name, given):
                yield found


def of_template(source: str) -> Iterator[Message]:
    """The messages of a template: translate, blocktranslate, and _("…") in tags and variables."""
    for function, strings in _CALL.findall(templatize(source)):
        if found := _message(function, list(ast.literal_eval(f"[{strings}]"))):
            yield found


def collect(root: Path | None = None) -> dict[Message, list[str]]:
    """Every message of the portal's own files, with the files that say it."""
    root = root or settings.BASE_DIR
    found: dict[Message, list[str]] = {}
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix == ".py" and "migrations" not in path.parts:
                messages = of_python(path.read_text("utf-8"))
            elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
                messages = of_template(path.read_text("utf-8"))
            else:
                continue
            for message in messages:
                files = found.setdefault(message, [])
                if (name := path.relative_to(root).as_posix()) not in files:
                    files.append(name)
    return found


def key(entry: polib.POEntry) -> Message:
    return Message(entry.msgctxt or None, entry.msgid, entry.msgid_plural or None)


def merge(catalogue: polib.POFile, found: dict[Message, list[str]]) -> polib.POFile:
    """The catalogue with an entry for every message found and no other, sorted by message.

    What is known keeps its English; what is new has none. No line numbers and no dates: two
    people who add messages seldom meet on one line.
    """
    known = {key(entry): entry for entry in catalogue}
    fresh = polib.POFile(wrapwidth=0)
    fresh.metadata = {
        "Language": "en",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for message in sorted(found, key=lambda m: (m.text, m.context or "", m.plural or "")):
        before = known.get(message)
        entry = polib.POEntry(msgctxt=message.context, msgid=message.text)
        if message.plural:
            entry.msgid_plural = message.plural
            entry.msgstr_plural = dict(before.msgstr_plural) if before else {0: "", 1: ""}
        else:
            entry.msgstr = before.msgstr if before else ""
        entry.occurrences = [(name, "") for name in sorted(found[message])]
        if re.search(r"%\(\w+\)", message.text):
            entry.flags = ["python-format"]
        fresh.append(entry)
    return fresh


def lacking(catalogue: polib.POFile) -> list[str]:
    """The messages without English."""
    return [
        entry.msgid
        for entry in catalogue
        if not (all(entry.msgstr_plural.values()) if entry.msgid_plural else entry.msgstr)
    ]
