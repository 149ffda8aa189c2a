"""How applicants reach a unit: the public page, and the account administrator's."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts import units
from portal.accounts.forms import UnitForm
from portal.accounts.models import Unit
from portal.accounts.views.users import admin_only


@require_GET
def contact(request):
    """Unit, division, phone, for everybody: one query."""
    units = list(Unit.objects.all())
    listed = [unit for unit in units if unit.service_phone]
    groups = [
        (_("责任单位"), [unit for unit in listed if not unit.is_district]),
        (_("各区"), [unit for unit in listed if unit.is_district]),
    ]
    context = {
        "groups": [(heading, rows) for heading, rows in groups if rows],
        "unlisted": [unit for unit in units if not unit.service_phone],
    }
    return render(request, "accounts/contact.html", context)


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
        initial={name: getattr(unit, name) for name in UnitForm.base_fields},
    )
    if request.method == "POST" and form.is_valid():
        units.set_contact(unit, actor=request.user, **form.cleaned_data)
        messages.success(request, _("已保存。"))
        return redirect("unit_list")
    status = 422 if form.errors else 200
    return render(request, "accounts/unit_edit.html", {"unit": unit, "form": form}, status=status)
