"""Columns of django_tables2 as the house writes them: money, days, the title of a card."""

import django_tables2 as tables
from django.utils.html import format_html

from portal import clock, money


def _with_class(attrs: dict | None, name: str, *cells: str) -> dict:
    attrs = {key: dict(value) for key, value in (attrs or {}).items()}
    for cell in cells:
        attrs.setdefault(cell, {})
        attrs[cell]["class"] = " ".join(filter(None, [attrs[cell].get("class"), name]))
    return attrs


class TitleColumn(tables.Column):
    """What names the row: the head of its card on a phone."""

    def __init__(self, *args, attrs=None, **kwargs):
        super().__init__(*args, attrs=_with_class(attrs, "cell-title", "td"), **kwargs)


class NumberColumn(tables.Column):
    """A whole number, set right."""

    def __init__(self, *args, attrs=None, **kwargs):
        super().__init__(*args, attrs=_with_class(attrs, "number", "td", "th", "tf"), **kwargs)

    def render(self, value):
        return f"{value:,}"


class MoneyColumn(NumberColumn):
    """An amount in 元, set right: in 万元 (the head of the table says so) or, ``unit="yuan"``, in
    元; ``total=True`` sums the rows shown into the footer."""

    def __init__(self, *args, unit: str = "wan", total: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self._show = money.show_wan if unit == "wan" else lambda cny: f"{cny:,.2f}"
        if total:
            self._footer = self._total

    def render(self, value):
        return self._show(value)

    def _total(self, column, table):
        return self._show(
            sum(value for row in table.rows if (value := column.accessor.resolve(row.record)))
        )


class MomentColumn(tables.Column):
    """A moment to the minute in Asia/Shanghai."""

    def render(self, value):
        local = clock.local(value)
        return format_html('<time datetime="{}">{:%Y-%m-%d %H:%M}</time>', local.isoformat(), local)
