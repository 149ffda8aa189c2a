"""The demonstration of full size: whole or not there at all, and everything in it holds."""

import io
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import override_settings
from stdnum.cn import uscc

from applications.models import Application, Attachment, Letter, Status, Submission, Transition
from applications.workflow import TABLE
from awards.demonstration import life, vocabulary
from awards.demonstration.rounds import ALL_RD, Group, Round, Single
from awards.models import Award, ClawBack, Payment, Share
from policy import workdays
from policy.models import Call, Question
from portal import clock as portal_clock
from portal import homes
from portal.accounts.models import Membership, Organisation, Role, Unit, User
from portal.audit.models import Event
from portal.context import menu_roles
from portal.notices.models import Notice
from reviews import releasing
from reviews.models import (
    Finding,
    Nomination,
    Objection,
    Opinion,
    Panel,
    Proposal,
    Scoring,
    Verification,
)

SMALL = (
    Round(
        "first", "10-1", ALL_RD, 2000, places=10,
        settings={"rate": "0.3", "instalments": [60, 40]},
        groups=(Group("public_notice", 3, {"go": 1, "reject": 1}),),
        singles=(Single("recommendation", 1, (-1,)), Single("correction", 1)),
    ),
)  # fmt: skip


def load_policy():
    call_command("policy", "load", stdout=io.StringIO())


@pytest.fixture
def small(db, monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "BLOB_DIR", tmp_path / "blobs")
    monkeypatch.setattr(vocabulary, "ORGANISATIONS", vocabulary.ORGANISATIONS[:8])
    load_policy()


def statuses() -> dict[str, int]:
    return dict(Counter(Application.objects.values_list("status", flat=True)))


def shift() -> timedelta:
    with portal_clock.held() as hand:
        return hand.shift()


# --- whole or not at all -------------------------------------------------------------------


def test_cases_stand_where_they_were_planned_and_the_clock_is_true(small):
    assert life.make(rounds=SMALL)
    assert statuses() == {
        "public_notice": 1, "not_selected": 1, "recommendation": 1, "correction": 1,
    }  # fmt: skip
    overdue = Application.objects.get(status="recommendation")
    assert overdue.due_on < portal_clock.today()
    assert shift() == timedelta(0)


def test_again_changes_nothing(small):
    life.make(rounds=SMALL)
    before = life.digest(), Event.objects.count(), User.objects.count(), Notice.objects.count()
    assert not life.make(rounds=SMALL)
    assert (
        life.digest(), Event.objects.count(), User.objects.count(), Notice.objects.count()
    ) == before  # fmt: skip


def test_an_act_that_fails_leaves_nothing_behind(small, monkeypatch):
    stories = import_module("awards.demonstration.stories")
    monkeypatch.setattr(stories.judging, "freeze", lambda *_args: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        life.make(rounds=SMALL)
    assert "panel of first: freeze" in "".join(caught.value.__notes__)
    assert not Organisation.objects.exists()
    assert not User.objects.exists()
    assert not life.is_loaded()
    assert shift() == timedelta(0)


def test_a_clock_that_a_killed_load_left_behind_is_set_right(small, clock):
    with transaction.atomic():
        life.record(life.BEGUN, obj=Unit.objects.first(), actor="test")
    clock.advance(timedelta(days=-200))
    assert life.recover()
    assert clock.shift() == timedelta(0)
    assert not life.recover()


def test_the_clock_of_a_load_that_still_runs_is_left_to_it(small, clock):
    with transaction.atomic():
        life.record(life.BEGUN, obj=Unit.objects.first(), actor="test")
    clock.advance(timedelta(days=-200))
    with portal_clock.held() as loading:
        assert loading.claim()
        assert not life.recover()
        assert clock.shift() == timedelta(days=-200)
    assert life.recover()


def test_a_clock_that_somebody_moved_later_stays(small, clock):
    life.make(rounds=SMALL)
    clock.advance(timedelta(days=3))
    assert not life.recover()
    assert clock.shift() == timedelta(days=3)


def test_data_that_somebody_made_stay_alone(small):
    User.objects.create(email="somebody@example.org", name="某人")
    with pytest.raises(life.NotLoaded):
        life.make(rounds=SMALL)
    assert not Organisation.objects.exists()


def test_no_mail_of_the_past_goes_out(small):
    life.make(rounds=SMALL)
    assert Notice.objects.count() > 20
    assert not Notice.objects.due(at=portal_clock.now()).exists()
    assert Notice.objects.filter(read_at__isnull=False).exists()
    late = Notice.objects.filter(created_at__gte=portal_clock.now() - life.UNREAD)
    assert not late.filter(read_at__isnull=False).exists()


# --- full size ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_whole_demonstration(tmp_path):
    """One load for all that is promised of it; every promise that does not hold is told."""
    with ExitStack() as stack:
        stack.enter_context(override_settings(BLOB_DIR=tmp_path / "blobs", DEMO=True))
        load_policy()
        assert life.make()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        found = [f"{check.__name__}: {fault}" for check in PROMISES for fault in check()]
        assert not found, "\n".join(found)


def sizes():
    if Organisation.objects.count() < 40:
        yield f"{Organisation.objects.count()} organisations"
    if (count := Application.objects.filter(direct=False).count()) != 120:
        yield f"{count} cases"
    lines = set(Call.objects.published().values_list("measure__line", flat=True))
    if lines != {"10-1", "11-1", "13-1", "15-2", "15-3"}:
        yield f"lines {lines}"


def organisations():
    districts = set(Organisation.objects.values_list("district__code", flat=True))
    if missing := set(Unit.objects.districts().values_list("code", flat=True)) - districts:
        yield f"no organisation in {missing}"
    for row in Organisation.objects.all():
        if not uscc.is_valid(row.uscc):
            yield f"{row.name}: {row.uscc}"
    if not Organisation.objects.filter(name__contains="𬭎").exists():
        yield "no rare character"


def stages():
    present = set(statuses())
    # A line without money ends as recognised; none of the four is one.
    if missing := set(Status.values) - present - {"recognised"}:
        yield f"no case in {missing}"
    done = set(Transition.objects.values_list("action", flat=True))
    wanted = {row.action for row in TABLE}
    if missing := wanted - done:
        yield f"nobody did {missing}"


def dues():
    today = portal_clock.today()
    soon = workdays.add_workdays(today, 2).date
    for part, rows in {
        "overdue": Application.objects.in_hand().filter(due_on__lt=today),
        "due soon": Application.objects.in_hand().filter(due_on__range=(today, soon)),
        "due later": Application.objects.in_hand().filter(due_on__gt=soon),
    }.items():
        if rows.count() < 5:
            yield f"{part}: {rows.count()}"
    open_ones = Call.objects.published().filter(closes_at__gt=portal_clock.now())
    left = sorted((call.closes_at - portal_clock.now()).days for call in open_ones)
    if len(left) < 2 or left[0] > 6 or left[-1] < 14:
        yield f"open calls with {left} days left"


def reviews():
    for model, least in ((Scoring, 100), (Opinion, 100), (Verification, 20), (Finding, 3),
                         (Objection, 4), (Proposal, 8), (Panel, 8), (Award, 15), (Letter, 80),
                         (Attachment, 800), (Submission, 90)):  # fmt: skip
        if model.objects.count() < least:
            yield f"{model.__name__}: {model.objects.count()}"
    if missing := {"sent", "arrived", "bounced", "planned"} - set(
        Payment.objects.values_list("state", flat=True)
    ):
        yield f"no payment {missing}"
    late = Event.objects.filter(at__gt=portal_clock.now())
    if late.exists():
        yield f"{late.count()} events of the future"


def people():
    """Every role has an account on the sign-in page, and every expert that is shown has work."""
    held = Membership.objects.active().filter(user__email__endswith="@demo.example")
    if missing := set(Role.values) - set(held.values_list("role", flat=True)):
        yield f"no account for {missing}"
    busy = set(
        Scoring.objects.filter(seat__state="seated", submitted_at__isnull=True)
        .filter(seat__panel__state="scoring")
        .values_list("seat__expert__user", flat=True)
    )
    for row in held.filter(role=Role.EXPERT).exclude(user__in=busy):
        yield f"{row.user.email} has nothing to score"
    for row in held.filter(organisation__isnull=False, organisation__status="verified"):
        if not row.organisation.applications.exists():
            yield f"{row.user.email} has no case"
    for row in held.filter(role=Role.CLERK, unit__kind="district"):
        if not Application.objects.for_inbox(row.unit).exists():
            yield f"{row.user.email} holds nothing"
    for row in held.filter(role=Role.HEAD):
        if not releasing.count(row.user):
            yield f"{row.user.email} has nothing to release"
    waiting = set(Opinion.objects.filter(outcome="waiting").values_list("unit__code", flat=True))
    for row in held.filter(role=Role.CLERK, unit__code__in=["jyj", "gxj", "wjw", "czj", "jrb"]):
        if row.unit.code not in waiting:
            yield f"{row.user.email} is asked for no opinion"


def verified():
    for path in settings.VERIFIERS:
        module, _dot, name = path.rpartition(".")
        for fault in getattr(import_module(module), name)():
            yield f"{name}: {fault}"


# What stands on the home of a role, whoever of the accounts shown holds it.
WORK = {
    Role.FILLER: {"cases"}, Role.ORG_ADMIN: {"cases"}, Role.CLERK: {"queue"},
    Role.HEAD: {"release", "queue"}, Role.EXPERT: {"sheets"}, Role.FINANCE: {"finance", "bounced"},
    Role.FINANCE_HEAD: {"sign", "finance"}, Role.POLICY_ADMIN: {"second", "calendar", "open"},
    Role.ACCOUNT_ADMIN: {"overdue", "people"}, Role.AUDITOR: {"chain"},
    Role.EVALUATOR: {"results", "open"},
}  # fmt: skip


def homes_of_all():
    """Nobody who signs in meets an empty home."""
    held = Membership.objects.active().filter(user__email__endswith="@demo.example")
    for row in held.select_related("user", "unit", "organisation"):
        if row.organisation is not None and row.organisation.status != "verified":
            wanted = {"organisation"}
        else:
            wanted = set(WORK[Role(row.role)])
        if row.unit is not None and row.unit.is_district and row.role == Role.CLERK:
            wanted |= {"verification"}
        if row.unit is not None and row.unit.code == "kjj":
            wanted |= {"questions", "proceedings", "calls"}
        user = User.objects.get(pk=row.user_id)
        roles = menu_roles(SimpleNamespace(user=user))
        reader = homes.Reader(user, roles, portal_clock.now())
        found = homes.sections(homes.MAIN, reader) + homes.sections(homes.BESIDE, reader)
        if missing := wanted - {section.code for section in found if section.lines}:
            yield f"{user.email}: nothing in {missing}"


def asked_questions():
    states = set(Question.objects.values_list("state", flat=True))
    if missing := {"asked", "drafted", "public", "private", "merged"} - states:
        yield f"no question {missing}"
    waiting = Question.objects.filter(state="asked")
    if not waiting.filter(due_on__lt=portal_clock.today()).exists():
        yield "no question is overdue"
    if not waiting.filter(due_on__gte=portal_clock.today()).exists():
        yield "no question has time left"


def later_instalments():
    """What waits for its second instalment at finance is overdue for nobody."""
    waiting = Application.objects.filter(status="payment", paid_cny__gt=0)
    if not waiting.exists():
        yield "no case waits for its second instalment"
    for case in waiting.filter(due_on__lt=portal_clock.today()):
        yield f"{case.number} was due on {case.due_on}"


def claw_backs():
    """One repaid, one overdue of which a part came back, one that waits for the head."""
    if ClawBack.objects.filter(frees_place=True, state="repaid").count() != 2:
        yield "what was still to be paid was not given up, or no award revoked"
    found = {row.state: row for row in ClawBack.objects.filter(frees_place=False)}
    if set(found) != {"drafted", "released", "repaid"}:
        yield f"claw-backs {sorted(found)}"
        return
    under_way, done = found["released"], found["repaid"]
    if not 0 < under_way.repaid_cny < under_way.amount_cny:
        yield f"of the claw-back under way {under_way.repaid_cny} came back"
    if not under_way.due_on < portal_clock.today() < found["drafted"].due_on:
        yield "no claw-back is overdue"
    if done.repaid_cny != done.amount_cny:
        yield f"of the claw-back done {done.outstanding_cny} is owed"


def nominations():
    """Nominated by one, released by another, waiting for the organisation."""
    head = User.objects.get(email="financial.head@demo.example")
    if "nomination" not in {row["kind"] for row in releasing.waiting(releasing.units(head))}:
        yield "no nomination waits for the head of the accounts shown"
    states = sorted(Nomination.objects.values_list("state", flat=True))
    if states != ["drafted", "released"]:
        yield f"nominations {states}"
    waiting = Application.objects.filter(direct=True, status="draft")
    if waiting.filter(due_on__gte=portal_clock.today()).count() != 2:
        yield f"{waiting.count()} organisations are asked to confirm"
    if not waiting.filter(organisation__memberships__user__email="zhiyun.admin@demo.example"):
        yield "nobody of the accounts shown is asked to confirm"


def shared_payments():
    """Each partner is paid its share, to an account of its own."""
    shares = Share.objects.filter(payments__state="arrived")
    if shares.values("award").distinct().count() < 2:
        yield f"{shares.count()} shares were paid"
    for share in Share.objects.select_related("award"):
        if not Organisation.objects.filter(uscc=share.uscc, name=share.name).exists():
            yield f"{share.name} is no organisation"
    accounts = set(Payment.objects.filter(share__in=shares).values_list("payee_account", flat=True))
    if len(accounts) < len(set(shares.values_list("uscc", flat=True))):
        yield "shares are paid to one account"


PROMISES = (
    sizes, organisations, stages, dues, reviews, people, homes_of_all, asked_questions,
    later_instalments, claw_backs, nominations, shared_payments, verified,
)  # fmt: skip
