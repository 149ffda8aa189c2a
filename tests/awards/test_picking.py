"""Forms that choose from many awards: pages, filters, what is ticked, all of a filter."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from awards import decisions, payments, picking
from awards.models import Decision, DecisionItem, Payment, PaymentBatch
from awards.withdrawing import withdraw
from portal.ids import new_uid
from tests.awards.cases import Scene, make_scene
from tests.awards.test_decisions import confirmed, draft, ready
from tests.factories import DistrictFactory, OrganisationFactory

pytestmark = pytest.mark.django_db
WORDS = {"number": "宁科〔2026〕88号", "title": "通知", "text": ""}


@pytest.fixture
def scene() -> Scene:
    return make_scene(budget="900000000", places=100, quota={}, settings={"instalments": [60, 40]})


class Officer:
    """A person at one form, in one browser."""

    def __init__(self, user, name: str, uid: str):
        self.client = Client()
        self.client.force_login(user)
        self.path = reverse(name, args=[uid])
        self.see(self.path)

    def see(self, path: str):
        self.path = path.partition("#")[0]
        self.response = self.client.get(self.path)
        assert self.response.status_code == 200
        self.html = self.response.content.decode()
        return self

    def hidden(self, name: str) -> str:
        return re.search(f'name="{name}" value="([^"]*)"', self.html)[1]

    def press(self, go: str = "", *ticked: str, status: int = 302, **data):
        """A button with what a browser would post: the page's hidden fields, the boxes ticked."""
        posted = {name: self.hidden(name) for name in ("rows", "seen", "seen_cny")}
        for box in re.findall(r'<input[^>]*name="amount_[^>]*>', self.html):
            value = re.search(r'value="([^"]*)"', box)
            posted[re.search(r'name="([^"]*)"', box)[1]] = value[1] if value else ""
        posted |= {"take": "ticked"} | {f"pick_{uid}": "on" for uid in ticked} | data
        if go:
            posted["go"] = go
        self.response = self.client.post(self.path, posted)
        self.html = self.response.content.decode()
        assert self.response.status_code == status, self.text()[:3000]
        return self

    def turn(self, go: str, *ticked: str, **data):
        self.press(go, *ticked, **data)
        return self.see(self.response["Location"])

    def shown(self) -> list[str]:
        return [part.partition(":")[0] for part in self.hidden("rows").split()]

    def ticked(self) -> set[str]:
        boxes = re.findall(r'<input[^>]*name="pick_([^"]+)"[^>]*>', self.html)
        whole = re.findall(r"<input[^>]*name=\"pick_[^>]*>", self.html)
        return {key for key, box in zip(boxes, whole, strict=True) if " checked" in box}

    def text(self) -> str:
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", self.html))


def drafting(scene: Scene) -> Officer:
    return Officer(scene.lead_clerk, "award_decision_new", scene.call.uid)


def paying(scene: Scene) -> Officer:
    return Officer(scene.finance, "award_payment_new", scene.call.uid)


def small(monkeypatch, size: int = 2) -> None:
    monkeypatch.setattr("awards.picking_views.PAGE", size)


# --- what is ticked -------------------------------------------------------------------


def test_ticks_amounts_and_words_are_kept_over_pages_without_script(scene, monkeypatch):
    small(monkeypatch)
    one, two, three, four, five = (ready(scene) for _ in range(5))
    officer = drafting(scene)
    assert officer.shown() == [one.uid, two.uid] and officer.ticked() == set()
    officer.turn("page:2", one.uid, **WORDS, **{f"amount_{one.uid}": "80"})
    assert officer.shown() == [three.uid, four.uid]
    assert "已勾选 1 项，合计 80.00 万元，其中 1 项不在本页" in officer.text()
    officer.turn("page:3", four.uid)
    officer.turn("page:1", five.uid)
    assert officer.ticked() == {one.uid} and 'value="80.00"' in officer.html
    officer.press("", one.uid, **WORDS, **{f"amount_{one.uid}": "80", f"amount_{two.uid}": "100"})
    items = DecisionItem.objects.order_by("pk")
    assert [(item.award.uid, item.approved_cny) for item in items] == [
        (one.uid, 800_000), (four.uid, 1_000_000), (five.uid, 1_000_000),
    ]  # fmt: skip
    assert drafting(scene).ticked() == set() and drafting(scene).shown() == [two.uid, three.uid]


def test_words_typed_before_a_page_is_turned_are_there_afterwards(scene, monkeypatch):
    small(monkeypatch)
    for _ in range(3):
        ready(scene)
    officer = drafting(scene).turn("page:2", number="半", title="", text="一\n二")
    assert 'value="半"' in officer.html and "一\n二" in officer.html
    assert officer.press("", number="", title="", text="", status=422)


def test_a_page_is_not_left_with_an_amount_that_cannot_be_read(scene, monkeypatch):
    small(monkeypatch)
    one, *_more = (ready(scene) for _ in range(3))
    officer = drafting(scene)
    officer.press("page:2", one.uid, status=422, **{f"amount_{one.uid}": "八十"})
    assert 'value="八十"' in officer.html and "请填写文号" not in officer.text()
    officer.press("page:2", one.uid, status=422, **{f"amount_{one.uid}": "101"})
    assert "不超过 100.00 万元" in officer.text()


def test_a_page_is_ticked_and_unticked_at_once(scene, monkeypatch):
    small(monkeypatch)
    awards = [ready(scene) for _ in range(3)]
    officer = drafting(scene).turn("tick")
    assert officer.ticked() == {award.uid for award in awards[:2]}
    officer.turn("page:2", *officer.ticked())
    assert officer.ticked() == set()
    officer.turn("ticked")
    assert officer.shown() == [award.uid for award in awards[:2]]
    officer.turn("none", *officer.ticked())
    assert "已勾选 0 项" in officer.text()


def test_what_was_ticked_and_is_gone_is_named_and_taken_off(scene):
    one, two = ready(scene), ready(scene)
    officer = drafting(scene).turn("page:1", one.uid, two.uid)
    draft(scene, one, number="别处 1 号")
    officer.see(officer.path)
    assert f"不能再列入，已移除：{one.application.number}" in officer.text()
    assert officer.ticked() == {two.uid}


def test_nothing_is_taken_when_one_of_the_ticked_went_meanwhile(scene):
    one, two = ready(scene), ready(scene)
    officer = drafting(scene)
    draft(scene, one, number="别处 1 号")
    officer.press("", one.uid, two.uid, status=409, **WORDS)
    assert f"不能再列入：{one.application.number}" in officer.text()
    assert "原合计 200.00 万元" in officer.text() and "现合计 100.00 万元" in officer.text()
    assert Decision.objects.count() == 1
    assert 'value="宁科〔2026〕88号"' in officer.html
    officer.press("", two.uid, **WORDS)
    assert [item.award for item in Decision.objects.latest("pk").items.all()] == [two]


# --- all of a filter ------------------------------------------------------------------


def of_two_districts(scene: Scene):
    """Two awards of a district, one of another."""
    other = DistrictFactory(name_zh="鼓楼区")
    here = [ready(scene, organisation=OrganisationFactory(name=f"甲所{n}")) for n in "12"]
    scene.district = other
    return here, ready(scene, organisation=OrganisationFactory(name="乙所")), other


def test_all_of_a_filter_is_taken_by_choice_with_count_and_sum(scene):
    here, there, _district = of_two_districts(scene)
    officer = drafting(scene)
    assert "列入全部项目 3 项，合计 300.00 万元" in officer.text()
    officer.see(officer.path + "?q=甲所")
    assert officer.shown() == [award.uid for award in here]
    assert "列入当前筛选的全部项目 2 项，合计 200.00 万元" in officer.text()
    officer.press("", take="all", **WORDS)
    assert [item.award for item in DecisionItem.objects.order_by("pk")] == here
    assert drafting(scene).shown() == [there.uid]


def test_filter_by_district_keeps_what_is_ticked_outside_of_it(scene):
    (one, two), there, district = of_two_districts(scene)
    officer = drafting(scene).see(drafting(scene).path + "?q=所")
    officer.turn("filter", one.uid, district=district.code, q="")
    assert officer.shown() == [there.uid]
    assert "已勾选 1 项，合计 100.00 万元，其中 1 项不在本页" in officer.text()
    officer.turn("filter", q="没有", district="")
    assert officer.shown() == [] and "没有符合条件的项目" in officer.text()
    officer.turn("clear")
    assert officer.shown() == [one.uid, two.uid, there.uid]


def test_all_is_refused_with_what_came_and_went_and_takes_nothing(scene):
    one, two = ready(scene), ready(scene)
    officer = drafting(scene)
    draft(scene, one, number="别处 1 号")
    new = ready(scene)
    officer.press("", take="all", status=409, **WORDS)
    page = officer.text()
    assert f"新增：{new.application.number}" in page
    assert f"不能再列入：{one.application.number}" in page
    assert Decision.objects.count() == 1
    # The choice is made anew: it stands on what is ticked, that is nothing.
    officer.press("", status=422, **WORDS)
    officer.press("", take="all", **WORDS)
    taken = Decision.objects.latest("pk").items.values_list("award", flat=True)
    assert set(taken) == {two.pk, new.pk}


def test_set_is_compared_once_more_under_the_locks(scene):
    """Past the page: the verb itself refuses what was not told."""
    from awards.picking import Filter, Seen
    from reviews.refusals import Refused

    one, two = ready(scene), ready(scene)
    seen = Seen(frozenset([one.uid]), Decimal(1_000_000), Filter())
    with pytest.raises(Refused) as caught:
        draft(scene, one, seen=seen)
    assert caught.value.facts["added"] == [two.application.number]
    confirmed(scene, one, two)
    seen = Seen(frozenset([one.uid]), Decimal(540_001))
    with pytest.raises(Refused) as caught:
        payments.draft(scene.call, awards=[one], seen=seen, actor=scene.finance)
    assert (caught.value.reason, caught.value.facts["now_cny"]) == ("set_changed", 540_000)


def test_payments_of_all_leave_out_who_has_no_account_and_say_so(scene):
    one, two = ready(scene), ready(scene)
    confirmed(scene, one, two)
    two.organisation.bank_account = ""
    two.organisation.save(update_fields=["bank_account"])
    officer = paying(scene)
    assert "列入全部项目 1 项，合计 ¥540,000.00，另有 1 项暂不能列入" in officer.text()
    officer.press("", take="all")
    assert [row.award for row in Payment.objects.all()] == [one]


def test_payments_of_all_are_refused_when_an_amount_changed(scene):
    """Another officer paid the first instalment and it arrived: the next one is due instead."""
    award, other = ready(scene), ready(scene)
    confirmed(scene, award, other)
    officer = paying(scene)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.release(batch, actor=scene.finance_head)
    officer.press("", take="all", status=409)
    assert "原合计 108.00 万元" in officer.text() and "现合计 90.00 万元" in officer.text()
    assert PaymentBatch.objects.count() == 1


def test_editing_starts_with_what_the_draft_holds(scene, monkeypatch):
    small(monkeypatch, 1)
    one, two = ready(scene), ready(scene)
    decision = draft(scene, one, amount="900000")
    officer = Officer(scene.lead_clerk, "award_decision_edit", decision.uid)
    assert officer.ticked() == {one.uid} and 'value="90.00"' in officer.html
    officer.turn("page:2", one.uid, revision="1", **WORDS, **{f"amount_{one.uid}": "90"})
    officer.press("", two.uid, revision="1", **WORDS, **{f"amount_{two.uid}": "70"})
    amounts = decision.items.values_list("award__uid", "approved_cny")
    assert dict(amounts) == {one.uid: 900_000, two.uid: 700_000}


def test_editing_a_draft_that_another_changed_is_refused(scene):
    one, two = ready(scene), ready(scene)
    decision = draft(scene, one)
    officer = Officer(scene.lead_clerk, "award_decision_edit", decision.uid)
    decisions.update(
        decision, items={two: Decimal(1)}, actor=scene.lead_clerk, seen_revision=1, **WORDS
    )
    officer.press("", one.uid, revision="1", status=409, **WORDS)
    assert [item.award for item in decision.items.all()] == [two]


def test_choice_made_on_an_older_draft_is_told_so_when_a_page_is_turned_and_goes_on(
    scene, monkeypatch
):
    small(monkeypatch, 1)
    one, two = ready(scene), ready(scene)
    decision = draft(scene, one)
    officer = Officer(scene.lead_clerk, "award_decision_edit", decision.uid)
    changed = {"items": {two: Decimal(1)}, "actor": scene.lead_clerk} | WORDS
    decisions.update(decision, seen_revision=1, **changed)
    officer.press("page:2", one.uid, revision="1", status=409, **WORDS)
    assert "页面打开后内容已有变化" in officer.text() and "已勾选 1 项" in officer.text()
    assert officer.hidden("revision") == "2"
    # What the other chose on the page that is not shown is not taken for what was ticked here.
    officer.press("", one.uid, revision="2", **WORDS)
    assert [item.award for item in decision.items.all()] == [one]


def test_case_that_left_the_draft_is_named_and_not_taken_with_all(scene):
    one, two = ready(scene), ready(scene)
    decision = draft(scene, one, two)
    admin = one.organisation.memberships.get(role="org_admin").user
    withdraw(one.application, actor=admin, reason="放弃")
    officer = Officer(scene.lead_clerk, "award_decision_edit", decision.uid)
    assert f"不能再列入，已移除：{one.application.number}" in officer.text()
    assert officer.ticked() == {two.uid} and "已撤回" in officer.text()
    officer.press("", take="all", revision="1", **WORDS)
    assert [item.award for item in decision.items.all()] == [two]


def test_numbers_that_a_page_never_wrote_are_left_out():
    assert picking.read_rows("a:NaN b:1.00 c:Infinity d:x e") == {"b": Decimal(1)}


# --- size -----------------------------------------------------------------------------


def measured(user, name: str, scene: Scene) -> tuple[int, int]:
    """Queries and bytes of the form."""
    client = Client()
    client.force_login(user)
    path = reverse(name, args=[scene.call.uid])
    client.get(path)
    with CaptureQueriesContext(connection) as found:
        response = client.get(path)
    assert response.status_code == 200
    return len(found), len(response.content)


def offer(monkeypatch, module, count: int) -> None:
    """So many rows for each that stands: the page is as long as with so many awards."""
    rows_of = module.rows

    def many(call, **more):
        found = rows_of(call, **more)
        return [replace(row, key=new_uid()) for row in found for _ in range(count)]

    monkeypatch.setattr(module, "rows", many)


@pytest.mark.parametrize(
    ("name", "role", "module", "at_most"),
    [
        ("award_decision_new", "lead_clerk", decisions, 10),
        ("award_payment_new", "finance", payments, 10),
    ],
)
def test_forms_ask_the_same_at_1_and_30_rows_and_stay_small_at_1000(
    scene, monkeypatch, name, role, module, at_most
):
    awards = [ready(scene)]
    if module is payments:
        confirmed(scene, *awards, number="1号")
    first, _bytes = measured(getattr(scene, role), name, scene)
    awards = [ready(scene) for _ in range(29)]
    if module is payments:
        confirmed(scene, *awards, number="2号")
    again, _bytes = measured(getattr(scene, role), name, scene)
    assert (first, again) == (at_most, at_most)
    offer(monkeypatch, module, 1000 // 30 + 1)
    _queries, size = measured(getattr(scene, role), name, scene)
    assert size <= 100_000
