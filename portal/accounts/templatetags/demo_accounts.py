"""The demonstration accounts on the sign-in page, while demonstration data is loaded."""

from django import template
from django.conf import settings
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from portal.accounts.demonstration import DOMAIN
from portal.accounts.models import Membership, Role, User

register = template.Library()

_GROUPS = (
    (_("申报单位"), {Role.ORG_ADMIN, Role.FILLER}),
    (_("责任单位、财政部门"), {Role.CLERK, Role.HEAD, Role.FINANCE, Role.FINANCE_HEAD}),
    (
        _("管理员、审计员、评估机构"),
        {Role.POLICY_ADMIN, Role.ACCOUNT_ADMIN, Role.AUDITOR, Role.EVALUATOR},
    ),
    (_("评审专家"), {Role.EXPERT}),
)


@register.inclusion_tag("account/_demo_accounts.html")
def demo_accounts() -> dict:
    """``{% demo_accounts %}``: e-mail, role and place of each, in groups; nothing with DEMO=0.
    Two queries."""
    if not settings.DEMO:
        return {"groups": []}
    held = Membership.objects.active().select_related("organisation", "unit").order_by("pk")
    users = (
        User.objects.filter(email__endswith=f"@{DOMAIN}", is_active=True)
        .prefetch_related(Prefetch("memberships", queryset=held, to_attr="held"))
        .order_by("pk")
    )
    rows = [(user, membership) for user in users for membership in user.held]
    groups = [(title, [row for row in rows if row[1].role in roles]) for title, roles in _GROUPS]
    return {
        "groups": [(title, found) for title, found in groups if found],
        "password": settings.DEMO_PASSWORD,
    }
