"""The selection meeting's draft: who, how much, within what is left."""

from datetime import timedelta
from decimal import Decimal as D

import pytest
from django.db import IntegrityError, transaction

from policy.models import CallFigures
from portal import clock
from portal.notices.models import Notice
from reviews import panels, selecting
from reviews.models import PanelCase, Selection, SelectionItem
from reviews.refusals import Refused
from reviews.selecting import Item
from tests.reviews.cases import make_case, make_office, make_pool, selected, status_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


def draft(office, *items, **more):
    fields = {"title": "第 1 次会议", "met_on": clock.today(), "minutes": "纪要"} | more
    return selecting.draft(office.call, items=items, actor=office.lead_clerk, **fields)


def scored(office, case, mean, *, panel=None):
    if panel is None:
        make_pool(8)
        other = make_case(office, at="expert_review")
        panel = panels.draw(office.call, cases=[other], actor=office.lead_clerk)
    PanelCase.objects.create(panel=panel, application=case, mean=D(mean), rank=1)
    return panel


def test_candidates_come_by_their_scores_across_panels(office):
    cases = [make_case(office, at="selection") for _index in range(4)]
    panel = scored(office, cases[0], "80.00")
    scored(office, cases[1], "90.00", panel=panel)
    scored(office, cases[3], "80.00", panel=panel)
    found = selecting.candidates(office.call)
    assert [(row.application, row.rank) for row in found] == [
        (cases[1], 1), (cases[0], 2), (cases[3], 2), (cases[2], None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("capped", "asked", "most"),
    [("200", "150", "150"), ("150", "200", "150"), (None, "150", "150"), (None, None, "0")],
)
def test_most_is_the_lower_of_capped_and_asked(office, capped, asked, most):
    case = make_case(office, at="selection")
    case.capped_cny = capped and D(capped)
    case.asked_cny = asked and D(asked)
    assert selecting.most_cny(case) == D(most)


def test_draft_writes_outcomes_and_ranks_and_tells_the_heads(office):
    head = office.lead_head
    first, second, third = (make_case(office, at="selection") for _index in range(3))
    scored(office, first, "90.00")
    selection = draft(
        office,
        Item(first, "support", D("600000.00")),
        Item(second, "waitlist", D("500000.00")),
        Item(third, "reject", D("1.00"), "得分低"),
    )
    rows = {row.application_id: row for row in selection.items.all()}
    assert (rows[first.pk].recommended_cny, rows[first.pk].rank) == (D("600000.00"), 1)
    assert (rows[third.pk].recommended_cny, rows[third.pk].reason) == (D("0.00"), "得分低")
    assert {status_of(case) for case in (first, second, third)} == {"selection"}
    assert Notice.objects.filter(recipient=head, subject="待确认：第 1 次会议").count() == 1


@pytest.mark.parametrize(
    ("outcome", "amount", "text", "reason"),
    [
        ("reject", "0", "  ", "reason_missing"),
        ("support", "0", "", "amount"),
        ("support", "-1", "", "amount"),
        ("support", "678000.01", "", "amount"),
        ("waitlist", "678000.01", "", "amount"),
        ("perhaps", "1", "", "outcome"),
    ],
)
def test_draft_with_a_wrong_row_names_the_case(office, outcome, amount, text, reason):
    case = make_case(office, at="selection")
    assert selecting.most_cny(case) == D("678000.00")
    with pytest.raises(Refused) as refused:
        draft(office, Item(case, outcome, D(amount), text))
    assert (refused.value.reason, refused.value.facts) == (reason, {"numbers": [case.number]})
    assert Selection.objects.count() == 0


def test_draft_of_a_case_elsewhere_is_refused(office):
    case = make_case(office, at="verification")
    with pytest.raises(Refused) as refused:
        draft(office, Item(case, "support", D(1)))
    assert (refused.value.reason, refused.value.facts["numbers"]) == ("stage", [case.number])


def test_draft_of_a_meeting_to_come_is_refused(office):
    case = make_case(office, at="selection")
    with pytest.raises(Refused) as refused:
        draft(office, Item(case, "support", D(1)), met_on=clock.today() + timedelta(days=1))
    assert refused.value.reason == "met_on"


def test_a_case_stands_in_one_draft_only(office):
    case, other = make_case(office, at="selection"), make_case(office, at="selection")
    draft(office, Item(case, "support", D(1)))
    with pytest.raises(Refused) as refused:
        draft(office, Item(case, "support", D(1)), Item(other, "support", D(1)))
    assert (refused.value.reason, refused.value.facts) == (
        "drafted_elsewhere", {"numbers": [case.number]},
    )  # fmt: skip
    assert Selection.objects.count() == 1
    draft(office, Item(other, "support", D(1)))


@pytest.mark.parametrize("who", ["lead_head", "district_clerk", "stranger"])
def test_draft_by_another_than_the_lead_clerk_is_refused(office, who):
    case = make_case(office, at="selection")
    with pytest.raises(Refused) as refused:
        selecting.draft(
            office.call, title="x", met_on=clock.today(), minutes="",
            items=[Item(case, "support", D(1))], actor=getattr(office, who),
        )  # fmt: skip
    assert refused.value.reason == "role"


def test_update_replaces_the_rows_and_takes_the_note_away(office):
    first, second = make_case(office, at="selection"), make_case(office, at="selection")
    selection = draft(office, Item(first, "support", D(100)))
    selecting.send_back(selection, actor=office.lead_head, note="金额偏低")
    selection.refresh_from_db()
    assert selection.sent_back_note == "金额偏低"
    fields = {"title": "改", "met_on": clock.today(), "minutes": "", "actor": office.lead_clerk}
    with pytest.raises(Refused) as refused:
        selecting.update(
            selection, items=[Item(second, "support", D(1))], seen_revision=1, **fields
        )
    assert refused.value.reason == "changed"
    selecting.update(
        selection,
        items=[Item(second, "support", D(200))],
        seen_revision=selection.revision,
        **fields,
    )
    selection.refresh_from_db()
    assert (selection.title, selection.sent_back_note, selection.revision) == ("改", "", 3)
    assert [row.application for row in selection.items.all()] == [second]


def test_update_of_a_confirmed_selection_is_refused(office):
    case = make_case(office, at="public_notice")
    with pytest.raises(Refused) as refused:
        selecting.update(
            selected(office, case), title="x", met_on=clock.today(), minutes="", items=[],
            actor=office.lead_clerk,
        )  # fmt: skip
    assert refused.value.reason == "state"


@pytest.mark.parametrize(
    ("budget", "places", "fits", "over_cny", "over_places"),
    [
        ("250.00", 2, True, "0", 0),
        ("249.99", 2, False, "0.01", 0),
        ("250.00", 1, False, "0", 1),
        (None, None, True, "0", 0),
    ],
)
def test_totals_meet_budget_and_places(budget, places, fits, over_cny, over_places):
    rows = [
        Item(None, "support", D("100.00")),
        Item(None, "support", D("150.00")),
        Item(None, "waitlist", D("999.00")),
        Item(None, "reject"),
    ]
    figures = CallFigures(
        budget_cny=budget and D(budget) + 50, committed_cny=D(50), places_total=places and places + 3,
        places_committed=3,
    )  # fmt: skip
    found = selecting.totals(rows, figures)
    assert (found.supported, found.waitlisted, found.rejected, found.sum_cny) == (2, 1, 1, D(250))
    assert (found.fits, found.over_cny, found.over_places) == (fits, D(over_cny), over_places)


def test_a_rejection_without_a_reason_is_refused_by_the_database(office):
    case = make_case(office, at="selection")
    selection = draft(office, Item(case, "support", D(1)))
    with pytest.raises(IntegrityError, match="rejection_explained"), transaction.atomic():
        SelectionItem.objects.filter(selection=selection).update(outcome="reject", reason="")
