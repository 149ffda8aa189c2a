"""The pool of experts (专家库): who may be drawn, for which fields."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Q
from stdnum.cn import uscc

from policy.leading import led_measures
from policy.models import Definition, Measure
from portal import clock
from portal.accounts.models import Membership, Role, User
from portal.audit.recording import record
from reviews.models import Expert
from reviews.refusals import Refused


def may_keep_pool(user) -> bool:
    """Clerks and heads of units that lead a measure."""
    return bool(led_measures(user))


def _require_clerk(user) -> None:
    units = {held.unit_id for held in user.present_memberships if held.role == Role.CLERK}
    leads = Q(lead_unit__in=units) | Q(calls__lead_unit__in=units)
    if not Measure.objects.filter(leads).exists():
        raise Refused("role", roles=["lead_clerk"])


def known_fields() -> dict[str, object]:
    """Every field by which a definition in force stratifies its draw: code → label."""
    from policy.schema import parse

    found: dict[str, object] = {}
    for definition in Definition.objects.in_force(on=clock.today()):
        schema = parse(definition.body)
        by = schema.rubric.stratify_by
        if by is not None:
            found |= {choice.code: choice.label for choice in schema.form.fields[by].choices}
    return found


@transaction.atomic
def add(
    email: str,
    *,
    employer: str,
    employer_uscc: str = "",
    title: str = "",
    fields: Sequence[str],
    actor,
) -> Expert:
    """Take a user with the expert's role into the pool.

    Raises ``Refused``: role (the actor's), no_expert (no such user, or without the role),
    already, uscc, no_fields.
    """
    _require_clerk(actor)
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    held = Membership.objects.active().filter(user=user, role=Role.EXPERT)
    if user is None or not held.exists():
        raise Refused("no_expert", email=email.strip())
    values = _values(employer, employer_uscc, title, fields)
    try:
        with transaction.atomic():
            expert = Expert.objects.create(user=user, **values)
    except IntegrityError:
        raise Refused("already", email=email.strip()) from None
    record("expert.add", obj=expert, actor=actor, data=values | {"user": user.uid})
    return expert


@transaction.atomic
def change(
    expert: Expert,
    *,
    employer: str,
    employer_uscc: str = "",
    title: str = "",
    fields: Sequence[str],
    active: bool,
    actor,
) -> Expert:
    """Change what the pool knows of an expert, or take the expert out of the draws.

    Raises ``Refused``: role, uscc, no_fields.
    """
    _require_clerk(actor)
    expert = Expert.objects.select_for_update().get(pk=expert.pk)
    values = _values(employer, employer_uscc, title, fields) | {"active": active}
    before = {name: getattr(expert, name) for name in values}
    for name, value in values.items():
        setattr(expert, name, value)
    expert.save(update_fields=list(values))
    changed = {
        name: [before[name], values[name]] for name in values if before[name] != values[name]
    }
    record("expert.change", obj=expert, actor=actor, data={"changed": changed})
    return expert


def _values(employer: str, code: str, title: str, fields: Sequence[str]) -> dict:
    code = code.strip().upper()
    if code and not uscc.is_valid(code):
        raise Refused("uscc", value=code)
    if not fields:
        raise Refused("no_fields")
    return {
        "employer": employer.strip(),
        "employer_uscc": code,
        "title": title.strip(),
        "fields": sorted(set(fields)),
    }
