"""Forms of the policy administrators: a call built from its measure's settings, acts, calendar.

Amounts are entered in 万元 and come out in 元; a rate is entered in percent and comes out as a
fraction; instalments are entered as ``5:3:2``. What is checked of a setting is ``call_settings``'.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import escape
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from policy import call_settings
from policy.call_settings import SettingWrong
from policy.calls import CallRefused
from policy.models import CalendarDay, Call, CallChange
from policy.money import NotMoney, cny, from_wan, show_wan
from policy.schema import CallSetting, DefinitionSchema
from portal import clock

MAX_INSTALMENT_PARTS = call_settings.MAX_INSTALMENTS


def plain_number(text: str) -> Decimal:
    """What a person types: full-width digits, commas and spaces are read; else InvalidOperation."""
    text = text.translate(str.maketrans("０１２３４５６７８９．，％", "0123456789.,%"))
    text = re.sub(r"[,\s]", "", text)
    if not re.fullmatch(r"-?\d{1,16}(\.\d{1,12})?", text):
        raise InvalidOperation
    return Decimal(text)


class NumberField(forms.CharField):
    """A number as text, so that what was typed comes back as it was typed."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "input-number"})
    default_error_messages = {"number": _("请填写数字。")}

    def number(self, value: str) -> Decimal:
        try:
            return plain_number(value)
        except InvalidOperation:
            raise ValidationError(self.error_messages["number"], code="number") from None


class WanField(NumberField):
    """An amount entered in 万元; cleans to 元 (Decimal) or None."""

    unit = _("万元")
    money_unit = "wan"
    default_error_messages = {
        "negative": _("金额不能为负。"),
        "too_fine": _("金额精确到分，万元最多六位小数。"),
        "too_large": _("金额过大。"),
    }

    def prepare_value(self, value):
        return show_wan(value) if isinstance(value, Decimal) else value

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            return from_wan(self.number(text))
        except NotMoney as wrong:
            raise ValidationError(
                self.error_messages.get(wrong.reason, self.error_messages["number"]),
                code=wrong.reason,
            ) from None


class PercentField(NumberField):
    """A fraction entered in percent; cleans to a fraction (Decimal) or None."""

    unit = "%"

    def prepare_value(self, value):
        if isinstance(value, Decimal):
            return f"{(value * 100).normalize():f}"
        return value

    def clean(self, value):
        text = super().clean(str(value).rstrip("%％ ") if value else value)
        return self.number(text) / 100 if text else None


class InstalmentsField(forms.CharField):
    """``5:3:2`` or ``50：30：20``; cleans to whole percents or None."""

    widget = forms.TextInput(attrs={"class": "input-number", "autocomplete": "off"})
    default_error_messages = {
        "form": _("请以冒号分隔各期比例，例如 5:3:2；一次拨付填 1。"),
        "whole": _("各期比例须为整数百分比，例如 5:3:2 或 55:45。"),
    }

    def prepare_value(self, value):
        if isinstance(value, list | tuple):
            return call_settings.ratio(list(value)) if len(value) > 1 else "1"
        return value

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        parts = re.split(r"\s*[:：]\s*", text.strip())
        if len(parts) > MAX_INSTALMENT_PARTS or not all(
            re.fullmatch(r"[1-9]\d{0,2}", part) for part in parts
        ):
            raise ValidationError(self.error_messages["form"], code="form")
        numbers = [int(part) for part in parts]
        whole = sum(numbers)
        if any(number * 100 % whole for number in numbers):
            raise ValidationError(self.error_messages["whole"], code="whole")
        return [number * 100 // whole for number in numbers]


class TiersField(forms.CharField):
    """A tier a line: ``90 100 一档`` (lowest score, 万元, name); cleans to rows or None."""

    widget = forms.Textarea(attrs={"rows": 5, "autocomplete": "off"})
    default_error_messages = {
        "form": _("第 %(line)s 行应为“起始分 金额（万元） 档次名称”，例如：90 100 一档。"),
    }

    def prepare_value(self, value):
        if isinstance(value, list):
            return "\n".join(
                f"{row['from']} {show_wan(Decimal(row['amount_cny']))} {row['label']}".rstrip()
                for row in value
            )
        return value

    def clean(self, value):
        text = super().clean(value)
        rows = []
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            parts = line.split(maxsplit=2)
            try:
                score, amount = plain_number(parts[0]), from_wan(plain_number(parts[1]))
            except (IndexError, InvalidOperation, NotMoney):
                message = self.error_messages["form"]
                raise ValidationError(message, code="form", params={"line": number}) from None
            label = parts[2].strip() if len(parts) > 2 else ""
            rows.append({"label": label, "from": str(score), "amount_cny": str(amount)})
        return rows or None


class WholeField(NumberField):
    default_error_messages = {"whole": _("请填写整数。")}

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        number = self.number(text)
        if number != number.to_integral_value():
            raise ValidationError(self.error_messages["whole"], code="whole")
        return int(number)


class DecimalTextField(NumberField):
    def clean(self, value):
        text = super().clean(value)
        return str(self.number(text)) if text else None


class LocalDateTimeField(forms.DateTimeField):
    """A moment in Asia/Shanghai, to the minute."""

    widget = forms.DateTimeInput(
        attrs={"type": "datetime-local", "class": "input-moment"}, format="%Y-%m-%dT%H:%M"
    )

    def __init__(self, **options):
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], **options)


class LocalDateField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date", "class": "input-date"}, format="%Y-%m-%d")


# --- settings ----------------------------------------------------------------------


def field_name(code: str) -> str:
    """The form's name of a setting: ``joint_review.silence`` → ``setting__joint_review__silence``."""
    return f"setting__{code.replace('.', '__')}"


def mark(field: forms.Field, **marks: Any) -> None:
    """What the templates read of a field beside Django's own: ``unit``, ``needed_to_publish``."""
    for name, value in marks.items():
        setattr(field, name, value)


def setting_field(setting: CallSetting) -> forms.Field:
    """The typed field of a setting, with its label, help and unit."""
    options: dict[str, Any] = {"label": str(setting.label), "help_text": escape(setting.help)}
    field = _setting_field(setting, options)
    if setting.unit is not None and setting.type != "money":
        mark(field, unit=str(setting.unit))
    elif setting.type == "workdays":
        mark(field, unit=_("个工作日"))
    mark(field, needed_to_publish=setting.required)
    field.required = setting.required
    return field


def _setting_field(setting: CallSetting, options: dict[str, Any]) -> forms.Field:
    choices = [(choice.code, str(choice.label)) for choice in setting.choices]
    if setting.type == "rate":
        return PercentField(**options)
    if setting.type == "money":
        return WanField(**options)
    if setting.type in {"integer", "workdays"}:
        return WholeField(**options)
    if setting.type == "decimal":
        return DecimalTextField(**options)
    if setting.type == "date":
        return LocalDateField(**options)
    if setting.type == "bool":
        return forms.ChoiceField(
            choices=[("yes", _("是")), ("no", _("否"))], widget=forms.RadioSelect, **options
        )
    if setting.type == "multichoice":
        return forms.MultipleChoiceField(
            choices=choices, widget=forms.CheckboxSelectMultiple, **options
        )
    if setting.type == "choice":
        blank = [] if setting.default is not None else [("", "—")]
        return forms.ChoiceField(choices=[*blank, *choices], **options)
    if setting.type == "tiers":
        return TiersField(**options)
    return InstalmentsField(**options)


def shown_value(setting: CallSetting, value: Any) -> Any:
    """A stored value as the field's initial."""
    if value is None:
        return None
    if setting.type in {"rate", "money"}:
        return Decimal(str(value))
    if setting.type == "bool":
        return "yes" if value else "no"
    if setting.type == "date":
        return date.fromisoformat(value)
    return value


def stored_value(setting: CallSetting, cleaned: Any) -> Any:
    """What a field cleaned, as it is stored; None where nothing was typed or chosen."""
    if cleaned is None or cleaned == "":
        return None
    if setting.type in {"rate", "money"}:
        return str(cleaned)
    if setting.type == "bool":
        return cleaned == "yes"
    if setting.type == "date":
        return cleaned.isoformat()
    if setting.type == "multichoice" and not cleaned and setting.default is None:
        return None
    return cleaned


def setting_message(setting: CallSetting, wrong: SettingWrong) -> str:
    """Why a value is refused, in the reader's language."""
    bound = wrong.facts.get("bound")
    if bound is not None:
        if setting.type == "rate":
            bound = call_settings.show_percent(Decimal(str(bound)))
        elif setting.type in {"money", "tiers"} and wrong.facts.get("what") != "score":
            bound = f"{show_wan(Decimal(str(bound)))} 万元"
    if wrong.reason == "too_small" and setting.type == "rate" and not setting.min:
        return gettext("比例须大于 0。")
    messages = {
        "missing": gettext("发布前须填写。"),
        "too_small": gettext("不得小于 %(bound)s。"),
        "too_large": gettext("不得大于 %(bound)s。"),
        "too_fine": gettext("小数位数过多。"),
        "sum": gettext("各期比例合计须为 100%%，现为 %(sum)s%%。"),
        "too_many": gettext("最多 %(bound)s 期。")
        if setting.type == "instalments"
        else gettext("须为 1 至 %(bound)s 项。"),
        "twice": gettext("起始分 %(value)s 重复。"),
        "falling": gettext("起始分 %(value)s 的档次金额高于更高的档次。"),
        "unknown_choice": gettext("没有这一选项。"),
    }
    message = messages.get(wrong.reason, gettext("填写有误。"))
    facts = {"bound": bound, "sum": wrong.facts.get("sum"), "value": wrong.facts.get("value")}
    return message % facts


# --- a call ------------------------------------------------------------------------


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


# --- acts on a published call ---------------------------------------------------------


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


class NoteForm(forms.Form):
    note = forms.CharField(label=_("意见"), required=False, max_length=500)


# --- messages ----------------------------------------------------------------------


def refusal_message(refused: CallRefused) -> str:
    """Why an act on a call was refused, in the reader's language."""
    facts = refused.facts
    messages = {
        "role": _("只有政策管理员可以办理。"),
        "second_person": _("须由起草人以外的另一位政策管理员办理。"),
        "not_callable": _("该措施尚无可申报的表单和流程，不能发布申报通知。"),
        "no_definition": _("该措施当日没有生效的规则版本。"),
        "definition_changed": _("规则版本已更新，请重新核对差异后再发布。"),
        "not_draft": _("该通知已不是草稿。"),
        "not_published": _("该通知未处于已发布状态。"),
        "window": _("截止时间须晚于开始时间。"),
        "budget_lower": _("预算只能追加，不能减少。"),
        "budget_unbounded": _("该通知未设预算，无须追加。"),
        "not_later": _("截止时间只能延后。"),
        "places_lower": _("名额只能增加，不能减少。"),
        "places_unbounded": _("该通知未限名额，无须增加。"),
        "text_missing": _("请填写更正后的文字。"),
        "text_same": _("文字没有变化。"),
        "no_reason": _("请填写理由。"),
        "open_change": _("同类变更正待签发，请先签发或撤回。"),
        "not_open_change": _("该变更已办结。"),
        "budget_negative": _("金额不能为负。"),
        "places_negative": _("名额不能为负。"),
        "question_workdays": _("答疑期限须为不小于 1 的工作日数。"),
        "settings": _("申报与核算规则尚未填妥。"),
    }
    if refused.reason == "past":
        shown = f"{clock.local(facts['closes_at']):%Y-%m-%d %H:%M}"
        return gettext("已过截止时间 %(closes_at)s。") % {"closes_at": shown}
    if refused.reason == "places_over_quota":
        return gettext("名额超过文件规定的 %(quota)s 个。") % {"quota": facts["quota"]}
    if refused.reason == "missing":
        names = [str(CallForm.base_fields[name].label) for name in facts["fields"]]
        return gettext("尚未填写：%(names)s。") % {"names": gettext("、").join(names)}
    return str(messages[refused.reason])


def unready_messages(found: list[CallRefused], *, schema: DefinitionSchema) -> list[str]:
    """What keeps a draft from being published, a sentence for each; settings by their names."""
    lines = []
    known = {setting.code: setting for setting in schema.settings}
    for fault in found:
        if fault.reason != "settings":
            lines.append(refusal_message(fault))
            continue
        for code, wrong in fault.facts["problems"].items():
            if code in known:
                said = setting_message(known[code], wrong)
                lines.append(f"{known[code].label}{gettext('：')}{said}")
            else:
                message = gettext("现行规则没有“%(code)s”这一设置，请重新保存草稿。")
                lines.append(message % {"code": code})
    return lines


# --- calendar ------------------------------------------------------------------------


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
