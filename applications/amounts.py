"""Amounts of a case: the computation under its pinned rules, on what is filled in or verified."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, get_args

from applications.content import ASKED_FIELDS, Content, load, profile_value
from applications.models import Application, Invoice
from applications.workflow import schema_of
from policy.call_settings import Chosen
from policy.computing import Computation, InputsRefused, Scope, compute, reviewers_figure
from policy.eligibility import Reason, judge
from policy.models import Call
from policy.schema import DefinitionSchema
from policy.schema.award import CapScope
from policy.years import award_year
from portal import clock
from portal.accounts.models import Organisation

# Inputs of the rules that the profile knows, whatever the form asks.
PROFILE_INPUTS = {"organisation_kind": "kind"}


# One case is one project, task or result; natural persons are not registered, so the case stands
# for the person. A centre, platform or station is its organisation's, unless an answer tells it.
BY_CASE = frozenset({"project", "task", "result", "person"})


def scope_of(
    application: Application,
    *,
    year: int | None = None,
    budget_cny: Decimal | None = None,
    on: date | None = None,
) -> Scope:
    """What the caps of this case are counted for, as the ledger counts them.

    ``year``: the year that its award counts in, where it has one; else as the call says, today.
    ``budget_cny``: the call's, where it bounds the case too. ``on``: today, where it is known.
    """
    call, own = application.call, application.uid
    organisation = application.organisation.uid
    if year is None:
        submitted_at = application.submitted_at
        year = award_year(
            schema_of(application),
            call.settings,
            call_year=call.year,
            submitted_on=clock.local(submitted_at).date() if submitted_at else None,
            today=(lambda: on) if on else clock.today,
        )
    subjects = {scope: own if scope in BY_CASE else organisation for scope in get_args(CapScope)}
    return Scope(
        subjects | application.subjects | {"case": own},
        year=year,
        call=call.uid,
        budget_cny=budget_cny,
    )


def inputs_of(content: Content, *, verified: bool = False) -> dict[str, Any]:
    """The inputs of the award rule: answers by code, and the valid invoices as ``items``."""
    application, award = content.application, content.schema.award
    found: dict[str, Any] = {}
    for item in award.inputs:
        value = content.values.get(item.code)
        if value is None and item.prefill:
            value = content.prefill(item)
        if value is None and item.code in PROFILE_INPUTS:
            value = profile_value(application.organisation, PROFILE_INPUTS[item.code], choice=True)
        if value is not None:
            found[item.code] = value
    if award.items:
        known = content.items if not verified else None
        found["items"] = items(application, verified=verified) if known is None else known
    elif verified and award.base and application.verified_cny is not None:
        # The one figure of the rule, as the reviewers recognised or proposed it.
        figure = reviewers_figure(content.schema, application.call.settings)
        if figure is not None:
            given = application.computation["arguments"]["inputs"]
            found[figure.code] = given[figure.code]
    return found


_ITEM_COLUMNS = (
    "category", "invoice_date", "net_cny", "tax_cny", "gross_cny", "related_party",
    "fiscal_percent",
)  # fmt: skip


def items(application: Application, *, verified: bool = False) -> list[dict[str, Any]]:
    """The valid rows of the investment table, as ``policy.invoices`` reads them."""
    columns = [*_ITEM_COLUMNS, "verified_cny"] if verified else _ITEM_COLUMNS
    rows = Invoice.objects.filter(application=application, valid=True).order_by("position")
    return [_item(row) for row in rows.values(*columns)]


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value}" if isinstance(value, Decimal) else
        value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in row.items()
        if value is not None
    }  # fmt: skip


def compute_for(
    application: Application,
    *,
    committed: Mapping[tuple[str, str], Decimal] | None = None,
    verified: bool = False,
    scope: Scope | None = None,
    content: Content | None = None,
    on: date | None = None,
) -> Computation:
    """The award of the case under its pinned definition and its call's settings.

    ``committed``: what each cap account already holds (without it: nothing); ``verified``: on
    the amounts that reviewers recognised. Raises ``policy.computing.InputsRefused`` where an
    answer that the rule needs is missing or wrong.
    """
    content = content or load(application)
    return compute(
        content.schema,
        inputs=inputs_of(content, verified=verified),
        settings=application.call.settings,
        committed=committed or {},
        on=on or clock.local(application.submitted_at or clock.now()).date(),
        scope=scope or scope_of(application, on=on),
    )


def preview(content: Content, *, on: date | None = None) -> Computation | None:
    """The computation of a draft, or None while what the rule needs is missing.

    Gives the content what its computed fields show.
    """
    try:
        content.computation = compute_for(content.application, content=content, on=on)
    except InputsRefused:
        return None
    content.__dict__.pop("values", None)
    return content.computation


def preview_all(contents: Sequence[Content], *, on: date) -> None:
    """As ``preview``, for several drafts: one query for the invoices of them all."""
    needing = [content for content in contents if content.schema.award.items]
    found: dict[int, list[dict[str, Any]]] = {content.application.pk: [] for content in needing}
    rows = Invoice.objects.filter(application__in=list(found), valid=True)
    for row in rows.order_by("application", "position").values("application", *_ITEM_COLUMNS):
        found[row.pop("application")].append(_item(row))
    for content in contents:
        content.items = found.get(content.application.pk)
        preview(content, on=on)
        content.items = None


def asked(content: Content, computation: Computation | None) -> Decimal | None:
    """What the applicant asks for: the answer, or the capped amount where the form has none."""
    for code in ASKED_FIELDS:
        if code in content.schema.form.fields:
            value = content.values.get(code)
            try:
                return None if value is None else Decimal(value).quantize(Decimal("0.01"))
            except ArithmeticError:
                return None
    return computation.capped_cny if computation else None


def refusals(
    call: Call, schema: DefinitionSchema, organisation: Organisation, *, on
) -> list[Reason]:
    """The requirements that the organisation's profile alone shows not to be met."""
    known = {
        code: value
        for code, name in PROFILE_INPUTS.items()
        if (value := profile_value(organisation, name, choice=True)) is not None
    }
    reasons = judge(schema, known, Chosen(schema, call.settings), on=on)
    return [reason for reason in reasons if reason.met is False]
