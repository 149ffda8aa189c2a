"""Exports: the file is the page is the database, to the 分; cancelled, resumed, left."""

import io
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from django.db import connection
from django.urls import reverse

from awards import clawbacks, exports, overview, payments, sheets
from awards.models import Export
from portal import clock
from portal.accounts import memberships
from portal.accounts.models import Role
from portal.notices.models import Notice
from reviews.refusals import Refused
from tests.awards.cases import make_scene
from tests.awards.racing import at_once
from tests.awards.test_decisions import confirmed, ready
from tests.policy.catalogue import hand_over

pytestmark = pytest.mark.django_db

SQL = """
SELECT m.line, c.year, sum(c.budget_cny), sum(a.committed_cny - a.approved_cny),
       sum(a.approved_cny), sum(a.paid_cny), sum(a.cap_cny - a.committed_cny)
  FROM awards_capaccount a JOIN policy_call c ON c.id = a.call_id
  JOIN policy_measure m ON m.id = c.measure_id
 WHERE a.rule = 'call_budget' GROUP BY 1, 2 ORDER BY 1, 2
"""


def busy_scenes():
    """Two measures with odd amounts in every state."""
    one = make_scene(budget="20000000.07", position=1)
    two = make_scene(budget="3333333.33", position=2)
    one.reserved(amount="1000000.01")
    paid = one.confirmed(amount="600000.03", approved="599999.99")
    one.pay(one.payment(paid, "123456.78"))
    two.approved(amount="0.01")
    two.case(asked="777.77")
    return one, two


def made(kind, actor, **what):
    export = exports.ask(kind, actor=actor, **what)
    return exports.run(export.pk)


def sheet_of(export, number=0):
    book = openpyxl.load_workbook(io.BytesIO(export.blob.path.read_bytes()))
    return book.worksheets[number]


def fen(value) -> Decimal:
    """A cell in 万元 as 元, exact to the 分."""
    return (Decimal(str(value)) * 10_000).quantize(Decimal("0.01"))


def test_ledger_is_what_sql_and_the_page_say_to_the_fen():
    one, _two = busy_scenes()
    export = made("ledger", one.finance, year=one.call.year)
    assert (export.state, export.done_rows) == ("done", export.total_rows)
    rows = list(sheet_of(export).iter_rows(min_row=4, values_only=True))
    body, foot = rows[:2], rows[2]
    found = [(row[0], row[2], *map(fen, row[4:9])) for row in body]
    with connection.cursor() as cursor:
        cursor.execute(SQL)
        expected = cursor.fetchall()
    assert found == expected
    page = overview.lines(year=one.call.year)
    assert [
        (fen(row[4]), fen(row[6]), fen(row[7]), fen(row[8]), row[9], row[10]) for row in body
    ] == [
        (
            line.figures.budget_cny, line.figures.approved_cny, line.figures.paid_cny,
            line.figures.left_cny, line.places.total, line.places.taken,
        )
        for line in page
    ]  # fmt: skip
    sums = overview.total(page)
    assert foot[0] == "合计"
    assert [fen(foot[4]), fen(foot[6]), fen(foot[7]), fen(foot[8])] == [
        sums.budget_cny, sums.approved_cny, sums.paid_cny, sums.left_cny,
    ]  # fmt: skip


def test_detail_sums_to_the_ledger():
    one, _two = busy_scenes()
    export = made("ledger", one.finance, year=one.call.year)
    rows = list(sheet_of(export, 1).iter_rows(min_row=4, values_only=True))
    assert len(rows) == 3 + 1
    by_line = {}
    for row in rows[:-1]:
        sums = by_line.setdefault(row[0], [Decimal(0), Decimal(0)])
        sums[0] += fen(row[7])
        sums[1] += fen(row[8])
    page = {row.measure.line: row.figures for row in overview.lines(year=one.call.year)}
    assert by_line == {
        line: [figures.approved_cny, figures.paid_cny] for line, figures in page.items()
    }


def test_sheet_prints_on_a4_landscape_with_title_unit_repeated_head_and_page_numbers():
    one, _two = busy_scenes()
    sheet = sheet_of(made("ledger", one.finance, year=one.call.year))
    assert sheet["A1"].value == f"{one.call.year}年度额度台账"
    assert "A1:L1" in {str(area) for area in sheet.merged_cells.ranges}
    assert "单位：万元" in [cell.value for cell in sheet[2]]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.print_title_rows == "$1:$3"
    assert sheet.print_area.endswith("$A$1:$L$6")
    assert sheet.oddFooter.center.text == "第 &P 页，共 &N 页"


def test_text_that_looks_like_a_formula_stays_text():
    scene = make_scene()
    award = scene.reserved()
    case = award.application
    case.title = '=HYPERLINK("http://x","x")'
    case.save(update_fields=["title"])
    organisation = award.organisation
    organisation.name = "＋科技@公司𬭎䶮"
    organisation.save(update_fields=["name"])
    sheet = sheet_of(made("supported", scene.lead_clerk, call=scene.call))
    row = sheet[4]
    assert (row[4].value, row[4].data_type) == ('=HYPERLINK("http://x","x")', "s")
    assert row[2].value == "＋科技@公司𬭎䶮"
    assert fen(row[8].value) == award.recommended_cny


def test_payment_table_has_the_account_of_the_draft_and_what_is_left():
    scene = make_scene(settings={"instalments": [60, 40]})
    award = ready(scene)
    confirmed(scene, award, amount="900000.01")
    first = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.release(first, actor=scene.finance_head)
    second = payments.draft(scene.call, awards=[award], actor=scene.finance)
    found = [
        [cell.value for cell in sheet_of(made("payments", scene.finance, batch=batch))[4]]
        for batch in (first, second)
    ]
    assert found[0][2:6] == [
        award.organisation.bank_account_name, award.organisation.bank_account,
        award.organisation.bank_name, award.organisation.bank_code,
    ]  # fmt: skip
    assert [row[6] for row in found] == ["1/2", "2/2"]
    assert [row[7] for row in found] == [540000, 360000.01]
    assert found[0][8] == "人民币伍拾肆万元整"
    # No share of the call: the city bears all of it.
    assert [row[9:11] for row in found] == [[540000, 0], [360000.01, 0]]
    assert [row[11] for row in found] == [540000, 900000.01]
    assert [row[12] for row in found] == [360000.01, 0]


def rows_of(export) -> list[list]:
    """The rows between head and total."""
    rows = [[cell.value for cell in row] for row in sheet_of(export).iter_rows(min_row=4)]
    return rows[: [row[0] for row in rows].index("合计")]


def test_payment_table_stays_as_it_was_signed_whatever_is_claimed_back_later():
    from tests.awards.test_clawbacks import drafted, repaid

    scene = make_scene(settings={"instalments": [60, 40]})
    award = ready(scene)
    confirmed(scene, award, amount="1000000")
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    payments.release(batch, actor=scene.finance_head)
    claw_back = drafted(scene, award, amount_cny=Decimal(600_000))
    clawbacks.release(claw_back, actor=scene.lead_head)
    repaid(scene, claw_back, Decimal(600_000))
    (row,) = rows_of(made("payments", scene.finance, batch=batch))
    assert row[11:13] == [600_000, 400_000]
    second = payments.draft(scene.call, awards=[award], actor=scene.finance)
    (row,) = rows_of(made("payments", scene.finance, batch=second))
    assert row[7] == 400_000 and row[11:13] == [400_000, 0]


def test_payment_table_tells_each_share_what_it_had_and_what_is_left_and_sums_to_the_award():
    from tests.awards.test_sharing import joint, scene_of
    from tests.factories import OrganisationFactory

    scene = scene_of(instalments=[60, 40])
    award = joint(scene, (OrganisationFactory(), "40.00"))
    confirmed(scene, award, amount="1000000")
    tables = []
    for _ in range(2):
        batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
        payments.release(batch, actor=scene.finance_head)
        tables.append(rows_of(made("payments", scene.finance, batch=batch)))
    assert [[row[7], row[11], row[12]] for row in tables[0]] == [
        [360_000, 360_000, 240_000], [240_000, 240_000, 160_000],
    ]  # fmt: skip
    assert [[row[11], row[12]] for row in tables[1]] == [[600_000, 0], [400_000, 0]]


def test_payment_table_says_whether_it_is_signed_and_what_became_of_each_transfer():
    scene = make_scene()
    one, two = ready(scene), ready(scene)
    confirmed(scene, one, two, amount="1000000")
    batch = payments.draft(scene.call, awards=[one, two], actor=scene.finance)
    assert "（待签发）" in sheet_of(made("payments", scene.finance, batch=batch))["A2"].value
    payments.release(batch, actor=scene.finance_head)
    first, second = batch.payments.order_by("pk")
    today = clock.today()
    payments.arrived(first, actor=scene.finance, on=today)
    payments.bounce(second, actor=scene.finance, on=today, reason="=户名不符")
    export = made("payments", scene.finance, batch=batch)
    assert "（已签发）" in sheet_of(export)["A2"].value
    assert [row[13] for row in rows_of(export)] == [f"{today} 到账", f"{today} 退汇：=户名不符"]


def test_payment_table_is_for_finance_only():
    scene = make_scene()
    with pytest.raises(Refused) as caught:
        exports.ask("payments", actor=scene.lead_clerk, batch=scene.batch())
    assert caught.value.reason == "role"
    assert not Export.objects.exists()


def test_lead_unit_gets_its_own_measures_only():
    one, two = busy_scenes()
    other = make_scene(position=3)
    hand_over(other.measure, other.finance_bureau)
    export = made("ledger", one.lead_clerk, year=one.call.year)
    lines = {row[0] for row in sheet_of(export).iter_rows(min_row=4, values_only=True)}
    assert lines == {one.measure.line, two.measure.line, "合计"}


def test_who_asked_is_told_when_it_is_ready_and_nobody_else():
    scene = make_scene()
    export = made("ledger", scene.finance, year=2026)
    told = Notice.objects.filter(url=f"/awards/exports/{export.uid}/")
    assert [(notice.recipient, notice.subject[:6]) for notice in told] == [
        (scene.finance, "导出已完成：")
    ]


def test_same_export_asked_twice_while_open_is_one():
    scene = make_scene()
    one = exports.ask("ledger", actor=scene.finance, year=2026)
    assert exports.ask("ledger", actor=scene.finance, year=2026) == one
    assert exports.ask("ledger", actor=scene.finance, year=2025) != one


def test_cancelled_export_is_not_written():
    scene = make_scene()
    export = exports.ask("ledger", actor=scene.finance, year=2026)
    exports.cancel(export, actor=scene.finance)
    assert exports.run(export.pk).blob is None
    with pytest.raises(Refused) as caught:
        exports.cancel(export, actor=scene.finance)
    assert caught.value.reason == "state"


@pytest.mark.django_db(transaction=True)
def test_export_that_is_cancelled_while_it_is_written_stops(monkeypatch):
    one, _two = busy_scenes()
    export = exports.ask("ledger", actor=one.finance, year=one.call.year)
    monkeypatch.setattr(exports, "STEP_S", 0)
    write_row, seen = sheets._write_row, []

    def cancel_at_the_second_row(*args):
        seen.append(args)
        if len(seen) == 2:
            at_once(lambda: exports.cancel(export, actor=one.finance))
        write_row(*args)

    monkeypatch.setattr(sheets, "_write_row", cancel_at_the_second_row)
    found = exports.run(export.pk)
    assert (found.state, found.blob, len(seen), found.done_rows) == ("cancelled", None, 2, 1)


def test_export_whose_worker_fell_silent_is_taken_up_again(clock):
    scene = make_scene()
    export = exports.ask("ledger", actor=scene.finance, year=2026)
    now = clock.now()
    Export.objects.filter(pk=export.pk).update(state="running", alive_at=now, attempts=1)
    assert exports.run(export.pk).state == "running"  # somebody writes it
    clock.advance(timedelta(minutes=3))
    assert exports.sweep() == 1
    export.refresh_from_db()
    assert (export.state, export.attempts) == ("done", 2)


def test_export_that_breaks_thrice_is_given_up_and_told(monkeypatch):
    from awards.tasks import run_export

    scene = make_scene()
    export = exports.ask("ledger", actor=scene.finance, year=2026)

    def broken(*args, **more):
        raise OSError("disk full")

    monkeypatch.setattr(sheets, "write", broken)
    for _ in range(3):
        with pytest.raises(OSError, match="disk full"):
            run_export(export.pk)
    export.refresh_from_db()
    assert (export.state, export.attempts) == ("failed", 3)
    assert Notice.objects.filter(recipient=scene.finance, subject__startswith="导出未能").exists()


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_by_others_while_the_rows_are_of_one_moment(monkeypatch):
    scene = make_scene()
    scene.reserved(amount="100")
    export = exports.ask("ledger", actor=scene.finance, year=scene.call.year)
    monkeypatch.setattr(exports, "STEP_S", 0)
    write_row, seen = sheets._write_row, []
    side = connection.copy()

    def look(*args):
        write_row(*args)
        with side.cursor() as cursor:
            cursor.execute("SELECT state, done_rows, total_rows FROM awards_export")
            seen.append(cursor.fetchone())

    monkeypatch.setattr(sheets, "_write_row", look)
    found = exports.run(export.pk)
    side.close()
    assert seen == [("running", 0, 2), ("running", 1, 2)]
    assert (found.state, found.done_rows) == ("done", 2)


def test_export_is_gone_with_the_role_that_it_was_asked_in(client):
    """Accounts in full are finance's: who goes on as an auditor does not take them along."""
    scene = make_scene()
    award = ready(scene)
    confirmed(scene, award)
    batch = payments.draft(scene.call, awards=[award], actor=scene.finance)
    export = made("payments", scene.finance, batch=batch)
    page = reverse("award_export_download", args=[export.uid])
    client.force_login(scene.finance)
    assert client.get(page).status_code == 200
    memberships.end(scene.finance.memberships.get(), actor="system:test", reason="x")
    memberships.grant(scene.finance, Role.AUDITOR, actor="system:test")
    assert client.get(page).status_code == 404
    assert export.name not in client.get(reverse("award_export_list")).content.decode()
    later = made("ledger", scene.finance)
    assert client.get(reverse("award_export_download", args=[later.uid])).status_code == 200


def test_open_export_from_before_a_role_ended_is_not_given_again():
    scene = make_scene()
    first = exports.ask("supported", actor=scene.lead_clerk, call=scene.call)
    assert exports.ask("supported", actor=scene.lead_clerk, call=scene.call) == first
    held = scene.lead_clerk.memberships.get()
    memberships.end(held, actor="system:test", reason="x")
    memberships.grant(scene.lead_clerk, Role.CLERK, unit=scene.lead, actor="system:test")
    assert exports.ask("supported", actor=scene.lead_clerk, call=scene.call) != first
