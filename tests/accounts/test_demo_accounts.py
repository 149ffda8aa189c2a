"""The sign-in page names the demonstration accounts while they are loaded, and no other."""

import pytest
from django.db import transaction
from django.urls import reverse

from portal.accounts.models import Role, User
from portal.audit.recording import record
from tests.factories import PASSWORD, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded(settings):
    settings.DEMO, settings.DEMO_PASSWORD = True, "for-everybody-1"
    person(Role.AUDITOR, email="auditor@demo.example")
    person(Role.AUDITOR, email="auditor@example.org")
    gone = person(Role.POLICY_ADMIN, email="gone@demo.example")
    with transaction.atomic():
        User.objects.filter(pk=gone.pk).update(is_active=False)
        record("user.disable", obj=gone, actor="test", from_state="active", to_state="disabled")


def page(client) -> str:
    return client.get(reverse("account_login")).content.decode()


def test_loaded_accounts_are_named_with_role_and_password(client, loaded):
    shown = page(client)
    assert 'data-demo-email="auditor@demo.example"' in shown
    assert "审计员" in shown
    assert "for-everybody-1" in shown


def test_other_and_disabled_accounts_are_not_named(client, loaded):
    shown = page(client)
    assert "auditor@example.org" not in shown
    assert "gone@demo.example" not in shown


def test_nothing_is_named_without_demonstration_data(client, settings):
    settings.DEMO, settings.DEMO_PASSWORD = True, "for-everybody-1"
    person(Role.AUDITOR, email="auditor@example.org")
    assert "for-everybody-1" not in page(client)


def test_nothing_is_named_where_demonstration_is_off(client, loaded, settings):
    settings.DEMO = False
    shown = page(client)
    assert "for-everybody-1" not in shown
    assert "demo.example" not in shown


# --- with DEMO=0 they are shut ---------------------------------------------------------------


def sign_in(client, email: str):
    return client.post(reverse("account_login"), {"login": email, "password": PASSWORD})


@pytest.mark.parametrize("email", ["auditor@demo.example", "filler@org.demo.example"])
def test_demonstration_accounts_sign_in_only_while_it_is_on(client, settings, email):
    settings.DEMO = True
    person(Role.AUDITOR, email=email)
    settings.DEMO = False
    assert sign_in(client, email).status_code == 200
    assert "_auth_user_id" not in client.session
    settings.DEMO = True
    assert sign_in(client, email).status_code == 302
    assert "_auth_user_id" in client.session


def test_other_accounts_sign_in_where_demonstration_is_off(client, settings):
    settings.DEMO = False
    person(Role.AUDITOR, email="auditor@notdemo.example")
    assert sign_in(client, "auditor@notdemo.example").status_code == 302


def test_session_of_a_demonstration_account_ends_with_it(client, settings):
    settings.DEMO = True
    person(Role.AUDITOR, email="auditor@demo.example")
    sign_in(client, "auditor@demo.example")
    assert client.get(reverse("home")).wsgi_request.user.is_authenticated
    settings.DEMO = False
    assert not client.get(reverse("home")).wsgi_request.user.is_authenticated


def test_accounts_are_told_in_groups(client, loaded):
    shown = page(client)
    assert "管理员、审计员" in shown
    assert "评审专家" not in shown


def test_demonstration_account_keeps_its_address(client, settings):
    """Under another one it would outlive the demonstration, with a password that all know."""
    settings.DEMO = True
    user = person(Role.POLICY_ADMIN, email="policy@demo.example")
    sign_in(client, user.email)
    change = {"email": "evil@example.org", "action_add": ""}
    answer = client.post(reverse("account_email"), change)
    if answer.status_code == 302:  # the password is asked for again
        client.post(answer.url, {"password": PASSWORD})
        answer = client.post(reverse("account_email"), change)
    assert "演示账户不能更改电子邮箱" in answer.content.decode()
    assert not user.emailaddress_set.filter(email="evil@example.org").exists()
