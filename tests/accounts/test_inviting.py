"""Invitations: sent, taken up, revoked; colleagues of an organisation; the three administrators."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from portal import clock as portal_clock
from portal.accounts import inviting, tasks
from portal.accounts.models import Invitation, Membership, Role, User
from portal.audit.models import Event
from tests.factories import MembershipFactory, UnitFactory, UserFactory, person

pytestmark = pytest.mark.django_db
_NEW = {
    "name": "张𬭎",
    "phone": "13800001234",
    "password1": "long-enough-77",
    "password2": "long-enough-77",
}


def _link() -> str:
    return re.search(r"http://127\.0\.0\.1:8000(/invitations/\S+)", mail.outbox[-1].body)[1]


def _invited(run_tasks, email="new@example.org", role=Role.CLERK, **more) -> Invitation:
    more = {"unit": UnitFactory()} | more if role == Role.CLERK else more
    invitation = inviting.invite(email, role, actor=person(Role.ACCOUNT_ADMIN), **more)
    run_tasks()
    return invitation


def test_invitation_is_mailed_in_both_languages_once(run_tasks):
    invitation = _invited(run_tasks)
    invitation.refresh_from_db()
    assert invitation.mailed_at is not None
    assert inviting.mail(invitation.pk) is False
    assert mail.outbox[0].to == ["new@example.org"]
    assert "— English —" in mail.outbox[0].body
    assert len(mail.outbox) == 1


def test_sweep_mails_what_was_missed():
    inviting.invite("new@example.org", Role.EXPERT, actor="system:test")
    tasks.sweep()
    tasks.sweep()
    assert len(mail.outbox) == 1


def test_new_person_opens_an_account_with_the_role_and_is_signed_in(client, run_tasks):
    invitation = _invited(run_tasks, name="张三", phone="13900001111")
    page = client.get(_link()).content.decode()
    assert 'value="张三"' in page
    response = client.post(_link(), _NEW)
    user = User.objects.get(email="new@example.org")
    held = user.memberships.get()
    assert client.session["_auth_user_id"] == str(user.pk)
    assert (user.name, user.emailaddress_set.get().verified) == ("张𬭎", True)
    assert (held.role, held.unit, held.granted_by) == (
        Role.CLERK, invitation.unit, invitation.invited_by,
    )  # fmt: skip
    assert response.status_code == 302


def test_link_works_once(client, run_tasks):
    _invited(run_tasks)
    client.post(_link(), _NEW)
    client.logout()
    response = client.get(_link())
    assert response.status_code == 404
    assert "邀请已失效" in response.content.decode()


@pytest.mark.parametrize("end", ["expire", "revoke", "anew"])
def test_link_that_is_over_says_so(client, run_tasks, clock, end):
    invitation = _invited(run_tasks)
    link = _link()
    if end == "expire":
        clock.advance(inviting.VALID_FOR + timedelta(seconds=1))
    elif end == "revoke":
        inviting.revoke(invitation, actor="system:test")
    else:
        inviting.invite(invitation.email, Role.CLERK, unit=invitation.unit, actor="system:test")
    assert client.post(link, _NEW).status_code == 404
    assert not User.objects.filter(email="new@example.org").exists()


@pytest.mark.parametrize("damage", [lambda t: t[:-2] + "x/", lambda t: "/invitations/abc.def/"])
def test_forged_link_is_refused(client, run_tasks, damage):
    _invited(run_tasks)
    assert client.get(damage(_link())).status_code == 404


def test_person_with_an_account_signs_in_first_and_accepts(client, run_tasks):
    user = UserFactory()
    _invited(run_tasks, email=user.email)
    assert "已有账户" in client.get(_link()).content.decode()
    assert client.post(_link(), _NEW).status_code == 200
    assert not user.memberships.exists()
    client.force_login(user)
    client.post(_link())
    assert user.memberships.get().role == Role.CLERK


def test_another_person_cannot_take_the_invitation_up(client, run_tasks):
    _invited(run_tasks)
    other = UserFactory()
    client.force_login(other)
    assert "另一个账户" in client.get(_link()).content.decode()
    assert client.post(_link()).status_code == 409
    assert not other.memberships.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("password2", "different-777"), ("password1", "1234567890"), ("phone", "1"), ("name", "")],
)
def test_bad_field_of_a_new_account_is_told_and_makes_nothing(client, run_tasks, field, value):
    _invited(run_tasks)
    values = _NEW | {field: value}
    if field == "password1":
        values["password2"] = value
    response = client.post(_link(), values)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not User.objects.filter(email="new@example.org").exists()


def test_refused_grant_leaves_the_invitation_open(client, run_tasks):
    user = person(Role.AUDITOR)
    invitation = _invited(run_tasks, email=user.email, role=Role.ACCOUNT_ADMIN)
    client.force_login(user)
    response = client.post(_link())
    assert "三人分别担任" in response.content.decode()
    assert Invitation.objects.open(at=portal_clock.now()).get() == invitation


def test_database_refuses_two_open_invitations_of_the_same():
    first = inviting.invite("a@example.org", Role.EXPERT, actor="system:test")
    with pytest.raises(IntegrityError, match="invitation_once"), transaction.atomic():
        Invitation.objects.create(
            email="A@example.org", role=Role.EXPERT, invited_at=first.invited_at,
            expires_at=first.expires_at,
        )  # fmt: skip


# --- colleagues --------------------------------------------------------------------


@pytest.fixture
def admin(client):
    held = MembershipFactory(role=Role.ORG_ADMIN)
    client.force_login(held.user)
    return held


def test_admin_invites_a_colleague_who_joins(client, admin, run_tasks):
    client.post(reverse("organisation_members"), {"email": "New@example.org", "role": "filler"})
    run_tasks()
    assert "new@example.org" in client.get(reverse("organisation_members")).content.decode()
    client.logout()
    client.post(_link(), _NEW)
    held = Membership.objects.get(user__email="new@example.org")
    assert (held.role, held.organisation) == (Role.FILLER, admin.organisation)


def test_admin_cannot_invite_staff_by_a_forged_role(client, admin):
    response = client.post(
        reverse("organisation_members"), {"email": "a@example.org", "role": "account_admin"}
    )
    assert response.status_code == 422
    assert not Invitation.objects.exists()


def test_filler_invites_nobody(client, admin):
    client.force_login(person(Role.FILLER, organisation=admin.organisation))
    client.post(reverse("organisation_members"), {"email": "a@example.org", "role": "org_admin"})
    assert not Invitation.objects.exists()


def test_invited_member_of_another_organisation_is_refused_with_the_reason(
    client, admin, run_tasks
):
    other = person(Role.FILLER)
    client.post(reverse("organisation_members"), {"email": other.email, "role": "filler"})
    run_tasks()
    client.force_login(other)
    assert "已加入另一单位" in client.post(_link()).content.decode()


def test_admin_revokes_an_invitation(client, admin):
    invitation = inviting.invite(
        "a@example.org", Role.FILLER, organisation=admin.organisation, actor=admin.user
    )
    client.post(reverse("organisation_invitation_revoke", args=[invitation.uid]))
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None


def test_admin_removes_a_colleague_with_a_reason(client, admin):
    colleague = MembershipFactory(role=Role.FILLER, organisation=admin.organisation)
    url = reverse("organisation_member_end", args=[colleague.uid])
    assert client.post(url, {"reason": ""}).status_code == 422
    client.post(url, {"reason": "离职"})
    colleague.refresh_from_db()
    assert colleague.ended_at is not None
    assert Event.objects.get(action="membership.end").data["reason"] == "离职"


def test_last_admin_is_told_why_leaving_is_refused(client, admin):
    url = reverse("organisation_member_end", args=[admin.uid])
    response = client.post(url, {"reason": "离职"})
    assert "最后一名管理员" in response.content.decode()
    admin.refresh_from_db()
    assert admin.ended_at is None


@pytest.mark.parametrize("rows", [1, 30])
def test_members_take_the_same_queries_for_any_number(
    client, admin, rows, django_assert_num_queries
):
    for number in range(rows):
        MembershipFactory(role=Role.FILLER, organisation=admin.organisation)
        inviting.invite(
            f"i{number}@example.org", Role.FILLER, organisation=admin.organisation,
            actor="system:test",
        )  # fmt: skip
    client.get(reverse("organisation_members"))
    with django_assert_num_queries(8):
        client.get(reverse("organisation_members"))


# --- the three administrators --------------------------------------------------------

_THREE = {
    "policy_admin": "p@example.org",
    "account_admin": "a@example.org",
    "auditor": "u@example.org",
}


def test_bootstrap_invites_the_three(client, run_tasks):
    call_command("bootstrap", **_THREE, verbosity=0)
    run_tasks()
    invited = {row.role: row.email for row in Invitation.objects.all()}
    assert invited == _THREE
    assert sorted(message.to[0] for message in mail.outbox) == sorted(_THREE.values())
    client.post(_link(), _NEW)
    assert Membership.objects.active().count() == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (_THREE | {"auditor": "a@example.org"}, "three people"),
        ({"policy_admin": "p@example.org"}, "no address for account_admin, auditor"),
        (_THREE | {"auditor": "nobody"}, "not an e-mail address"),
        ({}, "name the addresses"),
    ],
)
def test_bootstrap_refuses(arguments, told):
    with pytest.raises(CommandError, match=told):
        call_command("bootstrap", **arguments)
    assert not Invitation.objects.exists()


def test_bootstrap_replaces_a_holder_only_when_told():
    holders = {role: person(role) for role in _THREE}
    with pytest.raises(CommandError, match="--replace auditor"):
        call_command("bootstrap", auditor="new@example.org")
    with pytest.raises(CommandError, match="three are three people"):
        call_command("bootstrap", auditor=holders["policy_admin"].email, replace=["auditor"])
    call_command("bootstrap", auditor="new@example.org", replace=["auditor"])
    assert not holders["auditor"].memberships.active().exists()
    assert holders["policy_admin"].memberships.active().exists()
    assert Invitation.objects.get().email == "new@example.org"
