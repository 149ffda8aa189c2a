"""Who looks at the applicant's pages."""

import pytest

from tests.applications.definition import (
    world,
)


@pytest.fixture
def place():
    return world()


@pytest.fixture
def filler(client, place):
    client.force_login(place.filler)
    return client


@pytest.fixture
def admin(client, place):
    client.force_login(place.admin)
    return client
