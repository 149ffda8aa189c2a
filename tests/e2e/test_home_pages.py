"""The home of each role, and the menu's line, as their readers see them."""

from datetime import date

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import expect

from applications.models import Application
from portal import clock as clocks
from portal.accounts import inviting
from portal.accounts.models import Organisation, Role
from reviews.models import Proposal
from tests.awards.cases import make_scene
from tests.e2e import look
from tests.factories import MembershipFactory, OrganisationFactory, person
from tests.policy import callable as callables
from tests.portal.test_homes import asked, draft, due
from tests.reviews.cases import (
    load_calendar,
    make_case,
    make_office,
    published,
    scoring_panel,
    selected,
)

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("紫东激光装备", "江心洲生物医药", "麒麟人工智能", "栖霞新材料", "浦口集成电路")


@pytest.fixture
def office():
    """A lead unit in the middle of its work."""
    office = make_office()
    today = clocks.today()
    for index, name in enumerate(NAMES):
        organisation = OrganisationFactory(name=f"南京{name}有限公司", district=office.district)
        case = make_case(office, organisation=organisation)
        due(case, date.fromordinal(today.toordinal() + 3 * index - 4))
    back = make_case(office)
    Application.objects.filter(pk=back.pk).update(correction_round=1)
    asked(office)
    scoring_panel(office, make_case(office, at="expert_review"))
    noticed = make_case(office, at="public_notice")
    selected(office, noticed)
    published(office, noticed)
    for number in range(3):
        case = make_case(office, at="recommendation" if number else "formal_check")
        if not number:
            Proposal.objects.create(
                application=case, action="refuse", reason="材料不全", unit=office.lead,
                case_revision=case.revision, drafted_by=office.lead_clerk, drafted_at=clocks.now(),
            )  # fmt: skip
        late = OrganisationFactory(district=office.district, status="pending")
        Organisation.objects.filter(pk=late.pk).update(
            due_on=date.fromordinal(today.toordinal() + number - 2)
        )
    return office


def applicant(office):
    organisation = OrganisationFactory(name="南京紫金概念验证有限公司", district=office.district)
    admin = person(Role.ORG_ADMIN, organisation=organisation, name="冯守成")
    for ordinal, at in ((1, "formal_check"), (2, "joint_review"), (3, "recommendation")):
        make_case(office, organisation=organisation, ordinal=ordinal, at=at)
    draft(office, organisation, 4)
    return admin


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    "who",
    [
        "applicant", "lead_clerk", "lead_head", "district_clerk", "co_clerk", "expert",
        "account_admin", "auditor",
    ],
)  # fmt: skip
def test_home_fits_its_reader(open_page, office, who, language):
    if who == "applicant":
        user = applicant(office)
    elif who == "expert":
        user = Application.objects.get(status="expert_review").scorings.first().seat.expert.user
    elif who in {"account_admin", "auditor"}:
        user = person(Role(who))
        inviting.invite("late@example.org", Role.EXPERT, name="迟未接", actor=user)
    else:
        user = getattr(office, who)
        user = user() if callable(user) else user
    page = open_page(reverse("role_home"), user=user, language=language)
    assert look.faults(page, f"home-{who}-{language}") == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_finance_s_homes_fit_their_readers(open_page, language):
    load_calendar()
    scene = make_scene()
    scene.payment(scene.confirmed(amount="1200000"), "1200000")
    for user in (scene.finance, scene.finance_head):
        page = open_page(reverse("role_home"), user=user, language=language)
        assert look.faults(page, f"home-{user.name}-{language}") == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_policy_admin_s_home_fits_its_reader(open_page, language):
    callables.make_draft(budget_cny=None)
    callables.make_published(callables.make_callable_measure(2))
    for name in ("drafter", "publisher"):
        page = open_page(reverse("role_home"), user=callables.person(name), language=language)
        assert look.faults(page, f"home-policy-{name}-{language}") == []


# --- the menu ------------------------------------------------------------------------------

# What is wrong with the header: more than one line, or pieces over each other.
HEADER = """() => {
  const found = [];
  const header = document.querySelector(".site-header").getBoundingClientRect();
  if (header.height > 62) found.push(`the header is ${header.height} px high`);
  const menu = document.querySelector(".site-menu");
  const places = [...menu.children].map((item) => item.getBoundingClientRect());
  if (places.some((box) => Math.abs(box.top - places[0].top) > 1)) found.push("the menu wraps");
  const brand = document.querySelector(".site-brand").getBoundingClientRect();
  const tools = document.querySelector(".site-tools").getBoundingClientRect();
  if (places[0].left < brand.right - 1) found.push("the menu lies over the name");
  if (places.at(-1).right > tools.left + 1) found.push("the menu runs into the tools");
  if (tools.right > document.documentElement.clientWidth + 1) found.push("the tools overflow");
  return found;
}"""


def everybody(office):
    """A person of each role, and one of many."""
    many = office.lead_head
    MembershipFactory(user=many, role=Role.CLERK, unit=office.district)
    MembershipFactory(user=many, role=Role.EXPERT)
    found = [person(role, name="欧阳明远") for role in Role]
    return [*found, office.lead_clerk, office.district_clerk, many]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_menu_is_one_line_for_every_role_at_1366(open_page, language):
    office = make_office()
    faults = {}
    for user in [None, *everybody(office)]:
        page = open_page("/measures/", user=user, language=language)
        for width in (1366, 1280):
            page.set_viewport_size({"width": width, "height": 768})
            found = page.evaluate(HEADER)
            if found:
                held = [str(row.role) for row in user.memberships.all()] if user else ["visitor"]
                faults[" ".join([*held, str(width)])] = found
        page.context.close()  # a browser with fifteen windows open slows down
    assert faults == {}


def test_menu_opens_on_a_phone(open_page):
    office = make_office()
    with transaction.atomic():
        user = office.lead_clerk
    page = open_page(reverse("role_home"), user=user, width=375)
    menu = page.locator("#site-nav")
    expect(menu).to_be_hidden()
    page.locator("[data-menu-button]").click()
    expect(menu).to_be_visible()
    page.locator(".menu-group summary").first.click()
    expect(page.get_by_role("link", name="专家评审", exact=True)).to_be_visible()
    look.shoot(page, "menu-375")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


def test_menu_opens_without_script(chromium, live_server):
    context = chromium.new_context(
        viewport={"width": 375, "height": 768}, java_script_enabled=False
    )
    try:
        page = context.new_page()
        page.goto(live_server.url + "/measures/")
        menu = page.locator("#site-nav")
        expect(menu).to_be_hidden()
        page.locator("[data-menu-button]").click()
        expect(menu).to_be_visible()
    finally:
        context.close()
