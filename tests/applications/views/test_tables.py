"""Tables: the grid, pasting, workbooks."""

import time
import tracemalloc
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from applications import sheets, workbooks
from applications.models import Invoice, TableRow
from policy.invoices import COLUMNS
from tests.applications.definition import (
    invoice,
    start,
)
from tests.applications.views.pages import page, url

pytestmark = pytest.mark.django_db


def tsv(rows, columns):
    return "\n".join("\t".join(str(row.get(code, "")) for code in columns) for row in rows)


def test_rows_are_added_changed_and_removed_by_the_grid(filler, place):
    application = start(place)
    address = url("rows", application, "validated")
    first = filler.post(address, {"new-1.result": "靶点甲", "new-1.verdict": "通过"}).json()
    (uid,) = first["added"]
    row = TableRow.objects.get()
    assert (row.uid, row.data) == (uid, {"result": "靶点甲", "verdict": "passed"})
    marks = first["rows"][uid]["marks"]
    filler.post(address, {f"{uid}.result": "靶点乙", f"{uid}._seen": marks})
    assert TableRow.objects.get().data["result"] == "靶点乙"
    filler.post(address, {"remove": uid})
    assert not TableRow.objects.exists()


def test_twin_of_a_mended_row_loses_its_message_in_the_same_answer(filler, place):
    application = start(place)
    address = url("rows", application, "investment")
    twins = [invoice(1), invoice(2, invoice_no=invoice(1)["invoice_no"])]
    posted = {
        f"new-{number}.{code}": text
        for number, row in enumerate(twins, start=1)
        for code, text in row.items()
    }
    made = filler.post(address, posted).json()
    first, second = made["added"]
    assert all("invoice_no" in made["rows"][uid]["problems"] for uid in (first, second))
    marks = made["rows"][second]["marks"]
    mended = filler.post(
        address,
        {f"{second}.invoice_no": invoice(2)["invoice_no"], f"{second}._seen": marks},
    ).json()
    assert mended["rows"][first]["problems"] == mended["rows"][second]["problems"] == {}
    assert mended["wrong"] == 0


def test_a_saved_cell_is_answered_with_what_is_wrong_and_missing_in_all_rows(filler, place):
    draft = start(place)
    rows = [
        TableRow.objects.create(
            application=draft, table="results", position=position, data={"result": "甲"}
        )
        for position in (1, 2)
    ]
    first, second = (row.uid for row in rows)
    answer = filler.post(
        url("rows", draft, "validated"), {f"{first}.verdict": "passed", f"{first}._seen": "{}"}
    ).json()
    assert answer["problems"] == {second: {"result": "“甲”与第 1 行重复"}}
    assert set(answer["missing"]) == {second}
    answer = filler.post(
        url("rows", draft, "validated"), {f"{first}.result": "乙", f"{first}._seen": "{}"}
    ).json()
    assert answer["problems"] == {}
    assert answer["general"] == []


def test_twin_of_a_removed_row_loses_its_message_in_the_same_answer(filler, place):
    application = start(place)
    address = url("rows", application, "investment")
    twins = [invoice(1), invoice(2, invoice_no=invoice(1)["invoice_no"])]
    posted = {
        f"new-{number}.{code}": text
        for number, row in enumerate(twins, start=1)
        for code, text in row.items()
    }
    first, second = filler.post(address, posted).json()["added"]
    answer = filler.post(address, {"remove": second}).json()
    assert answer["rows"][first]["problems"] == {}


def test_cell_that_another_changed_is_told_and_kept(client, place):
    application = start(place)
    address = url("rows", application, "validated")
    client.force_login(place.filler)
    made = client.post(address, {"new-1.result": "甲", "new-1.verdict": "通过"}).json()
    (uid,) = made["added"]
    marks = made["rows"][uid]["marks"]
    client.force_login(place.admin)
    client.post(address, {f"{uid}.result": "乙", f"{uid}._seen": marks})
    client.force_login(place.filler)
    answer = client.post(
        address, {f"{uid}.result": "丙", f"{uid}.verdict": "未通过", f"{uid}._seen": marks}
    ).json()
    (conflict,) = answer["conflicts"]
    assert (conflict["row"], conflict["column"], conflict["theirs"]) == (uid, "result", "乙")
    assert "王主管" in conflict["text"]
    assert TableRow.objects.get().data == {"result": "乙", "verdict": "failed"}


def test_fixed_rows_are_stored_when_they_are_filled(filler, place):
    application = start(place)
    filler.post(url("rows", application, "goals"), {"@2.y1": "5", "@2.y2": "", "@2.y3": ""})
    row = TableRow.objects.get()
    assert (row.position, row.data) == (2, {"y1": 5})
    assert "删除第" not in page(filler, url("section", application, "goals"))


def test_500_pasted_rows_are_answered_within_a_second_with_an_error_at_each_cell(filler, place):
    application = start(place)
    rows = [invoice(n) for n in range(1, 501)]
    rows[41] |= {"gross_cny": "36,000.00"}
    rows[99] |= {"invoice_no": rows[0]["invoice_no"]}
    rows[200] |= {"invoice_date": "去年"}
    text = tsv(rows, [column.code for column in COLUMNS])
    began = time.process_time()  # of this process alone: others may keep the machine busy
    response = filler.post(url("paste", application, "investment"), {"text": text})
    took_s = time.process_time() - began
    assert response["Location"].endswith("?wrong=1")
    wrong = {row.position: set(row.problems) for row in Invoice.objects.filter(valid=False)}
    assert wrong == {
        1: {"invoice_no"}, 42: {"gross_cny"}, 100: {"invoice_no"}, 201: {"invoice_date"},
    }  # fmt: skip
    assert Invoice.objects.filter(valid=True).count() == 496
    assert took_s < 4, "about 0.5 s; see the benchmark"
    content = page(filler, response["Location"])
    assert "发票号码与第 100 行重复" in content and "“去年”不是日期" in content


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("名称\t发票号码\t类别\t供应商\t开票日期\t不含税额\t税额\t价税合计\n甲\t24320001\t设备购置\t乙\t2025/3/1\t100\t13\t113", ["甲"]),
        ("1\t设备购置\t甲\t\t\t乙\t\t\t24320001\t2025-03-01\t100\t13\t113\t\t\t否\t0", ["甲"]),
        ('设备购置\t"甲\n续行"\t\t\t乙\t\t\t24320001\t2025.3.1\t100\t13\t113', ["甲 续行"]),
        ("设备购置\t甲\t乙\t24320001\t2025年3月1日\t100\t13\t113\t否\t0", ["甲"]),
    ],
)  # fmt: skip
def test_paste_finds_its_columns(filler, place, text, names):
    application = start(place)
    filler.post(url("paste", application, "investment"), {"text": text})
    rows = Invoice.objects.order_by("position")
    assert [row.name for row in rows] == names
    assert {str(row.gross_cny) for row in rows} == {"113.00"}
    assert {str(row.invoice_date) for row in rows} == {"2025-03-01"}


@pytest.mark.parametrize("text", ["", "  \n\t\n"])
def test_empty_paste_is_told(filler, place, text):
    application = start(place)
    response = filler.post(url("paste", application, "investment"), {"text": text})
    assert response.status_code == 422
    assert "没有可读取的行" in response.content.decode()


def test_workbook_goes_out_and_comes_back_the_same_with_formulas_as_text(filler, place):
    application = start(place)
    rows = [invoice(1, name="=1+1"), invoice(2, name="+cmd|x"), invoice(3, seller="@供应商")]
    sheets.append_invoices(application, rows, actor=place.filler, replacing=True)
    before = [row.raw for row in Invoice.objects.order_by("position")]
    exported = filler.get(url("export", application, "investment")).content
    sheet = load_workbook(BytesIO(exported)).worksheets[0]
    assert [cell.data_type for cell in sheet["B"]][1:] == ["s", "s", "s"]
    upload = SimpleUploadedFile("表.xlsx", exported)
    response = filler.post(
        url("import", application, "investment"), {"file": upload, "replace": "1"}
    )
    assert response.status_code == 302
    after = [row.raw for row in Invoice.objects.order_by("position")]
    assert after == before


def test_template_names_every_column_and_takes_rows_back(filler, place):
    application = start(place)
    book = load_workbook(BytesIO(filler.get(url("template", application, "investment")).content))
    sheet = book.worksheets[0]
    assert sheet.max_column == len(COLUMNS)
    for place_, column in enumerate(COLUMNS, start=1):
        sheet.cell(2, place_, invoice(1).get(column.code))
    stream = BytesIO()
    book.save(stream)
    upload = SimpleUploadedFile("a.xlsx", stream.getvalue())
    filler.post(url("import", application, "investment"), {"file": upload})
    assert Invoice.objects.get().valid


def _workbook(**cells) -> bytes:
    book, stream = Workbook(), BytesIO()
    for place_, value in cells.items():
        book.active[place_] = value
    book.save(stream)
    return stream.getvalue()


def _with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The archive with one part replaced."""
    stream = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(stream, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, content if entry.filename == name else old.read(entry))
    return stream.getvalue()


def test_import_of_a_workbook_that_is_broken_inside_is_told(filler, place):
    application = start(place)
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"):
        for content in (b"<a", b"", b"<a/>"):
            data = _with_part(_workbook(A1="x"), part, content)
            response = filler.post(
                url("import", application, "investment"),
                {"file": SimpleUploadedFile("a.xlsx", data)},
            )
            assert response.status_code == 422, (part, content)


def test_sheet_with_a_cell_far_to_the_right_is_not_read_into_nothing():
    rows = {f"XFD{row}": "x" for row in range(1, 600)}
    tracemalloc.start()
    with pytest.raises(workbooks.NotATable):
        workbooks.from_xlsx(_workbook(A1="x", **rows), [])
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "不是 .xlsx 文件"), (b"%PDF-1.4", "不是 .xlsx 文件"), (None, "请选择要导入的")],
)
def test_import_of_something_else_is_told(filler, place, data, words):
    application = start(place)
    files = {} if data is None else {"file": SimpleUploadedFile("a.xlsx", data or b"x")}
    response = filler.post(url("import", application, "investment"), files)
    assert response.status_code == 422
    assert words in response.content.decode()
