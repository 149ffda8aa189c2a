"""The calendar of working days: a year as a file, and one day."""

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from policy.forms.fields import WholeField
from policy.models import CalendarDay


class CalendarImportForm(forms.Form):
    """A year's exceptions as a file."""

    year = WholeField(label=_("年份"), max_length=4)
    source = forms.CharField(
        label=_("依据"), help_text=_("例如：国办发明电〔2026〕7号。"), max_length=120
    )
    provisional = forms.BooleanField(label=_("暂定，待国务院办公厅通知发布后替换"), required=False)
    file = forms.FileField(
        label=_("文件"),
        help_text=_(".xlsx 或 .csv，不超过 1 MB。列依次为：日期、类型（休、班）、名称。"),
    )
    MAX_BYTES = 1024 * 1024

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.use_required_attribute = False
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def clean_year(self):
        year = self.cleaned_data["year"]
        if year is not None and not 2024 <= year <= 2100:
            raise ValidationError(_("年份须在 2024 至 2100 之间。"))
        return year

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > self.MAX_BYTES:
            raise ValidationError(_("文件超过 1 MB。"))
        if not file.name.lower().endswith((".xlsx", ".csv")):
            raise ValidationError(_("请上传 .xlsx 或 .csv 文件。"))
        return file


class CalendarDayForm(forms.Form):
    """One day of a loaded year."""

    kind = forms.ChoiceField(
        label=_("类型"),
        choices=[("work", _("上班")), ("off", _("休息"))],
        widget=forms.RadioSelect,
    )
    name = forms.CharField(
        label=_("名称"), required=False, max_length=CalendarDay._meta.get_field("name").max_length
    )
    reason = forms.CharField(label=_("理由"), max_length=500)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.use_required_attribute = False
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True
