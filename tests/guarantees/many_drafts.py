"""Drafts that are ready to be submitted, in a running portal, and sessions of those who may:

    python -m tests.guarantees.many_drafts CLIENTS DRAFTS   → JSON for test_acknowledged.py

Run with the portal's own environment.
"""

import json
import sys
from itertools import count

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

from applications import drafts  # noqa: E402
from applications.models import Application, Attachment  # noqa: E402
from policy.models import CalendarYear, Measure  # noqa: E402
from portal import clock  # noqa: E402
from portal.accounts.models import Role  # noqa: E402
from portal.files.storing import store  # noqa: E402
from tests.applications import definition  # noqa: E402
from tests.factories import (  # noqa: E402
    DistrictFactory,
    OrganisationFactory,
    UnitFactory,
    person,
)


def main(clients: int, each: int) -> list[dict]:
    for year in (2026, 2027):
        CalendarYear.objects.get_or_create(
            year=year, defaults={"source": "test", "loaded_at": clock.now()}
        )
    taken = set(Measure.objects.values_list("line", flat=True))
    line = next(f"{article}-9" for article in count(20) if f"{article}-9" not in taken)
    lead, district = UnitFactory(), DistrictFactory()
    measure = definition.make_measure(lead, line=line)
    more = {drafts.CASES_SETTING: each}
    call = definition.make_call(
        measure, definition.BODY | {"line": line}, settings=definition.SETTINGS | more
    )
    blob = store(definition.pdf(), name="a.pdf", types=["pdf"], max_bytes=10**6, at=clock.now())

    def attach(application: Application, slot: str, *, actor, data: bytes = b"") -> Attachment:
        return Attachment.objects.create(
            application=application, slot=slot, name="证照.pdf", blob=blob, uploaded_by=actor,
            uploaded_at=clock.now(),
        )  # fmt: skip

    definition.attach = attach
    return [_of_one(district, lead, measure, call, each) for _client in range(clients)]


def _of_one(district, lead, measure, call, each: int) -> dict:
    organisation = OrganisationFactory(district=district)
    admin = person(Role.ORG_ADMIN, organisation=organisation)
    place = definition.World(district, lead, measure, call, organisation, admin, admin)
    made = [definition.fill(definition.start(place), place) for _draft in range(each)]
    browser = Client()
    browser.force_login(admin)
    return {
        "session": browser.cookies[settings.SESSION_COOKIE_NAME].value,
        "drafts": [application.uid for application in made],
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
