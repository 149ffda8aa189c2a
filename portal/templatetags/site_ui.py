"""What every page draws again: drawn once, or in one piece. ``{% load site_ui %}``."""

from collections.abc import Iterable
from html import escape

from django import template
from django.template.base import Node, NodeList
from django.template.loader_tags import BlockNode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.menus import Link, Place
from portal.templatetags.portal_ui import icon

register = template.Library()

# A place that is drawn in more ways than this is not fixed.
MOST_WAYS = 64


class Fixed(Node):
    def __init__(self, names: list[str], nodelist: NodeList) -> None:
        self.names = names
        self.nodelist = nodelist
        self._drawn: dict[tuple, SafeString] = {}

    def render(self, context) -> SafeString:
        language = get_language()
        values = tuple(context.get(name) for name in self.names)
        found = self._drawn.get((language, values))
        if found is None:
            known = dict(zip(self.names, values, strict=True)) | {"LANGUAGE_CODE": language}
            found = self.nodelist.render(context.new(known))
            if len(self._drawn) < MOST_WAYS:
                self._drawn[(language, values)] = found
        return found


@register.tag
def fixed(parser, token) -> Fixed:
    """``{% fixed service_phone demo %}…{% endfixed %}``: drawn once in the life of a process, for
    each language and each value of the variables that are named.

    Inside, nothing else is known, so what depends on the reader cannot be kept for another.
    """
    names = token.split_contents()[1:]
    nodelist = parser.parse(("endfixed",))
    parser.delete_first_token()
    if nodelist.get_nodes_by_type(BlockNode):
        raise template.TemplateSyntaxError("a block inside fixed would be kept for every page")
    return Fixed(names, nodelist)


# --- the menu ------------------------------------------------------------------------


@register.simple_tag
def site_menu(places: Iterable[Place]) -> SafeString:
    """``{% site_menu menu %}``: the places of ``portal.menus``, as items of a list."""
    return mark_safe("".join(_place(place) for place in places))


def _place(place: Place) -> str:
    if place.link:
        return _link(place.link)
    here = f'<span class="visually-hidden">{escape(_("（当前所在）"))}</span>'
    links = "".join(map(_link, place.links))
    return (
        f'<li><details class="menu-group" data-panel{" data-current" if place.current else ""}>'
        f"<summary>{escape(str(place.label))}{_count(place.count)}{icon('chevron-down')}"
        f"{here if place.current else ''}</summary>\n"
        f'            <ul class="menu-panel">{links}</ul></details></li>'
    )


def _link(link: Link) -> str:
    current = ' aria-current="page"' if link.current else ""
    label = escape(str(link.label))
    return f'<li><a href="{escape(link.url)}"{current}>{label}{_count(link.count)}</a></li>'


def _count(count: int) -> str:
    return f'<span class="count">{count}</span>' if count else ""
