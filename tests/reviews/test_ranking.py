"""Means and places, to the hundredth of a point."""

from decimal import Decimal as D

import pytest

from reviews.ranking import Outcome, outcome, ranks


@pytest.mark.parametrize(
    ("totals", "mean", "spread", "dropped"),
    [
        (["80"], "80.00", "0.00", False),
        (["80", "81", "83"], "81.33", "3.00", False),
        (["60", "80", "80", "100"], "80.00", "40.00", False),
        (["10", "80", "81", "82", "100"], "81.00", "90.00", True),
        (["80", "80", "80", "80", "80"], "80.00", "0.00", True),
        (["70", "71", "71", "72", "73", "90"], "71.75", "20.00", True),
        (["80.125", "80.125", "80.13"], "80.13", "0.01", False),
    ],
)
def test_outcome_drops_extremes_from_five_on(totals, mean, spread, dropped):
    found = outcome([D(total) for total in totals], drop_extremes_from=5)
    assert found == Outcome(D(mean), D(spread), dropped)


def test_outcome_never_drops_all_of_two():
    assert outcome([D(10), D(30)], drop_extremes_from=2).mean == D("20.00")


def test_outcome_without_totals_is_no_zero():
    with pytest.raises(ValueError, match="no totals"):
        outcome([], drop_extremes_from=5)


def test_ranks_share_a_place_and_leave_out_the_next():
    means = {"a": D("80"), "b": D("91.5"), "c": D("80"), "d": D("79.99")}
    assert ranks(means) == {"b": 1, "a": 2, "c": 2, "d": 4}
