"""The tests' own cases: they come from the table alone."""

import pytest

from tests.reviews.cases import ROAD, make_case, make_office, parties, status_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", [status for status, _action, _part in ROAD])
def test_case_stands_at_the_stage(status):
    office = make_office()
    case = make_case(office, at=status)
    assert status_of(case) == status
    assert parties(case, "lead") == {office.lead.code}
    assert case.transitions.count() == [row[0] for row in ROAD].index(status) + 1
