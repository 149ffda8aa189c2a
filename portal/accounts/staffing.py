"""Staff of units from an .xlsx: read, judged row by row, and taken up.

Nothing is taken up that was not shown: the page carries the judged rows signed, and each is judged
again when it is taken up.
"""

import io
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import xlsxwriter
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from openpyxl import load_workbook

from portal.accounts import inviting, memberships
from portal.accounts.models import UNIT_ROLES, Membership, Role, Unit, User
from portal.accounts.phones import PHONE
from portal.files.inspecting import inspect
from portal.files.names import clean_name
from portal.files.refusals import FileRefused

MAX_ROWS = 500
ROLES = {Role.CLERK, Role.HEAD, Role.FINANCE, Role.FINANCE_HEAD, Role.EXPERT, Role.EVALUATOR}
HEADS = ("姓名", "电子邮箱", "手机", "单位", "角色")


class SheetRefused(ValueError):
    """``reason`` is one of head, empty, too_many; ``found`` tells more."""

    def __init__(self, reason: str, found: str = ""):
        self.reason, self.found = reason, found
        super().__init__(f"{reason}: {found}")


@dataclass
class Row:
    """One line of the sheet, and what is wrong with it, column by column."""

    line: int
    name: str
    email: str
    phone: str
    unit: str
    role: str
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.errors


def template() -> bytes:
    """The sheet to fill in, its lists of units and roles on a second one."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet, lists = book.add_worksheet("人员"), book.add_worksheet("可选值")
    bold = book.add_format({"bold": True, "bg_color": "#E8F0FB", "border": 1})
    text = book.add_format({"num_format": "@"})
    for column, head in enumerate(HEADS):
        sheet.write_string(0, column, head, bold)
    sheet.set_column(0, len(HEADS) - 1, 24, text)
    units = list(Unit.objects.values_list("name_zh", flat=True))
    roles = [str(Role(role).label) for role in Role if role in ROLES]
    for column, values in enumerate([units, roles]):
        lists.write_string(0, column, HEADS[3 + column], bold)
        for number, value in enumerate(values, start=1):
            lists.write_string(number, column, value)
        if values:
            letter = "AB"[column]
            source = f"=可选值!${letter}$2:${letter}${len(values) + 1}"
            sheet.data_validation(
                1, 3 + column, MAX_ROWS, 3 + column, {"validate": "list", "source": source}
            )
    lists.set_column(0, 1, 30)
    sheet.freeze_panes(1, 0)
    book.close()
    return target.getvalue()


def checked(content: bytes, *, name: str) -> bytes:
    """The content, once it is found to be an .xlsx as any upload must be. ``FileRefused``."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        inspect(Path(file.name), name=clean_name(name), types=("xlsx",))
    return content


def read(content: bytes) -> list[Row]:
    """The rows of the sheet, unjudged. Raises ``SheetRefused`` or ``FileRefused``."""
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        lines = book.worksheets[0].iter_rows(max_row=MAX_ROWS + 100, max_col=30, values_only=True)
        lines = [[_cell(value) for value in line] for line in lines]
    except Exception as error:
        # openpyxl lets whatever its parsers raise through: all of it means "no workbook".
        raise FileRefused("damaged") from error
    if not lines or not any(lines[0]):
        raise SheetRefused("empty")
    columns = {head: lines[0].index(head) for head in HEADS if head in lines[0]}
    if missing := [head for head in HEADS if head not in columns]:
        raise SheetRefused("head", "、".join(missing))
    rows = [
        Row(number, *(line[columns[head]] for head in HEADS))
        for number, line in enumerate(lines[1:], start=2)
        if any(line)
    ]
    if not rows:
        raise SheetRefused("empty")
    if len(rows) > MAX_ROWS:
        raise SheetRefused("too_many", str(MAX_ROWS))
    return rows


def _cell(value) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())


def judge(rows: Iterable[Row]) -> list[Row]:
    """The rows with their errors, in five queries at most, however many they are."""
    rows = list(rows)
    units = {unit.name_zh: unit for unit in Unit.objects.all()}
    labels = {str(Role(role).label): role for role in ROLES} | {str(role): role for role in ROLES}
    held = set(
        Membership.objects.active()
        .filter(user__email__in=[row.email.lower() for row in rows])
        .values_list("user__email", "role", "unit__name_zh")
    )
    disabled = set(
        User.objects.filter(
            email__in=[row.email.lower() for row in rows], is_active=False
        ).values_list("email", flat=True)
    )
    seen: dict[tuple, int] = {}
    for row in rows:
        row.email, row.errors = row.email.lower(), {}
        role = labels.get(row.role)
        _judge_person(row, disabled)
        if role is None:
            row.errors["role"] = _("没有这个角色。可填：{roles}").format(
                roles="、".join(str(Role(known).label) for known in Role if known in ROLES)
            )
        elif role in UNIT_ROLES and row.unit not in units:
            row.errors["unit"] = (
                _("没有这个单位，请从“可选值”中选取。") if row.unit else _("请填写单位。")
            )
        elif role not in UNIT_ROLES and row.unit:
            row.errors["unit"] = _("这个角色不属于单位，请留空。")
        key = (row.email, role, row.unit)
        if row.ok and key in seen:
            row.errors["email"] = _("与第 {line} 行重复。").format(line=seen[key])
        elif row.ok and (row.email, role, row.unit or None) in held:
            row.errors["email"] = _("此人已有这个角色。")
        seen.setdefault(key, row.line)
    return rows


def _judge_person(row: Row, disabled: set[str]) -> None:
    if not row.name:
        row.errors["name"] = _("请填写姓名。")
    elif len(row.name) > 60:
        row.errors["name"] = _("姓名最多 60 字。")
    try:
        validate_email(row.email)
    except ValidationError:
        row.errors["email"] = _("电子邮箱格式不对。") if row.email else _("请填写电子邮箱。")
    else:
        if row.email in disabled:
            row.errors["email"] = _("此账户已停用，请先启用。")
    if row.phone and not PHONE.fullmatch(row.phone):
        row.errors["phone"] = _("手机号是 11 位数字，以 1 开头。")


@transaction.atomic
def take_up(rows: Iterable[Row], *, actor: User) -> dict[str, int]:
    """Grant to whoever has an account, invite whoever has none. All of the rows, or none.

    Raises ``SheetRefused("changed", line)`` if a row is no longer good.
    """
    rows = judge(rows)
    for row in rows:
        if not row.ok:
            raise SheetRefused("changed", str(row.line))
    units = {unit.name_zh: unit for unit in Unit.objects.all()}
    labels = {str(Role(role).label): role for role in ROLES} | {str(role): role for role in ROLES}
    users = {user.email: user for user in User.objects.filter(email__in=[r.email for r in rows])}
    done = {"granted": 0, "invited": 0}
    for row in rows:
        role, unit = labels[row.role], units.get(row.unit)
        if row.email in users:
            try:
                memberships.grant(users[row.email], role, unit=unit, actor=actor, reason="import")
            except memberships.GrantRefused as refusal:
                raise SheetRefused("changed", str(row.line)) from refusal
            done["granted"] += 1
        else:
            inviting.invite(row.email, role, unit=unit, name=row.name, phone=row.phone, actor=actor)
            done["invited"] += 1
    return done


def pack(rows: Iterable[Row]) -> list[dict]:
    """What the page carries, signed, between the two steps."""
    return [{key: value for key, value in asdict(row).items() if key != "errors"} for row in rows]


def unpack(values: list[dict]) -> list[Row]:
    return [Row(**value) for value in values]
