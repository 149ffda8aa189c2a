"""Markup, template code and line breaks in every text that a person may type: shown, never run."""

import pytest
from django.core import mail
from django.urls import reverse

from portal import clock as portal_clock
from portal.accounts import inviting, memberships
from portal.accounts.models import Role
from portal.notices import tasks
from portal.notices.outbox import HOLD, enqueue
from tests.factories import DistrictFactory, MembershipFactory, OrganisationFactory, person

pytestmark = pytest.mark.django_db
CANARY = "<script>alert(1)</script>{{7*7}}"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}"


@pytest.fixture
def world():
    district = DistrictFactory(name_zh=CANARY[:50], name_en=CANARY[:50])
    organisation = OrganisationFactory(
        district=district, status="pending", name=CANARY, address=CANARY,
        legal_representative=CANARY, contact_name=CANARY,
    )  # fmt: skip
    admin = person(Role.ORG_ADMIN, organisation=organisation, name=CANARY)
    former = MembershipFactory(role=Role.FILLER, organisation=organisation)
    memberships.end(former, actor=admin, reason=CANARY)
    return {
        "organisation": organisation,
        "admin": admin,
        "clerk": person(Role.CLERK, unit=district, name=CANARY),
        "account_admin": person(Role.ACCOUNT_ADMIN),
        "auditor": person(Role.AUDITOR),
    }


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("admin", "/organisation/"),
        ("admin", "/organisation/members/"),
        ("admin", "/organisation/edit/identity/"),
        ("clerk", "/verification/"),
        ("clerk", "/verification/{organisation.uid}/"),
        ("account_admin", "/users/"),
        ("account_admin", "/users/{admin.uid}/"),
        ("account_admin", "/units/"),
        ("auditor", "/audit/"),
    ],
)
def test_page_shows_markup_and_runs_none(client, world, who, path):
    client.force_login(world[who])
    response = client.get(path.format(**world))
    page = response.content.decode()
    assert "<script>alert" not in page
    assert SHOWN in page or who == "auditor"
    assert "script-src 'self'" in response["Content-Security-Policy"]


def test_mails_show_markup_as_text_and_names_reach_no_header(world, clock, run_tasks):
    name = "张三\r\nBcc: everybody@example.org"
    organisation = world["organisation"]
    inviting.invite(
        "a@example.org", Role.FILLER, organisation=organisation, actor=world["admin"], name=name
    )
    run_tasks()
    now = portal_clock.now()
    enqueue(world["admin"], subject=f"{name}{CANARY}", body=CANARY, dedupe_key="c", at=now)
    clock.advance(HOLD)
    tasks.sweep()
    assert len(mail.outbox) == 2
    for message in mail.outbox:
        headers = message.message()
        assert headers["Bcc"] is None
        assert headers.get_content_type() == "text/plain"


def test_forms_refuse_a_line_break_in_a_name(client, world):
    client.force_login(world["account_admin"])
    client.post(
        reverse("invitation_list"),
        {"email": "b@example.org", "name": "张三\r\nBcc: x@y.cn", "role": "expert"},
    )
    assert all("\n" not in invitation.name for invitation in inviting.Invitation.objects.all())
