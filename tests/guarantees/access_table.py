"""Who may enter which route, by which method. One row for each route; a route without a row
fails the matrix, and so does a row without a route.

``get`` and ``post`` name the personas (see cast.py) who are let in; whoever else is signed in gets
404, and a visitor is sent to sign in (or gets 404). A method that is not given is refused to all.
``kwargs`` makes what the URL names: a function of the world, called once for a run, that returns
the URL's arguments; ``data`` is what is posted (an answer that names errors is an entry too).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from policy import calendars, call_changes, calls
from portal import clock
from portal.accounts.models import Role
from portal.notices.models import Mail, Notice
from tests.guarantees.cast import EVERYONE, MEMBERS, VISITOR, World, holders
from tests.policy.callable import fields as call_fields
from tests.policy.callable import make_callable_measure, person
from tests.policy.catalogue import make_measure, make_open_call

Kwargs = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    route: str
    get: frozenset[str] | None = None
    post: frozenset[str] | None = None
    kwargs: Kwargs | None = None
    data: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    # A page of allauth's flows: it sends away who stands elsewhere in the flow. Who is not named
    # is not shown it; who is named gets an answer that is no fault of the server's.
    flow: bool = False


def key(world: World) -> dict[str, Any]:
    return {"key": "absent"}


# The site's own.
SITE = [
    Row("home", get=EVERYONE),
    Row("healthz", get=EVERYONE),
    Row("readyz", get=EVERYONE),
    Row("set_language", post=EVERYONE),
    Row("set_display", post=EVERYONE),
]

# The policy's public pages.
POLICY = [
    Row("measure_list", get=EVERYONE),
    Row("measure_detail", get=EVERYONE, kwargs=lambda world: {"line": make_measure(1).line}),
    Row("call_list", get=EVERYONE),
    Row(
        "call_detail",
        get=EVERYONE,
        kwargs=lambda world: {"uid": make_open_call(make_measure(2)).uid},
    ),
]

# The policy administrators' pages.
POLICY_ADMIN = holders(Role.POLICY_ADMIN)


def _callable(world: World):
    return make_callable_measure(5)


def _draft(world: World):
    drafter = person("another-policy-admin")
    return calls.draft(world.made(_callable), call_fields(), actor=drafter)


def _published(world: World):
    drafter = world.users["policy_admin"]
    call = calls.draft(world.made(_callable), call_fields(), actor=drafter)
    return calls.publish(call, actor=person("another-policy-admin"))


def _change(world: World):
    return call_changes.draft(
        world.made(_published), "close", reason="x", actor=person("another-policy-admin")
    )


def _year(world: World):
    return calendars.load_year(2026, calendars.packaged_days(2026), source="x", actor="test")


def draft_call(world: World) -> dict[str, Any]:
    return {"uid": world.made(_draft).uid}


def change(world: World) -> dict[str, Any]:
    return {"uid": world.made(_change).uid}


def calendar_day(world: World) -> dict[str, Any]:
    return {"day": f"{world.made(_year).year}-03-02"}


POLICY_ADMINISTRATION = [
    Row("policy_admin_home", get=POLICY_ADMIN),
    Row("policy_call_list", get=POLICY_ADMIN),
    Row("policy_call_choose", get=POLICY_ADMIN),
    Row(
        "policy_call_new",
        get=POLICY_ADMIN,
        post=POLICY_ADMIN,
        kwargs=lambda world: {"line": world.made(_callable).line},
    ),
    Row("policy_call_review", get=POLICY_ADMIN, kwargs=draft_call),
    Row("policy_call_edit", get=POLICY_ADMIN, post=POLICY_ADMIN, kwargs=draft_call),
    Row("policy_call_ask", post=POLICY_ADMIN, kwargs=draft_call),
    Row("policy_call_publish", post=POLICY_ADMIN, kwargs=draft_call),
    Row("policy_call_discard", post=POLICY_ADMIN, kwargs=draft_call),
    Row(
        "policy_callchange_new",
        get=POLICY_ADMIN,
        post=POLICY_ADMIN,
        kwargs=lambda world: {"uid": world.made(_published).uid, "kind": "budget_cny"},
    ),
    Row("policy_callchange_drop", post=POLICY_ADMIN, kwargs=change),
    Row("call_change_release", post=POLICY_ADMIN, kwargs=change),
    Row("policy_calendar", get=POLICY_ADMIN),
    Row("policy_calendar_import", get=POLICY_ADMIN, post=POLICY_ADMIN),
    Row("policy_calendar_confirm", post=POLICY_ADMIN),
    Row("policy_calendar_day", get=POLICY_ADMIN, post=POLICY_ADMIN, kwargs=calendar_day),
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
    Row("account_confirm_email", get=EVERYONE, post=EVERYONE, flow=True, kwargs=key),
    Row(
        "account_reset_password_from_key",
        get=EVERYONE,
        post=EVERYONE,
        flow=True,
        kwargs=lambda world: {"uidb36": "0", "key": "absent"},
    ),
]


def own_notice(world: World) -> dict[str, Any]:
    """A notice of the filler's."""
    now = clock.now()
    notice = Notice.objects.create(
        recipient=world.users["filler"], subject="x", dedupe_key="matrix", created_at=now,
        held_until=now,
    )  # fmt: skip
    return {"uid": notice.uid}


def kept_mail(world: World) -> dict[str, Any]:
    return {"uid": Mail.objects.create(to="", subject="", body="", kept_at=clock.now()).uid}


NOTICES = [
    Row("notice_inbox", get=MEMBERS),
    Row("notice_read_all", post=MEMBERS),
    Row("notice_read", post=frozenset({"filler"}), kwargs=own_notice),
    # On loopback without a mail server only.
    Row("mail_list", get=EVERYONE),
    Row("mail_detail", get=EVERYONE, kwargs=kept_mail),
]

ROWS = [*NOTICES, *SITE, *POLICY, *POLICY_ADMINISTRATION, *ALLAUTH]
TABLE = {row.route: row for row in ROWS}
assert len(TABLE) == len(ROWS), "a route has two rows"
__all__ = ["EVERYONE", "MEMBERS", "TABLE", "VISITOR", "Row"]
