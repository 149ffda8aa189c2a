"""Asking for a correction: previewed, listed once, and not twice for something new."""

import pytest
from django.urls import reverse

from applications.models import Correction, Letter
from applications.workflow import move
from tests.reviews.cases import (
    make_case,
)
from tests.reviews.views.pages import post, told

pytestmark = pytest.mark.django_db


def flags(**more):
    return {
        "flag": ["team.full_time_staff", "files.audit"],
        "reason.team.full_time_staff": "与社保证明不符",
        "reason.files.audit": "未上传专项审计报告",
    } | more


def test_correction_is_previewed_before_it_is_sent(client, office):
    case = make_case(office)
    given = flags(seen=case.revision, step="preview")
    page = post(client, office.lead_clerk, "review_correction", case.uid, **given)
    assert page.status_code == 200
    assert "1. 专职人员：与社保证明不符" in told(page)
    assert "2. 专项审计报告：未上传专项审计报告" in told(page)
    assert Correction.objects.count() == 0
    page = post(
        client, office.lead_clerk, "review_correction", case.uid, **(given | {"step": "send"})
    )
    assert page.status_code == 302
    assert len(Correction.objects.get().flagged) == 2
    assert Letter.objects.get().kind == "correction"


def test_correction_names_rows_by_their_numbers(client, office):
    case = make_case(office)
    rows = {"rows.investment": ["1-2", ""], "rows-reason.investment": ["发票模糊", ""]}
    post(
        client, office.lead_clerk, "review_correction", case.uid,
        seen=case.revision, step="send", **rows,
    )  # fmt: skip
    uids = [row.uid for row in case.invoices.all()]
    assert [flag["path"] for flag in Correction.objects.get().flagged] == [
        f"investment.{uid}" for uid in uids
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "请至少勾选一处需要补正的内容。"),
        ({"flag": ["files.audit"]}, "专项审计报告：请写明补正要求。"),
        ({"rows.investment": ["9"], "rows-reason.investment": ["x"]}, "没有第 9 行。"),
        ({"rows.investment": ["1"], "rows-reason.investment": [" "]}, "请写明补正要求。"),
    ],
)
def test_correction_with_gaps_says_where(client, office, given, words):
    case = make_case(office)
    page = post(
        client, office.lead_clerk, "review_correction", case.uid,
        seen=case.revision, step="send", **given,
    )  # fmt: skip
    assert page.status_code == 422
    assert words in told(page)
    assert Correction.objects.count() == 0


def test_second_correction_locks_what_the_first_did_not_touch(client, office):
    case = make_case(office)
    given = flags(seen=case.revision, step="send")
    post(client, office.lead_clerk, "review_correction", case.uid, **given)
    move(case, "correct", actor=case.applicant)
    client.force_login(office.lead_clerk)
    page = client.get(reverse("review_correction", args=[case.uid]))
    places = {place.path: place for part in page.context["draft"].parts for place in part.places}
    assert places["files.audit"].is_locked is False
    assert places["files.licence"].is_locked is True
    case.refresh_from_db()
    page = post(
        client, office.lead_clerk, "review_correction", case.uid, seen=case.revision,
        step="send", flag=["files.licence"], **{"reason.files.licence": "过期"},
    )  # fmt: skip
    assert page.status_code == 422
    assert "再次补正只能涉及首次补正已指出的内容，下列内容不能新增：法人证照" in told(page)
