"""The account administrator's pages: how applicants reach a unit."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts import units
from portal.accounts.forms import UnitForm
from portal.accounts.models import Unit
from portal.accounts.views.users import admin_only


@admin_only
@require_GET
def unit_list(request):
    """All responsible units: a fixed few, on one page."""
    return render(request, "accounts/unit_list.html", {"units": Unit.objects.all()})


@admin_only
@require_http_methods(["GET", "POST"])
def unit_edit(request, code):
    unit = get_object_or_404(Unit, code=code)
    form = UnitForm(
        request.POST or None,
        initial={"division": unit.division, "service_phone": unit.service_phone},
    )
    if request.method == "POST" and form.is_valid():
        units.set_contact(unit, actor=request.user, **form.cleaned_data)
        messages.success(request, _("已保存。"))
        return redirect("unit_list")
    status = 422 if form.errors else 200
    return render(request, "accounts/unit_edit.html", {"unit": unit, "form": form}, status=status)
