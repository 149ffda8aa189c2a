"""Questions on a call in a browser: asked, answered, approved, public; pages of help at every width."""

import pytest

from policy import questions
from policy.models.questions import Question
from portal.accounts.models import Role
from portal.help.topics import topics
from tests import factories
from tests.e2e import look
from tests.policy.catalogue import make_measure, make_open_call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call():
    return make_open_call(make_measure(1), question_workdays=5)


@pytest.fixture
def people(call):
    lead = call.measure.lead_unit
    return {
        "clerk": factories.person(Role.CLERK, unit=lead, name="经办甲"),
        "head": factories.person(Role.HEAD, unit=lead, name="负责乙"),
        "filler": factories.person(Role.FILLER, name="提问丙"),
    }


def test_question_goes_from_asker_to_clerk_to_head_to_the_public(open_page, call, people):
    page = open_page(f"/calls/{call.uid}/", user=people["filler"])
    page.get_by_role("link", name="咨询答疑", exact=True).click()
    page.get_by_role("link", name="我要提问").click()
    page.get_by_label("咨询问题").fill("我公司去年签的合同，付款在今年，算不算？")
    page.get_by_role("button", name="提交问题").click()
    page.get_by_text("问题已提交").wait_for()

    page = open_page("/questions/", user=people["clerk"])
    page.get_by_role("link", name="我公司去年签的合同").click()
    page.get_by_label("公开的问题").fill("合同在前、付款在后的，以哪个日期为准？")
    page.locator("#id_draft-answer").fill("以付款日期为准。")
    page.get_by_role("button", name="提交审签").click()
    page.get_by_text("答复已提交审签").wait_for()

    page = open_page("/questions/", user=people["head"])
    page.get_by_role("link", name="合同在前").click()
    page.get_by_role("button", name="同意公开").click()
    page.get_by_text("答复已公开").wait_for()

    page = open_page(f"/calls/{call.uid}/questions/")
    shown = page.locator("main").inner_text()
    assert "合同在前、付款在后的，以哪个日期为准？" in shown and "以付款日期为准。" in shown
    assert [word for word in ("我公司", "提问丙") if word in shown] == []
    assert Question.objects.get().state == "public"


@pytest.fixture
def asked(call, people):
    """One of each kind, in the pages' lists."""
    for number in range(3):
        question = questions.ask(call, f"第 {number} 个问题？", actor=people["filler"])
        way = {"actor": people["clerk"], "seen_revision": 1}
        if number < 2:
            questions.draft_public(question, public_text="改写的问题？", answer="答复。", **way)
        if number < 1:
            question.refresh_from_db()
            questions.approve(question, actor=people["head"], seen_revision=question.revision)
    return list(Question.objects.order_by("pk"))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_questions_fit_their_readers(faults_of, call, people, asked, language):
    public, drafted, waiting = (question.uid for question in asked)
    pages = [
        ("question-public-list", f"/calls/{call.uid}/questions/", "filler"),
        ("question-own", f"/calls/{call.uid}/questions/{waiting}/", "filler"),
        ("question-ask", f"/calls/{call.uid}/questions/ask/", "filler"),
        ("question-list", "/questions/", "clerk"),
        ("question-answer", f"/questions/{waiting}/", "clerk"),
        ("question-approve", f"/questions/{drafted}/", "head"),
        ("question-public", f"/questions/{public}/", "head"),
    ]
    found = []
    for name, path, who in pages:
        found += faults_of(path, name, user=people[who], language=language)
    assert found == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_help_fit_their_readers(open_page, language):
    factories.UnitFactory()
    paths = ["/help/", "/contact/", "/site-map/", *(f"/help/{code}/" for code in topics())]
    page = open_page("/", language=language)
    found = []
    for path in paths:
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + path)
        widths = (375, 1366) if path in paths[:4] else (375,)
        found += look.faults(page, "help" + path.replace("/", "-") + language, widths=widths)
    assert found == []
