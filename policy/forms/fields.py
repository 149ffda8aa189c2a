"""Fields that read what a person types: 万元 come out in 元, percent as a fraction, ``5:3:2`` as parts."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc

from policy import call_settings
from policy.money import NotMoney, from_wan, show_wan

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


# ``90，50，一档``: commas between plain numbers, and a name that cannot be the rest of an amount.
_TIER_BY_COMMAS = re.compile(r"([\d.]+)\s*[,，、;；]\s*([\d.]+)(?:\s*[,，、;；]\s*([^\d\s].*))?")


def _tier_parts(line: str) -> list[str]:
    """Score, amount and name, which stand between spaces or between commas."""
    if by_commas := _TIER_BY_COMMAS.fullmatch(line.strip()):
        return [part or "" for part in by_commas.groups()]
    return line.split(maxsplit=2)


class TiersField(forms.CharField):
    """A tier a line: ``90 100 一档`` or ``90，100，一档`` (lowest score, 万元, name); cleans to
    rows or None."""

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
            parts = _tier_parts(line)
            try:
                score, amount = plain_number(parts[0]), from_wan(plain_number(parts[1]))
            except (IndexError, InvalidOperation, NotMoney):
                message = self.error_messages["form"]
                raise ValidationError(message, code="form", params={"line": number}) from None
            label = parts[2].strip() if len(parts) > 2 else ""
            rows.append({"label": label, "from": str(score), "amount_cny": str(amount)})
        return rows or None


class OrganisationsField(forms.CharField):
    """An organisation a line: ``91320100MA1W000030 名称``; cleans to rows or None."""

    widget = forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"})
    default_error_messages = {
        "form": _("第 %(line)s 行应为“统一社会信用代码 单位名称”。"),
        "code": _("第 %(line)s 行的统一社会信用代码 %(code)s 有误，请核对。"),
        "twice": _("第 %(line)s 行的统一社会信用代码 %(code)s 重复。"),
    }

    def prepare_value(self, value):
        if isinstance(value, list):
            return "\n".join(f"{row['uscc']} {row['name']}" for row in value)
        return value

    def clean(self, value):
        rows: dict[str, str] = {}
        for number, line in enumerate(super().clean(value).splitlines(), start=1):
            parts = re.split(r"[\s,，、\t]+", line.strip(), maxsplit=1)
            if not parts[0]:
                continue
            code = uscc.compact(unicodedata.normalize("NFKC", parts[0]))
            if len(parts) < 2:
                raise self._wrong("form", number)
            if not uscc.is_valid(code):
                raise self._wrong("code", number, code)
            if code in rows:
                raise self._wrong("twice", number, code)
            rows[code] = parts[1].strip()
        return [{"uscc": code, "name": name} for code, name in rows.items()] or None

    def _wrong(self, kind: str, line: int, code: str = "") -> ValidationError:
        params = {"line": line, "code": code[:40]}
        return ValidationError(self.error_messages[kind], code=kind, params=params)


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


def mark(field: forms.Field, **marks: Any) -> None:
    """What the templates read of a field beside Django's own: ``unit``, ``needed_to_publish``."""
    for name, value in marks.items():
        setattr(field, name, value)
