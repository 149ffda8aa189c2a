"""Invitations: a role is offered to an e-mail address; who opens the mail may take it up.

The link carries a signed uid and nothing else, so it can be written again at any time and no
secret lies in the database. Mailing is a task with a sweep, as for notices.
"""

from datetime import timedelta
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from portal import clock
from portal.accounts import memberships
from portal.accounts.masking import mask_email
from portal.accounts.models import Invitation, Organisation, Unit, User
from portal.audit.recording import record

VALID_FOR = timedelta(days=7)
_SALT = "accounts.invitation"


class InvitationRefused(Exception):
    """``reason`` is one of gone (expired, revoked, taken up), other_address, or a reason of
    ``memberships.GrantRefused``."""

    def __init__(self, reason: str):
        self.reason = reason
        super().__init__(reason)


@transaction.atomic
def invite(
    email: str,
    role: str,
    *,
    actor,
    organisation: Organisation | None = None,
    unit: Unit | None = None,
    name: str = "",
    phone: str = "",
) -> Invitation:
    """Offer a role to an address. An open offer of the same is revoked and made anew."""
    now, email = clock.now(), email.strip().lower()
    with connection.cursor() as cursor:
        # There may be no row to lock: two offers to one address wait for each other by its name.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [email])
    same = Invitation.objects.filter(
        email__iexact=email, role=role, organisation=organisation, unit=unit,
        accepted_at__isnull=True, revoked_at__isnull=True,
    )  # fmt: skip
    for old in same:
        _revoke(old, actor=actor, at=now)
    invitation = Invitation.objects.create(
        email=email,
        name=name,
        phone=phone,
        role=role,
        organisation=organisation,
        unit=unit,
        invited_by=actor if isinstance(actor, User) else None,
        invited_at=now,
        expires_at=now + VALID_FOR,
    )
    record(
        "invitation.send",
        obj=invitation,
        actor=actor,
        data={
            "email": mask_email(email),
            "role": str(role),
            "organisation": organisation.uid if organisation else None,
            "unit": unit.code if unit else None,
        },
        to_state="open",
    )
    transaction.on_commit(lambda: _wake(invitation.pk), robust=True)
    return invitation


@transaction.atomic
def revoke(invitation: Invitation, *, actor) -> None:
    """Take an open offer back; its link says so from then on."""
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at is not None or invitation.revoked_at is not None:
        raise InvitationRefused("gone")
    _revoke(invitation, actor=actor, at=clock.now())


def _revoke(invitation: Invitation, *, actor, at) -> None:
    invitation.revoked_at = at
    invitation.save(update_fields=["revoked_at"])
    record("invitation.revoke", obj=invitation, actor=actor, from_state="open", to_state="revoked")


@transaction.atomic
def accept(invitation: Invitation, *, user: User) -> None:
    """Take the role up. The user's address is the invited one. Raises ``InvitationRefused``."""
    invitation = _locked(invitation)
    if user.email.lower() != invitation.email.lower():
        raise InvitationRefused("other_address")
    _take_up(invitation, user=user)


@transaction.atomic
def accept_as_new(invitation: Invitation, *, name: str, phone: str, password: str) -> User:
    """Open the account that was invited, its address verified by the mail, with the role."""
    invitation = _locked(invitation)
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise InvitationRefused("other_address")
    user = User.objects.create_user(invitation.email, password, name=name, phone=phone)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    record("user.sign_up", obj=user, actor=user, data={"invitation": invitation.uid})
    _take_up(invitation, user=user)
    return user


def _locked(invitation: Invitation) -> Invitation:
    found = (
        Invitation.objects.open(at=clock.now())
        .select_for_update(of=("self",))
        .select_related("organisation", "unit", "invited_by")
        .filter(pk=invitation.pk)
        .first()
    )
    if found is None:
        raise InvitationRefused("gone")
    return found


def _take_up(invitation: Invitation, *, user: User) -> None:
    try:
        memberships.grant(
            user,
            invitation.role,
            organisation=invitation.organisation,
            unit=invitation.unit,
            actor=invitation.invited_by or "system:invitation",
            reason=f"invitation {invitation.uid}",
        )
    except memberships.GrantRefused as refusal:
        raise InvitationRefused(refusal.reason) from refusal
    invitation.accepted_at, invitation.accepted_by = clock.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    record("invitation.accept", obj=invitation, actor=user, from_state="open", to_state="accepted")


# --- the link and its mail -----------------------------------------------------------


def token_of(invitation: Invitation) -> str:
    return signing.Signer(salt=_SALT).sign(invitation.uid).replace(":", ".")


def read_token(token: str) -> Invitation | None:
    """The open invitation that the link names; None if the link is not ours or it is gone."""
    uid, _dot, signature = token.partition(".")
    try:
        signing.Signer(salt=_SALT).unsign(f"{uid}:{signature}")
    except signing.BadSignature:
        return None
    return (
        Invitation.objects.open(at=clock.now())
        .select_related("organisation", "unit", "invited_by")
        .filter(uid=uid)
        .first()
    )


def link_of(invitation: Invitation) -> str:
    return settings.SITE_URL + reverse("invitation", args=[token_of(invitation)])


def _wake(pk: int) -> None:
    from portal.accounts.tasks import mail_invitation

    mail_invitation.delay(pk)


@transaction.atomic
def mail(pk: int) -> bool:
    """Mail an open invitation that was not mailed yet; True if it was mailed now."""
    now = clock.now()
    invitation = (
        Invitation.objects.open(at=now)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("organisation", "unit", "invited_by")
        .filter(pk=pk, mailed_at__isnull=True)
        .first()
    )
    if invitation is None:
        return False
    message(invitation).send()
    invitation.mailed_at = now
    invitation.save(update_fields=["mailed_at"])
    return True


def message(invitation: Invitation) -> EmailMessage:
    """Chinese first, English below."""
    host = urlsplit(settings.SITE_URL).hostname
    with translation.override("zh-hans"):
        subject = _subject(invitation)
        parts = [_text(invitation)]
    with translation.override("en"):
        parts += ["— English —", _text(invitation)]
    return EmailMessage(
        subject=subject,
        body="\n\n".join(parts) + "\n",
        to=[invitation.email],
        headers={"Message-ID": f"<invitation-{invitation.uid}@{host}>"},
    )


def place_of(invitation: Invitation) -> str:
    """The organisation or unit of the offer; "" for a role of the whole city."""
    return str(invitation.organisation or invitation.unit or "")


def _subject(invitation: Invitation) -> str:
    subject = _("邀请您加入南京市科技成果转化支持申报平台：{role}").format(
        role=invitation.get_role_display()
    )
    return " ".join(subject.split())


def _text(invitation: Invitation) -> str:
    until = clock.local(invitation.expires_at)
    return _(
        "您好：\n\n{place}邀请您担任{role}。请在 {until} 前打开以下链接，设置密码或登录后接受：\n\n{link}\n\n"
        "链接只能使用一次。如不认识邀请人，请忽略本邮件。"
    ).format(
        place=f"{place_of(invitation)} " if place_of(invitation) else "",
        role=invitation.get_role_display(),
        until=f"{until:%Y-%m-%d %H:%M}",
        link=link_of(invitation),
    )
