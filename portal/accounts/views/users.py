"""The account administrator's pages: people, their roles, their switch."""

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.accounts import locking, memberships, two_factor, users
from portal.accounts.forms import GrantForm, ReasonForm, SecondFactorResetForm
from portal.accounts.loading import require_role
from portal.accounts.masking import mask
from portal.accounts.models import ORGANISATION_ROLES, Membership, Role, User
from portal.accounts.views.members import told_end, told_grant
from portal.paging import page_by_key

admin_only = require_role(Role.ACCOUNT_ADMIN)


@admin_only
@require_GET
def user_list(request):
    """People, by name, e-mail, organisation or unit; roles and state as filters."""
    asked, role = request.GET.get("q", "").strip()[:100], request.GET.get("role", "")
    state = request.GET.get("state", "")
    active = Membership.objects.active().select_related("organisation", "unit").order_by("pk")
    found = User.objects.prefetch_related(
        Prefetch("memberships", queryset=active, to_attr="present")
    )
    if asked:
        held = Membership.objects.active().filter(user=OuterRef("pk"))
        found = found.filter(
            Q(name__icontains=asked)
            | Q(email__icontains=asked)
            | Exists(
                held.filter(
                    Q(organisation__name__icontains=asked) | Q(unit__name_zh__icontains=asked)
                )
            )
        )
    if role in Role.values:
        found = found.filter(
            Exists(Membership.objects.active().filter(user=OuterRef("pk"), role=role))
        )
    if state in {"active", "disabled"}:
        found = found.filter(is_active=state == "active")
    found = found.annotate(is_locked=locking.is_locked(at=request.arrived_at))
    if state == "locked":
        found = found.filter(is_locked=True)
    page = page_by_key(found, request, keys=["name", "id"])
    filtered = bool(asked or role or state)
    return render(
        request,
        "accounts/user_list.html",
        {
            "page": page,
            "q": asked,
            "role": role,
            "state": state,
            "roles": Role.choices,
            "hidden": User.objects.count() if filtered and not page.rows else None,
        },
    )


@admin_only
@require_GET
def user_detail(request, uid):
    return _page(request, get_object_or_404(User, uid=uid))


def _page(
    request,
    person: User,
    *,
    grant=None,
    switch=None,
    phone=None,
    factor=None,
    revealed="",
    status=200,
):
    held = person.memberships.select_related("organisation", "unit", "granted_by").order_by(
        "ended_at", "-granted_at", "pk"
    )
    return render(
        request,
        "accounts/user_detail.html",
        {
            "person": person,
            "held": [row for row in held if row.ended_at is None],
            "past": [row for row in held if row.ended_at is not None],
            "organisation_roles": sorted(ORGANISATION_ROLES),
            "grant_form": grant or GrantForm(prefix="grant"),
            "switch_form": switch or _switch_form(person),
            "phone_form": phone or ReasonForm(prefix="phone", label=_("查看手机号的理由")),
            "has_second_factor": two_factor.has_one(person),
            "factor_form": factor or SecondFactorResetForm(prefix="factor"),
            "masked_phone": mask(person.phone),
            "revealed": revealed,
            "own": person == request.user,
            "failed_form": next((form for form in (grant, switch, phone, factor) if form), None),
        },
        status=status,
    )


def _switch_form(person: User, data=None) -> ReasonForm:
    label = _("停用理由") if person.is_active else _("启用理由")
    return ReasonForm(data, prefix="switch", label=label)


@admin_only
@require_POST
def grant(request, uid):
    """Give a role of a unit, of an expert or an evaluator."""
    person = get_object_or_404(User, uid=uid)
    form = GrantForm(request.POST, prefix="grant")
    if form.is_valid():
        values = form.cleaned_data
        try:
            memberships.grant(
                person,
                values["role"],
                unit=values["unit"],
                actor=request.user,
                reason=values["reason"],
            )
        except memberships.GrantRefused as refusal:
            form.add_error(None, told_grant(refusal.reason))
        else:
            messages.success(request, _("已授权。"))
            return redirect("user_detail", uid=uid)
    return _page(request, person, grant=form, status=422)


@admin_only
@require_POST
def end(request, uid):
    """End a membership with its reason. An organisation's people are the organisation's to end,
    but for the last admin who is gone: that the administrator does after inviting another."""
    membership = get_object_or_404(Membership.objects.active().select_related("user"), uid=uid)
    form = ReasonForm(request.POST, prefix=f"end-{uid}")
    if form.is_valid():
        try:
            memberships.end(membership, actor=request.user, reason=form.cleaned_data["reason"])
        except memberships.EndRefused as refusal:
            messages.error(request, told_end(refusal.reason))
        else:
            messages.success(request, _("角色已结束。"))
    else:
        messages.error(request, _("请填写理由，角色未结束。"))
    return redirect("user_detail", uid=membership.user.uid)


@admin_only
@require_POST
def switch(request, uid):
    """Disable or enable the account."""
    person = get_object_or_404(User, uid=uid)
    form = _switch_form(person, request.POST)
    if form.is_valid():
        try:
            # The page says what is asked for: a second click does not undo the first.
            users.switch(
                person,
                active=request.POST.get("to") == "active",
                actor=request.user,
                reason=form.cleaned_data["reason"],
            )
        except users.UserRefused as refusal:
            form.add_error(None, _told_switch(refusal.reason))
        else:
            messages.success(request, _("已停用。") if person.is_active else _("已启用。"))
            return redirect("user_detail", uid=uid)
    return _page(request, person, switch=form, status=422)


@admin_only
@require_POST
def reset_second_factor(request, uid):
    """Take off the second factor of who has lost it, after checking who asks."""
    person = get_object_or_404(User, uid=uid)
    form = SecondFactorResetForm(request.POST, prefix="factor")
    if form.is_valid():
        try:
            two_factor.reset(person, actor=request.user, **form.cleaned_data)
        except users.UserRefused as refusal:
            form.add_error(None, _told_reset(refusal.reason))
        else:
            messages.success(request, _("双重验证已重置，已通知本人。"))
            return redirect("user_detail", uid=uid)
    return _page(request, person, factor=form, status=422)


def _told_reset(reason: str) -> str:
    return {
        "own": _("不能重置本人的双重验证，请由另一位账户管理员办理。"),
        "reason_missing": _("请填写理由。"),
        "no_second_factor": _("该用户没有启用双重验证，无须重置。"),
    }[reason]


def _told_switch(reason: str) -> str:
    return {
        "own": _("不能停用本人的账户。"),
        "state": _("账户状态已被他人修改，请核对。"),
        "reason_missing": _("请填写理由。"),
    }[reason]


@admin_only
@require_POST
def phone(request, uid):
    """The phone number in full, for a reason that is kept."""
    person = get_object_or_404(User, uid=uid)
    form = ReasonForm(request.POST, prefix="phone", label=_("查看手机号的理由"))
    if not form.is_valid():
        return _page(request, person, phone=form, status=422)
    revealed = users.reveal_phone(person, actor=request.user, reason=form.cleaned_data["reason"])
    return _page(request, person, revealed=revealed)
