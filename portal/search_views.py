"""The search of the whole site: one box, the finds in groups, by what the reader may see."""

from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal import searching


@never_cache
@require_GET
def search(request):
    """``?q=``: what was typed, and nothing else, stands in the address."""
    text = request.GET.get("q", "").strip()[: searching.LONGEST]
    user = request.user if request.user.is_authenticated else None
    wanted = searching.words(text)
    groups = searching.groups(user, text)
    context = {
        "q": text,
        "is_search": True,  # one box is enough
        "groups": groups,
        "words": [word for word in wanted if len(word) > 1],
        "is_short": bool(wanted) and all(len(word) < 2 for word in wanted),
    }
    return render(request, "search/results.html", context)
