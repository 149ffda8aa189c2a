"""The account administrator: people, roles, switches, and staff from a sheet."""

import io
import re
import zipfile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from portal.accounts import inviting, staffing, users
from portal.accounts.models import Invitation, Role, User
from portal.audit.models import Event
from tests.factories import MembershipFactory, UnitFactory, UserFactory, person
from tests.files import samples

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    user = person(Role.ACCOUNT_ADMIN, name="管理员")
    client.force_login(user)
    return user


# --- people ------------------------------------------------------------------------


def _names(client, query="") -> list[str]:
    return [row.name for row in client.get(reverse("user_list") + query).context["page"].rows]


def test_list_finds_by_name_address_organisation_unit_role_and_state(client, admin):
    MembershipFactory(user=UserFactory(name="甲"), role=Role.CLERK,
                      unit=UnitFactory(name_zh="市科技局"))  # fmt: skip
    filler = MembershipFactory(user=UserFactory(name="乙𬭎", email="yi@example.org"))
    UserFactory(name="丙", is_active=False)
    assert _names(client, "?q=科技局") == ["甲"]
    assert _names(client, "?q=𬭎") == ["乙𬭎"]
    assert _names(client, "?q=YI@") == ["乙𬭎"]
    assert _names(client, f"?q={filler.organisation.name}") == ["乙𬭎"]
    assert _names(client, "?role=clerk") == ["甲"]
    assert _names(client, "?state=disabled") == ["丙"]


def test_list_that_finds_nobody_tells_how_many_are_hidden(client, admin):
    page = client.get(reverse("user_list") + "?q=nobody").content.decode()
    assert f"筛选条件隐藏了 {User.objects.count()} 条" in page


@pytest.mark.parametrize("rows", [1, 30])
def test_list_takes_the_same_queries_for_any_length(client, admin, rows, django_assert_num_queries):
    for _ in range(rows):
        MembershipFactory(role=Role.CLERK)
    client.get(reverse("user_list"))
    with django_assert_num_queries(7):
        client.get(reverse("user_list"))


def test_phone_is_masked_until_a_reason_is_given_which_is_kept(client, admin):
    somebody = UserFactory(phone="13812345678")
    page = client.get(reverse("user_detail", args=[somebody.uid])).content.decode()
    assert "138****5678" in page
    assert "13812345678" not in page
    url = reverse("user_phone", args=[somebody.uid])
    assert client.post(url, {"phone-reason": ""}).status_code == 422
    assert "13812345678" in client.post(url, {"phone-reason": "核实身份"}).content.decode()
    event = Event.objects.get(action="user.reveal_phone")
    assert (event.actor_id, event.data) == (admin.pk, {"reason": "核实身份"})


def _grant(client, somebody, **values):
    given = {"role": "clerk", "unit": "", "reason": "调入"} | values
    return client.post(
        reverse("user_grant", args=[somebody.uid]),
        {f"grant-{name}": value for name, value in given.items()},
    )


def test_role_of_a_unit_is_granted_with_a_reason(client, admin):
    somebody, unit = UserFactory(), UnitFactory()
    _grant(client, somebody, unit=unit.code)
    held = somebody.memberships.get()
    assert (held.role, held.unit, held.granted_by) == (Role.CLERK, unit, admin)
    assert Event.objects.get(action="membership.grant", actor_id=admin.pk).data["reason"] == "调入"


@pytest.mark.parametrize("role", ["auditor", "policy_admin", "account_admin", "org_admin", "x"])
def test_no_page_grants_the_separated_or_organisations_roles(client, admin, role):
    somebody = UserFactory()
    assert _grant(client, somebody, role=role).status_code == 422
    assert not somebody.memberships.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"unit": ""}, "unit"),
        ({"unit": "u", "reason": ""}, "reason"),
        ({"role": "expert", "unit": "u"}, "unit"),
    ],
)
def test_grant_with_a_bad_field_is_told_beside_it(client, admin, values, field):
    UnitFactory(code="u")
    response = _grant(client, UserFactory(), **values)
    assert response.status_code == 422
    assert field in response.context["failed_form"].errors
    assert "<title>错误：" in response.content.decode()


def test_admin_does_not_grant_to_himself(client, admin):
    assert "不能给自己授权" in _grant(client, admin, role="expert").content.decode()
    assert admin.memberships.count() == 1


def test_membership_ends_with_a_reason_only(client, admin):
    held = MembershipFactory(role=Role.CLERK)
    url = reverse("membership_end", args=[held.uid])
    client.post(url, {f"end-{held.uid}-reason": " "})
    held.refresh_from_db()
    assert held.ended_at is None
    client.post(url, {f"end-{held.uid}-reason": "调出"})
    held.refresh_from_db()
    assert held.ended_at is not None


def test_user_is_disabled_and_enabled_with_reasons(client, admin):
    somebody = UserFactory()
    url = reverse("user_switch", args=[somebody.uid])
    client.post(url, {"to": "disabled", "switch-reason": "离职"})
    client.post(url, {"to": "disabled", "switch-reason": "再点一次"})
    somebody.refresh_from_db()
    assert not somebody.is_active
    client.post(url, {"to": "active", "switch-reason": "返聘"})
    somebody.refresh_from_db()
    assert somebody.is_active
    actions = Event.objects.filter(object_id=str(somebody.pk), action__startswith="user.")
    assert [event.action for event in actions.order_by("pk")] == ["user.disable", "user.enable"]


@pytest.mark.parametrize(("reason", "own"), [("own", True), ("reason_missing", False)])
def test_switch_is_refused(reason, own):
    actor, somebody = person(Role.ACCOUNT_ADMIN), UserFactory()
    with pytest.raises(users.UserRefused) as refusal:
        users.switch(
            actor if own else somebody, active=False, actor=actor, reason=" " if not own else "x"
        )
    assert refusal.value.reason == reason


# --- invitations of staff --------------------------------------------------------------


def test_staff_member_is_invited_and_the_invitation_sent_again_and_revoked(client, admin):
    unit = UnitFactory()
    url = reverse("invitation_list")
    client.post(url, {"email": "a@example.org", "name": "甲", "role": "head", "unit": unit.code})
    first = Invitation.objects.get()
    assert "a@example.org" in client.get(url).content.decode()
    client.post(reverse("invitation_resend", args=[first.uid]))
    first.refresh_from_db()
    second = Invitation.objects.exclude(pk=first.pk).get()
    assert first.revoked_at is not None
    assert (second.email, second.unit, second.role) == ("a@example.org", unit, Role.HEAD)
    client.post(reverse("invitation_revoke", args=[second.uid]))
    second.refresh_from_db()
    assert second.revoked_at is not None


def test_known_address_is_not_invited_but_pointed_to(client, admin):
    somebody = UserFactory()
    response = client.post(
        reverse("invitation_list"), {"email": somebody.email, "name": "x", "role": "expert"}
    )
    assert "此邮箱已有账户" in response.content.decode()
    assert not Invitation.objects.exists()


def test_three_administrators_invitations_are_not_the_pages_to_change(client, admin):
    made = inviting.invite("a@example.org", Role.AUDITOR, actor="system:test")
    for name in ("invitation_revoke", "invitation_resend"):
        assert client.post(reverse(name, args=[made.uid])).status_code == 404
    made.refresh_from_db()
    assert made.revoked_at is None


@pytest.mark.parametrize("rows", [1, 30])
def test_invitations_take_the_same_queries_for_any_number(
    client, admin, rows, django_assert_num_queries
):
    for number in range(rows):
        inviting.invite(f"{number}@example.org", Role.CLERK, unit=UnitFactory(), actor=admin)
    client.get(reverse("invitation_list"))
    with django_assert_num_queries(8):
        client.get(reverse("invitation_list"))


# --- the sheet -------------------------------------------------------------------------


def _sheet(*rows, heads=staffing.HEADS, name="人员.xlsx") -> SimpleUploadedFile:
    book, target = openpyxl.Workbook(), io.BytesIO()
    book.active.append(list(heads))
    for row in rows:
        book.active.append(list(row))
    book.save(target)
    return SimpleUploadedFile(name, target.getvalue())


def _broken(sheet) -> SimpleUploadedFile:
    """A whole archive whose first sheet ends in the middle."""
    with zipfile.ZipFile(sheet) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-40]
    return SimpleUploadedFile("a.xlsx", samples.archive(parts))


@pytest.fixture
def unit():
    return UnitFactory(name_zh="市科技局")


GOOD = ("张𬭎", "zhang@example.org", 13800001234, "市科技局", "经办人")


def _upload(client, *rows, **more):
    return client.post(reverse("staff_import"), {"sheet": _sheet(*rows, **more)})


def _packed(response) -> str:
    return re.search(r'name="packed" value="([^"]+)"', response.content.decode())[1]


def _confirm(client, response, **more):
    return client.post(reverse("staff_import_confirm"), {"packed": _packed(response), **more})


def test_uploading_a_sheet_imports_nothing_before_it_is_confirmed(client, admin, unit):
    response = _upload(client, GOOD)
    assert "1 行通过，0 行有误" in response.content.decode()
    assert not Invitation.objects.exists()
    _confirm(client, response)
    made = Invitation.objects.get()
    assert (made.name, made.email, made.phone) == ("张𬭎", "zhang@example.org", "13800001234")
    assert (made.unit, made.role) == (unit, Role.CLERK)


def test_person_with_an_account_is_granted_the_role_at_once(client, admin, unit):
    somebody = UserFactory(email="zhang@example.org")
    _confirm(client, _upload(client, GOOD))
    assert somebody.memberships.get().unit == unit
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("row", "column", "told"),
    [
        (("", *GOOD[1:]), "name", "请填写姓名。"),
        (("张三", "x", "", "市科技局", "经办人"), "email", "电子邮箱格式不对。"),
        (("张三", "a@example.org", "123", "市科技局", "经办人"), "phone", "手机号是 11 位数字，以 1 开头。"),
        (("张三", "a@example.org", "", "不存在局", "经办人"), "unit", "没有这个单位，请从“可选值”中选取。"),
        (("张三", "a@example.org", "", "", "经办人"), "unit", "请填写单位。"),
        (("张三", "a@example.org", "", "市科技局", "评审专家"), "unit", "这个角色不属于单位，请留空。"),
        (("张三", "a@example.org", "", "", "审计员"), "role", "没有这个角色。可填："),
        (("张三", "off@example.org", "", "市科技局", "经办人"), "email", "此账户已停用，请先启用。"),
        (("张三", "has@example.org", "", "市科技局", "经办人"), "email", "此人已有这个角色。"),
        (("张三", "Zhang@example.org", "", "市科技局", "经办人"), "email", "与第 2 行重复。"),
    ],
)  # fmt: skip
def test_bad_row_is_told_by_column(client, admin, unit, row, column, told):
    UserFactory(email="off@example.org", is_active=False)
    MembershipFactory(user=UserFactory(email="has@example.org"), role=Role.CLERK, unit=unit)
    response = _upload(client, GOOD, row)
    judged = response.context["rows"][1]
    assert list(judged.errors) == [column]
    assert judged.errors[column].startswith(told)
    assert f"第 3 行：{told}" in response.content.decode()


def test_good_rows_alone_are_imported_when_that_is_chosen(client, admin, unit):
    response = _upload(client, GOOD, ("", "b@example.org", "", "市科技局", "经办人"))
    assert _confirm(client, response).status_code == 422
    assert not Invitation.objects.exists()
    _confirm(client, response, only="good")
    assert Invitation.objects.get().email == "zhang@example.org"


def test_row_that_went_bad_since_it_was_shown_is_not_imported(client, admin, unit):
    response = _upload(client, GOOD, ("李四", "li@example.org", "", "市科技局", "处室负责人"))
    UserFactory(email="li@example.org", is_active=False)
    assert _confirm(client, response).status_code == 422
    assert not Invitation.objects.exists()


def test_forged_rows_are_refused(client, admin):
    client.post(reverse("staff_import_confirm"), {"packed": "W10:abc:def"})
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("upload", "told"),
    [
        (lambda: _sheet(GOOD, heads=("姓名", "电子邮箱")), "缺少列：手机、单位、角色"),
        (lambda: _sheet(), "表中没有数据"),
        (lambda: _sheet(*[GOOD] * 501), "一次最多导入 500 行"),
        (lambda: SimpleUploadedFile("a.xlsx", samples.picture()), "不接受这种格式"),
        (lambda: SimpleUploadedFile("a.xlsx", samples.docx({"xl/vbaProject.bin": b"x"})), "不接受这种格式"),
        (lambda: _sheet(GOOD, name="a.txt"), "文件扩展名与内容不符"),
        (lambda: _broken(_sheet(GOOD)), "文件已损坏"),
    ],
)  # fmt: skip
def test_sheet_that_is_none_is_refused_beside_the_field(client, admin, unit, upload, told):
    response = client.post(reverse("staff_import"), {"sheet": upload()})
    assert response.status_code == 422
    assert told in response.content.decode()


def test_sheet_is_judged_in_the_same_queries_for_any_length(unit, django_assert_num_queries):
    for count in (1, 30):
        rows = [
            staffing.Row(n, "甲", f"{n}@example.org", "", "市科技局", "经办人")
            for n in range(count)
        ]
        with django_assert_num_queries(3):
            assert all(row.ok for row in staffing.judge(rows))


def test_template_is_read_back_with_units_and_roles_to_choose(client, admin, unit):
    response = client.get(reverse("staff_import_template"))
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert [cell.value for cell in book["人员"][1]] == list(staffing.HEADS)
    assert "市科技局" in [row[0].value for row in book["可选值"].iter_rows()]
    with pytest.raises(staffing.SheetRefused, match="empty"):
        staffing.read(response.content)


# --- units ---------------------------------------------------------------------------


def test_division_and_phone_of_a_unit_are_set_with_an_event(client, admin, unit):
    url = reverse("unit_edit", args=[unit.code])
    given = {"division": "成果处", "division_en": "Transfer", "service_phone": "025-83711234"}
    for _again in range(2):
        client.post(url, given)
    unit.refresh_from_db()
    assert (unit.division, unit.service_phone) == ("成果处", "025-83711234")
    event = Event.objects.get(action="unit.contact")
    assert event.data["to"] == ["成果处", "Transfer", "025-83711234"]
    with translation.override("en"):
        assert unit.division_name == "Transfer"
    assert "025-83711234" in client.get(reverse("unit_list")).content.decode()


def test_phone_of_a_unit_that_is_none_is_refused(client, admin, unit):
    response = client.post(
        reverse("unit_edit", args=[unit.code]), {"division": "", "service_phone": "<script>"}
    )
    assert response.status_code == 422
    assert "电话只含数字" in response.content.decode()


@pytest.mark.parametrize("rows", [1, 30])
def test_units_take_the_same_queries_for_any_number(client, admin, rows, django_assert_num_queries):
    for _ in range(rows):
        UnitFactory()
    client.get(reverse("unit_list"))
    with django_assert_num_queries(6):
        client.get(reverse("unit_list"))
