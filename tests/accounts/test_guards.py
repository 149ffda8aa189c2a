"""What the database refuses, whoever writes: one row for each guard of these rooms' tables."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from portal import clock
from portal.accounts import inviting
from portal.accounts.models import Invitation, Membership, Organisation, Role, Unit, User
from portal.audit.models import Event, Head
from portal.audit.recording import record
from portal.files.models import Blob
from portal.notices.models import Mail, Notice
from tests.conftest import owner_connection
from tests.factories import (
    MembershipFactory,
    OrganisationFactory,
    UnitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def _again(obj, **more) -> None:
    """The row once more, its other fields as they are."""
    obj.pk, obj._state.adding = None, True
    for name, value in more.items():
        setattr(obj, name, value)
    obj.save(force_insert=True)


def _organisation(**change) -> Callable:
    return lambda: Organisation.objects.filter(pk=OrganisationFactory().pk).update(**change)


def _registered_by_its_verifier() -> None:
    organisation = OrganisationFactory()
    Organisation.objects.update(verified_by=organisation.registered_by)


def _membership(**fields) -> Callable:
    def act():
        given = {"user": UserFactory(), "granted_at": clock.now()}
        Membership.objects.create(
            **(given | {k: v() if callable(v) else v for k, v in fields.items()})
        )

    return act


def _twice(role, **scope) -> Callable:
    """Two active memberships of one user."""

    def act():
        user = UserFactory()
        for place in scope.get("organisations", [None, None]):
            Membership.objects.create(
                user=user, role=role, organisation=place and OrganisationFactory(),
                granted_at=clock.now(),
            )  # fmt: skip

    return act


def _invitation(**fields) -> Callable:
    def act():
        now = clock.now()
        Invitation.objects.create(
            **({"email": "a@b.cn", "invited_at": now, "expires_at": now} | fields)
        )

    return act


def _notice() -> Notice:
    now = clock.now()
    return Notice.objects.create(
        recipient=UserFactory(), subject="x", dedupe_key="k", created_at=now, held_until=now
    )


def _mail() -> Mail:
    return Mail.objects.create(to="", subject="", body="", kept_at=clock.now())


def _separated() -> None:
    user = UserFactory()
    for role in (Role.AUDITOR, Role.ACCOUNT_ADMIN):
        Membership.objects.create(user=user, role=role, granted_at=clock.now())


GUARDS: dict[str, Callable] = {
    "accounts_user_email_key": lambda: _again(UserFactory(), uid="u" * 12),
    "accounts_user_uid_key": lambda: _again(UserFactory(), email="other@example.org"),
    "user_email_ci": lambda: _again(UserFactory(email="a@example.org"), uid="u" * 12, email="A@example.org"),
    "accounts_unit_code_key": lambda: _again(UnitFactory(), name_zh="另一个"),
    "accounts_unit_name_zh_key": lambda: _again(UnitFactory(), code="other"),
    "accounts_organisation_uid_key": lambda: _again(OrganisationFactory(), uscc="52320100MJ000123X9", status="pending"),
    "accounts_organisation_uscc_key": lambda: _again(OrganisationFactory(), uid="o" * 12, status="pending"),
    "organisation_uscc_form": _organisation(uscc="9132010OMA1W000030"),
    "organisation_rd_staff_within_staff": _organisation(staff_count=1, rd_staff_count=2),
    "organisation_verified_by_someone": _organisation(verified_at=None),
    "organisation_verified_by_another": _registered_by_its_verifier,
    "accounts_membership_uid_key": lambda: _again(MembershipFactory(role=Role.CLERK), role=Role.HEAD),
    "membership_scope_fits_role": _membership(role=Role.CLERK),
    "membership_once": _twice(Role.EXPERT),
    "membership_one_organisation": _twice(Role.FILLER, organisations=[1, 2]),
    "membership_separated_roles": _separated,
    "accounts_invitation_uid_key": lambda: _again(
        inviting.invite("a@b.cn", Role.EXPERT, actor="system:test"), email="b@b.cn"),
    "invitation_scope_fits_role": _invitation(role=Role.FILLER),
    "invitation_once": lambda: _again(
        inviting.invite("a@b.cn", Role.EXPERT, actor="system:test"), uid="i" * 12),
    "notices_notice_uid_key": lambda: _again(_notice(), dedupe_key="other"),
    "notices_notice_dedupe_key_key": lambda: _again(_notice(), uid="n" * 12),
    "notices_mail_uid_key": lambda: _again(_mail()),
    "blob_sha256_is_hex": lambda: Blob.objects.create(
        sha256="Z" * 64, size_bytes=1, stored_at=clock.now()),
}  # fmt: skip


@pytest.mark.parametrize("constraint", GUARDS)
def test_database_refuses_by_the_named_constraint(constraint):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        GUARDS[constraint]()
    assert refusal.value.__cause__.diag.constraint_name == constraint


@pytest.mark.parametrize("change", [{"accepted_at": True}, {"accepted_by": True}])
def test_invitation_is_taken_up_by_somebody_at_some_time(change):
    made = inviting.invite("a@b.cn", Role.EXPERT, actor="system:test")
    value = {"accepted_at": clock.now(), "accepted_by": UserFactory()}
    with (
        pytest.raises(IntegrityError, match="invitation_accepted_by_someone"),
        transaction.atomic(),
    ):
        Invitation.objects.filter(pk=made.pk).update(**{name: value[name] for name in change})


@pytest.mark.parametrize("right", ["DELETE FROM", "TRUNCATE"])
@pytest.mark.parametrize("model", [User, Organisation, Unit, Membership])
def test_running_role_removes_nobody(model, right):
    table = model._meta.db_table
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"{right} {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_head (id, position, hash) VALUES (1, 0, '')",
        "UPDATE audit_head SET position = 0",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
        "UPDATE audit_event SET action = ''",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
    ],
)
def test_running_role_leaves_the_log_alone(statement):
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


# --- the log, against its owner ------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit_event SET action = 'x'", "append-only"),
        ("DELETE FROM audit_event", "append-only"),
        ("INSERT INTO audit_head (id, position, hash) VALUES (2, 0, '')", "head_single_row"),
    ],
)
def test_owner_too_meets_the_guards_of_the_log(statement, told):
    with transaction.atomic():
        record("test.act", obj=Head(pk=1), actor="system:test")
    with owner_connection() as owner, pytest.raises(Exception, match=told):
        owner.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_event_arrives_unchained_and_is_given_its_place_and_time_by_the_database():
    moment = clock.now()
    with transaction.atomic():
        Event.objects.create(
            action="test.act", object_type="x", object_id="1", at="2020-01-01T00:00:00Z",
            transaction_id=1, position=77, previous_hash="f" * 64, hash="f" * 64,
        )  # fmt: skip
    event = Event.objects.get()
    assert (event.position, event.previous_hash) == (1, "0" * 64)
    assert event.hash != "f" * 64
    assert event.transaction_id != 1
    assert event.at >= moment


@pytest.mark.django_db(transaction=True)
def test_two_events_do_not_share_a_place():
    with owner_connection() as owner, owner.transaction():
        owner.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        insert = (
            "INSERT INTO audit_event (position, action, object_type, object_id, actor_label, data,"
            " from_state, to_state, algorithm, transaction_id, at)"
            " VALUES (5, 'x', 'x', '1', '', '{}', '', '', 'sha256', 1, now())"
        )
        owner.execute(insert)
        with pytest.raises(Exception, match="audit_event_position_key"), owner.transaction():
            owner.execute(insert)
        owner.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")
