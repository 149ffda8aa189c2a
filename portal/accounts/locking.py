"""Locking an account after failed sign-ins: by the account, never by the address of the network.

An office behind one address is not locked out by one of its people. An unknown e-mail is counted
alike, so that the lock tells nothing of who has an account.
"""

import hashlib
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, Func, OuterRef
from django.db.models.functions import Lower, Trim

from portal import clock
from portal.accounts.models import SignInAttempts, User
from portal.audit.recording import record

MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=30)
# What is counted: passwords, or codes of the second factor, each on its own.
PASSWORD, SECOND_FACTOR = "", "second factor"


class AccountLocked(Exception):
    def __init__(self, until: datetime):
        self.until = until
        super().__init__(until.isoformat())


def _key(email: str, step: str = PASSWORD) -> str:
    return hashlib.sha256(f"{step}{email.strip().lower()}".encode()).hexdigest()


def is_locked(*, at: datetime) -> Exists:
    """Whether the account of a row of users is locked at the moment."""
    key = Func(
        Lower(Trim(OuterRef("email"))),
        template="encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')",
        output_field=CharField(),
    )
    return Exists(SignInAttempts.objects.filter(key=key, locked_until__gt=at))


@transaction.atomic
def begin_attempt(email: str, *, step: str = PASSWORD) -> None:
    """Count an attempt before the password (the code) is looked at, so that attempts at once are counted.

    Raises ``AccountLocked`` while the account is locked: the password is then not looked at.
    """
    now, key = clock.now(), _key(email, step)
    SignInAttempts.objects.get_or_create(key=key, defaults={"last_at": now})
    row = SignInAttempts.objects.select_for_update().get(key=key)
    if row.locked_until is not None and row.locked_until > now:
        raise AccountLocked(row.locked_until)
    if row.locked_until is not None or row.last_at < now - LOCKED_FOR:
        row.failures, row.locked_until = 0, None
    row.failures += 1
    row.last_at = now
    if row.failures >= MAX_FAILURES:
        row.locked_until = now + LOCKED_FOR
    row.save()


def attempt_failed(email: str, *, step: str = PASSWORD) -> None:
    """The password (the code) was wrong. Raises ``AccountLocked`` if that was one too many."""
    row = SignInAttempts.objects.filter(key=_key(email, step)).first()
    if row is None or row.locked_until is None:
        return
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is not None:
        with transaction.atomic():
            record(
                "user.lock",
                obj=user,
                actor="system:sign-in",
                data={
                    "of": step or "password",
                    "failures": row.failures,
                    "until": row.locked_until.isoformat(),
                },
            )
    raise AccountLocked(row.locked_until)


def clear(email: str, *, step: str = PASSWORD) -> None:
    """A right password, or a password that was reset by mail, ends the counting; a right code
    that of codes."""
    SignInAttempts.objects.filter(key=_key(email, step)).delete()


def sweep() -> int:
    """Forget what has been over for a day."""
    before = clock.now() - timedelta(days=1)
    return SignInAttempts.objects.filter(last_at__lt=before).delete()[0]
