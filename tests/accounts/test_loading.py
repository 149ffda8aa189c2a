import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpResponse

from portal.accounts import loading, memberships
from portal.accounts.models import Role, User
from tests.factories import MembershipFactory, UnitFactory, UserFactory, person

pytestmark = pytest.mark.django_db


@loading.require_role(Role.CLERK, Role.HEAD)
def view(request):
    return HttpResponse("in")


def _ask(rf, user):
    request = rf.get("/desk/?page=2")
    request.user = user
    return view(request)


@pytest.mark.parametrize("role", [Role.CLERK, Role.HEAD])
def test_require_role_lets_the_named_roles_in(rf, role):
    assert _ask(rf, person(role)).content == b"in"


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.CLERK, Role.HEAD}))
def test_require_role_answers_404_to_every_other_role(rf, role):
    with pytest.raises(Http404):
        _ask(rf, person(role))


def test_require_role_answers_404_to_an_ended_membership(rf):
    held = MembershipFactory(role=Role.CLERK)
    memberships.end(held, actor="system:test", reason="调出")
    with pytest.raises(Http404):
        _ask(rf, User.objects.get(pk=held.user_id))


def test_require_role_sends_a_visitor_to_sign_in_and_back(rf):
    response = _ask(rf, AnonymousUser())
    assert response.url == "/accounts/login/?next=/desk/%3Fpage%3D2"


def test_require_role_leaves_the_page_of_a_fragment_alone(rf):
    request = rf.post("/desk/save/", headers={"HX-Request": "true"})
    request.user = AnonymousUser()
    assert view(request).status_code == 401


def test_require_role_refuses_an_unknown_name():
    with pytest.raises(ValueError, match="no such role: clark"):
        loading.require_role("clark")


def test_units_of_names_the_units_of_the_asked_roles_only():
    user, first, second = UserFactory(), UnitFactory(position=1), UnitFactory(position=2)
    MembershipFactory(user=user, role=Role.CLERK, unit=second)
    MembershipFactory(user=user, role=Role.CLERK, unit=first)
    MembershipFactory(user=user, role=Role.HEAD, unit=second)
    assert loading.units_of(user) == [first, second]
    assert loading.units_of(user, Role.HEAD) == [second]
    assert loading.units_of(user, Role.FINANCE) == []


def test_organisation_of_is_the_active_memberships_organisation():
    held = MembershipFactory(role=Role.FILLER)
    assert loading.organisation_of(held.user) == held.organisation
    assert loading.organisation_of(UserFactory()) is None
    assert loading.organisation_of(AnonymousUser()) is None


def test_is_staff_is_true_for_every_role_outside_organisations():
    assert loading.is_staff(person(Role.EXPERT))
    assert not loading.is_staff(person(Role.ORG_ADMIN))


def test_memberships_are_read_once(django_assert_num_queries):
    user = User.objects.get(pk=person(Role.CLERK).pk)
    with django_assert_num_queries(1):
        loading.units_of(user)
        loading.organisation_of(user)
        loading.has_role(user, Role.HEAD)
