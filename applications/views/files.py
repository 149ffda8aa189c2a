"""Attachments of a draft: slots with their limits, uploads, downloads."""

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from applications import attachments, unlocking
from applications.models import Attachment
from applications.roles import case_roles, get_visible
from applications.views.frames import Frame, flags, frame_of, own_case, page_context
from applications.views.wording import not_editable, saved_words
from policy.conditions import condition_words
from portal import clock
from portal.accounts.loading import require_applicant, require_role
from portal.files.refusals import TYPE_NAMES, FileRefused, describe
from portal.files.serving import respond
from portal.types import known

# Of a file: its state in words and its tone.
SCANS = {
    "clean": (gettext_lazy("已查毒"), "good"),
    "pending": (gettext_lazy("查毒中"), "neutral"),
    "infected": (gettext_lazy("含病毒"), "bad"),
    "failed": (gettext_lazy("待查毒"), "warn"),
    "none": ("", "neutral"),
}


def section_page(request, frame: Frame, section):
    """The slots. POST is 保存并继续: it asks whether what is required is there."""
    report = frame.report(section.code)
    complete = request.method == "POST" or "check" in request.GET
    if request.method == "POST":
        go = request.POST.get("_go", "next")
        if go != "next" or not any(problem.stops for problem in report.problems):
            return _onwards(request, frame, section, go)
    return _page(request, frame, section, complete=complete)


def _onwards(request, frame: Frame, section, go: str):
    before, after = frame.neighbours(section.code)
    if go == "back" and before:
        return redirect(frame.url_of(before))
    if go == "next" and request.POST.get("_back") == "check":
        return redirect(f"{frame.check_url}#card-{section.code}")
    if go == "next" and after:
        return redirect(frame.url_of(after))
    return redirect(frame.workspace_url)


def _page(request, frame: Frame, section, *, complete=False, errors=(), status=None):
    report = frame.report(section.code)
    labels = {slot.code: slot.label for slot in frame.content.schema.attachments}
    wrong = dict(errors)
    if complete:
        wrong = {p.field: str(p.text) for p in report.problems if p.stops} | wrong
    summary = [(f"#slot-{code}", f"{labels[code]}：{text}") for code, text in wrong.items()]
    context = page_context(request, frame, section) | {
        "slots": [slot_view(frame, section, slot, wrong.get(slot.code, "")) for slot in frame.content.schema.attachments],
        "summary": summary,
        "flags": flags(frame, section),
    }  # fmt: skip
    status = status or (422 if summary and request.method == "POST" else 200)
    return render(request, "applications/application_attachments.html", context, status=status)


def slot_view(frame: Frame, section, slot, error: str = "") -> dict:
    files = frame.content.attachments.get(slot.code, [])
    condition = slot.required_if
    return {
        "slot": slot,
        "limits": limits(slot),
        "accept": ",".join(f".{code}" for code in slot.types) + (",.jpeg" if "jpg" in slot.types else ""),
        "required": slot.required or bool(condition and condition.holds(frame.content.values)),
        "when": condition_words(condition, frame.content.schema.form),
        "files": [file_view(frame, section, file) for file in files],
        "error": error,
        "is_open": frame.is_open(section, slot.code),
        "room": slot.max_files - len(files),
        "reason": frame.unlocked.reason(section.code, slot.code),
        "url": reverse("application_upload", args=[frame.application.uid, slot.code]),
    }  # fmt: skip


def limits(slot) -> str:
    """``PDF、XLSX · 单个不超过 20 MB · 最多 5 个文件``: said before anything is chosen."""
    types = _("、").join(TYPE_NAMES[code] for code in slot.types)
    return _("%(types)s · 单个不超过 %(size)s · 最多 %(count)s 个文件") % {
        "types": types,
        "size": f"{slot.max_bytes / 1024**2:g} MB",
        "count": slot.max_files,
    }


def file_view(frame: Frame, section, file: Attachment) -> dict:
    word, tone = SCANS[file.blob.scan]
    open_ = frame.is_open(section, file.slot)
    uid = frame.application.uid
    return {
        "name": file.name,
        "url": reverse("application_file", args=[uid, file.uid]) + "?inline=1",
        "size_bytes": file.blob.size_bytes,
        "sha256": file.blob_id,
        "uploaded_at": file.uploaded_at,
        "state": str(word),
        "tone": tone,
        "error": "",
        "delete_url": reverse("application_file_remove", args=[uid, file.uid]) if open_ else "",
    }


def _told(fault) -> str:
    if isinstance(fault, FileRefused):
        return describe(fault)
    if isinstance(fault, attachments.SlotFull):
        return _("此项最多 %(max)s 个文件。请先删除不需要的文件。") % {"max": fault.max_files}
    if isinstance(fault, attachments.SameFile):
        return _("此项已有内容相同的文件“%(name)s”，没有重复保存。") % {"name": fault.name}
    return not_editable(fault)


REFUSALS = (FileRefused, attachments.SlotFull, attachments.SameFile, unlocking.NotEditable)


@require_POST
@require_applicant
def application_upload(request, uid: str, slot: str):
    """Put files into a slot. A script sends them one by one and is answered with the slot's new
    content; without scripts the page comes back."""
    frame = frame_of(request, uid)
    section = attachments.section_of(frame.application)
    if section is None or slot not in {item.code for item in frame.content.schema.attachments}:
        raise Http404(slot)
    uploads = request.FILES.getlist("file")
    errors = [] if uploads else [describe(FileRefused("none"))]
    for upload in uploads:
        try:
            attachments.add(frame.application, slot, upload, actor=request.user)
        except REFUSALS as fault:
            errors.append(f"{upload.name}：{_told(fault)}" if len(uploads) > 1 else _told(fault))
    frame = frame_of(request, uid)
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        item = frame.content.schema.slot(slot)
        html = render_to_string(
            "applications/_slot_files.html", {"item": slot_view(frame, section, item)}, request
        )
        answer = {"html": html, "errors": errors}
        if len(errors) < len(uploads):
            answer["saved"] = saved_words(frame.application, at=clock.now())
        return JsonResponse(answer, status=422 if errors else 200)
    if errors:
        return _page(request, frame, section, errors=[(slot, " ".join(errors))], status=422)
    messages.success(request, _("已上传。"))
    url = reverse("application_section", args=[uid, known(section).code])
    return redirect(f"{url}#slot-{slot}")


@never_cache
@require_GET
@require_role()
def application_file(request, uid: str, file_uid: str):
    """A file of a case, to whoever may see the case; removed ones too, as history. Experts open
    what they judge on from their sheet, without names."""
    application = get_visible(request.user, uid)
    if not case_roles(request.user, application) - {"expert"}:
        raise Http404(uid)
    try:
        file = Attachment.objects.select_related("blob").get(application=application, uid=file_uid)
    except Attachment.DoesNotExist:
        raise Http404(file_uid) from None
    return respond(file.blob, name=file.name, inline="inline" in request.GET, request=request)


@require_POST
@require_applicant
def application_file_remove(request, uid: str, file_uid: str):
    """Take a file out of its slot."""
    application = own_case(request, uid)
    try:
        file = Attachment.objects.get(application=application, uid=file_uid)
    except Attachment.DoesNotExist:
        raise Http404(file_uid) from None
    section = attachments.section_of(application)
    try:
        attachments.remove(application, file, actor=request.user)
        messages.success(request, _("已删除“%(name)s”。") % {"name": file.name})
    except unlocking.NotEditable as fault:
        messages.error(request, not_editable(fault))
    url = reverse("application_section", args=[uid, known(section).code])
    return redirect(f"{url}#slot-{file.slot}")
