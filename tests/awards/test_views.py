"""Pages of awards: who sees what, one query count at 1 and 30 rows, acts and their refusals."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from applications.models import Application
from awards import caps_views, exports, overview, payments
from awards.confirming import confirm_selection
from awards.models import Award, CapAccount, Decision, Export, Payment
from portal import clock as clocks
from portal.accounts.models import Role
from portal.money import show_wan
from portal.templatetags.portal_ui import moment
from tests.awards.cases import Scene, cap, make_scene
from tests.awards.test_decisions import confirmed, draft, ready, released
from tests.awards.test_exports import busy_scenes
from tests.factories import UnitFactory, person
from tests.policy.catalogue import hand_over

pytestmark = pytest.mark.django_db


def get(user, name: str, *args, status: int = 200, **query):
    client = Client()
    client.force_login(user)
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == status, response.content.decode()[:2000]
    return response


def post(user, name: str, *args, status: int = 302, **data):
    client = Client()
    client.force_login(user)
    response = client.post(reverse(name, args=args), data)
    assert response.status_code == status, response.content.decode()[:3000]
    return response


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def queries(user, name: str, *args) -> int:
    client = Client()
    client.force_login(user)
    client.get(reverse(name, args=args))  # parsed rules and templates are kept
    with CaptureQueriesContext(connection) as found:
        response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return len(found)


@pytest.fixture
def scene() -> Scene:
    return make_scene(settings={"instalments": [60, 40]})


# --- overview ------------------------------------------------------------------------


def test_caps_page_shows_what_the_database_holds_to_the_fen():
    one, two = busy_scenes()
    assert "尚未与台账核对" in text(get(one.finance, "award_caps", year=one.call.year))
    checked = overview.check()
    page = text(get(one.finance, "award_caps", year=one.call.year))
    for row in overview.lines(year=one.call.year):
        for cny in (row.figures.budget_cny, row.figures.approved_cny, row.figures.left_cny):
            assert show_wan(cny) in page
    assert checked.accounts > 2
    assert f"{moment(checked.at)} 与台账逐分核对一致" in page
    assert one.measure.name_zh in page and two.measure.name_zh in page


def test_caps_page_says_when_counters_are_not_the_sum_of_entries(transactional_db):
    from tests.conftest import owner_connection

    scene = make_scene()
    scene.reserved()
    with owner_connection() as owner:
        owner.execute("UPDATE awards_capaccount SET committed_cny = committed_cny + 0.01")
    assert len(overview.check().faults) == CapAccount.objects.count()
    assert "核对不一致" in text(get(scene.finance, "award_caps"))


def test_preview_shows_the_queue_as_if_approved_and_by_how_much_it_is_too_much():
    scene = make_scene(budget="1000000")
    scene.case(asked="900000")
    scene.case(asked="300000")
    page = text(get(scene.lead_head, "award_caps", preview="1"))
    assert "合计 120.00 万元，超出预算 20.00 万元" in page
    assert "超出预算" not in text(get(scene.lead_head, "award_caps"))


def test_caps_page_of_an_empty_portal_says_what_comes_next():
    finance = person(Role.FINANCE, unit=UnitFactory(code="czj"))
    assert "申报通知发布后" in text(get(finance, "award_caps"))


def test_lead_unit_sees_its_own_measures_only_and_other_units_none(scene):
    other = make_scene(position=2)
    stranger = UnitFactory()
    hand_over(other.measure, stranger)
    page = text(get(scene.lead_clerk, "award_caps"))
    assert scene.measure.name_zh in page and other.measure.name_zh not in page
    get(scene.lead_clerk, "award_line", other.measure.line, status=404)
    get(scene.lead_clerk, "award_call", other.call.uid, status=404)
    district_clerk = person(Role.CLERK, unit=scene.district)
    get(district_clerk, "award_caps", status=404)
    assert "额度与拨付" not in get(district_clerk, "measure_list").content.decode()


def test_empty_filter_says_how_many_it_hides(scene):
    scene.reserved()
    page = text(get(scene.lead_clerk, "award_line", scene.measure.line, state="paid"))
    assert "筛选条件隐藏了 1 条" in page


LISTS = {
    "award_caps": lambda scene: (),
    "award_line": lambda scene: (scene.measure.line,),
    "award_call": lambda scene: (scene.call.uid,),
    "award_decision_list": lambda scene: (),
    "award_payment_list": lambda scene: (),
    "award_finance_inbox": lambda scene: (),
    "award_export_list": lambda scene: (),
}
MOST = {"award_call": 25}


def test_lists_take_the_same_queries_for_1_and_30_rows():
    scene = make_scene(
        caps=[cap("unit", "90000000", scope="organisation")],
        quota={"places": 500, "clause": "x"},
        places=400,
        budget="900000000",
    )
    grow(scene, rows=1, lines=0)
    few = {name: queries(scene.finance, name, *args(scene)) for name, args in LISTS.items()}
    grow(scene, rows=3, lines=4)
    for place in range(26):
        scene.reserved()
        _bare(scene, place)
    many = {name: queries(scene.finance, name, *args(scene)) for name, args in LISTS.items()}
    assert few == many
    assert {name: count for name, count in many.items() if count > MOST.get(name, 15)} == {}


def test_selection_that_waits_for_its_head_is_a_link_for_its_unit_only(scene):
    selection = scene.selection((scene.case(), "support", "1000000"))
    address = reverse("award_selection_confirm", args=[selection.uid])
    for reader, status in ((scene.lead_clerk, 200), (scene.finance, 404)):
        page = get(reader, "award_call", scene.call.uid).content.decode()
        assert selection.title in page
        assert (address in page) == (status == 200)
        get(reader, "award_selection_confirm", selection.uid, status=status)


def test_call_page_names_a_few_of_what_waits_and_leads_to_the_rest():
    scene = make_scene(budget="900000000", places=400, quota={"places": 500, "clause": "x"})
    other = make_scene(position=2)
    draft(other, ready(other), number="别处 1 号")
    for place in range(7):
        draft(scene, ready(scene), number=f"起草 {place} 号")
        payments.draft(scene.call, awards=[_due(scene, place)], actor=scene.finance)
    page = text(get(scene.finance, "award_call", scene.call.uid))
    assert [f"起草 {place} 号" in page for place in range(7)] == [True] * 5 + [False] * 2
    assert "全部 7 份待签发的决定" in page and "全部 7 份待签发的拨付表" in page
    listed = text(get(scene.finance, "award_decision_list", call=scene.call.uid, state="drafted"))
    assert all(f"起草 {place} 号" in listed for place in range(7)) and "别处" not in listed
    assert "别处" in text(get(scene.finance, "award_decision_list", state="drafted"))
    batches = [batch.number for batch in scene.call.payment_batches.all()]
    listed = text(get(scene.finance, "award_payment_list", call=scene.call.uid, state="drafted"))
    assert len(batches) == 7 and all(number in listed for number in batches)
    get(other.lead_clerk, "award_decision_list", call="nowhere", status=404)


def _due(scene: Scene, place: int) -> Award:
    award = ready(scene)
    confirmed(scene, award, number=f"确认 {place} 号")
    return award


def test_call_page_pages_its_waiting_list(scene, monkeypatch):
    monkeypatch.setattr(caps_views, "WAITING_AT_ONCE", 2)
    cases = [scene.case() for _number in range(3)]
    chosen = scene.selection(*[(case, "waitlist", "0") for case in cases])
    confirm_selection(chosen, actor=scene.lead_head)
    first = text(get(scene.finance, "award_call", scene.call.uid))
    second = text(get(scene.finance, "award_call", scene.call.uid, waiting=2))
    shown = [[case.number in page for case in cases] for page in (first, second)]
    assert sorted(map(sum, shown)) == [1, 2]
    assert [one != two for one, two in zip(*shown, strict=True)] == [True] * 3
    assert "共 3 个" in first


def grow(scene: Scene, *, rows: int, lines: int) -> None:
    """So many more decisions, batches, due payments, waiting awards and exports; more measures."""
    for _ in range(rows):
        place = Decision.objects.count()
        draft(scene, ready(scene), number=f"{place}号")
        paid, due = ready(scene), ready(scene)
        confirmed(scene, paid, due, number=f"{place}款")
        payments.draft(scene.call, awards=[paid], actor=scene.finance)
        exports.ask("ledger", actor=scene.finance, year=1900 + place)
    for place in range(lines):
        make_scene(position=place + 2)


def _bare(scene: Scene, place: int) -> None:
    """A decision and a batch that no case stands behind: rows for the lists."""
    now = scene.call.published_at
    Decision.objects.create(
        call=scene.call, number=f"空{place}", title="x", drafted_by=scene.lead_clerk, drafted_at=now
    )
    scene.batch()


# --- award -----------------------------------------------------------------------------


def test_award_page_tells_its_accounts_entries_and_replays(scene):
    from tests.awards.test_confirming import confirm

    case = scene.case(asked="1000000")
    confirm(scene, scene.selection((case, "support", "900000")))
    award = Award.objects.get()
    page = text(get(scene.lead_clerk, "award_detail", award.uid))
    assert "规则重算一致" in page
    assert "¥900,000.00" in page and "批次预算与名额" in page


def test_bank_account_is_finances_alone(scene):
    award = ready(scene)
    confirmed(scene, award)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    account = award.organisation.bank_account
    for name, uid in (("award_detail", award.uid), ("award_payment_detail", batch.uid)):
        assert account in text(get(scene.finance, name, uid))
        page = text(get(scene.lead_clerk, name, uid))
        assert account not in page and "6222****1234" in page


# --- selection -------------------------------------------------------------------------


def test_selection_is_confirmed_by_typing_the_calls_code(scene):
    case = scene.case()
    selection = scene.selection((case, "support", "1000000"))
    page = get(scene.lead_head, "award_selection_confirm", selection.uid)
    assert "可以容纳" in text(page)
    wrong = post(
        scene.lead_head, "award_selection_confirm", selection.uid, status=422, confirmation="x"
    )
    assert "<title>错误：" in wrong.content.decode()
    assert not Award.objects.exists()
    post(
        scene.lead_head,
        "award_selection_confirm",
        selection.uid,
        confirmation=scene.call.code,
        revision=selection.revision,
    )
    assert Award.objects.get().application == case


def test_refused_selection_says_what_is_left_and_who_holds_it():
    scene = make_scene(places=1, quota={"places": 1, "clause": "x"})
    held = scene.reserved()
    selection = scene.selection((scene.case(), "support", "1000000"))
    page = text(
        post(
            scene.lead_head,
            "award_selection_confirm",
            selection.uid,
            status=409,
            confirmation=scene.call.code,
        )
    )
    assert "剩余 0 个名额，本次需要 1 个" in page
    assert held.application.number in page and held.organisation.name in page
    assert "lead_head" in page


def test_selection_page_of_the_drafter_has_no_form(scene):
    selection = scene.selection((scene.case(), "support", "1"), drafted_by=scene.lead_head)
    page = text(get(scene.lead_head, "award_selection_confirm", selection.uid))
    assert "须由另一位负责人确认" in page and "请输入" not in page
    post(scene.lead_clerk, "award_selection_confirm", selection.uid, status=404, confirmation="x")


# --- decision --------------------------------------------------------------------------


def test_decision_from_draft_to_finance_through_the_pages(scene):
    award = ready(scene)
    new = get(scene.lead_clerk, "award_decision_new", scene.call.uid)
    assert award.application.number in text(new)
    data = {
        "number": "宁科〔2026〕88号",
        "title": "通知",
        "text": "",
        f"pick_{award.uid}": "on",
        f"amount_{award.uid}": "90",
    }
    wrong = post(
        scene.lead_clerk, "award_decision_new", scene.call.uid, status=422,
        **data | {f"amount_{award.uid}": "100.000001", "number": ""},
    )  # fmt: skip
    page = text(wrong)
    assert "不超过 100.00 万元" in page and "有 2 处需要修改" in page
    assert 'value="100.000001"' in wrong.content.decode()
    post(scene.lead_clerk, "award_decision_new", scene.call.uid, **data)
    decision = Decision.objects.get()
    assert decision.items.get().approved_cny == Decimal("900000.00")
    get(scene.lead_clerk, "award_decision_edit", decision.uid)
    post(
        scene.lead_clerk, "award_decision_edit", decision.uid, revision=decision.revision,
        **data | {f"amount_{award.uid}": "80"},
    )  # fmt: skip
    post(scene.lead_head, "award_decision_release", decision.uid, status=422, confirmation="88")
    decision.refresh_from_db()
    post(
        scene.lead_head, "award_decision_release", decision.uid,
        confirmation=decision.number, revision=decision.revision,
    )  # fmt: skip
    Application.objects.filter(pk=award.application_id).update(due_on=clocks.today())
    inbox = text(get(scene.finance, "award_finance_inbox"))
    assert "待财政确认" in inbox and "今日到期" in inbox
    refused = post(
        scene.finance, "award_decision_confirm", decision.uid, status=422, funding_source=""
    )
    assert "请填写" in text(refused)
    post(scene.finance, "award_decision_confirm", decision.uid, funding_source="科技专项")
    award.refresh_from_db()
    assert (award.state, award.approved_cny) == ("confirmed", Decimal("800000.00"))


def test_decision_that_changed_meanwhile_is_refused_with_that(scene):
    award = ready(scene)
    decision = draft(scene, award)
    page = post(
        scene.lead_head, "award_decision_release", decision.uid, status=409,
        confirmation=decision.number, revision=decision.revision + 1,
    )  # fmt: skip
    assert "页面打开后内容已有变化" in text(page)


def test_decision_acts_are_hidden_from_and_refused_to_others(scene):
    award = ready(scene)
    decision = draft(scene, award)
    page = text(get(scene.finance, "award_decision_detail", decision.uid))
    assert "签发后批准" not in page
    for name in ("award_decision_release", "award_decision_discard"):
        post(scene.finance, name, decision.uid, status=404, confirmation=decision.number)
    post(scene.lead_clerk, "award_decision_release", decision.uid, status=404)
    post(scene.lead_clerk, "award_decision_confirm", decision.uid, status=404)
    post(scene.lead_clerk, "award_decision_discard", decision.uid, reason="文号有误")
    decision.refresh_from_db()
    assert decision.state == "discarded"


def test_paper_of_a_decision_is_served_once_it_is_made(scene, run_tasks):
    decision = released(scene, ready(scene))
    get(scene.lead_clerk, "award_decision_pdf", decision.uid, status=404)
    run_tasks()
    response = get(scene.lead_clerk, "award_decision_pdf", decision.uid)
    assert response["Content-Type"] == "application/pdf"


# --- payment ---------------------------------------------------------------------------


def test_payment_from_due_to_arrival_through_the_pages(scene):
    award = ready(scene)
    confirmed(scene, award)
    assert award.organisation.bank_account in text(
        get(scene.finance, "award_payment_new", scene.call.uid)
    )
    post(scene.finance, "award_payment_new", scene.call.uid, status=422)
    post(scene.finance, "award_payment_new", scene.call.uid, **{f"pick_{award.uid}": "on"})
    batch = award.payments.get().batch
    post(scene.finance, "award_payment_release", batch.uid, status=404, confirmation=batch.number)
    post(scene.finance_head, "award_payment_release", batch.uid, status=422, confirmation="1")
    post(scene.finance_head, "award_payment_release", batch.uid, confirmation=batch.number)
    payment = award.payments.get()
    assert payment.state == Payment.State.SENT
    get(scene.finance, "award_payment_arrived", payment.uid)
    post(scene.finance, "award_payment_arrived", payment.uid, status=409, on="2099-01-01")
    from portal import clock

    post(scene.finance, "award_payment_arrived", payment.uid, on=clock.today().isoformat())
    payment.refresh_from_db()
    assert payment.state == "arrived"
    get(scene.finance, "award_payment_bounced", payment.uid)
    post(
        scene.finance, "award_payment_bounced", payment.uid,
        on=clock.today().isoformat(), reason="户名不符",
    )  # fmt: skip
    payment.refresh_from_db()
    assert (payment.state, payment.note) == ("bounced", "户名不符")
    assert "户名不符" in text(get(scene.finance, "award_finance_inbox"))


def test_discarded_batch_needs_a_reason(scene):
    award = ready(scene)
    confirmed(scene, award)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    post(scene.finance, "award_payment_discard", batch.uid, reason="")
    batch.refresh_from_db()
    assert batch.state == "drafted"
    post(scene.finance, "award_payment_discard", batch.uid, reason="账号有误")
    batch.refresh_from_db()
    assert batch.state == "discarded"


# --- withdrawing, promotion ---------------------------------------------------------------


def test_withdrawing_by_typing_the_number(scene):
    award = scene.reserved()
    case = award.application
    admin = case.organisation.memberships.get(role="org_admin").user
    page = text(get(admin, "award_withdraw", case.uid))
    # Whether one may come again is said, not left to the reader.
    closed = case.call.closes_at <= clocks.now()
    assert ("撤回后不能重新申报" in page) is closed
    assert ("截止前可重新申报" in page) is not closed
    assert "已列入拟支持名单（100.00 万元）" in page
    wrong = post(admin, "award_withdraw", case.uid, status=422, reason="x", confirmation="y")
    assert "不一致" in text(wrong)
    post(admin, "award_withdraw", case.uid, reason="项目变更", confirmation=case.number)
    award.refresh_from_db()
    assert award.state == "released"
    assert "不能撤回" in text(get(admin, "award_withdraw", case.uid))
    other = scene.case()
    get(other.admin, "award_withdraw", case.uid, status=404)


def test_cancelling_by_the_head_before_the_decision(scene):
    award = ready(scene)
    case = award.application
    assert "取消拟支持" in text(get(scene.lead_head, "award_detail", award.uid))
    assert "取消拟支持" not in text(get(scene.lead_clerk, "award_detail", award.uid))
    get(scene.lead_clerk, "award_cancel", case.uid, status=404)
    post(scene.lead_head, "award_cancel", case.uid, reason="弄虚作假", confirmation=case.number)
    award.refresh_from_db()
    assert award.state == "released"


def test_promotion_through_the_pages():
    from tests.awards.test_withdrawing import waitlisted

    scene = make_scene(places=2, quota={"places": 2, "clause": "x"})
    _first, second, third = waitlisted(scene)
    assert second.number in text(get(scene.lead_clerk, "award_promotion", scene.call.uid))
    post(scene.lead_head, "award_promotion", scene.call.uid, status=404)
    data = {"title": "备选递补", "met_on": "2026-01-05", "minutes": ""}
    post(scene.lead_clerk, "award_promotion", scene.call.uid, status=422, **data)
    post(
        scene.lead_clerk, "award_promotion", scene.call.uid,
        **data | {f"pick_{second.uid}": "on", f"amount_{second.uid}": "50"},
    )  # fmt: skip
    selection = second.selection_items.get(selection__state="drafted").selection
    post(scene.lead_head, "award_selection_confirm", selection.uid, confirmation=scene.call.code)
    assert Award.objects.get(application=second).recommended_cny == 500_000
    third.refresh_from_db()
    assert third.status == "waitlisted"


# --- exports -----------------------------------------------------------------------------


def test_export_is_asked_followed_and_fetched_by_who_asked_only(scene, run_tasks):
    post(scene.lead_clerk, "award_export_ask", "ledger", year=str(scene.call.year))
    export = Export.objects.get()
    progress = get(scene.lead_clerk, "award_export_progress", export.uid)
    assert "every 1s" in progress.content.decode()
    run_tasks()
    page = get(scene.lead_clerk, "award_export_detail", export.uid)
    assert "下载 .xlsx" in text(page) and "every 1s" not in page.content.decode()
    response = get(scene.lead_clerk, "award_export_download", export.uid)
    assert "attachment" in response["Content-Disposition"]
    for name in ("detail", "progress", "download"):
        get(scene.lead_head, f"award_export_{name}", export.uid, status=404)
    post(scene.lead_head, "award_export_cancel", export.uid, status=404)


def test_export_of_what_the_user_may_not_see_is_404(scene):
    other = make_scene(position=2)
    hand_over(other.measure, UnitFactory())
    post(scene.lead_clerk, "award_export_ask", "supported", status=404, of=other.call.uid)
    batch = scene.batch()
    post(scene.lead_clerk, "award_export_ask", "payments", status=404, of=batch.uid)
    post(scene.lead_clerk, "award_export_ask", "nothing", status=404)
    assert not Export.objects.exists()


def test_waiting_export_is_cancelled_from_its_page(scene):
    export = exports.ask("ledger", actor=scene.finance, year=2026)
    post(scene.finance, "award_export_cancel", export.uid)
    assert "没有生成文件" in text(get(scene.finance, "award_export_detail", export.uid))
