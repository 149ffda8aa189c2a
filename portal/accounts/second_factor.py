"""The code of the second factor: five wrong ones lock it for half an hour, as five passwords do."""

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms

from portal.accounts import locking
from portal.accounts.adapter import told_lock


class _Counted:
    """Attempts are counted by account in the database, before the code is looked at.

    A right password does not end this count, and neither does one that was reset.
    """

    def clean_code(self) -> str:
        email = self.user.email  # type: ignore[attr-defined]
        try:
            locking.begin_attempt(email, step=locking.SECOND_FACTOR)
        except locking.AccountLocked as lock:
            raise told_lock(lock) from lock
        try:
            code = super().clean_code()  # type: ignore[misc]
        except forms.ValidationError:
            try:
                locking.attempt_failed(email, step=locking.SECOND_FACTOR)
            except locking.AccountLocked as lock:
                raise told_lock(lock) from lock
            raise
        locking.clear(email, step=locking.SECOND_FACTOR)
        return code


class CodeForm(_Counted, AuthenticateForm):
    """Signing in."""


class CodeAgainForm(_Counted, ReauthenticateForm):
    """Before a change of what secures the account."""
