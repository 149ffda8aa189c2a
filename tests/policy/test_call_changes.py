"""Acts on a published call: two people, a reason, in effect at once, and nothing else allowed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from policy import call_changes
from policy.calls import CallRefused
from policy.models import Call, CallChange
from portal import clock as portal_clock
from portal.accounts.models import Role
from portal.audit.models import Event
from portal.notices.models import Notice
from tests.policy.callable import make_draft, make_published, person

pytestmark = pytest.mark.django_db

MORE = Decimal("25000000.00")


def close_constraints():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refusal(act) -> CallRefused:
    with pytest.raises(CallRefused) as error:
        act()
    return error.value


def make_change(call=None, field="budget_cny", **more) -> CallChange:
    call = call or make_published()
    values = {"after": MORE, "reason": "追加财政预算", "actor": person("drafter")} | more
    return call_changes.draft(call, field, **values)


def test_more_budget_counts_when_a_second_person_releases_it():
    change = make_change()
    call = change.call
    assert call.budget_cny == Decimal("20000000.00")
    call_changes.put_into_effect(change, actor=person("publisher"))
    close_constraints()
    call.refresh_from_db()
    assert (call.budget_cny, call.figures.budget_cny) == (MORE, MORE)
    facts = Event.objects.get(action="call.change").data
    assert (facts["before"], facts["after"]) == ("20000000.00", "25000000.00")
    assert facts["reason"] == "追加财政预算"


def test_a_later_cut_off_counts_at_once():
    call = make_published()
    later = call.closes_at + timedelta(days=10)
    change = make_change(call, "closes_at", after=later)
    call_changes.put_into_effect(change, actor=person("publisher"))
    close_constraints()
    call.refresh_from_db()
    assert call.closes_at == later
    assert call.is_open(at=later - timedelta(seconds=1))


def test_an_early_end_closes_the_call_at_the_moment_of_release():
    call = make_published()
    change = make_change(call, "close", after=None)
    assert call.is_open(at=portal_clock.now())
    change = call_changes.put_into_effect(change, actor=person("publisher"))
    close_constraints()
    call.refresh_from_db()
    assert (call.status, call.closes_at) == ("closed", change.released_at)
    assert not call.is_open(at=portal_clock.now())


def test_an_early_end_before_the_opening_keeps_the_window_that_never_opened():
    now = portal_clock.now()
    opens, closes = now + timedelta(days=1), now + timedelta(days=30)
    call = make_published(opens_at=opens, closes_at=closes)
    change = make_change(call, "close", after=None)
    call_changes.put_into_effect(change, actor=person("publisher"))
    close_constraints()
    call.refresh_from_db()
    assert (call.status, call.closes_at) == ("closed", closes)


def test_release_by_who_drafted_it_is_refused():
    change = make_change()
    fault = refusal(lambda: call_changes.put_into_effect(change, actor=person("drafter")))
    assert fault.reason == "second_person"
    change.refresh_from_db()
    assert change.state == "drafted"


def test_release_in_the_database_by_who_drafted_it_is_refused():
    change = make_change()
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        CallChange.objects.filter(pk=change.pk).update(
            state="released", released_by=change.drafted_by, released_at=portal_clock.now()
        )
    assert error.value.__cause__.diag.constraint_name == "policy_callchange_second_person"


@pytest.mark.parametrize("act", ["draft", "release", "drop"])
def test_acts_by_another_than_a_policy_administrator_are_refused(act):
    change = make_change()
    auditor = person("auditor", Role.AUDITOR)
    verbs = {
        "draft": lambda: make_change(change.call, "close", after=None, actor=auditor),
        "release": lambda: call_changes.put_into_effect(change, actor=auditor),
        "drop": lambda: call_changes.drop(change, actor=auditor),
    }
    assert refusal(verbs[act]).reason == "role"


def test_draft_of_what_is_no_extension_is_refused():
    call = make_published()
    for after in (call.closes_at, call.closes_at - timedelta(days=1)):
        fault = refusal(lambda after=after: make_change(call, "closes_at", after=after))
        assert (fault.reason, fault.facts) == ("not_later", {"closes_at": call.closes_at})


@pytest.mark.parametrize("after", [Decimal("20000000.00"), Decimal("1")])
def test_draft_of_a_budget_that_is_not_more_is_refused(after):
    call = make_published()
    assert refusal(lambda: make_change(call, after=after)).reason == "budget_lower"


def test_draft_without_a_reason_is_refused():
    call = make_published()
    assert refusal(lambda: make_change(call, reason="  ")).reason == "no_reason"


def test_draft_on_a_call_that_is_not_published_is_refused():
    assert refusal(lambda: make_change(make_draft())).reason == "not_published"


def test_second_waiting_change_of_the_same_kind_is_refused():
    change = make_change()
    fault = refusal(lambda: make_change(change.call, after=MORE + 1))
    assert fault.reason == "open_change"
    assert make_change(change.call, "close", after=None).state == "drafted"


def test_extension_after_the_cut_off_is_refused_and_more_budget_is_not(clock):
    call = make_published()
    later = call.closes_at + timedelta(days=10)
    waiting = make_change(call, "closes_at", after=later)
    clock.set(call.closes_at)
    fault = refusal(lambda: call_changes.put_into_effect(waiting, actor=person("publisher")))
    assert fault.reason == "past"
    change = make_change(call)
    assert call_changes.put_into_effect(change, actor=person("publisher")).state == "released"


def test_a_dropped_change_has_no_effect_and_its_drafter_is_told_why():
    change = make_change()
    call_changes.drop(change, actor=person("publisher"), note="金额有误")
    change.refresh_from_db()
    assert (change.state, change.drop_note) == ("dropped", "金额有误")
    assert change.call.budget_cny == Decimal("20000000.00")
    told = Notice.objects.get(dedupe_key=f"callchange:{change.pk}:dropped")
    assert (told.recipient, told.body) == (change.drafted_by, "金额有误")
    fault = refusal(lambda: call_changes.put_into_effect(change, actor=person("publisher")))
    assert fault.reason == "not_open_change"


def test_released_changes_are_the_announcement_newest_first():
    call = make_published()
    first = make_change(call)
    make_change(call, "close", after=None)
    call_changes.put_into_effect(first, actor=person("publisher"))
    second = make_change(call, "closes_at", after=call.closes_at + timedelta(days=1))
    call_changes.put_into_effect(second, actor=person("publisher"))
    assert [row.field for row in call.changes.released()] == ["closes_at", "budget_cny"]
    assert [row.field for row in call.changes.waiting()] == ["close"]


@pytest.mark.parametrize(
    "change", [{"after": "1"}, {"reason": "anders"}, {"before": "1"}, {"field": "close"}]
)
def test_what_was_drafted_is_never_edited(change):
    row = make_change()
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        CallChange.objects.filter(pk=row.pk).update(**change)
    assert error.value.__cause__.diag.constraint_name == "policy_callchange_basis_kept"


def test_an_act_is_never_deleted_nor_taken_back():
    row = make_change()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        CallChange.objects.filter(pk=row.pk)._raw_delete("default")
    call_changes.put_into_effect(row, actor=person("publisher"))
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        CallChange.objects.filter(pk=row.pk).update(
            state="drafted", released_by=None, released_at=None
        )


def test_an_act_that_starts_released_is_refused():
    call = make_published()
    now = portal_clock.now()
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        CallChange.objects.create(
            call=call,
            field="budget_cny",
            after="1",
            reason="x",
            state="released",
            drafted_by=person("drafter"),
            drafted_at=now,
            released_by=person("publisher"),
            released_at=now,
        )
    assert error.value.__cause__.diag.constraint_name == "policy_callchange_drafted"


def test_more_places_count_for_the_call_and_its_ledger():
    call = make_published(places=6)
    change = make_change(call, "places", after=8, reason="增加名额")
    call_changes.put_into_effect(change, actor=person("publisher"))
    close_constraints()
    call.refresh_from_db()
    assert (call.places, call.figures.places_total) == (8, 8)
    assert (change.before_value, change.after_value) == (6, 8)


@pytest.mark.parametrize(
    ("places", "after", "reason"),
    [(6, 6, "places_lower"), (6, 5, "places_lower"), (6, 11, "places_over_quota")],
)
def test_places_only_grow_and_not_above_the_document(places, after, reason):
    call = make_published(places=places)
    error = refusal(lambda: make_change(call, "places", after=after, reason="名额"))
    assert error.reason == reason


@pytest.mark.parametrize("field", ["title_zh", "title_en", "guide_zh"])
def test_a_text_is_put_right_by_two_people(field):
    call = make_published()
    before = getattr(call, field)
    change = make_change(call, field, after="更正后的文字", reason="笔误")
    assert (
        refusal(lambda: call_changes.put_into_effect(change, actor=person("drafter"))).reason
        == "second_person"
    )
    call_changes.put_into_effect(change, actor=person("publisher"))
    close_constraints()
    call.refresh_from_db()
    assert getattr(call, field) == "更正后的文字"
    assert (change.before_value, change.after_value) == (before, "更正后的文字")


@pytest.mark.parametrize(("after", "reason"), [("  ", "text_missing"), (None, "text_same")])
def test_a_text_that_is_empty_or_the_same_is_no_act(after, reason):
    call = make_published()
    wanted = call.guide_zh if after is None else after
    error = refusal(lambda: make_change(call, "guide_zh", after=wanted, reason="笔误"))
    assert error.reason == reason


@pytest.mark.parametrize("column", ["places", "title_zh", "guide_zh"])
def test_places_and_texts_of_a_published_call_change_by_an_act_only(column):
    call = make_published(places=6)
    value = 7 if column == "places" else "改过"
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        Call.objects.filter(pk=call.pk).update(**{column: value})
        close_constraints()
    assert error.value.__cause__.diag.constraint_name == "policy_call_changed_by_act"
