"""The office whose pages the tests use."""

import pytest

from tests.reviews.cases import (
    make_office,
)


@pytest.fixture
def office():
    return make_office()
