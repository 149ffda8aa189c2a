"""Letters and notices of awards: a letter where the definition has it, a notice in any case."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from applications import letters
from applications.models import Application, Letter
from applications.workflow import schema_of
from portal.accounts.models import Membership, Unit
from portal.notices.outbox import enqueue


def letter(
    application: Application, code: str, *, unit: Unit, actor, facts: Mapping[str, Any]
) -> Letter | None:
    """Issue the letter if the pinned definition has one of this kind."""
    if code not in {row.code for row in schema_of(application).letters}:
        return None
    return letters.issue(application, code, unit=unit, actor=actor, facts=facts)


def officers(unit: Unit, *roles: str) -> list:
    """The unit's people who hold one of the roles."""
    held = Membership.objects.active().filter(unit=unit, role__in=roles, user__is_active=True)
    return list({row.user_id: row.user for row in held.select_related("user")}.values())


def tell(
    people: Iterable, *, subject, key: str, at: datetime, url: str, body: Any = "", but=None
) -> None:
    """A notice to each of the people, but not to who did it."""
    for person in people:
        if person != but:
            enqueue(
                person,
                subject=subject,
                body=body,
                url=url,
                dedupe_key=f"{key}:{person.pk}",
                at=at,
            )
