"""The expert's sheet: what is a score, what needs a comment, who may write when."""

from decimal import Decimal as D

import pytest
from django.db import connection

from policy.schema import parse
from reviews import panels, scoring
from reviews.refusals import Refused
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


def test_score_from_a_second_window_says_that_it_changed(sheet):
    actor = sheet.seat.expert.user
    scoring.score(sheet, actor=actor, scores={}, seen_revision=1)
    with pytest.raises(Refused) as refused:
        scoring.score(sheet, actor=actor, scores={}, seen_revision=1)
    assert refused.value.reason == "changed"


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
    submit = scoring.submit_scores

    def watched(*args, **kwargs):
        seen.append(len(connection.savepoint_ids))
        return submit(*args, **kwargs)

    monkeypatch.setattr(scoring, "submit_scores", watched)
    assert hand_in(sheet, fit="30", team="50").submitted_at is not None
    assert seen == [depth + 1]
