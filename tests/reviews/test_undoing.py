"""Undoing an act within ten seconds: everything is as before, nobody was told, only its actor may."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from applications import drafts, undoing
from applications.models import UNDONE_MOVES, Application, Letter, Transition
from applications.tasks import make_letter
from applications.timeline import Road
from applications.workflow import MoveRefused, move
from policy import workdays
from portal import clock as portal_clock
from portal.audit.models import Event
from portal.audit.recording import record
from portal.notices import outbox
from portal.notices.models import Notice
from reviews import checking, consulting, history, panels, recommending
from reviews.models import Opinion, Recommendation
from reviews.recommending import Visit
from reviews.refusals import Refused
from reviews.undoing import undo
from tests.awards.racing import at_once
from tests.reviews.cases import make_case, make_office, make_pool, parties, status_of

pytestmark = pytest.mark.django_db(transaction=True)

# What the act must leave as it was.
KEPT = (
    "status", "stage_started_at", "holder_unit_id", "due_on", "due_provisional", "due_waiting",
    "next_stage", "correction_round",
)  # fmt: skip


@pytest.fixture
def office():
    return make_office()


def _recommend(office, case):
    visit = Visit(portal_clock.today(), "张三、李四", "场地属实")
    recommending.recommend(case, actor=office.district_clerk, opinion="同意推荐", visit=visit)
    return office.district_clerk


def _return(office, case):
    recommending.return_to_applicant(case, actor=office.district_clerk, reason="场地证明过期")
    return office.district_clerk


def _accept(office, case):
    checking.tick_rest(case, actor=office.lead_clerk)
    checking.accept(case, actor=office.lead_clerk)
    return office.lead_clerk


def _ask(office, case):
    flags = [checking.Flag("team.full_time_staff", "请补社保证明")]
    checking.ask_correction(case, actor=office.lead_clerk, flags=flags)
    return office.lead_clerk


def _conclude(office, case):
    with transaction.atomic():
        consulting.start(case, actor=office.lead_clerk)
    for opinion in case.opinions.select_related("unit"):
        clerk = office.co_clerk(office.co_units.index(opinion.unit))
        consulting.give(opinion, actor=clerk, outcome="no_objection")
    consulting.conclude(case, actor=office.lead_clerk)
    return office.lead_clerk


ACTS = {
    "recommend": ("recommendation", _recommend),
    "return": ("recommendation", _return),
    "accept": ("formal_check", _accept),
    "ask_correction": ("formal_check", _ask),
    "conclude_joint_review": ("joint_review", _conclude),
}


def _state(case) -> dict:
    return Application.objects.values(*KEPT).get(pk=case.pk)


def _revision(case) -> int:
    return Application.objects.values_list("revision", flat=True).get(pk=case.pk)


def _back(case, actor):
    return undo(case, actor=actor, seen_revision=_revision(case))


def test_every_undoable_act_is_tried_here_and_the_pages_hold_is_the_limit():
    assert ACTS.keys() == undoing.UNDOABLE
    assert undoing.LIMIT == outbox.HOLD == timedelta(seconds=10)


@pytest.mark.parametrize("action", ACTS)
def test_an_act_that_is_undone_leaves_the_case_as_it_was_and_nobody_told(office, clock, action):
    stands, act = ACTS[action]
    clock.advance(timedelta(days=3))  # the stage began some days ago
    case = make_case(office, at=stands)
    clock.advance(timedelta(days=2))
    before, told = _state(case), set(Notice.objects.values_list("pk", flat=True))
    seen = _revision(case)
    actor = act(office, case)
    kept = {"opinion:", "opinions:"} if action == "conclude_joint_review" else set()
    clock.set(case.transitions.last().at + timedelta(seconds=5))
    undone = _back(case, actor)
    assert (undone.action, undone.source) == (action, stands)
    assert _state(case) == before
    assert _revision(case) == seen + 2
    left = Notice.objects.exclude(pk__in=told).values_list("dedupe_key", flat=True)
    assert [key for key in left if not any(key.startswith(name) for name in kept)] == []
    [event] = Event.objects.filter(action="application.undo")
    assert (event.from_state, event.to_state) == (undone.target, stands)
    assert event.data["undone"] == action


def test_undone_recommendation_is_marked_hidden_from_the_history_and_stands_in_the_form(
    office, client
):
    case = make_case(office, at="recommendation")
    _recommend(office, case)
    client.force_login(office.district_clerk)
    page = client.post(reverse("review_undo", args=[case.uid]), {"seen": _revision(case)})
    assert page["Location"] == f"/reviews/cases/{case.uid}/?act=recommend"
    row = Recommendation.objects.get()
    assert row.undone_at is not None
    assert [event.name for event in history.events(case)][-2:] == ["推荐", "撤销上一步"]
    shown = client.get(page["Location"]).content.decode()
    assert "已撤销“推荐”" in shown
    assert "同意推荐" in shown and "张三、李四" in shown and "场地属实" in shown
    # Done again, it counts once.
    recommending.recommend(case, actor=office.district_clerk, opinion="再次推荐")
    assert status_of(case) == "formal_check"
    assert Recommendation.objects.filter(undone_at__isnull=True).count() == 1


def test_undone_return_keeps_its_reason_in_the_form(office, client):
    case = make_case(office, at="recommendation")
    _return(office, case)
    client.force_login(office.district_clerk)
    page = client.post(reverse("review_undo", args=[case.uid]), {"seen": _revision(case)})
    assert page["Location"] == f"/reviews/cases/{case.uid}/?act=return"
    assert "场地证明过期" in client.get(page["Location"]).content.decode()


def test_undone_acceptance_lets_the_co_units_go_and_recalls_its_letter(office, client):
    case, clerk = make_case(office, at="formal_check"), office.co_clerk(0)
    actor = _accept(office, case)
    letter = Letter.objects.get(kind="acceptance")
    assert parties(case, "co_unit") and case.opinions.count() == 2
    _back(case, actor)
    letter.refresh_from_db()
    assert letter.recalled_at is not None
    assert case.opinions.count() == 0
    assert not case.parties.filter(part="co_unit", ended_at__isnull=True).exists()
    assert not Application.objects.visible_to(office.co_clerk(0)).exists()
    client.force_login(case.applicant)
    assert client.get(reverse("application_letter", args=[case.uid, letter.uid])).status_code == 404
    assert letter.subject not in client.get(f"/applications/{case.uid}/").content.decode()
    make_letter(letter.pk)
    letter.refresh_from_db()
    assert letter.pdf is None
    assert [event.note for event in history.events(case) if letter.number in event.name] == [
        "已撤回，未送达"
    ]
    # Accepted again: asked anew, told anew, a letter with the next number.
    checking.accept(case, actor=actor)
    assert case.opinions.count() == 2
    checked = Notice.objects.filter(dedupe_key__startswith=f"opinion:{case.pk}:")
    assert {notice.recipient for notice in checked} == {clerk}
    assert Letter.objects.filter(kind="acceptance", recalled_at__isnull=True).count() == 1
    assert Application.objects.visible_to(office.co_clerk(0)).exists()


def test_undone_correction_stands_on_its_page_again(office, client):
    case = make_case(office, at="formal_check")
    invoice = case.invoices.order_by("position").last()
    row = next(path for path in checking.labels(case) if path.endswith(f".{invoice.uid}"))
    flags = {"team.full_time_staff": "请补社保证明", row: "发票不清"}
    checking.ask_correction(case, actor=office.lead_clerk, flags=checking.flags_of(flags))
    client.force_login(office.lead_clerk)
    page = client.post(reverse("review_undo", args=[case.uid]), {"seen": _revision(case)})
    shown = page.content.decode()
    assert page.status_code == 200
    assert 'value="请补社保证明"' in shown and 'value="发票不清"' in shown
    assert f'action="/reviews/cases/{case.uid}/correction/"' in shown
    assert status_of(case) == "formal_check"
    assert not case.corrections.exists()
    seen = re.search(r'name="seen" value="(\d+)"', shown)[1]
    assert int(seen) == _revision(case)


@pytest.mark.parametrize(("seconds", "is_undone"), [(5, True), (10.001, False)])
def test_the_limit_is_ten_seconds_of_the_databases_clock(office, clock, seconds, is_undone):
    case = make_case(office, at="recommendation")
    clock.set(portal_clock.now())
    actor = _recommend(office, case)
    acted = case.transitions.last().at
    clock.set(acted + timedelta(seconds=seconds))
    if is_undone:
        _back(case, actor)
        assert status_of(case) == "recommendation"
        return
    with pytest.raises(MoveRefused) as refused:
        _back(case, actor)
    assert refused.value.reason == "too_late"
    assert status_of(case) == "formal_check"
    assert Notice.objects.filter(dedupe_key__startswith=f"application:{case.pk}:").exists()


def test_a_colleague_undoes_nothing_and_finds_nothing(office, client):
    case = make_case(office, at="recommendation")
    _recommend(office, case)
    for user in (office.lead_clerk, office.stranger, case.applicant):
        with pytest.raises(MoveRefused) as refused:
            _back(case, user)
        assert refused.value.reason == "role"
        client.force_login(user)
        url = reverse("review_undo", args=[case.uid])
        assert client.post(url, {"seen": _revision(case)}).status_code == 404
    assert status_of(case) == "formal_check"


def test_an_old_page_undoes_nothing(office):
    case = make_case(office, at="recommendation")
    seen = _revision(case)
    actor = _recommend(office, case)
    with pytest.raises(MoveRefused) as refused:
        undo(case, actor=actor, seen_revision=seen)
    assert refused.value.reason == "changed"


def test_nothing_is_undone_twice(office):
    case = make_case(office, at="recommendation")
    actor = _recommend(office, case)
    _back(case, actor)
    with pytest.raises(MoveRefused) as refused:
        _back(case, actor)
    assert refused.value.reason == "state"


def _tick(office, case):
    checking.tick(case, "uscc", actor=office.lead_clerk, result="passed")


def _give(office, case):
    opinion = case.opinions.get(unit=office.co_units[0])
    consulting.give(opinion, actor=office.co_clerk(0), outcome="no_objection")


def _edit(office, case):
    drafts.save_section(case, "team", {"full_time_staff": 9}, actor=case.applicant)


def _draw(office, case):
    make_pool(10)
    panels.draw(office.call, cases=[case], actor=office.lead_clerk)


@pytest.mark.parametrize(
    ("action", "since"),
    [
        ("recommend", _tick),
        ("return", _edit),
        ("accept", _give),
        ("ask_correction", _edit),
        ("conclude_joint_review", _draw),
    ],
)
def test_what_others_built_on_an_act_keeps_it(office, action, since):
    stands, act = ACTS[action]
    case = make_case(office, at=stands)
    actor = act(office, case)
    after = _state(case)
    since(office, case)
    with pytest.raises((MoveRefused, Refused)) as refused:
        _back(case, actor)
    assert refused.value.reason == "acted_since"
    assert _state(case) == after
    assert not Transition.objects.filter(action="undo").exists()


def test_of_undoing_and_the_next_officers_act_exactly_one_is_done(office):
    for _round in range(5):
        case = make_case(office, at="recommendation")
        actor = _recommend(office, case)
        seen = _revision(case)
        results = at_once(
            lambda case=case, seen=seen, actor=actor: undo(case, actor=actor, seen_revision=seen),
            lambda case=case, seen=seen: checking.ask_correction(
                case,
                actor=office.lead_clerk,
                flags=[checking.Flag("team.full_time_staff", "请补")],
                seen_revision=seen,
            ),
        )
        refused = [result for result in results if isinstance(result, Exception)]
        assert len(refused) == 1, results
        assert isinstance(refused[0], MoveRefused | Refused)
        assert status_of(case) == ("recommendation" if results[1] in refused else "correction")


def test_the_applicants_road_shows_neither_the_act_nor_its_undoing(office):
    case = make_case(office, at="recommendation")
    road = Road.of(case, calendar=workdays.stored_calendar())
    before = [entry.name for entry in road.entries(today=portal_clock.today())]
    _back(case, _recommend(office, case))
    case.refresh_from_db()
    road = Road.of(case, calendar=workdays.stored_calendar())
    assert [entry.name for entry in road.entries(today=portal_clock.today())] == before


# --- the page ---------------------------------------------------------------------------------


def test_the_page_after_an_act_offers_its_undoing_for_as_long_as_there_is_time(
    office, client, clock
):
    case = make_case(office, at="recommendation")
    client.force_login(office.district_clerk)
    page = client.post(
        reverse("review_recommend", args=[case.uid]),
        {"seen": case.revision, "opinion": "同意推荐", "how": "papers"},
    )
    assert page["Location"].endswith(f"acted={case.uid}")
    shown = client.get(page["Location"]).content.decode()
    assert f'action="/reviews/cases/{case.uid}/undo/"' in shown
    left = int(re.search(r'data-undo-left="(\d+)"', shown)[1])
    assert 0 < left <= 10_000
    # A colleague who is sent the address sees no bar, and a late reload neither.
    client.force_login(office.lead_clerk)
    assert "undo-bar" not in client.get(f"/reviews/?acted={case.uid}").content.decode()
    client.force_login(office.district_clerk)
    clock.advance(timedelta(seconds=11))
    assert "undo-bar" not in client.get(page["Location"]).content.decode()
    url = reverse("review_undo", args=[case.uid])
    late = client.post(url, {"seen": _revision(case)}, follow=True)
    assert "已超过 10 秒" in late.content.decode()
    assert status_of(case) == "formal_check"


# --- the database's own refusals ----------------------------------------------------------------


def _force(case, source: str, target: str) -> None:
    case = Application.objects.get(pk=case.pk)
    assert case.status == source
    case.status = target
    case.save(update_fields=["status"])
    record("application.forced", obj=case, actor="test", from_state=source, to_state=target)


def test_the_database_lets_no_case_go_back_without_an_undoing(office):
    case = make_case(office, at="recommendation")
    _recommend(office, case)
    assert ("formal_check", "recommendation") in UNDONE_MOVES
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        _force(case, "formal_check", "recommendation")
    assert refused.value.__cause__.diag.constraint_name == "application_back_by_undo"
    assert status_of(case) == "formal_check"


@pytest.mark.parametrize("wrong", ["late", "another", "elsewhere", "kind"])
def test_the_database_takes_no_undoing_that_is_late_anothers_or_of_something_else(
    office, clock, wrong
):
    case = make_case(office, at="recommendation")
    actor = _recommend(office, case)
    target = "recommendation"
    if wrong == "late":
        clock.advance(timedelta(seconds=11))
    elif wrong == "another":
        actor = office.lead_clerk
    elif wrong == "elsewhere":
        target = "returned"
    elif wrong == "kind":
        move(case, "withdraw", actor=case.applicant, note="x")
        actor, target = case.applicant, "formal_check"
    with pytest.raises(IntegrityError) as refused:
        Transition.objects.create(
            application=case,
            action="undo",
            source=status_of(case),
            target=target,
            actor=actor,
            at=portal_clock.now(),
        )
    assert refused.value.__cause__.diag.constraint_name == "transition_undone_in_time"


def test_opinions_of_another_case_stay(office):
    other = make_case(office, at="formal_check")
    _accept(office, other)
    case = make_case(office, at="formal_check")
    _back(case, _accept(office, case))
    assert Opinion.objects.filter(application=other).count() == 2
    assert Letter.objects.get(application=other).recalled_at is None
