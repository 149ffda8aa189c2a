"""Signing up, in and out through the pages; locking; idle limits."""

import re
import time
from datetime import timedelta

import pytest
from allauth.core.internal import ratelimit
from allauth.mfa.totp.internal import auth as totp_auth
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse

from portal.accounts import locking, sessions, two_factor, users
from portal.accounts.landing import landing_url
from portal.accounts.models import Role, SignInAttempts, User
from portal.audit.models import Event
from tests.factories import PASSWORD, UserFactory, person

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def _sign_in(client, email, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


def _signed_in(client) -> bool:
    return "_auth_user_id" in client.session


# --- signing up --------------------------------------------------------------------

_SIGN_UP = {
    "name": "张𬭎",
    "phone": "13800001234",
    "email": "new@example.org",
    "password1": "long-enough-77",
    "password2": "long-enough-77",
}


def _code() -> str:
    return re.search(r"^\s*([A-Z0-9-]{6,9})\s*$", mail.outbox[-1].body, re.M)[1]


def test_sign_up_with_the_mailed_code_opens_the_account_and_lands_at_the_registration(client):
    response = client.post(reverse("account_signup"), _SIGN_UP)
    assert response.url == reverse("account_email_verification_sent")
    assert mail.outbox[0].to == ["new@example.org"]
    response = client.post(response.url, {"code": _code()})
    user = User.objects.get()
    assert (user.name, user.phone) == ("张𬭎", "13800001234")
    assert user.emailaddress_set.get().verified
    assert _signed_in(client)
    assert landing_url(user) == reverse("organisation_register")
    assert Event.objects.filter(action="user.sign_up", object_id=str(user.pk)).count() == 1


def test_sign_up_code_is_needed_before_the_account_can_be_used(client):
    client.post(reverse("account_signup"), _SIGN_UP)
    assert not _signed_in(client)
    other = Client()
    _sign_in(other, "new@example.org", "long-enough-77")
    assert not _signed_in(other)


def test_wrong_code_does_not_verify(client):
    sent = client.post(reverse("account_signup"), _SIGN_UP)
    client.post(sent.url, {"code": "WRONGX"})
    assert not _signed_in(client)
    assert not User.objects.get().emailaddress_set.get().verified


@pytest.mark.parametrize(
    ("field", "value"),
    [("phone", "12345"), ("name", ""), ("email", "x"), ("password2", "other-than-77")],
)
def test_sign_up_refuses_a_bad_field_and_keeps_what_was_typed(client, field, value):
    response = client.post(reverse("account_signup"), _SIGN_UP | {field: value})
    page = response.content.decode()
    assert field in response.context["form"].errors
    assert "<title>错误：" in page
    assert ("张𬭎" in page) == (field != "name")
    assert not User.objects.exists()


def test_sign_up_with_a_known_address_tells_nothing_on_the_page(client):
    user = UserFactory(email="new@example.org")
    response = client.post(reverse("account_signup"), _SIGN_UP)
    assert response.url == reverse("account_email_verification_sent")
    assert User.objects.get() == user
    assert mail.outbox[0].subject == "您已有账户"


def test_sign_up_with_a_known_address_takes_as_long_as_with_a_new_one(monkeypatch):
    """Hashing the password is all but a tenth of the time: it is done in both cases."""
    UserFactory(email="known@example.org")
    hashed, encode = [], MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher, "encode", lambda *given: hashed.append(1) or encode(*given)
    )
    for email in ("known@example.org", "new@example.org"):
        Client().post(reverse("account_signup"), _SIGN_UP | {"email": email})
    assert len(hashed) == 2


def test_sign_up_with_a_known_address_fills_nobodys_inbox(monkeypatch):
    UserFactory(email="new@example.org")
    now = time.time()
    for minute in range(5):
        monkeypatch.setattr(ratelimit.time, "time", lambda minute=minute: now + 60 * minute)
        Client().post(reverse("account_signup"), _SIGN_UP)
    assert len(mail.outbox) == 3


# --- signing in --------------------------------------------------------------------


def test_sign_in_records_an_event_and_lands_on_the_roles_page(client):
    user = person(Role.ACCOUNT_ADMIN)
    response = _sign_in(client, user.email)
    assert response.url == reverse("role_home")
    assert Event.objects.filter(action="user.sign_in", actor_id=user.pk).count() == 1


def test_sign_in_does_not_mind_the_case_of_the_address(client):
    user = UserFactory(email="someone@example.org")
    _sign_in(client, "SomeOne@Example.org")
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize(
    ("target", "arrives"),
    [
        ("/notices/", "/notices/"),
        ("https://elsewhere.example/", "/organisation/register/"),
        ("//elsewhere.example/", "/organisation/register/"),
    ],
)
def test_next_stays_on_the_site(client, target, arrives):
    assert _sign_in(client, UserFactory().email, next=target).url == arrives


def test_sign_out_ends_the_session_with_an_event(client):
    user = UserFactory()
    client.force_login(user)
    client.post(reverse("account_logout"))
    assert not _signed_in(client)
    assert Event.objects.filter(action="user.sign_out", actor_id=user.pk).count() == 1


@pytest.mark.parametrize("role", Role.values)
def test_every_role_lands_on_a_page_that_is_open_to_it(client, role):
    user = person(role)
    arrives = _sign_in(client, user.email).url
    assert client.get(arrives).status_code == 200
    assert arrives == reverse("role_home")


def test_change_of_address_is_confirmed_by_a_code_and_leaves_an_event(client):
    user = UserFactory(email="old@example.org")
    client.force_login(user)
    # The password is asked for again before the address can be changed.
    asked = client.post(reverse("account_email"), {"email": "new@example.org", "action_add": ""})
    if asked.url.startswith(reverse("account_reauthenticate")):
        client.post(asked.url, {"password": PASSWORD})
        asked = client.post(
            reverse("account_email"), {"email": "new@example.org", "action_add": ""}
        )
    user.refresh_from_db()
    assert user.email == "old@example.org"
    client.post(reverse("account_email_verification_sent"), {"code": _code()})
    user.refresh_from_db()
    assert user.email == "new@example.org"
    event = Event.objects.get(action="user.email")
    assert event.data == {"from": "o***@example.org", "to": "n***@example.org"}


# --- password reset ----------------------------------------------------------------


def test_password_reset_by_the_mailed_link_works_once_and_does_not_sign_in(client):
    user = UserFactory()
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form_url = client.get(link).url
    new = {"password1": "brand-new-word-1", "password2": "brand-new-word-1"}
    client.post(form_url, new)
    assert not _signed_in(client)
    user.refresh_from_db()
    assert user.check_password("brand-new-word-1")
    again = Client().get(link)
    assert again.status_code == 200
    assert "password1" not in again.content.decode()


def test_password_reset_of_an_unknown_address_answers_alike(client):
    known = client.post(reverse("account_reset_password"), {"email": UserFactory().email})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_password_reset_ends_a_lock(client):
    user = UserFactory()
    for _ in range(locking.MAX_FAILURES):
        _sign_in(client, user.email, "wrong")
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    new = {"password1": "brand-new-word-1", "password2": "brand-new-word-1"}
    client.post(client.get(link).url, new)
    _sign_in(client, user.email, "brand-new-word-1")
    assert _signed_in(client)


def test_password_reset_does_not_skip_the_second_factor(client):
    user = UserFactory()
    secret = totp_auth.generate_totp_secret()
    totp_auth.TOTP.activate(user, secret)
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    new = {"password1": "brand-new-word-1", "password2": "brand-new-word-1"}
    client.post(client.get(link).url, new)
    response = _sign_in(client, user.email, "brand-new-word-1")
    assert response.url == reverse("mfa_authenticate")
    assert not _signed_in(client)
    counter = next(totp_auth.yield_hotp_counters_from_time())
    code = totp_auth.format_hotp_value(totp_auth.hotp_value(secret, counter))
    client.post(response.url, {"code": code})
    assert _signed_in(client)
    # A code works once.
    client.logout()
    _sign_in(client, user.email, "brand-new-word-1")
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert not _signed_in(client)


# --- locking -----------------------------------------------------------------------


def test_sign_in_gives_a_new_session(client):
    """Who planted a session's key in a browser does not share the session that begins there."""
    client.get(LOGIN)
    session = client.session
    session["planted"] = 1
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    _sign_in(client, UserFactory().email)
    assert _signed_in(client)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != session.session_key
    assert not Session.objects.filter(pk=session.session_key).exists()


def _on_another_device(user) -> Client:
    other = Client()
    _sign_in(other, user.email)
    assert _is_in(other)
    return other


def _is_in(client) -> bool:
    return client.get(reverse("notice_inbox")).status_code == 200


def test_changed_password_ends_the_sessions_elsewhere_and_keeps_this_one(client):
    user = UserFactory()
    other = _on_another_device(user)
    _sign_in(client, user.email)
    new = {"password1": "brand-new-word-1", "password2": "brand-new-word-1"}
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new})
    assert User.objects.get(pk=user.pk).check_password("brand-new-word-1")
    assert _is_in(client)
    assert not _is_in(other)


def test_password_reset_by_mail_ends_every_session(client):
    user = UserFactory()
    other = _on_another_device(user)
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    new = {"password1": "brand-new-word-1", "password2": "brand-new-word-1"}
    client.post(client.get(link).url, new)
    assert not _is_in(other)


def test_reset_second_factor_ends_every_session_and_the_next_sign_in_holds(client):
    user, neighbour = UserFactory(), UserFactory()
    other, beside = _on_another_device(user), _on_another_device(neighbour)
    totp_auth.TOTP.activate(user, totp_auth.generate_totp_secret())
    admin = person(Role.ACCOUNT_ADMIN)
    two_factor.reset(user, actor=admin, checked="video", reason="手机丢失")
    assert not _is_in(other)
    assert _is_in(beside)
    _sign_in(client, user.email)
    assert _is_in(client)


def test_sessions_of_a_disabled_account_do_not_come_back_with_it(client):
    user, admin = UserFactory(), person(Role.ACCOUNT_ADMIN)
    # One that makes no request while the account is disabled.
    other = _on_another_device(user)
    users.switch(user, active=False, actor=admin, reason="离职")
    users.switch(user, active=True, actor=admin, reason="返岗")
    assert not _is_in(other)
    _sign_in(client, user.email)
    assert _is_in(client)


def test_of_two_acts_that_end_sessions_at_once_none_is_lost():
    user = UserFactory()
    first, second = User.objects.get(pk=user.pk), User.objects.get(pk=user.pk)
    users.end_sessions(first)
    users.end_sessions(second)
    assert (first.sessions_ended, second.sessions_ended) == (1, 2)


def test_five_failures_lock_the_account_for_thirty_minutes(client, clock):
    user = UserFactory()
    for _ in range(locking.MAX_FAILURES):
        response = _sign_in(client, user.email, "wrong")
    assert "账户已锁定" in response.content.decode()
    assert "账户已锁定" in _sign_in(client, user.email).content.decode()
    assert not _signed_in(client)
    clock.advance(timedelta(minutes=29))
    _sign_in(client, user.email)
    assert not _signed_in(client)
    clock.advance(timedelta(minutes=2))
    _sign_in(client, user.email)
    assert _signed_in(client)
    assert Event.objects.filter(action="user.lock", object_id=str(user.pk)).count() == 1


def test_locked_account_does_not_lock_its_neighbour_behind_the_same_address(client):
    locked, neighbour = UserFactory(), UserFactory()
    for _ in range(20):
        _sign_in(client, locked.email, "wrong")
    _sign_in(client, neighbour.email)
    assert client.session["_auth_user_id"] == str(neighbour.pk)


def test_four_failures_and_a_right_password_begin_anew(client):
    user = UserFactory()
    for _ in range(2):
        for _ in range(locking.MAX_FAILURES - 1):
            _sign_in(client, user.email, "wrong")
        _sign_in(client, user.email)
        assert _signed_in(client)
        client.logout()
    assert not SignInAttempts.objects.exists()


def test_failures_far_apart_do_not_add_up(client, clock):
    user = UserFactory()
    for _ in range(locking.MAX_FAILURES + 1):
        _sign_in(client, user.email, "wrong")
        clock.advance(locking.LOCKED_FOR + timedelta(seconds=1))
    _sign_in(client, user.email)
    assert _signed_in(client)


def test_unknown_address_is_locked_alike(client):
    known, unknown = UserFactory().email, "nobody@example.org"
    for email in (known, unknown):
        pages = [_sign_in(client, email, "wrong") for _ in range(locking.MAX_FAILURES)]
        assert "账户已锁定" not in pages[-2].content.decode()
        assert "账户已锁定" in pages[-1].content.decode()


def test_attempts_at_once_are_counted_before_the_password_is_looked_at():
    for _ in range(locking.MAX_FAILURES):
        locking.begin_attempt("a@example.org")
    with pytest.raises(locking.AccountLocked):
        locking.begin_attempt("A@example.org ")


def test_sweep_forgets_attempts_of_the_day_before_only(clock):
    locking.begin_attempt("old@example.org")
    clock.advance(timedelta(hours=25))
    locking.begin_attempt("new@example.org")
    assert (locking.sweep(), SignInAttempts.objects.count()) == (1, 1)


# --- codes of the second factor ------------------------------------------------------


def _with_code() -> tuple[User, str]:
    user, secret = UserFactory(), totp_auth.generate_totp_secret()
    totp_auth.TOTP.activate(user, secret)
    return user, secret


def _right_code(secret: str) -> str:
    counter = next(totp_auth.yield_hotp_counters_from_time())
    return totp_auth.format_hotp_value(totp_auth.hotp_value(secret, counter))


def _wrong_code(secret: str) -> str:
    return f"{(int(_right_code(secret)) + 1) % 1_000_000:06d}"


def test_five_wrong_codes_lock_the_second_factor_for_thirty_minutes(client, clock):
    user, secret = _with_code()
    for attempt in range(locking.MAX_FAILURES):
        # The password is given anew each time: it does not begin the count anew.
        page = client.post(_sign_in(client, user.email).url, {"code": _wrong_code(secret)})
        assert ("账户已锁定" in page.content.decode()) == (attempt == locking.MAX_FAILURES - 1)
    client.post(reverse("mfa_authenticate"), {"code": _right_code(secret)})
    assert not _signed_in(client)
    event = Event.objects.get(action="user.lock", object_id=str(user.pk))
    assert event.data["of"] == "second factor"
    clock.advance(locking.LOCKED_FOR + timedelta(seconds=1))
    client.post(_sign_in(client, user.email).url, {"code": _right_code(secret)})
    assert _signed_in(client)


def test_password_reset_does_not_end_the_lock_of_the_second_factor(client):
    user, secret = _with_code()
    for _ in range(locking.MAX_FAILURES):
        client.post(_sign_in(client, user.email).url, {"code": _wrong_code(secret)})
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    new = {"password1": "brand-new-word-1", "password2": "brand-new-word-1"}
    client.post(client.get(link).url, new)
    asked = _sign_in(client, user.email, "brand-new-word-1")
    client.post(asked.url, {"code": _right_code(secret)})
    assert not _signed_in(client)


def test_wrong_codes_before_a_change_of_security_are_counted_alike(client):
    user, secret = _with_code()
    client.force_login(user)
    for _ in range(locking.MAX_FAILURES):
        page = client.post(reverse("mfa_reauthenticate"), {"code": _wrong_code(secret)})
    assert "账户已锁定" in page.content.decode()


# --- the session -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "limit"), [(Role.ORG_ADMIN, 30), (Role.CLERK, 15), (Role.EXPERT, 15)]
)
def test_idle_limit_by_role(client, clock, role, limit):
    client.force_login(person(role))
    inbox = reverse("notice_inbox")
    client.get(inbox)
    clock.advance(timedelta(minutes=limit, seconds=-1))
    assert client.get(inbox).status_code == 200
    clock.advance(timedelta(minutes=limit + 1, seconds=5))
    response = client.get(inbox)
    assert response.url == f"{LOGIN}?next={inbox}"
    assert "没有操作" in client.get(response.url).content.decode()


def test_extending_begins_the_idle_time_anew(client, clock):
    client.force_login(person(Role.CLERK))
    client.get(reverse("notice_inbox"))
    for _ in range(3):
        clock.advance(timedelta(minutes=14))
        assert client.post(reverse("session_extend")).status_code == 204
    assert client.get(reverse("notice_inbox")).status_code == 200


def test_session_row_is_not_written_at_every_request(client, django_assert_num_queries):
    client.force_login(UserFactory())
    client.get("/healthz")
    # The clock, the session and the user; no UPDATE.
    with django_assert_num_queries(3):
        client.get("/healthz")


def test_page_warns_with_the_readers_limit(client):
    client.force_login(person(Role.CLERK))
    assert 'data-idle-seconds="900"' in client.get(reverse("notice_inbox")).content.decode()
    assert timedelta(minutes=15) == sessions.STAFF_IDLE


def test_disabled_user_is_out_at_the_next_request(client):
    user = UserFactory()
    client.force_login(user)
    assert client.get(reverse("notice_inbox")).status_code == 200
    users.switch(user, active=False, actor=person(Role.ACCOUNT_ADMIN), reason="离职")
    assert not _is_in(client)
    _sign_in(client, user.email)
    assert not _is_in(client)


def test_disabled_user_cannot_sign_in(client):
    user = UserFactory(is_active=False)
    _sign_in(client, user.email)
    assert not _signed_in(client)


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST"])
def test_forged_forwarding_headers_change_nothing(client, header):
    user = UserFactory()
    for number in range(locking.MAX_FAILURES):
        client.post(LOGIN, {"login": user.email, "password": "x"}, **{header: f"10.0.0.{number}"})
    assert SignInAttempts.objects.get().locked_until is not None
    client.post(
        reverse("account_reset_password"), {"email": user.email}, **{header: "evil.example"}
    )
    assert "evil.example" not in mail.outbox[0].body


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1"])
def test_links_in_mails_begin_with_the_portals_own_address(client, settings, host, known):
    """Whoever asks for a reset under another name does not choose where the link leads."""
    settings.SITE_URL = "https://grants.example.org"
    email = UserFactory().email if known else "nobody@example.org"
    client.post(reverse("account_reset_password"), {"email": email}, HTTP_HOST=host)
    client.post(reverse("account_signup"), _SIGN_UP | {"email": email}, HTTP_HOST=host)
    links = [link for each in mail.outbox for link in re.findall(r"https?://\S+", each.body)]
    assert len(links) >= 3
    assert all(f"{link}/".startswith("https://grants.example.org/") for link in links), links


def test_unknown_host_is_refused(client):
    assert client.get(LOGIN, HTTP_HOST="evil.example").status_code == 400
