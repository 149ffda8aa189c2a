"""Widgets that cost less to draw than Django's own."""

from collections.abc import Iterable
from html import escape

from django import forms
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe


class PlainText(forms.TextInput):
    """A line of text as one piece of markup: Django draws three templates for it."""

    def render(self, name, value, attrs=None, renderer=None):
        told = self.format_value(value)
        return format_html(
            '<input type="{}" name="{}"{}{}>',
            self.input_type,
            name,
            "" if told is None else format_html(' value="{}"', told),
            flatatt(self.build_attrs(self.attrs, attrs)),
        )


class PlainDate(PlainText):
    """A day, as the browser lets it be chosen; ISO as it goes over the wire."""

    input_type = "date"


class PlainSelect(forms.Select):
    """A select of many options as one piece of markup: Django draws a template for each option."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = set(self.format_value(value))
        return format_html(
            '<select name="{}"{}>{}</select>',
            name,
            flatatt(self.build_attrs(self.attrs, attrs)),
            _options(self.choices, chosen),
        )


def _options(choices: Iterable, chosen: set[str]) -> SafeString:
    """``chosen`` loses what was found: the first option of a value is the chosen one."""
    drawn = []
    for value, label in choices:
        if isinstance(label, list | tuple):
            inner = _options(label, chosen)
            drawn.append(f'<optgroup label="{conditional_escape(value)}">{inner}</optgroup>')
            continue
        text = "" if value is None else str(value)
        mark = " selected" if text in chosen else ""
        chosen.discard(text)
        drawn.append(f'<option value="{escape(text)}"{mark}>{_plain(label)}</option>')
    return mark_safe("".join(drawn))


def _plain(label) -> str:
    """As conditional_escape, which asks a text four questions before it escapes it."""
    return escape(label) if type(label) is str else conditional_escape(label)
