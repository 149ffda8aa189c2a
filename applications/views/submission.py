"""Check and submit, and the receipt."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from applications import grids, nominated, papers, sheets, submitting
from applications.checks import MISSING
from applications.entries import told
from applications.models import EDITABLE, ENDED, Application, Status
from applications.submitting import AlreadySubmitted, KeyReused, NotSubmitted
from applications.views import drafting
from applications.views.frames import Frame, frame_of, own_case
from applications.views.wording import move_refused, not_submitted, place_of
from applications.workflow import BY_ACTION, MoveRefused, available_actions, stage
from portal import clock
from portal.accounts.loading import require_applicant
from portal.ids import new_uid

VERBS = {
    "submit": submitting.submit,
    "resubmit": submitting.resubmit,
    "correct": submitting.submit_correction,
}


@never_cache
@require_http_methods(["GET", "POST"])
@require_applicant
def application_check(request, uid: str):
    """Everything that would be submitted, what is wrong with it, the pledge, and the one act."""
    frame = frame_of(request, uid)
    if request.method == "POST":
        return _submit(request, frame)
    if frame.application.status not in EDITABLE:
        return redirect(_after(frame.application))
    return _page(request, frame)


@require_POST
@require_applicant
def application_as_usual(request, uid: str):
    """A nominated case that the organisation does not agree with becomes an ordinary draft."""
    application = own_case(request, uid)
    try:
        nominated.apply_as_usual(application, actor=request.user)
    except MoveRefused as fault:
        messages.error(request, move_refused(fault))
        return redirect("application_check", uid)
    messages.success(request, _("已转为自行申报，请填写完整申报书。"))
    return redirect("application_workspace", uid)


def _after(application: Application) -> str:
    """Where somebody goes who wants to submit what is submitted already."""
    name = "application_receipt" if application.submitted_at else "application_case"
    return reverse(name, args=[application.uid])


def _submit(request, frame: Frame):
    application = frame.application
    action = request.POST.get("action", "")
    verb = VERBS.get(action)
    key = request.POST.get("key", "")
    if verb is None or not 1 <= len(key) <= submitting.KEY_LENGTH:
        raise Http404("action")
    try:
        submission = verb(
            application,
            actor=request.user,
            key=key,
            arrived_at=request.arrived_at,
            pledged="pledge" in request.POST,
            seen_sha256=request.POST.get("seen", ""),
        )
    except AlreadySubmitted as already:
        messages.info(request, _("此申报已提交，这是它的回执。"))
        return redirect("application_receipt", already.submission.application.uid)
    except KeyReused as fault:
        if fault.submission.application_id == application.pk:
            messages.info(request, _("此申报已提交，这是它的回执。"))
            return redirect("application_receipt", uid=application.uid)
        return _page(
            request, frame, refused=_("此次提交与先前的一次请求冲突，没有办理。请重新提交。")
        )
    except NotSubmitted as fault:
        frame = frame_of(request, application.uid)
        return _page(request, frame, refused=not_submitted(fault), reason=fault.reason)
    except MoveRefused as fault:
        frame = frame_of(request, application.uid)
        return _page(request, frame, refused=move_refused(fault))
    return redirect("application_receipt", submission.application.uid)


def _page(request, frame: Frame, *, refused: str = "", reason: str = ""):
    application = frame.application
    actions = available_actions(application, request.user)
    prepared = submitting.prepare(application, held=frame.content)
    action = submitting.ACTIONS.get(application.status, "")
    context = {
        "frame": frame,
        "application": application,
        "call": application.call,
        "progress": frame.progress,
        "cards": _cards(frame),
        "stopping": [problem for problem in prepared.problems if problem.stops],
        "groups": _groups(frame, [problem for problem in prepared.problems if problem.stops]),
        "warnings": _groups(frame, [problem for problem in prepared.problems if not problem.stops]),
        "has_wrong": any(
            problem.stops and problem.severity != MISSING for problem in prepared.problems
        ),
        "warning_count": sum(not problem.stops for problem in prepared.problems),
        "computation": prepared.computation,
        "cap_cny": drafting.cap_cny(frame),
        **drafting.award_kind(frame),
        "asked_cny": prepared.asked_cny,
        "sha256": prepared.sha256,
        "key": new_uid() + new_uid(),
        "pledge": papers.pledge(),
        "action": action if action in actions else "",
        "label": BY_ACTION[action].label if action else "",
        "can_hand_over": "hand_over" in actions and "submit" not in actions,
        "can_take_back": "take_back" in actions,
        "refused": refused,
        "pledge_missing": reason == "pledge",
        "is_draft": application.status in {Status.DRAFT, Status.HANDED},
        "lapsed": _has_lapsed(application, request.arrived_at),
    }  # fmt: skip
    return render(
        request, "applications/application_check.html", context, status=422 if refused else 200
    )


def _has_lapsed(application: Application, at) -> bool:
    """Whether a nomination was not confirmed within its limit."""
    due_on = application.due_on if application.direct else None
    unsent = application.submitted_at is None
    return unsent and due_on is not None and due_on < clock.local(at).date()


@dataclass
class Group:
    """What is to be done in one section: what is wrong, line by line, and what is not filled in."""

    report: Any
    url: str
    wrong: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.wrong) + len(self.missing)


def _groups(frame: Frame, problems) -> list[Group]:
    """The problems by section, in the form's order."""
    found: dict[str, Group] = {}
    for problem in problems:
        report = frame.report(problem.section)
        group = found.get(problem.section)
        if group is None:
            is_review = report.section.kind == "review"
            url = "#main" if is_review else f"{frame.url_of(report.section)}?check=1&back=check"
            group = found[problem.section] = Group(report, url)
        lines = group.missing if problem.severity == MISSING else group.wrong
        lines.append((_link(frame, problem), str(problem.message)))
    return sorted(found.values(), key=lambda group: group.report.number)


def _link(frame: Frame, problem) -> str:
    """The page of the section with its errors shown, from which one comes back here."""
    section = frame.report(problem.section).section
    if section.kind == "review":
        return "#main"
    query = "check=1&back=check"
    if problem.code == "wrong_rows":
        query += "&wrong=1"
    return f"{frame.url_of(section)}?{query}#{place_of(section, problem)}"


def _cards(frame: Frame) -> list[dict]:
    """A card for each section: its content in words, and the way to change it."""
    found = []
    for report in frame.progress.reports:
        section = report.section
        if section.kind == "review":
            continue
        open_ = frame.is_open(section)
        card = {
            "report": report,
            "section": section,
            "pairs": [
                (item.label, told(item, value), item.type == "textarea")
                for item in section.fields
                for value in [frame.content.section_values(section).get(item.code)]
            ],
            "heads": [], "rows": [], "files": [], "figures": None,
            "edit_url": frame.url_of(section, back="check") if open_ else "",
            "view_url": frame.url_of(section),
        }  # fmt: skip
        if section.kind == "table":
            card |= _table_card(frame, section)
        elif section.kind == "invoices":
            card["figures"] = frame.content.invoices
            card["total"] = grids.show_total(frame.content.invoices.claimed_cny)
        elif section.kind == "attachments":
            card["files"] = [
                (slot.label, [file.name for file in frame.content.attachments.get(slot.code, [])])
                for slot in frame.content.schema.attachments
            ]
        found.append(card)
    return found


def _table_card(frame: Frame, section) -> dict:
    rows = frame.content.rows.get(section.table.code, [])
    fixed = section.table.rows
    return {
        "heads": [column.label for column in section.table.columns],
        "rows": [
            (
                fixed[row.position - 1].label if 0 < row.position <= len(fixed) else place,
                [
                    told(column, row.data.get(column.code))
                    for column in sheets.row_columns(section, row.position)
                ],
            )
            for place, row in enumerate(rows, start=1)
        ],
    }


# --- the receipt ------------------------------------------------------------------------------


@require_GET
@require_applicant
def application_receipt(request, uid: str):
    """Number, server time, hash, the next office and date, and the papers as they come."""
    application = own_case(request, uid)
    submission = (
        application.submissions.defer("snapshot")
        .select_related("submitted_by", "receipt", "form")
        .order_by("-round")
        .first()
    )
    if submission is None:
        raise Http404("receipt")
    following = stage(application, application.status)
    return render(
        request,
        "applications/application_receipt.html",
        {
            "application": application,
            "call": application.call,
            "submission": submission,
            "stage": following,
            "holder": application.holder_unit,
            "is_ended": application.status in ENDED,
            "sha_parts": [submission.sha256[at : at + 8] for at in range(0, 64, 8)],
        },
    )
