"""The definition's vocabulary of checks is the one that the applicant's checks know."""

from decimal import Decimal

import pytest

from applications.checks import _KINDS, _broken, table_problems
from applications.models import TableRow
from policy.schema import Check, Field, Text
from policy.schema.form import CHECKS, Row, Section, Table
from policy.strict import Wrong

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


# --- a row that is a part of another -----------------------------------------------------------

FIRMS = Text("家", "enterprises")


def counted(part_of="clients", unit=FIRMS):
    column = Field("this_period", "decimal", Text("本考核期", "This period"), unit=T, required=True)
    rows = (
        Row("clients", Text("服务企业", "Enterprises served"), FIRMS),
        Row("local", Text("其中：在宁企业", "Of which in Nanjing"), unit, part_of),
    )
    return Table("performance", (column,), max_rows=2, rows=rows)


@pytest.mark.parametrize(
    ("whole", "part", "found"),
    [
        ("12", "12", []),
        ("12", "13", [("part_above_whole", 2, "r2", "this_period")]),
        ("12", "x", [("not_a_number", 2, "r2", "this_period")]),
        ("12", None, [("required", 2, "r2", "this_period")]),
    ],
)
def test_a_part_is_not_more_than_its_whole(whole, part, found):
    section = Section("performance", T, "table", table=counted())
    rows = [
        TableRow(uid=f"r{place}", position=place, data={"this_period": value})
        for place, value in enumerate([whole, part], start=1)
    ]
    problems = table_problems(section, rows)
    assert [(p.code, p.row, p.row_uid, p.field) for p in problems] == found


def test_a_part_above_its_whole_is_told_with_both_figures():
    rows = [
        TableRow(uid="a", position=1, data={"this_period": "12"}),
        TableRow(uid="b", position=2, data={"this_period": "13"}),
    ]
    (problem,) = table_problems(Section("performance", T, "table", table=counted()), rows)
    assert problem.message == "其中：在宁企业 本考核期：13 家大于“服务企业”的 12 家"


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"part_of": "nobody"}, "no row 'nobody' above this one"),
        ({"part_of": "local"}, "no row 'local' above this one"),
        ({"unit": Text("项", "items")}, "a part has the unit of its whole"),
    ],
)
def test_a_part_names_a_row_above_it_in_its_own_unit(table, reason):
    with pytest.raises(Wrong, match=reason):
        counted(**table).check()
