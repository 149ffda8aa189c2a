"""Registration, profile, verification by the district: verbs and pages."""

from datetime import UTC, date, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from policy import calendars
from portal.accounts import registering, verifying
from portal.accounts.masking import mask, mask_email
from portal.accounts.models import Organisation, OrganisationStatus, Role
from portal.accounts.pinyin import sort_key
from portal.audit.models import Event
from portal.files.models import Blob
from portal.notices.models import Notice
from tests.factories import (
    USCCS,
    DistrictFactory,
    MembershipFactory,
    OrganisationFactory,
    UnitFactory,
    UserFactory,
    person,
)
from tests.files import samples

pytestmark = pytest.mark.django_db
WEDNESDAY = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def blob_dir(settings, tmp_path):
    settings.BLOB_DIR = tmp_path / "blobs"


@pytest.fixture
def district():
    return DistrictFactory()


def _pdf(name="执照.pdf", text="a") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, samples.pdf(text=text), content_type="application/pdf")


def _posted(place, **more) -> dict:
    values = {
        "name": "南京𬭎测科技有限公司",
        "uscc": " 9132-0100 ma1w000030 ",
        "kind": "enterprise",
        "district": place.pk,
        "founded_on": "2020-01-02",
        "legal_representative": "䶮某",
        "address": "南京市测试路 1 号",
        "contact_name": "李四",
        "contact_phone": "13800001234",
        "licence": _pdf(),
        "authorisation": _pdf("授权.pdf", "b"),
    }
    return {key: value for key, value in (values | more).items() if value is not None}


def _register(client, place, **more):
    return client.post(reverse("organisation_register"), _posted(place, **more))


@pytest.fixture
def newcomer(client):
    user = UserFactory()
    client.force_login(user)
    return user


# --- registration ------------------------------------------------------------------


def test_registration_makes_the_organisation_and_its_admin(client, newcomer, district, clock):
    calendars.seed(actor="system:test")
    clock.set(WEDNESDAY)
    response = _register(client, district)
    organisation = Organisation.objects.get()
    held = newcomer.memberships.get()
    assert response.url == reverse("organisation_profile")
    assert (organisation.name, organisation.uscc) == ("南京𬭎测科技有限公司", USCCS[0])
    assert (organisation.status, organisation.registered_by) == ("pending", newcomer)
    assert (organisation.licence_name, organisation.authorisation_name) == ("执照.pdf", "授权.pdf")
    assert organisation.due_on == date(2026, 11, 23)
    assert (held.role, held.organisation) == (Role.ORG_ADMIN, organisation)
    assert Event.objects.filter(action="organisation.register", to_state="pending").count() == 1


def test_registration_in_a_year_without_calendar_is_dated_when_it_is_loaded(
    client, newcomer, district, clock
):
    clock.set(WEDNESDAY)
    _register(client, district)
    assert Organisation.objects.get().due_on is None
    assert "待日历发布" in client.get(reverse("organisation_profile")).content.decode()
    calendars.seed(actor="system:test")
    assert Organisation.objects.get().due_on == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("uscc", "91320100MA1W00003", "统一社会信用代码是 18 位，您填了 17 位。"),
        ("uscc", "91320100MA1W000031", "统一社会信用代码校验位不符，请核对是否输错。"),
        ("uscc", "91320100MAIW000030", "前 8 位是数字，其余不含字母 I、O、S、V、Z。"),
        ("contact_phone", "025-1234567", "手机号是 11 位数字，以 1 开头。"),
        ("founded_on", "2999-01-01", "成立日期不能晚于今天。"),
        ("licence", None, "请选择要上传的文件。"),
        ("licence", SimpleUploadedFile("a.svg", b"<svg/>"), "不接受这种格式的文件。"),
        ("district", "", "请填写此项。"),
    ],
)
def test_bad_field_is_told_beside_it_and_nothing_typed_is_lost(
    client, newcomer, district, field, value, told
):
    response = _register(client, district, **{field: value})
    page = response.content.decode()
    assert response.status_code == 422
    assert told in page
    assert list(response.context["form"].errors) == [field]
    assert "data-error-summary" in page
    assert "<title>错误：" in page
    assert "南京𬭎测科技有限公司" in page
    assert not Organisation.objects.exists()


def test_uploads_are_kept_while_another_field_is_mended(client, newcomer, district):
    page = _register(client, district, contact_phone="1")
    form = page.context["form"]
    kept = {name: form.data[name] for name in ("licence_kept", "authorisation_kept")}
    assert "已上传：执照.pdf" in page.content.decode()
    response = _register(client, district, licence=None, authorisation=None, **kept)
    assert response.status_code == 302
    assert Organisation.objects.get().licence_name == "执照.pdf"


def test_forged_kept_upload_is_refused(client, newcomer, district):
    other = Blob.objects.create(
        sha256="a" * 64, size_bytes=1, content_type="x", stored_at=WEDNESDAY
    )
    response = _register(client, district, licence=None, licence_kept=f'["{other.pk}", "a"]')
    assert "licence" in response.context["form"].errors


def test_taken_code_is_told_without_naming_its_holder(client, newcomer, district):
    OrganisationFactory(uscc=USCCS[0], name="别家有限公司")
    page = _register(client, district).content.decode()
    assert "该统一社会信用代码已注册" in page
    assert "别家有限公司" not in page
    assert not newcomer.memberships.exists()


def test_whoever_is_of_an_organisation_registers_no_second_one(client, district):
    client.force_login(person(Role.FILLER))
    assert _register(client, district).url == reverse("organisation_profile")
    assert Organisation.objects.count() == 1


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("organisation_uscc_form", {"uscc": "9132010OMA1W000030"}),
        ("organisation_rd_staff_within_staff", {"staff_count": 1, "rd_staff_count": 2}),
        ("organisation_verified_by_someone", {"verified_by": None}),
    ],
)
def test_database_refuses_an_impossible_organisation(constraint, change):
    organisation = OrganisationFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Organisation.objects.filter(pk=organisation.pk).update(**change)


@pytest.mark.parametrize(("source", "target"), [("verified", "returned"), ("returned", "verified")])
def test_database_refuses_a_move_that_is_none(source, target):
    organisation = OrganisationFactory(status=source)
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Organisation.objects.filter(pk=organisation.pk).update(
            status=target, verified_by=UserFactory(), verified_at=WEDNESDAY
        )


@pytest.mark.parametrize("change", ["register", "move"])
def test_database_refuses_a_bare_change_of_status(change, district):
    organisation = OrganisationFactory()
    with (
        pytest.raises(IntegrityError, match="no audit event"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        if change == "move":
            Organisation.objects.filter(pk=organisation.pk).update(status="pending")
        else:
            Organisation.objects.create(
                name="x", uscc=USCCS[4], kind="park", district=district,
                registered_by=organisation.registered_by, registered_at=WEDNESDAY,
                updated_at=WEDNESDAY,
            )  # fmt: skip
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# --- profile -----------------------------------------------------------------------


def _admin_of(client, **more):
    organisation = OrganisationFactory(**more)
    user = person(Role.ORG_ADMIN, organisation=organisation)
    client.force_login(user)
    return organisation, user


def _edit(client, part, revision=1, **values):
    return client.post(reverse("organisation_edit", args=[part]), {"revision": revision, **values})


_BANK = {
    "bank_name": "测试银行",
    "bank_account": "6222 0000 1111 2222",
    "bank_code": "102301000001",
}


def test_bank_account_is_kept_and_shown_masked(client):
    organisation, _user = _admin_of(client)
    _edit(client, "bank", bank_account_name=organisation.name, **_BANK)
    organisation.refresh_from_db()
    page = client.get(reverse("organisation_profile")).content.decode()
    event = Event.objects.get(action="organisation.update")
    assert organisation.bank_account == "6222000011112222"
    assert organisation.status == OrganisationStatus.VERIFIED
    assert "622****2222" in page
    assert "6222000011112222" not in page
    assert event.data["bank_account"] == ["622****1234", "622****2222"]


def test_account_in_another_name_is_refused(client):
    _admin_of(client)
    response = _edit(client, "bank", bank_account_name="别家", **_BANK)
    assert "开户名须与单位名称" in response.content.decode()


def test_more_rd_staff_than_staff_is_refused(client):
    _admin_of(client)
    response = _edit(client, "figures", staff_count=3, rd_staff_count=4)
    assert response.context["form"].errors["rd_staff_count"] == ["研发人员数不能超过职工人数 3。"]


def test_negative_amount_is_refused(client):
    _admin_of(client)
    response = _edit(client, "figures", revenue_cny="-1")
    assert response.context["form"].errors["revenue_cny"] == ["金额不能为负。"]


def test_second_editor_is_told_and_keeps_what_was_typed(client):
    organisation, user = _admin_of(client)
    registering.update_profile(organisation, {"staff_count": 5}, actor=user, seen_revision=1)
    response = _edit(client, "figures", revision=1, staff_count=9, rd_staff_count=7)
    page = response.content.decode()
    organisation.refresh_from_db()
    assert "已被他人修改" in page
    assert 'value="9"' in page
    assert organisation.staff_count == 5
    assert response.context["revision"] == 2


def test_change_of_what_was_verified_asks_for_the_verification_again(client):
    organisation, user = _admin_of(client)
    saved = registering.update_profile(
        organisation, {"legal_representative": "赵六"}, actor=user, seen_revision=1
    )
    event = Event.objects.get(action="organisation.update")
    assert (saved.status, saved.verified_by) == ("pending", None)
    assert (event.from_state, event.to_state) == ("verified", "pending")


def test_saving_nothing_new_changes_nothing(client):
    organisation, user = _admin_of(client)
    same = {"legal_representative": organisation.legal_representative}
    saved = registering.update_profile(organisation, same, actor=user, seen_revision=1)
    assert (saved.status, saved.revision) == ("verified", 1)
    assert not Event.objects.filter(action="organisation.update").exists()


def test_filler_sees_the_profile_and_changes_nothing(client):
    organisation, _user = _admin_of(client)
    client.force_login(person(Role.FILLER, organisation=organisation))
    page = client.get(reverse("organisation_profile")).content.decode()
    assert reverse("organisation_edit", args=["bank"]) not in page
    assert client.get(reverse("organisation_edit", args=["bank"])).status_code == 404


def test_names_are_sorted_by_pinyin():
    names = ["中科", "安达", "南京𬭎测", "北方"]
    assert sorted(names, key=sort_key) == ["安达", "北方", "南京𬭎测", "中科"]


@pytest.mark.parametrize(
    ("text", "masked"), [("13800001234", "138****1234"), ("1234567", "*******"), ("", "")]
)
def test_mask_keeps_the_ends(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("email", "masked"), [("zhang@example.org", "z***@example.org"), ("", "***")]
)
def test_mask_email_keeps_the_first_letter_and_the_domain(email, masked):
    assert mask_email(email) == masked


# --- verification ------------------------------------------------------------------


def _clerk(client, district, role=Role.CLERK):
    user = person(role, unit=district)
    client.force_login(user)
    return user


def _waiting(district, **more) -> Organisation:
    organisation = OrganisationFactory(district=district, status="pending", **more)
    MembershipFactory(
        user=organisation.registered_by, role=Role.ORG_ADMIN, organisation=organisation
    )
    return organisation


@pytest.mark.parametrize("role", [Role.CLERK, Role.HEAD])
def test_district_verifies_and_the_admin_is_told(client, district, role):
    clerk, organisation = _clerk(client, district, role), _waiting(district)
    client.post(reverse("organisation_verify", args=[organisation.uid]), {"revision": 1})
    organisation.refresh_from_db()
    notice = Notice.objects.get(recipient=organisation.registered_by)
    assert (organisation.status, organisation.verified_by) == ("verified", clerk)
    assert notice.subject == f"{organisation.name}：单位核验已通过，可以申报"
    assert Event.objects.get(action="organisation.verify").actor_id == clerk.pk


def test_district_returns_with_a_reason_and_the_organisation_submits_again(client, district):
    clerk, organisation = _clerk(client, district), _waiting(district)
    url = reverse("organisation_return", args=[organisation.uid])
    client.post(url, {"revision": 1, "reason": "执照不清晰；缺公章"})
    organisation.refresh_from_db()
    assert (organisation.status, organisation.status_note) == ("returned", "执照不清晰；缺公章")
    client.force_login(organisation.registered_by)
    assert "执照不清晰；缺公章" in client.get(reverse("organisation_profile")).content.decode()
    response = client.post(
        reverse("organisation_edit", args=["identity"]),
        _posted(district, uscc=organisation.uscc, revision=organisation.revision),
    )
    assert response.status_code == 302
    organisation.refresh_from_db()
    assert organisation.status == "pending"
    verifying.verify(organisation, actor=clerk, seen_revision=organisation.revision)
    organisation.refresh_from_db()
    assert organisation.status == "verified"


def test_return_can_be_submitted_again_unchanged(client, district):
    organisation = OrganisationFactory(district=district, status="returned")
    MembershipFactory(user=organisation.registered_by, role=Role.ORG_ADMIN,
                      organisation=organisation)  # fmt: skip
    client.force_login(organisation.registered_by)
    client.post(reverse("organisation_resubmit"))
    client.post(reverse("organisation_resubmit"))
    organisation.refresh_from_db()
    assert organisation.status == "pending"
    assert Event.objects.filter(action="organisation.resubmit").count() == 1


def test_return_without_reason_is_refused_beside_the_field(client, district):
    _clerk(client, district)
    organisation = _waiting(district)
    response = client.post(
        reverse("organisation_return", args=[organisation.uid]), {"revision": 1, "reason": " "}
    )
    organisation.refresh_from_db()
    assert response.status_code == 422
    assert "reason" in response.context["form"].errors
    assert organisation.status == "pending"


def test_verification_of_what_has_changed_since_is_refused(client, district):
    _clerk(client, district)
    organisation = _waiting(district)
    registering.update_profile(
        organisation, {"name": "另一个名字"}, actor=organisation.registered_by, seen_revision=1
    )
    response = client.post(
        reverse("organisation_verify", args=[organisation.uid]), {"revision": 1}, follow=True
    )
    organisation.refresh_from_db()
    assert "修改了资料" in response.content.decode()
    assert organisation.status == "pending"


@pytest.mark.parametrize(
    ("reason", "make"),
    [
        ("role", lambda district: person(Role.CLERK, unit=DistrictFactory())),
        ("role", lambda district: person(Role.CLERK, unit=UnitFactory())),
        ("role", lambda district: person(Role.AUDITOR)),
    ],
)
def test_verb_refuses_whoever_is_not_the_districts(district, reason, make):
    organisation = _waiting(district)
    with pytest.raises(verifying.VerificationRefused) as refusal:
        verifying.verify(organisation, actor=make(district), seen_revision=1)
    assert refusal.value.reason == reason


def test_nobody_verifies_what_he_registered(district):
    user = person(Role.CLERK, unit=district)
    organisation = OrganisationFactory(district=district, status="pending", registered_by=user)
    with pytest.raises(verifying.VerificationRefused) as refusal:
        verifying.verify(organisation, actor=user, seen_revision=1)
    assert refusal.value.reason == "own"


def test_verified_organisation_is_not_verified_twice(district):
    organisation = OrganisationFactory(district=district)
    with pytest.raises(verifying.VerificationRefused) as refusal:
        verifying.verify(organisation, actor=person(Role.CLERK, unit=district), seen_revision=1)
    assert refusal.value.reason == "state"


def test_queue_shows_own_districts_waiting_the_oldest_first(client, district):
    _clerk(client, district)
    first, second = _waiting(district, name="甲公司"), _waiting(district, name="乙公司")
    OrganisationFactory(district=district, name="已核验公司")
    OrganisationFactory(district=DistrictFactory(), status="pending", name="别区公司")
    response = client.get(reverse("organisation_queue"))
    page = response.content.decode()
    assert response.context["page"].rows == [first, second]
    assert "2 家待核验" in page
    assert "别区公司" not in page
    verified = client.get(reverse("organisation_queue") + "?status=verified").content.decode()
    assert "已核验公司" in verified


@pytest.mark.parametrize("rows", [1, 30])
def test_queue_takes_the_same_queries_for_any_length(
    client, district, rows, django_assert_num_queries
):
    _clerk(client, district)
    for _ in range(rows):
        OrganisationFactory(district=district, status="pending")
    client.get(reverse("organisation_queue"))
    with django_assert_num_queries(10):
        client.get(reverse("organisation_queue"))


def test_district_does_not_see_the_bank_account(client, district):
    _clerk(client, district)
    organisation = _waiting(district, bank_account="6222000033334444")
    page = client.get(reverse("organisation_check", args=[organisation.uid])).content.decode()
    assert organisation.legal_representative in page
    assert "33334444" not in page


def test_clerk_of_a_unit_that_is_no_district_has_no_queue(client):
    client.force_login(person(Role.CLERK))
    assert client.get(reverse("organisation_queue")).status_code == 404


def test_licence_opens_for_own_people_and_the_district(client, district, newcomer):
    _register(client, district)
    organisation = Organisation.objects.get()
    own = client.get(reverse("organisation_file", args=["licence"]))
    assert b"".join(own.streaming_content) == organisation.licence.path.read_bytes()
    assert client.get(reverse("organisation_file", args=["bank"])).status_code == 404
    _clerk(client, district)
    url = reverse("organisation_check_file", args=[organisation.uid, "licence"])
    assert client.get(url).status_code == 200
    _clerk(client, DistrictFactory())
    assert client.get(url).status_code == 404
