"""``manage.py demo``: everything that the demonstration promises, once, by the product's verbs."""

import io
import json
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from awards.demonstration import base
from policy.models import CalendarYear, Call
from portal import clock
from portal.accounts.models import Membership, Organisation, Role, User
from portal.audit.models import Event
from reviews.models import Expert

pytestmark = pytest.mark.django_db
PASSWORD = "for-everybody-1"


def run(*args) -> str:
    stdout = io.StringIO()
    call_command("demo", *args, stdout=stdout)
    return stdout.getvalue()


@pytest.fixture(scope="module")
def made(whole_policy, tmp_path_factory) -> str:
    """The demonstration, made once for the module's tests; what the command told."""
    folder = tmp_path_factory.mktemp("demonstration")
    with override_settings(
        DEMO=True, DEMO_PASSWORD=PASSWORD, BLOB_DIR=folder / "blobs", ANCHOR_DIR=folder / "anchors"
    ):
        told = run()
    connection.check_constraints()
    return told


@pytest.fixture(autouse=True)
def demo_on(settings, tmp_path):
    settings.DEMO, settings.DEMO_PASSWORD = True, PASSWORD
    settings.BLOB_DIR, settings.ANCHOR_DIR = tmp_path / "blobs", tmp_path / "anchors"


def roles() -> dict[str, int]:
    held = Membership.objects.active().values_list("role", flat=True)
    return {role: list(held).count(role) for role in set(held)}


def test_people_of_every_role_can_sign_in(made):
    assert roles() == {
        Role.CLERK: 8,
        Role.HEAD: 4,
        Role.FINANCE: 1,
        Role.FINANCE_HEAD: 1,
        Role.POLICY_ADMIN: 2,
        Role.ACCOUNT_ADMIN: 1,
        Role.AUDITOR: 1,
        Role.EVALUATOR: 1,
        Role.EXPERT: 7,
        Role.ORG_ADMIN: 4,
        Role.FILLER: 3,
    }
    users = User.objects.all()
    assert {user.check_password(PASSWORD) for user in users} == {True}
    verified = User.objects.filter(emailaddress__verified=True, emailaddress__primary=True)
    assert verified.count() == users.count() == 33


def test_every_unit_of_the_road_has_its_clerk(made):
    held = Membership.objects.active().filter(role=Role.CLERK)
    measure = Call.objects.get().measure
    units = {measure.lead_unit, *measure.co_units}
    assert {unit.name_zh for unit in units} == {
        "市科技局", "市教育局", "市工信局", "市卫健委", "市财政局", "市委金融办",
    }  # fmt: skip
    assert {unit.code for unit in units} <= set(held.values_list("unit__code", flat=True))


def test_three_organisations_are_verified_by_their_districts_and_one_waits(made):
    found = Organisation.objects.order_by("pk").values_list(
        "status", "district__name_zh", "verified_by__email"
    )
    assert list(found) == [
        ("verified", "栖霞区", "qixia.clerk@demo.example"),
        ("verified", "栖霞区", "qixia.clerk@demo.example"),
        ("verified", "江北新区", "jiangbei.clerk@demo.example"),
        ("pending", "栖霞区", None),
    ]
    assert all(org.licence_id and org.bank_account for org in Organisation.objects.all()[:3])


def test_one_call_is_open_as_two_people_made_it(made):
    call = Call.objects.get()
    assert call.is_open(at=clock.now())
    assert (call.measure.line, call.year, call.budget_cny, call.places) == (
        "10-1",
        clock.today().year,
        Decimal("20000000.00"),
        10,
    )
    assert call.settings["rate"] == "0.3"
    emails = (call.drafted_by.email, call.published_by.email)
    assert emails == ("policy.admin1@demo.example", "policy.admin2@demo.example")
    assert (call.closes_at - clock.now()).days >= 20


def test_experts_cover_fields_of_the_form(made):
    form = base.calls.schema_of(Call.objects.get().definition).form
    known = {choice.code for choice in form.fields["fields"].choices}
    experts = list(Expert.objects.drawable())
    assert len(experts) == 7
    assert {field for expert in experts for field in expert.fields} <= known
    in_biomedicine = [expert for expert in experts if "biomedicine" in expert.fields]
    assert len(in_biomedicine) >= 3


def test_calendars_of_this_year_and_the_next_are_known(made):
    year = clock.today().year
    assert {year, year + 1} <= set(CalendarYear.objects.values_list("year", flat=True))
    assert CalendarYear.objects.get(year=year + 1).provisional


def test_run_again_changes_nothing_and_tells_the_same(made):
    before = Event.objects.count(), User.objects.count(), Call.objects.count()
    assert run() == made
    assert (Event.objects.count(), User.objects.count(), Call.objects.count()) == before


def test_accounts_as_json_name_role_and_place(made):
    rows = {row["email"]: row for row in json.loads(run("--accounts", "--json"))}
    assert rows["lead.clerk@demo.example"] == {
        "email": "lead.clerk@demo.example",
        "name": "陆明远",
        "role": "clerk",
        "role_zh": "经办人",
        "place": "市科技局",
        "password": PASSWORD,
    }
    assert rows["university.filler@demo.example"]["place"] == "金陵未来理工大学"


@pytest.mark.parametrize("year", [2027, 2028, 2029, 2030, 2035])
def test_provisional_calendar_is_plausible(year):
    days = base.provisional_days(year)
    workdays = base.calendars.count_workdays(year, days)
    assert workdays in base.calendars.PLAUSIBLE_WORKDAYS
