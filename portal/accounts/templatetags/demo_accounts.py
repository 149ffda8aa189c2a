"""The demonstration accounts on the sign-in page, while demonstration data is loaded."""

from django import template
from django.conf import settings
from django.db.models import Prefetch

from portal.accounts.models import Membership, User

register = template.Library()

# The e-mail addresses of `manage.py demo`.
DOMAIN = "demo.example"


@register.inclusion_tag("account/_demo_accounts.html")
def demo_accounts() -> dict:
    """``{% demo_accounts %}``: e-mail, role and place of each; nothing with DEMO=0. Two queries."""
    if not settings.DEMO:
        return {"rows": []}
    held = Membership.objects.active().select_related("organisation", "unit").order_by("pk")
    users = (
        User.objects.filter(email__endswith=f"@{DOMAIN}", is_active=True)
        .prefetch_related(Prefetch("memberships", queryset=held, to_attr="held"))
        .order_by("pk")
    )
    rows = [(user, membership) for user in users for membership in user.held]
    return {"rows": rows, "password": settings.DEMO_PASSWORD}
