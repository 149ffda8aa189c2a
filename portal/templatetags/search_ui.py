"""The words that were looked for, marked in what was found."""

import re

from django import template
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def marked(text: str, words: list[str]) -> SafeString:
    """``{{ hit.title|marked:words }}``: each of the words in ``<mark>``, whatever its case."""
    if not words:
        return mark_safe(escape(text))
    parts = re.split(f"({'|'.join(map(re.escape, words))})", text, flags=re.IGNORECASE)
    pairs = [
        ("<mark>" if at % 2 else "", part, "</mark>" if at % 2 else "")
        for at, part in enumerate(parts)
        if part
    ]
    return format_html_join("", "{}{}{}", ((mark_safe(a), b, mark_safe(c)) for a, b, c in pairs))
