"""The accounts of demonstration data: all under one domain, of use only while DEMO=1."""

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib.auth import get_user_model

from portal.written import Given, Written

# Of `manage.py demo`. Those that the sign-in page names stand directly under it.
DOMAIN = "demo.example"


def is_demonstration(email: str) -> bool:
    """Whether the address is of the demonstration, named on the sign-in page or not."""
    host = email.rpartition("@")[2].lower()
    return host == DOMAIN or host.endswith(f".{DOMAIN}")


_USER = Written(lambda: get_user_model()._default_manager.filter(pk=Given("pk")))


class Backend(AuthenticationBackend):
    """Sign-in by e-mail and password. With DEMO=0 demonstration accounts cannot sign in, and
    their sessions are over: their password is known to everybody."""

    def authenticate(self, request, **credentials):
        # Before the password: allauth goes on with whom ``user_can_authenticate`` alone refuses.
        if _is_shut(credentials.get("email") or credentials.get("username") or ""):
            return None
        return super().authenticate(request, **credentials)

    def get_user(self, user_id):
        """As Django's, for every request of who is signed in."""
        found = _USER.read(pk=user_id)
        return found[0] if found and self.user_can_authenticate(found[0]) else None

    def user_can_authenticate(self, user) -> bool:
        return not _is_shut(user.email) and super().user_can_authenticate(user)


def _is_shut(email: str) -> bool:
    return not settings.DEMO and is_demonstration(email)
