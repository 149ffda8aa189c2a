"""使用帮助 and the map of the site: open to everybody."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.context import menu_roles
from portal.help import topics as help_topics


@require_GET
def index(request):
    """The topics, the reader's own roles first; with ``q`` those that have the words."""
    every = help_topics.topics()
    roles = menu_roles(request)
    words = request.GET.get("q", "").strip()[:100]
    by_role = [every[code] for code in help_topics.ROLES]
    context = {
        "own": [topic for topic in by_role if topic.is_for(roles)],
        "others": [topic for topic in by_role if not topic.is_for(roles)],
        "tasks": [every[code] for code in help_topics.TASKS],
        "site_topics": [every[code] for code in help_topics.SITE],
        "words": words,
        "found": help_topics.search(words),
    }
    return render(request, "help/index.html", context)


@require_GET
def topic(request, code: str):
    every = help_topics.topics()
    found = every.get(code)
    if found is None:
        raise Http404(code)
    context = {"topic": found, "see": [every[other] for other in found.see]}
    return render(request, "help/topic.html", context)


@require_GET
def site_map(request):
    """Every page that the reader's menu leads to, the public ones and all of the help."""
    every = help_topics.topics()
    return render(request, "help/site_map.html", {"topics": every.values()})
