"""The applicant's pages: what they show, what they refuse, how many queries they need."""

import json
import re
import tracemalloc
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from applications import drafts, invoices, sheets, workbooks
from applications.entries import digest
from applications.models import Answer, Application, Attachment, Invoice, Submission, TableRow
from applications.workflow import move
from policy.invoices import COLUMNS
from portal import clock
from portal.accounts.models import Role
from tests.applications.definition import (
    BODY,
    TEAM,
    attach,
    fill,
    invoice,
    make_call,
    make_measure,
    pdf,
    start,
    submitted,
    world,
)
from tests.factories import OrganisationFactory, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return world()


@pytest.fixture
def filler(client, place):
    client.force_login(place.filler)
    return client


@pytest.fixture
def admin(client, place):
    client.force_login(place.admin)
    return client


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


# --- every page opens ------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_a_draft_open_in_both_languages(filler, place, language):
    filler.cookies["language"] = language
    application = fill(start(place), place)
    page(filler, reverse("application_list"))
    page(filler, url("workspace", application))
    page(filler, url("check", application))
    for code in ("unit", "team", "validated", "goals", "investment", "attachments", "amount"):
        page(filler, url("section", application, code))
        page(filler, url("section", application, code) + "?check=1")
    assert filler.get(url("section", application, "review")).status_code == 302


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_a_submitted_case_open_in_both_languages(admin, place, run_tasks, language):
    admin.cookies["language"] = language
    application = submitted(place)
    page(admin, url("receipt", application))
    run_tasks()
    page(admin, url("receipt", application))
    page(admin, url("case", application))
    page(admin, reverse("application_list"))
    submission = application.submissions.get()
    page(admin, url("papers", application, submission.uid))
    for kind in ("receipt", "form"):
        response = admin.get(url("paper", application, submission.uid, kind))
        assert response.status_code == 200
        assert b"".join(response.streaming_content).startswith(b"%PDF")
    for code in ("unit", "team", "validated", "goals", "investment", "attachments", "amount"):
        assert "此页只供查看" in page(admin, url("section", application, code)) or language == "en"


def test_list_needs_the_same_queries_for_1_and_for_20_rows(
    filler, place, django_assert_max_num_queries
):
    few = world_with_cases(filler, place, 1)
    one = queries_of(django_assert_max_num_queries, filler, few)
    world_with_cases(filler, place, 29)
    many = queries_of(django_assert_max_num_queries, filler, few)
    assert (one, many) == (LIST_QUERIES, LIST_QUERIES)
    assert "下一页" in page(filler, few)


LIST_QUERIES = 7


def world_with_cases(filler, place, count):
    now = clock.now()
    held = Application.objects.count()
    Application.objects.bulk_create(
        Application(
            call=place.call, definition=place.call.definition, organisation=place.organisation,
            district=place.district, ordinal=held + number, started_by=place.filler,
            started_at=now, stage_started_at=now, title=f"案 {number}",
        )
        for number in range(1, count + 1)
    )  # fmt: skip
    return reverse("application_list")


def test_workspace_and_investment_table_need_the_same_queries_at_1_and_at_30_rows(
    filler, place, django_assert_max_num_queries
):
    application = fill(start(place), place, rows=1)
    pages = [
        url("workspace", application),
        url("section", application, "investment"),
        url("check", application),
    ]
    few = [queries_of(django_assert_max_num_queries, filler, address) for address in pages]
    invoices.add(application, [invoice(n) for n in range(2, 31)], actor=place.filler)
    many = [queries_of(django_assert_max_num_queries, filler, address) for address in pages]
    assert few == many
    assert max(many) <= 25


def test_page_of_30_invoices_weighs_less_than_100_kb_and_of_500_no_more(filler, place):
    application = start(place)
    rows = [
        invoice(n, specification="X", quantity="1", contract_no=f"HT-{n}") for n in range(1, 501)
    ]
    invoices.replace(application, rows[:30], actor=place.filler)
    narrow = len(filler.get(url("section", application, "investment")).content)
    whole = len(filler.get(url("section", application, "investment") + "?all=1").content)
    assert narrow < 100_000 and whole < 130_000
    invoices.replace(application, rows, actor=place.filler)
    response = filler.get(url("section", application, "investment"))
    assert len(response.content) < 100_000
    assert response.content.decode().count("<tr data-row=") == sheets.PAGE_ROWS


def test_case_page_needs_at_most_25_queries(admin, place, django_assert_max_num_queries):
    application = submitted(place)
    assert queries_of(django_assert_max_num_queries, admin, url("case", application), 25) <= 25


# --- rights -----------------------------------------------------------------------------------


def test_foreign_organisation_meets_404_everywhere(client, place):
    application = fill(start(place), place)
    client.force_login(person(Role.ORG_ADMIN, organisation=OrganisationFactory()))
    for name, *args in [
        ("workspace",), ("check",), ("case",), ("receipt",), ("section", "team"), ("section", "investment"),
        ("section", "attachments"), ("export", "investment"),
        ("file", application.attachments.get().uid),
    ]:  # fmt: skip
        assert client.get(url(name, application, *args)).status_code == 404
    for name, *args in [
        ("autosave", "team"),
        ("rows", "investment"),
        ("upload", "licence"),
        ("move",),
    ]:
        assert (
            client.post(url(name, application, *args), {"action": "hand_over"}).status_code == 404
        )
    application.refresh_from_db()
    assert application.status == "draft"


def test_draft_is_hidden_from_the_units(client, place):
    application = fill(start(place), place)
    client.force_login(person(Role.CLERK, unit=place.district))
    assert (
        client.get(url("file", application, application.attachments.get().uid)).status_code == 404
    )


@pytest.mark.parametrize(
    ("role", "unit", "target"),
    [(Role.CLERK, "district", "review_desk"), (Role.HEAD, "lead", "review_desk")],
)
def test_address_of_a_case_leads_officers_to_their_desk(client, place, role, unit, target):
    application = submitted(place)
    client.force_login(person(role, unit=getattr(place, unit)))
    response = client.get(url("case", application))
    assert response["Location"] == reverse(target, args=[application.uid])


def test_withdrawal_is_offered_to_the_admin_alone(client, place):
    application = submitted(place)
    link = reverse("award_withdraw", args=[application.uid])
    client.force_login(place.admin)
    assert link in page(client, url("case", application))
    client.force_login(place.filler)
    assert link not in page(client, url("case", application))


# --- starting ---------------------------------------------------------------------------------


def test_start_opens_a_draft_and_a_second_one_is_refused_with_the_way_to_the_first(filler, place):
    address = reverse("application_start", args=[place.call.uid])
    assert "新建申报" in page(filler, address)
    response = filler.post(address)
    application = Application.objects.get()
    assert response["Location"] == url("workspace", application)
    assert "继续已有的申报" in page(filler, address)
    again = filler.post(address)
    assert again.status_code == 422
    assert "贵单位在本批次已有一件申报" in again.content.decode()
    assert url("case", application) in again.content.decode()
    assert Application.objects.count() == 1


def test_organisation_that_may_not_apply_is_told_the_clause_and_nearer_measures(client, place):
    other = make_measure(place.lead, line="11-1")
    make_call(other, BODY | {"line": "11-1", "eligibility": {}})
    organisation = OrganisationFactory(kind="bank", district=place.district)
    client.force_login(person(Role.FILLER, organisation=organisation))
    address = reverse("application_start", args=[place.call.uid])
    content = page(client, address)
    assert "不符合申报条件" in content and place.measure.clause in content
    assert "11-1" in content and "新建申报" not in content
    assert client.post(address).status_code == 422
    assert not Application.objects.exists()


# --- sections -----------------------------------------------------------------------------------


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


def test_section_saved_whole_goes_on_and_stores_yuan_for_wan(filler, place):
    application = start(place)
    address = url("section", application, "team")
    data = form_of(page(filler, address)) | FULL | {"funds_cny": "１,２３４.５６"}
    response = filler.post(address, data)
    assert response.status_code == 302
    assert response["Location"] == url("section", application, "validated")
    stored = Answer.objects.get(section="team").data
    assert stored["funds_cny"] == "12345600.00"
    assert (stored["staff"], stored["has_fund"], stored["areas"]) == (26, False, ["bio", "ai"])


def test_section_with_errors_is_saved_and_names_each_in_summary_field_and_title(filler, place):
    application = start(place)
    address = url("section", application, "team")
    data = form_of(page(filler, address)) | FULL
    data |= {"staff": "二十六", "managers": "", "funds_cny": "99999"}
    response = filler.post(address, data)
    content = response.content.decode()
    assert response.status_code == 422
    assert "<title>错误：" in content
    for link, words in [
        ("#id_staff", "专职人员：“二十六”不是数字"),
        ("#id_managers", "其中技术经理人：请填写此项"),
        ("#id_funds_cny", "验证资金规模：99999 大于上限 10000"),
    ]:
        assert f'<a href="{link}">{words}</a>' in content
    assert 'value="二十六"' in content and 'value="99999.00"' in content
    stored = Answer.objects.get(section="team").data
    assert (stored["staff"], stored["funds_cny"]) == ("二十六", "999990000.00")


@pytest.mark.parametrize(("go", "target"), [("back", "unit"), ("list", None)])
def test_section_left_backwards_is_saved_without_being_asked_to_be_whole(filler, place, go, target):
    application = start(place)
    address = url("section", application, "team")
    data = form_of(page(filler, address)) | {"title": "甲", "_go": go}
    response = filler.post(address, data)
    expected = url("section", application, target) if target else url("workspace", application)
    assert response["Location"] == expected
    assert Answer.objects.get(section="team").data["title"] == "甲"


def test_two_browsers_without_scripts_are_told_of_the_same_field_and_lose_nothing(client, place):
    application = start(place)
    address = url("section", application, "team")
    client.force_login(place.filler)
    mine = form_of(page(client, address))
    client.force_login(place.admin)
    theirs = form_of(page(client, address))
    client.post(address, theirs | FULL | {"staff": "30"})
    client.force_login(place.filler)
    response = client.post(address, mine | FULL | {"staff": "28", "note": "补充说明"})
    content = response.content.decode()
    assert response.status_code == 422
    assert "王主管" in content and "30 人" in content and 'value="28"' in content
    stored = Answer.objects.get(section="team").data
    assert (stored["staff"], stored["note"]) == (30, "补充说明")
    # Having been told, pressing save again is a decision.
    again = form_of(content) | FULL | {"staff": "28", "note": "补充说明"}
    assert client.post(address, again).status_code == 302
    assert Answer.objects.get(section="team").data["staff"] == 28


def autosave(client, application, data, code="team"):
    response = client.post(url("autosave", application, code), data)
    return response.status_code, response.json()


def test_autosave_stores_and_tells_time_and_digests(filler, place):
    application = start(place)
    data = form_of(page(filler, url("section", application, "team")))
    status, answer = autosave(filler, application, data | {"staff": "26", "_tab": "a"})
    assert status == 200
    assert re.fullmatch(r"已保存 \d\d:\d\d:\d\d", answer["saved"])
    assert answer["seen"]["staff"] == digest(26)
    assert Answer.objects.get(section="team").data["staff"] == 26


def test_autosave_takes_over_what_another_wrote_and_shows_a_conflict(client, place):
    application = start(place)
    client.force_login(place.filler)
    opened = form_of(page(client, url("section", application, "team")))
    client.force_login(place.admin)
    autosave(client, application, opened | {"staff": "30", "note": "对方", "_tab": "b"})
    client.force_login(place.filler)
    status, answer = autosave(
        client, application, opened | {"staff": "28", "note": "", "_tab": "a"}
    )
    assert status == 200
    assert answer["merged"] == {"note": {"value": "对方"}}
    conflict = answer["conflicts"]["staff"]
    assert (conflict["theirs"], conflict["digest"]) == ("30", digest(30))
    assert "王主管" in conflict["html"] and "28 人" in conflict["html"]
    assert Answer.objects.get(section="team").data["staff"] == 30


def test_autosave_of_a_case_that_was_handed_over_is_refused_in_words(filler, place):
    application = fill(start(place), place)
    move(application, "hand_over", actor=place.filler)
    status, answer = autosave(
        filler, application, {"_fields": ["staff"], "staff": "1", "_seen": "{}"}
    )
    assert (status, answer) == (
        409,
        {"refused": "您不能修改此申报：它已交单位管理员，或您不是填报人。"},
    )
    assert Answer.objects.get(section="team").data["staff"] == 26


def test_broken_seen_is_no_fault_of_the_server(filler, place):
    application = start(place)
    for seen in ("", "[]", "{", '"x"', "7"):
        status, _answer = autosave(
            filler, application, {"_fields": ["staff"], "staff": "5", "_seen": seen}
        )
        assert status == 200


# --- tables ---------------------------------------------------------------------------------------


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


def tsv(rows, columns):
    return "\n".join("\t".join(str(row.get(code, "")) for code in columns) for row in rows)


def test_500_pasted_rows_are_answered_within_a_second_with_an_error_at_each_cell(filler, place):
    application = start(place)
    rows = [invoice(n) for n in range(1, 501)]
    rows[41] |= {"gross_cny": "36,000.00"}
    rows[99] |= {"invoice_no": rows[0]["invoice_no"]}
    rows[200] |= {"invoice_date": "去年"}
    text = tsv(rows, [column.code for column in COLUMNS])
    began = clock.now()
    response = filler.post(url("paste", application, "investment"), {"text": text})
    took = clock.now() - began
    assert response["Location"].endswith("?wrong=1")
    wrong = {row.position: set(row.problems) for row in Invoice.objects.filter(valid=False)}
    assert wrong == {
        1: {"invoice_no"}, 42: {"gross_cny"}, 100: {"invoice_no"}, 201: {"invoice_date"},
    }  # fmt: skip
    assert Invoice.objects.filter(valid=True).count() == 496
    assert took < timedelta(seconds=4), "about 0.6 s on an idle machine; see the benchmark"
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
    invoices.replace(application, rows, actor=place.filler)
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


# --- attachments -------------------------------------------------------------------------------------


def upload(client, application, slot, data, name="报告.pdf", *, script=True):
    headers = {"X-Requested-With": "XMLHttpRequest"} if script else {}
    file = SimpleUploadedFile(name, data)
    return client.post(url("upload", application, slot), {"file": file}, headers=headers)


def test_upload_is_stored_shown_opened_and_removed(filler, place):
    application = start(place)
    answer = upload(filler, application, "licence", pdf("a"), name="证照 𬭎.pdf")
    assert answer.status_code == 200 and "证照 𬭎.pdf" in answer.json()["html"]
    file = Attachment.objects.get()
    opened = filler.get(url("file", application, file.uid) + "?inline=1")
    assert b"".join(opened.streaming_content) == pdf("a")
    assert opened["Content-Disposition"].startswith("inline")
    saved = filler.get(url("file", application, file.uid))
    assert saved["Content-Disposition"].startswith("attachment")
    filler.post(url("file_remove", application, file.uid))
    file.refresh_from_db()
    assert (file.removed_by, file.removed_at is not None) == (place.filler, True)
    page(filler, url("section", application, "attachments"))  # the message that it is gone
    assert "证照 𬭎.pdf" not in page(filler, url("section", application, "attachments"))


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.pdf", "文件是空的"),
        (b"GIF89a", "a.pdf", "不接受这种格式"),
        (b"%PDF-1.4 broken", "a.pdf", "文件已损坏"),
    ],
)
def test_upload_that_is_refused_says_why_and_stores_nothing(filler, place, data, name, words):
    application = start(place)
    answer = upload(filler, application, "licence", data, name=name)
    assert answer.status_code == 422 and words in answer.json()["errors"][0]
    plain = upload(filler, application, "licence", data, name=name, script=False)
    assert plain.status_code == 422 and words in plain.content.decode()
    assert not Attachment.objects.exists()


def test_slot_that_is_full_and_an_empty_choice_are_told(filler, place):
    application = start(place)
    attach(application, "licence", actor=place.filler)
    answer = upload(filler, application, "licence", pdf("b"))
    assert answer.json()["errors"] == ["此项最多 1 个文件。请先删除不需要的文件。"]
    none = filler.post(
        url("upload", application, "audit"), headers={"X-Requested-With": "XMLHttpRequest"}
    )
    assert none.json()["errors"] == ["请选择要上传的文件。"]
    assert filler.post(url("upload", application, "nothing")).status_code == 404


def test_limits_are_told_before_anything_is_chosen(filler, place):
    application = start(place)
    content = page(filler, url("section", application, "attachments"))
    assert "PDF · 单个不超过 20 MB · 最多 1 个文件" in content
    assert "PDF、XLSX · 单个不超过 20 MB · 最多 2 个文件" in content


# --- check, hand over, submit ---------------------------------------------------------------------------


def posted(client, application, **more):
    content = page(client, url("check", application))
    data = {
        name: re.search(rf'name="{name}" value="([^"]*)"', content)[1]
        for name in ("action", "key", "seen")
    }
    return client.post(url("check", application), data | {"pledge": "1"} | more), data


def test_filler_hands_over_and_the_admin_submits_once_however_often_pressed(client, place):
    application = fill(start(place), place)
    client.force_login(place.filler)
    assert "交单位管理员提交" in page(client, url("check", application))
    client.post(url("move", application), {"action": "hand_over", "revision": application.revision})
    application.refresh_from_db()
    assert application.status == "handed"
    client.force_login(place.admin)
    response, data = posted(client, application)
    receipt = url("receipt", application)
    assert response["Location"] == receipt
    again = client.post(url("check", application), data | {"pledge": "1"})
    other_tab = client.post(url("check", application), data | {"pledge": "1", "key": "another"})
    assert (again["Location"], other_tab["Location"]) == (receipt, receipt)
    assert client.get(url("check", application))["Location"] == receipt
    assert Submission.objects.count() == 1
    content = page(client, receipt)
    submission = Submission.objects.get()
    assert "10-1-2026-0001" in content and submission.sha256[:8] in content
    assert "栖霞区" in content


def test_submission_without_the_pledge_stays_on_the_page(admin, place):
    application = fill(start(place), place)
    content = page(admin, url("check", application))
    key = re.search(r'name="key" value="([^"]*)"', content)[1]
    response = admin.post(url("check", application), {"action": "submit", "key": key})
    assert response.status_code == 422
    assert "请阅读并勾选承诺" in response.content.decode()
    assert "<title>错误：" in response.content.decode()
    assert not Submission.objects.exists()


def test_content_changed_behind_the_check_page_is_checked_again(admin, place):
    application = fill(start(place), place)
    content = page(admin, url("check", application))
    drafts.save_section(application, "team", {"staff": 27}, actor=place.filler)
    data = {
        name: re.search(rf'name="{name}" value="([^"]*)"', content)[1]
        for name in ("action", "key", "seen")
    }
    response = admin.post(url("check", application), data | {"pledge": "1"})
    assert response.status_code == 422
    assert "核对之后内容有改动" in response.content.decode()


def test_change_from_the_check_page_returns_to_its_card(admin, place):
    application = fill(start(place), place)
    content = page(admin, url("check", application))
    link = url("section", application, "team") + "?back=check"
    assert f'href="{link}"' in content
    section = page(admin, link)
    assert "保存并返回核对" in section
    data = form_of(section) | FULL | {"_back": "check"}
    response = admin.post(url("section", application, "team"), data)
    assert response["Location"] == url("check", application) + "#card-team"


def test_late_submission_is_told_both_times(client, place, clock):
    application = fill(start(place), place)
    clock.set(place.call.closes_at - timedelta(seconds=30))
    client.force_login(place.admin)
    page(client, url("check", application))
    clock.set(place.call.closes_at + timedelta(seconds=1))
    data = {"action": "submit", "key": "k", "pledge": "1"}
    response = client.post(url("check", application), data)
    assert response.status_code == 422
    assert "截止；您的提交于" in response.content.decode()


def test_every_problem_links_to_its_cell_and_comes_back(admin, place):
    application = start(place)
    content = page(admin, url("check", application))
    link = url("section", application, "team") + "?check=1&amp;back=check#id_staff"
    assert f'<a href="{link}">专职人员：请填写此项</a>' in content
    assert TEAM["title"] not in content


def test_unchanged_json_of_digests_survives_html(filler, place):
    application = start(place)
    data = form_of(page(filler, url("section", application, "team")))
    assert set(json.loads(data["_seen"])) == set(FULL)


def test_empty_draft_s_problems_stand_by_section_with_their_counts(admin, place):
    application = start(place)
    response = admin.get(url("check", application))
    groups = response.context["groups"]
    assert sum(group.count for group in groups) == len(response.context["stopping"])
    assert len(groups) == len({problem.section for problem in response.context["stopping"]})
    content = response.content.decode()
    # Nothing is wrong yet, only missing: no section stands open, each has its count.
    assert "<details open>" not in content and "is-stopping" not in content
    assert all(f"{len(group.missing)} 项未填" in content for group in groups)


def test_section_with_something_wrong_stands_open_on_the_check_page(admin, place):
    application = start(place)
    form_page = page(admin, url("section", application, "team"))
    typed = form_of(form_page) | {"staff": "很多"}
    admin.post(url("section", application, "team"), typed)
    response = admin.get(url("check", application))
    wrong = [group for group in response.context["groups"] if group.wrong]
    assert [group.report.section.code for group in wrong] == ["team"]
    assert response.content.decode().count("<details open>") == 1
