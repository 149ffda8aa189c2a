"""The field of each setting of a call; what is checked of it is ``call_settings``'."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.html import escape, format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from policy import call_settings
from policy.call_settings import SettingWrong
from policy.forms.fields import (
    DecimalTextField,
    InstalmentsField,
    LocalDateField,
    OrganisationsField,
    PercentField,
    TiersField,
    WanField,
    WholeField,
    mark,
)
from policy.schema import CallSetting
from portal.templatetags.portal_ui import with_unit


def field_name(code: str) -> str:
    """The form's name of a setting: ``joint_review.silence`` → ``setting__joint_review__silence``."""
    return f"setting__{code.replace('.', '__')}"


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
        example = gettext("例如：90 100 一档。")
        options["help_text"] = format_html("{} {}", options["help_text"], example)
        return TiersField(**options)
    if setting.type == "organisations":
        return OrganisationsField(**options)
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
            bound = with_unit(Decimal(str(bound)))
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
