"""Policy's guards, tried by the running role: what the database itself refuses."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from policy.models import (
    Article,
    CalendarDay,
    CalendarYear,
    Call,
    Definition,
    Document,
    Measure,
)
from portal.accounts.models import Unit, User
from portal.audit.recording import record

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def make_measure(using="default", *, line="10-1", position=1) -> Measure:
    unit, _ = Unit.objects.using(using).get_or_create(
        code="kjj", defaults={"name_zh": "市科技局", "name_en": "Science", "kind": "bureau"}
    )
    document, _ = Document.objects.using(using).get_or_create(
        number="宁委办发〔2024〕14号",
        defaults={"title_zh": "意见", "title_en": "Opinions", "issued_on": date(2024, 8, 27)},
    )
    article, _ = Article.objects.using(using).get_or_create(
        document=document, no=10, defaults={"title_zh": "概念验证", "title_en": "x", "text": "x"}
    )
    return Measure.objects.using(using).create(
        line=line,
        article=article,
        name_zh="概念验证中心",
        name_en="Centre",
        kinds=["grant"],
        clause="x",
        money=True,
        position=position,
        lead_unit=unit,
    )


def make_definition(measure, valid_from=date(2024, 8, 27)) -> Definition:
    return Definition.objects.using(measure._state.db).create(
        measure=measure, valid_from=valid_from, body={}, sha256="0" * 64, loaded_at=NOW
    )


def make_user(name) -> User:
    return User.objects.create_user(email=f"{name}@example.org", name=name)


def make_call(measure, **more) -> Call:
    values = {
        "code": "10-1-2026-1",
        "measure": measure,
        "year": 2026,
        "title_zh": "申报通知",
        "title_en": "Call",
        "opens_at": NOW,
        "closes_at": NOW + timedelta(days=30),
        "drafted_by": more.pop("drafted_by", None) or make_user("drafter"),
        "created_at": NOW,
    }
    with transaction.atomic():
        call = Call.objects.create(**values | more)
        record("call.draft", obj=call, actor="test", to_state=call.status)
        flush_constraints()
    return call


def flush_constraints():
    """Run now what is deferred to commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def publish(call, publisher) -> Call:
    definition = make_definition(call.measure)
    with transaction.atomic():
        Call.objects.filter(pk=call.pk).update(
            status="published", published_by=publisher, published_at=NOW, definition=definition
        )
        record("call.publish", obj=call, actor="test", from_state="draft", to_state="published")
        flush_constraints()
    call.refresh_from_db()
    return call


@contextmanager
def refused(name):
    """The block is refused by the named constraint."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        yield
    assert error.value.__cause__.diag.constraint_name == name


@pytest.mark.parametrize("act", ["update", "delete"])
def test_definition_by_the_running_role_is_never_changed(act):
    definition = make_definition(make_measure())
    rows = Definition.objects.filter(pk=definition.pk)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        rows.update(sha256="1" * 64) if act == "update" else rows._raw_delete("default")


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("act", ["update", "delete"])
def test_definition_by_the_owner_is_never_changed_either(act):
    rows = Definition.objects.using("owner").filter(pk=make_definition(make_measure("owner")).pk)
    with pytest.raises(IntegrityError) as error, transaction.atomic(using="owner"):
        rows.update(sha256="1" * 64) if act == "update" else rows._raw_delete("owner")
    assert error.value.__cause__.diag.constraint_name == "policy_definition_immutable"


def test_one_definition_a_date():
    definition = make_definition(make_measure())
    with refused("policy_definition_date_unique"):
        make_definition(definition.measure)


def test_call_published_by_its_drafter_is_refused():
    call = make_call(make_measure())
    with refused("policy_call_second_person"):
        publish(call, call.drafted_by)


def test_call_published_by_a_second_person_is_open_in_its_window_only():
    call = publish(make_call(make_measure()), make_user("publisher"))
    opens, closes = call.opens_at, call.closes_at
    just = timedelta(microseconds=1)
    found = [
        Call.objects.open(at=at).count() for at in (opens - just, opens, closes - just, closes)
    ]
    assert found == [0, 1, 1, 0]
    assert [call.is_open(at=at) for at in (opens - just, opens, closes - just, closes)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("more", "constraint"),
    [
        ({"places": -1}, "policy_call_places_not_negative"),
        ({"closes_at": NOW}, "policy_call_closes_after_opening"),
        ({"budget_cny": Decimal("-0.01")}, "policy_call_budget_not_negative"),
        ({"status": "published"}, "policy_call_published_whole"),
        ({"code": "10/1"}, "policy_call_code_form"),
    ],
)
def test_call_that_must_not_be_is_refused(more, constraint):
    measure = make_measure()
    drafter = make_user("drafter")
    with refused(constraint):
        make_call(measure, drafted_by=drafter, **more)


def test_call_with_the_definition_of_another_measure_is_refused():
    call = make_call(make_measure())
    other = make_definition(make_measure(line="10-2", position=2))
    with refused("policy_call_definition_of_measure"):
        Call.objects.filter(pk=call.pk).update(definition=other)
        flush_constraints()


def test_call_without_an_audit_event_is_refused():
    call = make_call(make_measure())
    with refused("audit_required"):
        Call.objects.filter(pk=call.pk).update(
            status="published",
            published_by=make_user("publisher"),
            published_at=NOW,
            definition=make_definition(call.measure),
        )
        flush_constraints()


@pytest.mark.parametrize(
    "change", [{"settings": {"rate": "0.5"}}, {"year": 2027}, {"code": "other"}]
)
def test_what_publication_fixed_is_refused(change):
    call = publish(make_call(make_measure()), make_user("publisher"))
    with refused("policy_call_pinned"):
        Call.objects.filter(pk=call.pk).update(**change)


@pytest.mark.parametrize(
    "change", [{"budget_cny": 5}, {"closes_at": NOW + timedelta(days=60)}, {"status": "closed"}]
)
def test_published_call_changed_without_an_act_of_two_is_refused(change):
    call = publish(make_call(make_measure()), make_user("publisher"))
    with refused("policy_call_changed_by_act"):
        Call.objects.filter(pk=call.pk).update(**change)
        to_state = change.get("status", "published")
        record("call.change", obj=call, actor="x", from_state="published", to_state=to_state)
        flush_constraints()


def test_call_of_an_unknown_status_is_refused():
    call = make_call(make_measure())
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(status="open")


def test_published_call_is_not_deleted_and_does_not_go_back():
    call = publish(make_call(make_measure()), make_user("publisher"))
    with refused("policy_call_kept"):
        Call.objects.filter(pk=call.pk).delete()
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(status="draft")


def test_calendar_day_outside_its_year_is_refused():
    year = CalendarYear.objects.create(year=2026, source="test", loaded_at=NOW)
    with refused("policy_calendarday_in_its_year"):
        CalendarDay.objects.create(date=date(2027, 1, 1), year=year, is_workday=False)
