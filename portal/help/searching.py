"""Topics of 使用帮助, for the portal's search (portal.searching)."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.help.topics import search
from portal.searching import SHOWN, Group, Hit


def help_topics(_user, words, _text) -> Group:
    """Topics that have every word, in the reader's language. No query."""
    found = search(" ".join(words))
    hits = [
        Hit(reverse("help_topic", args=[topic.code]), str(topic.title), "", str(topic.lead))
        for topic in found[: SHOWN + 1]
    ]
    return Group(_("使用帮助"), hits, reverse("help_index"))
