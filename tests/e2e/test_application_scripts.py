"""The scripts of the applicant's pages: autosave, grid, uploads, the one submission."""

import pytest
from playwright.sync_api import expect

from applications.models import Answer, Attachment, Invoice, Submission, TableRow
from tests.applications import definition
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place():
    return definition.world()


@pytest.fixture
def draft(place):
    return definition.start(place)


def path(draft, section):
    return f"/applications/{draft.uid}/edit/{section}/"


def stored(code, *, section="team"):
    """What is stored of the answer; None before it is saved."""
    answer = Answer.objects.filter(section=section).first()
    return answer and answer.data.get(code)


def test_typing_is_saved_without_a_button_and_says_when(open_page, place, draft):
    page = open_page(path(draft, "team"), user=place.filler)
    # The page's time stands still: two seconds of it are what autosave promises.
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    page.locator("#id_title").press_sequentially("钟山")
    expect(page.locator("#save-state")).to_have_text("有未保存的修改")
    page.clock.run_for(2000)
    expect(page.locator("#save-state")).to_contain_text("已保存")
    assert stored("title") == "钟山"
    page.clock.resume()
    page.locator("#id_funds_cny").fill("200")
    expect(page.locator("[data-money-echo=id_funds_cny]")).to_have_text(
        "200.00 万元 = ¥2,000,000.00 = 人民币贰佰万元整"
    )
    eventually(lambda: stored("funds_cny"), "2000000.00")


def test_two_tabs_merge_and_the_same_field_asks_which(open_page, place, draft):
    mine = open_page(path(draft, "team"), user=place.filler)
    theirs = open_page(path(draft, "team"), user=place.admin)
    theirs.locator("#id_staff").fill("30")
    theirs.locator("#id_note").fill("对方的说明")
    eventually(lambda: stored("note"), "对方的说明")
    mine.locator("#id_staff").fill("28")
    conflict = mine.locator("[data-conflict=staff]")
    expect(conflict).to_contain_text("30 人")
    expect(conflict).to_contain_text("王主管")
    expect(mine.locator("#save-state")).to_contain_text("请选择保留哪一份")
    expect(mine.locator("#id_note")).to_have_value("对方的说明")
    assert stored("staff") == 30
    conflict.get_by_role("button", name="用我填写的").click()
    expect(conflict).to_have_count(0)
    eventually(lambda: stored("staff"), 28)
    expect(mine.locator("#save-state")).to_contain_text("已保存")
    # And the other way round.
    theirs.locator("#id_staff").fill("31")
    conflict = theirs.locator("[data-conflict=staff]")
    expect(conflict).to_be_visible()
    conflict.get_by_role("button", name="用对方保存的").click()
    expect(theirs.locator("#id_staff")).to_have_value("28")
    expect(theirs.locator("#save-state")).to_contain_text("已保存")
    assert stored("staff") == 28


def test_amount_bar_follows_what_is_typed(open_page, place):
    application = definition.fill(definition.start(place), place)
    page = open_page(path(application, "amount"), user=place.filler)
    card = page.locator("#amount-card")
    expect(card).to_contain_text("¥600.00")
    page.locator("#id_asked_cny").fill("0.05")
    expect(card).to_contain_text("¥500.00")


def test_grid_moves_by_keys_adds_rows_and_saves_cells(open_page, place, draft):
    page = open_page(path(draft, "validated"), user=place.filler)
    first = page.locator("tr[data-row] input").first
    first.click()
    page.keyboard.type("靶点甲")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    page.keyboard.type("靶点乙")
    page.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("2025/3/14")
    rows = TableRow.objects.order_by("position").values_list("data", flat=True)
    second = {"result": "靶点乙"}
    first_row = {"result": "靶点甲", "invested_on": "2025-03-14"}
    eventually(lambda: list(rows.all()), [first_row, second])
    expect(page.locator("#save-state")).to_contain_text("已保存")
    page.locator("[data-remove]").first.click()
    eventually(lambda: list(rows.all()), [second])


def test_a_row_on_its_way_is_not_stored_once_more_by_the_button(open_page, place, draft):
    page = open_page(path(draft, "validated"), user=place.filler)
    held = []
    # The server stores the row; its answer is late.
    page.route("**/rows/", lambda route: held.append((route, route.fetch())))
    page.locator("tr[data-row] input").first.fill("靶点甲")
    while not held:
        page.wait_for_timeout(50)
    page.get_by_role("button", name="保存并继续").click()
    page.wait_for_timeout(300)
    for route, answer in held:
        route.fulfill(response=answer)
    expect(page.locator("[data-error-summary]")).to_be_visible()
    assert [row.data["result"] for row in TableRow.objects.all()] == ["靶点甲"]


def test_cells_take_a_pasted_block_and_show_their_errors(open_page, place, draft):
    page = open_page(path(draft, "investment"), user=place.filler)
    cell = page.locator("tr[data-row] select").first
    cell.focus()
    block = "设备购置\t离心机\t示例公司\t2432000001\t2025-03-14\t100\t13\t200"
    page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        block,
    )
    expect(page.locator(".cell-problem").first).to_contain_text("价税合计应为")
    assert Invoice.objects.get().raw["gross_cny"] == "200.00"
    gross = page.locator("input[name$='.gross_cny']").first
    gross.fill("113")
    page.locator("select[name$='.related_party']").first.select_option("false")
    page.locator("input[name$='.fiscal_percent']").first.fill("0")
    expect(page.locator(".cell-problem")).to_have_count(0)
    expect(page.locator("[data-grid-total]")).to_have_text("¥113.00 = 0.0113 万元")
    eventually(lambda: Invoice.objects.get().valid, True)


def test_what_is_mended_leaves_the_summary_and_the_rest_stays_marked(open_page, place, draft):
    for position in (1, 2):
        TableRow.objects.create(
            application=draft, table="results", position=position, data={"result": "甲"}
        )
    page = open_page(path(draft, "validated") + "?check=1", user=place.filler)
    summary = page.locator("[data-error-summary]")
    listed = summary.locator("li").count()
    marked = page.locator(".cell-problem").count()
    assert listed == marked > 2
    # The second row repeats the first; the first is mended, and both leave it at that.
    page.locator("tr[data-row] input[name$='.result']").first.fill("乙")
    expect(page.locator(".cell-problem")).to_have_count(marked - 1)
    expect(summary.locator("li")).to_have_count(listed - 1)
    expect(summary.locator("h2")).to_contain_text(str(listed - 1))
    expect(summary).not_to_contain_text("重复")


def test_upload_shows_each_file_and_a_refusal_in_words(open_page, place, draft, tmp_path):
    good, bad = tmp_path / "审计报告.pdf", tmp_path / "坏文件.pdf"
    good.write_bytes(definition.pdf("a"))
    bad.write_bytes(b"GIF89a")
    page = open_page(path(draft, "attachments"), user=place.filler)
    slot = page.locator("#slot-audit")
    with page.expect_file_chooser() as chooser:
        slot.get_by_role("button", name="选择文件").click()
    chooser.value.set_files([str(good), str(bad)])
    expect(slot.locator("[data-slot-files]")).to_contain_text("审计报告.pdf")
    expect(slot.locator(".upload-error")).to_contain_text("不接受这种格式")
    assert Attachment.objects.get().name == "审计报告.pdf"
    # Sent again it would be refused again: it can only be taken off the list.
    slot.get_by_role("button", name="移除").click()
    expect(slot.locator(".upload-error")).to_have_count(0)


def test_double_click_and_back_make_one_case(open_page, place):
    application = definition.fill(definition.start(place), place)
    page = open_page(f"/applications/{application.uid}/check/", user=place.admin)
    page.locator("#id_pledge").check()
    page.get_by_role("button", name="提交申报").dblclick(no_wait_after=True)
    page.wait_for_url("**/receipt/")
    expect(page.locator("h1")).to_have_text("申报已提交")
    page.go_back()
    page.wait_for_url("**/receipt/")
    assert Submission.objects.count() == 1


def test_signing_in_again_over_the_page_loses_no_character(open_page, place, draft):
    page = open_page(path(draft, "team"), user=place.filler)
    page.context.clear_cookies(name="session")
    page.locator("#id_title").fill("会话到期时填写")
    expect(page.locator("#save-state")).to_contain_text("登录已到期")
    # Pressed all the same, the page stays; so it does for whoever else has signed in meanwhile.
    press, told = page.get_by_role("button", name="保存并继续"), page.locator("[data-session-text]")
    press.click()
    expect(told).to_contain_text("登录已到期")
    other = open_page("/applications/", user=place.admin)
    page.context.add_cookies(other.context.cookies())
    press.click()
    expect(told).to_contain_text("另一账户")
    expect(page.locator("#id_title")).to_have_value("会话到期时填写")
    again = open_page("/applications/", user=place.filler)
    page.context.add_cookies(again.context.cookies())
    eventually(lambda: stored("title"), "会话到期时填写")
    expect(page.locator("#save-state")).to_contain_text("已保存")
