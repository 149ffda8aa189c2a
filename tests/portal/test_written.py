"""Statements that are written once must say what the ORM says, whoever asks and how often."""

import threading

import pytest
from django.db import connections

from portal.accounts.models import Membership, Role, Unit, User
from portal.written import Given, Written
from tests.factories import person

pytestmark = pytest.mark.django_db


def held_by(user):
    return (
        Membership.objects.active().filter(user=user).select_related("unit", "organisation")
    ).order_by("pk")


def columns(row) -> dict:
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_written_gives_the_rows_of_the_queryset_for_each_value(django_assert_num_queries):
    users = [person(Role.CLERK), person(Role.FILLER)]
    written = Written(lambda: held_by(Given("user")))
    for user in users * 2:
        with django_assert_num_queries(1):
            found = written.read(user=user.pk)
            joined = [(row.unit and row.unit.name_zh, row.organisation and row.organisation.name)
                      for row in found]  # fmt: skip
        expected = list(held_by(user))
        assert found == expected
        assert list(map(columns, found)) == list(map(columns, expected))
        assert joined == [
            (row.unit and row.unit.name_zh, row.organisation and row.organisation.name)
            for row in expected
        ]
    assert written.read(user=0) == []


def test_written_gives_tuples_of_the_columns_named():
    person(Role.CLERK)
    written = Written(lambda: Unit.objects.order_by("pk").values_list("code", "name_zh"))
    assert written.read() == list(Unit.objects.order_by("pk").values_list("code", "name_zh"))


def test_written_reads_anew_each_time():
    user = person(Role.CLERK)
    written = Written(lambda: User.objects.filter(pk=Given("pk")))
    assert written.read(pk=user.pk)[0].name == user.name
    User.objects.filter(pk=user.pk).update(name="改名")
    assert written.read(pk=user.pk)[0].name == "改名"


def test_written_takes_values_as_values():
    written = Written(lambda: User.objects.filter(email=Given("email")))
    assert written.read(email="' OR 1=1 --") == []


def test_rows_that_join_the_same_row_share_the_object():
    first = person(Role.CLERK)
    unit = first.memberships.get().unit
    person(Role.CLERK, unit=unit)
    written = Written(
        lambda: Membership.objects.filter(unit=Given("unit")).select_related("unit").order_by("pk")
    )
    one, other = written.read(unit=unit.pk)
    assert one.unit is other.unit
    assert one.unit == unit
    assert written.read(unit=unit.pk)[0].unit is not one.unit


def test_each_thread_asks_on_its_own_connection():
    written = Written(lambda: Unit.objects.filter(code=Given("code")).values_list("pk"))
    written.read(code="-")
    used, ours = [], connections["default"]

    def note(execute, sql, params, many, context):
        used.append((context["connection"] is connections["default"], context["connection"]))
        return execute(sql, params, many, context)

    def ask() -> None:
        with connections["default"].execute_wrapper(note):
            written.read(code="-")
        connections["default"].close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    [(is_own, connection)] = used
    assert is_own
    assert connection is not ours
