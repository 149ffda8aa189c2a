"""The link from a page to the topic of 使用帮助 that explains it. ``{% load help_ui %}``."""

from django import template

from portal.help.pages import topic_of
from portal.help.topics import topics

register = template.Library()


@register.inclusion_tag("components/help_link.html", takes_context=True)
def help_link(context, code: str = "") -> dict:
    """``{% help_link %}``: a link to the page's topic by the table ``portal.help.pages``; nothing
    where none explains it. ``code`` names the topic where one route shows several kinds of page.
    """
    match = getattr(context.get("request"), "resolver_match", None)
    code = code or (topic_of(match.url_name or "") if match else "")
    return {"topic": topics().get(code)}
