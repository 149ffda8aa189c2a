"""The three separate administrators: invited by whoever runs the server, and by no page."""

from collections.abc import Collection

from portal.accounts import inviting, memberships
from portal.accounts.masking import mask_email
from portal.accounts.models import SEPARATED_ROLES, Invitation, Membership

ACTOR = "system:bootstrap"


class BootstrapRefused(Exception):
    pass


def invite_administrators(
    emails: dict[str, str], *, replace: Collection[str] = ()
) -> list[Invitation]:
    """Invite an address for each role. A portal begins with all three; a role that is held is
    given on only if it is named in ``replace``. Raises ``BootstrapRefused``."""
    if not emails:
        raise BootstrapRefused("name the addresses: --policy-admin, --account-admin, --auditor")
    if len(set(emails.values())) < len(emails):
        raise BootstrapRefused("the three administrators are three people: the addresses differ")
    held = {
        row.role: row
        for row in Membership.objects.active()
        .filter(role__in=SEPARATED_ROLES)
        .select_related("user")
    }
    missing = sorted(SEPARATED_ROLES - set(held) - set(emails))
    if missing and not replace:
        raise BootstrapRefused(f"no address for {', '.join(missing)}")
    for role, email in emails.items():
        if role in held and role not in replace:
            raise BootstrapRefused(f"{role} is {held[role].user.email}; add --replace {role}")
        others = {other: row for other, row in held.items() if other != role}
        for other, row in others.items():
            if row.user.email.lower() == email:
                raise BootstrapRefused(f"{email} is {other}: the three are three people")
    for role in sorted(replace):
        if role not in emails:
            raise BootstrapRefused(f"no address for the new {role}")
        if role in held:
            memberships.end(
                held[role], actor=ACTOR, reason=f"replaced by {mask_email(emails[role])}"
            )
    return [inviting.invite(email, role, actor=ACTOR) for role, email in sorted(emails.items())]
