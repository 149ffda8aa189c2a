import pytest
from django.db import OperationalError

from portal import clock


def test_healthz_answers_without_the_database(client, monkeypatch):
    def refuse(**_kwargs):
        raise OperationalError("down")

    monkeypatch.setattr(clock, "now", refuse)
    assert client.get("/healthz").content == b"ok\n"
    with pytest.raises(OperationalError):
        client.get("/readyz")


def test_readyz_asks_the_database(client, db, django_assert_num_queries):
    with django_assert_num_queries(2):  # the arrival, and the question
        assert client.get("/readyz").content == b"ready\n"
