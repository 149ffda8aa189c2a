"""The calendar of working days, a year at a time."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class CalendarYear(models.Model):
    """A year whose working days are known. A year without a row is never guessed."""

    year = models.PositiveSmallIntegerField(_("年份"), primary_key=True)
    source = models.CharField(_("来源"), max_length=120)
    provisional = models.BooleanField(_("暂定"), default=False)
    loaded_at = models.DateTimeField(_("载入时间"))

    class Meta:
        ordering = ["year"]

    def __str__(self):
        return str(self.year)


class CalendarDay(models.Model):
    """A day that departs from "Monday to Friday are working days", or bears a holiday's name."""

    date = models.DateField(_("日期"), primary_key=True)
    year = models.ForeignKey(CalendarYear, on_delete=models.CASCADE, related_name="days")
    is_workday = models.BooleanField(_("工作日"))
    name = models.CharField(_("名称"), max_length=40, blank=True)

    class Meta:
        ordering = ["date"]
        constraints = [
            models.CheckConstraint(
                condition=Q(date__year=F("year")), name="policy_calendarday_in_its_year"
            ),
        ]

    def __str__(self):
        return f"{self.date:%Y-%m-%d}"
