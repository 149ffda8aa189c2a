"""Two at once at one row: the second waits for the first, then sees what it did."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.core.mail import EmailMessage
from django.db import close_old_connections, connection

from portal import clock
from portal.accounts import inviting, locking, memberships, registering, units, users, verifying
from portal.accounts.models import Invitation, Membership, Organisation, Role, SignInAttempts, User
from portal.audit.models import Event
from portal.files import scanning, storing
from portal.files.models import Scan
from tests.awards.racing import at_once, until_somebody_waits
from tests.factories import (
    USCCS,
    DistrictFactory,
    MembershipFactory,
    OrganisationFactory,
    UnitFactory,
    UserFactory,
    person,
)
from tests.files import samples

pytestmark = pytest.mark.django_db(transaction=True)


def interleaved(monkeypatch, owner, name: str, first: Callable, second: Callable) -> list:
    """Run the first act until it calls ``owner.name`` (its check is over, its write is not
    committed); then the second, until it waits or ends; then both to their ends."""
    original, entered, results = getattr(owner, name), threading.Event(), [None, None]

    def held(*args, **kwargs):
        if not entered.is_set():
            entered.set()
            with suppress(AssertionError):  # nobody waits: there is no lock
                until_somebody_waits(3)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, held)

    def run(number: int, act: Callable) -> None:
        try:
            results[number] = act()
        except Exception as error:
            results[number] = error
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate((first, second))]
    threads[0].start()
    assert entered.wait(30), results
    threads[1].start()
    for thread in threads:
        thread.join(60)
    return results


def test_two_who_set_a_units_contact_leave_two_true_events(monkeypatch):
    unit, admin = UnitFactory(division="", service_phone=""), person(Role.ACCOUNT_ADMIN)

    def act(division):
        return lambda: units.set_contact(unit, division=division, service_phone="", actor=admin)

    interleaved(monkeypatch, units, "record", act("甲处"), act("乙处"))
    events = Event.objects.filter(action="unit.contact").order_by("position")
    assert [event.data["from"][0] for event in events] == ["", "甲处"]


def test_account_is_switched_once(monkeypatch):
    user, admin = UserFactory(), person(Role.ACCOUNT_ADMIN)

    def act():
        return users.switch(user, active=False, actor=admin, reason="离职")

    _done, refused = interleaved(monkeypatch, users, "record", act, act)
    assert (type(refused), refused.reason) == (users.UserRefused, "state")


def test_role_is_not_granted_to_whoever_is_being_disabled(monkeypatch):
    user, admin = UserFactory(), person(Role.ACCOUNT_ADMIN)
    _done, refused = interleaved(
        monkeypatch, users, "record",
        lambda: users.switch(user, active=False, actor=admin, reason="离职"),
        lambda: memberships.grant(user, Role.EXPERT, actor=admin),
    )  # fmt: skip
    assert (type(refused), refused.reason) == (memberships.GrantRefused, "disabled")


def test_last_two_admins_do_not_both_leave(monkeypatch):
    first = MembershipFactory(role=Role.ORG_ADMIN)
    second = MembershipFactory(role=Role.ORG_ADMIN, organisation=first.organisation)
    _done, refused = interleaved(
        monkeypatch, memberships, "record",
        lambda: memberships.end(first, actor=first.user, reason="离职"),
        lambda: memberships.end(second, actor=second.user, reason="离职"),
    )  # fmt: skip
    assert (type(refused), refused.reason) == (memberships.EndRefused, "last_admin")
    assert Membership.objects.active().filter(role=Role.ORG_ADMIN).count() == 1


def test_membership_ends_once(monkeypatch):
    held = MembershipFactory(role=Role.CLERK)

    def act():
        return memberships.end(held, actor="system:test", reason="调出")

    _done, refused = interleaved(monkeypatch, memberships, "record", act, act)
    assert (type(refused), refused.reason) == (memberships.EndRefused, "ended")


def test_organisation_is_verified_or_returned_not_both(monkeypatch):
    district = DistrictFactory()
    organisation = OrganisationFactory(district=district, status="pending")
    clerk, head = person(Role.CLERK, unit=district), person(Role.HEAD, unit=district)
    _done, refused = interleaved(
        monkeypatch, verifying, "record",
        lambda: verifying.verify(organisation, actor=clerk, seen_revision=1),
        lambda: verifying.send_back(organisation, actor=head, reason="缺章", seen_revision=1),
    )  # fmt: skip
    assert (type(refused), refused.reason) == (verifying.VerificationRefused, "state")
    assert Organisation.objects.get(pk=organisation.pk).status == "verified"


def test_two_editors_of_one_profile_do_not_overwrite_each_other(monkeypatch):
    organisation = OrganisationFactory()
    admin = organisation.registered_by

    def act(count):
        return lambda: registering.update_profile(
            organisation, {"staff_count": count}, actor=admin, seen_revision=1
        )

    _done, refused = interleaved(monkeypatch, registering, "record", act(5), act(9))
    assert (type(refused), refused.reason) == (registering.RegistrationRefused, "stale")
    assert Organisation.objects.get(pk=organisation.pk).staff_count == 5


def test_return_is_submitted_again_once(monkeypatch):
    organisation = OrganisationFactory(status="returned")

    def act():
        return registering.resubmit(organisation, actor=organisation.registered_by)

    _done, refused = interleaved(monkeypatch, registering, "record", act, act)
    assert (type(refused), refused.reason) == (registering.RegistrationRefused, "stale")


def test_one_code_registered_by_two_at_once_makes_one_organisation():
    district, people = DistrictFactory(), [UserFactory(), UserFactory()]

    def act(user):
        values = {"name": "南京测试公司", "uscc": USCCS[0], "kind": "park", "district": district}
        return lambda: registering.register(values, actor=user)

    results = at_once(*(act(user) for user in people))
    refused = [row for row in results if isinstance(row, registering.RegistrationRefused)]
    assert [row.reason for row in refused] == ["uscc_taken"]
    assert Organisation.objects.count() == Membership.objects.count() == 1


@pytest.mark.parametrize("order", ["accept first", "revoke first"])
def test_invitation_is_taken_up_or_revoked_not_both(monkeypatch, order):
    user = UserFactory()
    invitation = inviting.invite(user.email, Role.EXPERT, actor="system:test")

    def accept():
        return inviting.accept(invitation, user=user)

    def revoke():
        return inviting.revoke(invitation, actor="system:test")

    acts = (accept, revoke) if order == "accept first" else (revoke, accept)
    _done, refused = interleaved(monkeypatch, inviting, "record", *acts)
    assert (type(refused), refused.reason) == (inviting.InvitationRefused, "gone")
    assert Membership.objects.filter(user=user).exists() == (order == "accept first")


def test_invitation_is_taken_up_once(monkeypatch):
    user = UserFactory()
    invitation = inviting.invite(user.email, Role.EXPERT, actor="system:test")

    def act():
        return inviting.accept(invitation, user=user)

    _done, refused = interleaved(monkeypatch, inviting, "record", act, act)
    assert (type(refused), refused.reason) == (inviting.InvitationRefused, "gone")


def test_invitation_is_mailed_once_by_two_workers(monkeypatch):
    invitation = inviting.invite("a@example.org", Role.EXPERT, actor="system:test")
    Invitation.objects.update(mailed_at=None)
    sent: list = []
    monkeypatch.setattr(EmailMessage, "send", lambda message: sent.append(message))
    first, second = interleaved(
        monkeypatch, inviting, "message",
        lambda: inviting.mail(invitation.pk), lambda: inviting.mail(invitation.pk),
    )  # fmt: skip
    assert (first, second, len(sent)) == (True, False, 1)


def test_two_first_invitations_of_one_address_leave_one_open():
    results = at_once(
        *(lambda: inviting.invite("a@example.org", Role.EXPERT, actor="system:test"),) * 4
    )
    assert {type(row) for row in results} == {Invitation}
    assert Invitation.objects.filter(revoked_at__isnull=True).count() == 1


def test_attempts_at_once_are_all_counted(monkeypatch):
    locking.begin_attempt("a@example.org")

    def act():
        return locking.begin_attempt("a@example.org")

    interleaved(monkeypatch, SignInAttempts, "save", act, act)
    assert SignInAttempts.objects.get().failures == 3


def test_file_is_judged_once_by_two_workers(monkeypatch, settings, tmp_path):
    settings.BLOB_DIR, settings.CLAMD_URL = tmp_path, "tcp://127.0.0.1:9"
    monkeypatch.setattr(scanning, "announce", lambda blob: None)
    blob = storing.store(
        samples.pdf(), name="a.pdf", types=("pdf",), max_bytes=10**6, at=clock.now()
    )
    monkeypatch.setattr(scanning, "ask_clamd", lambda path: "")
    first, second = interleaved(
        monkeypatch, scanning, "record",
        lambda: scanning.scan(blob.pk), lambda: scanning.scan(blob.pk),
    )  # fmt: skip
    assert (first, second) == (Scan.CLEAN, Scan.CLEAN)
    assert Event.objects.filter(object_id=blob.pk).count() == 1


def test_sign_up_under_one_address_twice_makes_one_account():
    invitation = inviting.invite("a@example.org", Role.EXPERT, actor="system:test")

    def act():
        return inviting.accept_as_new(
            invitation, name="甲", phone="13800001234", password="long-enough-77"
        )

    results = at_once(act, act)
    assert sorted(type(row).__name__ for row in results) == ["InvitationRefused", "User"]
    assert User.objects.filter(email="a@example.org").count() == 1
