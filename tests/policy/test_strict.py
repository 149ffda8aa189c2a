"""Strict building: what is refused, and where it says so."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import pytest

from policy.strict import SchemaError, Wrong, build, dotted


@dataclass(frozen=True)
class Inner:
    code: str
    size: Decimal | None = None

    def check(self):
        if self.code == "bad":
            raise Wrong("is bad", "code")


@dataclass(frozen=True)
class Outer:
    items: tuple[Inner, ...]
    day: date
    count: int
    flag: bool
    mode: Literal["a", "b"] = "a"


GOOD = {"items": [{"code": "x", "size": "1.5"}], "day": "2026-01-31", "count": 3, "flag": True}


def test_good_data_is_built():
    assert build(Outer, GOOD) == Outer(
        items=(Inner("x", Decimal("1.5")),), day=date(2026, 1, 31), count=3, flag=True
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": 1}, "more: unknown key 'more'; known: items, day, count, flag, mode"),
        ({"items": {}}, "items: expected a list, got a mapping"),
        ({"items": [5]}, "items[0]: expected a mapping, got 5"),
        ({"items": [{"code": "x"}, {}]}, "items[1]: missing key 'code'"),
        ({"items": [{"code": ""}]}, "items[0].code: text is empty"),
        ({"items": [{"code": 5}]}, "items[0].code: expected text, got 5"),
        ({"items": [{"code": "bad"}]}, "items[0].code: is bad"),
        ({"items": [{"code": "x", "size": 1.5}]}, "items[0].size: expected a number, a fraction "
         "as a string, got 1.5 (write fractions as strings)"),
        ({"items": [{"code": "x", "size": "1e5"}]}, "items[0].size: '1e5' is not a plain number"),
        ({"items": [{"code": "x", "size": "NaN"}]}, "items[0].size: 'NaN' is not a plain number"),
        ({"items": [{"code": "x", "size": "x"}]}, "items[0].size: 'x' is not a number"),
        ({"day": "2026-02-30"}, "day: '2026-02-30' is not a date as YYYY-MM-DD"),
        ({"day": 20260101}, "day: expected a date as YYYY-MM-DD, got 20260101"),
        ({"count": True}, "count: expected a whole number, got True"),
        ({"count": None}, "count: expected a whole number, got nothing"),
        ({"flag": 1}, "flag: expected true or false, got 1"),
        ({"mode": "c"}, "mode: 'c' is not one of a, b"),
    ],
)  # fmt: skip
def test_bad_data_is_refused_with_its_path(change, message):
    with pytest.raises(SchemaError) as error:
        build(Outer, GOOD | change)
    assert str(error.value) == message


def test_a_path_reads_as_code():
    assert dotted(("form", "groups", 0, "code")) == "form.groups[0].code"
    assert dotted((3, "x")) == "[3].x"
