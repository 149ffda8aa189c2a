"""Codes: the ASCII identity of every part of a definition."""

import re

from policy.strict import Wrong

CODE = re.compile(r"[a-z][a-z0-9_]*")


def check_codes(items, at: str) -> None:
    seen: set[str] = set()
    for index, item in enumerate(items):
        if not CODE.fullmatch(item.code):
            raise Wrong(f"code {item.code!r} is not lower-case ASCII", at, index, "code")
        if item.code in seen:
            raise Wrong(f"code {item.code!r} stands twice", at, index, "code")
        seen.add(item.code)


def find(items, code: str):
    """The item with the code; KeyError without one."""
    for item in items:
        if item.code == code:
            return item
    raise KeyError(code)
