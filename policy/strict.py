"""Strict building of frozen dataclasses from plain data, with the path of each fault.

Used for what comes from YAML files and for what comes back from JSONB: unknown keys,
missing keys and wrong types are refused, nothing is converted by guessing. Numbers with
a fraction are written as strings, so that no float ever stands between text and Decimal.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Path = tuple[str | int, ...]


class SchemaError(ValueError):
    """A fault in policy data: where (``path``) and why (``reason``)."""

    def __init__(self, path: Path, reason: str):
        self.path, self.reason = path, reason
        super().__init__(f"{dotted(path)}: {reason}" if path else reason)


class Wrong(ValueError):
    """Raised by a dataclass's ``check()``: the fault, relative to the dataclass."""

    def __init__(self, reason: str, *at: str | int):
        self.reason, self.at = reason, at
        super().__init__(reason)


def dotted(path: Path) -> str:
    """``("form", "groups", 0, "code")`` as ``form.groups[0].code``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def build(kind: Any, data: Any, path: Path = ()) -> Any:
    """``data`` as an instance of ``kind``, or SchemaError naming the place."""
    return _builder(kind)(data, path)


@cache
def _builder(kind: Any) -> Callable[[Any, Path], Any]:
    """What builds the kind: found once, as the catalogue has tens of thousands of parts."""
    if is_dataclass(kind):
        return partial(_dataclass, kind)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (arg for arg in get_args(kind) if arg is not types.NoneType)
        return partial(_or_none, inner)
    if origin is tuple:
        return partial(_items, get_args(kind)[0])
    if origin is Literal:
        return partial(_one_of, get_args(kind))
    return partial(_scalar, kind)


def _dataclass(kind, data, path):
    if not isinstance(data, Mapping):
        raise SchemaError(path, f"expected a mapping, got {_name(data)}")
    known = _fields(kind)
    for key in data:
        if key not in known:
            raise SchemaError((*path, key), f"unknown key {key!r}; known: {', '.join(known)}")
    values = {}
    for name, (hint, needed, optional) in known.items():
        if name in data:
            value = data[name]
            values[name] = _builder(hint)(value, (*path, name))
            if value is None and not optional:
                raise SchemaError((*path, name), "may not be empty")
        elif needed:
            raise SchemaError(path, f"missing key {name!r}")
    built = kind(**values)
    if check := getattr(built, "check", None):
        try:
            check()
        except Wrong as fault:
            raise SchemaError((*path, *fault.at), fault.reason) from None
    return built


@cache
def _fields(kind) -> dict[str, tuple[Any, bool, bool]]:
    """The kind's fields by name: type, whether it must be given, whether it may be empty."""
    hints = get_type_hints(kind)
    return {
        field.name: (
            hints[field.name],
            field.default is MISSING and field.default_factory is MISSING,
            _optional(hints[field.name]),
        )
        for field in fields(kind)
    }


def _optional(hint) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and types.NoneType in get_args(hint)


def _or_none(inner, data, path):
    return None if data is None else build(inner, data, path)


def _items(kind, data, path):
    if not isinstance(data, list | tuple):
        raise SchemaError(path, f"expected a list, got {_name(data)}")
    builder = _builder(kind)
    return tuple(builder(item, (*path, index)) for index, item in enumerate(data))


def _one_of(values, data, path):
    if data not in values or type(data) is bool:
        raise SchemaError(path, f"{data!r} is not one of {', '.join(map(str, values))}")
    return data


def _scalar(kind, data, path):
    if kind is Any:
        return data
    if kind is str:
        if not isinstance(data, str):
            raise SchemaError(path, f"expected text, got {_name(data)}")
        if not data.strip():
            raise SchemaError(path, "text is empty")
        return data
    if kind is bool:
        if not isinstance(data, bool):
            raise SchemaError(path, f"expected true or false, got {_name(data)}")
        return data
    if kind is int:
        if not isinstance(data, int) or isinstance(data, bool):
            raise SchemaError(path, f"expected a whole number, got {_name(data)}")
        return data
    if kind is Decimal:
        return _decimal(data, path)
    if kind is date:
        return _date(data, path)
    raise TypeError(f"no rule for {kind!r} at {dotted(path)}")


def _decimal(data, path):
    if isinstance(data, bool) or not isinstance(data, int | str):
        raise SchemaError(path, f"expected a number, a fraction as a string, got {_name(data)}")
    try:
        value = Decimal(data)
    except InvalidOperation:
        raise SchemaError(path, f"{data!r} is not a number") from None
    if not value.is_finite() or "e" in str(data).lower():
        raise SchemaError(path, f"{data!r} is not a plain number")
    return value


def _date(data, path):
    if not isinstance(data, str):
        raise SchemaError(path, f"expected a date as YYYY-MM-DD, got {_name(data)}")
    try:
        value = date.fromisoformat(data)
    except ValueError:
        value = None
    if value is None or value.isoformat() != data:
        raise SchemaError(path, f"{data!r} is not a date as YYYY-MM-DD")
    return value


def _name(data) -> str:
    if data is None:
        return "nothing"
    if isinstance(data, float):
        return f"{data!r} (write fractions as strings)"
    return {"dict": "a mapping", "list": "a list", "str": f"text {data!r}"}.get(
        type(data).__name__, f"{data!r}"
    )
