"""What applicants see in place of a person: a unit's division and service phone."""

from django.db import transaction

from portal.accounts.models import Unit
from portal.audit.recording import record


@transaction.atomic
def set_contact(
    unit: Unit, *, division: str, service_phone: str, actor, division_en: str = ""
) -> Unit:
    """Name the division (承办处室) and the phone of a unit. The rest of it is the policy's."""
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    before = _contact(unit)
    unit.division, unit.division_en = division.strip(), division_en.strip()
    unit.service_phone = service_phone.strip()
    if before == _contact(unit):
        return unit
    unit.save(update_fields=["division", "division_en", "service_phone"])
    record(
        "unit.contact",
        obj=unit,
        actor=actor,
        data={"from": before, "to": _contact(unit)},
    )
    return unit


def _contact(unit: Unit) -> list[str]:
    return [unit.division, unit.division_en, unit.service_phone]
