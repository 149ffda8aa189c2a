"""Verification (核定): what counts of each invoice, the award computed on it, released by a head."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from applications import amounts, workflow
from applications.content import load
from applications.models import Application, Attachment, Invoice
from policy import computing, rules
from policy.invoices import Invoice as RuleInvoice
from policy.money import NotMoney, cny
from policy.schema import DefinitionSchema, Field
from portal import clock
from portal.accounts.models import Membership, Role
from portal.audit.recording import record
from portal.notices.outbox import enqueue, enqueue_all
from portal.types import known
from reviews import findings, panels
from reviews.holding import hold
from reviews.models import Panel, PanelCase, Verification
from reviews.refusals import Refused

STAGE = "verification"
# The reduction of the whole base, where the rule takes one amount and no invoices.
BASE = "base"


@dataclass(frozen=True)
class Row:
    """An invoice before the reviewer: what the rule leaves of it, and what is recognised."""

    invoice: Invoice
    most_cny: Decimal
    excluded: Mapping[str, Decimal]
    verified_cny: Decimal
    reason: str = ""

    @property
    def cut_cny(self) -> Decimal:
        return known(self.invoice.gross_cny) - self.verified_cny

    @property
    def rule_words(self) -> list[str]:
        """Why the rule leaves less than the gross amount."""
        return [str(computing.EXCLUSION_LABELS[code]) for code in self.excluded]


def rows(application: Application, given: Mapping[str, tuple[Any, str]] | None = None) -> list[Row]:
    """The valid invoices with what the call's rule leaves of each; ``given`` (uid → amount,
    reason) replaces what is recognised. Raises ``Refused`` as ``draft``."""
    schema = workflow.schema_of(application)
    rule = computing.base_rule(schema, application.call.settings)
    found: list[Row] = []
    wrong: dict[str, list] = {"amount": [], "reason_missing": []}
    for invoice in application.invoices.filter(valid=True).order_by("position"):
        parts = _excluded(invoice, rule)
        most = known(invoice.gross_cny) - sum(parts.values(), Decimal(0))
        amount, reason = (given or {}).get(invoice.uid, (most, ""))
        try:
            verified = cny(amount)
        except NotMoney:
            verified = None
        if verified is None or verified > most:
            wrong["amount"].append(invoice.position)
        elif verified < most and not reason.strip():
            wrong["reason_missing"].append(invoice.position)
        else:
            found.append(Row(invoice, most, parts, verified, reason.strip()[:300]))
    for code, positions in wrong.items():
        if positions:
            raise Refused(code, rows=positions)
    return found


def _excluded(invoice: Invoice, rule: rules.BaseRule | None) -> dict[str, Decimal]:
    if rule is None:
        return {}
    return rules.excluded(
        RuleInvoice(
            category=invoice.category,
            invoice_date=known(invoice.invoice_date),
            net_cny=known(invoice.net_cny),
            tax_cny=known(invoice.tax_cny),
            gross_cny=known(invoice.gross_cny),
            related_party=known(invoice.related_party),
            fiscal_percent=known(invoice.fiscal_percent),
        ),
        rule,
    )


def typed_figure(application: Application) -> Field | None:
    """The one figure that is typed at the verification; None where the invoices give it, or the
    experts' scores do."""
    schema = workflow.schema_of(application)
    figure = computing.reviewers_figure(schema, application.call.settings)
    return None if _by_experts(schema, figure) else figure


def _by_experts(schema: DefinitionSchema, figure: Field | None) -> bool:
    """Whether the figure is a score, and experts judge: then nobody types it."""
    tiers = schema.award.tiers
    scored = figure is not None and tiers is not None and figure.code == tiers.input
    return scored and any(stage.code == panels.STAGE for stage in schema.stages)


def panel_score(application: Application) -> Decimal | None:
    """The mean of the frozen scores where it decides the tier; None where a figure is typed.

    Raises ``Refused``: no_score.
    """
    schema = workflow.schema_of(application)
    figure = computing.reviewers_figure(schema, application.call.settings)
    if not _by_experts(schema, figure):
        return None
    judged = PanelCase.objects.filter(application=application, panel__state=Panel.State.FROZEN)
    mean = judged.values_list("mean", flat=True).first()
    if mean is None:
        raise Refused("no_score", number=application.number)
    return mean


def compute(
    application: Application, recognised: list[Row], *, base: Any = None
) -> computing.Computation:
    """The award on what is recognised, under the pinned rules and the call's settings.

    ``base``: the recognised amount (or number) where the rule takes no invoices; where experts
    judge and a table of tiers sets the amount, their mean takes its place. Raises ``Refused``:
    no_score, inputs (the issues of the answers), not_computable (missing settings, or the
    requirements that are not met).
    """
    content = load(application)
    inputs = amounts.inputs_of(content)
    award = content.schema.award
    score = panel_score(application)
    if award.items:
        for item, row in zip(inputs["items"], recognised, strict=True):
            item["verified_cny"] = f"{row.verified_cny:.2f}"
    elif score is not None:
        inputs[known(award.tiers).input] = f"{score:f}"
    elif base is not None:
        figure = computing.reviewers_figure(content.schema, application.call.settings)
        inputs[known(figure).code] = base
    try:
        found = computing.compute(
            content.schema,
            inputs=inputs,
            settings=application.call.settings,
            committed={},
            on=clock.local(known(application.submitted_at)).date(),
            scope=amounts.scope_of(application),
        )
    except computing.InputsRefused as error:
        raise Refused("inputs", issues=error.issues) from error
    if found.computed_cny is None or found.capped_cny is None:
        unmet = [reason.code for reason in found.reasons if reason.met is False]
        raise Refused("not_computable", settings=list(found.missing_settings), unmet=unmet)
    return found


def title(application: Application) -> str:
    """What verifying is called in the case: 核定投入 of invoices, else as its plan names it."""
    stage = workflow.stage(application, STAGE)
    if stage is None or workflow.schema_of(application).award.items:
        return gettext("核定投入")
    return str(stage.label)


def first_figure(application: Application, existing: Verification | None) -> Decimal | None:
    """The figure that stands in the reviewers' field at first: what was drafted; the experts'
    mean, where the call's tiers go by a score; else what was claimed."""
    schema = workflow.schema_of(application)
    item = computing.reviewers_figure(schema, application.call.settings)
    if item is None:
        return None
    if existing is not None:
        drafted = existing.computation["arguments"]["inputs"].get(item.code)
        return None if drafted is None else Decimal(str(drafted))
    if item.code != schema.award.base:
        return panels.mean_of(application)
    return application.claimed_cny


def verified_base(found: computing.Computation) -> Decimal:
    """The base that the award was computed on."""
    return known(found.computed_cny if found.base_cny is None else found.base_cny)


def recommended(application: Application, found: computing.Computation) -> Decimal:
    """What is recommended at first: the capped amount, or what was asked for if that is less."""
    asked = application.asked_cny
    capped = known(found.capped_cny)
    return capped if asked is None else min(capped, asked)


def draft_mark(verification: Verification | None) -> str:
    """Which draft a page showed: when it was made; "" for none."""
    return verification.drafted_at.isoformat() if verification else ""


@transaction.atomic
def draft(
    application: Application,
    *,
    actor,
    given: Mapping[str, tuple[Any, str]],
    note: str,
    base: Any = None,
    audit_report: Attachment | None = None,
    seen_revision: int | None = None,
    seen_draft: str | None = None,
) -> Verification:
    """Draft the verification, or draft it anew until it is released.

    ``seen_draft``: the mark (``draft_mark``) of the draft that the page showed; one that was made
    since is not replaced unseen. ``given``: invoice uid → (recognised amount, reason); an invoice that is not named counts as
    far as the call's rule counts it. ``base`` instead, where the rule takes no invoices; less
    than claimed needs the note. Nobody outside sees an amount before the release. Raises
    ``Refused``: changed, state, role, drafted_since (draft), findings_open (count), amount and
    reason_missing (rows), inputs, not_computable, released.
    """
    application = hold(
        application,
        actor=actor,
        roles=["lead_clerk"],
        statuses=[STAGE],
        seen_revision=seen_revision,
    )
    before = (
        Verification.objects.filter(application=application).select_related("drafted_by").first()
    )
    if seen_draft is not None and seen_draft != draft_mark(before):
        raise Refused("drafted_since", draft=before)
    if waiting := findings.open_ones(application):
        raise Refused("findings_open", count=len(waiting))
    if audit_report is not None and audit_report.application_id != application.pk:
        raise Refused("no_page")
    recognised = rows(application, given)
    found = compute(application, recognised, base=base)
    verified = verified_base(found)
    claimed = application.claimed_cny if application.claimed_cny is not None else verified
    if verified > claimed:
        raise Refused("amount", rows=[BASE])
    if base is not None and verified < claimed and not note.strip():
        raise Refused("reason_missing", rows=[BASE])
    now = clock.now()
    verification, _created = Verification.objects.update_or_create(
        application=application,
        defaults={
            "claimed_cny": claimed,
            "verified_cny": verified,
            "rows": {
                row.invoice.uid: {"verified_cny": f"{row.verified_cny:.2f}", "reason": row.reason}
                for row in recognised
            },
            "computation": found.as_json(),
            "note": note.strip(),
            "audit_report": audit_report,
            "state": Verification.State.DRAFTED,
            "sent_back_note": "",
            "drafted_by": actor,
            "drafted_at": now,
        },
    )
    record(
        "verification.draft",
        obj=verification,
        actor=actor,
        data={
            "application": application.pk,
            "claimed_cny": str(claimed),
            "verified_cny": str(verified),
            "capped_cny": str(found.capped_cny),
        },
        from_state=before.state if before else "",
        to_state=verification.state,
    )
    heads = Membership.objects.active().filter(unit=application.call.lead_unit_id, role=Role.HEAD)
    enqueue_all(
        (row.user for row in heads.select_related("user")),
        subject=format_lazy(_("{number}：核定待审签"), number=application.number),
        url=f"/reviews/verifications/{verification.uid}/",
        key=f"verification:{verification.pk}:{now.isoformat()}",
        at=now,
    )
    return verification


def _hold(verification: Verification, *, actor) -> tuple[Verification, Application]:
    application = hold(verification.application, actor=actor, roles=["lead_head"], statuses=[STAGE])
    verification = Verification.objects.select_related("drafted_by").get(pk=verification.pk)
    if verification.state != Verification.State.DRAFTED:
        raise Refused("state", state=verification.state)
    if verification.drafted_by_id == actor.pk:
        raise Refused("same_person")
    return verification, application


@transaction.atomic
def release(verification: Verification, *, actor, seen_drafted_at=None) -> Application:
    """Release the verification: the amounts become the case's, the case goes on.

    ``seen_drafted_at``: when the draft that the head's page showed was made; a draft made anew
    since is refused. Raises ``Refused``: state, role, same_person, changed.
    """
    verification, application = _hold(verification, actor=actor)
    if seen_drafted_at is not None and seen_drafted_at != verification.drafted_at:
        raise Refused("changed", drafted_at=verification.drafted_at)
    found = verification.computation
    capped = Decimal(found["capped_cny"])
    asked = application.asked_cny
    invoices = list(application.invoices.filter(uid__in=verification.rows))
    for invoice in invoices:
        row = verification.rows[invoice.uid]
        invoice.verified_cny = Decimal(row["verified_cny"])
        invoice.reduction_reason = row["reason"]
    Invoice.objects.bulk_update(invoices, ["verified_cny", "reduction_reason"], batch_size=500)
    verification.state = Verification.State.RELEASED
    verification.released_by, verification.released_at = actor, clock.now()
    verification.save(update_fields=["state", "released_by", "released_at"])
    record(
        "verification.release",
        obj=verification,
        actor=actor,
        data={"application": application.pk, "verified_cny": str(verification.verified_cny)},
        from_state=Verification.State.DRAFTED,
        to_state=verification.state,
    )

    def prepare(case: Application) -> None:
        case.verified_cny = verification.verified_cny
        case.computed_cny = Decimal(found["computed_cny"])
        case.capped_cny = capped
        case.recommended_cny = capped if asked is None else min(capped, asked)
        case.computation = found

    return workflow.move(
        application,
        "release_verification",
        actor=actor,
        note=verification.note,
        public_note=_public_words(verification),
        unit=application.call.lead_unit,
        prepare=prepare,
    )


def _public_words(verification: Verification) -> str:
    """What the applicant's history says, in Chinese: the figures and the note."""
    verified = f"{verification.verified_cny:,.2f}"
    with translation.override("zh-hans"):
        # Where the reviewers set the amount nothing was claimed that could be told beside it.
        if verification.application.claimed_cny is None:
            return _("核定 %(verified)s 元。") % {"verified": verified} + verification.note
        figures = _("申报 %(claimed)s 元，核定 %(verified)s 元。") % {
            "claimed": f"{verification.claimed_cny:,.2f}",
            "verified": verified,
        }
    return f"{figures}{verification.note}"


@transaction.atomic
def send_back(verification: Verification, *, actor, note: str) -> Verification:
    """The head gives the draft back with the reason.

    Raises ``Refused``: state, role, same_person, reason_missing.
    """
    verification, application = _hold(verification, actor=actor)
    if not (note := note.strip()):
        raise Refused("reason_missing")
    verification.state = Verification.State.SENT_BACK
    verification.sent_back_note = note[:500]
    verification.save(update_fields=["state", "sent_back_note"])
    record(
        "verification.send_back",
        obj=verification,
        actor=actor,
        data={"application": application.pk, "note": note},
        from_state=Verification.State.DRAFTED,
        to_state=verification.state,
    )
    enqueue(
        verification.drafted_by,
        subject=format_lazy(_("{number}：核定退回"), number=application.number),
        body=note,
        url=f"/reviews/cases/{application.uid}/",
        dedupe_key=f"verification-back:{verification.pk}:{clock.now().isoformat()}",
        at=clock.now(),
    )
    return verification
