"""Letters, receipts and application forms; what `verify` says of submissions."""

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from applications import letters, papers, tasks, verifying
from applications.letters import FactsMissing
from applications.models import Letter, Numbering
from applications.workflow import schema_of
from portal import clock
from portal.audit.models import Event
from portal.audit.recording import record
from portal.documents.rendering import render_pdf
from portal.notices.models import Notice
from tests.applications.definition import fill, start, submitted, world
from tests.conftest import owner_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return world()


def issue(application, place, code="correction", **facts):
    facts = facts or {"items": ["补社保证明", "更正发票"]}
    return letters.issue(application, code, unit=place.lead, actor=place.admin, facts=facts)


def test_letter_is_filled_numbered_told_and_recorded(place):
    application = submitted(place)
    letter = issue(application, place)
    year = clock.today().year
    due = papers.chinese_date(application.due_on)
    assert letter.number == f"市科技局补正〔{year}〕1号"
    assert letter.subject == "补正通知书"
    assert letter.body == (
        f"{place.organisation.name}：请于{due}前补正：\n1. 补社保证明\n2. 更正发票"
    )
    assert Event.objects.filter(action="letter.correction", object_id=str(letter.pk)).count() == 1
    told = Notice.objects.filter(dedupe_key__startswith=f"letter:{letter.pk}:")
    assert set(told.values_list("recipient", flat=True)) == {place.filler.pk, place.admin.pk}
    assert {row.subject for row in told} == {f"补正通知书：{letter.number}"}
    assert {row.subject_en for row in told} == {f"Correction: {letter.number}"}


def test_letters_count_by_unit_kind_and_year(place):
    application = submitted(place)
    numbers = [issue(application, place).number for _ in range(2)]
    other = issue(application, place, "refusal", reason="不符合条件").number
    year = clock.today().year
    assert numbers == [f"市科技局补正〔{year}〕1号", f"市科技局补正〔{year}〕2号"]
    assert other == f"市科技局不受理〔{year}〕1号"
    assert Numbering.objects.filter(series__startswith="letter-kjj").count() == 2


def test_letter_without_a_fact_that_it_names_is_not_issued(place):
    application = submitted(place)
    with pytest.raises(FactsMissing) as missing:
        issue(application, place, "result", items=["x"])
    assert missing.value.names == {"result"}
    assert not Letter.objects.exists()
    assert not Numbering.objects.filter(series__startswith="letter").exists()


def test_braces_in_facts_stay_text(place):
    application = submitted(place)
    letter = issue(application, place, "refusal", reason="{{7*7}} {organisation} #read()")
    assert "{{7*7}} {organisation} #read()" in letter.body
    data = letters.paper_data(letter)
    assert render_pdf("documents/letter.typ", data, at=letter.issued_at).startswith(b"%PDF")


def test_letter_is_printed_by_task_once(place, run_tasks):
    letter = issue(submitted(place), place)
    run_tasks()
    letter.refresh_from_db()
    printed = letter.pdf_id
    assert printed
    tasks.make_letter(letter.pk)
    letter.refresh_from_db()
    assert letter.pdf_id == printed


def test_sweep_prints_letters_that_a_lost_message_missed(place, clock):
    letter = issue(submitted(place), place)
    clock.advance(timedelta(minutes=2))
    tasks.sweep_papers()
    letter.refresh_from_db()
    assert letter.pdf_id


def test_paper_of_a_letter_names_the_issuer_in_full_and_the_addressee_once(place):
    data = letters.paper_data(issue(submitted(place), place))
    assert (data["unit"], data["recipient"]) == ("南京市科技局", place.organisation.name)
    assert data["paragraphs"][0].startswith("请于")


def test_form_shows_what_was_submitted_without_the_bank_account(place):
    data = papers.form_data(submitted(place).submissions.get())
    sections = {s["title"]: s for group in data["groups"] for s in group["sections"]}
    told = dict(sections["单位信息"]["rows"])
    assert told["单位名称"] == place.organisation.name
    assert place.organisation.bank_account not in str(data)
    assert dict(sections["负责人与专职团队"]["rows"])["验证资金规模"] == "500.00 万元"
    assert sections["三年目标"]["sheets"][0]["body"][0] == ["入库", "1 项", "2 项", "3 项"]
    assert sections["建设投入明细表"]["sheets"][0]["total"].startswith(
        "共 2 张，价税合计 0.226 万元"
    )
    assert data["asked"] == "0.06 万元（¥600.00，人民币陆佰元整）"


def test_a_section_that_the_form_withholds_is_not_called_empty(place):
    case = submitted(place)
    section = next(s for s in schema_of(case).form.sections if s.title.zh == "单位信息")
    bank = [item for item in section.fields if item.code == "bank_account"]
    withheld = papers._section(
        case, replace(section, fields=tuple(bank)), case.submissions.get().snapshot
    )
    assert (withheld["rows"], withheld["empty"]) == ([], "已在系统登记，申报书不载明")


def test_form_with_a_character_of_no_font_comes_about_and_says_so(place, run_tasks):
    place.organisation.legal_representative = "王\U00031350"
    place.organisation.name = "南京\U00031350科技有限公司"
    place.organisation.save()
    submission = submitted(place).submissions.get()
    run_tasks()
    submission.refresh_from_db()
    assert submission.form_id and submission.receipt_id


# --- verify ---------------------------------------------------------------------------------


def verify(capsys, name):
    with contextlib.suppress(CommandError):
        call_command("verify", name)
    return capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("damage", "check", "fault"),
    [
        (
            'UPDATE applications_submission SET snapshot = snapshot || \'{"asked_cny": "9.00"}\'',
            "applications.submissions",
            "the snapshot's SHA-256 is not the receipt's",
        ),
        (
            "UPDATE applications_submission SET round = 3",
            "applications.submissions",
            "round 3 instead of 0",
        ),
        (
            "UPDATE applications_application SET status = 'formal_check'",
            "applications.histories",
            "stands at formal_check, its history ends at recommendation",
        ),
    ],
)
def test_verify_finds_what_somebody_changed_past_the_guards(capsys, damage, check, fault):
    place = world()
    submitted(place)
    assert "no fault" in verify(capsys, check)
    connections["default"].close()
    with owner_connection() as owner:
        table = damage.split()[1]
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        owner.execute(damage)
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert fault in verify(capsys, check)


def test_draft_needs_no_submission(place, capsys):
    fill(start(place), place)
    assert [*verifying.submissions(), *verifying.histories(), *verifying.events()] == []


def test_verify_names_a_move_that_was_told_twice_or_never_happened(place):
    case = submitted(place)
    assert list(verifying.events()) == []
    for _time in range(2):
        record("x", obj=case, actor="test", from_state="draft", to_state=case.status)
    record("x", obj=case, actor="test", from_state="selection", to_state="public_notice")
    assert list(verifying.events()) == [
        f"case {case.uid}: 1 moves from draft to {case.status}, 3 events of it",
        f"case {case.uid}: 0 moves from selection to public_notice, 1 events of it",
    ]
