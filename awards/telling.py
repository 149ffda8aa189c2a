"""Letters and notices of awards: a letter where the definition has it, a notice in any case."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import letters
from applications.models import Application, Letter
from applications.workflow import schema_of
from awards.models import Share
from policy.money import show_cny
from portal.accounts.models import Membership, Unit
from portal.notices.outbox import enqueue_all


def letter(
    application: Application, code: str, *, unit: Unit, actor, facts: Mapping[str, Any]
) -> Letter | None:
    """Issue the letter if the pinned definition has one of this kind."""
    if code not in {row.code for row in schema_of(application).letters}:
        return None
    return letters.issue(application, code, unit=unit, actor=actor, facts=facts)


def people_of(uscc: str) -> list:
    """The people of the organisation with this credit code, as far as it is in the portal."""
    held = Membership.objects.active().filter(organisation__uscc=uscc, user__is_active=True)
    return list({row.user_id: row.user for row in held.select_related("user")}.values())


def tell_shares(case: Application, shares: Iterable[Share], *, decision, actor) -> None:
    """Every organisation of a joint project learns of its part of what was approved."""
    shares = list(shares)
    for share in shares:
        own = share.uscc == case.organisation.uscc
        tell(
            people_of(share.uscc),
            subject=format_lazy(
                _("{number}：批准额按份额分配，{name} {percent}%，{amount}"),
                number=decision.number,
                name=share.name,
                percent=f"{share.percent.normalize():f}",
                amount=show_cny(share.amount_cny),
            ),
            body=format_lazy(
                _("项目“{title}”由 {count} 家单位承担，请核对单位资料中的收款账户。"),
                title=case.title,
                count=len(shares),
            ),
            url=f"/applications/{case.uid}/" if own else "/home/",
            key=f"decision:{decision.pk}:share:{share.pk}",
            at=decision.released_at,
            but=actor,
        )


def officers(unit: Unit, *roles: str) -> list:
    """The unit's people who hold one of the roles."""
    held = Membership.objects.active().filter(unit=unit, role__in=roles, user__is_active=True)
    return list({row.user_id: row.user for row in held.select_related("user")}.values())


def tell(
    people: Iterable, *, subject, key: str, at: datetime, url: str, body: Any = "", but=None
) -> None:
    """A notice to each of the people, but not to who did it."""
    told = [person for person in people if person != but]
    enqueue_all(told, subject=subject, body=body, url=url, key=key, at=at)
