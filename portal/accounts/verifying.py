"""The district verifies who registered (核验): what it was shown, or back with a reason."""

from datetime import date

from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from portal import clock
from portal.accounts.loading import has_role, units_of
from portal.accounts.models import (
    Membership,
    Organisation,
    OrganisationStatus,
    Role,
    User,
)
from portal.audit.recording import record
from portal.notices.outbox import enqueue_all


class VerificationRefused(Exception):
    """``reason`` is one of role, state, changed, own, reason_missing."""

    def __init__(self, reason: str):
        self.reason = reason
        super().__init__(reason)


def districts_of(user) -> list:
    """The districts for which the user verifies."""
    return [unit for unit in units_of(user, Role.CLERK, Role.HEAD) if unit.is_district]


def queue(user):
    """What waits for the user's districts, the oldest first."""
    return Organisation.objects.for_verification(districts_of(user))


def queue_count(user) -> int:
    """The number beside 单位核验 in the menu; asked once for each request."""
    if not hasattr(user, "_queue_count"):
        asked = has_role(user, Role.CLERK, Role.HEAD)
        user._queue_count = queue(user).count() if asked else 0
    return user._queue_count


def queue_counts(user, *, today: date) -> dict[str, int]:
    """What waits, and of it what is overdue: one query."""
    found = queue(user).aggregate(
        waiting=Count("pk"), overdue=Count("pk", filter=Q(due_on__lt=today))
    )
    user._queue_count = found["waiting"]
    return found


def overdue(*, today: date):
    """What no district has verified in time, the longest overdue first."""
    return Organisation.objects.filter(
        status=OrganisationStatus.PENDING, due_on__lt=today
    ).order_by("due_on", "uid")


@transaction.atomic
def verify(organisation: Organisation, *, actor: User, seen_revision: int) -> Organisation:
    """The organisation is who it says. Raises ``VerificationRefused``."""
    organisation = _locked(organisation, actor=actor, seen_revision=seen_revision)
    now = clock.now()
    organisation.status, organisation.status_note = OrganisationStatus.VERIFIED, ""
    organisation.verified_by, organisation.verified_at = actor, now
    organisation.due_on = None
    _close(organisation, "organisation.verify", actor=actor, at=now)
    _tell(organisation, _("单位核验已通过，可以申报"), at=now)
    return organisation


@transaction.atomic
def send_back(
    organisation: Organisation, *, actor: User, reason: str, seen_revision: int
) -> Organisation:
    """Back to the organisation, with everything that is to be mended. Raises
    ``VerificationRefused``."""
    if not reason.strip():
        raise VerificationRefused("reason_missing")
    organisation = _locked(organisation, actor=actor, seen_revision=seen_revision)
    now = clock.now()
    organisation.status = OrganisationStatus.RETURNED
    organisation.status_note = reason.strip()
    organisation.due_on = None
    _close(organisation, "organisation.return", actor=actor, at=now)
    _tell(organisation, _("单位核验被退回，请修改后重新提交"), body=reason.strip(), at=now)
    return organisation


def _locked(organisation: Organisation, *, actor: User, seen_revision: int) -> Organisation:
    # The district is no join, as it may be changing: PostgreSQL would find no such row.
    organisation = Organisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk)
    if organisation.district not in districts_of(actor):
        raise VerificationRefused("role")
    if organisation.status != OrganisationStatus.PENDING:
        raise VerificationRefused("state")
    if organisation.revision != seen_revision:
        raise VerificationRefused("changed")
    if organisation.registered_by_id == actor.pk:
        raise VerificationRefused("own")
    return organisation


def _close(organisation: Organisation, action: str, *, actor: User, at) -> None:
    organisation.revision += 1
    organisation.save(
        update_fields=[
            *("status", "status_note", "verified_by", "verified_at", "due_on", "revision"),
        ]
    )
    record(
        action,
        obj=organisation,
        actor=actor,
        data={"note": organisation.status_note, "revision": organisation.revision},
        from_state=OrganisationStatus.PENDING,
        to_state=organisation.status,
    )


def _tell(organisation: Organisation, what, *, at, body: str = "") -> None:
    admins = Membership.objects.active().filter(organisation=organisation, role=Role.ORG_ADMIN)
    enqueue_all(
        (held.user for held in admins.select_related("user")),
        subject=format_lazy("{}{}{}", organisation.name, _("："), what),
        body=body,
        url=reverse("organisation_profile"),
        key=f"organisation:{organisation.pk}:{organisation.revision}",
        at=at,
    )
