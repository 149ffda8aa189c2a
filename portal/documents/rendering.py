"""PDF from a Typst template and plain data.

Templates lie under ``templates/`` (``documents/letter.typ``, ``applications/receipt.typ``) and
read their data as JSON from ``sys.inputs.data``: what is shown is never formatted into the
source, so that no name or comment can become markup. Fonts are the vendored ones only; the
same data and moment give the same bytes.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.conf import settings

FONTS = Path(__file__).resolve().parent.parent / "fonts"
ROOT = settings.BASE_DIR / "templates"
# What stands for a character that no font draws (〓, as printers do).
STAND_IN = "\u3013"

_UNDRAWN = re.compile(r'the text `"(.*?)"` could not be displayed', re.DOTALL)
_ESCAPED = re.compile(r"\\u\{([0-9a-fA-F]+)\}")


class GlyphMissing(Exception):
    """Characters that the vendored fonts cannot draw."""

    def __init__(self, chars: str):
        self.chars = chars
        super().__init__(", ".join(f"U+{ord(char):04X}" for char in chars))


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )


def render_pdf(template_name: str, data: Mapping[str, Any], *, at: datetime | None = None) -> bytes:
    """The template as PDF/A-2b; ``at`` is the date of creation that the file states.

    Raises ``GlyphMissing`` where a character has no glyph: nothing is dropped silently.
    """
    return _compile(ROOT / template_name, data, at=at)


def render_pdf_marked(
    template_name: str, data: Mapping[str, Any], *, at: datetime | None = None
) -> bytes:
    """As ``render_pdf``, but 〓 stands for what no font draws and the template is told which
    characters these are (``missing``: "U+31350, …"), so that a document always comes about."""
    marked: Any = data
    missing = ""
    while True:
        try:
            told = ", ".join(f"U+{ord(char):04X}" for char in missing)
            return render_pdf(template_name, {**marked, "missing": told}, at=at)
        except GlyphMissing as fault:
            new = set(fault.chars) - set(missing)
            if not new:
                raise
            missing = "".join(sorted(set(missing) | new))
            marked = _replaced(data, missing)


def undrawable(text: str) -> str:
    """The characters of a text that could not stand in a document, once each ("" if none)."""
    if text.isascii():
        return ""
    try:
        _compile(ROOT / "documents" / "probe.typ", {"text": text})
    except GlyphMissing as fault:
        return fault.chars
    return ""


def _compile(path: Path, data: Mapping[str, Any], *, at: datetime | None = None) -> bytes:
    try:
        return typst.compile(
            str(path),
            root=str(ROOT),
            font_paths=_fonts(),
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, default=_plain)},
            pdf_standards="a-2b",
            timestamp=int(at.timestamp()) if at else 0,
        )
    except typst.TypstError as fault:
        if chars := _undrawn(str(fault.diagnostic)):
            raise GlyphMissing(chars) from None
        raise


def _undrawn(diagnostic: str) -> str:
    """The characters named in Typst's errors, each once, in order of code points."""
    found: set[str] = set()
    for text in _UNDRAWN.findall(diagnostic):
        found |= set(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), text))
    return "".join(sorted(found))


def _plain(value: Any) -> str:
    """Decimal, date and the like as text; a float never gets here as money."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def _replaced(value: Any, missing: str) -> Any:
    if isinstance(value, str):
        return value.translate({ord(char): STAND_IN for char in missing})
    if isinstance(value, Mapping):
        return {key: _replaced(item, missing) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, missing) for item in value]
    return value
