"""The definition's vocabulary of checks is the one that the applicant's checks know."""

from decimal import Decimal

import pytest

from applications.checks import _KINDS, _broken
from policy.schema import Check, Field, Text
from policy.schema.form import CHECKS

T = Text("字段", "Field")
FIELDS = {
    "name": Field("name", "text", T),
    "owner": Field("owner", "text", T),
    "paid": Field("paid", "money", T, unit=T),
    "due": Field("due", "money", T, unit=T),
}


def test_every_kind_of_check_is_carried_out():
    # No two rows alike is asked of all rows at once, beside the comparisons.
    assert set(_KINDS) | {"unique_column"} == set(CHECKS)


@pytest.mark.parametrize(
    ("left", "right", "values", "figures"),
    [
        ("name", "owner", {"name": "甲", "owner": "甲"}, None),
        ("name", "owner", {"name": "甲", "owner": None}, None),
        ("name", "owner", {"name": "甲", "owner": "乙"}, {"left": "甲", "right": "乙"}),
        ("paid", "due", {"paid": Decimal("1.0"), "due": Decimal("1.00")}, None),
        (
            "paid",
            "due",
            {"paid": Decimal("1000"), "due": Decimal("2.50")},
            {"left": "¥1,000.00", "right": "¥2.50"},
        ),
    ],
)
def test_two_answers_that_must_be_the_same(left, right, values, figures):
    check = Check("alike", "same", T, left=left, right=right)
    assert _broken(check, values, FIELDS, []) == figures


@pytest.mark.parametrize(
    ("values", "figures"),
    [
        ({"name": "甲", "owner": "乙"}, None),
        ({"name": None, "owner": None}, None),
        ({"name": "甲", "owner": "甲"}, {"left": "甲", "right": "甲"}),
    ],
)
def test_two_answers_that_must_not_be_the_same(values, figures):
    check = Check("apart", "differ", T, left="name", right="owner")
    assert _broken(check, values, FIELDS, []) == figures


@pytest.mark.parametrize(
    ("name", "rows", "figures"),
    [
        ("甲", [{"owner": "乙"}, {"owner": "甲"}], None),
        ("甲", [], None),
        (None, [{"owner": "乙"}], None),
        ("甲", [{"owner": "乙"}, {}], {"left": "甲"}),
    ],
)
def test_an_answer_that_must_stand_in_a_table(name, rows, figures):
    check = Check("listed", "in_column", T, left="name", table="owners", column="owner")
    assert _broken(check, {"name": name}, FIELDS, rows) == figures
