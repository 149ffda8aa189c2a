"""The people of the access matrix: one case's people, and strangers of each kind.

Relative to an object of ``world.organisation`` the cast holds the matrix's four distances: own
(``filler``, ``org_admin``), same organisation (``colleague``), other organisation
(``other_filler``, ``other_admin``) and other unit (``other_clerk``, ``other_head``).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from portal.accounts.models import Organisation, Role, Unit, User
from tests.factories import (
    DistrictFactory,
    MembershipFactory,
    OrganisationFactory,
    UnitFactory,
    UserFactory,
    person,
)

VISITOR = "visitor"
# Persona → role and place ("organisation", "lead", …: an attribute of the world).
PERSONAS: dict[str, tuple[str, str | None] | None] = {
    VISITOR: None,
    "newcomer": None,  # signed in, of no organisation yet
    "filler": (Role.FILLER, "organisation"),
    "colleague": (Role.FILLER, "organisation"),
    "org_admin": (Role.ORG_ADMIN, "organisation"),
    "other_filler": (Role.FILLER, "other_organisation"),
    "other_admin": (Role.ORG_ADMIN, "other_organisation"),
    "district_clerk": (Role.CLERK, "district"),
    "district_head": (Role.HEAD, "district"),
    "lead_clerk": (Role.CLERK, "lead"),
    "lead_head": (Role.HEAD, "lead"),
    "co_unit_clerk": (Role.CLERK, "co_unit"),
    "co_unit_head": (Role.HEAD, "co_unit"),
    "other_clerk": (Role.CLERK, "other_unit"),
    "other_head": (Role.HEAD, "other_unit"),
    "other_district_clerk": (Role.CLERK, "other_district"),
    "finance": (Role.FINANCE, "finance_bureau"),
    "finance_head": (Role.FINANCE_HEAD, "finance_bureau"),
    "expert": (Role.EXPERT, None),
    "evaluator": (Role.EVALUATOR, None),
    "policy_admin": (Role.POLICY_ADMIN, None),
    "account_admin": (Role.ACCOUNT_ADMIN, None),
    "auditor": (Role.AUDITOR, None),
}

EVERYONE = frozenset(PERSONAS)
MEMBERS = EVERYONE - {VISITOR}
NOBODY: frozenset[str] = frozenset()


def holders(*roles: str) -> frozenset[str]:
    """The personas that hold one of the roles, wherever."""
    return frozenset(name for name, held in PERSONAS.items() if held and held[0] in roles)


OWN = frozenset({"filler", "colleague", "org_admin"})
APPLICANTS = holders(Role.FILLER, Role.ORG_ADMIN)
OFFICERS = holders(Role.CLERK, Role.HEAD, Role.FINANCE, Role.FINANCE_HEAD)


@dataclass
class World:
    """The cast and what it works on. Objects are made once for a run, by ``made``."""

    organisation: Organisation
    other_organisation: Organisation
    district: Unit
    other_district: Unit
    lead: Unit
    co_unit: Unit
    other_unit: Unit
    finance_bureau: Unit
    users: dict[str, User] = field(default_factory=dict)
    _made: dict[Callable, Any] = field(default_factory=dict)

    def made(self, maker: Callable[["World"], Any]) -> Any:
        if maker not in self._made:
            with transaction.atomic():  # what fails leaves the world of the other rows whole
                self._made[maker] = maker(self)
        return self._made[maker]


def make_world() -> World:
    district, other_district = DistrictFactory(), DistrictFactory()
    world = World(
        organisation=OrganisationFactory(district=district),
        other_organisation=OrganisationFactory(district=other_district),
        district=district,
        other_district=other_district,
        lead=UnitFactory(),
        co_unit=UnitFactory(),
        other_unit=UnitFactory(),
        finance_bureau=UnitFactory(),
    )
    for name, held in PERSONAS.items():
        if name == VISITOR:
            continue
        if held is None:
            world.users[name] = UserFactory(name=name)
            continue
        role, place = held
        where = getattr(world, place) if place else None
        world.users[name] = person(
            role,
            name=name,
            organisation=where if isinstance(where, Organisation) else None,
            unit=where if isinstance(where, Unit) else None,
        )
    return world


__all__ = [
    "APPLICANTS",
    "EVERYONE",
    "MEMBERS",
    "NOBODY",
    "OFFICERS",
    "OWN",
    "PERSONAS",
    "VISITOR",
    "MembershipFactory",
    "World",
    "holders",
    "make_world",
]
