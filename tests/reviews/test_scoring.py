"""The expert's sheet: what is a score, what needs a comment, who may write when."""

import threading
from dataclasses import replace
from decimal import Decimal as D

import pytest
from django.db import connection, transaction

from applications.entries import digest
from policy.schema import parse
from reviews import panels, scoring
from reviews.merging import Seen, digests
from reviews.refusals import Refused
from tests.awards.racing import at_once, until_somebody_waits
from tests.reviews.cases import BODY, make_case, make_office, scoring_panel

RUBRIC = parse(BODY | {"line": "10-1", "valid_from": "2024-08-27"}).rubric
FIT = RUBRIC.criteria[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), (None, None), ("0", D(0)), ("17.5", D("17.5")), (" 40 ", D(40)), ("40.0", D(40))],
)
def test_read_score_takes_halves_within_the_weight(text, value):
    assert scoring.read_score(text, FIT) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("40.5", "out_of_bounds"),
        ("-1", "out_of_bounds"),
        ("17.25", "too_fine"),
        ("viel", "not_a_number"),
        ("NaN", "not_a_number"),
        ("1e1", "not_a_number"),
        ("１７．２", "not_a_number"),
    ],
)
def test_read_score_refuses_the_rest(text, reason):
    with pytest.raises(ValueError, match=reason):
        scoring.read_score(text, FIT)


@pytest.mark.parametrize(
    ("score", "needed"),
    [("0", True), ("23.5", True), ("24", False), ("38", False), ("38.5", True), ("40", True)],
)
def test_comment_is_needed_below_60_and_above_95_percent(score, needed):
    assert scoring.needs_comment(D(score), FIT, RUBRIC) is needed


@pytest.mark.parametrize(
    ("score", "level"),
    [("40", 0), ("36", 0), ("35.5", 1), ("30", 1), ("24", 2), ("23.5", 3), ("0", 3)],
)
def test_level_is_the_first_whose_bound_is_reached(score, level):
    assert scoring.level_of(D(score), FIT, RUBRIC) == level


@pytest.fixture
def sheet(db):
    office = make_office()
    panel = scoring_panel(office, make_case(office, at="expert_review"))
    return panels.sheets(panel).first()


def save(sheet, **scores):
    given = {
        code: {"score": score, "comment": comment} for code, (score, comment) in scores.items()
    }
    return scoring.score(sheet, actor=sheet.seat.expert.user, scores=given)


def test_score_keeps_what_is_not_named(sheet):
    save(sheet, fit=("30", "好"))
    saved = save(sheet, team=("50", ""))
    assert saved.scores == {
        "fit": {"score": "30.0", "comment": "好"},
        "team": {"score": "50.0", "comment": ""},
    }
    assert saved.total == D("80.0")


def test_score_takes_a_score_back(sheet):
    save(sheet, fit=("30", ""), team=("50", ""))
    assert save(sheet, fit=("", "")).total is None


def test_score_refuses_wrong_scores_whole(sheet):
    save(sheet, fit=("30", ""))
    with pytest.raises(Refused) as refused:
        save(sheet, fit=("99", ""), team=("50", ""))
    assert refused.value.facts["criteria"] == {"fit": "out_of_bounds"}
    sheet.refresh_from_db()
    assert sheet.scores == {"fit": {"score": "30.0", "comment": ""}}


def seen_by(page: str, sheet, *, is_whole: bool = True) -> Seen:
    """What a page shows that is opened now."""
    sheet.refresh_from_db()
    return Seen(page, digests(sheet, ["fit", "team"]), is_whole)


def itself(seen: Seen) -> Seen:
    return replace(seen, is_whole=False)


def send(sheet, seen: Seen, *, opinion=None, **points):
    """A page sends all that it holds."""
    scores = {code: {"score": score, "comment": ""} for code, score in points.items()}
    return scoring.score(
        sheet, actor=sheet.seat.expert.user, scores=scores, opinion=opinion, seen=seen
    )


def test_two_pages_that_change_different_fields_are_merged(sheet):
    one, two = seen_by("one", sheet), seen_by("two", sheet)
    send(sheet, itself(one), fit="30", team="")
    assert send(sheet, two, fit="", team="50").total == D("80.0")
    assert send(sheet, one, fit="31", team="").total == D("81.0")


def test_a_stale_page_does_not_overwrite_the_same_field_and_keeps_the_rest(sheet):
    one, two = seen_by("one", sheet), seen_by("two", sheet)
    send(sheet, one, fit="30", team="", opinion="支持")
    for stale in (itself(two), two):
        with pytest.raises(Refused) as refused:
            send(sheet, stale, fit="12", team="50", opinion="")
        assert refused.value.reason == "stale"
        told = [(row.code, row.mine, row.theirs) for row in refused.value.facts["conflicts"]]
        assert told == [("score.fit", "12.0", "30.0")]
    sheet.refresh_from_db()
    assert (sheet.scores["fit"]["score"], sheet.total, sheet.opinion) == ("30.0", D("80.0"), "支持")
    # The page that told both is a new one: what is saved from it was chosen.
    assert send(sheet, seen_by("three", sheet), fit="12", team="50").total == D("62.0")


@pytest.mark.parametrize(("late", "kept"), [("30", "35"), ("30", "")])
def test_an_autosave_that_comes_after_its_page_was_saved_is_refused(sheet, late, kept):
    page = seen_by("one", sheet)
    send(sheet, page, fit=kept, team="50")
    with pytest.raises(Refused) as refused:
        send(sheet, itself(page), fit=late, team="50")
    assert refused.value.reason == "saved_since"
    sheet.refresh_from_db()
    assert sheet.scores.get("fit", {}).get("score") == (f"{kept}.0" if kept else None)


def test_a_page_saves_itself_again_and_again_and_then_as_a_whole(sheet):
    page = seen_by("one", sheet)
    for points in ("1", "12", "3"):
        send(sheet, itself(page), fit=points)
    assert send(sheet, page, fit="30").scores["fit"]["score"] == "30.0"
    # The second press of its button.
    assert send(sheet, page, fit="30").scores["fit"]["score"] == "30.0"


def test_the_ends_of_lines_are_no_difference(sheet):
    one = seen_by("one", sheet)
    send(sheet, itself(one), opinion="一\n二")
    send(sheet, one, opinion="一\r\n二\r\n")
    two = seen_by("two", sheet)
    assert two.digests["opinion"] == digest("一\n二")


def test_a_sheet_is_not_handed_in_over_what_another_page_wrote(sheet):
    one, two = seen_by("one", sheet), seen_by("two", sheet)
    send(sheet, one, fit="30", team="50")
    scores = {code: {"score": "40", "comment": "优"} for code in ("fit", "team")}
    with pytest.raises(Refused) as refused:
        scoring.hand_in(sheet, actor=sheet.seat.expert.user, scores=scores, seen=two)
    assert refused.value.reason == "stale"
    sheet.refresh_from_db()
    assert (sheet.submitted_at, sheet.total) == (None, D("80.0"))
    assert sheet.scores["fit"] == {"score": "30.0", "comment": "优"}


def test_score_by_another_expert_is_refused(sheet):
    other = panels.sheets(sheet.seat.panel).exclude(pk=sheet.pk).first().seat.expert.user
    with pytest.raises(Refused) as refused:
        scoring.score(sheet, actor=other, scores={})
    assert refused.value.reason == "role"


def test_submit_names_every_gap(sheet):
    saved = save(sheet, fit=("10", ""))
    with pytest.raises(Refused) as refused:
        scoring.submit_scores(saved, actor=sheet.seat.expert.user)
    assert refused.value.facts["criteria"] == {"fit": "comment", "team": "score"}
    sheet.refresh_from_db()
    assert sheet.submitted_at is None


def test_a_submitted_sheet_is_closed(sheet):
    saved = save(sheet, fit=("30", ""), team=("50", ""))
    done = scoring.submit_scores(saved, actor=sheet.seat.expert.user)
    assert done.submitted_at is not None
    with pytest.raises(Refused) as refused:
        save(sheet, fit=("31", ""))
    assert refused.value.reason == "submitted"


def hand_in(sheet, **points):
    scores = {code: {"score": score, "comment": ""} for code, score in points.items()}
    return scoring.hand_in(sheet, actor=sheet.seat.expert.user, scores=scores, opinion="支持")


def test_a_sheet_handed_in_with_a_gap_keeps_what_was_typed(sheet):
    with pytest.raises(Refused) as refused:
        hand_in(sheet, fit="30")
    assert refused.value.facts["criteria"] == {"team": "score"}
    sheet.refresh_from_db()
    assert (sheet.submitted_at, sheet.scores["fit"]["score"], sheet.opinion) == (
        None,
        "30.0",
        "支持",
    )


def test_no_autosave_comes_between_saving_and_submitting(sheet, monkeypatch):
    """Both happen under the one lock of one transaction."""
    depth, seen = len(connection.savepoint_ids), []
    submit = scoring._submit

    def watched(*args, **kwargs):
        seen.append(len(connection.savepoint_ids))
        return submit(*args, **kwargs)

    monkeypatch.setattr(scoring, "_submit", watched)
    assert hand_in(sheet, fit="30", team="50").submitted_at is not None
    assert seen == [depth + 1]


@pytest.mark.django_db(transaction=True)
def test_an_autosave_that_waits_for_the_plain_save_of_its_page_changes_nothing():
    """Two connections: the autosave was sent first, and comes to the lock second."""
    office = make_office()
    sheet = panels.sheets(scoring_panel(office, make_case(office, at="expert_review"))).first()
    page = seen_by("one", sheet)
    inside = threading.Event()

    def plain():
        with transaction.atomic():
            send(sheet, page, fit="35", team="50")
            inside.set()
            until_somebody_waits()

    def autosaved():
        assert inside.wait(30)
        return send(sheet, itself(page), fit="3", team="50")

    _saved, late = at_once(plain, autosaved)
    assert isinstance(late, Refused)
    assert late.reason == "saved_since"
    sheet.refresh_from_db()
    assert sheet.total == D("85.0")


@pytest.mark.django_db(transaction=True)
def test_two_pages_at_one_moment_lose_no_field():
    office = make_office()
    sheet = panels.sheets(scoring_panel(office, make_case(office, at="expert_review"))).first()
    one, two = seen_by("one", sheet), seen_by("two", sheet)
    results = at_once(
        lambda: send(sheet, one, fit="30", team=""),
        lambda: send(sheet, itself(two), fit="", team="50"),
    )
    assert not [row for row in results if isinstance(row, BaseException)], results
    sheet.refresh_from_db()
    assert sheet.total == D("80.0")
