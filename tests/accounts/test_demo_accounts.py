"""The sign-in page names the demonstration accounts while they are loaded, and no other."""

import pytest
from django.db import transaction
from django.urls import reverse

from portal.accounts.models import Role, User
from portal.audit.recording import record
from tests.factories import person

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
