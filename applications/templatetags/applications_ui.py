"""Words of cases for templates."""

from decimal import Decimal

from django import template

from policy.money import show_cny

register = template.Library()


@register.filter
def step_value(step) -> str:
    """The figure of a computation's step: an amount, a rate, a number; — while it is open."""
    if step.value is None:
        return "—"
    if step.unit == "rate":
        return f"{(Decimal(step.value) * 100).normalize():f}%"
    if step.unit == "cny":
        return show_cny(Decimal(step.value))
    return step.value
