"""The home of each role: its numbers lead to exactly the rows they count, in few queries."""

import re
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.module_loading import import_string

from applications.models import Application
from applications.workflow import move
from awards import payments
from policy import questions
from portal import clock as clocks
from portal import homes
from portal.accounts import inviting, locking, users
from portal.accounts.models import Organisation, Role
from portal.audit.recording import record
from portal.notices.models import Notice
from reviews import consulting
from reviews.models import Panel, Proposal, Scoring
from tests.awards.cases import cap, make_scene
from tests.awards.test_clawbacks import drafted, paid
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory, person
from tests.policy import callable as callables
from tests.reviews.cases import (
    at_day,
    fill_sheet,
    load_calendar,
    make_case,
    make_office,
    published,
    scoring_panel,
    selected,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 15
MOST_BYTES = 100_000


class Rows(HTMLParser):
    """Counts the rows of a list: those of the tables, or else of the task lists, inside the
    element with the id (``main`` without one)."""

    def __init__(self, within: str):
        super().__init__()
        self.within, self.depth, self.bodies = within, 0, 0
        self.rows = self.items = 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in {"input", "br", "img", "meta", "link", "use", "rect", "line", "circle", "hr"}:
            return
        if self.depth or given.get("id") == self.within:
            self.depth += 1
        if not self.depth:
            return
        self.bodies += tag == "tbody"
        self.rows += tag == "tr" and self.bodies > 0
        classes = (given.get("class") or "").split()
        self.items += "task" in classes

    def handle_endtag(self, tag):
        self.bodies -= tag == "tbody" and self.depth > 0
        if self.depth:
            self.depth -= 1

    @classmethod
    def count(cls, page: str, within: str) -> int:
        parser = cls(within)
        parser.feed(re.sub(r"<(use|rect|line|circle)([^>]*)/>", "", page))
        return parser.rows or parser.items


def close_chain() -> None:
    """What a commit does: the audit chain is closed."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def home(client, user, *, language: str = "zh-hans") -> str:
    client.logout()
    client.force_login(user)
    client.cookies["language"] = language
    response = client.get(reverse("role_home"))
    assert response.status_code == 200
    return response.content.decode()


def tallies(page: str) -> dict[str, int]:
    """Address → number, of every number that leads somewhere."""
    found = re.findall(r'href="([^"]+)"[^>]*data-tally="(\d+)"', page)
    return {url.replace("&amp;", "&"): int(count) for url, count in found}


def behind(client, url: str) -> int:
    """How many rows the list shows, all its pages taken together."""
    path, _hash, fragment = url.partition("#")
    found = 0
    while path:
        response = client.get(path)
        assert response.status_code == 200, path
        page = response.content.decode()
        found += Rows.count(page, fragment or "main")
        shown = response.context.get("page") if not fragment else None
        following = getattr(shown, "next_url", "")
        path = path.partition("?")[0] + following if following else ""
    return found


def assert_numbers_lead_to_their_rows(client, page: str, *expected: int) -> None:
    found = tallies(page)
    assert sorted(found.values()) == sorted(expected)
    assert {url: behind(client, url) for url in found} == found


def queries(client, user) -> int:
    home(client, user)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(reverse("role_home"))
    assert page.status_code == 200
    assert len(page.content) < MOST_BYTES
    return len(captured)


@pytest.fixture
def office(clock):
    clock.set(at_day(date(2026, 3, 6)))
    return make_office()


def notice(user, number: int) -> None:
    now = clocks.now()
    Notice.objects.create(
        recipient=user, subject=f"消息 {number}", dedupe_key=f"n{user.pk}-{number}", created_at=now,
        held_until=now,
    )  # fmt: skip


def due(case: Application, day: date) -> Application:
    Application.objects.filter(pk=case.pk).update(due_on=day)
    return case


def draft(office, organisation, ordinal: int = 1) -> Application:
    now = clocks.now()
    with transaction.atomic():
        return Application.objects.create(
            call=office.call, definition=office.call.definition, organisation=organisation,
            district=office.district, started_by=UserFactory(), started_at=now,
            stage_started_at=now, ordinal=ordinal, title=f"草稿 {ordinal}",
        )  # fmt: skip


def asked(office) -> Application:
    """A case on which the co-units are asked."""
    case = make_case(office, at="joint_review")
    with transaction.atomic():
        consulting.start(case, actor=office.lead_clerk)
    return case


# --- numbers ---------------------------------------------------------------------------


def test_every_section_of_the_table_exists():
    names = {name for _role, name in homes.MAIN + homes.BESIDE}
    assert all(callable(import_string(name)) for name in names)


def test_lead_clerk_s_numbers_lead_to_their_rows(client, office):
    due(make_case(office), date(2026, 3, 2))
    due(make_case(office), date(2026, 3, 9))
    back = make_case(office)
    Application.objects.filter(pk=back.pk).update(correction_round=1, due_on=date(2026, 3, 30))
    for number in range(3):
        notice(office.lead_clerk, number)
    page = home(client, office.lead_clerk)
    # Overdue 1, soon 1, held 3, back from correction 1; and the messages.
    unread = Notice.objects.filter(
        recipient=office.lead_clerk, held_until__lte=clocks.now()
    ).count()
    assert_numbers_lead_to_their_rows(client, page, 1, 1, 3, 1, unread)
    assert "超期" in page and "逐项审查，受理或补正" in page


def test_lead_clerk_s_rows_stand_by_their_due_date(client, office):
    late = due(make_case(office), date(2026, 3, 2))
    calm = due(make_case(office), date(2026, 4, 20))
    soon = due(make_case(office), date(2026, 3, 9))
    page = home(client, office.lead_clerk)
    places = [page.index(case.number) for case in (late, soon, calm)]
    assert places == sorted(places)


def test_co_unit_s_clerk_sees_what_awaits_an_opinion(client, office):
    cases = [asked(office) for _index in range(2)]
    page = home(client, office.co_clerk())
    found = tallies(page)
    assert found[reverse("review_inbox") + "?view=opinions"] == len(cases)
    assert {url: behind(client, url) for url in found} == found
    assert "反馈会商意见" in page


def test_head_sees_what_is_to_be_released(client, office):
    for _index in range(3):
        case = make_case(office)
        Proposal.objects.create(
            application=case, action="refuse", reason="材料不全", unit=office.lead,
            case_revision=case.revision, drafted_by=office.lead_clerk, drafted_at=clocks.now(),
        )  # fmt: skip
    page = home(client, office.lead_head)
    found = tallies(page)
    assert found[reverse("review_release_list")] == 3
    assert {url: behind(client, url) for url in found} == found
    assert page.index("待审签") < page.index("打开待办列表")


def test_a_row_names_whose_act_is_next(client, office):
    waiting, plain = make_case(office), make_case(office)
    Proposal.objects.create(
        application=waiting, action="refuse", reason="材料不全", unit=office.lead,
        case_revision=waiting.revision, drafted_by=office.lead_clerk, drafted_at=clocks.now(),
    )  # fmt: skip

    def following(user) -> dict[str, str]:
        client.force_login(user)
        lines = {
            line.hint.partition(" ")[0]: str(line.next)
            for section in client.get(reverse("role_home")).context["main"]
            if section.code == "queue"
            for line in section.lines
        }
        return {"drafted": lines[waiting.number], "plain": lines[plain.number]}

    assert following(office.lead_clerk) == {
        "drafted": "不予受理已起草，待负责人审签",
        "plain": "逐项审查，受理或补正",
    }
    assert following(office.lead_head) == {
        "drafted": "审签不予受理",
        "plain": "经办人：逐项审查，受理或补正",
    }


def test_a_queue_says_how_many_rows_it_leaves_out(client, office):
    for _index in range(14):
        make_case(office)
    assert "另有 2 项，查看全部" in home(client, office.lead_clerk)


def test_head_sees_claw_backs_to_sign(client, clock):
    clock.set(at_day(date(2026, 3, 6)))
    load_calendar()
    scene = make_scene(caps=[cap("unit", "2000000", scope="organisation")])
    drafted(scene, paid(scene))
    page = home(client, scene.lead_head)
    assert "待签发的追回" in page
    assert "核对事由和依据后签发" in page
    assert "待签发的追回" not in home(client, scene.lead_clerk)


def test_district_clerk_sees_organisations_and_cases(client, office):
    for days in (-3, -1, 5):
        waiting = OrganisationFactory(district=office.district, status="pending")
        Organisation.objects.filter(pk=waiting.pk).update(
            due_on=date(2026, 3, 6) + timedelta(days=days)
        )
    make_case(office, at="recommendation")
    page = home(client, office.district_clerk)
    found = tallies(page)
    assert found[reverse("organisation_queue")] == 3
    assert found[reverse("organisation_queue") + "?status=overdue"] == 2
    assert {url: behind(client, url) for url in found} == found


def test_applicant_s_numbers_and_completion(client, office):
    organisation = OrganisationFactory(district=office.district)
    admin = person(Role.ORG_ADMIN, organisation=organisation)
    make_case(office, organisation=organisation, ordinal=1)
    draft(office, organisation, 2)
    draft(office, organisation, 3)
    page = home(client, admin)
    found = tallies(page)
    url = reverse("application_list")
    assert (found[f"{url}?state=own"], found[f"{url}?state=units"]) == (2, 1)
    assert {url: behind(client, url) for url in found} == found
    assert "已完成 " in page and "data-countdown" in page
    assert office.lead.name in page


def test_applicant_s_rows_stand_by_what_is_due_first(client, office, clock):
    organisation = OrganisationFactory(district=office.district)
    admin = person(Role.ORG_ADMIN, organisation=organisation)
    soon, calm = (
        make_case(office, organisation=organisation, ordinal=number, title=title)
        for number, title in ((1, "补正甲"), (2, "补正乙"))
    )
    for case in (soon, calm):
        with transaction.atomic():
            move(case, "ask_correction", actor=office.lead_clerk, note="请补正")
    drafted = draft(office, organisation, 3)
    cut_off = clocks.local(office.call.closes_at).date()
    due(soon, cut_off - timedelta(days=1))
    due(calm, cut_off + timedelta(days=9))

    def order() -> list[str]:
        page = home(client, admin)
        return sorted((soon.title, drafted.title, calm.title), key=page.index)

    assert order() == [soon.title, drafted.title, calm.title]
    clock.set(at_day(cut_off + timedelta(days=3)))
    assert order() == [soon.title, calm.title, drafted.title]


def test_applicant_of_a_pending_organisation_is_told_who_verifies(client):
    load_calendar()
    organisation = OrganisationFactory(status="pending")
    page = home(client, person(Role.ORG_ADMIN, organisation=organisation))
    assert organisation.district.name in page and "等待区核验" in page


def test_expert_s_numbers_lead_to_their_rows(client, office):
    cases = [make_case(office, at="expert_review") for _index in range(3)]
    panel = scoring_panel(office, *cases)
    sheet = Scoring.objects.filter(seat__panel=panel, seat__state="seated").first()
    expert = sheet.seat.expert.user
    fill_sheet(sheet, ("30", "50"), comment="见意见")
    page = home(client, expert)
    found = tallies(page)
    url = reverse("review_expert_home")
    assert {state: found[f"{url}?state={state}"] for state in ("open", "untouched", "sent")} == {
        "open": 2,
        "untouched": 2,
        "sent": 1,
    }
    assert {url: behind(client, url) for url in found} == found
    assert "核对有无回避情形" in page


def test_expert_s_list_begins_with_what_is_due_first(client, office):
    cases = [make_case(office, at="expert_review") for _index in range(2)]
    made = [scoring_panel(office, case) for case in cases]
    seated = [{s.expert.user for s in panel.seats.filter(state="seated")} for panel in made]
    client.force_login(set.intersection(*seated).pop())
    for first, second in ((0, 1), (1, 0)):
        for index, day in ((first, 16), (second, 30)):
            Panel.objects.filter(pk=made[index].pk).update(due_on=date(2026, 3, day))
        page = client.get(reverse("review_expert_home")).content.decode()
        assert page.index(cases[first].number) < page.index(cases[second].number)


def test_finance_s_numbers_lead_to_their_rows(client, clock):
    clock.set(at_day(date(2026, 3, 6)))
    load_calendar()
    scene = make_scene()
    award = scene.confirmed()
    again = scene.confirmed()
    batch = payments.release(
        payments.draft(scene.call, awards=[again], actor=scene.finance), actor=scene.finance_head
    )
    sent = batch.payments.get()
    with transaction.atomic():
        payments.bounce(sent, actor=scene.finance, on=date(2026, 3, 6), reason="账号有误")
    scene.payment(award, "1000000")
    page = home(client, scene.finance)
    found = tallies(page)
    url = reverse("award_finance_inbox")
    assert (found[f"{url}#due"], found[f"{url}#bounced"]) == (1, 1)
    assert {url: behind(client, url) for url in found} == found
    signing = tallies(home(client, scene.finance_head))
    assert signing[f"{url}#batches"] == 1
    assert {url: behind(client, url) for url in signing} == signing


def test_policy_admin_s_numbers_lead_to_their_rows(client, clock):
    clock.set(at_day(date(2026, 3, 6)))
    callables.make_draft()
    lacking = callables.make_draft(callables.make_callable_measure(2), budget_cny=None)
    own = home(client, callables.person("drafter"))
    assert tallies(own) == {reverse("policy_call_list") + "?status=draft": 2}
    assert behind(client, reverse("policy_call_list") + "?status=draft") == 2
    assert "预算" in own and lacking.code in own
    other = home(client, callables.person("publisher"))
    found = tallies(other)
    assert found[reverse("policy_admin_home") + "#waiting"] == 2
    assert {url: behind(client, url) for url in found} == found
    assert "2026 年日历尚未载入" in other


def test_account_admin_s_numbers_lead_to_their_rows(client, clock):
    clock.set(at_day(date(2026, 3, 6)))
    load_calendar()
    admin = person(Role.ACCOUNT_ADMIN)
    for email in ("a@example.org", "b@example.org"):
        inviting.invite(email, Role.EXPERT, actor=admin)
    clock.set(at_day(date(2026, 3, 20)))
    inviting.invite("c@example.org", Role.EXPERT, actor=admin)
    late = OrganisationFactory(status="pending")
    Organisation.objects.filter(pk=late.pk).update(due_on=date(2026, 3, 10))
    locked = UserFactory(email="Locked@Example.org")
    for _attempt in range(locking.MAX_FAILURES):
        locking.begin_attempt(locked.email)
    page = home(client, admin)
    assert_numbers_lead_to_their_rows(client, page, 1, 2, 1, 1)
    assert late.name in page


def test_auditor_s_numbers_lead_to_their_rows(client, clock):
    clock.set(at_day(date(2026, 3, 6)))
    old = UserFactory(phone="13800001234")
    admin = person(Role.ACCOUNT_ADMIN)
    with transaction.atomic():
        users.reveal_phone(old, actor=admin, reason="核对身份")
    clock.set(at_day(date(2026, 3, 20)))
    for _index in range(2):
        with transaction.atomic():
            users.reveal_phone(old, actor=admin, reason="核对身份")
    with transaction.atomic():
        record("audit.export", obj=old, actor=admin)
    with transaction.atomic():
        record("user.disable", obj=old, actor=admin)
    close_chain()
    page = home(client, person(Role.AUDITOR))
    close_chain()
    found = tallies(page)
    assert sorted(found.values()) == [1, 1, 2]
    assert {url: behind(client, url) for url in found} == found


# --- several roles, none, empty ----------------------------------------------------------


def test_several_roles_see_their_sections_together(client, office):

    MembershipFactory(user=office.lead_clerk, role=Role.EXPERT)
    notice(office.lead_clerk, 1)
    page = home(client, office.lead_clerk)
    assert 'id="s-queue"' in page and 'id="s-sheets"' in page
    assert page.count('id="s-messages"') == 1


def test_newcomer_is_led_to_the_registration(client):
    page = home(client, UserFactory())
    assert reverse("organisation_register") in page


def test_visitor_is_sent_to_sign_in(client):
    response = client.get(reverse("role_home"))
    assert response.status_code == 302 and reverse("account_login") in response["Location"]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_empty_home_names_the_next_act(client, role, language):
    load_calendar()
    page = home(client, person(role), language=language)
    sections = page.count('class="card home-section"')
    assert sections >= 1
    assert page.count("home-empty") + page.count("home-table") >= sections
    assert tallies(page) == {} or role == Role.AUDITOR


# --- queries -----------------------------------------------------------------------------


def _lead(office, rows: int):
    for _index in range(rows):
        due(make_case(office), date(2026, 3, 4))
    return [office.lead_clerk, office.lead_head]


def _co_unit(office, rows: int):
    for _index in range(rows):
        asked(office)
    return [office.co_clerk()]


def _district(office, rows: int):
    for _index in range(rows):
        make_case(office, at="recommendation")
        OrganisationFactory(district=office.district, status="pending")
    return [office.district_clerk, office.district_head]


def _expert(office, rows: int):
    cases = [make_case(office, at="expert_review") for _index in range(rows)]
    panel = scoring_panel(office, *cases)
    return [panel.seats.filter(state="seated").first().expert.user]


def _applicant(office, rows: int):
    organisation = Organisation.objects.filter(name="一家公司").first()
    if organisation is None:
        organisation = OrganisationFactory(name="一家公司", district=office.district)
        person(Role.ORG_ADMIN, organisation=organisation, name="管理员")
    start = Application.objects.filter(organisation=organisation).count()
    for index in range(rows):
        make_case(office, organisation=organisation, ordinal=start + 2 * index + 1)
        draft(office, organisation, start + 2 * index + 2)
    return [organisation.memberships.get(user__name="管理员").user]


@pytest.mark.parametrize("make", [_lead, _co_unit, _district, _expert, _applicant])
def test_queries_of_a_home_do_not_grow_with_its_rows(client, office, make):
    people = make(office, 1)
    first = [queries(client, user) for user in people]
    if make is _expert:
        Panel.objects.update(state="frozen", frozen_by=office.lead_head, frozen_at=clocks.now())
    again = make(office, 29)
    people = again if make is _expert else people
    assert [queries(client, user) for user in people] == first
    assert max(first) <= MOST_QUERIES


def test_queries_of_finance_s_home_do_not_grow_with_its_rows(client, clock):
    clock.set(at_day(date(2026, 3, 6)))
    load_calendar()
    scene = make_scene(places=None, quota={})
    scene.payment(scene.confirmed(amount="1000"), "1000")
    people = [scene.finance, scene.finance_head]
    first = [queries(client, user) for user in people]
    for _index in range(29):
        scene.payment(scene.confirmed(amount="1000"), "1000")
    assert [queries(client, user) for user in people] == first
    assert max(first) <= MOST_QUERIES


def test_queries_of_the_administrators_homes_do_not_grow(client, clock):
    clock.set(at_day(date(2026, 3, 6)))
    load_calendar()
    measure = callables.make_callable_measure()
    people = [callables.person("drafter"), person(Role.ACCOUNT_ADMIN), person(Role.AUDITOR)]

    def grow(rows: int) -> None:
        for _index in range(rows):
            callables.make_draft(measure)
            inviting.invite(f"x{_index}-{rows}@example.org", Role.EXPERT, actor=people[1])
            late = OrganisationFactory(status="pending")
            Organisation.objects.filter(pk=late.pk).update(due_on=date(2026, 3, 2))
            with transaction.atomic():
                record("user.disable", obj=late, actor=people[1])
        close_chain()

    grow(1)
    first = [queries(client, user) for user in people]
    grow(29)
    assert [queries(client, user) for user in people] == first
    assert max(first) <= MOST_QUERIES


def test_public_notices_stand_with_their_end(client, office):
    case = make_case(office, at="public_notice")
    selected(office, case)
    published(office, case)
    page = home(client, office.lead_clerk)
    assert "公示中，期满后办结" in page


def test_questions_that_wait_lead_to_their_list(client, office):
    asker = person(Role.FILLER)
    for text in ("投入起算日如何确定？", "联合体如何申报？"):
        asked_one = questions.ask(office.call, text, actor=asker)
    questions.draft_public(
        asked_one, public_text="联合体如何申报？", answer="由牵头单位申报。",
        actor=office.lead_clerk, seen_revision=asked_one.revision,
    )  # fmt: skip
    url = reverse("question_list")
    for user, address in (
        (office.lead_clerk, "?state=asked"),
        (office.lead_head, "?state=drafted"),
    ):
        found = tallies(home(client, user))
        assert found[url + address] == 1
        assert behind(client, url + address) == 1
