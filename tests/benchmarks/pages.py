"""Pages as the portal answers them in this process: middleware, view, template, database."""

import html.parser
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from django.urls import reverse

from applications.models import Application, Status
from awards.models import Award
from policy import workdays
from policy.models import Call
from portal import clock
from portal.accounts.loading import units_of
from portal.accounts.models import Role, User
from portal.paging import SIZE, _encode
from reviews import inbox
from tests.benchmarks.timing import Cost, cost

DOMAIN = "demo.example"
# An enterprise with a project, some of its facts told.
ANSWERED = (
    "organisation_kind=enterprise&matter=project&jointly_published=yes&national_task=yes"
    "&enterprise_input_cny=500&rd_input_cny=800"
)


class Refused(Exception):
    """A page that did not answer as it should: a benchmark of errors is worth nothing."""


def signed_in(user: User | None) -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    if user is not None:
        client.force_login(user, backend="portal.accounts.demonstration.Backend")
    return client


def account(local: str) -> User:
    return User.objects.get(email=f"{local}@{DOMAIN}")


@dataclass(frozen=True)
class Page:
    name: str
    user: User | None
    path: str

    def get(self, client: Client) -> int:
        answer = client.get(self.path)
        if answer.status_code != 200:
            raise Refused(f"{self.name}: {self.path} answers {answer.status_code}")
        return len(answer.content)

    def cost(self) -> Cost:
        client = signed_in(self.user)
        return cost(lambda: self.get(client))


# --- which pages -----------------------------------------------------------------------


def lead_clerk() -> User:
    """The clerk whose unit holds the most cases: the largest inbox."""
    clerks = User.objects.filter(
        memberships__role=Role.CLERK, memberships__ended_at=None, email__endswith=f"@{DOMAIN}"
    ).order_by("pk")
    return max(clerks, key=inbox.todo_count)


def last_page(found, keys: tuple[str, ...], size: int) -> str:
    """The query of the last page of a list, by the key of the row before it."""
    count = found.count()
    if count <= size:
        return ""
    rest = count % size or size
    backwards = [key.removeprefix("-") if key.startswith("-") else f"-{key}" for key in keys]
    row = found.order_by(*backwards)[rest]
    return f"after={_encode([getattr(row, key.removeprefix('-')) for key in keys])}"


def inbox_pages(clerk: User) -> Iterator[Page]:
    mine = units_of(clerk, Role.CLERK, Role.HEAD)
    until = inbox.soon_until(clock.today(), workdays.stored_calendar())
    box, every = reverse("review_inbox"), reverse("review_case_list")
    held = inbox.cases("mine", mine, today=clock.today(), until=until)
    yield Page("inbox, first page", clerk, f"{box}?view=mine")
    last = last_page(held, inbox.KEYS, inbox.SIZE)
    yield Page("inbox, last page", clerk, f"{box}?view=mine&{last}")
    yield Page("all cases, first page", clerk, every)
    found = inbox.cases("all", mine, today=until, until=until)
    last = last_page(found, ("-submitted_at", "uid"), inbox.SIZE)
    yield Page("all cases, last page", clerk, f"{every}?{last}")
    yield Page("all cases, a word of two characters", clerk, f"{every}?q=中试")


def pages(clerk: User | None = None) -> Iterator[Page]:
    clerk = clerk or lead_clerk()
    yield Page("home", None, reverse("home"))
    yield Page("catalogue", None, reverse("measure_list"))
    yield Page("calculator, 32 verdicts", None, f"{reverse('calculator')}?{ANSWERED}")
    yield from inbox_pages(clerk)
    units = units_of(clerk, Role.CLERK)
    held = Application.objects.for_inbox(*units).exclude(status__in=inbox.ELSEWHERE)
    case = held.filter(status=Status.FORMAL_CHECK).first() or held.first()
    yield Page("case page, desk", clerk, reverse("review_desk", args=[case.uid]))
    applicant = case.started_by
    yield Page("case page, applicant", applicant, reverse("application_case", args=[case.uid]))
    if (draft := a_draft()) is not None:
        for kind in ("fields", "invoices"):
            if (path := section_path(draft, kind)) is not None:
                yield Page(f"section page, {kind}", draft.started_by, path)
    yield Page("search, a word of two characters", clerk, f"{reverse('search')}?q=验证")
    yield Page("search, a visitor", None, f"{reverse('search')}?q=概念验证")
    yield from caps_pages()


def caps_pages() -> Iterator[Page]:
    finance = account("finance.clerk")
    yield Page("caps (额度台账)", finance, reverse("award_caps"))
    award = Award.objects.order_by("-pk").first()
    if award is None:
        return
    call: Call = award.call
    path = reverse("award_call", args=[call.uid])
    yield Page("caps, a call, first page", finance, path)
    found = Award.objects.filter(call=call)
    last = last_page(found, ("-made_at", "uid"), SIZE)
    yield Page("caps, a call, last page", finance, f"{path}?{last}")


def a_draft() -> Application | None:
    """A draft in the applicant's hands, under a call that still takes applications."""
    drafts = Application.objects.filter(
        status=Status.DRAFT, call__closes_at__gt=clock.now() + timedelta(minutes=30)
    ).select_related("started_by", "definition")
    return drafts.order_by("-pk").first()


def section_path(draft: Application, kind: str) -> str | None:
    from policy.calls import schema_of

    sections = schema_of(draft.definition).form.sections
    section = next((item for item in sections if item.kind == kind), None)
    if section is None:
        return None
    return reverse("application_section", args=[draft.uid, section.code])


# --- forms -----------------------------------------------------------------------------


class Inputs(html.parser.HTMLParser):
    """What a browser would send of the page's main form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._select = self._area = ""

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        name = told.get("name") or ""
        if tag == "input" and name and "disabled" not in told:
            kind = told.get("type", "text")
            ticked = kind not in {"checkbox", "radio"} or "checked" in told
            if ticked and kind not in {"submit", "file", "image"}:
                self.found.setdefault(name, []).append(told.get("value") or "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in told:
            self.found.setdefault(self._select, []).append(told.get("value") or "")
        elif tag == "textarea":
            self._area = name
            self.found.setdefault(name, []).append("")

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data):
        if self._area:
            self.found[self._area][-1] += data


def inputs(client: Client, path: str) -> dict[str, list[str]]:
    answer = client.get(path)
    if answer.status_code != 200:
        raise Refused(f"{path} answers {answer.status_code}")
    parser = Inputs()
    parser.feed(answer.content.decode())
    return parser.found


def save() -> Cost | None:
    """Autosave of a section of which one text changes each time."""
    draft = a_draft()
    path = section_path(draft, "fields") if draft else None
    if draft is None or path is None:
        return None
    client = signed_in(draft.started_by)
    form = inputs(client, path)
    texts = [name for name, values in form.items() if not name.startswith("_") and values]
    changing = next(name for name in texts if name not in {"csrfmiddlewaretoken", "language"})
    number = 0

    def once() -> int:
        nonlocal number
        number += 1
        told = form | {changing: [f"改动 {number}"]}
        answer = client.post(f"{path}save/", told)
        if answer.status_code != 200:
            raise Refused(f"save answers {answer.status_code}: {answer.content[:300]!r}")
        form["_seen"] = [json.dumps(json.loads(form["_seen"][0]) | answer.json()["seen"])]
        return len(answer.content)

    return cost(once)


def ready() -> list[Application]:
    """Cases that lack nothing but the act of submitting."""
    cases = Application.objects.filter(
        status=Status.HANDED, call__closes_at__gt=clock.now() + timedelta(minutes=30)
    )
    return list(cases.select_related("organisation").order_by("-pk")[:200])


def admin_of(case: Application) -> User:
    held = case.organisation.memberships.active().filter(role=Role.ORG_ADMIN).first()
    if held is None:
        raise Refused(f"{case} has no administrator")
    return held.user


def submission(case: Application) -> tuple[Client, str, dict]:
    """Who submits a case, where, and what the check page would send."""
    client = signed_in(admin_of(case))
    path = reverse("application_check", args=[case.uid])
    form = inputs(client, path)
    told = {name: form[name][0] for name in ("action", "key", "seen") if name in form}
    return client, path, told | {"pledge": "on"}


def submitter(cases: list[Application]) -> Callable[[], int]:
    waiting = [submission(case) for case in cases]

    def once() -> int:
        client, path, told = waiting.pop()
        answer = client.post(path, told)
        if answer.status_code != 302 or "receipt" not in answer.url:
            raise Refused(f"submitting answers {answer.status_code}")
        return len(answer.content)

    return once


def submit(count: int = 30) -> Cost | None:
    """Submitting, each time another case."""
    cases = ready()[: count + 3]
    if len(cases) < 10:
        return None
    return cost(submitter(cases), runs=len(cases) - 3, warm=2)
