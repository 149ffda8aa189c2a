"""Registering an organisation, and keeping its profile. Each verb is one transaction."""

from django.db import IntegrityError, transaction

from portal import clock
from portal.accounts import memberships
from portal.accounts.deadlines import registration_due
from portal.accounts.masking import mask
from portal.accounts.models import Organisation, OrganisationStatus, Role, User
from portal.accounts.pinyin import sort_key
from portal.audit.recording import record

# What the district has verified: a change asks for it again.
IDENTITY_FIELDS = (
    "name",
    "uscc",
    "kind",
    "district",
    "founded_on",
    "legal_representative",
    "licence",
    "authorisation",
)
REGISTRATION_FIELDS = (*IDENTITY_FIELDS, "address", "contact_name", "contact_phone")
# Never written into an event in full.
_MASKED = {"bank_account", "contact_phone"}


class RegistrationRefused(Exception):
    """``reason`` is one of uscc_taken, other_organisation, stale."""

    def __init__(self, reason: str):
        self.reason = reason
        super().__init__(reason)


def _apply(organisation: Organisation, values: dict) -> list[str]:
    """Write the values onto the row, unsaved; the names of the fields that changed.

    A file is a pair (blob, name).
    """
    changed = []
    for field, value in values.items():
        if field in {"licence", "authorisation"}:
            blob, name = value if value else (None, "")
            if getattr(organisation, f"{field}_id") != (blob.pk if blob else None):
                changed.append(field)
            setattr(organisation, field, blob)
            setattr(organisation, f"{field}_name", name)
            continue
        if getattr(organisation, field, None) != value:
            changed.append(field)
        setattr(organisation, field, value)
    organisation.sort_key = sort_key(organisation.name)
    return changed


def _save(organisation: Organisation) -> None:
    try:
        with transaction.atomic():
            organisation.save()
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
        if "uscc" in name and name != "organisation_uscc_form":
            raise RegistrationRefused("uscc_taken") from error
        raise


@transaction.atomic
def register(values: dict, *, actor: User) -> Organisation:
    """Register an organisation; who registers it becomes its admin. It waits for its district.

    ``values`` are of ``REGISTRATION_FIELDS``. Raises ``RegistrationRefused``.
    """
    now = clock.now()
    organisation = Organisation(
        registered_by=actor,
        registered_at=now,
        updated_at=now,
        due_on=registration_due(clock.local(now).date()),
    )
    _apply(organisation, values)
    _save(organisation)
    record(
        "organisation.register",
        obj=organisation,
        actor=actor,
        data={"name": organisation.name, "uscc": organisation.uscc},
        to_state=OrganisationStatus.PENDING,
    )
    try:
        memberships.grant(actor, Role.ORG_ADMIN, organisation=organisation, actor=actor)
    except memberships.GrantRefused as refusal:
        raise RegistrationRefused("other_organisation") from refusal
    return organisation


@transaction.atomic
def update_profile(
    organisation: Organisation, values: dict, *, actor: User, seen_revision: int
) -> Organisation:
    """Write a part of the profile. A change of what the district verified, and any saving after a
    return, asks for the verification again. Raises ``RegistrationRefused``.
    """
    organisation = Organisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk)
    if organisation.revision != seen_revision:
        raise RegistrationRefused("stale")
    now, before = clock.now(), organisation.status
    old = {name: getattr(organisation, name) for name in values if name in _MASKED}
    changed = _apply(organisation, values)
    identity = bool(set(changed) & set(IDENTITY_FIELDS))
    again = identity and before in {OrganisationStatus.VERIFIED, OrganisationStatus.RETURNED}
    if not changed:
        return organisation
    organisation.revision += 1
    organisation.updated_at = now
    if again:
        _wait_again(organisation, at=now)
    _save(organisation)
    record(
        "organisation.update",
        obj=organisation,
        actor=actor,
        data={"fields": changed} | {name: [mask(old[name]), mask(values[name])]
                                    for name in changed if name in old},
        from_state=before if again else "",
        to_state=organisation.status if again else "",
    )  # fmt: skip
    return organisation


@transaction.atomic
def resubmit(organisation: Organisation, *, actor: User) -> Organisation:
    """Ask for the verification again after a return, the profile being as it should be."""
    organisation = Organisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk)
    if organisation.status != OrganisationStatus.RETURNED:
        raise RegistrationRefused("stale")
    _wait_again(organisation, at=clock.now())
    organisation.revision += 1
    organisation.save()
    record(
        "organisation.resubmit",
        obj=organisation,
        actor=actor,
        from_state=OrganisationStatus.RETURNED,
        to_state=OrganisationStatus.PENDING,
    )
    return organisation


def _wait_again(organisation: Organisation, *, at) -> None:
    organisation.status = OrganisationStatus.PENDING
    organisation.status_note = ""
    organisation.verified_by = organisation.verified_at = None
    organisation.submitted_at = at
    organisation.due_on = registration_due(clock.local(at).date())
