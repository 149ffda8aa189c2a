"""The calendar of working days, for policy administrators: years, import with preview, one day."""

from datetime import date, timedelta

from django.contrib import messages
from django.core import signing
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policy import calendars
from policy.admin_views import policy_admin
from policy.calendar_files import RowError, UnreadableFile, check_rows, read_table
from policy.calendars import CalendarRefused
from policy.forms import CalendarDayForm, CalendarImportForm
from policy.models import CalendarDay, CalendarYear
from portal import clock

SALT = "policy.calendar-import"
# How long a preview may lie open before it is confirmed.
PREVIEW_AGE_S = 3600


@policy_admin
@require_GET
def calendar(request):
    years = list(CalendarYear.objects.order_by("year"))
    known = {str(row.year): row for row in years}
    this_year = str(clock.local(request.arrived_at).year)
    chosen = known.get(request.GET.get("year", this_year)) or (years[-1] if years else None)
    days = list(CalendarDay.objects.filter(year=chosen)) if chosen else []
    context = {
        "years": years,
        "chosen": chosen,
        "days": days,
        "months": _months(chosen.year, days) if chosen else [],
        "next_missing": max((row.year for row in years), default=int(this_year) - 1) + 1,
    }
    return render(request, "policy/admin_calendar.html", context)


def _months(year: int, days: list[CalendarDay]) -> list[tuple[int, int]]:
    """Working days of each month."""
    exceptions = {row.date: row.is_workday for row in days}
    counts = dict.fromkeys(range(1, 13), 0)
    day = date(year, 1, 1)
    while day.year == year:
        counts[day.month] += exceptions.get(day, day.weekday() < 5)
        day += timedelta(days=1)
    return list(counts.items())


@policy_admin
@require_http_methods(["GET", "POST"])
def calendar_import(request):
    initial = {"year": request.GET.get("year", "")[:4]}
    form = CalendarImportForm(request.POST or None, request.FILES or None, initial=initial)
    context: dict = {"form": form}
    if request.method == "POST" and form.is_valid():
        file, year = form.cleaned_data["file"], form.cleaned_data["year"]
        try:
            days, errors = check_rows(read_table(file.read(), name=file.name), year=year)
        except UnreadableFile as unreadable:
            form.add_error("file", _unreadable_message(unreadable))
        else:
            context["errors"] = [(error.line, _row_message(error)) for error in errors]
            if errors:
                wrong = ngettext("%(n)s 行有误。", "%(n)s 行有误。", len(errors)) % {
                    "n": len(errors)
                }
                form.add_error("file", wrong)
            else:
                return _preview(request, form, days)
    bad = form.is_bound and form.errors
    return render(request, "policy/admin_calendar_import.html", context, status=422 if bad else 200)


def _preview(request, form: CalendarImportForm, days: list):
    """What the import would make of the year, before anything is written."""
    year = form.cleaned_data["year"]
    stands = dict(CalendarDay.objects.filter(year=year).values_list("date", "is_workday"))
    comes = {day: is_workday for day, is_workday, _name in days}
    changed = [
        (day, stands.get(day, day.weekday() < 5), comes.get(day, day.weekday() < 5))
        for day in sorted(stands.keys() | comes.keys())
        if stands.get(day, day.weekday() < 5) != comes.get(day, day.weekday() < 5)
    ]
    workdays = calendars.count_workdays(year, days)
    plausible = workdays in calendars.PLAUSIBLE_WORKDAYS
    payload = {
        "year": year,
        "source": form.cleaned_data["source"],
        "provisional": form.cleaned_data["provisional"],
        "days": [(day.isoformat(), is_workday, name) for day, is_workday, name in days],
    }
    context = {
        "year": year,
        "loaded": CalendarYear.objects.filter(year=year).first(),
        "source": payload["source"],
        "provisional": payload["provisional"],
        "days": days,
        "changed": changed,
        "workdays": workdays,
        "plausible": plausible,
        "payload": signing.dumps(payload, salt=SALT, compress=True),
    }
    return render(
        request, "policy/admin_calendar_preview.html", context, status=200 if plausible else 422
    )


@policy_admin
@require_POST
def calendar_confirm(request):
    try:
        payload = signing.loads(request.POST.get("payload", ""), salt=SALT, max_age=PREVIEW_AGE_S)
    except signing.BadSignature:
        messages.error(request, _("预览已失效，请重新上传文件。"))
        return redirect("policy_calendar_import")
    days = [(date.fromisoformat(day), work, name) for day, work, name in payload["days"]]
    try:
        calendars.load_year(
            payload["year"],
            days,
            source=payload["source"],
            provisional=payload["provisional"],
            actor=request.user,
        )
    except CalendarRefused:
        messages.error(request, _("全年工作日数不合常理，请核对文件。"))
        return redirect("policy_calendar_import")
    messages.success(request, _("%(year)s 年日历已载入。") % {"year": payload["year"]})
    return redirect(f"{reverse('policy_calendar')}?year={payload['year']}")


@policy_admin
@require_http_methods(["GET", "POST"])
def calendar_day(request, day: str):
    try:
        chosen = date.fromisoformat(day if day != "go" else request.GET.get("date", ""))
    except ValueError:
        if day != "go":
            raise Http404(day) from None
        messages.error(request, _("请选择日期。"))
        return redirect("policy_calendar")
    year = CalendarYear.objects.filter(year=chosen.year).first()
    if year is None:
        if day != "go":
            raise Http404(day)
        messages.error(request, _("%(year)s 年日历尚未载入。") % {"year": chosen.year})
        return redirect("policy_calendar")
    if day == "go":
        return redirect("policy_calendar_day", chosen.isoformat())
    row = CalendarDay.objects.filter(date=chosen).first()
    works = row.is_workday if row else chosen.weekday() < 5
    initial = {"kind": "work" if works else "off", "name": row.name if row else ""}
    form = CalendarDayForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        calendars.set_day(
            chosen,
            is_workday=form.cleaned_data["kind"] == "work",
            name=form.cleaned_data["name"],
            reason=form.cleaned_data["reason"],
            actor=request.user,
        )
        messages.success(request, _("已修改 %(day)s。") % {"day": chosen.isoformat()})
        return redirect(f"{reverse('policy_calendar')}?year={chosen.year}")
    context = {"form": form, "day": chosen, "year": year, "works": works, "row": row}
    bad = form.is_bound and form.errors
    return render(request, "policy/admin_calendar_day.html", context, status=422 if bad else 200)


def _unreadable_message(unreadable: UnreadableFile) -> str:
    return {
        "format": _("文件无法读取，请确认是未加密的 .xlsx 或 .csv 文件。"),
        "encoding": _("文件编码无法识别，请存为 UTF-8。"),
        "header": _("首行须为“日期、类型、名称”，文件中为“%(found)s”。")
        % {"found": unreadable.found},
        "too_many": _("超过 %(n)s 行。") % {"n": unreadable.found},
    }[unreadable.reason]


def _row_message(error: RowError) -> str:
    return {
        "date": _("“%(found)s”不是日期，请写作 2027-01-01。"),
        "kind": _("“%(found)s”不是类型，请填写“休”或“班”。"),
        "year": _("%(found)s 不在所填年份。"),
        "twice": _("%(found)s 重复。"),
        "name": _("名称过长：%(found)s……"),
    }[error.reason] % {"found": error.found}
