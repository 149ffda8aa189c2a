"""The accounts of demonstration data: all under one domain, of use only while DEMO=1."""

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

# Of `manage.py demo`. Those that the sign-in page names stand directly under it.
DOMAIN = "demo.example"


def is_demonstration(email: str) -> bool:
    """Whether the address is of the demonstration, named on the sign-in page or not."""
    host = email.rpartition("@")[2].lower()
    return host == DOMAIN or host.endswith(f".{DOMAIN}")


class Backend(AuthenticationBackend):
    """Sign-in by e-mail and password. With DEMO=0 demonstration accounts cannot sign in, and
    their sessions are over: their password is known to everybody."""

    def user_can_authenticate(self, user) -> bool:
        if not settings.DEMO and is_demonstration(user.email):
            return False
        return super().user_can_authenticate(user)
