"""Verification of the base: the clerk's table of invoices, the head's page of release."""

from collections.abc import Mapping
from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications.workflow import MoveRefused, schema_of
from portal.accounts.loading import require_role
from portal.accounts.models import Role
from reviews import findings, verifying, waterfall
from reviews.forms import NoteForm, VerificationForm, YuanField
from reviews.loading import attachment_of, case_for, verification_for
from reviews.models import Verification
from reviews.refusals import Refused
from reviews.words import words

clerk = require_role(Role.CLERK)
officer = require_role(Role.CLERK, Role.HEAD)
head = require_role(Role.HEAD)


def _given(data: Mapping, invoices) -> dict[str, tuple[str, str]]:
    """Amount and reason as typed, by invoice."""
    return {
        row.uid: (
            data.get(f"amount.{row.uid}", "").replace(",", "").replace("，", "").strip(),
            data.get(f"reason.{row.uid}", ""),
        )
        for row in invoices
        if f"amount.{row.uid}" in data
    }


def _stored(draft: Verification | None) -> dict[str, tuple[str, str]]:
    rows = draft.rows if draft else {}
    return {uid: (row["verified_cny"], row["reason"]) for uid, row in rows.items()}


@clerk
@require_http_methods(["GET", "POST"])
def draft(request, uid: str):
    """The table: what the rule leaves of each invoice, what is recognised, and why less."""
    case, _roles = case_for(request.user, uid, "lead_clerk")
    if case.status != verifying.STAGE:
        raise Http404(uid)
    existing = Verification.objects.filter(application=case).first()
    mark = request.POST.get("draft", "")
    if request.method == "GET":
        mark = verifying.draft_mark(existing)
    plain = verifying.rows(case)
    award = schema_of(case).award
    reports = case.attachments.filter(removed_at__isnull=True).order_by("pk")
    figure = verifying.typed_figure(case)
    base_label = base_unit = None
    if figure is not None and figure.code == award.base:
        base_label = award.base_label
    elif figure is not None:
        base_label, base_unit = figure.label, figure.unit
    options = {
        "reports": reports,
        "base_label": base_label,
        "base_unit": base_unit,
        # Where nothing was claimed, the figure is the reviewers' alone.
        "base_required": case.claimed_cny is None,
    }
    drafted = verifying.first_figure(case, existing)
    initial = {
        "seen": case.revision,
        "note": existing.note if existing else "",
        "base": drafted,
        "audit_report": existing.audit_report.uid if existing and existing.audit_report else "",
    }
    errors: list[tuple[str, str]] = []
    wrong_rows: list = []
    if request.method == "POST":
        form = VerificationForm(request.POST, initial=initial, **options)
        given = _given(request.POST, [row.invoice for row in plain])
        if form.is_valid():
            try:
                _save(request, case, form, given)
            except (Refused, MoveRefused) as refused:
                facts = getattr(refused, "facts", {})
                wrong_rows = facts.get("rows", [])
                first = next((row for row in plain if row.invoice.position in wrong_rows), None)
                href = f"#a-{first.invoice.uid}" if first else ""
                errors = [(href, words(refused))]
                if refused.reason == "drafted_since":
                    # Told now: the next press replaces it knowingly.
                    existing, mark = facts["draft"], verifying.draft_mark(facts["draft"])
            else:
                messages.success(
                    request, _("核定已起草，待负责人审签：{number}").format(number=case.number)
                )
                return redirect("review_inbox")
        base = _typed_base(case, request.POST)
    else:
        form = VerificationForm(initial=initial, **options)
        given, base = _stored(existing), _base(case, drafted)
    context = {
        "case": case,
        "heading": verifying.title(case),
        "form": form,
        "errors": errors,
        "rows": [_shown(row, given, wrong_rows) for row in plain],
        "existing": existing,
        "draft_mark": mark,
        "panel_score": _panel_score(case),
        "open_findings": len(findings.open_ones(case)),
        **_sum(case, plain, given, base),
    }
    status = 422 if errors or form.errors else 200
    return render(request, "reviews/verification.html", context, status=status)


def _panel_score(case) -> Decimal | None:
    try:
        return verifying.panel_score(case)
    except Refused:
        return None  # told beside the sum


def _save(request, case, form, given) -> Verification:
    found = form.cleaned_data
    report = attachment_of(case, found["audit_report"]) if found["audit_report"] else None
    return verifying.draft(
        case,
        actor=request.user,
        given=given,
        note=found["note"],
        base=_base(case, found.get("base")),
        audit_report=report,
        seen_revision=found["seen"],
        seen_draft=request.POST.get("draft", ""),
    )


def _base(case, amount: Decimal | None) -> str | int | None:
    """The one figure of a rule without invoices, as its input is stored."""
    item = verifying.typed_figure(case)
    if amount is None or item is None:
        return None
    return int(amount) if item.type == "integer" else f"{amount:.2f}"


def _typed_base(case, data: Mapping) -> str | int | None:
    """The figure as far as it is typed; None where it cannot be read."""
    try:
        return _base(case, YuanField(required=False).clean(data.get("base", "")))
    except ValidationError:
        return None


def _shown(row: verifying.Row, given, wrong_rows) -> dict:
    amount, reason = given.get(row.invoice.uid, (f"{row.most_cny:.2f}", ""))
    return {
        "invoice": row.invoice,
        "most_cny": row.most_cny,
        "excluded": row.rule_words,
        "amount": amount,
        "reason": reason,
        "is_wrong": row.invoice.position in wrong_rows,
    }


def _sum(case, plain, given, base) -> dict:
    """The waterfall of what is typed, as far as it can be computed."""
    try:
        recognised = verifying.rows(case, given)
        computation = verifying.compute(case, recognised, base=base)
    except Refused as refused:
        return {"steps": [], "sum_note": words(refused)}
    return {
        "steps": waterfall.steps(
            computation.as_json(),
            schema_of(case),
            proposed_cny=verifying.recommended(case, computation),
        ),
        "sum_note": "",
    }


@clerk
@require_POST
def preview(request, uid: str):
    """The waterfall of what is typed so far, for htmx."""
    case, _roles = case_for(request.user, uid, "lead_clerk")
    if case.status != verifying.STAGE:
        raise Http404(uid)
    plain = verifying.rows(case)
    given = _given(request.POST, [row.invoice for row in plain])
    found = _sum(case, plain, given, _typed_base(case, request.POST))
    return render(request, "reviews/_verification_sum.html", found)


@officer
@require_GET
def release_page(request, uid: str):
    """What the clerk drafted, for the head to release or to send back."""
    return _release_page(request, *verification_for(request.user, uid))


def _release_page(request, verification, roles, *, form=None, error="", status=200):
    case = verification.application
    invoices = {row.uid: row for row in case.invoices.all()}
    rows = [
        {"invoice": invoices[uid], "verified_cny": Decimal(row["verified_cny"]),
         "cut_cny": invoices[uid].gross_cny - Decimal(row["verified_cny"]),
         "reason": row["reason"]}
        for uid, row in verification.rows.items()
        if uid in invoices
    ]  # fmt: skip
    found = verification.computation
    capped = Decimal(found["capped_cny"])
    proposed = capped if case.asked_cny is None else min(capped, case.asked_cny)
    context = {
        "verification": verification,
        "case": case,
        "rows": sorted(rows, key=lambda row: (not row["cut_cny"], row["invoice"].position)),
        "cut_count": sum(bool(row["cut_cny"]) for row in rows),
        "steps": waterfall.steps(found, schema_of(case), proposed_cny=proposed),
        "score": waterfall.score(found),
        "has_invoices": bool(schema_of(case).award.items),
        "proposed_cny": proposed,
        "may_settle": (
            "lead_head" in roles
            and verification.state == Verification.State.DRAFTED
            and verification.drafted_by_id != request.user.pk
            and case.status == verifying.STAGE
        ),
        "up_route": "review_release_list" if "lead_head" in roles else "review_inbox",
        "up_label": _("待审签") if "lead_head" in roles else _("待办"),
        "hidden": {"drafted_at": verification.drafted_at.isoformat()},
        "form": form or NoteForm(),
        "error": error,
    }
    return render(request, "reviews/verification_release.html", context, status=status)


@head
@require_POST
def release(request, uid: str):
    verification, roles = verification_for(request.user, uid)
    if "lead_head" not in roles:
        raise Http404(uid)
    try:
        verifying.release(
            verification,
            actor=request.user,
            seen_drafted_at=parse_datetime(request.POST.get("drafted_at", "")),
        )
    except (Refused, MoveRefused) as refused:
        return _release_page(request, verification, roles, error=words(refused), status=422)
    messages.success(
        request, _("核定已审签：{number}").format(number=verification.application.number)
    )
    return redirect("review_release_list")


@head
@require_POST
def send_back(request, uid: str):
    verification, roles = verification_for(request.user, uid)
    if "lead_head" not in roles:
        raise Http404(uid)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _release_page(request, verification, roles, form=form, status=422)
    try:
        verifying.send_back(verification, actor=request.user, note=form.cleaned_data["note"])
    except (Refused, MoveRefused) as refused:
        return _release_page(
            request, verification, roles, form=form, error=words(refused), status=422
        )
    messages.success(request, _("已退回经办人。"))
    return redirect("review_release_list")
