"""The reviewing pages in a real browser: they fit, axe finds nothing, the desk's keys work."""

import io
from datetime import date, timedelta

import pikepdf
import pytest
from django.db import transaction
from playwright.sync_api import expect

from applications.models import Attachment
from portal import clock as clocks
from portal.files.storing import store
from reviews import (
    checking,
    consulting,
    findings,
    objecting,
    panels,
    proposing,
    recommending,
    scoring,
    selecting,
    verifying,
)
from tests.e2e import look
from tests.factories import OrganisationFactory
from tests.reviews.cases import (
    Office,
    add_invoice,
    at_day,
    fill_all,
    make_case,
    make_expert,
    make_office,
    make_pool,
    published,
    scoring_panel,
)

pytestmark = pytest.mark.django_db(transaction=True)
LANGUAGES = ["zh-hans", "en"]
NAMES = ["钟山示例概念验证中心", "江北示例材料验证中心", "秦淮示例医学验证中心"]


def pdf(pages: int = 3) -> bytes:
    stream = io.BytesIO()
    with pikepdf.new() as document:
        for _index in range(pages):
            document.add_blank_page(page_size=(595, 842))
        document.save(stream, deterministic_id=True)
    return stream.getvalue()


@pytest.fixture
def office() -> Office:
    return make_office()


def organisation(office, index: int = 0):
    return OrganisationFactory(
        name=NAMES[index % len(NAMES)], district=office.district,
        contact_phone=f"1390000000{index}", bank_account=f"62220000000{index}",
        address=f"南京市测试路 {index} 号",
    )  # fmt: skip


def whole_case(office, *, at: str = "formal_check", index: int = 0, **more):
    """A case with a file that can be shown, and invoices worth a look."""
    case = make_case(office, at=at, organisation=organisation(office, index), **more)
    now = clocks.now()
    blob = store(pdf(), name="社保证明.pdf", types=["pdf"], max_bytes=10**6, at=now)
    Attachment.objects.filter(application=case, slot="social_insurance").update(
        blob=blob, name="社保证明.pdf"
    )
    add_invoice(case, gross="600000.00", related_party=True, seller="示例关联科技有限公司")
    return case


@pytest.mark.parametrize("language", LANGUAGES)
def test_lists_and_desk_fit_their_readers(faults_of, office, language):
    cases = [whole_case(office, index=index) for index in range(3)]
    case, clerk = cases[0], office.lead_clerk
    checking.tick(case, "uscc", actor=clerk, result="passed")
    checking.tick(case, "staff", actor=clerk, result="failed", note="社保证明只列 24 人")
    file = case.attachments.get(slot="social_insurance").uid
    faults = []
    for name, path in {
        "inbox": "/reviews/",
        "inbox-filtered": "/reviews/?view=mine&asked_min=1&due_to=x",
        "batch": f"/reviews/batch/?act=accept&case={cases[1].uid}&case={cases[2].uid}",
        "inbox-empty": "/reviews/?view=corrected",
        "case-list": "/reviews/all/",
        "desk-check": f"/reviews/cases/{case.uid}/",
        "desk-file": f"/reviews/cases/{case.uid}/?doc={file}&page=2",
        "desk-amount": f"/reviews/cases/{case.uid}/?tab=amount&doc=invoices",
        "desk-findings": f"/reviews/cases/{case.uid}/?tab=findings",
        "desk-history": f"/reviews/cases/{case.uid}/?tab=history",
        "desk-refuse": f"/reviews/cases/{case.uid}/?act=refuse",
        "correction": f"/reviews/cases/{case.uid}/correction/",
    }.items():
        faults += faults_of(path, f"review-{name}", user=clerk, language=language)
    assert faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_district_and_co_unit_pages_fit_their_readers(faults_of, office, language):
    first = whole_case(office, at="recommendation")
    second = whole_case(office, at="joint_review", index=1)
    with transaction.atomic():
        consulting.start(second, actor=office.lead_clerk)
    consulting.give(
        second.opinions.get(unit=office.co_units[0]), actor=office.co_clerk(0),
        outcome="objection", text="环保手续尚未办结，请核实。",
    )  # fmt: skip
    faults = []
    for name, path, user in (
        ("desk-recommend", f"/reviews/cases/{first.uid}/?act=recommend", office.district_clerk),
        ("desk-opinion", f"/reviews/cases/{second.uid}/?act=opinion", office.co_clerk(1)),
        ("desk-conclude", f"/reviews/cases/{second.uid}/?act=conclude", office.lead_clerk),
    ):
        faults += faults_of(path, f"review-{name}", user=user, language=language)
    assert faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_release_pages_fit_their_readers(faults_of, office, language):
    refused, verified = whole_case(office), whole_case(office, at="verification", index=1)
    proposal = proposing.draft(
        refused, "refuse", actor=office.lead_clerk, reason="建设地点不在南京市。"
    )
    found = findings.current(verified)
    for row in found:
        findings.settle(
            verified, row.key, actor=office.lead_clerk, state="confirmed", reason="关联属实"
        )
    verification = verifying.draft(
        verified, actor=office.lead_clerk, given={}, note="关联交易剔除。"
    )
    faults = []
    for name, path, user in (
        ("release-list", "/reviews/release/", office.lead_head),
        ("proposal", f"/reviews/proposals/{proposal.uid}/", office.lead_head),
        ("verification", f"/reviews/cases/{verified.uid}/verification/", office.lead_clerk),
        ("verification-release", f"/reviews/verifications/{verification.uid}/", office.lead_head),
    ):
        faults += faults_of(path, f"review-{name}", user=user, language=language)
    assert faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_expert_pages_fit_their_readers(faults_of, office, language):
    make_pool(7)
    expert = make_expert()
    first = whole_case(office, at="expert_review")
    second = whole_case(office, at="expert_review", index=1)
    third = whole_case(office, at="expert_review", index=2)
    frozen = scoring_panel(office, first)
    fill_all(frozen, {first.pk: [("35", "50")] * 4 + [("10", "30")]})
    panels.freeze(frozen, actor=office.lead_clerk)
    scoring_ = scoring_panel(office, second)
    sheet = panels.sheets(scoring_).first()
    user = sheet.seat.expert.user
    scoring.score(sheet, actor=user, scores={"fit": {"score": "35", "comment": ""}})
    faults = []
    for name, path, reader in (
        ("panel-list", "/reviews/panels/", office.lead_clerk),
        ("panel-draw", f"/reviews/panels/draw/{office.call.uid}/", office.lead_clerk),
        ("panel-scoring", f"/reviews/panels/{scoring_.uid}/", office.lead_clerk),
        ("panel-frozen", f"/reviews/panels/{frozen.uid}/", office.lead_head),
        ("expert-pool", "/reviews/experts/", office.lead_clerk),
        ("expert-form", f"/reviews/experts/{expert.uid}/", office.lead_clerk),
        ("expert-home", "/reviews/expert/", user),
        ("sheet", f"/reviews/expert/sheets/{sheet.uid}/", user),
    ):
        faults += faults_of(path, f"review-{name}", user=reader, language=language)
    assert third.pk
    assert faults == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_meeting_and_notice_pages_fit_their_readers(faults_of, office, clock, language):
    clock.set(at_day(date(2026, 3, 6)))
    cases = [whole_case(office, at="selection", index=index) for index in range(2)]
    selection = selecting.draft(
        office.call, title="2026 年第 3 次局长办公会", met_on=date(2026, 3, 6),
        minutes="会议研究了概念验证中心拟支持项目。",
        items=[
            selecting.Item(cases[0], "support", selecting.most_cny(cases[0])),
            selecting.Item(cases[1], "reject", reason="排序靠后，本批次名额已满"),
        ],
        actor=office.lead_clerk,
    )  # fmt: skip
    public = whole_case(office, at="public_notice", index=2)
    notice = published(office, public)
    clock.set(at_day(notice.starts_on))
    objection = objecting.file(
        notice, application=public, signed_as="person", signatory="周某某",
        contact="13900000000", text="第 3 行发票所列设备未到场。",
    )  # fmt: skip
    objecting.accept(objection, actor=office.lead_clerk)
    faults = []
    for name, path, user in (
        ("selection-list", "/reviews/selections/", office.lead_clerk),
        ("selection-form", f"/reviews/selections/{selection.uid}/edit/", office.lead_clerk),
        ("selection", f"/reviews/selections/{selection.uid}/", office.lead_head),
        ("notice", f"/reviews/notices/{notice.uid}/", office.lead_clerk),
        ("objection", f"/reviews/objections/{objection.uid}/", office.lead_clerk),
        ("public-list", "/public-notices/", None),
        ("public-notice", f"/public-notices/{notice.uid}/", None),
        ("object", f"/public-notices/{notice.uid}/object/{public.uid}/", None),
    ):
        faults += faults_of(path, f"review-{name}", user=user, language=language)
    assert faults == []


# --- keys ----------------------------------------------------------------------------------


def test_keys_go_from_the_queue_to_a_decision_in_five_presses(open_page, office):
    first, second = whole_case(office), whole_case(office, index=1)
    other = min((first, second), key=lambda case: case.uid)
    here = second if other == first else first
    page = open_page(f"/reviews/cases/{here.uid}/?view=mine", user=office.lead_clerk)
    presses = ["j" if page.evaluate(_is_first(here)) else "k", "Enter"]
    page.keyboard.press(presses[0])
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert other.uid in page.url
    for key in ("x", "a", "a"):
        presses.append(key)
        with page.expect_navigation():
            page.keyboard.press(key)
    other.refresh_from_db()
    assert other.status == "joint_review"
    assert len(presses) == 5


def _is_first(case) -> str:
    return f"document.querySelector('[data-queue] a').getAttribute('href').includes('{case.uid}')"


def test_keys_are_silent_while_something_is_typed_or_composed(open_page, office):
    case = whole_case(office)
    page = open_page(f"/reviews/cases/{case.uid}/", user=office.lead_clerk)
    address = page.url
    page.keyboard.press("/")
    expect(page.locator("#queue-q")).to_be_focused()
    page.keyboard.type("ajr?")
    expect(page.locator("#queue-q")).to_have_value("ajr?")
    page.keyboard.press("Escape")
    page.evaluate(
        """() => document.body.dispatchEvent(new KeyboardEvent(
             "keydown", {key: "a", isComposing: true, bubbles: true}))"""
    )
    page.wait_for_timeout(300)
    assert page.url == address
    assert page.locator("dialog[open]").count() == 0


def test_keys_are_explained_and_can_be_switched_off(open_page, office):
    case = whole_case(office)
    page = open_page(f"/reviews/cases/{case.uid}/", user=office.lead_clerk)
    page.keyboard.press("?")
    expect(page.locator("dialog[open] h2")).to_have_text("快捷键")
    page.click("[data-keys-switch]")
    expect(page.locator("[data-keys-switch]")).to_have_text("启用快捷键")
    page.click("dialog [data-closes]")
    address = page.url
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert page.url == address
    page.reload()
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert page.url == address
    page.click("[data-opens=keys]")
    page.click("[data-keys-switch]")
    page.click("dialog [data-closes]")
    with page.expect_navigation():
        page.keyboard.press("a")
    assert "act=accept" in page.url


def test_all_of_a_page_is_ticked_at_once_for_a_batch(open_page, office):
    cases = [whole_case(office, index=index) for index in range(2)]
    for case in cases:
        checking.tick_rest(case, actor=office.lead_clerk)
    page = open_page("/reviews/", user=office.lead_clerk)
    page.check("[data-batch-all]")
    expect(page.locator("[data-batch-count]")).to_have_text("已选 2 件")
    page.uncheck("td.cell-pick input >> nth=0")
    expect(page.locator("[data-batch-count]")).to_have_text("已选 1 件")
    page.check("td.cell-pick input >> nth=0")
    page.get_by_role("button", name="批量受理").click()
    page.get_by_role("button", name="批量受理（2 件）").dblclick()
    expect(page.locator(".notice")).to_contain_text("2 件已办理，0 件未办理。")


def test_evidence_key_opens_the_file_at_the_page_where_it_was_seen(open_page, office):
    case = whole_case(office)
    file = case.attachments.get(slot="social_insurance")
    checking.tick(case, "staff", actor=office.lead_clerk, result="passed", attachment=file, page=2)
    page = open_page(f"/reviews/cases/{case.uid}/", user=office.lead_clerk)
    page.focus("#n-staff")
    page.keyboard.press("Escape")
    page.locator("#p-staff [data-evidence]").first.focus()
    with page.expect_navigation():
        page.locator("#p-staff [data-evidence]").first.press("Enter")
    frame = page.locator("iframe.document-frame").get_attribute("src")
    assert frame.endswith(f"/documents/{file.uid}/#page=2&navpanes=0")


def test_ticking_changes_the_row_and_the_count_without_a_new_page(open_page, office):
    case = whole_case(office)
    page = open_page(f"/reviews/cases/{case.uid}/", user=office.lead_clerk)
    page.evaluate("window.stays = true")
    page.locator("#p-uscc button[value=passed]").click()
    expect(page.locator("#p-uscc .tag-good")).to_be_visible()
    expect(page.locator("#settled")).to_have_text("1/3")
    page.locator("#p-staff button[value=failed]").click()
    expect(page.locator("#p-staff .invalid-feedback")).to_have_text("请填写理由。")
    page.fill("#n-staff", "缺 2 人")
    page.locator("#p-staff button[value=failed]").click()
    expect(page.locator("#p-staff.is-warn")).to_be_visible()
    expect(page.locator("#settled")).to_have_text("2/3")
    assert page.evaluate("window.stays") is True


def test_sheet_saves_itself_and_marks_the_level(open_page, office):
    make_pool(8)
    panel = scoring_panel(office, whole_case(office, at="expert_review"))
    sheet = panels.sheets(panel).first()
    page = open_page(f"/reviews/expert/sheets/{sheet.uid}/", user=sheet.seat.expert.user)
    page.fill("#score-fit", "37")
    expect(page.locator("#anchors-fit .is-on")).to_contain_text("优秀")
    expect(page.locator("#saved")).to_contain_text("已保存")
    sheet.refresh_from_db()
    assert sheet.scores["fit"]["score"] == "37.0"
    page.fill("#score-team", "61")
    expect(page.locator("#saved.text-wrong")).to_contain_text("分值在 0 与 60 之间")
    expect(page.locator("#score-team")).to_have_value("61")


def test_sum_of_the_meeting_follows_the_rows(open_page, office):
    case = whole_case(office, at="selection")
    page = open_page(f"/reviews/selections/new/{office.call.uid}/", user=office.lead_clerk)
    page.select_option(f"#outcome-{case.uid}", "support")
    page.locator("#selection-sum", has_text="拟支持 1 个").wait_for()
    page.fill(f"#amount-{case.uid}", "500000")
    page.press(f"#amount-{case.uid}", "Tab")
    page.locator("#selection-sum", has_text="¥500,000.00").wait_for()


def _recommended(office):
    """A case that the district's clerk recommended, the moment of it, and the address of the next."""
    case = make_case(office, at="recommendation", organisation=organisation(office))
    other = make_case(office, at="recommendation", organisation=organisation(office, 1))
    recommending.recommend(case, actor=office.district_clerk, opinion="同意推荐")
    return case, case.transitions.last().at, f"/reviews/cases/{other.uid}/?acted={case.uid}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bar_after_an_act_fits_its_readers(open_page, office, clock, language):
    _case, acted_at, address = _recommended(office)
    clock.set(acted_at)
    page = open_page(address, user=office.district_clerk, language=language)
    assert look.faults(page, f"undo-{language}") == []


def test_the_bar_after_an_act_counts_down_and_undoes_it(open_page, office, clock):
    case, acted_at, address = _recommended(office)
    clock.set(acted_at)
    page = open_page(address, user=office.district_clerk)
    first = int(page.locator("[data-undo-seconds]").inner_text())
    page.wait_for_function(
        "n => Number(document.querySelector('[data-undo-seconds]').textContent) < n", arg=first
    )
    # However long the browser took, the server's ten seconds are not over.
    clock.set(acted_at + timedelta(seconds=2))
    page.locator(".undo-bar button").click()
    page.wait_for_url(f"**/reviews/cases/{case.uid}/?act=recommend")
    expect(page.locator("textarea[name=opinion]")).to_have_value("同意推荐")
    case.refresh_from_db()
    assert case.status == "recommendation"


def test_the_bar_offers_nothing_when_the_time_is_over(open_page, office, clock):
    case, acted_at, _address = _recommended(office)
    clock.set(acted_at + timedelta(seconds=7))
    page = open_page(f"/reviews/?acted={case.uid}", user=office.district_clerk)
    expect(page.locator(".undo-bar button")).to_have_count(0)
    expect(page.locator(".undo-bar")).to_contain_text("推荐")
