"""A policy administrator's act that reaches the applicants: releasing a change of a call."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from applications import call_changes
from policy.calls import CallRefused
from policy.forms import refusal_message
from policy.models import CallChange
from portal.accounts.loading import require_role
from portal.accounts.models import Role


@require_role(Role.POLICY_ADMIN)
@require_POST
def change_release(request, uid: str):
    change = CallChange.objects.select_related("call").filter(uid=uid).first()
    if change is None:
        raise Http404(uid)
    try:
        call_changes.release(change, actor=request.user)
    except CallRefused as refused:
        messages.error(request, refusal_message(refused))
    else:
        messages.success(request, _("变更已签发并生效，已告知有关单位。"))
    return redirect("policy_call_review", change.call.uid)
