"""The people of an organisation, and invitations to whomever."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal import clock
from portal.accounts import inviting, memberships
from portal.accounts.forms import AcceptForm, ColleagueForm, ReasonForm
from portal.accounts.landing import landing_url
from portal.accounts.loading import (
    has_role,
    membership_in_organisation,
    organisation_of,
    require_applicant,
    require_role,
)
from portal.accounts.models import Invitation, Membership, Role, User


def told_end(reason: str) -> str:
    return {
        "last_admin": _("这是本单位最后一名管理员。请先邀请另一人担任单位管理员。"),
        "ended": _("此成员已不在本单位。"),
        "reason_missing": _("请填写理由。"),
        "own": _("不能结束本人的这个角色。"),
    }[reason]


def told_grant(reason: str) -> str:
    """Why a role is not granted, for people."""
    return {
        "already": _("此人已有这个角色。"),
        "separated": _("政策管理员、账户管理员、审计员须由三人分别担任。"),
        "other_organisation": _("此人已加入另一单位。"),
        "scope": _("角色与单位不符。"),
        "own": _("不能给自己授权。"),
        "disabled": _("此账户已停用，请先启用。"),
        "gone": _("邀请已失效：已被接受、撤回或过期。"),
        "other_address": _("邀请发给了另一个电子邮箱。"),
    }[reason]


# --- members of an organisation --------------------------------------------------------


@require_applicant
@require_http_methods(["GET", "POST"])
def members(request):
    """The organisation's people; its admin invites and removes."""
    organisation = organisation_of(request.user)
    is_admin = has_role(request.user, Role.ORG_ADMIN)
    form = ColleagueForm(request.POST if request.method == "POST" and is_admin else None)
    if request.method == "POST":
        if not is_admin:
            return redirect("organisation_members")
        if form.is_valid() and _invite_colleague(request, form, organisation):
            return redirect("organisation_members")
    held = (
        Membership.objects.active()
        .filter(organisation=organisation)
        .select_related("user")
        .order_by("granted_at", "pk")
    )
    invitations = (
        Invitation.objects.open(at=clock.now()).filter(organisation=organisation).order_by("-pk")
    )
    context = {
        "organisation": organisation,
        "held": held,
        "invitations": invitations,
        "form": form,
        "is_admin": is_admin,
        "own_pk": membership_in_organisation(request.user).pk,
    }
    bad = form.is_bound and bool(form.errors)
    return render(
        request, "accounts/organisation_members.html", context, status=422 if bad else 200
    )


def _invite_colleague(request, form, organisation) -> bool:
    email = form.cleaned_data["email"].lower()
    taken = Membership.objects.active().filter(organisation=organisation, user__email=email)
    if taken.exists():
        form.add_error("email", _("此人已是本单位成员。"))
        return False
    inviting.invite(email, form.cleaned_data["role"], organisation=organisation, actor=request.user)
    messages.success(request, _("邀请已发往 {email}，7 日内有效。").format(email=email))
    return True


@require_role(Role.ORG_ADMIN, Role.FILLER)
@require_http_methods(["GET", "POST"])
def end_member(request, uid):
    """Remove a colleague (its admin), or leave (oneself), with the reason."""
    organisation = organisation_of(request.user)
    within = Membership.objects.active().filter(organisation=organisation).select_related("user")
    if not has_role(request.user, Role.ORG_ADMIN):
        within = within.filter(user=request.user)
    membership = get_object_or_404(within, uid=uid)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            memberships.end(membership, actor=request.user, reason=form.cleaned_data["reason"])
        except memberships.EndRefused as refusal:
            form.add_error(None, told_end(refusal.reason))
        else:
            messages.success(request, _("{name} 已移出本单位。").format(name=membership.user.name))
            own = membership.user_id == request.user.pk
            return redirect("landing" if own else "organisation_members")
    return render(
        request,
        "accounts/organisation_member_end.html",
        {
            "form": form,
            "membership": membership,
            "organisation": organisation,
            "own": membership.user_id == request.user.pk,
        },
        status=422 if form.errors else 200,
    )


@require_role(Role.ORG_ADMIN)
@require_POST
def revoke(request, uid):
    """Take an open invitation of the organisation back."""
    invitation = get_object_or_404(
        Invitation.objects.filter(organisation=organisation_of(request.user)), uid=uid
    )
    revoke_and_tell(request, invitation)
    return redirect("organisation_members")


def revoke_and_tell(request, invitation: Invitation) -> None:
    try:
        inviting.revoke(invitation, actor=request.user)
    except inviting.InvitationRefused as refusal:
        messages.warning(request, told_grant(refusal.reason))
    else:
        messages.success(request, _("邀请已撤回。"))


# --- taking an invitation up -------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def invitation(request, token):
    """The page of an invitation's link: accept, sign in first, or open an account."""
    found = inviting.read_token(token)
    if found is None:
        return render(request, "accounts/invitation_gone.html", status=404)
    context = {"invitation": found, "place": inviting.place_of(found)}
    if request.user.is_authenticated:
        return _accept(request, found, context)
    if User.objects.filter(email__iexact=found.email).exists():
        return render(request, "accounts/invitation.html", context | {"must_sign_in": True})
    form = AcceptForm(
        request.POST or None,
        email=found.email,
        initial={"name": found.name, "phone": found.phone},
    )
    if request.method == "POST" and form.is_valid():
        try:
            user = inviting.accept_as_new(
                found,
                name=form.cleaned_data["name"],
                phone=form.cleaned_data["phone"],
                password=form.cleaned_data["password1"],
            )
        except inviting.InvitationRefused as refusal:
            form.add_error(None, told_grant(refusal.reason))
        else:
            get_adapter(request).login(request, user)
            messages.success(request, _("账户已开通。"))
            return redirect(landing_url(user))
    status = 422 if form.errors else 200
    return render(request, "accounts/invitation.html", context | {"form": form}, status=status)


def _accept(request, found: Invitation, context: dict):
    matches = request.user.email.lower() == found.email.lower()
    if request.method == "POST":
        try:
            inviting.accept(found, user=request.user)
        except inviting.InvitationRefused as refusal:
            context["refusal"] = told_grant(refusal.reason)
            return render(request, "accounts/invitation.html", context, status=409)
        request.user.__dict__.pop("present_memberships", None)
        messages.success(request, _("您已成为{role}。").format(role=found.get_role_display()))
        return redirect("landing")
    return render(request, "accounts/invitation.html", context | {"accepts": matches})
