"""Opening balances (期初登记): a grant of the time before the portal counts against the caps and
places that bind its subject. One policy administrator enters it, a second one approves it.

Which accounts it counts in follows from the definition in force and from every published call of
the measure, as for a case of that organisation; the budget of a call and what is counted for one
call or one case alone are not among them.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications.amounts import BY_CASE
from applications.identities import digest
from applications.models import Application
from awards import ledger, telling
from awards.accounts import Bound, bounds_of
from awards.models import Opening
from policy.calls import definition_in_force, policy_admins, schema_of
from policy.models import Call, Measure
from policy.money import cny
from policy.schema import DefinitionSchema
from portal import clock
from portal.accounts.loading import has_role
from portal.accounts.models import Organisation, Role
from portal.audit.recording import record
from portal.types import constraint_of
from reviews.refusals import Refused


def identities(schema: DefinitionSchema) -> dict[str, str]:
    """What tells one subject of the line from another: scope → the words of the form's field."""
    return {row.scope: str(schema.form.fields[row.field].label) for row in schema.identities}


@transaction.atomic
def draft(
    measure: Measure,
    *,
    organisation: Organisation,
    year: int,
    document_no: str,
    granted_on: date,
    amount_cny: Decimal,
    places: int,
    subjects: Mapping[str, str],
    note: str = "",
    actor,
) -> Opening:
    """Enter a grant for a second person's approval; nothing counts yet.

    ``subjects``: the name or number by scope, where the line tells subjects apart. Raises
    ``Refused``: role, nothing_counted, not_past, subject_missing, no_account, entered_before.
    """
    _require_admin(actor)
    now = clock.now()
    if not amount_cny and not places:
        raise Refused("nothing_counted")
    if granted_on > clock.local(now).date():
        raise Refused("not_past", on=granted_on)
    definition = definition_in_force(measure, on=clock.local(now).date())
    wanted = identities(schema_of(definition))
    told = {scope: subjects.get(scope, "").strip() for scope in wanted}
    if missing := [label for scope, label in wanted.items() if not told[scope]]:
        raise Refused("subject_missing", fields=missing)
    try:
        with transaction.atomic():
            opening = Opening.objects.create(
                measure=measure,
                definition=definition,
                organisation=organisation,
                subjects=told,
                year=year,
                document_no=document_no.strip(),
                granted_on=granted_on,
                amount_cny=cny(amount_cny),
                places=places,
                note=note.strip(),
                drafted_by=actor,
                drafted_at=now,
            )
    except IntegrityError as error:
        raise _entered_before(error, document_no) from error
    if not counted_in(opening):
        raise Refused("no_account")
    record("opening.draft", obj=opening, actor=actor, to_state=opening.state, data=_facts(opening))
    telling.tell(
        policy_admins(),
        subject=format_lazy(_("期初登记待复核：{name}"), name=organisation.name),
        url=f"/awards/openings/{opening.uid}/",
        key=f"opening:{opening.pk}:drafted",
        at=now,
        but=actor,
    )
    return opening


@transaction.atomic
def approve(opening: Opening, *, actor) -> Opening:
    """Count it, as a second person. Cannot be undone.

    Raises ``Refused``: role, same_person, state; LedgerRefused where a cap has no room for it.
    """
    opening = locked(opening)
    _require_admin(actor)
    if opening.drafted_by_id == actor.pk:
        raise Refused("same_person")
    _require_draft(opening)
    entry = ledger.open_balance(
        counted_in(opening),
        actor=actor,
        amount_cny=opening.amount_cny,
        places=opening.places,
        note=f"{opening.organisation.name} {opening.document_no}"[:300],
        key=opening.uid,
    )
    opening.entry = entry
    return _settle(opening, Opening.State.APPROVED, actor=actor)


@transaction.atomic
def drop(opening: Opening, *, actor, reason: str) -> Opening:
    """Take it back (who entered it) or turn it down (another). Raises ``Refused``: role, state,
    reason_missing."""
    opening = locked(opening)
    _require_admin(actor)
    _require_draft(opening)
    if not reason.strip():
        raise Refused("reason_missing")
    opening.settled_note = reason.strip()
    return _settle(opening, Opening.State.DROPPED, actor=actor)


def counted_in(opening: Opening) -> list[Bound]:
    """The accounts that the grant counts in, in the order of the key."""
    unplanned = Call(measure=opening.measure, definition=opening.definition, year=opening.year)
    published = Call.objects.published().filter(measure=opening.measure, definition__isnull=False)
    found: dict[tuple[str, str], Bound] = {}
    for call in [unplanned, *published.select_related("measure", "definition")]:
        for bound in bounds_of(_as_case(opening, call), year=opening.year):
            if not bound.follows_call and bound.call is None and opening.uid not in bound.scope:
                found.setdefault(bound.key, bound)
    return [found[key] for key in sorted(found)]


def _as_case(opening: Opening, call: Call) -> Application:
    """A case as the rules see it, never stored: what stands for itself alone bears its uid."""
    schema = schema_of(opening.definition)
    subjects = dict.fromkeys(BY_CASE, opening.uid)
    for row in schema.identities:
        within = "" if row.across else f"{opening.organisation.uid}~"
        subjects[row.scope] = f"{within}{digest(opening.subjects[row.scope])}"
    return Application(
        uid=opening.uid,
        call=call,
        definition=call.definition,
        organisation=opening.organisation,
        subjects=subjects,
    )


def locked(opening: Opening) -> Opening:
    return (
        Opening.objects.select_for_update(of=("self",))
        .select_related("measure", "definition", "organisation", "drafted_by")
        .get(pk=opening.pk)
    )


def _require_admin(actor) -> None:
    if not has_role(actor, Role.POLICY_ADMIN):
        raise Refused("role")


def _require_draft(opening: Opening) -> None:
    if opening.state != Opening.State.DRAFTED:
        raise Refused("state", state=opening.state)


def _settle(opening: Opening, state: str, *, actor) -> Opening:
    before, opening.state = opening.state, state
    opening.settled_by, opening.settled_at = actor, clock.now()
    opening.save(update_fields=["state", "settled_by", "settled_at", "settled_note", "entry"])
    record(
        f"opening.{'approve' if state == Opening.State.APPROVED else 'drop'}",
        obj=opening,
        actor=actor,
        from_state=before,
        to_state=state,
        data=_facts(opening) | {"note": opening.settled_note},
    )
    name = opening.organisation.name
    telling.tell(
        [opening.drafted_by],
        subject=format_lazy(_("期初登记已记入台账：{name}"), name=name)
        if state == Opening.State.APPROVED
        else format_lazy(_("期初登记被退回：{name}"), name=name),
        body=opening.settled_note,
        url=f"/awards/openings/{opening.uid}/",
        key=f"opening:{opening.pk}:settled",
        at=opening.settled_at,
        but=actor,
    )
    return opening


def _facts(opening: Opening) -> dict:
    return {
        "line": opening.measure.line,
        "organisation": opening.organisation.name,
        "subjects": opening.subjects,
        "year": opening.year,
        "document_no": opening.document_no,
        "granted_on": opening.granted_on.isoformat(),
        "amount_cny": f"{opening.amount_cny:.2f}",
        "places": opening.places,
    }


def _entered_before(error: IntegrityError, document_no: str) -> Exception:
    if constraint_of(error) == "opening_once":
        return Refused("entered_before", document_no=document_no.strip())
    return error
