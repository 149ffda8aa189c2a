"""The pages of questions: what whom is shown, what is kept on a wrong entry, queries."""

from datetime import timedelta

import pytest
from django.urls import reverse

from policy import calendars, questions
from policy.models.questions import Question
from portal.accounts.models import Role
from tests import factories
from tests.policy.catalogue import make_measure, make_open_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def call():
    calendars.load_year(2026, calendars.packaged_days(2026), source="x", actor="test")
    return make_open_call(make_measure(1), question_workdays=3)


@pytest.fixture
def people(call):
    lead = call.lead_unit
    return {
        "clerk": factories.person(Role.CLERK, unit=lead),
        "head": factories.person(Role.HEAD, unit=lead),
        "filler": factories.person(Role.FILLER, name="提问人甲"),
    }


def publish(call, people, number=0):
    asker = people["filler"] if number == 0 else factories.person(Role.FILLER)
    question = questions.ask(call, f"原问题{number}", actor=asker)
    question = questions.draft_public(
        question, public_text=f"公开问题{number}", answer=f"公开答复{number}",
        actor=people["clerk"], seen_revision=1,
    )  # fmt: skip
    return questions.approve(question, actor=people["head"], seen_revision=question.revision)


def text_of(response) -> str:
    return response.content.decode()


def test_public_reads_the_unit_wording_and_never_who_asked(client, call, people):
    question = publish(call, people)
    organisation = question.organisation.name
    for url in (
        reverse("call_questions", args=[call.uid]),
        reverse("call_question", args=[call.uid, question.uid]),
    ):
        shown = text_of(client.get(url))
        assert "公开问题0" in shown and "公开答复0" in shown
        assert [word for word in ("原问题0", "提问人甲", organisation) if word in shown] == []


@pytest.mark.parametrize("act", ["none", "draft", "private", "decline"])
def test_what_is_not_public_is_shown_to_its_organisation_alone(client, call, people, act):
    question = questions.ask(call, "原问题", actor=people["filler"])
    way = {"actor": people["clerk"], "seen_revision": 1}
    if act == "draft":
        questions.draft_public(question, public_text="改写", answer="草稿", **way)
    elif act == "private":
        questions.answer_privately(question, answer="只告知您", **way)
    elif act == "decline":
        questions.decline(question, reason="与本批无关", **way)
    url = reverse("call_question", args=[call.uid, question.uid])
    assert client.get(url).status_code == 404
    client.force_login(factories.person(Role.FILLER))
    assert client.get(url).status_code == 404
    assert "原问题" not in text_of(client.get(reverse("call_questions", args=[call.uid])))
    client.force_login(people["filler"])
    shown = text_of(client.get(url))
    told = {"none": "", "draft": "", "private": "只告知您", "decline": "与本批无关"}[act]
    assert "原问题" in shown and told in shown and "草稿" not in shown


def test_pinned_first_then_the_newest(client, call, people, clock):
    for number in range(3):
        publish(call, people, number)
        clock.advance(timedelta(minutes=1))
    oldest = Question.objects.get(public_text="公开问题0")
    questions.pin(oldest, on=True, actor=people["clerk"], seen_revision=oldest.revision)
    page = client.get(reverse("call_questions", args=[call.uid])).context["page"]
    assert [row.public_text[-1] for row in page.rows] == ["0", "2", "1"]


def test_search_finds_every_word_in_wording_or_answer(client, call, people):
    publish(call, people, 1)
    publish(call, people, 2)
    url = reverse("call_questions", args=[call.uid])
    found = client.get(url, {"q": "问题 答复2"}).context["page"].rows
    assert [row.public_text for row in found] == ["公开问题2"]
    nothing = text_of(client.get(url, {"q": "没有这个词"}))
    assert "隐藏了 2 条" in nothing


def test_search_of_the_site_finds_public_answers_alone(client, call, people):
    public = publish(call, people, 1)
    waiting = questions.ask(call, "公开问题还没有答复", actor=people["filler"])
    shown = text_of(client.get(reverse("search"), {"q": "公开问题"}))
    assert reverse("call_question", args=[call.uid, public.uid]) in shown
    assert waiting.uid not in shown


def test_wrong_entry_keeps_what_was_typed(client, call, people):
    client.force_login(people["filler"])
    url = reverse("call_question_ask", args=[call.uid])
    typed = "很长的问题" * 300
    answer = client.post(url, {"text": typed})
    assert answer.status_code == 422
    assert typed in text_of(answer)
    assert "1000" in text_of(answer)


def test_limit_is_told_kindly_and_what_was_typed_stays(client, call, people):
    client.force_login(people["filler"])
    url = reverse("call_question_ask", args=[call.uid])
    for number in range(questions.MOST_A_DAY):
        assert client.post(url, {"text": f"问题{number}"}).status_code == 302
    answer = client.post(url, {"text": "再来一个"})
    assert answer.status_code == 422
    assert "再来一个" in text_of(answer) and "24 小时内" in text_of(answer)


def test_line_breaks_count_once(client, call, people):
    client.force_login(people["filler"])
    url = reverse("call_question_ask", args=[call.uid])
    assert client.post(url, {"text": "行\r\n" * 500}).status_code == 302


def test_clerk_answers_and_head_approves_by_their_pages(client, call, people):
    question = questions.ask(call, "原问题", actor=people["filler"])
    client.force_login(people["clerk"])
    draft = {"draft-seen_revision": 1, "draft-public_text": "改写", "draft-answer": "答复"}
    answer = client.post(reverse("question_draft", args=[question.uid]), draft)
    assert answer.status_code == 302
    client.force_login(people["head"])
    desk = client.get(reverse("question_desk", args=[question.uid]))
    assert set(desk.context["forms"]) == {"approve", "send_back"}
    approval = {"approve-seen_revision": desk.context["question"].revision}
    client.post(reverse("question_approve", args=[question.uid]), approval)
    question.refresh_from_db()
    assert question.state == "public"


def test_stale_page_is_refused_with_what_was_typed(client, call, people):
    question = questions.ask(call, "原问题", actor=people["filler"])
    client.force_login(people["clerk"])
    typed = {"private-seen_revision": 0, "private-answer": "写了很久的答复"}
    answer = client.post(reverse("question_private", args=[question.uid]), typed)
    assert answer.status_code == 422
    assert "写了很久的答复" in text_of(answer)
    question.refresh_from_db()
    assert question.state == "asked"


def test_head_must_say_why_a_draft_goes_back(client, call, people):
    question = questions.ask(call, "原问题", actor=people["filler"])
    question = questions.draft_public(
        question, public_text="改写", answer="答复", actor=people["clerk"], seen_revision=1
    )
    client.force_login(people["head"])
    url = reverse("question_send_back", args=[question.uid])
    sent = {"send_back-seen_revision": question.revision, "send_back-note": ""}
    assert client.post(url, sent).status_code == 422
    client.force_login(people["clerk"])
    assert client.post(url, sent).status_code == 302


def test_overdue_question_says_so_in_the_list(client, call, people, clock):
    clock.set(clock.now().replace(year=2026, month=3, day=6, hour=2))
    call = make_open_call(make_measure(2), question_workdays=3, days=60)
    questions.ask(call, "原问题", actor=people["filler"])
    clock.set(clock.now().replace(day=13))
    client.force_login(people["clerk"])
    shown = text_of(client.get(reverse("question_list"), {"state": "asked"}))
    assert "超期 2 日" in shown


@pytest.mark.parametrize(
    ("page", "queries"),
    [("call_questions", 3), ("question_list", 10), ("call_detail", 4)],
)
def test_lists_ask_the_same_queries_for_one_row_and_for_thirty(
    client, call, people, page, queries, django_assert_max_num_queries
):
    args = [] if page == "question_list" else [call.uid]
    if page == "question_list":
        client.force_login(people["clerk"])
    client.get(reverse(page, args=args))  # what is kept between requests is kept now
    counted = []
    for rows in (1, 30):
        while Question.objects.count() < rows:
            asker = factories.person(Role.FILLER)
            questions.ask(call, f"问题{Question.objects.count()}", actor=asker)
            if page != "question_list":
                publish(call, people, Question.objects.count())
        with django_assert_max_num_queries(15) as seen:
            assert client.get(reverse(page, args=args)).status_code == 200
        counted.append(len(seen))
    assert counted == [queries, queries]
