"""The calendar page: years, an import with preview and every wrong row, one day with its reason."""

import io
import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import Workbook

from policy import calendars
from policy.models import CalendarDay, CalendarYear
from policy.workdays import DueOn, add_workdays
from portal.audit.models import Event
from tests.policy.callable import person

pytestmark = pytest.mark.django_db

HEARD: list[tuple[int, str]] = []
ROWS = [
    ("2027-01-01", "休", "元旦"),
    ("2027/2/8", "休", "春节"),
    ("2027年2月20日", "班", "春节调休"),
    ("2027-10-01", "休", "国庆节"),
    ("2027-10-04", "休", "国庆节"),
]
OFF_2027 = [(date(2027, 10, day), False, "国庆节") for day in (1, 4, 5, 6)]
# Some days off on weekdays: no year is plausible without.
OFF = [(date(2026, 10, day), False, "国庆节") for day in (1, 2, 5, 6)]


def listener(year, *, actor):
    HEARD.append((year, str(actor)))


@pytest.fixture(autouse=True)
def heard(settings):
    settings.CALENDAR_LISTENERS = [f"{__name__}.listener"]
    HEARD.clear()


@pytest.fixture
def admin(client):
    user = person("administrator")
    client.force_login(user)
    return user


def as_csv(rows, head="日期,类型,名称", encoding="utf-8") -> SimpleUploadedFile:
    text = "\n".join([head, *(",".join(row) for row in rows)])
    return SimpleUploadedFile("days.csv", text.encode(encoding))


def as_xlsx(rows) -> SimpleUploadedFile:
    book = Workbook()
    book.active.append(["日期", "类型", "名称"])
    for row in rows:
        book.active.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return SimpleUploadedFile("days.xlsx", stream.getvalue())


def upload(client, file, **more):
    data = {"year": "2027", "source": "国办发明电〔2026〕7号", "file": file} | more
    return client.post(reverse("policy_calendar_import"), data)


def payload_of(response) -> str:
    return response.context["payload"]


@pytest.mark.parametrize(
    "file",
    [
        as_csv(ROWS),
        as_csv(ROWS, encoding="gb18030"),
        as_csv(ROWS, encoding="utf-8-sig"),
        as_csv([(day, {"休": "off", "班": "work"}[kind], name) for day, kind, name in ROWS],
               head="date,kind,name"),
        as_xlsx(ROWS),
        as_xlsx([(date(2027, 1, 1), "休", "元旦"), *ROWS[1:]]),
    ],
    ids=["csv", "gb18030", "bom", "english", "xlsx", "date-cell"],
)  # fmt: skip
def test_import_is_previewed_then_confirmed(client, admin, file):
    response = upload(client, file)
    assert response.status_code == 200
    assert "全年 258 个工作日" in response.content.decode()
    assert not CalendarYear.objects.exists()
    client.post(reverse("policy_calendar_confirm"), {"payload": payload_of(response)})
    year = CalendarYear.objects.get()
    assert (year.year, year.source, year.provisional) == (2027, "国办发明电〔2026〕7号", False)
    assert list(CalendarDay.objects.values_list("date", "is_workday", "name")) == [
        (date(2027, 1, 1), False, "元旦"),
        (date(2027, 2, 8), False, "春节"),
        (date(2027, 2, 20), True, "春节调休"),
        (date(2027, 10, 1), False, "国庆节"),
        (date(2027, 10, 4), False, "国庆节"),
    ]
    assert HEARD == [(2027, "administrator")]


def test_every_wrong_row_is_named_and_what_was_typed_stays(client, admin):
    rows = [
        ("2027-01-01", "休", "元旦"),
        ("2027-02-30", "休", "x"),
        ("2026-01-01", "休", "x"),
        ("2027-01-01", "班", "x"),
        ("2027-03-01", "假", "x"),
        ("2027-03-02", "休", "长" * 41),
    ]
    response = upload(client, as_csv(rows), provisional="on")
    assert response.status_code == 422
    assert response.context["errors"] == [
        (3, "“2027-02-30”不是日期，请写作 2027-01-01。"),
        (4, "2026-01-01 不在所填年份。"),
        (5, "2027-01-01 重复。"),
        (6, "“假”不是类型，请填写“休”或“班”。"),
        (7, f"名称过长：{'长' * 40}……"),
    ]
    page = response.content.decode()
    assert 'value="国办发明电〔2026〕7号"' in page
    assert 'name="provisional"' in page
    assert "checked" in page
    assert re.search(r'href="#id_file">[^<]*5 行有误。', page)
    assert not CalendarYear.objects.exists()


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (SimpleUploadedFile("days.xlsx", b"not a workbook"), "文件无法读取"),
        (SimpleUploadedFile("days.csv", b"\xff\xfe\x00\xff\xff"), "文件编码无法识别"),
        (SimpleUploadedFile("days.csv", b"a\0b,c"), "文件无法读取"),
        (SimpleUploadedFile("days.csv", "日,类\n".encode()), "文件中为“日、类”"),
        (SimpleUploadedFile("days.csv", b" \n"), "首行须为"),
        (as_csv([("2027-01-01", "休", "x")] * 401), "超过 400 行"),
        (SimpleUploadedFile("days.pdf", b"%PDF"), "请上传 .xlsx 或 .csv 文件。"),
        (SimpleUploadedFile("days.csv", b"x" * (1024 * 1024 + 1)), "文件超过 1 MB。"),
        (SimpleUploadedFile("days.csv", b""), "所提交的是空文件。"),
    ],
    ids=["xlsx", "encoding", "nul", "head", "empty", "long", "type", "size", "nothing"],
)
def test_unreadable_file_is_told_beside_the_field(client, admin, file, message):
    file.seek(0)
    response = upload(client, file)
    assert response.status_code == 422
    assert message in response.content.decode()
    assert 'id="id_file_error"' in response.content.decode()


def test_implausible_year_is_shown_but_not_loaded(client, admin):
    rows = [
        (f"2027-{month:02}-{day:02}", "休", "x") for month in range(1, 10) for day in range(1, 9)
    ]
    response = upload(client, as_csv(rows))
    assert response.status_code == 422
    assert "不能载入" in response.content.decode()
    client.post(reverse("policy_calendar_confirm"), {"payload": payload_of(response)})
    assert not CalendarYear.objects.exists()


@pytest.mark.parametrize("payload", ["", "forged", "eyJ5ZWFyIjoyMDI3fQ:1abcde:xyz"])
def test_forged_confirmation_loads_nothing(client, admin, payload):
    response = client.post(reverse("policy_calendar_confirm"), {"payload": payload}, follow=True)
    assert "预览已失效" in response.content.decode()
    assert not CalendarYear.objects.exists()


def test_preview_of_a_loaded_year_shows_what_changes(client, admin):
    calendars.load_year(
        2027, [(date(2027, 1, 1), False, "元旦"), (date(2027, 1, 4), False, "元旦")],
        source="暂定", provisional=True, actor="test",
    )  # fmt: skip
    response = upload(client, as_csv(ROWS))
    assert response.context["changed"] == [
        (date(2027, 1, 4), False, True),
        (date(2027, 2, 8), True, False),
        (date(2027, 2, 20), False, True),
        (date(2027, 10, 1), True, False),
        (date(2027, 10, 4), True, False),
    ]
    client.post(reverse("policy_calendar_confirm"), {"payload": payload_of(response)})
    assert not CalendarYear.objects.get(year=2027).provisional


def test_one_day_is_changed_with_its_reason_and_heard_above(client, admin):
    calendars.seed(actor="test")
    HEARD.clear()
    friday = date(2026, 11, 27)
    assert add_workdays(date(2026, 11, 26), 1) == DueOn(friday)
    url = reverse("policy_calendar_day", args=[friday.isoformat()])
    assert 'value="work"' in client.get(url).content.decode()
    response = client.post(url, {"kind": "off", "name": "", "reason": ""})
    assert response.status_code == 422
    client.post(url, {"kind": "off", "name": "运动会", "reason": "市政府通知"})
    assert add_workdays(date(2026, 11, 26), 1) == DueOn(date(2026, 11, 30))
    event = Event.objects.get(action="calendar.set_day")
    assert event.data == {
        "date": "2026-11-27",
        "before": True,
        "after": False,
        "name": "运动会",
        "reason": "市政府通知",
    }
    assert HEARD == [(2026, "administrator")]


@pytest.mark.parametrize("day", ["2031-01-01", "2026-02-30", "x"])
def test_day_that_cannot_be_changed_is_not_found(client, admin, day):
    calendars.seed(actor="test")
    assert client.get(reverse("policy_calendar_day", args=[day])).status_code == 404


@pytest.mark.parametrize(
    ("typed", "message"),
    [("", "请选择日期。"), ("2031-01-01", "2031 年日历尚未载入。"), ("x", "请选择日期。")],
)
def test_day_chosen_wrongly_is_told(client, admin, typed, message):
    calendars.seed(actor="test")
    url = reverse("policy_calendar_day", args=["go"])
    assert message in client.get(url, {"date": typed}, follow=True).content.decode()


def test_listener_that_fails_undoes_the_import(settings):
    settings.CALENDAR_LISTENERS = [f"{__name__}.absent"]
    with pytest.raises(ImportError):
        calendars.load_year(2027, OFF_2027, source="x", actor="test")
    assert not CalendarYear.objects.exists()


def test_calendar_page_marks_what_is_provisional(client, admin):
    calendars.load_year(2026, OFF, source="x", actor="test")
    calendars.load_year(2027, OFF_2027, source="暂定安排", provisional=True, actor="test")
    page = client.get(reverse("policy_calendar") + "?year=2027").content.decode()
    assert "本年为暂定日历" in page
    page = client.get(reverse("policy_calendar") + "?year=2026").content.decode()
    assert "本年为暂定日历" not in page
    assert "2027 （暂定）" in page


def test_empty_calendar_says_what_to_do(client, admin):
    page = client.get(reverse("policy_calendar")).content.decode()
    assert "尚未载入任何年份" in page
    assert reverse("policy_calendar_import") in page


@pytest.mark.parametrize("number", [1, 30])
def test_calendar_page_takes_the_same_queries_for_any_number_of_days(client, admin, number):
    named = [(date(2026, 3, 1 + n), date(2026, 3, 1 + n).weekday() < 5, "x") for n in range(number)]
    calendars.load_year(2026, OFF + named, source="x", actor="test")
    client.get(reverse("policy_calendar"))
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse("policy_calendar"))
    assert len(captured) == 7
