import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from portal.accounts import memberships
from portal.accounts.models import Membership, Role, User
from portal.audit.models import Event
from tests.factories import MembershipFactory, OrganisationFactory, UnitFactory, UserFactory, person

pytestmark = pytest.mark.django_db


def _reason(action) -> str:
    with pytest.raises((memberships.GrantRefused, memberships.EndRefused)) as refusal:
        action()
    return refusal.value.reason


def test_grant_writes_the_membership_and_its_event():
    admin, user, unit = person(Role.ACCOUNT_ADMIN), UserFactory(), UnitFactory()
    held = memberships.grant(user, Role.CLERK, unit=unit, actor=admin, reason="调入")
    event = Event.objects.get(object_type="accounts.membership", object_id=str(held.pk))
    assert (held.granted_by, held.ended_at) == (admin, None)
    assert (event.action, event.to_state, event.actor_id) == ("membership.grant", "clerk", admin.pk)
    assert event.data["reason"] == "调入"


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (Role.AUDITOR, Role.ACCOUNT_ADMIN, "separated"),
        (Role.AUDITOR, Role.POLICY_ADMIN, "separated"),
        (Role.ACCOUNT_ADMIN, Role.POLICY_ADMIN, "separated"),
        (Role.EXPERT, Role.EXPERT, "already"),
        (Role.EXPERT, Role.CLERK, "scope"),
    ],
)
def test_grant_beside_a_held_role_is_refused_with_its_reason(first, second, reason):
    user = person(first)
    assert _reason(lambda: memberships.grant(user, second, actor="system:test")) == reason
    assert Membership.objects.filter(user=user).count() == 1


def test_grant_in_a_second_organisation_is_refused():
    user = person(Role.FILLER)
    other = OrganisationFactory()
    refused = lambda: memberships.grant(  # noqa: E731
        user, Role.FILLER, organisation=other, actor="system:test"
    )
    assert _reason(refused) == "other_organisation"


def test_grant_to_oneself_is_refused():
    admin = person(Role.ACCOUNT_ADMIN)
    assert _reason(lambda: memberships.grant(admin, Role.EXPERT, actor=admin)) == "own"


def test_grant_to_a_disabled_user_is_refused():
    user = UserFactory(is_active=False)
    assert _reason(lambda: memberships.grant(user, Role.EXPERT, actor="system:test")) == "disabled"


def test_end_keeps_the_row_and_writes_an_event():
    held = MembershipFactory(role=Role.CLERK)
    memberships.end(held, actor="system:test", reason="调出")
    held.refresh_from_db()
    event = Event.objects.get(action="membership.end")
    assert held.ended_at is not None
    assert (event.from_state, event.to_state) == ("clerk", "ended")
    assert not Membership.objects.active().filter(pk=held.pk).exists()


def test_end_of_the_last_admin_is_refused_until_there_is_another():
    held = MembershipFactory(role=Role.ORG_ADMIN)
    MembershipFactory(role=Role.FILLER, organisation=held.organisation)
    leave = lambda: memberships.end(held, actor=held.user, reason="离职")  # noqa: E731
    assert _reason(leave) == "last_admin"
    MembershipFactory(role=Role.ORG_ADMIN, organisation=held.organisation)
    assert leave().ended_at is not None


def test_end_without_reason_is_refused():
    held = MembershipFactory(role=Role.CLERK)
    assert (
        _reason(lambda: memberships.end(held, actor="system:test", reason=" ")) == "reason_missing"
    )


def test_end_twice_is_refused():
    held = MembershipFactory(role=Role.CLERK)
    memberships.end(held, actor="system:test", reason="调出")
    assert _reason(lambda: memberships.end(held, actor="system:test", reason="x")) == "ended"


@pytest.mark.parametrize("field", ["role", "user_id", "unit_id"])
def test_database_refuses_to_rewrite_a_membership(field):
    held = MembershipFactory(role=Role.CLERK)
    value = {"role": "head", "user_id": UserFactory().pk, "unit_id": UnitFactory().pk}[field]
    with pytest.raises(IntegrityError, match="never rewritten"), transaction.atomic():
        Membership.objects.filter(pk=held.pk).update(**{field: value})


def test_database_refuses_to_delete_a_membership():
    held = MembershipFactory(role=Role.CLERK)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Membership.objects.filter(pk=held.pk).delete()


@pytest.mark.parametrize("change", ["grant", "end", "disable"])
def test_database_refuses_a_bare_change_without_its_event(change):
    held = MembershipFactory(role=Role.CLERK)
    user = UserFactory()
    with (
        pytest.raises(IntegrityError, match="no audit event"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        if change == "grant":
            Membership.objects.create(user=user, role=Role.EXPERT, granted_at=held.granted_at)
        elif change == "end":
            Membership.objects.filter(pk=held.pk).update(ended_at=held.granted_at)
        else:
            User.objects.filter(pk=user.pk).update(is_active=False)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_leave_at_once_do_not_leave_the_organisation_without_one():
    first = MembershipFactory(role=Role.ORG_ADMIN)
    second = MembershipFactory(role=Role.ORG_ADMIN, organisation=first.organisation)
    barrier, refused = threading.Barrier(2), []

    def leave(held):
        barrier.wait()
        try:
            memberships.end(held, actor=held.user, reason="离职")
        except memberships.EndRefused as refusal:
            refused.append(refusal.reason)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=[held]) for held in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_admin"]
    assert Membership.objects.active().filter(role=Role.ORG_ADMIN).count() == 1
