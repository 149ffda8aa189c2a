"""What applicants see in place of a person: a unit's division and service phone."""

from django.db import transaction

from portal.accounts.models import Unit
from portal.audit.recording import record


@transaction.atomic
def set_contact(unit: Unit, *, division: str, service_phone: str, actor) -> Unit:
    """Name the division (承办处室) and the phone of a unit. The rest of it is the policy's."""
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    before = [unit.division, unit.service_phone]
    unit.division, unit.service_phone = division.strip(), service_phone.strip()
    if before == [unit.division, unit.service_phone]:
        return unit
    unit.save(update_fields=["division", "service_phone"])
    record(
        "unit.contact",
        obj=unit,
        actor=actor,
        data={"from": before, "to": [unit.division, unit.service_phone]},
    )
    return unit
