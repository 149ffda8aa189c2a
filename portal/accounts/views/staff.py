"""The account administrator's pages: invitations of staff, one by one or from a sheet."""

from django.contrib import messages
from django.core import signing
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import clock
from portal.accounts import inviting, staffing
from portal.accounts.forms import InviteStaffForm, SheetForm
from portal.accounts.models import Invitation, User
from portal.accounts.views.members import revoke_and_tell
from portal.accounts.views.users import admin_only
from portal.files.inspecting import CONTENT_TYPES
from portal.files.refusals import FileRefused, describe
from portal.paging import page_by_key

_SALT = "accounts.staffing"
_MAX_BYTES = 2 * 1024 * 1024


@admin_only
@require_http_methods(["GET", "POST"])
def invitations(request):
    """Open invitations of staff, and a new one."""
    form = InviteStaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if User.objects.filter(email__iexact=values["email"]).exists():
            form.add_error("email", _("此邮箱已有账户，请在用户页直接授权。"))
        else:
            inviting.invite(
                values["email"],
                values["role"],
                unit=values["unit"],
                name=values["name"],
                actor=request.user,
            )
            messages.success(
                request, _("邀请已发往 {email}，7 日内有效。").format(email=values["email"])
            )
            return redirect("invitation_list")
    every = Invitation.objects.filter(
        organisation__isnull=True, accepted_at__isnull=True, revoked_at__isnull=True
    ).select_related("unit", "invited_by")
    now = clock.now()
    states = {"open": Q(expires_at__gt=now), "expired": Q(expires_at__lte=now)}
    state = request.GET.get("state", "")
    state = state if state in states else ""
    shown = every.filter(states[state]) if state else every
    page = page_by_key(shown, request, keys=["-id"])
    return render(
        request,
        "accounts/invitation_list.html",
        {
            "form": form,
            "page": page,
            "now": now,
            "state": state,
            "states": [("open", _("有效")), ("expired", _("已过期"))],
            "hidden": every.count() if state and not page.rows else None,
        },
        status=422 if form.errors else 200,
    )


def _of_staff(uid) -> Invitation:
    """An invitation of staff; the three administrators' are the server's own."""
    return get_object_or_404(
        Invitation.objects.filter(organisation__isnull=True, role__in=staffing.ROLES), uid=uid
    )


@admin_only
@require_POST
def revoke(request, uid):
    revoke_and_tell(request, _of_staff(uid))
    return redirect("invitation_list")


@admin_only
@require_POST
def resend(request, uid):
    """Invite anew: another link, another seven days."""
    old = _of_staff(uid)
    if old.accepted_at is not None:
        messages.warning(request, _("邀请已被接受。"))
    else:
        inviting.invite(
            old.email, old.role, unit=old.unit, name=old.name, phone=old.phone, actor=request.user
        )
        messages.success(request, _("邀请已重新发往 {email}。").format(email=old.email))
    return redirect("invitation_list")


@admin_only
@require_GET
def template(request):
    return HttpResponse(
        staffing.template(),
        content_type=CONTENT_TYPES["xlsx"],
        headers={"Content-Disposition": 'attachment; filename="staff.xlsx"'},
    )


@admin_only
@require_http_methods(["GET", "POST"])
def import_staff(request):
    """Read a sheet and show every row with its errors; nothing is taken up yet."""
    form = SheetForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            rows = staffing.judge(staffing.read(_content(form.cleaned_data["sheet"])))
        except (FileRefused, staffing.SheetRefused) as refusal:
            form.add_error("sheet", _told(refusal))
        else:
            return _rows_page(request, rows)
    return render(
        request, "accounts/staff_import.html", {"form": form}, status=422 if form.errors else 200
    )


def _content(upload) -> bytes:
    """The sheet's bytes: an .xlsx without macros, as every upload is judged."""
    if upload.size > _MAX_BYTES:
        raise FileRefused("too_big", size_bytes=upload.size, limit_bytes=_MAX_BYTES)
    content = upload.read()
    return staffing.checked(content, name=upload.name)


def _rows_page(request, rows, *, told: str = "", status: int = 200):
    good = [row for row in rows if row.ok]
    return render(
        request,
        "accounts/staff_import_rows.html",
        {
            "rows": rows,
            "good": len(good),
            "bad": len(rows) - len(good),
            "packed": signing.dumps(staffing.pack(rows), salt=_SALT, compress=True),
            "told": told,
        },
        status=status,
    )


def _told(refusal) -> str:
    if isinstance(refusal, FileRefused):
        return describe(refusal)
    return {
        "empty": _("表中没有数据，请按模板填写。"),
        "head": _("缺少列：{found}。请使用模板。").format(found=refusal.found),
        "too_many": _("一次最多导入 {found} 行，请分批。").format(found=refusal.found),
        "changed": _("第 {found} 行的情况已变，请核对。").format(found=refusal.found),
    }[refusal.reason]


@admin_only
@require_POST
def confirm_import(request):
    """Take the shown rows up: all of them, or (``only=good``) those without errors."""
    try:
        packed = signing.loads(request.POST.get("packed", ""), salt=_SALT, max_age=3600)
    except signing.BadSignature:
        messages.error(request, _("页面已过期，请重新上传。"))
        return redirect("staff_import")
    rows = staffing.judge(staffing.unpack(packed))
    chosen = [row for row in rows if row.ok] if request.POST.get("only") == "good" else rows
    if not chosen or not all(row.ok for row in chosen):
        told = _("有行未通过，未导入任何人员。")
        return _rows_page(request, rows, told=told, status=422)
    try:
        done = staffing.take_up(chosen, actor=request.user)
    except staffing.SheetRefused as refusal:
        return _rows_page(request, staffing.judge(rows), told=_told(refusal), status=409)
    messages.success(
        request,
        _("已授权 {granted} 人，已邀请 {invited} 人。").format(**done),
    )
    return redirect("invitation_list")
