"""Forms built at run time from a definition: a Django form with its crispy layout per section.

A form shows what is stored, problems beside the fields, and reads what was typed; it does not
decide what is wrong (``applications.checks`` does, on what is stored).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field as Placed
from crispy_forms.layout import Layout
from django import forms
from django.forms.utils import ErrorDict, ErrorList
from django.utils.datastructures import MultiValueDict
from django.utils.html import conditional_escape
from django.utils.translation import gettext as _

from applications import prefilling
from applications.checks import Problem
from applications.content import Content, profile_date
from applications.entries import enter, told, typed
from policy.conditions import condition_words
from policy.schema import Condition, Field, Form, Section

# Up to this many choices stand open as radio buttons.
RADIO_CHOICES = 5
_INPUT_TYPES = {"email": "email", "url": "url", "phone": "tel"}


class SectionForm(forms.Form):
    """The fields of a section that are asked (what is known stands above as text, see ``known``).

    ``shown`` are stored answers by code; ``problems`` stand beside their fields;
    ``is_open(code)`` says which fields may be written, ``source`` where an answer comes from.
    """

    def __init__(
        self,
        section: Section,
        *,
        shown: Mapping[str, Any],
        problems: Iterable[Problem] = (),
        is_open: Callable[[str], bool] = lambda code: True,
        values: Mapping[str, Any] | None = None,
        source: Callable[[Field], str] = lambda item: "",
        form: Form | None = None,
    ):
        self.section = section
        self.shown = dict(shown)
        self._problems = list(problems)
        data = _as_data(section, shown)
        # A locked field shows what is stored too: Django takes a disabled field's value from here.
        initial = {
            item.code: data.getlist(item.code) if item.type == "multichoice" else data[item.code]
            for item in section.fields
            if item.type == "multichoice" or item.code in data
        }
        super().__init__(data=data, initial=initial, auto_id="id_%s")
        asked = [item for item in section.fields if not item.readonly]
        for item in asked:
            self.fields[item.code] = form_field(
                item,
                shown.get(item.code),
                editable=is_open(item.code),
                required=item.required or _holds(item.required_if, values or shown),
                note=source(item),
                when=when_required(item, form),
            )
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(*(Placed(item.code) for item in asked))

    def full_clean(self):
        """Errors come from ``checks``, on what is stored."""
        self._errors = ErrorDict()
        self.cleaned_data = {}
        for problem in self._problems:
            name = problem.field if problem.field in self.fields else forms.forms.NON_FIELD_ERRORS
            text = problem.text if name == problem.field else problem.message
            self._errors.setdefault(name, ErrorList()).append(str(text))


def _holds(condition: Condition | None, values: Mapping[str, Any]) -> bool:
    return bool(condition and condition.holds(values))


def _as_data(section: Section, shown: Mapping[str, Any]) -> MultiValueDict:
    data: MultiValueDict = MultiValueDict()
    for item in section.fields:
        value = typed(item, shown.get(item.code))
        data.setlist(item.code, value if isinstance(value, list) else [value])
    return data


def section_form(
    content: Content,
    section: Section,
    *,
    problems: Iterable[Problem] = (),
    is_open: Callable[[str], bool] = lambda code: True,
    mine: Mapping[str, Any] | None = None,
) -> SectionForm:
    """The form of a section of a case; ``mine`` are answers typed but not stored (a conflict)."""
    return SectionForm(
        section,
        shown=content.section_values(section) | dict(mine or {}),
        problems=problems,
        is_open=is_open,
        values=content.values,
        source=lambda item: _source(content, section, item),
        form=content.schema.form,
    )


def read_post(section: Section, post, *, is_open: Callable[[str], bool]) -> dict[str, Any]:
    """The stored form of every open field that the request carries.

    A browser sends nothing for unticked boxes: a page names the fields it shows in ``_fields``, which no code of a field can be.
    """
    named = set(post.getlist("_fields")) | set(post)
    found = {}
    for item in section.fields:
        if item.readonly or item.code not in named or not is_open(item.code):
            continue
        given = post.getlist(item.code) if item.type == "multichoice" else post.get(item.code)
        found[item.code] = enter(item, given)
    return found


# --- fields -------------------------------------------------------------------------


def form_field(
    item: Field, stored: Any, *, editable: bool, required: bool, note: str = "", when: str = ""
) -> forms.Field:
    """A form field for a field of the definition. ``required`` is a mark; checks decide.
    ``when`` says in words what makes it required."""
    widget = _widget(item, stored)
    help_text = f"{when}{item.help or _bounds(item)}"
    field = _field_class(item)(
        label=str(item.label),
        required=required,
        help_text=conditional_escape(help_text),
        widget=widget,
    )
    if when and not required:
        field.mark = _("（视情况必填）")
    widget.attrs.pop("required", None)
    field.widget.use_required_attribute = lambda initial: False
    if isinstance(field, forms.ChoiceField | forms.MultipleChoiceField):
        field.choices = _choices(item, widget)
    field.disabled = not editable
    if item.is_numeric:
        field.unit = str(item.unit or "")
    if item.type in {"money", "money_wan"}:
        field.money_unit = "wan" if item.type == "money_wan" else "yuan"
    field.note = note
    return field


def when_required(item: Field, form: Form | None) -> str:
    """``“建设类型”选“联建”的必填。``: what makes a field required, in the form's own words."""
    words = condition_words(item.required_if, form)
    return _("%(condition)s的必填。") % {"condition": words} if words else ""


@dataclass(frozen=True)
class Known:
    """A field that nobody fills in: what it says, and what is wrong with it."""

    code: str
    label: str
    told: str
    problem: str


def known(content: Content, section: Section, problems: Iterable[Problem] = ()) -> list[Known]:
    """The section's readonly fields: from the profile, or computed."""
    values = content.section_values(section)
    wrong = {problem.field: str(problem.text) for problem in problems}
    return [
        Known(
            item.code, str(item.label), told(item, values.get(item.code)), wrong.get(item.code, "")
        )
        for item in section.fields
        if item.readonly
    ]


def _source(content: Content, section: Section, item: Field) -> str:
    """Where an answer comes from that nobody wrote here: the profile, or 政策测算."""
    answer = content.answers.get(section.code)
    if item.prefill and not (answer and item.code in answer.touched):
        return source_of(content)
    return prefilling.told_source(content, section, item.code)


def source_of(content: Content) -> str:
    """``来自单位信息库，2026-11-03 更新``."""
    day = profile_date(content.application.organisation)
    return _("来自单位信息库，%(day)s 更新") % {"day": day}


def _field_class(item: Field):
    if item.type == "multichoice":
        return forms.MultipleChoiceField
    if item.type in {"choice", "bool"}:
        return forms.ChoiceField
    return forms.CharField


def _choices(item: Field, widget) -> list[tuple[str, str]]:
    if item.type == "bool":
        return [("true", _("是")), ("false", _("否"))]
    found = [(choice.code, str(choice.label)) for choice in item.choices]
    if isinstance(widget, forms.Select) and not isinstance(widget, forms.RadioSelect):
        found.insert(0, ("", _("请选择")))
    return found


def _widget(item: Field, stored: Any) -> forms.Widget:
    if item.type == "multichoice":
        return forms.CheckboxSelectMultiple()
    if item.type == "bool":
        return forms.RadioSelect()
    if item.type == "choice":
        few = len(item.choices) <= RADIO_CHOICES
        return forms.RadioSelect() if few else forms.Select()
    attrs: dict[str, Any] = {"autocomplete": "off"}
    if item.type == "textarea":
        return forms.Textarea(attrs=attrs | {"rows": 6, "maxlength": str(item.max_length or 5000)})
    if item.is_numeric:
        mode = "numeric" if item.type == "integer" else "decimal"
        attrs |= {"inputmode": mode, "class": "input-number"}
    elif item.type in {"date", "month"}:
        # What is not a date stays visible as the text it is.
        fits = stored in (None, "") or (enter(item, stored) == stored and _is_date(item, stored))
        attrs |= {"type": item.type if fits else "text", "class": "input-date"}
        attrs["placeholder"] = "2026-11-21" if item.type == "date" else "2026-11"
    elif item.type in {"uscc", "id_number"}:
        attrs |= {"maxlength": "18", "class": "input-code", "spellcheck": "false"}
    elif item.type in _INPUT_TYPES:
        attrs |= {"type": _INPUT_TYPES[item.type]}
    elif item.max_length:
        attrs["maxlength"] = str(item.max_length)
    return forms.TextInput(attrs=attrs)


def _is_date(item: Field, stored: Any) -> bool:
    length = 10 if item.type == "date" else 7
    return isinstance(stored, str) and len(stored) == length and stored[4] == "-"


def _only_above_nothing(item: Field) -> bool:
    """An amount of at least one 分: the bound need not be told."""
    return item.type in {"money", "money_wan"} and item.min == Decimal("0.01")


def _bounds(item: Field) -> str:
    """The bounds in words, where the definition gives no help of its own."""

    def shown(bound: Decimal) -> str:
        return told(item, f"{bound:f}")

    if item.max_selected is not None:
        return _("最多选 %(max)s 项") % {"max": item.max_selected}
    if item.pattern_hint is not None:
        return str(item.pattern_hint)
    if item.type in {"text", "textarea"} and item.max_length:
        return _("不超过 %(max)s 字") % {"max": item.max_length}
    if item.min is not None and item.max is not None and not _only_above_nothing(item):
        return _("%(min)s 至 %(max)s") % {"min": shown(item.min), "max": shown(item.max)}
    if item.min is not None and item.max is not None:
        return _("不超过 %(max)s") % {"max": shown(item.max)}
    return ""
