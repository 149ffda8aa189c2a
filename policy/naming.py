"""Names for choices that a definition holds by code alone: units and lines.

A unit that is renamed, or a measure, must not be a change of 32 definitions.
"""

from dataclasses import replace

from policy.models import Measure
from policy.schema import CallSetting, Choice, DefinitionSchema
from policy.text import Text
from portal.accounts.models import Unit

_NUMERALS = "〇一二三四五六七八九"


def numeral(no: int) -> str:
    """A number below 100 as the document writes it: 10 → 十, 22 → 二十二."""
    tens, units = divmod(no, 10)
    head = ("" if tens == 1 else _NUMERALS[tens]) + "十" if tens else ""
    return head + (_NUMERALS[units] if units or not tens else "")


def with_names(schema: DefinitionSchema) -> DefinitionSchema:
    """The definition with its units and lines named: at most two queries."""
    names: dict[str, dict[str, Text]] = {}
    for setting in schema.settings:
        codes = [choice.code for choice in setting.choices]
        if setting.code == "handling_unit":
            names[setting.code] = {
                unit.code: Text(unit.name_zh, unit.name_en)
                for unit in Unit.objects.filter(code__in=codes)
            }
        elif setting.code == "group_lines":
            names[setting.code] = {
                measure.line: Text(
                    f"{measure.line} {measure.name_zh}", f"{measure.line} {measure.name_en}"
                )
                for measure in Measure.objects.filter(line__in=codes)
            }
    if not names:
        return schema
    settings = tuple(_named(item, names.get(item.code, {})) for item in schema.settings)
    return replace(schema, settings=settings)


def _named(setting: CallSetting, names: dict[str, Text]) -> CallSetting:
    if not names:
        return setting
    choices = tuple(
        Choice(choice.code, names.get(choice.code, choice.label)) for choice in setting.choices
    )
    return replace(setting, choices=choices)
