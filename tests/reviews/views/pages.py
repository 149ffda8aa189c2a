"""How the tests read the pages of the units and post to them."""

from django.urls import reverse


def get(client, user, route, *args, query: str = "", language: str = "zh-hans"):
    client.logout()
    client.force_login(user)
    client.cookies["language"] = language
    return client.get(reverse(route, args=args) + query)


def post(client, user, route, *args, query: str = "", htmx: bool = False, **data):
    client.logout()
    if user is not None:
        client.force_login(user)
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(reverse(route, args=args) + query, data, headers=headers)


def told(page) -> str:
    """The error summary's and notices' words."""
    return page.content.decode()
