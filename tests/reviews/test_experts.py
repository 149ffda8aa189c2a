"""The pool: who gets in, by whom, with what."""

import pytest

from portal.accounts.models import Role
from portal.audit.models import Event
from reviews import experts
from reviews.models import Expert
from reviews.refusals import Refused
from tests.factories import UserFactory, person
from tests.reviews.cases import make_expert, make_office

pytestmark = pytest.mark.django_db
GIVEN = {"employer": "南京大学", "employer_uscc": "12320000466006770E", "fields": ["bio", "ai"]}


@pytest.fixture
def office():
    return make_office()


def test_add_takes_a_user_with_the_role_in(office):
    user = person(Role.EXPERT)
    expert = experts.add(f" {user.email.upper()} ", **GIVEN, actor=office.lead_clerk)
    assert (expert.user, expert.fields) == (user, ["ai", "bio"])
    assert Event.objects.get(action="expert.add").data["user"] == user.uid


@pytest.mark.parametrize("who", ["nobody", "without the role"])
def test_add_of_whoever_is_no_expert_is_refused(office, who):
    email = UserFactory().email if who == "without the role" else "nobody@example.org"
    with pytest.raises(Refused) as refused:
        experts.add(email, **GIVEN, actor=office.lead_clerk)
    assert (refused.value.reason, refused.value.facts) == ("no_expert", {"email": email})


def test_add_twice_is_refused(office):
    expert = make_expert()
    with pytest.raises(Refused) as refused:
        experts.add(expert.user.email, **GIVEN, actor=office.lead_clerk)
    assert refused.value.reason == "already"
    assert Expert.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"employer_uscc": "12320000466006770F"}, "uscc"), ({"fields": []}, "no_fields")],
)
def test_add_with_wrong_facts_is_refused(office, wrong, reason):
    user = person(Role.EXPERT)
    with pytest.raises(Refused) as refused:
        experts.add(user.email, **(GIVEN | wrong), actor=office.lead_clerk)
    assert refused.value.reason == reason


@pytest.mark.parametrize("who", ["lead_head", "district_clerk", "stranger"])
def test_add_by_another_than_a_lead_clerk_is_refused(office, who):
    user = person(Role.EXPERT)
    with pytest.raises(Refused) as refused:
        experts.add(user.email, **GIVEN, actor=getattr(office, who))
    assert refused.value.reason == "role"


def test_change_keeps_what_it_was_in_the_event(office):
    expert = make_expert(employer="东南大学")
    experts.change(expert, **GIVEN, active=False, actor=office.lead_clerk)
    expert.refresh_from_db()
    assert (expert.employer, expert.active) == ("南京大学", False)
    changed = Event.objects.get(action="expert.change").data["changed"]
    assert changed["employer"] == ["东南大学", "南京大学"]
    assert changed["active"] == [True, False]


def test_known_fields_are_those_that_a_rubric_stratifies_by(office):
    assert {code: str(label) for code, label in experts.known_fields().items()} == {
        "bio": "生物医药",
        "ai": "人工智能",
    }
