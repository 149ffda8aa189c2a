"""A call built from its measure's settings, and the acts on a published one."""

from decimal import Decimal
from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from policy import call_settings
from policy.call_settings import SettingWrong
from policy.forms.fields import LocalDateTimeField, WanField, WholeField, mark
from policy.forms.settings import (
    field_name,
    setting_field,
    setting_message,
    shown_value,
    stored_value,
)
from policy.models import Call, CallChange
from policy.money import NotMoney, cny
from policy.schema import DefinitionSchema
from portal import clock


def card(legend, *names: str) -> Fieldset:
    return Fieldset(legend, *names, template="policy/_admin_fieldset.html")


# The cards of the form, in their order, by the settings' group.
SETTING_GROUPS = {
    "base": _("支持基数"),
    "amount": _("申报条件与金额"),
    "caps": _("额度上限"),
    "stacking": _("叠加与互斥"),
    "places": _("名额与备选"),
    "year": _("计入年度"),
    "money": _("分担与拨付"),
    "handling": _("办理单位"),
}


class CallForm(forms.Form):
    """A call's draft: the notice's own fields, then one for each setting of the definition."""

    title_zh = forms.CharField(label=_("标题"), max_length=120)
    title_en = forms.CharField(label=_("英文标题"), max_length=200)
    guide_zh = forms.CharField(
        label=_("申报指南"),
        help_text=_("向申报单位公开的全文：申报对象、条件、材料、程序和联系方式。"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    year = WholeField(label=_("年度"), help_text=_("额度和名额计入该年度。"), max_length=4)
    opens_at = LocalDateTimeField(label=_("开始时间"), help_text=_("北京时间。"))
    closes_at = LocalDateTimeField(
        label=_("截止时间"), help_text=_("以服务器收到提交的时间为准，宜定在工作日 17:30。")
    )
    budget_cny = WanField(label=_("预算"))
    places = WholeField(label=_("名额"), max_length=6)
    question_workdays = WholeField(
        label=_("答疑期限"),
        help_text=_("自提问次日起的工作日数；留空则不设期限。"),
        required=False,
        max_length=3,
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    # A draft may lack these; a call may not.
    NEEDED_TO_PUBLISH = ("title_zh", "title_en", "guide_zh", "budget_cny", "places")

    def __init__(self, *args, schema: DefinitionSchema, call: Call | None = None, **options):
        self.schema, self.call = schema, call
        options["initial"] = self._initial() | options.get("initial", {})
        super().__init__(*args, **options)
        for name in self.NEEDED_TO_PUBLISH:
            mark(self.fields[name], needed_to_publish=True)
        self._fit_to_definition()
        mark(self.fields["question_workdays"], unit=_("个工作日"))
        self.settings = {field_name(setting.code): setting for setting in schema.settings}
        for name, setting in self.settings.items():
            self.fields[name] = setting_field(setting)
        self.use_required_attribute = False
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = self._layout()

    def _initial(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        chosen = {}
        if self.call is not None:
            chosen = self.call.settings
            values = {
                name: getattr(self.call, name)
                for name in (*self.base_fields,)
                if name != "revision"
            } | {"revision": self.call.revision}
        for setting in self.schema.settings:
            value = call_settings.effective(setting, chosen)
            values[field_name(setting.code)] = shown_value(setting, value)
        return values

    def _fit_to_definition(self) -> None:
        """The quota, where the document has one; no money where the measure has none."""
        quota = self.schema.quota
        if quota is None:
            mark(self.fields["places"], needed_to_publish=False)
            self.fields["places"].required = False
            self.fields["places"].help_text = _("不限名额时留空。")
        else:
            self.fields["places"].help_text = gettext("文件规定 %(places)s 个，本批不得超过。") % {
                "places": quota.places
            }
        if self.schema.award.kind == "none":
            mark(self.fields["budget_cny"], needed_to_publish=False)
            self.fields["budget_cny"].required = False

    def _layout(self) -> Layout:
        stages = {stage.code for stage in self.schema.stages}
        sets = [
            card(_("通知"), "title_zh", "title_en", "guide_zh"),
            card(_("时间"), "year", "opens_at", "closes_at", "question_workdays"),
            card(_("预算与名额"), "budget_cny", "places"),
        ]
        for group, legend in SETTING_GROUPS.items():
            names = [
                name
                for name, setting in self.settings.items()
                if setting.group == group and setting.code.partition(".")[0] not in stages
            ]
            if names:
                sets.append(card(legend, *names))
        for stage in self.schema.stages:
            names = [
                name
                for name, setting in self.settings.items()
                if setting.code.startswith(f"{stage.code}.")
            ]
            if names:
                sets.append(card(gettext("环节：%(stage)s") % {"stage": stage.label}, *names))
        return Layout("revision", *sets)

    def full_clean(self):
        """What only publishing needs is marked as required, yet its absence is no error here."""
        later = [field for field in self.fields.values() if _needed_later(field)]
        for field in later:
            field.required = False
        try:
            super().full_clean()
        finally:
            for field in later:
                field.required = True

    def clean(self):
        cleaned = super().clean()
        opens_at, closes_at = cleaned.get("opens_at"), cleaned.get("closes_at")
        if opens_at and closes_at and closes_at <= opens_at:
            self.add_error("closes_at", _("截止时间须晚于开始时间。"))
        limit = cleaned.get("question_workdays")
        if limit is not None and limit < 1:
            self.add_error("question_workdays", _("请填写不小于 1 的整数，或留空。"))
        year = cleaned.get("year")
        if year is not None and not 2024 <= year <= 2100:
            self.add_error("year", _("年度须在 2024 至 2100 之间。"))
        places, quota = cleaned.get("places"), self.schema.quota
        if places is not None and places < 0:
            self.add_error("places", _("名额不能为负。"))
        elif places is not None and quota is not None and places > quota.places:
            message = _("文件规定 %(places)s 个，本批不得超过。")
            self.add_error("places", message % {"places": quota.places})
        for name, setting in self.settings.items():
            value = stored_value(setting, cleaned.get(name))
            if value is None or name in self.errors:
                continue
            try:
                call_settings.clean(setting, value)
            except SettingWrong as wrong:
                self.add_error(name, setting_message(setting, wrong))
        return cleaned

    def draft_fields(self) -> dict[str, Any]:
        """What ``calls.draft`` and ``calls.update`` take."""
        chosen = {
            setting.code: call_settings.clean(setting, value)
            for name, setting in self.settings.items()
            if (value := stored_value(setting, self.cleaned_data[name])) is not None
        }
        own = {name: self.cleaned_data[name] for name in self.base_fields if name != "revision"}
        return own | {"settings": chosen}


def _needed_later(field: forms.Field) -> bool:
    return field.required and getattr(field, "needed_to_publish", False)


class CallChangeForm(forms.Form):
    """A later cut-off, more budget, or an early end; always with a reason."""

    reason = forms.CharField(
        label=_("理由"),
        help_text=_("随变更一并向申报单位公布。"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, call: Call, kind: str, **options):
        self.call, self.kind = call, kind
        super().__init__(*args, **options)
        if kind == CallChange.Field.CLOSES_AT:
            after: forms.Field | None = LocalDateTimeField(
                label=_("新的截止时间"), help_text=_("须晚于现截止时间。北京时间。")
            )
        elif kind == CallChange.Field.BUDGET:
            after = WanField(label=_("追加金额"), help_text=_("在现预算之上增加的数额。"))
        elif kind == CallChange.Field.PLACES:
            after = WholeField(
                label=_("增加个数"), help_text=_("在现名额之上增加的个数。"), max_length=6
            )
        elif kind in CallChange.TEXTS:
            known = CallForm.base_fields[kind]
            after = forms.CharField(
                label=known.label,
                help_text=_("在现文字上更正；申报条件和核算规则不能以更正改变。"),
                max_length=cast(Any, known).max_length,
                widget=known.widget,
                initial=getattr(call, kind),
            )
        else:
            after = None
        if after is not None:
            self.fields = {"after": after} | self.fields
        self.use_required_attribute = False
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def clean_after(self):
        after = self.cleaned_data["after"]
        if self.kind in CallChange.TEXTS:
            return after.replace("\r\n", "\n").strip()
        if self.kind == CallChange.Field.PLACES:
            if after <= 0:
                raise ValidationError(_("增加的个数须大于 0。"))
            return (self.call.places or 0) + after
        if self.kind == CallChange.Field.BUDGET:
            if after is not None and after <= 0:
                raise ValidationError(_("追加金额须大于 0。"))
            try:
                return cny((self.call.budget_cny or Decimal(0)) + after)
            except NotMoney:
                raise ValidationError(_("金额过大。")) from None
        if after <= self.call.closes_at:
            shown = f"{clock.local(self.call.closes_at):%Y-%m-%d %H:%M}"
            raise ValidationError(_("须晚于现截止时间 %(closes_at)s。") % {"closes_at": shown})
        return after
