"""Calls: drafted within the rules, published by a second person under the newest rules."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from policy import calls
from policy.calls import CallRefused, StaleDraft
from policy.leading import led_measures
from policy.models import Call, CallFigures
from portal import clock
from portal.accounts import memberships
from portal.accounts.models import Membership, Role, User
from portal.audit.models import Event
from portal.notices.models import Notice
from tests.policy.callable import (
    SETTINGS,
    fields,
    make_callable_measure,
    make_definition,
    make_draft,
    make_published,
    person,
    text,
)
from tests.policy.catalogue import make_measure, make_units

pytestmark = pytest.mark.django_db


def close_constraints():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refusal(act) -> CallRefused:
    with pytest.raises(CallRefused) as error:
        act()
    return error.value


# --- drafting ----------------------------------------------------------------------


def test_a_draft_holds_what_was_given_and_is_audited():
    call = make_draft()
    close_constraints()
    assert (call.code, call.status, call.places, call.budget_cny, call.settings) == (
        "10-1-2026-1",
        "draft",
        10,
        Decimal("20000000.00"),
        {"rate": "0.3"},
    )
    assert call.definition.valid_from == date(2025, 1, 1)
    event = Event.objects.get(action="call.draft")
    assert (event.actor_id, event.data["budget_cny"]) == (call.drafted_by_id, "20000000.00")


def test_codes_of_a_year_count_on_and_never_repeat():
    measure = make_callable_measure()
    first, second = make_draft(measure), make_draft(measure)
    calls.discard(first, actor=person("drafter"), seen_revision=1)
    third = make_draft(measure)
    other_year = make_draft(measure, year=2027)
    assert [second.code, third.code, other_year.code] == [
        "10-1-2026-2",
        "10-1-2026-3",
        "10-1-2027-1",
    ]


@pytest.mark.parametrize("role", [None, Role.AUDITOR, Role.ACCOUNT_ADMIN])
def test_draft_by_anybody_but_a_policy_administrator_is_refused(role):
    measure = make_callable_measure()
    actor = person("somebody", role)
    assert refusal(lambda: calls.draft(measure, fields(), actor=actor)).reason == "role"
    assert not Call.objects.exists()


def test_draft_by_a_former_policy_administrator_is_refused():
    measure = make_callable_measure()
    actor = person("former")
    memberships.end(Membership.objects.get(user=actor), actor=person("other"), reason="x")
    assert refusal(lambda: calls.draft(measure, fields(), actor=actor)).reason == "role"


def test_draft_of_a_measure_without_a_form_is_refused():
    measure = make_measure()
    actor = person("drafter")
    assert refusal(lambda: calls.draft(measure, fields(), actor=actor)).reason == "not_callable"


def test_draft_of_a_measure_without_rules_in_force_is_refused():
    measure = make_callable_measure()
    fault = refusal(lambda: calls.definition_in_force(measure, on=date(2020, 1, 1)))
    assert (fault.reason, fault.facts) == ("no_definition", {"line": "10-1"})


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"places": 11}, "places_over_quota"),
        ({"places": -1}, "places_negative"),
        ({"budget_cny": Decimal("-1")}, "budget_negative"),
        ({"opens_at": None}, "missing"),
        ({"settings": {"rate": "1.5"}}, "settings"),
        ({"settings": {"unknown": 1}}, "settings"),
    ],
)
def test_draft_that_could_never_be_published_is_refused(more, reason):
    measure = make_callable_measure()
    actor = person("drafter")
    assert refusal(lambda: calls.draft(measure, fields(**more), actor=actor)).reason == reason


def test_draft_that_closes_when_it_opens_is_refused():
    measure = make_callable_measure()
    now = clock.now()
    more = {"opens_at": now, "closes_at": now}
    actor = person("drafter")
    assert refusal(lambda: calls.draft(measure, fields(**more), actor=actor)).reason == "window"


def test_draft_may_lack_what_publishing_needs():
    call = make_draft(settings={}, guide_zh="", budget_cny=None, places=None)
    at = clock.now()
    found = calls.unready(call, schema=calls.schema_of(call.definition), at=at)
    assert [(fault.reason, fault.facts.get("fields")) for fault in found] == [
        ("missing", ["guide_zh", "budget_cny", "places"]),
        ("settings", None),
    ]
    assert [wrong.reason for wrong in found[1].facts["problems"].values()] == ["missing"]


def test_update_writes_what_changed_and_audits_before_and_after():
    call = make_draft()
    changed = fields(opens_at=call.opens_at, closes_at=call.closes_at, places=8)
    updated = calls.update(call, changed, actor=person("drafter"), seen_revision=1)
    assert (updated.places, updated.revision) == (8, 2)
    event = Event.objects.get(action="call.update")
    assert event.data == {"before": {"places": 10}, "after": {"places": 8}}


def test_update_that_changes_nothing_leaves_no_trace():
    call = make_draft()
    same = fields(opens_at=call.opens_at, closes_at=call.closes_at)
    assert calls.update(call, same, actor=person("drafter"), seen_revision=1).revision == 1
    assert not Event.objects.filter(action="call.update").exists()


def test_update_of_a_draft_seen_before_another_update_writes_nothing():
    call = make_draft()
    calls.update(call, fields(places=8), actor=person("drafter"), seen_revision=1)
    with pytest.raises(StaleDraft) as error:
        calls.update(call, fields(places=9), actor=person("second"), seen_revision=1)
    assert (error.value.seen_revision, error.value.call.revision) == (1, 2)
    call.refresh_from_db()
    assert call.places == 8


def test_who_updates_a_draft_is_its_drafter_and_may_not_publish_it():
    call = make_draft()
    second = person("second")
    call = calls.update(call, fields(places=8), actor=second, seen_revision=1)
    assert call.drafted_by == second
    assert refusal(lambda: calls.publish(call, actor=second)).reason == "second_person"
    assert calls.publish(call, actor=person("drafter")).status == "published"


def test_update_of_the_year_gives_a_new_code():
    call = make_draft()
    call = calls.update(call, fields(year=2027), actor=person("drafter"), seen_revision=1)
    assert call.code == "10-1-2027-1"


def test_update_of_a_published_call_is_refused():
    call = make_published()
    assert (
        refusal(
            lambda: calls.update(call, fields(), actor=person("drafter"), seen_revision=2)
        ).reason
        == "not_draft"
    )


def test_discard_of_a_published_call_is_refused():
    call = make_published()
    fault = refusal(lambda: calls.discard(call, actor=person("drafter"), seen_revision=2))
    assert fault.reason == "not_draft"
    assert Call.objects.count() == 1


def test_asking_for_publication_tells_the_others_once_for_each_state():
    call = make_draft()
    drafter, second = person("drafter"), person("second")
    person("auditor", Role.AUDITOR)
    assert calls.ask_publication(call, actor=drafter) == 1
    calls.ask_publication(call, actor=drafter)
    assert list(Notice.objects.values_list("recipient", flat=True)) == [second.pk]


# --- publishing --------------------------------------------------------------------


def test_publishing_fixes_the_call_makes_its_figures_and_tells_the_staff():
    measure = make_callable_measure()
    clerk = person("clerk", Role.CLERK, unit=measure.lead_unit)
    call = make_published(measure)
    close_constraints()
    assert (call.status, call.published_by, call.revision) == ("published", person("publisher"), 2)
    figures = CallFigures.objects.get(call=call)
    assert (figures.places_total, figures.budget_cny) == (10, Decimal("20000000.00"))
    event = Event.objects.get(action="call.publish")
    assert event.data["sha256"] == call.definition.sha256
    told = Notice.objects.filter(dedupe_key__contains=":published:")
    assert set(told.values_list("recipient", flat=True)) == {clerk.pk, call.drafted_by_id}


def test_publishing_by_the_drafter_is_refused():
    call = make_draft()
    assert refusal(lambda: calls.publish(call, actor=call.drafted_by)).reason == "second_person"
    assert not CallFigures.objects.exists()


def test_publishing_by_another_than_a_policy_administrator_is_refused():
    call = make_draft()
    auditor = person("auditor", Role.AUDITOR)
    assert refusal(lambda: calls.publish(call, actor=auditor)).reason == "role"


def test_publishing_twice_is_refused():
    call = make_published()
    assert refusal(lambda: calls.publish(call, actor=person("third"))).reason == "not_draft"


def test_publishing_what_changed_since_it_was_seen_is_refused():
    call = make_draft()
    calls.update(call, fields(places=8), actor=person("drafter"), seen_revision=1)
    with pytest.raises(StaleDraft):
        calls.publish(call, actor=person("publisher"), seen_revision=1)


def test_publishing_pins_the_newest_definition_in_force():
    measure = make_callable_measure()
    call = make_draft(measure)
    today = clock.today()
    newer = make_definition(measure, valid_from=today)
    make_definition(measure, valid_from=today + timedelta(days=1))
    seen = call.definition.uid
    publisher = person("publisher")
    fault = refusal(lambda: calls.publish(call, actor=publisher, seen_definition=seen))
    assert (fault.reason, fault.facts) == ("definition_changed", {"valid_from": today})
    assert calls.publish(call, actor=publisher, seen_definition=newer.uid).definition == newer


def test_publishing_under_rules_that_ask_for_another_setting_is_refused():
    measure = make_callable_measure()
    call = make_draft(measure)
    make_definition(
        measure,
        valid_from=clock.today(),
        settings=[],
        award={
            "kind": "discretionary",
            "clause": "x",
            "base": "invested_cny",
            "base_label": {"zh": "投入", "en": "investment"},
            "inputs": [
                {
                    "code": "invested_cny",
                    "type": "money_wan",
                    "label": {"zh": "投入", "en": "Investment"},
                    "unit": {"zh": "万元", "en": "CNY 10,000"},
                }
            ],
        },
    )
    fault = refusal(lambda: calls.publish(call, actor=person("publisher")))
    assert fault.reason == "settings"
    found = fault.facts["problems"]
    assert {code: wrong.reason for code, wrong in found.items()} == {"rate": "unknown"}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"settings": {}}, "settings"),
        ({"guide_zh": ""}, "missing"),
        ({"budget_cny": None}, "missing"),
        ({"places": None}, "missing"),
    ],
)
def test_publishing_an_incomplete_draft_is_refused(more, reason):
    call = make_draft(**more)
    assert refusal(lambda: calls.publish(call, actor=person("publisher"))).reason == reason


def test_publishing_after_the_cut_off_is_refused():
    now = clock.now()
    call = make_draft(opens_at=now - timedelta(days=9), closes_at=now - timedelta(days=1))
    assert refusal(lambda: calls.publish(call, actor=person("publisher"))).reason == "past"


def test_the_unit_in_charge_is_the_lead_or_the_one_that_the_call_names():
    measure = make_callable_measure()
    other = make_units(2)[1]
    choices = [{"code": unit.code, "label": text(unit.code, unit.code)} for unit in make_units(2)]
    setting = {
        "code": "handling_unit",
        "type": "choice",
        "label": text("办理单位", "Unit in charge"),
        "help": text("由该单位办理。", "It handles the cases."),
        "default": choices[0]["code"],
        "choices": choices,
    }
    make_definition(measure, valid_from=date(2025, 6, 1), settings=[*SETTINGS, setting])
    assert make_draft(measure).lead_unit == measure.lead_unit
    call = make_draft(measure, settings={"rate": "0.3", "handling_unit": other.code})
    assert call.lead_unit == other
    assert [unit.code for unit in call.co_units] == [measure.lead_unit.code]
    clerk = person("other-clerk", Role.CLERK, unit=other)
    calls.publish(call, actor=person("publisher"))
    assert clerk in calls.staff_concerned(call)
    assert led_measures(User.objects.get(pk=clerk.pk)) == [measure.pk]
