"""Memberships: granted and ended, by whom, with what reason."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import IntegrityError, transaction

from portal import clock
from portal.accounts.models import SEPARATED_ROLES, Membership, Organisation, Role, Unit, User
from portal.audit.recording import record

# Violated constraint → why the grant is refused.
_REFUSALS = {
    "membership_once": "already",
    "membership_separated_roles": "separated",
    "membership_one_organisation": "other_organisation",
    "membership_scope_fits_role": "scope",
}


class GrantRefused(Exception):
    """``reason`` is one of already, separated, other_organisation, scope, own, disabled."""

    def __init__(self, reason: str, *, user: User, role: str):
        self.reason, self.user, self.role = reason, user, role
        super().__init__(f"{role} for {user.pk}: {reason}")


class EndRefused(Exception):
    """``reason`` is one of last_admin, ended, own, reason_missing."""

    def __init__(self, reason: str, *, membership: Membership):
        self.reason, self.membership = reason, membership
        super().__init__(f"{membership.pk}: {reason}")


# What was read inside ``held``, by the user's key.
_held: ContextVar[dict[int, list[Membership]] | None] = ContextVar("held", default=None)


@contextmanager
def held() -> Iterator[None]:
    """Inside, the memberships of each user are read once, for work whose one transaction nobody
    else's grants concern: a demonstration that is told."""
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)


def active_of(user: User) -> Iterable[Membership]:
    """The user's memberships that have not ended."""
    rows = Membership.objects.active().filter(user=user)
    if (known := _held.get()) is None:
        return rows
    if user.pk not in known:
        known[user.pk] = list(rows)
    return known[user.pk]


def _forget(user_pk: int) -> None:
    if (known := _held.get()) is not None:
        known.pop(user_pk, None)


@transaction.atomic
def grant(
    user: User,
    role: str,
    *,
    actor,
    organisation: Organisation | None = None,
    unit: Unit | None = None,
    reason: str = "",
) -> Membership:
    """Give the user a role in an organisation, in a unit, or city-wide.

    ``actor`` is a user or a string that names a part of the system. Nobody grants a role to
    himself, and nobody holds two of the three separated roles. Raises ``GrantRefused``.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise GrantRefused("disabled", user=user, role=role)
    if actor == user and role not in {Role.ORG_ADMIN, Role.FILLER}:
        raise GrantRefused("own", user=user, role=role)
    membership = Membership(
        user=user,
        role=role,
        organisation=organisation,
        unit=unit,
        granted_by=actor if isinstance(actor, User) else None,
        granted_at=clock.now(),
    )
    try:
        with transaction.atomic():
            membership.save(force_insert=True)
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if name not in _REFUSALS:
            raise
        raise GrantRefused(_REFUSALS[name], user=user, role=role) from error
    _forget(user.pk)
    record(
        "membership.grant",
        obj=membership,
        actor=actor,
        data={
            "user": user.uid,
            "role": str(role),
            "organisation": organisation.uid if organisation else None,
            "unit": unit.code if unit else None,
            "reason": reason,
        },
        to_state=str(role),
    )
    return membership


@transaction.atomic
def end(membership: Membership, *, actor, reason: str) -> Membership:
    """End a membership; it stays in the history.

    The last admin of an organisation cannot leave, and nobody ends one of the separated roles
    of himself. Raises ``EndRefused``.
    """
    if membership.organisation_id is not None:
        # The organisation's row is the lock of "at least one admin".
        Organisation.objects.select_for_update(of=("self",)).get(pk=membership.organisation_id)
    membership = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("user", "organisation", "unit")
        .get(pk=membership.pk)
    )
    if membership.ended_at is not None:
        raise EndRefused("ended", membership=membership)
    if not reason.strip():
        raise EndRefused("reason_missing", membership=membership)
    if actor == membership.user and membership.role in SEPARATED_ROLES:
        raise EndRefused("own", membership=membership)
    if membership.role == Role.ORG_ADMIN and not _other_admins(membership).exists():
        raise EndRefused("last_admin", membership=membership)
    membership.ended_at = clock.now()
    membership.save(update_fields=["ended_at"])
    _forget(membership.user_id)
    record(
        "membership.end",
        obj=membership,
        actor=actor,
        data={
            "user": membership.user.uid,
            "role": membership.role,
            "organisation": membership.organisation.uid if membership.organisation else None,
            "unit": membership.unit.code if membership.unit else None,
            "reason": reason,
        },
        from_state=membership.role,
        to_state="ended",
    )
    return membership


def _other_admins(membership: Membership):
    return (
        Membership.objects.active()
        .filter(organisation=membership.organisation_id, role=Role.ORG_ADMIN, user__is_active=True)
        .exclude(pk=membership.pk)
    )
