"""File names as people give them, made harmless. They are labels: no path is built of them."""

import re
import unicodedata
from pathlib import PurePosixPath

MAX_BYTES = 255
_SPACES = re.compile(r"\s+")
# Controls, format characters (right-to-left marks, zero-width ones), surrogates, private use.
_UNWANTED = {"Cc", "Cf", "Cs", "Co"}
_FALLBACK = "file"


def clean_name(name: str) -> str:
    """The last part of the name without marks that hide or reorder it, at most 255 bytes.

    The extension is kept when a name is cut. Rare characters (𬭎) stay.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(
        " " if char.isspace() else char
        for char in last
        if char.isspace() or unicodedata.category(char) not in _UNWANTED
    )
    # Characters that some file system forbids in the name of a download.
    kept = re.sub(r'[<>:"|?*]', "_", _SPACES.sub(" ", kept)).strip(" .")
    if not kept:
        return _FALLBACK
    suffix = PurePosixPath(kept).suffix if len(PurePosixPath(kept).suffix) <= 10 else ""
    stem = kept.removesuffix(suffix) if suffix else kept
    room = MAX_BYTES - len(suffix.encode())
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return (stem or _FALLBACK) + suffix


def extension_of(name: str) -> str:
    """The extension in lower case, without its dot; "" if there is none."""
    return PurePosixPath(name).suffix.lower().removeprefix(".")
