"""免申即享: drafted by a clerk, released by a head, confirmed by the organisation, then as any case."""

from datetime import timedelta
from decimal import Decimal as D

import pytest

from applications import drafts, nominated, reminding, submitting
from applications.models import Answer, Application
from applications.unlocking import NotEditable
from applications.workflow import MoveRefused, move, plan, schema_of
from awards.models import Award
from policy.entries import Catalogue
from portal import clock
from portal.accounts.models import Role
from portal.notices.models import Notice
from reviews import nominating
from reviews.models import Nomination
from reviews.refusals import Refused
from tests.factories import OrganisationFactory, person
from tests.reviews import direct
from tests.reviews.cases import make_call, make_office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office(**direct.CALL)


@pytest.fixture
def organisation(office):
    return OrganisationFactory(district=office.district)


@pytest.fixture
def admin(organisation):
    return person(Role.ORG_ADMIN, organisation=organisation)


@pytest.fixture
def clock_at(clock):
    return clock.set


def draft(office, *lines, **more):
    values = {"basis": "保险机构报送的保单数据", "text": "\n".join(lines)} | more
    return nominating.draft(office.call, actor=office.lead_clerk, **values)


def nominate(office, *organisations) -> Nomination:
    found = draft(office, *(direct.line(organisation) for organisation in organisations))
    return nominating.release(found, actor=office.lead_head)


def case_of(organisation) -> Application:
    return Application.objects.select_related("call", "definition", "organisation").get(
        organisation=organisation
    )


def confirm(case, admin, *, at=None):
    return submitting.submit(case, actor=admin, key="k", arrived_at=at or clock.now())


def test_the_list_asks_what_the_short_form_asks(office):
    assert [column.field.code for column in nominating.columns(office.call)] == [
        "enterprise_type", "certificate_no", "certificate_until", "insurance", "premium_cny",
        "other_subsidy", "other_subsidy_note",
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["15-2", "18-1"])
def test_the_short_form_and_plan_hold_together(line):
    schema = Catalogue().newest(line).schema.direct
    assert next(stage.code for stage in schema.stages) == "formal_check"
    road = {stage.code: stage.next for stage in schema.stages}
    assert (road["formal_check"], road["selection"], road["decision"]) == (
        "selection", "public_notice", "finance",
    )  # fmt: skip
    assert schema.attachments == () and schema.rubric.criteria == ()
    fields = schema.form.fields
    for item in schema.award.inputs:
        assert item.code in fields or not item.required
    for section in schema.form.sections:
        for check in section.checks:
            assert set(check.operands) <= set(fields)


def test_a_released_list_opens_a_case_that_the_organisation_is_told_of(office, organisation, admin):
    nomination = nominate(office, organisation)
    case = case_of(organisation)
    assert (case.status, case.direct, case.number) == ("draft", True, None)
    assert case.due_on is not None
    assert nomination.rows[0]["case"] == case.uid
    notice = Notice.objects.get(recipient=admin)
    assert notice.url == f"/applications/{case.uid}/check/"
    assert str(case.due_on) in notice.subject


def test_confirming_submits_with_the_units_figures_and_goes_the_short_way(
    office, organisation, admin
):
    nominate(office, organisation)
    case = case_of(organisation)
    submission = confirm(case, admin)
    case.refresh_from_db()
    assert (case.status, case.capped_cny, case.asked_cny) == (
        "formal_check", D("50000.00"), D("50000.00"),
    )  # fmt: skip
    assert submission.snapshot["computation"]["arguments"]["inputs"]["premium_cny"] == "100000.00"
    assert [stage.code for stage in plan(case)][:2] == ["formal_check", "correction"]
    case = move(case, "accept", actor=office.lead_clerk)
    assert case.status == "selection"


def test_the_page_says_who_nominated_and_has_one_act(office, organisation, admin, client):
    nominate(office, organisation)
    case = case_of(organisation)
    client.force_login(admin)
    page = client.get(f"/applications/{case.uid}/check/").content.decode()
    assert "确认同意并提交" in page and "内容完整，可以提交。" in page
    assert organisation.bank_account in page
    workspace = client.get(f"/applications/{case.uid}/edit/")
    assert workspace.status_code in {200, 302, 404}


def test_the_units_figures_are_not_the_organisations_to_change(office, organisation, admin):
    nominate(office, organisation)
    case = case_of(organisation)
    with pytest.raises(NotEditable):
        drafts.save_section(case, "base", {"premium_cny": "900000.00"}, actor=admin)
    drafts.save_section(case, "organisation", {"contact_name": "李四"}, actor=admin)
    assert Answer.objects.get(application=case, section="base").data["premium_cny"] == "100000.00"


def test_after_the_limit_a_nomination_no_longer_counts(office, organisation, admin):
    nominate(office, organisation)
    case = case_of(organisation)
    late = clock.now() + timedelta(days=30)
    with pytest.raises(submitting.NotSubmitted) as refused:
        confirm(case, admin, at=late)
    assert (refused.value.reason, refused.value.facts["due_on"]) == ("late", case.due_on)


def test_who_does_not_agree_applies_as_usual_with_the_whole_form(office, organisation, admin):
    nominate(office, organisation)
    case = case_of(organisation)
    stranger = person(Role.ORG_ADMIN, organisation=OrganisationFactory())
    with pytest.raises(MoveRefused):
        nominated.apply_as_usual(case, actor=stranger)
    case = nominated.apply_as_usual(case, actor=admin)
    assert (case.direct, case.due_on) == (False, None)
    assert schema_of(case).attachments
    assert next(stage.code for stage in plan(case)) == "recommendation"
    with pytest.raises(submitting.NotSubmitted) as refused:
        confirm(case, admin)
    assert refused.value.reason == "problems"
    with pytest.raises(MoveRefused):
        nominated.apply_as_usual(case, actor=admin)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["高新技术企业", "GR1", "2028-12-31", "专利险", "十万", "否"], "保费"),
        (["高新技术企业", "GR1", "2028-12-31", "专利险", "-1", "否"], "不能为负数"),
        (["高新技术企业", "GR1", "2028-13-31", "专利险", "1", "否"], "不是日期"),
        (["国企", "GR1", "2028-12-31", "专利险", "1", "否"], "不在可选范围内"),
        (["高新技术企业", "", "2028-12-31", "专利险", "1", "否"], "请填写此项"),
        (["高新技术企业", "GR1", "2028-12-31", "专利险", "1", "是"], "其他补贴"),
        (["高新技术企业", "GR1", "2028-12-31", "专利险", "1", "否", "", "x"], "多出 1 列"),
    ],
)
def test_what_is_wrong_is_told_line_by_line(office, organisation, cells, words):
    with pytest.raises(Refused) as refused:
        draft(office, "", direct.line(organisation, *cells))
    assert refused.value.reason == "rows_wrong"
    assert refused.value.facts["lines"][0][0] == 2
    assert words in refused.value.facts["lines"][0][1]


def test_who_is_not_in_the_portal_or_twice_on_the_list_is_told(office, organisation):
    unknown = OrganisationFactory.build().uscc
    with pytest.raises(Refused) as refused:
        draft(office, direct.line(organisation), direct.line(unknown), direct.line(organisation))
    assert [line for line, _fault in refused.value.facts["lines"]] == [2, 3]


def test_an_organisation_with_a_case_already_stops_the_list_whole(office, organisation, admin):
    nominate(office, organisation)
    other = OrganisationFactory(district=office.district)
    found = draft(office, direct.line(other), direct.line(organisation))
    with pytest.raises(Refused) as refused:
        nominating.release(found, actor=office.lead_head)
    assert refused.value.facts["organisations"] == [organisation.name]
    assert not Application.objects.filter(organisation=other).exists()


def test_two_people_and_a_call_that_says_so(office, organisation):
    with pytest.raises(Refused, match="role"):
        nominating.draft(office.call, basis="x", text="x", actor=office.lead_head)
    found = draft(office, direct.line(organisation))
    with pytest.raises(Refused, match="role"):
        nominating.release(found, actor=office.lead_clerk)
    nominating.discard(found, actor=office.lead_head, note="重复")
    with pytest.raises(Refused, match="state"):
        nominating.release(found, actor=office.lead_head)
    plain = make_call(office.call.measure, body=direct.BODY, settings={"premium_rate": "0.5"})
    with pytest.raises(Refused, match="not_direct"):
        nominating.draft(plain, basis="x", text=direct.line(organisation), actor=office.lead_clerk)


def test_a_drafted_list_waits_among_what_the_head_releases(office, organisation, client):
    found = draft(office, direct.line(organisation))
    client.force_login(office.lead_head)
    page = client.get("/reviews/release/").content.decode()
    assert f"/reviews/nominations/{found.uid}/" in page and "免申即享名单" in page
    nominating.release(found, actor=office.lead_head)
    assert found.uid not in client.get("/reviews/release/").content.decode()


def test_the_pages_draft_release_and_show_it(office, organisation, admin, client):
    client.force_login(office.lead_clerk)
    assert office.call.code in client.get("/reviews/nominations/").content.decode()
    url = f"/reviews/nominations/new/{office.call.uid}/"
    wrong = client.post(url, {"basis": "数据", "text": direct.line(organisation, "国企")})
    assert wrong.status_code == 422 and "第 1 行" in wrong.content.decode()
    assert organisation.uscc in wrong.content.decode()
    client.post(url, {"basis": "数据", "text": direct.line(organisation)})
    nomination = Nomination.objects.get()
    client.force_login(office.lead_head)
    client.post(f"/reviews/nominations/{nomination.uid}/release/")
    page = client.get(f"/reviews/nominations/{nomination.uid}/").content.decode()
    assert organisation.name in page and "待确认，至" in page
    assert Award.objects.count() == 0


def end_of(case):
    return reminding.end_of(case.due_on)


def test_reminders_come_before_the_limit_of_a_nomination_not_before_the_cut_off(
    office, organisation, admin, clock_at
):
    nominate(office, organisation)
    case, sent = case_of(organisation), []
    for hours in (97, 71, 70, 23, 3, -1):
        clock_at(end_of(case) - timedelta(hours=hours))
        sent.append(reminding.remind())
    # Its seventh day before began before it was told of at all.
    assert sent == [0, 1, 0, 1, 1, 0]
    notices = Notice.objects.filter(recipient=admin, dedupe_key__startswith="remind:")
    assert {notice.url for notice in notices} == {f"/applications/{case.uid}/check/"}
    first = notices.earliest("pk")
    assert f"须在 {case.due_on} 前确认，剩余不足 3 天" in first.subject
    assert first.body == "逾期不能再确认；仍需支持的，可在申报截止前转为自行申报。"


def test_what_was_confirmed_is_not_reminded(office, organisation, admin, clock_at):
    nominate(office, organisation)
    case = case_of(organisation)
    confirm(case, admin)
    clock_at(end_of(case) - timedelta(hours=3))
    assert reminding.remind() == 0


def test_unit_and_organisation_learn_once_what_was_not_confirmed(
    office, organisation, admin, clock_at
):
    confirmed, late = OrganisationFactory(district=office.district), organisation
    other = person(Role.ORG_ADMIN, organisation=confirmed)
    nomination = nominate(office, confirmed, late)
    confirm(case_of(confirmed), other)
    case = case_of(late)
    clock_at(end_of(case) - timedelta(minutes=1))
    assert nominating.tell_lapsed() == 0
    clock_at(end_of(case) + timedelta(minutes=1))
    for _run in range(2):
        assert nominating.tell_lapsed() == 1
    told = Notice.objects.filter(dedupe_key__startswith="nomination-lapsed:")
    subjects = {notice.recipient_id: notice.subject for notice in told}
    assert len(told) == len(subjects) == 2
    assert f"1 家单位未在 {case.due_on} 前确认" in subjects[office.lead_clerk.pk]
    assert subjects[admin.pk].endswith(f"未在 {case.due_on} 前确认")
    url = f"/reviews/nominations/{nomination.uid}/"
    assert told.get(recipient=office.lead_clerk).url == url


@pytest.mark.parametrize("days", [30, 2])
def test_after_the_limit_the_page_says_what_can_still_be_done(client, clock_at, days):
    """``days``: until the call closes, long after the limit or before it."""
    office = make_office(**direct.CALL, closes_at=clock.now() + timedelta(days=days))
    organisation, is_open = OrganisationFactory(district=office.district), days == 30
    admin = person(Role.ORG_ADMIN, organisation=organisation)
    nominate(office, organisation)
    end = end_of(case_of(organisation))
    address = f"/applications/{case_of(organisation).uid}/check/"
    clock_at(end - timedelta(minutes=5))
    client.force_login(admin)
    page = client.get(address).content.decode()
    assert "确认同意并提交" in page
    assert ("as-usual" in page) == is_open
    clock_at(end + timedelta(minutes=1))
    client.force_login(admin)
    page = client.get(address).content.decode()
    words = "可在申报截止前转为自行申报" if is_open else "未在期限内确认，不再办理"
    assert words in page
    assert ("as-usual" in page) == is_open
    assert "确认同意并提交" not in page
    assert "内容完整，可以提交。" not in page
    sent = {"action": "submit", "key": "k", "pledge": "1"}
    refused = client.post(address, sent).content.decode()
    assert refused.count(words) > page.count(words)
    assert "补正期限" not in refused
    nominating.tell_lapsed()
    told = Notice.objects.get(recipient=admin, dedupe_key__startswith="nomination-lapsed:")
    assert words in told.body
    client.post(f"{address.removesuffix('check/')}as-usual/")
    assert case_of(organisation).direct != is_open


def test_who_was_handed_a_nomination_may_apply_as_usual(office, organisation, admin):
    nominate(office, organisation)
    case = case_of(organisation)
    move(case, "hand_over", actor=person(Role.FILLER, organisation=organisation))
    case = nominated.apply_as_usual(case, actor=admin)
    assert (case.status, case.direct, case.next_stage) == ("handed", False, "recommendation")


def test_the_list_tells_how_many_confirmed_and_who_let_the_day_pass(
    office, organisation, admin, client, clock_at
):
    confirmed = OrganisationFactory(district=office.district)
    nomination = nominate(office, confirmed, organisation)
    confirm(case_of(confirmed), person(Role.ORG_ADMIN, organisation=confirmed))
    case = case_of(organisation)
    clock_at(end_of(case) + timedelta(minutes=1))
    client.force_login(office.lead_clerk)
    page = client.get(f"/reviews/nominations/{nomination.uid}/").content.decode()
    assert "已确认 1 · 逾期未确认 1" in page
    assert f"逾期未确认（{case.due_on}）" in page


@pytest.mark.parametrize(("shift", "words"), [(-1, "前确认"), (1, "可转为自行申报")])
def test_the_applicants_home_shows_the_limit_of_a_nomination(
    office, organisation, admin, client, clock_at, shift, words
):
    nominate(office, organisation)
    case = case_of(organisation)
    clock_at(end_of(case) + timedelta(hours=shift))
    client.force_login(admin)
    line = client.get("/home/").context["main"][0].lines[0]
    assert line.url == f"/applications/{case.uid}/check/"
    assert words in line.next
    assert line.until is None
    assert (line.due.on if line.due else line.state) == (case.due_on if shift < 0 else "逾期未确认")
