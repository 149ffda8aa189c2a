"""The inbox: its numbers are written out as SQL, its rows drawn in one piece; both say what the
querysets and the models say."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from applications.models import Application
from applications.roles import get_visible
from portal.accounts.models import User
from reviews import inbox, objecting
from reviews.models import Opinion
from tests.reviews.cases import at_day, make_case, make_office, published

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 6)


@pytest.fixture
def office(clock):
    clock.set(at_day(TODAY))
    return make_office()


def due(case: Application, days: int | None) -> None:
    on = None if days is None else TODAY + timedelta(days=days)
    Application.objects.filter(pk=case.pk).update(due_on=on)


def fill(office, clock) -> None:
    """Cases in every view, one of them in several."""
    late, soon, far = (make_case(office, at="formal_check") for _number in range(3))
    due(late, -1)
    due(soon, 2)
    due(far, 30)
    Application.objects.filter(pk__in=[late.pk, far.pk]).update(correction_round=1)
    make_case(office, at="recommendation")
    joint = [make_case(office, at="joint_review") for _number in range(2)]
    due(joint[0], None)
    for case in joint:
        for unit in [*office.co_units, office.lead]:
            Opinion.objects.get_or_create(
                application=case, unit=unit, defaults={"due_on": TODAY, "asked_at": case.started_at}
            )
    objected, other = (make_case(office, at="public_notice") for _number in range(2))
    notice = published(office, objected, other)
    clock.set(at_day(notice.starts_on))
    objecting.file(
        notice, application=objected, signed_as="person", signatory="周某",
        contact="13900000000", text="投入不实",
    )  # fmt: skip


@pytest.mark.parametrize("who", ["lead_clerk", "district_clerk", "co_clerk", "stranger"])
def test_counts_are_those_of_the_lists(office, clock, who):
    fill(office, clock)
    found = getattr(office, who)
    user = found() if callable(found) else found
    mine, until = inbox.units(user), TODAY + timedelta(days=2)
    counted = inbox.counts(mine, today=TODAY, until=until)
    listed = {
        view.code: inbox.cases(view.code, mine, today=TODAY, until=until).count()
        for view in inbox.VIEWS
    }
    assert counted == listed | {"todo": inbox.everything(mine).count()}
    assert inbox.todo_count(User.objects.get(pk=user.pk)) == counted["todo"]
    if who == "lead_clerk":
        assert listed == {
            "mine": 7, "overdue": 1, "soon": 1, "corrected": 2, "opinions": 2, "objections": 1,
        }  # fmt: skip


def test_counts_are_one_query(office, django_assert_num_queries):
    mine = inbox.units(office.lead_clerk)
    with django_assert_num_queries(1):
        inbox.counts(mine, today=TODAY, until=TODAY)


@pytest.mark.parametrize("count", [1, 30])
def test_a_row_of_the_list_needs_nothing_that_was_not_read(
    office, count, django_assert_num_queries
):
    for _number in range(count):
        make_case(office, at="formal_check", invoices=0)
    mine = inbox.units(office.lead_clerk)
    with django_assert_num_queries(1):
        for case in inbox.cases("mine", mine, today=TODAY, until=TODAY).order_by(*inbox.KEYS):
            assert case.organisation.name
            assert case.call.measure.name_zh
            assert case.district.name
            assert case.get_status_display()
            assert {case.number, case.asked_cny, case.due_on, case.due_waiting, case.title}
            assert case.correction_round == 0


def test_inbox_tells_of_each_case_what_it_is_and_escapes_it(office, client):
    case = make_case(office, at="formal_check", title='<script>"x"</script>')
    due(case, -1)
    Application.objects.filter(pk=case.pk).update(correction_round=1)
    client.force_login(office.lead_clerk)
    html = client.get(reverse("review_inbox"), {"view": "mine"}).content.decode()
    assert "<script>&quot;x" not in html
    assert "&lt;script&gt;&quot;x&quot;&lt;/script&gt;" in html
    assert (
        f'href="{reverse("review_desk", args=[case.uid])}?view=mine">{case.organisation.name}<'
        in html
    )
    assert f'<td data-label="编号">{case.number}</td>' in html
    assert '<td data-label="环节">形式审查 <span class="muted">补正已回</span></td>' in html
    assert 'data-label="办理期限"><span class="tag tag-bad"' in html


def test_desk_lists_the_queue_and_marks_the_case(office, client):
    here, other = (make_case(office, at="formal_check") for _number in range(2))
    client.force_login(office.lead_clerk)
    path = reverse("review_desk", args=[here.uid])
    html = client.get(path, {"view": "mine", "q": here.organisation.name}).content.decode()
    queue = html.partition("data-queue>")[2].partition("</ul>")[0]
    assert queue.count("<li>") == 1
    assert 'aria-current="true"><span class="queue-head">' in queue
    assert f"{path}?view=mine&amp;q=" in queue
    both = client.get(path, {"view": "mine"}).content.decode()
    queue = both.partition("data-queue>")[2].partition("</ul>")[0]
    assert queue.count("<li>") == 2
    assert queue.count("aria-current") == 1
    assert f'{reverse("review_desk", args=[other.uid])}?view=mine"' in queue


def test_a_case_is_looked_up_by_its_own_parties(office):
    """Not by reading the parties of every case, of which there are a hundred thousand."""
    sql = str(Application.objects.visible_to(office.lead_clerk).query)
    parties = sql.partition('FROM "applications_party"')[2]
    assert '."application_id" = ("applications_application"."id")' in parties, sql


def test_a_case_comes_without_the_policys_text(office, django_assert_num_queries):
    case = make_case(office, at="formal_check")
    user = office.lead_clerk
    with django_assert_num_queries(1):
        found = get_visible(user, case.uid)
        assert found.call.measure.article.document.number
    assert "text" not in found.call.measure.article.document.__dict__
