"""Organisations, their verification, people, invitations, inbox and audit log, in a browser."""

import re

import pytest
from django.db import transaction
from playwright.sync_api import expect

from policy import calendars
from portal import clock
from portal.accounts import inviting, memberships
from portal.accounts.models import Role
from portal.audit import anchoring, verifying
from portal.audit.models import Event
from portal.notices.models import Mail, Notice
from tests.e2e import look
from tests.factories import (
    DistrictFactory,
    MembershipFactory,
    OrganisationFactory,
    UnitFactory,
    UserFactory,
    person,
)
from tests.files import samples

pytestmark = pytest.mark.django_db(transaction=True)

# Page → who looks at it, where.
PAGES = {
    "register": ("newcomer", "/organisation/register/"),
    "profile": ("admin", "/organisation/"),
    "profile-returned": ("returned_admin", "/organisation/"),
    "identity": ("admin", "/organisation/edit/identity/"),
    "bank": ("admin", "/organisation/edit/bank/"),
    "figures": ("admin", "/organisation/edit/figures/"),
    "members": ("admin", "/organisation/members/"),
    "member-end": ("admin", "/organisation/members/{colleague}/end/"),
    "queue": ("clerk", "/verification/"),
    "queue-empty": ("clerk", "/verification/?status=returned"),
    "check": ("clerk", "/verification/{waiting}/"),
    "users": ("account_admin", "/users/"),
    "user": ("account_admin", "/users/{user}/"),
    "invitations": ("account_admin", "/staff/invitations/"),
    "import": ("account_admin", "/staff/import/"),
    "units": ("account_admin", "/units/"),
    "unit": ("account_admin", "/units/{unit}/"),
    "invitation": (None, "/invitations/{token}/"),
    "inbox": ("admin", "/notices/"),
    "inbox-empty": ("newcomer", "/notices/"),
    "mails": (None, "/mails/"),
    "mail": (None, "/mails/{mail}/"),
    "audit": ("auditor", "/audit/"),
    "audit-filtered": ("auditor", "/audit/?action=nothing"),
    "event": ("auditor", "/audit/{event}/"),
}


@pytest.fixture
def world(settings, tmp_path):
    settings.BLOB_DIR, settings.ANCHOR_DIR = tmp_path / "blobs", tmp_path / "anchors"
    calendars.seed(actor="system:test")
    district = DistrictFactory(name_zh="江宁区", name_en="Jiangning District")
    organisation = OrganisationFactory(district=district, name="南京𬭎测概念验证中心有限公司")
    admin = person(Role.ORG_ADMIN, organisation=organisation, name="张三")
    colleague = MembershipFactory(role=Role.FILLER, organisation=organisation)
    returned = OrganisationFactory(district=DistrictFactory(), status="returned")
    waiting = OrganisationFactory(
        district=district, status="pending", name="南京待核验生物医药研究院有限公司"
    )
    user = person(Role.CLERK, unit=UnitFactory(name_zh="市科技局", name_en="S&T Bureau"))
    former = MembershipFactory(user=user, role=Role.HEAD, unit=district)
    memberships.end(former, actor="system:test", reason="调出")
    account_admin = person(Role.ACCOUNT_ADMIN)
    inviting.invite("li@example.org", Role.FILLER, organisation=organisation, actor=admin)
    made = inviting.invite(
        "new@example.org", Role.CLERK, unit=district, name="王五", actor=account_admin
    )
    now = clock.now()
    for number in range(3):
        Notice.objects.create(
            recipient=admin, subject="南京𬭎测：单位核验已通过，可以申报",
            subject_en="Nanjing: the organisation is verified and can apply", url="/organisation/",
            body="请填报。", body_en="Please apply.", dedupe_key=str(number), created_at=now,
            held_until=now, read_at=now if number else None,
        )  # fmt: skip
    mail = Mail.objects.create(
        to="a@example.org", subject="验证码", body="AB12\nhttp://x/y", kept_at=now
    )
    anchoring.anchor()
    verifying.check()
    auditor = person(Role.AUDITOR)
    event = Event.objects.get(action="membership.end")
    return {
        "newcomer": UserFactory(),
        "admin": admin,
        "returned_admin": person(Role.ORG_ADMIN, organisation=returned),
        "clerk": person(Role.CLERK, unit=district),
        "account_admin": account_admin,
        "auditor": auditor,
        "colleague": colleague.uid,
        "waiting": waiting.uid,
        "user": user.uid,
        "unit": district.code,
        "token": inviting.token_of(made),
        "mail": mail.uid,
        "event": event.hash,
        "district": district,
    }


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_page_fits_its_readers(open_page, world, name, language):
    who, path = PAGES[name]
    page = open_page(path.format(**world), user=world.get(who), language=language)
    assert look.faults(page, f"org-{name}-{language}") == []


def test_organisation_registers_is_returned_mends_and_is_verified(open_page, world, tmp_path):
    """The whole way of a registration, by its two parties, with the keyboard's own focus."""
    newcomer, district = world["newcomer"], world["district"]
    paper = tmp_path / "执照.pdf"
    paper.write_bytes(samples.pdf(text="licence"))
    page = open_page("/organisation/register/", user=newcomer, width=375)
    page.get_by_label("单位名称").fill("南京䶮科技有限公司")
    page.get_by_label("统一社会信用代码").fill("91320100MA1W000031")
    page.get_by_label("单位性质").select_option("enterprise")
    page.get_by_label("注册地区").select_option(label=district.name_zh)
    page.get_by_label("成立日期").fill("2020-01-02")
    page.get_by_label("法定代表人").fill("䶮某")
    page.get_by_label("注册地址").fill("南京市江宁区 1 号")
    page.get_by_label("联系手机").fill("13800001234")
    page.get_by_label("法人证照").set_input_files(paper)
    page.get_by_label("授权书").set_input_files(paper)
    page.get_by_role("button", name="提交核验").click()
    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("校验位不符")
    expect(page.get_by_label("单位名称")).to_have_value("南京䶮科技有限公司")
    assert look.faults(page, "org-register-errors", widths=(375, 1366)) == []
    # The papers are not asked for again.
    page.get_by_label("统一社会信用代码").fill("91320100MA1W000030")
    page.get_by_role("button", name="提交核验").click()
    expect(page.locator("main")).to_contain_text("正由江宁区核验")

    desk = open_page("/verification/", user=world["clerk"])
    desk.get_by_role("link", name="南京䶮科技有限公司").click()
    desk.get_by_role("button", name="退回").click()
    expect(desk).to_have_title(re.compile("^错误："))
    desk.get_by_label("退回理由").fill("授权书缺公章")
    desk.get_by_role("button", name="退回").click()

    page.reload()
    expect(page.locator("main")).to_contain_text("授权书缺公章")
    page.get_by_role("link", name="修改并重新提交").click()
    page.get_by_label("授权书").set_input_files(
        files=[{"name": "新授权书.pdf", "mimeType": "application/pdf",
                "buffer": samples.pdf(text="seal")}]
    )  # fmt: skip
    page.get_by_role("button", name="保存并重新提交").click()
    expect(page.locator("main")).to_contain_text("正由江宁区核验")

    desk.goto(desk.url.split("/verification")[0] + "/verification/")
    desk.get_by_role("link", name="南京䶮科技有限公司").click()
    desk.get_by_role("button", name="核验通过").click()
    expect(desk.locator("main")).to_contain_text("已核验")
    page.reload()
    expect(page.locator("main")).to_contain_text("已核验")
    with transaction.atomic():
        assert Notice.objects.filter(recipient=newcomer).count() == 2
