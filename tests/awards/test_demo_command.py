"""``manage.py demo`` as a command: when it refuses, what it prints, what it leaves checked."""

import pytest
from django.core.management import CommandError
from django.db import connection

from awards.demonstration import life
from policy import calendars, loading
from portal.accounts.models import User
from portal.audit import anchoring
from portal.audit.models import ChainCheck
from tests.awards.test_demonstration import PASSWORD, demo_on, run
from tests.catalogue import CATALOGUE

__all__ = ["demo_on"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def policy():
    loading.load(CATALOGUE, actor="test")
    calendars.seed(actor="test")


def test_accounts_are_printed_with_the_one_password(policy):
    assert run("--accounts") == "No demonstration accounts are loaded.\n"
    printed = run()
    assert printed.count(PASSWORD) == 1
    assert printed.count("@demo.example") == 33
    assert run("--accounts") == printed


@pytest.mark.parametrize("made", [True, False])
def test_a_log_just_loaded_is_verified_and_anchored_once(policy, settings, monkeypatch, made):
    settings.DEMO_SIZE = "life"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    monkeypatch.setattr(life, "make", lambda **_options: made)
    monkeypatch.setattr(life, "is_loaded", lambda: True)
    run()
    assert ChainCheck.objects.filter(faults=[]).count() == made
    assert len(anchoring.files()) == made


def test_demonstration_is_refused_where_it_is_off(policy, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=0"):
        run()
    assert not User.objects.exists()


def test_demonstration_is_refused_without_the_policy():
    with pytest.raises(CommandError, match="policy load"):
        run()
