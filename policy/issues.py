"""Issues: what is wrong with a value, as a code with facts; the text is made when it is shown."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

MESSAGES = {
    "unknown": _("没有“%(field)s”这一项"),
    "required": _("请填写此项"),
    "not_text": _("应填写文字"),
    "too_long": _("最多 %(max)s 字，已填 %(length)s 字"),
    "not_a_number": _("“%(value)s”不是数字"),
    "not_whole": _("“%(value)s”不是整数"),
    "wrong_unit": _("“%(value)s”带有单位：此项只填数字，单位为%(unit)s"),
    "negative": _("不能为负数（%(value)s）"),
    "too_fine": _("最多 %(decimals)s 位小数（%(value)s）"),
    "too_large": _("数额过大（%(value)s），上限为 %(max)s"),
    "below_min": _("%(value)s 小于下限 %(min)s"),
    "above_max": _("%(value)s 大于上限 %(max)s"),
    "not_a_choice": _("“%(value)s”不在可选范围内"),
    "chosen_twice": _("“%(value)s”重复选择"),
    "too_many": _("最多选 %(max)s 项，已选 %(count)s 项"),
    "not_a_date": _("“%(value)s”不是日期，应为 2026-11-21 的形式"),
    "not_a_month": _("“%(value)s”不是年月，应为 2026-11 的形式"),
    "outside_window": _("“%(value)s”不在规定期限内（%(start)s 至 %(end)s）"),
    "setting": _("设置有误：%(reason)s"),
    "not_with_call": _("指定申报通知时不能另设“%(field)s”"),
    "not_a_bool": _("应选择“是”或“否”"),
    "not_a_uscc": _("“%(value)s”不是有效的统一社会信用代码（18 位，含校验码）"),
    "not_an_id_number": _("不是有效的居民身份证号码（18 位，含校验码）"),
    "not_a_phone": _("“%(value)s”不是有效的手机号码（11 位）"),
    "not_an_email": _("“%(value)s”不是有效的电子邮箱"),
    "not_a_url": _("“%(value)s”不是有效的网址，应以 https:// 或 http:// 开头"),
    "pattern": _("“%(value)s”不符合要求：%(hint)s"),
    "not_a_list": _("应为多行明细"),
    "too_many_rows": _("最多 %(max)s 行，现有 %(count)s 行"),
    "too_few_rows": _("至少 %(min)s 行，现有 %(count)s 行"),
    "gross_mismatch": _("价税合计 %(gross)s 不等于不含税额与税额之和 %(sum)s"),
    "above_gross": _("核定额 %(value)s 大于价税合计 %(gross)s"),
}


@dataclass(frozen=True)
class Issue:
    """What is wrong with ``field``; in rows, ``row`` counts from 1."""

    field: str
    code: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    row: int | None = None

    def __str__(self):
        return str(MESSAGES[self.code] % {"field": self.field, **self.facts})

    @property
    def place(self) -> str:
        """``items[3].net_cny``, or the field alone."""
        return self.field if self.row is None else f"items[{self.row}].{self.field}"
