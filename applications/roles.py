"""What a user is in a case: the roles of the workflow table.

Membership says what a user is in a unit or an organisation; the unit's part in the case says
the rest: a clerk of the applicant's district is that case's ``district_clerk``.
"""

from django.http import Http404

from applications.models import Application, Part, Party
from portal.accounts.memberships import active_of
from portal.accounts.models import Role
from portal.written import Given, Written

_UNIT_ROLES = {
    Role.CLERK: "clerk",
    Role.HEAD: "head",
    Role.FINANCE: "clerk",
    Role.FINANCE_HEAD: "head",
}
# Case roles: filler, org_admin, district_clerk, district_head, lead_clerk, lead_head,
# co_unit_clerk, co_unit_head, finance_clerk, finance_head, expert, auditor, policy_admin.


_PARTIES = Written(
    lambda: Party.objects.filter(application=Given("application"), ended_at__isnull=True)
)
# The policy's whole text hangs behind every case; no page of a case reads it.
_VISIBLE = Written(
    lambda: Application.objects.visible_to(Given("user"))
    .select_related(
        "call__measure", "call__lead_unit", "call__measure__article__document", "definition",
        "organisation", "district", "holder_unit",
    )
    .defer(
        "definition__body", "call__measure__article__text",
        "call__measure__article__document__text",
    )
    .filter(uid=Given("uid"))
)  # fmt: skip


def case_roles(user, application: Application, *, memberships=None) -> frozenset[str]:
    """The user's roles in this case; empty for a stranger. Two queries, one for the applicant's
    people; one less for a page, which gives the memberships that its request has read
    (``user.present_memberships``)."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    found: set[str] = set()
    if memberships is None:
        memberships = active_of(user)
    units: dict[int, set[str]] = {}
    may_take_part = False
    for held in memberships:
        if held.organisation_id is not None:
            if held.organisation_id == application.organisation_id:
                found.add(held.role)
        elif held.unit_id is not None:
            units.setdefault(held.unit_id, set()).add(held.role)
        elif held.role in {Role.AUDITOR, Role.POLICY_ADMIN}:
            found.add(held.role)
        else:
            may_take_part = True
    if found and not units and not may_take_part:
        # The applicant's people and who oversees are no party.
        return frozenset(found)
    for party in _PARTIES.read(application=application.pk):
        if party.user_id == user.pk:
            found.add("expert")
        for role in units.get(party.unit_id or 0, ()):
            # Money matters are the finance roles', not every clerk's of the finance bureau;
            # and the finance bureau's opinion as a co-unit is its clerks'.
            is_finance = role in {Role.FINANCE, Role.FINANCE_HEAD}
            if is_finance is (party.part == Part.FINANCE):
                found.add(f"{party.part}_{_UNIT_ROLES[Role(role)]}")
    return frozenset(found)


def get_visible(user, uid: str) -> Application:
    """The application that the user may see, or ``Http404``: foreign and absent are one."""
    found = _VISIBLE.read(user=user.pk, uid=uid)
    if not found:
        raise Http404(uid)
    return found[0]


def get_as(user, uid: str, *roles: str) -> Application:
    """As ``get_visible``, for a user who has one of the roles; a wrong role answers 404 too."""
    application = get_visible(user, uid)
    if not case_roles(user, application) & set(roles):
        raise Http404(uid)
    return application
