"""The workspace of a draft and its sections of fields: page, save, autosave."""

import json
from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from applications import amounts, drafts, prefilling, timeline, unlocking
from applications.content import ASKED_FIELDS
from applications.entries import digest, same, typed
from applications.forms import known, read_post, section_form, source_of
from applications.models import EDITABLE
from applications.views import files, tables
from applications.views.frames import (
    Frame,
    conflict_view,
    flags,
    frame_of,
    own_case,
    page_context,
    section_of,
)
from applications.views.wording import not_editable, saved_words
from applications.workflow import available_actions
from policy.call_settings import show_tiers
from policy.money import show_cny, show_wan
from policy.text import Text
from portal.accounts.loading import require_applicant
from portal.accounts.models import Membership

MAX_TAB = 16


@require_GET
@require_applicant
def application_workspace(request, uid: str):
    """The task list: every section with its state, the clock, the amount, the team."""
    frame = frame_of(request, uid)
    if frame.application.status not in EDITABLE:
        return redirect("application_case", uid)
    context = {
        "frame": frame,
        "application": frame.application,
        "call": frame.application.call,
        "groups": task_groups(frame),
        "progress": frame.progress,
        "team": team(frame),
        "actions": available_actions(frame.application, request.user),
        "flagged": [
            (f"{frame.url_of(report.section)}{flag['anchor']}", flag["label"], flag["reason"])
            for report in frame.progress.reports
            for flag in flags(frame, report.section)
        ],
        "returned_because": timeline.returned_because(frame.application),
    } | amount_context(frame)
    return render(request, "applications/application_workspace.html", context)


@never_cache
@require_GET
@require_applicant
def application_amounts(request, uid: str):
    """The card of the expected amount, as it stands after a save: computed → capped → asked."""
    frame = frame_of(request, uid)
    return render(request, "applications/_amount_card.html", amount_context(frame))


def amount_context(frame: Frame) -> dict:
    """What the card of the amount shows; it follows the saves of the page that it stands on."""
    return {
        "application": frame.application,
        "computation": frame.content.computation,
        "asked_cny": asked_cny(frame),
        "cap_cny": cap_cny(frame),
        **award_kind(frame),
    }


def award_kind(frame: Frame) -> dict:
    """Whether there is an amount at all, whether reviewers propose it, and by which tiers."""
    schema = frame.content.schema
    kind = schema.award.kind
    tiers = show_tiers(schema, frame.application.call.settings)
    return {"award_kind": kind, "by_review": kind == "discretionary", "tiers": tiers}


def task_groups(frame: Frame) -> list[tuple]:
    """The groups with their rows as the task list takes them; in a correction what is flagged is
    open, the rest is told as submitted."""
    groups: list[tuple] = []
    for group, reports in frame.progress.groups():
        rows = []
        for report in reports:
            section = report.section
            row = {
                "url": frame.url_of(section),
                "name": f"{report.number}. {section.title}",
                "hint": hint(frame, report),
                "state": report.word,
                "tone": report.tone,
            }
            if report.state == "locked":
                row["url"] = ""
            if frame.is_correction and section.kind != "review":
                flagged = frame.unlocked.touches(section.code)
                row |= (
                    _correction_row(frame, report)
                    if flagged
                    else {"state": _("无需补正"), "tone": "plain", "hint": ""}
                )
            rows.append(row)
        groups.append((f"{numeral(len(groups) + 1)}{group.title}", rows))
    return groups


def _correction_row(frame: Frame, report) -> dict:
    """What the row of a flagged section says: 待补正, 已修改, or its fault."""
    if report.state != "done" or report.section.kind == "invoices":
        return {"hint": _("需补正")}
    if _written_since(frame, report.section):
        return {"hint": _("需补正"), "state": _("已修改"), "tone": "plain"}
    return {"hint": "", "state": _("待补正"), "tone": "warn"}


def _written_since(frame: Frame, section) -> bool:
    """Whether the applicant wrote in the section after the correction was asked for."""
    asked_at, content = frame.correction.asked_at, frame.content
    if section.kind == "attachments":
        files = [file for found in content.attachments.values() for file in found]
        return any(file.uploaded_at > asked_at for file in files)
    if section.kind == "table":
        rows = content.rows.get(section.table.code, [])
        return any(row.updated_at and row.updated_at > asked_at for row in rows)
    answer = content.answers.get(section.code)
    return bool(answer and answer.updated_at and answer.updated_at > asked_at)


def numeral(number: int) -> str:
    """``一、`` before a group's title; nothing in English."""
    if (get_language() or "").startswith("en") or number > 10:
        return ""
    return f"{'一二三四五六七八九十'[number - 1]}、"


def hint(frame: Frame, report) -> str:
    section, content = report.section, frame.content
    if section.kind == "invoices" and content.invoices.rows:
        total = told_wan(content.invoices.claimed_cny)
        return ngettext("%(rows)s 张发票，合计 %(total)s", "%(rows)s 张发票，合计 %(total)s", content.invoices.rows) % {
            "rows": content.invoices.rows, "total": total,
        }  # fmt: skip
    if section.kind == "invoices" and (told := prefilling.estimate(content)) is not None:
        return _("政策测算时填写合计 %(total)s，请按发票逐张填写") % {"total": told_wan(told)}
    if section.kind == "review" and report.state == "locked":
        return _("完成其他各项后可填")
    if section.kind == "attachments":
        count = sum(len(found) for found in content.attachments.values())
        return (
            ngettext("已上传 %(count)s 个文件", "已上传 %(count)s 个文件", count) % {"count": count}
            if count
            else ""
        )
    if section.fields and all(item.readonly for item in section.fields):
        return source_of(frame.content)
    if carried := prefilling.carried_codes(content, section):
        text = ngettext(
            "%(count)s 项来自政策测算，请核对", "%(count)s 项来自政策测算，请核对", len(carried)
        )
        return text % {"count": len(carried)}
    return ""


def told_wan(cny) -> str:
    """``860.00 万元``; in English in yuan."""
    return str(Text(zh=f"{show_wan(cny)} 万元", en=show_cny(cny)))


def team(frame: Frame) -> list[dict]:
    """The organisation's people with their role, and which section they are editing."""
    editing = frame.editing()
    held = (
        Membership.objects.active()
        .filter(organisation=frame.application.organisation)
        .select_related("user")
        .order_by("role", "pk")
    )
    return [
        {
            "name": str(row.user),
            "role": row.get_role_display(),
            "submits": row.role == "org_admin",
            "section": editing.get(row.user_id),
            "is_self": row.user_id == frame.user.pk,
        }
        for row in held
    ]


def cap_cny(frame: Frame):
    computation = frame.content.computation
    rooms = computation.rooms if computation else ()
    return min((room.left_cny for room in rooms), default=None)


def asked_cny(frame: Frame):
    return amounts.asked(frame.content, frame.content.computation)


# --- sections -------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
@require_applicant
def application_section(request, uid: str, code: str):
    """A section, whatever its kind."""
    frame = frame_of(request, uid)
    section = section_of(frame.application, code)
    if section.kind == "review":
        return redirect("application_check", uid)
    if section.kind in {"table", "invoices"}:
        return tables.section_page(request, frame, section)
    if section.kind == "attachments":
        return files.section_page(request, frame, section)
    if request.method == "POST":
        return _save_page(request, frame, section)
    return fields_page(request, frame, section)


def fields_page(request, frame: Frame, section, *, complete=False, conflicts=(), refused=""):
    """The page of a section of fields. ``complete``: with everything that is wrong or missing."""
    report = frame.report(section.code)
    show = complete or "check" in request.GET
    mine = {conflict.field.code: conflict.mine for conflict in conflicts}
    form = section_form(
        frame.content,
        section,
        problems=[problem for problem in report.problems if problem.stops] if show else (),
        is_open=lambda place: frame.is_open(section, place),
        mine=mine,
    )
    context = (
        page_context(request, frame, section)
        | {
            "form": form,
            "known": known(frame.content, section, report.problems),
            "known_source": source_of(frame.content),
            "is_profile": any(
                (item.prefill or "").startswith("organisation.")
                for item in section.fields
                if item.readonly
            ),
            "summary_above": True,
            "seen": json.dumps(seen_digests(form.shown, conflicts)),
            "conflicts": [conflict_view(conflict) for conflict in conflicts],
            "refused": refused,
            "warnings": [problem for problem in report.problems if not problem.stops]
            if show
            else [],
            "flags": flags(frame, section),
            "evidence": evidence(frame, section),
            "shows_amount": any(item.code in ASKED_FIELDS for item in section.fields),
        }
        | amount_context(frame)
    )
    wrong = (show and form.errors) or conflicts or refused
    status = 422 if wrong and request.method == "POST" else 200
    return render(request, "applications/application_section.html", context, status=status)


def seen_digests(shown: Mapping, conflicts=()) -> dict[str, str]:
    """The digests of what the page shows; of a conflict the other's version, now told."""
    found = {code: digest(value) for code, value in shown.items()}
    return found | {conflict.field.code: digest(conflict.theirs) for conflict in conflicts}


def evidence(frame: Frame, section) -> list[dict]:
    """The slots that prove what this section says, and how many files stand in each."""
    slots = {slot.code: slot for slot in frame.content.schema.attachments}
    named = [code for item in section.fields for code in item.evidence if code in slots]
    target = next(
        (item for item in frame.content.schema.form.sections if item.kind == "attachments"), None
    )
    if target is None:
        return []
    return [
        {
            "label": slots[code].label,
            "count": len(frame.content.attachments.get(code, [])),
            "url": f"{frame.url_of(target)}#slot-{code}",
        }
        for code in dict.fromkeys(named)
    ]


def _seen(request) -> dict[str, str]:
    """The digests that the page sends back; {} for what is no such thing."""
    try:
        seen = json.loads(request.POST.get("_seen", ""))
    except ValueError:
        return {}
    return {str(code): str(mark) for code, mark in seen.items()} if isinstance(seen, dict) else {}


def _save(request, frame: Frame, section, *, is_whole: bool):
    """Save what changed: the answer, and the conflicts if there are any."""
    entered = read_post(section, request.POST, is_open=lambda place: frame.is_open(section, place))
    tab = request.POST.get("_tab", "")[:MAX_TAB]
    try:
        return drafts.save_section(
            frame.application, section.code, entered, actor=request.user, seen=_seen(request),
            tab=tab, is_whole=is_whole,
        ), []  # fmt: skip
    except drafts.StaleDraft as stale:
        return stale.answer, stale.conflicts


def _save_page(request, frame: Frame, section):
    """保存并继续, 上一步 or 返回: everything is saved; only 继续 asks that it be right."""
    go = request.POST.get("_go", "next")
    try:
        _answer, conflicts = _save(request, frame, section, is_whole=True)
    except unlocking.NotEditable as fault:
        frame = frame_of(request, frame.application.uid)
        return fields_page(request, frame, section, refused=not_editable(fault))
    frame = frame_of(request, frame.application.uid)
    if conflicts:
        return fields_page(request, frame, section, conflicts=conflicts)
    if go == "list":
        return redirect(frame.workspace_url)
    before, after = frame.neighbours(section.code)
    if go == "back":
        return redirect(frame.url_of(before) if before else frame.workspace_url)
    if any(problem.stops for problem in frame.report(section.code).problems):
        return fields_page(request, frame, section, complete=True)
    messages.success(request, _("“%(section)s”已保存。") % {"section": section.title})
    if request.POST.get("_back") == "check":
        return redirect(f"{frame.check_url}#card-{section.code}")
    return redirect(frame.url_of(after) if after else frame.workspace_url)


@never_cache
@require_http_methods(["GET", "POST"])
@require_applicant
def application_autosave(request, uid: str, code: str):
    """Save what was typed so far and tell the page what it must know. GET gives a fresh token to
    a page over which somebody signed in again."""
    application = own_case(request, uid)
    section = section_of(application, code)
    if section.kind not in {"fields", "review"}:
        raise Http404(code)
    if request.method == "GET":
        return JsonResponse({"token": get_token(request)})
    frame = Frame(application, request.user, request.arrived_at)
    try:
        answer, conflicts = _save(request, frame, section, is_whole=False)
    except unlocking.NotEditable as fault:
        return JsonResponse({"refused": not_editable(fault)}, status=409)
    return JsonResponse(_autosaved(request, frame, section, answer, conflicts))


def _autosaved(request, frame: Frame, section, answer, conflicts) -> dict:
    """The digests of what is stored now, what others wrote meanwhile, and the conflicts."""
    seen = _seen(request)
    in_conflict = {conflict.field.code: conflict for conflict in conflicts}
    fields = {item.code: item for item in section.fields if not item.readonly}
    posted = read_post(section, request.POST, is_open=lambda place: True)
    digests, merged = {}, {}
    for code, item in fields.items():
        stored = answer.data.get(code)
        if code in in_conflict or code not in answer.data:
            continue
        digests[code] = digest(stored)
        # Another page wrote it, and this one did not touch it: it takes the new value.
        if (code in posted and not same(posted[code], stored)) or (
            code not in posted and seen.get(code) not in (None, digests[code])
        ):
            merged[code] = {"value": typed(item, stored)}
    saved_at = answer.updated_at or request.arrived_at
    return {
        "saved": saved_words(frame.application, at=saved_at),
        "revision": answer.revision,
        "seen": digests,
        "merged": merged,
        "conflicts": {
            code: {
                "html": render_to_string(
                    "applications/_conflict.html", {"conflict": conflict_view(conflict)}, request
                ),
                "theirs": typed(conflict.field, conflict.theirs),
                "digest": digest(conflict.theirs),
            }
            for code, conflict in in_conflict.items()
        },
    }
