"""Acts on a person's account, each with its reason."""

from django.db import transaction
from django.db.models import F

from portal.accounts.models import User
from portal.audit.recording import record


class UserRefused(Exception):
    """``reason`` is one of own, state, reason_missing, no_second_factor."""

    def __init__(self, reason: str):
        self.reason = reason
        super().__init__(reason)


def end_sessions(user: User) -> None:
    """End every session of the user, on all devices, at its next request. In the transaction of
    the act that ends them; the database counts, so that of two acts at once none is lost."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])


@transaction.atomic
def switch(user: User, *, active: bool, actor, reason: str) -> User:
    """Disable or enable an account; a disabled user is out at the next request, and no session
    comes back with the account."""
    if actor == user:
        raise UserRefused("own")
    if not reason.strip():
        raise UserRefused("reason_missing")
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_active == active:
        raise UserRefused("state")
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        end_sessions(user)
    record(
        "user.enable" if active else "user.disable",
        obj=user,
        actor=actor,
        data={"reason": reason.strip()},
        from_state="disabled" if active else "active",
        to_state="active" if active else "disabled",
    )
    return user


@transaction.atomic
def reveal_phone(user: User, *, actor, reason: str) -> str:
    """The phone number in full: an event with its reason."""
    if not reason.strip():
        raise UserRefused("reason_missing")
    record("user.reveal_phone", obj=user, actor=actor, data={"reason": reason.strip()})
    return user.phone
