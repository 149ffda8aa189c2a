"""Notices and accounts."""

import hashlib
from typing import Any

from django.db import connection

from portal import clock
from portal.accounts import inviting
from portal.audit.recording import record
from portal.files.models import Blob
from portal.notices.models import Mail, Notice
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory
from tests.guarantees.access.row import Row
from tests.guarantees.cast import APPLICANTS, EVERYONE, MEMBERS, World


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


def colleague_membership(world: World) -> dict[str, Any]:
    return {"uid": world.users["colleague"].memberships.get().uid}


def colleague_invitation(world: World) -> dict[str, Any]:
    made = inviting.invite(
        "new@example.org", "filler", organisation=world.organisation,
        actor=world.users["org_admin"],
    )  # fmt: skip
    return {"uid": made.uid}


def staff_invitation(world: World) -> dict[str, Any]:
    made = inviting.invite("staff@example.org", "expert", actor=world.users["account_admin"])
    return {"uid": made.uid}


def invitation_link(world: World) -> dict[str, Any]:
    made = inviting.invite("link@example.org", "expert", actor=world.users["account_admin"])
    return {"token": inviting.token_of(made)}


def waiting_organisation(world: World) -> dict[str, Any]:
    """An organisation that waits for ``world.district``."""
    return {"uid": OrganisationFactory(district=world.district, status="pending").uid}


def waiting_paper(world: World) -> dict[str, Any]:
    return {"uid": _with_licence(OrganisationFactory(district=world.district)).uid,
            "which": "licence"}  # fmt: skip


def own_paper(world: World) -> dict[str, Any]:
    for organisation in (world.organisation, world.other_organisation):
        _with_licence(organisation)
    return {"which": "licence"}


def _with_licence(organisation):
    content = b"licence"
    blob, _created = Blob.objects.get_or_create(
        sha256=hashlib.sha256(content).hexdigest(),
        defaults={"size_bytes": len(content), "content_type": "application/pdf", "scan": "none",
                  "stored_at": clock.now()},
    )  # fmt: skip
    organisation.licence, organisation.licence_name = blob, "licence.pdf"
    organisation.save()
    return organisation


def some_user(world: World) -> dict[str, Any]:
    return {"uid": UserFactory().uid}


def some_membership(world: World) -> dict[str, Any]:
    return {"uid": MembershipFactory(role="expert").uid}


_OWN_DISTRICT = frozenset({"district_clerk", "district_head"})
_DISTRICTS = _OWN_DISTRICT | {"other_district_clerk"}
_ADMIN = frozenset({"account_admin"})
_ORG_ADMINS = frozenset({"org_admin", "other_admin"})
ACCOUNTS = [
    Row("session_extend", get=MEMBERS, post=MEMBERS),
    Row("landing", get=MEMBERS),
    # Whoever is of an organisation already is sent to it.
    Row(
        "organisation_register",
        get=APPLICANTS | {"newcomer", "expert", "evaluator"},
        post=APPLICANTS | {"newcomer", "expert", "evaluator"},
    ),
    Row("organisation_profile", get=APPLICANTS),
    Row(
        "organisation_edit",
        get=_ORG_ADMINS,
        post=_ORG_ADMINS,
        kwargs=lambda world: {"part": "bank"},
    ),
    Row("organisation_resubmit", post=_ORG_ADMINS),
    Row("organisation_file", get=APPLICANTS, kwargs=own_paper),
    Row("organisation_members", get=APPLICANTS, post=APPLICANTS),
    Row(
        "organisation_member_end",
        get=frozenset({"colleague", "org_admin"}),
        post=frozenset({"colleague", "org_admin"}),
        kwargs=colleague_membership,
    ),
    Row(
        "organisation_invitation_revoke", post=frozenset({"org_admin"}), kwargs=colleague_invitation
    ),
    # Its holder is whoever opens the mail; what it shows and does depends on the address.
    Row("invitation", get=EVERYONE, post=EVERYONE, kwargs=invitation_link),
    Row("organisation_queue", get=_DISTRICTS),
    Row("organisation_check", get=_OWN_DISTRICT, kwargs=waiting_organisation),
    Row("organisation_verify", post=_OWN_DISTRICT, kwargs=waiting_organisation),
    Row("organisation_return", post=_OWN_DISTRICT, kwargs=waiting_organisation),
    Row("organisation_check_file", get=_OWN_DISTRICT, kwargs=waiting_paper),
    Row("organisation_overdue", get=_ADMIN),
    Row("user_list", get=_ADMIN),
    Row("user_detail", get=_ADMIN, kwargs=some_user),
    Row("user_grant", post=_ADMIN, kwargs=some_user),
    Row("user_switch", post=_ADMIN, kwargs=some_user),
    Row("user_second_factor", post=_ADMIN, kwargs=some_user),
    Row("user_phone", post=_ADMIN, kwargs=some_user),
    Row("membership_end", post=_ADMIN, kwargs=some_membership),
    Row("invitation_list", get=_ADMIN, post=_ADMIN),
    Row("invitation_revoke", post=_ADMIN, kwargs=staff_invitation),
    Row("invitation_resend", post=_ADMIN, kwargs=staff_invitation),
    Row("staff_import", get=_ADMIN, post=_ADMIN),
    Row("staff_import_template", get=_ADMIN),
    Row("unit_list", get=_ADMIN),
    Row("unit_edit", get=_ADMIN, post=_ADMIN, kwargs=lambda world: {"code": world.lead.code}),
    Row("staff_import_confirm", post=_ADMIN),
]

_AUDITOR = frozenset({"auditor"})


def some_event(world: World) -> dict[str, Any]:
    """The chain is closed at commit only: an event with a hash is made as the trigger would."""
    event = record("matrix", obj=world.district, actor="system:test")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    event.refresh_from_db()
    return {"digest": event.hash}


AUDIT = [
    Row("audit_event_list", get=_AUDITOR),
    Row("audit_event_detail", get=_AUDITOR, kwargs=some_event),
    Row("audit_check", post=_AUDITOR),
    Row("audit_export", post=_AUDITOR),
]

ROWS = [*NOTICES, *ACCOUNTS, *AUDIT]
