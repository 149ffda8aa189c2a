"""The second factor: reset after a check of identity, required of staff by the installation."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import auth as recovery
from allauth.mfa.totp.internal import auth as totp
from django.urls import reverse

from portal.accounts import two_factor
from portal.accounts.models import Role
from portal.accounts.users import UserRefused
from portal.audit.models import Event
from portal.notices.models import Notice
from tests.factories import UserFactory, person

pytestmark = pytest.mark.django_db
SETUP = "/accounts/2fa/totp/activate/"


@pytest.fixture
def admin():
    return person(Role.ACCOUNT_ADMIN)


def with_factor(user):
    totp.TOTP.activate(user, totp.generate_totp_secret())
    recovery.RecoveryCodes.activate(user)
    return user


def test_reset_takes_off_factor_and_codes_tells_the_person_and_is_on_record(admin):
    user = with_factor(UserFactory())
    two_factor.reset(user, actor=admin, checked="video", reason="手机丢失")
    assert not Authenticator.objects.filter(user=user).exists()
    event = Event.objects.get(action="user.second_factor_reset", object_id=str(user.pk))
    assert event.data == {"checked": "video", "reason": "手机丢失"}
    assert Notice.objects.get(recipient=user).subject == "您的双重验证已由账户管理员重置"


@pytest.mark.parametrize(
    ("whose", "reason", "told"),
    [("own", "x", "own"), ("theirs", " ", "reason_missing"), ("none", "x", "no_second_factor")],
)
def test_reset_is_refused(admin, whose, reason, told):
    user = {"own": admin, "theirs": UserFactory(), "none": UserFactory()}[whose]
    if whose != "none":
        with_factor(user)
    with pytest.raises(UserRefused) as caught:
        two_factor.reset(user, actor=admin, checked="in_person", reason=reason)
    assert caught.value.reason == told
    assert two_factor.has_one(user) is (whose != "none")


def test_reset_over_the_page_asks_how_the_identity_was_checked(client, admin):
    user = with_factor(UserFactory())
    client.force_login(admin)
    url = reverse("user_second_factor", args=[user.uid])
    assert url in client.get(reverse("user_detail", args=[user.uid])).content.decode()
    page = client.post(url, {"factor-reason": "手机丢失"})
    assert page.status_code == 422 and "手机丢失" in page.content.decode()
    assert two_factor.has_one(user)
    good = {"factor-reason": "手机丢失", "factor-checked": "in_person"}
    assert client.post(url, good).status_code == 302
    assert not two_factor.has_one(user)
    assert client.post(url, good).status_code == 422


# --- required by the installation ----------------------------------------------------


@pytest.fixture
def required(settings):
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.mark.parametrize("role", [Role.ACCOUNT_ADMIN, Role.AUDITOR, Role.EXPERT])
def test_staff_without_one_reach_nothing_but_its_setting_up(client, required, role):
    client.force_login(person(role))
    for path in ("/home/", reverse("notice_inbox"), reverse("measure_list")):
        assert client.get(path).url == SETUP
    assert client.post(reverse("notice_read_all")).url == SETUP
    fragment = client.get("/home/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"]) == (204, SETUP)
    for path in (reverse("help_index"), reverse("account_logout"), "/healthz"):
        assert client.get(path).status_code == 200
    assert client.get(SETUP).status_code in {200, 302}


def test_with_one_the_portal_is_open_and_recovery_codes_alone_do_not_do(client, required):
    user = person(Role.AUDITOR)
    recovery.RecoveryCodes.activate(user)
    client.force_login(user)
    assert client.get("/home/").url == SETUP
    totp.TOTP.activate(user, totp.generate_totp_secret())
    assert client.get("/home/").status_code == 200


def test_applicants_visitors_and_demonstration_accounts_are_exempt(client, required):
    assert client.get(reverse("measure_list")).status_code == 200
    client.force_login(UserFactory())
    assert client.get("/home/").status_code == 200
    client.force_login(person(Role.AUDITOR, email="auditor@demo.example"))
    assert client.get("/home/").status_code == 200


def test_without_the_setting_nobody_is_asked(client):
    client.force_login(person(Role.AUDITOR))
    assert client.get("/home/").status_code == 200
