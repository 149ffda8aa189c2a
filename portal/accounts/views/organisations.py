"""An organisation's own people: registration and profile."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import registering
from portal.accounts.forms import PROFILE_PARTS, IdentityForm
from portal.accounts.loading import (
    has_role,
    membership_in_organisation,
    require_applicant,
    require_role,
)
from portal.accounts.masking import mask
from portal.accounts.models import (
    SEPARATED_ROLES,
    UNIT_ROLES,
    Organisation,
    OrganisationStatus,
    Role,
)
from portal.files import serving

_REFUSALS = {
    "uscc_taken": "uscc",
    "other_organisation": None,
    "stale": None,
}


def _told(reason: str) -> str:
    return {
        "uscc_taken": _(
            "该统一社会信用代码已注册。如属贵单位，请联系本单位管理员邀请您加入；"
            "管理员已离职的，请联系注册地所在区。"
        ),
        "other_organisation": _("您已加入另一单位，不能再注册单位。"),
        "stale": _("资料在您打开页面后已被他人修改，以下是您填写的内容，请核对后再保存。"),
    }[reason]


@require_role()
@require_http_methods(["GET", "POST"])
def register(request):
    """Register an organisation, or read how to join one that is registered."""
    if membership_in_organisation(request.user):
        return redirect("organisation_profile")
    if has_role(request.user, *UNIT_ROLES, *SEPARATED_ROLES):
        raise Http404("officers register no organisation")
    person = request.user
    form = IdentityForm(
        request.POST or None,
        request.FILES or None,
        initial={"contact_name": person.name, "contact_phone": person.phone},
    )
    if request.method == "POST" and form.is_valid():
        try:
            organisation = registering.register(form.values(), actor=person)
        except registering.RegistrationRefused as refusal:
            form.add_error(_REFUSALS[refusal.reason], _told(refusal.reason))
        else:
            messages.success(
                request,
                _("已提交，由{district}核验。").format(district=organisation.district.name),
            )
            return redirect("organisation_profile")
    return _form_page(request, "accounts/organisation_register.html", {"form": form})


def _form_page(request, template: str, context: dict):
    bad = bool(context["form"].errors)
    return render(request, template, context, status=422 if bad else 200)


@require_applicant
@require_GET
def profile(request):
    """The profile of the user's organisation, with the state of its verification."""
    organisation = _own(request)
    return render(
        request,
        "accounts/organisation_profile.html",
        {
            "organisation": organisation,
            "parts": [(code, title) for code, (_form, title) in PROFILE_PARTS.items()],
            "may_edit": has_role(request.user, Role.ORG_ADMIN),
            "masked_account": mask(organisation.bank_account),
        },
    )


@require_role(Role.ORG_ADMIN)
@require_http_methods(["GET", "POST"])
def edit(request, part):
    """Change one part of the profile."""
    if part not in PROFILE_PARTS:
        raise Http404(part)
    organisation = _own(request)
    form_class, title = PROFILE_PARTS[part]
    form = form_class(request.POST or None, request.FILES or None, instance=organisation)
    seen = organisation.revision
    if request.method == "POST" and form.is_valid():
        posted = request.POST.get("revision", "")
        try:
            saved = registering.update_profile(
                organisation,
                form.values(),
                actor=request.user,
                seen_revision=int(posted) if posted.isdigit() else 0,
            )
        except registering.RegistrationRefused as refusal:
            form.add_error(_REFUSALS[refusal.reason], _told(refusal.reason))
        else:
            waits = (
                saved.status == OrganisationStatus.PENDING
                and organisation.status != OrganisationStatus.PENDING
            )
            messages.success(request, _("已保存，重新提交核验。") if waits else _("已保存。"))
            return redirect("organisation_profile")
    context = {
        "form": form,
        "organisation": organisation,
        "part": part,
        "title": title,
        # After a clash the next saving is meant to stand over what the other wrote.
        "revision": seen,
    }
    return _form_page(request, "accounts/organisation_edit.html", context)


@require_role(Role.ORG_ADMIN)
@require_POST
def resubmit(request):
    """Put the profile before the district again as it is."""
    try:
        registering.resubmit(_own(request), actor=request.user)
    except registering.RegistrationRefused:
        messages.warning(request, _("当前状态不需要重新提交。"))
    else:
        messages.success(request, _("已重新提交核验。"))
    return redirect("organisation_profile")


@require_applicant
@require_GET
def file(request, which):
    return serve_file(request, _own(request), which)


def serve_file(request, organisation: Organisation, which: str):
    """The licence or the authorisation of an organisation that the view has let in."""
    blob = getattr(organisation, which) if which in {"licence", "authorisation"} else None
    if blob is None:
        raise Http404(which)
    name = getattr(organisation, f"{which}_name") or f"{which}.pdf"
    return serving.respond(blob, name=name, inline=True, request=request)


def _own(request) -> Organisation:
    """The user's organisation with what its page shows."""
    held = membership_in_organisation(request.user)
    if held is None or held.organisation_id is None:
        raise Http404("no organisation")
    return Organisation.objects.select_related(
        "district", "licence", "authorisation", "verified_by"
    ).get(pk=held.organisation_id)
