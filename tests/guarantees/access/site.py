"""The site's own routes and allauth's."""

from tests.guarantees.access.row import Row
from tests.guarantees.cast import EVERYONE, MEMBERS

# The site's own.
SITE = [
    Row("home", get=EVERYONE),
    Row("role_home", get=MEMBERS),
    Row("search", get=EVERYONE, query="?q=概念验证"),
    Row("healthz", get=EVERYONE),
    Row("readyz", get=EVERYONE),
    Row("help_index", get=EVERYONE),
    Row("help_topic", get=EVERYONE, kwargs=lambda world: {"code": "filling"}),
    Row("site_map", get=EVERYONE),
    Row("contact", get=EVERYONE),
    Row("set_language", post=EVERYONE),
    Row("set_display", post=EVERYONE),
]

# allauth's pages. Whoever is signed in has left some, and visitors have not reached others.
_OPEN = [
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_email_verification_sent",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_confirm_login_code",
]
_SIGNED_IN = [
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_email",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_generate_recovery_codes",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_reauthenticate",
    "mfa_authenticate",
]
ALLAUTH = [
    *(Row(name, get=EVERYONE, post=EVERYONE, flow=True) for name in _OPEN),
    *(Row(name, get=MEMBERS, post=MEMBERS, flow=True) for name in _SIGNED_IN),
    Row(
        "account_reset_password_from_key",
        get=EVERYONE,
        post=EVERYONE,
        flow=True,
        kwargs=lambda world: {"uidb36": "0", "key": "absent"},
    ),
]

ROWS = [*SITE, *ALLAUTH]
