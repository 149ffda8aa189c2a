"""Starting drafts, and saving sections by two people at once."""

import random

import pytest
from django.db import IntegrityError, transaction

from applications import drafts, sheets
from applications.drafts import NotStarted, StaleDraft
from applications.entries import digest
from applications.models import Answer, Application, TableRow
from applications.unlocking import NotEditable
from policy.models import Call
from portal import clock
from portal.accounts.models import Organisation, Role
from portal.audit.models import Event
from tests.applications.definition import start, world
from tests.factories import OrganisationFactory, UserFactory, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return world()


def save(application, data, *, actor, **more):
    return drafts.save_section(application, "team", data, actor=actor, **more)


def test_start_by_a_verified_organisation_opens_a_draft_with_the_rules_of_the_call(place):
    application = start(place)
    assert (application.status, application.number, application.next_stage) == (
        "draft", None, "recommendation",
    )  # fmt: skip
    assert application.definition_id == place.call.definition_id
    assert application.district == place.district
    event = Event.objects.get(action="application.start")
    assert (event.object_id, event.to_state) == (str(application.pk), "draft")


def test_second_live_case_under_the_same_call_is_refused_and_named(place):
    first = start(place)
    with pytest.raises(NotStarted) as refused:
        start(place)
    assert (refused.value.reason, refused.value.application) == ("live_case", first)
    assert Application.objects.count() == 1


def test_second_live_case_is_refused_by_the_database_too(place):
    first = start(place)
    first.pk, first.uid = None, "0" * 12
    with pytest.raises(IntegrityError, match="application_live_once"), transaction.atomic():
        first.save(force_insert=True)


def test_call_that_allows_two_cases_takes_two_and_no_third():
    place = world(settings={"rate": "0.3", drafts.CASES_SETTING: 2})
    assert [start(place).ordinal, start(place).ordinal] == [1, 2]
    with pytest.raises(NotStarted) as refused:
        start(place)
    assert (refused.value.reason, refused.value.allowed) == ("live_case", 2)


@pytest.mark.parametrize("status", ["pending", "returned"])
def test_organisation_that_is_not_verified_starts_nothing(place, status):
    organisation = OrganisationFactory(district=place.district, status=status)
    filler = person(Role.FILLER, organisation=organisation)
    with pytest.raises(NotStarted) as refused:
        drafts.start(place.call, organisation=organisation, actor=filler)
    assert refused.value.reason == "not_verified"


def test_stranger_starts_nothing_for_an_organisation(place):
    with pytest.raises(NotStarted) as refused:
        drafts.start(place.call, organisation=place.organisation, actor=UserFactory())
    assert refused.value.reason == "not_member"


def test_call_that_has_closed_starts_nothing(place, clock):
    clock.set(place.call.closes_at)
    with pytest.raises(NotStarted) as refused:
        start(place)
    assert refused.value.reason == "not_open"
    assert Call.objects.get(pk=place.call.pk).status == "published"


# --- saving ------------------------------------------------------------------------------


def test_save_keeps_what_cannot_be_read_as_it_was_typed(place):
    application = start(place)
    save(application, {"staff": "二十六", "funds_cny": "5000000.00"}, actor=place.filler)
    answer = Answer.objects.get(application=application, section="team")
    assert answer.data == {"staff": "二十六", "funds_cny": "5000000.00"}
    assert (answer.revision, answer.updated_by) == (1, place.filler)


def test_two_pages_that_wrote_different_fields_merge(place):
    application = start(place)
    save(application, {"staff": 26}, actor=place.filler, seen_revision=0, tab="a")
    save(application, {"managers": 6}, actor=place.admin, seen_revision=0, tab="b")
    answer = Answer.objects.get(application=application, section="team")
    assert answer.data == {"staff": 26, "managers": 6}
    assert answer.touched["staff"]["by"] == place.filler.pk
    assert answer.touched["managers"]["by"] == place.admin.pk


def test_two_pages_that_wrote_the_same_field_are_told_both_and_the_rest_is_saved(place):
    application = start(place)
    before = clock.now()
    save(application, {"staff": 26}, actor=place.admin, seen_revision=0, tab="a")
    with pytest.raises(StaleDraft) as stale:
        save(
            application, {"staff": 30, "managers": 6}, actor=place.filler,
            seen={"staff": digest(None), "managers": digest(None)}, tab="b",
        )  # fmt: skip
    (conflict,) = stale.value.conflicts
    assert (conflict.field.code, conflict.mine, conflict.theirs) == ("staff", 30, 26)
    assert conflict.by == place.admin
    assert before <= conflict.at <= clock.now()
    answer = Answer.objects.get(application=application, section="team")
    assert answer.data == {"staff": 26, "managers": 6}


def test_page_that_saw_the_others_value_may_replace_it(place):
    application = start(place)
    save(application, {"staff": 26}, actor=place.admin, tab="a")
    save(application, {"staff": 30}, actor=place.filler, seen={"staff": digest(26)}, tab="b")
    assert Answer.objects.get(section="team").data == {"staff": 30}


def test_field_written_between_two_saves_of_a_page_is_a_conflict_though_the_revision_is_newer(
    place,
):
    """The page's own save moves the revision past a write that it never showed."""
    application = start(place)
    save(application, {"staff": 26}, actor=place.admin, seen_revision=0, tab="a")
    answer = save(application, {"managers": 6}, actor=place.filler, seen_revision=0, tab="b")
    with pytest.raises(StaleDraft):
        save(
            application, {"staff": 30}, actor=place.filler,
            seen_revision=answer.revision, seen={"staff": digest(None)}, tab="b",
        )  # fmt: skip
    assert Answer.objects.get(section="team").data == {"staff": 26, "managers": 6}


def test_page_whose_answer_was_lost_on_the_way_is_in_no_conflict_with_itself(place):
    application = start(place)
    save(application, {"note": "甲"}, actor=place.filler, seen={"note": digest(None)}, tab="a")
    save(application, {"note": "甲乙"}, actor=place.filler, seen={"note": digest(None)}, tab="a")
    assert Answer.objects.get(section="team").data == {"note": "甲乙"}


@pytest.mark.parametrize("kept", [28, None])
def test_an_autosave_that_comes_after_its_page_was_saved_is_refused(place, kept):
    """``kept``: the page's last word, whether it is what stood there at first or not."""
    application = start(place)
    page = {"seen": {"staff": digest(None)}, "tab": "a"}
    save(application, {"staff": kept}, actor=place.filler, is_whole=True, **page)
    with pytest.raises(NotEditable) as refused:
        save(application, {"staff": 2}, actor=place.filler, **page)
    assert refused.value.reason == "saved_since"
    assert Answer.objects.get(section="team").data.get("staff") == kept
    # Another page is not concerned, nor is a second press of the button.
    save(application, {"staff": 30}, actor=place.filler, is_whole=True, **page)
    fresh = {"seen": {"staff": digest(30)}, "tab": "b"}
    assert save(application, {"staff": 31}, actor=place.admin, **fresh).data["staff"] == 31


def test_a_page_takes_back_what_it_saved_itself_a_moment_ago(place):
    """The answer to the autosave has not come yet: the page knows of its first digests only."""
    application = start(place)
    save(application, {"staff": 26}, actor=place.filler)
    page = {"seen": {"staff": digest(26), "note": digest(None)}, "tab": "a"}
    save(application, {"staff": 2, "note": None}, actor=place.filler, **page)
    save(application, {"staff": 26, "note": None}, actor=place.filler, is_whole=True, **page)
    answer = Answer.objects.get(section="team")
    assert answer.data["staff"] == 26
    # What it never touched it does not write.
    assert "note" not in answer.touched


def test_both_writing_the_same_is_no_conflict(place):
    application = start(place)
    save(application, {"staff": 26}, actor=place.admin, seen_revision=0, tab="a")
    answer = save(application, {"staff": 26}, actor=place.filler, seen_revision=0, tab="b")
    assert answer.revision == 1


def test_title_of_the_case_follows_the_answer(place):
    application = start(place)
    save(application, {"title": "钟" * 80}, actor=place.filler)
    application.refresh_from_db()
    assert application.title == "钟" * 60


@pytest.mark.parametrize("code", ["unit_name", "no_such_field"])
def test_readonly_and_unknown_fields_are_refused(place, code):
    application = start(place)
    with pytest.raises(NotEditable) as refused:
        drafts.save_section(application, "unit", {code: "x"}, actor=place.filler)
    assert refused.value.reason == "unknown"


def test_stranger_and_foreign_organisation_save_nothing(place):
    application = start(place)
    other = person(Role.FILLER, organisation=OrganisationFactory())
    for user in (UserFactory(), other):
        with pytest.raises(NotEditable) as refused:
            save(application, {"staff": 1}, actor=user)
        assert refused.value.reason == "role"
    assert not Answer.objects.exists()


def test_profile_locked_by_a_start_may_still_be_read(place):
    start(place)
    assert Organisation.objects.get(pk=place.organisation.pk).status == "verified"


@pytest.mark.parametrize("seed", range(8))
def test_no_acknowledged_write_is_silently_overwritten_whatever_the_order(place, seed):
    """Two pages write three fields in random order, answers lost now and then: a write that was
    acknowledged stands until a page that had been shown it writes another."""
    dice = random.Random(seed)
    application = start(place)
    fields = ("title", "note", "fund_no")
    shown = {tab: dict.fromkeys(fields) for tab in "ab"}
    actors = {"a": place.filler, "b": place.admin}
    truth = dict.fromkeys(fields)
    for step in range(60):
        tab, field = dice.choice("ab"), dice.choice(fields)
        value = f"{tab}{step}"
        knew = shown[tab][field] == truth[field] or str(truth[field] or "").startswith(tab)
        try:
            save(
                application, {field: value}, actor=actors[tab],
                seen={code: digest(shown[tab][code]) for code in fields}, tab=tab,
            )  # fmt: skip
        except StaleDraft as stale:
            assert not knew
            (conflict,) = stale.conflicts
            assert conflict.theirs == truth[field]
            shown[tab][field] = conflict.theirs
            continue
        assert knew
        truth[field] = value
        if dice.random() < 0.8:  # else the answer was lost: the page does not know
            shown[tab][field] = value
        if dice.random() < 0.2:  # the page is opened anew
            shown[tab] = dict(truth)
    stored = Answer.objects.get(section="team").data
    assert {code: stored.get(code) for code in fields} == truth


# --- child tables ---------------------------------------------------------------------------


def test_first_rows_of_several_tables_are_stored_at_once_and_once_only(place):
    case = start(place)
    given = {"validated": [{"result": "甲"}, {}, {"result": "乙"}], "goals": [{}, {"y1": "3"}]}
    sheets.begin(case, given, actor=place.filler)
    rows = TableRow.objects.filter(application=case).order_by("table", "position")
    assert [(row.table, row.position, row.data) for row in rows] == [
        ("goals", 2, {"y1": "3"}),
        ("results", 1, {"result": "甲"}),
        ("results", 2, {"result": "乙"}),
    ]
    answers = Answer.objects.filter(application=case, section__in=given)
    assert {(row.revision, row.updated_by) for row in answers} == {(1, place.filler)}
    with pytest.raises(ValueError, match="begun"):
        sheets.begin(case, {"goals": [{"y1": "4"}]}, actor=place.filler)
    with pytest.raises(NotEditable):
        sheets.begin(case, {"validated": []}, actor=UserFactory())
