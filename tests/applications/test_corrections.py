"""Corrections: what unlocks, what changed, what comes too late; due dates and the calendar."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from applications import (
    attachments,
    checks,
    corrections,
    deadlines,
    drafts,
    reminding,
    sheets,
    submitting,
)
from applications.models import Application, Correction, Invoice, Part
from applications.submitting import NotSubmitted
from applications.timeline import Road, now_of
from applications.unlocking import NotEditable, flaggable, of_flags, unlocked_for
from applications.workflow import add_party, move, schema_of
from policy import calendars, workdays
from policy.models import CalendarDay, CalendarYear
from portal import clock as portal_clock
from portal.accounts.models import Role
from portal.audit.models import Event
from portal.clock import ZONE
from tests.applications.definition import BODY, invoice, make_call, pdf, submitted, world
from tests.factories import person

pytestmark = pytest.mark.django_db

FLAGS = [
    {"path": "team.staff", "reason": "与社保证明不一致"},
    {"path": "attachments.audit", "reason": "缺审计报告"},
]


@pytest.fixture
def place():
    return world()


def asked(place, flags=FLAGS, **more):
    """A case in correction, as the formal check asks for it."""
    application = submitted(place)
    now = portal_clock.now()
    add_party(application, Part.LEAD, unit=place.lead, at=now)
    move(application, "recommend", actor=person(Role.CLERK, unit=place.district))
    clerk = person(Role.CLERK, unit=place.lead)
    case = move(application, "ask_correction", actor=clerk, public_note="请补正两项")
    Correction.objects.create(
        application=case, round=1, flagged=flags, asked_by=clerk, asked_at=now, due_on=case.due_on
    )
    Application.objects.filter(pk=case.pk).update(correction_round=1)
    case.refresh_from_db()
    return case


def answer(case, place, *, key="c", arrived_at=None):
    return submitting.submit_correction(
        case, actor=place.admin, key=key, arrived_at=arrived_at or portal_clock.now()
    )


# --- what unlocks ----------------------------------------------------------------------------


def test_only_flagged_fields_and_slots_unlock(place):
    case = asked(place)
    drafts.save_section(case, "team", {"staff": 28}, actor=place.filler)
    attach_checked(case, "audit", place)
    for section, data in [("team", {"managers": 7}), ("amount", {"asked_cny": "1.00"})]:
        with pytest.raises(NotEditable) as locked:
            drafts.save_section(case, section, data, actor=place.filler)
        assert locked.value.reason == "locked"
    with pytest.raises(NotEditable):
        sheets.append_invoices(case, [invoice(9)], actor=place.filler)
    with pytest.raises(NotEditable):
        attach_checked(case, "licence", place)


def attach_checked(case, slot, place):
    upload = SimpleUploadedFile("审计.pdf", pdf("audit"))
    return attachments.add(case, slot, upload, actor=place.filler)


@pytest.mark.parametrize("path", ["investment", "invoices"])
def test_table_flagged_as_a_whole_takes_rows(place, path):
    case = asked(place, [{"path": path, "reason": "x"}])
    sheets.append_invoices(case, [invoice(9)], actor=place.filler)
    assert Invoice.objects.filter(application=case).count() == 3


def test_row_flagged_alone_unlocks_its_cells_and_no_other(place):
    application = submitted(place)
    first, second = Invoice.objects.filter(application=application).order_by("position")
    move(application, "recommend", actor=person(Role.CLERK, unit=place.district))
    clerk = person(Role.CLERK, unit=place.lead)
    case = move(application, "ask_correction", actor=clerk)
    Correction.objects.create(
        application=case, round=1, flagged=[{"path": f"investment.{first.uid}", "reason": "x"}],
        asked_by=clerk, asked_at=portal_clock.now(), due_on=case.due_on,
    )  # fmt: skip
    sheets.save_cells(
        case, "investment", [sheets.Change(first.uid, {"name": "改"})], actor=place.filler
    )
    for change in (sheets.Change(second.uid, {"name": "改"}), sheets.Change("", {"name": "新"})):
        with pytest.raises(NotEditable):
            sheets.save_cells(case, "investment", [change], actor=place.filler)


def test_paths_that_a_reviewer_may_flag_unlock_what_they_name(place):
    case = asked(place)
    schema = schema_of(case)
    paths = [path for path, _section, _label in flaggable(schema)]
    assert {"team.staff", "validated", "goals", "investment", "attachments.audit"} <= set(paths)
    assert "unit.unit_name" not in paths
    for path in paths:
        assert of_flags(schema, [{"path": path}]), path
    assert not of_flags(schema, [{"path": "team.no_such"}, {"path": "nothing"}])


def test_nothing_unlocks_for_strangers_or_after_the_answer(place):
    case = asked(place)
    assert unlocked_for(case, place.filler).allows("team", "staff")
    assert not unlocked_for(case, person(Role.CLERK, unit=place.lead))
    answer(case, place)
    case.refresh_from_db()
    assert not unlocked_for(case, place.filler)


# --- what changed -------------------------------------------------------------------------------


def test_answer_lists_the_differences_and_returns_to_the_check(place):
    case = asked(place, [*FLAGS, {"path": "investment", "reason": "第 2 行"}])
    drafts.save_section(case, "team", {"staff": 28}, actor=place.filler)
    attach_checked(case, "audit", place)
    second = Invoice.objects.get(application=case, position=2)
    sheets.save_cells(
        case, "investment", [sheets.Change(second.uid, {"name": "质谱仪"})], actor=place.filler
    )
    submission = answer(case, place)
    assert (submission.round, submission.action) == (1, "correct")
    assert submission.application.status == "formal_check"
    assert submission.application.number == case.number
    found = {row["path"]: row for row in Correction.objects.get().differences}
    assert set(found) == {"team.staff", "attachments.audit", f"investment.{second.uid}"}
    assert (found["team.staff"]["before"], found["team.staff"]["after"]) == ("26 人", "28 人")
    assert found["attachments.audit"]["before"] == ""
    assert found["attachments.audit"]["after"].startswith("审计.pdf（")
    row = found[f"investment.{second.uid}"]
    assert row["label"] == "建设投入明细表 第 2 行"
    assert "设备2" in row["before"] and "质谱仪" in row["after"]


def test_answer_needs_the_whole_form_to_be_right(place):
    case = asked(place)
    drafts.save_section(case, "team", {"staff": 2}, actor=place.filler)
    with pytest.raises(NotSubmitted) as refused:
        answer(case, place)
    assert refused.value.reason == "problems"
    assert [p.code for p in checks.problems(case) if p.stops] == ["managers_within_staff"]


def test_amounts_of_the_reviewers_fall_away_with_the_row_they_no_longer_fit(place):
    case = asked(place, [{"path": "investment", "reason": "x"}])
    first = Invoice.objects.filter(application=case).order_by("position").first()
    Invoice.objects.filter(pk=first.pk).update(verified_cny="1130.00", reduction_reason="全额")
    cells = {"net_cny": "500.00", "tax_cny": "65.00", "gross_cny": "565.00"}
    sheets.save_cells(case, "investment", [sheets.Change(first.uid, cells)], actor=place.filler)
    first.refresh_from_db()
    assert (first.gross_cny, first.verified_cny, first.reduction_reason) == (565, None, "")


# --- what comes too late ---------------------------------------------------------------------------


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZONE)


def test_overdue_correction_lapses_once_with_its_event(place, clock):
    case = asked(place)
    clock.set(end_of(case.due_on))
    assert corrections.lapse_overdue() == 0
    clock.set(end_of(case.due_on) + timedelta(minutes=5))
    assert corrections.lapse_overdue() == 0, "what arrived before midnight may be on its way"
    clock.set(end_of(case.due_on) + timedelta(minutes=11))
    assert corrections.lapse_overdue() == 1
    assert corrections.lapse_overdue() == 0
    case.refresh_from_db()
    assert case.status == "lapsed"
    assert Event.objects.filter(action="application.lapse").count() == 1


def test_answer_that_arrived_on_the_last_day_counts_though_midnight_has_passed(place, clock):
    case = asked(place)
    arrived_at = end_of(case.due_on)
    clock.set(arrived_at + timedelta(minutes=3))
    assert answer(case, place, arrived_at=arrived_at).application.status == "formal_check"


def test_answer_that_arrives_a_day_late_is_refused_before_the_sweep_too(place, clock):
    case = asked(place)
    clock.set(end_of(case.due_on) + timedelta(seconds=2))
    with pytest.raises(NotSubmitted) as refused:
        answer(case, place)
    assert refused.value.reason == "late"


# --- due dates and the calendar -----------------------------------------------------------------------


def test_due_date_that_waits_for_a_year_is_computed_when_it_is_loaded(place, clock):
    CalendarYear.objects.filter(year=2027).delete()
    clock.set(datetime(2026, 12, 30, 9, tzinfo=ZONE))
    place = opened_now(place)
    case = submitted(place, key="late")
    assert (case.due_on, case.due_waiting) == (None, {"from": "2026-12-30", "workdays": 5})
    assert deadlines.recompute(2026, actor="test") == 0
    CalendarYear.objects.create(year=2027, source="x", loaded_at=portal_clock.now())
    CalendarDay.objects.create(date=date(2027, 1, 1), year_id=2027, is_workday=False)
    assert deadlines.recompute(2027, actor="test") == 1
    case.refresh_from_db()
    assert (case.due_on, case.due_waiting) == (date(2027, 1, 7), None)
    assert Event.objects.filter(action="application.due_computed").count() == 1
    assert deadlines.recompute(2027, actor="test") == 0


def test_a_year_that_is_not_loaded_shows_on_the_page_and_its_date_comes_with_the_import(
    place, clock, client
):
    """The act succeeds, the page says so, and an administrator's import puts the date there."""
    CalendarYear.objects.filter(year=2027).delete()
    clock.set(datetime(2026, 12, 30, 9, tzinfo=ZONE))
    place = opened_now(place)
    case = submitted(place, key="page")
    client.force_login(place.admin)
    page = reverse("application_case", args=[case.uid])
    assert "待日历发布" in client.get(page).content.decode()
    days = [(date(2027, 1, 1), False, "元旦")]
    days += [(date(2027, 2, day), False, "春节") for day in range(5, 12)]
    calendars.load_year(2027, days, source="国办通知", actor=person(Role.POLICY_ADMIN))
    told = client.get(page).content.decode()
    assert "待日历发布" not in told
    assert "2027-01-07" in told or "2027年1月7日" in told


def opened_now(place):
    """The same people under a call that is open at the clock's time."""
    return replace(place, call=make_call(place.measure, BODY, days=9))


def test_day_that_becomes_a_holiday_moves_the_due_dates_that_count_it(place, clock):
    clock.set(datetime(2026, 11, 23, 9, tzinfo=ZONE))
    case = submitted(opened_now(place))
    assert case.due_on == date(2026, 11, 30)
    CalendarDay.objects.create(date=date(2026, 11, 25), year_id=2026, is_workday=False)
    assert deadlines.recompute(2026, actor="test") == 1
    case.refresh_from_db()
    assert case.due_on == date(2026, 12, 1)


def test_expected_dates_chain_by_working_days_and_end_at_a_stage_without_limit(place, clock):
    clock.set(datetime(2026, 11, 23, 9, tzinfo=ZONE))
    case = submitted(opened_now(place))
    dates = deadlines.expected(case, today=date(2026, 11, 23))
    assert {code: due.date for code, due in dates.items()} == {
        "formal_check": date(2026, 12, 7),
        "joint_review": date(2026, 12, 16),
        "expert_review": date(2026, 12, 30),
        "verification": date(2027, 1, 20),
    }


# --- the road -----------------------------------------------------------------------------------------


def road(case):
    calendar = workdays.stored_calendar()
    today = portal_clock.today()
    return (
        now_of(case, today=today, calendar=calendar),
        Road.of(case, calendar=calendar).entries(today=today),
    )


def test_road_of_a_correction_tells_who_holds_it_and_no_officers_name(place):
    case = asked(place)
    now, entries = road(case)
    assert (now.holder, now.stage, now.next_step) == ("本单位", "补正", "形式审查")
    assert now.due_on == case.due_on
    states = [(entry.state, entry.name) for entry in entries][:4]
    assert states == [("done", "提交"), ("done", "推荐"), ("done", "要求补正"), ("now", "补正")]
    officers = {row.actor.name for row in case.transitions.all()} - {"王主管"}
    told = " ".join(f"{e.name} {e.meta} {e.note}" for e in entries)
    assert not [name for name in officers if name in told]
    answer(case, place)
    case.refresh_from_db()
    _now, entries = road(case)
    names = [entry.name for entry in entries if entry.state == "done"]
    assert names == ["提交", "推荐", "补正"], "request and answer are one entry"
    links = [words for entry in entries for _url, words in entry.links]
    assert "查看修改对照" in links


def test_road_of_an_ended_case_has_nothing_to_come(place):
    case = submitted(place)
    head = person(Role.HEAD, unit=place.district)
    case = move(case, "decline", actor=head, note="x", public_note="不在重点领域")
    now, entries = road(case)
    assert now.is_ended and now.left_words == ""
    assert (entries[-1].state, entries[-1].name, entries[-1].note) == (
        "ended",
        "不予推荐",
        "不在重点领域",
    )


@pytest.mark.parametrize(("days", "left"), [(6, True), (7, False)])
def test_reminder_of_a_correction_comes_within_seven_days_and_never_breaks(
    place, clock, days, left
):
    """The end of the seventh day is more than seven days away: nothing is due yet."""
    case = asked(place)
    day = portal_clock.today()
    clock.set(datetime(day.year, day.month, day.day, 12, 0, tzinfo=ZONE))
    due_on = portal_clock.today() + timedelta(days=days)
    Application.objects.filter(pk=case.pk).update(due_on=due_on)
    assert bool(reminding.remind()) is left


def test_the_workspace_of_a_correction_lists_what_is_asked_with_its_place(place, client):
    case = asked(place)
    client.force_login(place.filler)
    text = client.get(reverse("application_workspace", args=[case.uid])).content.decode()
    section = reverse("application_section", args=[case.uid, "team"])
    assert f'href="{section}#div_id_staff"' in text and "与社保证明不一致" in text
    assert (
        f'href="{reverse("application_section", args=[case.uid, "attachments"])}#slot-audit"'
        in text
    )


def test_a_locked_field_of_a_correction_shows_what_was_submitted(place, client):
    case = asked(place)
    client.force_login(place.filler)
    page = client.get(reverse("application_section", args=[case.uid, "team"]))
    form = page.context["form"]
    assert not form.fields["staff"].disabled and form.fields["managers"].disabled
    stored = case.answers.get(section="team").data
    assert form["managers"].value() == str(stored["managers"])
    assert f'value="{stored["managers"]}"' in str(form["managers"])
    assert form["areas"].value() == stored["areas"]


def test_a_flagged_section_says_whether_it_was_written_since(place, client):
    case = asked(place)
    client.force_login(place.filler)
    address = reverse("application_workspace", args=[case.uid])

    def states():
        rows = [row for _title, rows in client.get(address).context["groups"] for row in rows]
        return {row["url"].rstrip("/").rsplit("/", 1)[-1]: row["state"] for row in rows}

    assert states()["team"] == "待补正" and states()["amount"] == "无需补正"
    drafts.save_section(case, "team", {"staff": 28}, actor=place.filler)
    assert states()["team"] == "已修改"
