"""The formal check: settled item by item; one complete list; a second round within the first."""

import pytest
from django.db import IntegrityError, transaction

from applications.models import Correction, Letter
from applications.workflow import move
from portal.audit.models import Event
from reviews import checking, proposing
from reviews.checking import Flag
from reviews.models import CheckItem
from reviews.refusals import Refused
from tests.reviews.cases import make_case, make_office, parties, status_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def case(office):
    return make_case(office, at="formal_check")


def tick(office, case, code, result="passed", **more):
    return checking.tick(case, code, actor=office.lead_clerk, result=result, **more)


# --- ticking -----------------------------------------------------------------------------


def test_points_are_the_plans_in_its_order(office, case):
    tick(office, case, "staff")
    rows = [(row.point.code, row.result) for row in checking.points(case)]
    assert rows == [("uscc", ""), ("staff", "passed"), ("pledge", "")]


def test_tick_anew_replaces_the_result_and_tells_both(office, case):
    tick(office, case, "staff", "failed", note="缺 2 人社保")
    tick(office, case, "staff")
    assert CheckItem.objects.get().result == "passed"
    states = Event.objects.filter(action="checkitem.tick").order_by("id")
    assert [(event.from_state, event.to_state) for event in states] == [
        ("", "failed"), ("failed", "passed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "result", "note", "reason"),
    [
        ("nothing", "passed", "", "no_item"),
        ("staff", "perhaps", "", "outcome"),
        ("staff", "failed", "  ", "reason_missing"),
    ],
)
def test_tick_with_gaps_is_refused(office, case, code, result, note, reason):
    with pytest.raises(Refused) as refused:
        tick(office, case, code, result, note=note)
    assert refused.value.reason == reason


def test_tick_keeps_the_page_where_it_was_seen(office, case):
    file = case.attachments.get(slot="social_insurance")
    item = tick(office, case, "staff", attachment=file, page=2)
    assert (item.attachment, item.page) == (file, 2)


@pytest.mark.parametrize("page", [0, 4, -1])
def test_tick_at_a_page_that_is_not_there_is_refused(office, case, page):
    with pytest.raises(Refused) as refused:
        tick(office, case, "staff", attachment=case.attachments.get(slot="licence"), page=page)
    assert refused.value.reason == "no_page"


def test_tick_at_another_cases_file_is_refused(office, case):
    other = make_case(office, at="formal_check")
    with pytest.raises(Refused) as refused:
        tick(office, case, "staff", attachment=other.attachments.first(), page=1)
    assert refused.value.reason == "no_page"


@pytest.mark.parametrize("who", ["lead_head", "district_clerk", "stranger"])
def test_tick_by_another_than_the_lead_clerk_is_refused(office, case, who):
    with pytest.raises(Refused) as refused:
        checking.tick(case, "staff", actor=getattr(office, who), result="passed")
    assert refused.value.reason == "role"


def test_a_failure_without_a_note_is_refused_by_the_database(office, case):
    item = tick(office, case, "staff")
    with pytest.raises(IntegrityError, match="checkitem_failure_explained"), transaction.atomic():
        CheckItem.objects.filter(pk=item.pk).update(result="failed")


def test_tick_rest_leaves_what_was_ticked(office, case):
    tick(office, case, "staff", "failed", note="缺 2 人社保")
    assert checking.tick_rest(case, actor=office.lead_clerk) == 2
    assert [row.result for row in checking.points(case)] == ["passed", "failed", "passed"]


# --- accept --------------------------------------------------------------------------------


def test_accept_waits_until_every_item_is_settled(office, case):
    tick(office, case, "uscc")
    with pytest.raises(Refused) as refused:
        checking.accept(case, actor=office.lead_clerk)
    assert (refused.value.reason, refused.value.facts["codes"]) == (
        "items_open", ["staff", "pledge"],
    )  # fmt: skip
    assert status_of(case) == "formal_check"


def test_accept_with_a_failed_item_is_refused(office, case):
    tick(office, case, "staff", "failed", note="缺 2 人社保")
    checking.tick_rest(case, actor=office.lead_clerk)
    with pytest.raises(Refused) as refused:
        checking.accept(case, actor=office.lead_clerk)
    assert (refused.value.reason, refused.value.facts["codes"]) == ("items_failed", ["staff"])


def test_accept_asks_the_co_units_and_issues_the_letter(office, case):
    tick(office, case, "staff", "not_applicable")
    checking.tick_rest(case, actor=office.lead_clerk)
    moved = checking.accept(case, actor=office.lead_clerk, seen_revision=case.revision)
    assert status_of(case) == "joint_review"
    assert parties(case, "co_unit") == {unit.code for unit in office.co_units}
    assert {row.due_on for row in case.opinions.all()} == {moved.due_on}
    assert [letter.kind for letter in Letter.objects.all()] == ["acceptance"]


def test_accept_without_a_joint_review_asks_nobody():
    from tests.reviews.cases import STAGES

    stages = [
        stage | ({"next": "verification"} if stage["code"] == "formal_check" else {})
        for stage in STAGES
    ]
    office = make_office(body={"stages": stages})
    case = make_case(office, at="formal_check")
    checking.tick_rest(case, actor=office.lead_clerk)
    checking.accept(case, actor=office.lead_clerk)
    assert status_of(case) == "verification"
    assert case.opinions.count() == 0


def test_accept_from_a_page_that_is_out_of_date_says_what_changed(office, case):
    checking.tick_rest(case, actor=office.lead_clerk)
    move(case, "withdraw", actor=case.applicant, note="另行申报")
    with pytest.raises(Refused) as refused:
        checking.accept(case, actor=office.lead_clerk, seen_revision=case.revision)
    assert refused.value.reason == "changed"
    assert refused.value.facts["changed_by"].action == "withdraw"


def test_accept_past_a_pending_refusal_is_refused(office, case):
    checking.tick_rest(case, actor=office.lead_clerk)
    proposing.draft(case, "refuse", actor=office.lead_clerk, reason="x")
    with pytest.raises(Refused) as refused:
        checking.accept(case, actor=office.lead_clerk)
    assert refused.value.reason == "proposal_pending"


# --- correction ----------------------------------------------------------------------------------


def ask(office, case, **flags):
    rows = [Flag(path.replace("__", "."), reason) for path, reason in flags.items()]
    return checking.ask_correction(case, actor=office.lead_clerk, flags=rows)


def test_ask_correction_lists_everything_at_once(office, case):
    row = case.invoices.first()
    flags = [
        Flag("team.full_time_staff", "与社保证明不符"),
        Flag("files.audit", "未上传"),
        Flag(f"investment.{row.uid}", "发票号码模糊"),
    ]
    correction = checking.ask_correction(case, actor=office.lead_clerk, flags=flags)
    case.refresh_from_db()
    assert (case.status, case.correction_round, case.holder_unit) == ("correction", 1, None)
    assert correction.due_on == case.due_on
    assert [flag["path"] for flag in correction.flagged] == [flag.path for flag in flags]
    letter = Letter.objects.get()
    assert letter.kind == "correction"


def test_the_letter_numbers_the_places_by_their_labels(office, case):
    row = case.invoices.first()
    facts = checking.letter_facts(
        case,
        [Flag("team.full_time_staff", "与社保不符"), Flag(f"investment.{row.uid}", "模糊")],
        number=1,
    )
    assert facts["items"] == [
        "专职人员：与社保不符",
        f"投入明细第 1 行 {row.invoice_no}：模糊",
    ]
    assert facts["limit_workdays"] == 5


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({}, "no_flags"),
        ({"team__full_time_staff": "  "}, "reason_missing"),
        ({"team__nothing": "x"}, "no_place"),
        ({"organisation__org_name": "x"}, "no_place"),
        ({"investment__0000": "x"}, "no_place"),
    ],
)
def test_ask_correction_of_no_place_is_refused(office, case, flags, reason):
    with pytest.raises(Refused) as refused:
        ask(office, case, **flags)
    assert refused.value.reason == reason
    assert Correction.objects.count() == 0
    assert status_of(case) == "formal_check"


def test_second_round_names_only_what_the_first_touched(office, case):
    ask(office, case, team__full_time_staff="不符", investment="补齐发票")
    move(case, "correct", actor=case.applicant)
    with pytest.raises(Refused) as refused:
        ask(office, case, files__audit="未上传", team__full_time_staff="仍不符")
    assert (refused.value.reason, refused.value.facts["paths"]) == ("new_places", ["files.audit"])
    row = case.invoices.first()
    ask(office, case, team__full_time_staff="仍不符", **{f"investment__{row.uid}": "仍缺"})
    case.refresh_from_db()
    assert (case.status, case.correction_round) == ("correction", 2)


def test_no_round_beyond_the_stages_number():
    office = make_office(settings={"correction.max_rounds": 1})
    case = make_case(office, at="formal_check")
    ask(office, case, team__full_time_staff="不符")
    move(case, "correct", actor=case.applicant)
    with pytest.raises(Refused) as refused:
        ask(office, case, team__full_time_staff="仍不符")
    assert (refused.value.reason, refused.value.facts) == ("no_rounds", {"max": 1})
    case.refresh_from_db()
    assert checking.rounds_left(case) == 0
