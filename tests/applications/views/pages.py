"""How the tests open the applicant's pages."""

import re

from django.urls import reverse


def url(name, application, *args):
    return reverse(f"application_{name}", args=[application.uid, *args])


def page(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def queries_of(django_assert_max_num_queries, client, address, most=100):
    client.get(address)  # the session's own writes
    with django_assert_max_num_queries(most) as found:
        assert client.get(address).status_code == 200
    return len(found)


def form_of(content: str) -> dict:
    """What a browser would send back from the page's main form."""
    found = {"_seen": "", "_tab": "", "_back": ""}
    seen = re.search(r'name="_seen" value="([^"]*)"', content)
    if seen:
        found["_seen"] = seen[1].replace("&quot;", '"')
    found["_fields"] = re.findall(r'name="_fields" value="([^"]*)"', content)
    return found


FULL = {
    "title": "钟山示例概念验证中心", "staff": "26", "managers": "6", "funds_cny": "500",
    "has_fund": "false", "areas": ["bio", "ai"], "starts_on": "", "note": "", "fund_no": "",
}  # fmt: skip
