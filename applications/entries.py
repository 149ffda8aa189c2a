"""Between what a person types, what is stored, and what a page tells.

``enter`` turns typed text into the JSON that ``policy.schema.form`` describes; what cannot be
read stays as it was typed, so that a draft loses nothing and the rules (``policy.answers``)
name the fault. ``typed`` is the way back into an input, ``told`` the way onto a page.
"""

import hashlib
import json
import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from policy import money
from policy.schema import Field
from policy.text import counted

TRUE = {"是", "有", "yes", "y", "true", "1", "√", "on"}
FALSE = {"否", "无", "no", "n", "false", "0", "×"}

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0{1,2}:00(?::00)?)?")
_DATE_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def enter(field: Field, given: Any) -> Any:
    """The stored form of what was typed (text, a list of choices, a bool); None for nothing."""
    if field.type == "multichoice":
        return _choices(field, given)
    if isinstance(given, bool) or given is None:
        return given
    text = _clean(str(given), lines=field.type == "textarea")
    if not text:
        return None
    return _ENTERED.get(field.type, _text)(field, text)


def typed(field: Field, stored: Any) -> Any:
    """What stands in the input for a stored answer: 万元 for ``money_wan``, 是/否 as codes."""
    if stored is None:
        return [] if field.type == "multichoice" else ""
    if field.type == "money_wan" and (amount := _decimal(stored)) is not None:
        return f"{amount.scaleb(-4):f}" if amount % 100 else f"{money.wan(amount):f}"
    if isinstance(stored, bool):
        return "true" if stored else "false"
    return stored if field.type == "multichoice" else str(stored)


def told(field: Field, stored: Any) -> str:
    """A stored answer in plain words, with its unit; "" where there is none."""
    if stored is None or stored == "" or stored == []:
        return ""
    if field.type == "bool":
        return _("是") if stored is True else _("否") if stored is False else str(stored)
    if field.type == "choice":
        return str(field.choice_label(stored)) if isinstance(stored, str) else str(stored)
    if field.type == "multichoice" and isinstance(stored, list):
        return _("、").join(str(field.choice_label(code)) for code in stored)
    if field.type == "id_number":
        return _masked(str(stored))
    if field.is_numeric and (amount := _decimal(stored)) is not None:
        return _number_told(field, amount)
    return str(stored)


def _masked(number: str) -> str:
    """``320***********1234``: an ID number as it is shown everywhere."""
    return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}" if len(number) > 7 else "*" * 8


def _number_told(field: Field, amount: Decimal) -> str:
    if field.type == "money":
        return money.show_cny(amount)
    if field.type == "money_wan":
        english = (get_language() or "").startswith("en")
        return money.show_cny(amount) if english else f"{money.show_wan(amount)} {field.unit}"
    if field.type == "percent":
        return f"{amount:f}%"
    return str(counted(amount, field.unit))


def same(left: Any, right: Any) -> bool:
    """Whether two stored answers say the same; an empty list and nothing do."""
    return (None if left in ("", []) else left) == (None if right in ("", []) else right)


def digest(stored: Any) -> str:
    """A short mark of a stored answer: what a page showed when it was opened."""
    plain = json.dumps(None if stored in ("", []) else stored, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:10]


def _clean(text: str, *, lines: bool) -> str:
    """Without control characters and outer space; a single line unless ``lines``."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not lines:
        text = re.sub(r"\s*\n\s*", " ", text)
    return text.strip()


def _narrow(text: str) -> str:
    """Full-width digits and signs as ASCII."""
    return unicodedata.normalize("NFKC", text).strip()


def _text(field: Field, text: str) -> str:
    return text


def _code(field: Field, text: str) -> str:
    return _narrow(text).replace(" ", "").upper()


def _plain(field: Field, text: str) -> str:
    return _narrow(text).replace(" ", "")


def _number(field: Field, text: str) -> str | int:
    plain = re.sub(r"[,\s]", "", _narrow(text)).lstrip("¥")
    if field.type == "percent":
        plain = plain.removesuffix("%")
    value = _decimal(plain)
    if value is None:
        return text
    if field.type == "integer":
        return int(value) if value == value.to_integral_value() and "." not in plain else plain
    if field.type == "money_wan":
        value = value.scaleb(4)
    if field.type in {"money", "money_wan"} and value == value.quantize(money.FEN):
        value = value.quantize(money.FEN)
    return f"{value:f}"


def _decimal(text: Any) -> Decimal | None:
    """A plain number, or None; no exponent, no infinity."""
    if isinstance(text, bool) or not re.fullmatch(r"[-+]?\d{1,18}(\.\d{1,18})?", str(text)):
        return None
    try:
        return Decimal(str(text))
    except InvalidOperation:  # pragma: no cover (the pattern lets none through)
        return None


def _date(field: Field, text: str) -> str:
    plain = _narrow(text)
    found = _DATE.fullmatch(plain) or _DATE_DIGITS.fullmatch(plain)
    if found is None:
        return text
    try:
        return date(*map(int, found.groups())).isoformat()
    except ValueError:
        return text


def _month(field: Field, text: str) -> str:
    found = _MONTH.fullmatch(_narrow(text))
    return f"{found[1]}-{int(found[2]):02}" if found and 1 <= int(found[2]) <= 12 else text


def _bool(field: Field, text: str) -> bool | str:
    word = _narrow(text).lower()
    return True if word in TRUE else False if word in FALSE else text


def _choice(field: Field, text: str) -> str:
    """The code; a label of either language counts too (pasted tables)."""
    for choice in field.choices:
        if text in (choice.code, choice.label.zh) or text.lower() == choice.label.en.lower():
            return choice.code
    return text


def _choices(field: Field, given: Any) -> list[str] | None:
    if isinstance(given, str):
        given = re.split(r"[、,，;；]", given)
    cleaned = [_clean(str(item), lines=False) for item in given or ()]
    return [_choice(field, item) for item in cleaned if item] or None


_ENTERED = {
    "integer": _number,
    "decimal": _number,
    "percent": _number,
    "money": _number,
    "money_wan": _number,
    "date": _date,
    "month": _month,
    "bool": _bool,
    "choice": _choice,
    "uscc": _code,
    "id_number": _code,
    "phone": _plain,
    "email": _plain,
}
