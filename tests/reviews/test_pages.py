"""Every reviewing page in every state it can be in: it answers, and lists cost the same at 1 and 30."""

import re
from datetime import date
from html import unescape
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from applications.models import Application
from reviews import (
    checking,
    consulting,
    findings,
    objecting,
    panels,
    proposing,
    selecting,
    verifying,
)
from reviews.models import Selection
from tests.factories import OrganisationFactory
from tests.reviews.cases import (
    add_invoice,
    at_day,
    fill_all,
    make_case,
    make_expert,
    make_office,
    make_pool,
    published,
    scoring_panel,
    selected,
)
from tests.reviews.views.pages import get

pytestmark = pytest.mark.django_db
LANGUAGES = ["zh-hans", "en"]


@pytest.fixture
def office():
    return make_office()


def queries(client, user, route, *args, query: str = "") -> int:
    """How many queries the page takes, after a first visit."""
    get(client, user, route, *args, query=query)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert get_again(client, route, *args, query=query).status_code == 200
    return len(captured)


def get_again(client, route, *args, query: str = ""):
    return client.get(reverse(route, args=args) + query)


# --- lists cost the same at 1 and at 30 -----------------------------------------------------


def many(office, count: int, at: str):
    return [make_case(office, at=at, invoices=0) for _index in range(count)]


@pytest.mark.parametrize(
    ("route", "at", "who", "most"),
    [
        ("review_inbox", "recommendation", "district_clerk", 15),
        ("review_inbox", "formal_check", "lead_clerk", 15),
        ("review_case_list", "formal_check", "lead_clerk", 15),
        ("review_selection_list", "selection", "lead_clerk", 15),
        ("review_panel_list", "expert_review", "lead_clerk", 15),
    ],
)
def test_list_of_cases_takes_as_many_queries_for_30_as_for_1(client, office, route, at, who, most):
    user = getattr(office, who)
    many(office, 1, at)
    one = queries(client, user, route)
    many(office, 29, at)
    assert queries(client, user, route) == one
    assert one <= most


def test_inbox_of_opinions_takes_as_many_queries_for_30_as_for_1(client, office):
    user = office.co_clerk(0)

    def ask(count):
        for case in many(office, count, "joint_review"):
            consulting.start(case, actor=office.lead_clerk)

    ask(1)
    one = queries(client, user, "review_inbox", query="?view=opinions")
    ask(29)
    assert queries(client, user, "review_inbox", query="?view=opinions") == one
    assert one <= 15


def test_release_list_takes_as_many_queries_for_30_as_for_1(client, office):
    user = office.lead_head

    def draft(count):
        for case in many(office, count, "formal_check"):
            proposing.draft(case, "refuse", actor=office.lead_clerk, reason="x")

    draft(1)
    one = queries(client, user, "review_release_list")
    draft(29)
    assert queries(client, user, "review_release_list") == one
    assert one <= 15


def test_pool_takes_as_many_queries_for_30_as_for_1(client, office):
    make_expert()
    one = queries(client, office.lead_clerk, "review_expert_pool")
    for _index in range(29):
        make_expert()
    assert queries(client, office.lead_clerk, "review_expert_pool") == one
    assert one <= 15


def test_experts_home_takes_as_many_queries_for_30_as_for_1(client, office):
    make_pool(8)
    first = scoring_panel(office, *many(office, 1, "expert_review"))
    expert = first.seats.filter(state="seated").first().expert

    def sit(count):
        cases = many(office, count, "expert_review")
        panel = panels.approve(
            panels.draw(office.call, cases=cases, actor=office.lead_clerk),
            actor=office.lead_head,
        )
        seat = panel.seats.order_by("order").first()
        if not panel.seats.filter(expert=expert, state="seated").exists():
            panel.seats.filter(expert=expert).delete()
            type(seat).objects.filter(pk=seat.pk).update(expert=expert)

    one = queries(client, expert.user, "review_expert_home")
    sit(29)
    assert queries(client, expert.user, "review_expert_home") == one
    assert one <= 15


def test_public_list_takes_as_many_queries_for_30_as_for_1(client, office, clock):
    clock.set(at_day(date(2026, 3, 6)))

    def publish(count):
        for case in many(office, count, "public_notice"):
            published(office, case)

    publish(1)
    clock.set(at_day(date(2026, 3, 9)))
    client.logout()
    with CaptureQueriesContext(connection) as first:
        client.get(reverse("review_public_notice_list"))
    clock.set(at_day(date(2026, 3, 6)))
    publish(29)
    clock.set(at_day(date(2026, 3, 9)))
    with CaptureQueriesContext(connection) as last:
        page = client.get(reverse("review_public_notice_list"))
    assert len(page.context["rows"]) == 30
    assert len(first) == len(last) <= 15


# --- the desk ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["check", "amount", "findings", "history"])
def test_desk_takes_at_most_25_queries_whatever_the_case_holds(client, office, tab):
    small, large = make_case(office), make_case(office)
    for index in range(40):
        add_invoice(large, seller_uscc="91320113MA2B00X78G", related_party=index % 2 == 0)
    for point in checking.points(large):
        checking.tick(large, point.point.code, actor=office.lead_clerk, result="passed")
    many(office, 20, "formal_check")
    query = f"?tab={tab}"
    one = queries(client, office.lead_clerk, "review_desk", small.uid, query=query)
    assert queries(client, office.lead_clerk, "review_desk", large.uid, query=query) == one
    assert one <= 25


@pytest.mark.parametrize("doc", ["content", "invoices", "attachment"])
def test_desk_shows_every_kind_of_document(client, office, doc):
    case = make_case(office)
    key = case.attachments.get(slot="licence").uid if doc == "attachment" else doc
    page = get(client, office.lead_clerk, "review_desk", case.uid, query=f"?doc={key}&page=2")
    text = page.content.decode()
    assert page.status_code == 200
    if doc == "attachment":
        assert f"/reviews/cases/{case.uid}/documents/{key}/#page=2" in text
    if doc == "invoices":
        assert case.invoices.first().invoice_no in text
    if doc == "content":
        assert "26 人" in text


def test_desk_never_shows_the_payees_account(client, office):
    case = make_case(office)
    text = get(client, office.lead_clerk, "review_desk", case.uid).content.decode()
    assert "13800001234" in text
    assert "6222000000001234" not in text


STATES = {
    "recommendation": ("district_clerk", "recommend"),
    "formal_check": ("lead_clerk", "accept"),
    "joint_review": ("lead_clerk", "conclude"),
    "expert_review": ("lead_clerk", "panel"),
    "verification": ("lead_clerk", "verify"),
    "selection": ("lead_clerk", "selection"),
    "public_notice": ("lead_clerk", "notice"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("at", STATES)
def test_desk_offers_the_stages_act(client, office, at, language):
    who, act = STATES[at]
    case = make_case(office, at=at)
    page = get(client, getattr(office, who), "review_desk", case.uid, language=language)
    assert page.status_code == 200
    assert act in {one.code for one in page.context["desk"].acts}


@pytest.mark.parametrize("act", ["recommend", "return", "decline"])
def test_district_opens_each_acts_form(client, office, act):
    case = make_case(office, at="recommendation")
    page = get(client, office.district_clerk, "review_desk", case.uid, query=f"?act={act}")
    assert page.status_code == 200
    assert page.context["form"].initial["seen"] == case.revision


@pytest.mark.parametrize("act", ["accept", "nothing", "opinion"])
def test_a_form_that_is_not_the_readers_is_not_found(client, office, act):
    case = make_case(office, at="recommendation")
    page = get(client, office.district_clerk, "review_desk", case.uid, query=f"?act={act}")
    assert page.status_code == 404


@pytest.mark.parametrize("who", ["stranger", "applicant"])
def test_desk_of_another_case_is_not_found(client, office, who):
    case = make_case(office)
    user = case.applicant if who == "applicant" else office.stranger
    assert get(client, user, "review_desk", case.uid).status_code == 404


def test_saved_views_count_what_they_show(client, office, clock):
    clock.set(at_day(date(2026, 3, 6)))
    plain = make_case(office)
    late = make_case(office)
    type(late).objects.filter(pk=late.pk).update(due_on=date(2026, 3, 9))
    back = make_case(office)
    type(back).objects.filter(pk=back.pk).update(correction_round=1)
    page = get(client, office.lead_clerk, "review_inbox")
    counts = {view.code: count for view, count, _current in page.context["views"]}
    assert counts == {
        "mine": 3, "overdue": 0, "soon": 1, "corrected": 1, "opinions": 0, "objections": 0,
    }  # fmt: skip
    # The soonest due first; the same day in the order of the (random) uid.
    same_day = sorted([plain, back], key=lambda case: case.uid)
    for code, cases in (("soon", [late]), ("corrected", [back]), ("mine", [late, *same_day])):
        shown = get(client, office.lead_clerk, "review_inbox", query=f"?view={code}")
        assert [row.case for row in shown.context["rows"]] == cases


def test_filters_live_in_the_address_and_say_what_they_hide(client, office):
    case = make_case(
        office, organisation=OrganisationFactory(name="紫金激光", district=office.district)
    )
    make_case(office)
    found = get(client, office.lead_clerk, "review_inbox", query="?view=mine&q=紫金")
    assert [row.case for row in found.context["rows"]] == [case]
    none = get(client, office.lead_clerk, "review_inbox", query="?view=mine&q=青铜")
    assert none.context["hidden"] == 2
    assert "筛选条件隐藏了 2 条" in none.content.decode()


def test_a_narrowed_list_stays_narrowed_at_the_desk_and_on_the_way_back(client, office):
    mine = [
        make_case(office, organisation=OrganisationFactory(name=name, district=office.district))
        for name in ("紫金激光", "紫金材料")
    ]
    make_case(office)
    page = get(client, office.lead_clerk, "review_inbox", query="?view=mine&q=紫金")
    for case in mine:
        row = f'href="{reverse("review_desk", args=[case.uid])}?'
        assert row in page.content.decode()
    assert dict(parse_qsl(page.context["kept"])) == {"view": "mine", "q": "紫金"}
    query = f"?view=mine&q=紫金&district={office.district.code}"
    desk = get(client, office.lead_clerk, "review_desk", mine[0].uid, query=query)
    assert {row.case for row in desk.context["queue"]["rows"]} == set(mine)
    kept = {"view": "mine", "q": "紫金", "district": office.district.code}
    assert dict(parse_qsl(desk.context["queue"]["kept"])) == kept
    text = desk.content.decode()
    address = escape(desk.context["queue"]["kept"])
    assert f'href="{reverse("review_desk", args=[mine[1].uid])}?{address}"' in text
    assert f'href="{reverse("review_inbox")}?{address}#c-{mine[0].uid}"' in text
    assert f'name="district" value="{office.district.code}"' in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("due_to=2026-03-09", "a"),
        ("due_from=2026-03-10", "bc"),
        ("due_from=2026-03-09&due_to=2026-03-16", "ab"),
        ("asked_min=200", "bc"),
        ("asked_min=150.5&asked_max=200", "b"),
        ("asked_max=100", "a"),
        ("asked_max=99.99", ""),
        ("q=&due_to=&asked_min=", "abc"),
    ],
)
def test_filters_by_due_date_and_amount(client, office, query, shown):
    made = {}
    for name, due_on, asked in (
        ("a", date(2026, 3, 9), 1_000_000), ("b", date(2026, 3, 16), 2_000_000),
        ("c", None, 3_000_000),
    ):  # fmt: skip
        made[name] = make_case(office)
        Application.objects.filter(pk=made[name].pk).update(due_on=due_on, asked_cny=asked)
    page = get(client, office.lead_clerk, "review_inbox", query=f"?view=mine&{query}")
    assert {row.case for row in page.context["rows"]} == {made[name] for name in shown}
    every = get(client, office.lead_clerk, "review_case_list", query=f"?{query}")
    assert {row.case for row in every.context["rows"]} == {made[name] for name in shown}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("due_to=31.02.2026", "请填写有效日期。"),
        ("asked_min=viel", "请填写 0 至 99999999 的数。"),
        ("asked_min=1e999", "请填写 0 至 99999999 的数。"),
    ],
)
def test_a_filter_that_cannot_be_read_is_told_and_kept(client, office, query, words):
    make_case(office)
    page = get(client, office.lead_clerk, "review_inbox", query=f"?view=mine&{query}")
    text = page.content.decode()
    assert len(page.context["rows"]) == 1
    assert words in text
    assert f'value="{query.partition("=")[2]}"' in text
    assert '<details class="filter-more" open>' in text


def test_the_way_back_leads_to_the_page_and_the_row(client, office):
    cases = sorted((make_case(office, invoices=0) for _n in range(33)), key=lambda case: case.uid)
    first = get(client, office.lead_clerk, "review_inbox", query="?view=mine&asked_max=99999")
    second = client.get(reverse("review_inbox") + first.context["page"].next_url)
    row = second.context["rows"][-1].case
    assert row == cases[-1]
    text = second.content.decode()
    link = re.search(rf'href="({reverse("review_desk", args=[row.uid])}[^"]*)"', text)[1]
    desk = client.get(unescape(link))
    back = desk.context["queue"]["back"]
    assert back.endswith(f"#c-{row.uid}")
    assert desk.content.decode().count(escape(back)) == 2
    again = client.get(back)
    assert [r.case for r in again.context["rows"]] == [r.case for r in second.context["rows"]]
    assert f'<tr id="c-{row.uid}">' in again.content.decode()


def test_the_way_back_from_all_cases_leads_to_all_cases(client, office):
    case = make_case(office)
    page = get(client, office.lead_clerk, "review_case_list", query="?q=" + case.number)
    link = re.search(rf'href="({reverse("review_desk", args=[case.uid])}[^"]*)"',
                     page.content.decode())[1]  # fmt: skip
    desk = client.get(unescape(link))
    assert desk.context["queue"]["back"].startswith(reverse("review_case_list"))
    assert [row.case for row in desk.context["queue"]["rows"]] == [case]


def test_the_desk_shows_the_rows_around_a_case_far_down_the_list(
    client, office, django_assert_max_num_queries
):
    cases = sorted((make_case(office, invoices=0) for _n in range(70)), key=lambda case: case.uid)
    get(client, office.lead_clerk, "review_desk", cases[64].uid)
    with django_assert_max_num_queries(25):
        desk = client.get(reverse("review_desk", args=[cases[64].uid]))
    shown = [row.case for row in desk.context["queue"]["rows"]]
    assert shown == cases[54:]
    assert desk.context["next_uid"] == cases[65].uid
    checking.tick_rest(cases[64], actor=office.lead_clerk)
    answer = client.post(
        reverse("review_accept", args=[cases[64].uid]),
        {"seen": Application.objects.get(pk=cases[64].pk).revision, "next": cases[65].uid},
    )
    assert reverse("review_desk", args=[cases[65].uid]) in answer.url
    near = client.get(reverse("review_desk", args=[cases[3].uid])).context["queue"]["rows"]
    assert [row.case for row in near] == cases[:50]


def test_objections_stand_in_the_lead_units_view(client, office, clock):
    clock.set(at_day(date(2026, 3, 6)))
    case = make_case(office, at="public_notice")
    notice = published(office, case)
    clock.set(at_day(notice.starts_on))
    objection = objecting.file(
        notice, application=case, signed_as="person", signatory="周", contact="1", text="x"
    )
    page = get(client, office.lead_clerk, "review_inbox", query="?view=objections")
    assert [row.case for row in page.context["rows"]] == [case]
    objecting.accept(objection, actor=office.lead_clerk)
    page = get(client, office.lead_clerk, "review_inbox", query="?view=objections")
    assert [row.case for row in page.context["rows"]] == [case]


# --- the other pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_correction_page_is_prefilled_with_what_failed(client, office, language):
    case = make_case(office)
    checking.tick(case, "staff", actor=office.lead_clerk, result="failed", note="缺 2 人")
    page = get(client, office.lead_clerk, "review_correction", case.uid, language=language)
    places = {place.path: place for part in page.context["draft"].parts for place in part.places}
    assert page.status_code == 200
    assert {path for path, place in places.items() if place.is_ticked} == {
        "files.social_insurance", "team.full_time_staff",
    }  # fmt: skip
    assert places["team.full_time_staff"].reason == "缺 2 人"


@pytest.mark.parametrize("language", LANGUAGES)
def test_verification_pages(client, office, language):
    case = make_case(office, at="verification")
    page = get(client, office.lead_clerk, "review_verification", case.uid, language=language)
    assert page.status_code == 200
    assert len(page.context["rows"]) == 2
    draft = verifying.draft(case, actor=office.lead_clerk, given={}, note="")
    for user, may in ((office.lead_head, True), (office.lead_clerk, False)):
        page = get(client, user, "review_verification_release", draft.uid, language=language)
        assert page.context["may_settle"] is may


@pytest.mark.parametrize("language", LANGUAGES)
def test_proposal_page_for_head_and_clerk(client, office, language):
    case = make_case(office)
    proposal = proposing.draft(case, "refuse", actor=office.lead_clerk, reason="不在宁")
    for user, may in ((office.lead_head, True), (office.lead_clerk, False)):
        page = get(client, user, "review_proposal", proposal.uid, language=language)
        assert page.status_code == 200
        assert page.context["may_settle"] is may
    assert get(client, office.district_head, "review_proposal", proposal.uid).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_panel_pages_from_draw_to_ranking(client, office, language):
    make_pool(8)
    cases = many(office, 2, "expert_review")
    page = get(client, office.lead_clerk, "review_panel_draw", office.call.uid, language=language)
    assert page.status_code == 200
    panel = panels.draw(office.call, cases=cases, actor=office.lead_clerk)
    assert get(client, office.lead_head, "review_panel", panel.uid).status_code == 200
    panels.approve(panel, actor=office.lead_head)
    points = {case.pk: [("35", "50")] * 4 + [("10", "30")] for case in cases}
    fill_all(panel, points)
    page = get(client, office.lead_clerk, "review_panel", panel.uid, language=language)
    assert (page.context["done"], page.context["total"]) == (10, 10)
    assert "85.00" not in page.content.decode()
    panels.freeze(panel, actor=office.lead_clerk)
    page = get(client, office.lead_clerk, "review_panel", panel.uid, language=language)
    assert "85.00" in page.content.decode()
    assert len(page.context["wide"]) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_selection_pages(client, office, language):
    case = make_case(office, at="selection")
    page = get(client, office.lead_clerk, "review_selection_draft", office.call.uid)
    assert page.status_code == 200
    selection = selecting.draft(
        office.call, title="会", met_on=case.submitted_at.date(), minutes="纪要",
        items=[selecting.Item(case, "support", selecting.most_cny(case))],
        actor=office.lead_clerk,
    )  # fmt: skip
    for route in ("review_selection", "review_selection_edit"):
        page = get(client, office.lead_clerk, route, selection.uid, language=language)
        assert page.status_code == 200
    page = get(client, office.lead_head, "review_selection", selection.uid, language=language)
    assert page.context["may_settle"] is True
    assert get(client, office.lead_head, "review_selection_edit", selection.uid).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_notice_pages_inside_and_outside(client, office, clock, language):
    clock.set(at_day(date(2026, 3, 6)))
    case = make_case(office, at="public_notice")
    selection = selected(office, case)
    page = get(client, office.lead_clerk, "review_selection_publish", selection.uid)
    assert page.context["ends_on"] == date(2026, 3, 13)
    Selection.objects.all()
    selection.items.all().delete()
    selection.delete()
    notice = published(office, case)
    assert client.get(reverse("review_public_notice", args=[notice.uid])).status_code == 404
    clock.set(at_day(notice.starts_on))
    page = get(client, office.lead_clerk, "review_notice", notice.uid, language=language)
    assert page.status_code == 200
    client.logout()
    page = client.get(reverse("review_public_notice", args=[notice.uid]))
    text = page.content.decode()
    assert case.number in text
    organisation = case.organisation
    for private in (
        organisation.bank_account, organisation.contact_phone, organisation.contact_name,
        organisation.legal_representative, organisation.uscc,
    ):  # fmt: skip
        assert private not in text
    page = client.get(reverse("review_objection_file", args=[notice.uid, case.uid]))
    assert page.status_code == 200
    clock.set(at_day(date(2026, 3, 14)))
    page = client.get(reverse("review_objection_file", args=[notice.uid, case.uid]))
    assert page.status_code == 404


# --- experts, findings, checking ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_experts_pages(client, office, language):
    expert = make_expert()
    for route, args in (
        ("review_expert_pool", []), ("review_expert_add", []),
        ("review_expert_change", [expert.uid]),
    ):  # fmt: skip
        page = get(client, office.lead_clerk, route, *args, language=language)
        assert page.status_code == 200
        assert get(client, office.district_clerk, route, *args).status_code == 404


def test_findings_count_on_the_tab(client, office):
    case = make_case(office)
    add_invoice(case, related_party=True)
    page = get(client, office.lead_clerk, "review_desk", case.uid, query="?tab=findings")
    found = findings.current(case)
    assert page.context["desk"].open_findings == len(found) == 1


def test_accepting_before_every_item_is_settled_says_how_many_are_open(client, office):
    case = make_case(office, at="formal_check")
    query = "?view=mine&act=accept"
    page = get(client, office.lead_clerk, "review_desk", case.uid, query=query)
    left = page.context["desk"].unsettled
    text = page.content.decode()
    assert left > 0 and f"形式审查还有 {left} 项待核" in text
    assert 'class="btn btn-primary" data-key="a"' not in text
    checking.tick_rest(case, actor=office.lead_clerk)
    page = get(client, office.lead_clerk, "review_desk", case.uid, query=query)
    text = page.content.decode()
    assert "项待核" not in text and "受理后进入" in text
