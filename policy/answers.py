"""Reading one answer: JSON as described in ``policy.schema.form`` into a Python value."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError as ValidationFault

from policy import money
from policy.issues import Issue
from policy.schema import Field

MAX_TEXT = 200
MAX_TEXTAREA = 5000
PHONE = re.compile(r"1[3-9][0-9]{9}")
ID_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
SCIENTIFIC = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?[eE]\+?[0-9]{1,4}")
NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


class AnswerRefused(ValueError):
    def __init__(self, issue: Issue):
        self.issue = issue
        super().__init__(f"{issue.place}: {issue.code} {dict(issue.facts)}")


def is_empty(raw: Any) -> bool:
    return raw is None or raw == "" or raw == []


def read(field: Field, raw: Any) -> Any:
    """The answer's value (Decimal, int, date, bool, str or a list), None when it is empty.

    Raises AnswerRefused with an Issue that says which rule of the field is broken. Whether an
    answer is required is not asked here: a draft may be incomplete.
    """
    if is_empty(raw):
        return None
    return _READERS[field.type](field, raw)


def _refuse(field: Field, code: str, **facts: Any) -> NoReturn:
    raise AnswerRefused(Issue(field.code, code, facts))


def _text(field: Field, raw: Any) -> str:
    if not isinstance(raw, str):
        _refuse(field, "not_text")
    longest = field.max_length or (MAX_TEXTAREA if field.type == "textarea" else MAX_TEXT)
    if len(raw) > longest:
        _refuse(field, "too_long", max=longest, length=len(raw))
    if field.pattern and not re.fullmatch(field.pattern, raw, re.ASCII):
        _refuse(field, "pattern", value=raw, hint=field.pattern_hint)
    return raw


def _number(field: Field, raw: Any, *, decimals: int) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        _refuse(field, "not_a_number", value=raw)
    if isinstance(raw, int) and abs(raw) > money.MAX_CNY:
        _refuse(field, "too_large", value="…", max=money.MAX_CNY)
    text = str(raw).strip()
    if SCIENTIFIC.fullmatch(text) and abs(Decimal(text)) > money.MAX_CNY:
        _refuse(field, "too_large", value=text, max=money.MAX_CNY)
    if not NUMBER.fullmatch(text):
        with_unit = re.match(r"[-+]?[\d,]+(\.\d+)?\s*[^\d\s.,eE]", text)
        code = "wrong_unit" if with_unit else "not_a_number"
        _refuse(field, code, value=text, unit=field.unit)
    value = Decimal(text)
    lowest = Decimal(0) if field.min is None else field.min
    if value < 0 <= lowest:
        _refuse(field, "negative", value=text)
    if value < lowest:
        _refuse(field, "below_min", value=text, min=lowest)
    if abs(value) > money.MAX_CNY:
        _refuse(field, "too_large", value=text, max=money.MAX_CNY)
    if field.max is not None and value > field.max:
        _refuse(field, "above_max", value=text, max=field.max)
    if value != round(value, decimals):
        _refuse(field, "too_fine", value=text, decimals=decimals)
    return value


def _integer(field: Field, raw: Any) -> int:
    if isinstance(raw, str) and re.fullmatch(r"[-+]?[0-9]+\.[0-9]+", raw.strip()):
        _refuse(field, "not_whole", value=raw)
    return int(_number(field, raw, decimals=0))


def _decimal(field: Field, raw: Any) -> Decimal:
    return _number(field, raw, decimals=2 if field.decimals is None else field.decimals)


def _money(field: Field, raw: Any) -> Decimal:
    return _number(field, raw, decimals=2).quantize(money.FEN)


def _percent(field: Field, raw: Any) -> Decimal:
    value = _decimal(field, raw)
    if field.max is None and value > 100:
        _refuse(field, "above_max", value=raw, max=100)
    return value


def _date(field: Field, raw: Any) -> date:
    try:
        value = date.fromisoformat(raw)
    except (TypeError, ValueError):
        _refuse(field, "not_a_date", value=raw)
    if value.isoformat() != raw:
        _refuse(field, "not_a_date", value=raw)
    return value


def _month(field: Field, raw: Any) -> str:
    if not isinstance(raw, str) or not MONTH.fullmatch(raw):
        _refuse(field, "not_a_month", value=raw)
    return raw


def _choice(field: Field, raw: Any) -> str:
    if not isinstance(raw, str) or raw not in {choice.code for choice in field.choices}:
        _refuse(field, "not_a_choice", value=raw)
    return raw


def _multichoice(field: Field, raw: Any) -> list[str]:
    if not isinstance(raw, list):
        _refuse(field, "not_a_list")
    for index, item in enumerate(raw):
        _choice(field, item)
        if item in raw[:index]:
            _refuse(field, "chosen_twice", value=item)
    if field.max_selected is not None and len(raw) > field.max_selected:
        _refuse(field, "too_many", max=field.max_selected, count=len(raw))
    return raw


def _bool(field: Field, raw: Any) -> bool:
    if not isinstance(raw, bool):
        _refuse(field, "not_a_bool")
    return raw


def _uscc(field: Field, raw: Any) -> str:
    if not isinstance(raw, str) or not uscc.is_valid(raw) or uscc.compact(raw) != raw:
        _refuse(field, "not_a_uscc", value=raw)
    return raw


def _id_number(field: Field, raw: Any) -> str:
    """居民身份证号码 (GB 11643): form, date of birth and check digit. The place is not looked up: a
    number bears the place of its issue, which may not have had that code at the birth."""
    if not isinstance(raw, str) or not ID_NUMBER.fullmatch(raw):
        _refuse(field, "not_an_id_number")
    try:
        ric.get_birth_date(raw)
    except ValidationFault:
        _refuse(field, "not_an_id_number")
    if ric.calc_check_digit(raw) != raw[-1]:
        _refuse(field, "not_an_id_number")
    return raw


def _phone(field: Field, raw: Any) -> str:
    if not isinstance(raw, str) or not PHONE.fullmatch(raw):
        _refuse(field, "not_a_phone", value=raw)
    return raw


def _email(field: Field, raw: Any) -> str:
    try:
        validate_email(raw)
    except ValidationError:
        _refuse(field, "not_an_email", value=raw)
    return raw


def _url(field: Field, raw: Any) -> str:
    try:
        parts = urlsplit(raw) if isinstance(raw, str) and not re.search(r"\s", raw) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        _refuse(field, "not_a_url", value=raw)
    return _text(field, raw)


_READERS: dict[str, Callable[[Field, Any], Any]] = {
    "text": _text,
    "textarea": _text,
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "money_wan": _money,
    "percent": _percent,
    "date": _date,
    "month": _month,
    "choice": _choice,
    "multichoice": _multichoice,
    "bool": _bool,
    "uscc": _uscc,
    "id_number": _id_number,
    "phone": _phone,
    "email": _email,
    "url": _url,
}
