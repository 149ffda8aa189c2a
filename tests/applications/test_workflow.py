"""The table of moves: state × action × role as one table, and the database's own refusals."""

import itertools
import random

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from applications import workflow
from applications.drafts import CASES_SETTING
from applications.models import ENDED, MOVES, Application, Part, Status, Transition
from applications.workflow import NEXT, SYSTEM, TABLE, MoveRefused, available_actions, move
from portal import clock
from portal.accounts.models import Role
from portal.audit.models import Event
from portal.audit.recording import record
from portal.notices.models import Notice
from tests.applications.definition import World, start, submitted, world
from tests.factories import UnitFactory, UserFactory, person

CASE_ROLES = (
    "filler", "org_admin", "district_clerk", "district_head", "lead_clerk", "lead_head",
    "co_unit_clerk", "co_unit_head", "finance_clerk", "finance_head", "expert", "auditor",
    "policy_admin", "stranger",
)  # fmt: skip

# Who may take which action in which status: the whole table, written out again by hand.
ALLOWED: dict[str, dict[str, set[str]]] = {
    "draft": {"hand_over": {"filler", "org_admin"}, "submit": {"org_admin"}},
    "handed": {"take_back": {"filler", "org_admin"}, "submit": {"org_admin"}},
    "recommendation": {
        "return": {"district_clerk"}, "recommend": {"district_clerk"},
        "decline": {"district_head"}, "withdraw": {"org_admin"},
    },
    "returned": {"resubmit": {"org_admin"}, "withdraw": {"org_admin"}},
    "formal_check": {
        "ask_correction": {"lead_clerk"}, "accept": {"lead_clerk"}, "refuse": {"lead_head"},
        "withdraw": {"org_admin"},
    },
    "correction": {"correct": {"org_admin"}, "withdraw": {"org_admin"}},
    "joint_review": {
        "conclude_joint_review": {"lead_clerk"}, "refuse": {"lead_head"}, "withdraw": {"org_admin"},
    },
    "expert_review": {"conclude_expert_review": {"lead_clerk"}, "withdraw": {"org_admin"}},
    "verification": {"release_verification": {"lead_head"}, "withdraw": {"org_admin"}},
    "selection": {
        "select": {"lead_head"}, "waitlist": {"lead_head"}, "reject": {"lead_head"},
        "withdraw": {"org_admin"},
    },
    "waitlisted": {"select": {"lead_head"}, "reject": {"lead_head"}, "withdraw": {"org_admin"}},
    "public_notice": {
        "object": {"lead_clerk"}, "close_notice": {"lead_clerk"}, "withdraw": {"org_admin"},
    },
    "objection": {
        "dismiss_objection": {"lead_head"}, "uphold_objection": {"lead_head"},
        "withdraw": {"org_admin"},
    },
    "decision": {"decide": {"lead_head"}, "cancel": {"lead_head"}, "withdraw": {"org_admin"}},
    "finance": {"confirm_finance": {"finance_clerk"}, "cancel": {"lead_head"}},
    "payment": {"pay": {"finance_head"}, "cancel": {"lead_head"}},
    "recognised": {"cancel": {"lead_head"}},
    "paid": {"bounce": {"finance_clerk"}},
}  # fmt: skip
BY_SYSTEM = {
    ("correction", "lapse"),
    ("public_notice", "close_notice"),
    ("payment", "revoke"),
    ("payment", "give_up"),
}


def rows_of_the_table():
    for status, row, role in itertools.product(Status.values, TABLE, CASE_ROLES):
        yield status, row.action, role


@pytest.fixture
def place(db) -> World:
    return world()


@pytest.fixture
def people(place):
    """A case in everybody's hands, and a user for each role in it."""
    application = start(place)
    co_unit, finance = UnitFactory(), UnitFactory()
    users = {
        "filler": place.filler,
        "org_admin": place.admin,
        "district_clerk": person(Role.CLERK, unit=place.district),
        "district_head": person(Role.HEAD, unit=place.district),
        "lead_clerk": person(Role.CLERK, unit=place.lead),
        "lead_head": person(Role.HEAD, unit=place.lead),
        "co_unit_clerk": person(Role.CLERK, unit=co_unit),
        "co_unit_head": person(Role.HEAD, unit=co_unit),
        "finance_clerk": person(Role.FINANCE, unit=finance),
        "finance_head": person(Role.FINANCE_HEAD, unit=finance),
        "expert": person(Role.EXPERT),
        "auditor": person(Role.AUDITOR),
        "policy_admin": person(Role.POLICY_ADMIN),
        "stranger": UserFactory(),
    }
    _let_in(application, place, co_unit, finance, users["expert"])
    return application, users


def _let_in(application, place, co_unit, finance, expert):
    now = clock.now()
    workflow.add_party(application, Part.DISTRICT, unit=place.district, at=now)
    workflow.add_party(application, Part.LEAD, unit=place.lead, at=now)
    workflow.add_party(application, Part.CO_UNIT, unit=co_unit, at=now)
    workflow.add_party(application, Part.FINANCE, unit=finance, at=now)
    workflow.add_party(application, Part.EXPERT, user=expert, at=now)


def test_state_action_role_as_the_table_says(people):
    """All 23 states × 28 actions × 14 roles: offered exactly where the table written above does."""
    application, users = people
    offered: dict[tuple[str, str], set[str]] = {}
    for role, user in users.items():
        for status in Status.values:
            application.status = status
            for action in available_actions(application, user):
                offered.setdefault((status, action), set()).add(role)
    expected = {
        (status, action): roles for status, by_action in ALLOWED.items()
        for action, roles in by_action.items()
    }  # fmt: skip
    assert offered == expected


def test_every_combination_is_in_the_walk():
    assert len(list(rows_of_the_table())) == len(Status.values) * len(TABLE) * len(CASE_ROLES)
    assert {action for by in ALLOWED.values() for action in by} | {
        "lapse",
        "revoke",
        "give_up",
    } == {row.action for row in TABLE}


def test_system_may_take_four_actions_and_no_other():
    by_system = {
        (source, row.action) for row in TABLE if SYSTEM in row.roles for source in row.sources
    }
    assert by_system == BY_SYSTEM


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.action)
def test_every_move_of_the_table_is_one_the_database_knows(row):
    for source in row.sources:
        targets = [t for s, t in MOVES if s == source] if row.target == NEXT else [row.target]
        assert targets and {(source, target) for target in targets} <= set(MOVES)


def test_nothing_leaves_an_ended_state_in_table_or_database():
    assert {source for source, _target in MOVES} & (
        ENDED - {Status.PAID, Status.RECOGNISED}
    ) == set()
    # Money that comes back is paid again; a recognition may be called off.
    assert [row.action for row in TABLE if set(row.sources) & ENDED] == ["cancel", "bounce"]


# --- move ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_move_writes_status_history_audit_and_notices_together(place):
    application = start(place)
    moved = move(application, "hand_over", actor=place.filler, note="请核对", public_note="已填好")
    assert (moved.status, moved.revision) == ("handed", 2)
    history = Transition.objects.get()
    assert (history.source, history.target, history.actor, history.note, history.public_note) == (
        "draft", "handed", place.filler, "请核对", "已填好",
    )  # fmt: skip
    event = Event.objects.get(action="application.hand_over")
    assert (event.from_state, event.to_state) == ("draft", "handed")
    told = set(Notice.objects.values_list("recipient", flat=True))
    assert told == {place.filler.pk, place.admin.pk}


@pytest.mark.django_db
def test_move_refused_writes_nothing(people):
    application, users = people
    before = Event.objects.count()
    for role in set(CASE_ROLES) - {"filler", "org_admin"}:
        with pytest.raises(MoveRefused) as refused:
            move(application, "hand_over", actor=users[role])
        assert refused.value.reason == "role"
    with pytest.raises(MoveRefused) as refused:
        move(application, "recommend", actor=users["district_clerk"])
    assert refused.value.reason == "state"
    with pytest.raises(MoveRefused) as refused:
        move(application, "hand_over", actor="system:sweep")
    assert refused.value.reason == "role"
    assert (Transition.objects.count(), Event.objects.count()) == (0, before)


@pytest.mark.django_db
def test_move_that_needs_a_reason_is_refused_without(place):
    application = submitted(place)
    clerk = person(Role.CLERK, unit=place.district)
    for note in ("", "  "):
        with pytest.raises(MoveRefused) as refused:
            move(application, "return", actor=clerk, note=note)
        assert refused.value.reason == "reason_missing"
    assert move(application, "return", actor=clerk, note="缺附件").status == "returned"


@pytest.mark.django_db
def test_move_on_a_page_that_is_out_of_date_names_what_changed(place):
    application = start(place)
    move(application, "hand_over", actor=place.filler)
    with pytest.raises(MoveRefused) as refused:
        move(application, "take_back", actor=place.admin, seen_revision=1)
    assert (refused.value.reason, refused.value.changed_by.action) == ("changed", "hand_over")
    assert move(application, "take_back", actor=place.admin, seen_revision=2).status == "draft"


@pytest.mark.django_db
def test_move_follows_the_pinned_plan_and_sets_holder_and_due_date(place):
    application = submitted(place)
    assert (application.holder_unit, application.next_stage) == (place.district, "formal_check")
    clerk = person(Role.CLERK, unit=place.district)
    moved = move(application, "recommend", actor=clerk)
    assert (moved.status, moved.holder_unit, moved.next_stage) == (
        "formal_check", place.lead, "joint_review",
    )  # fmt: skip
    head = person(Role.HEAD, unit=place.lead)
    ended = move(moved, "refuse", actor=head, note="不符合")
    assert (ended.holder_unit, ended.due_on, ended.next_stage) == (None, None, "")


# --- the database's last line, as the running role ------------------------------------------------


def _as_if(application, target):
    """The bare UPDATE that the FSM trigger meets, with its event."""
    with transaction.atomic():
        Application.objects.filter(pk=application.pk).update(status=target)
        record(
            "test.move",
            obj=application,
            actor="test",
            from_state=application.status,
            to_state=target,
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target", [s for s in Status.values if ("draft", s) not in MOVES and s != "draft"]
)
def test_database_refuses_a_move_that_no_plan_has(place, target):
    application = start(place)
    with pytest.raises(DatabaseError, match="Invalid transition"):
        _as_if(application, target)


@pytest.mark.django_db
def test_database_refuses_a_move_without_its_event(place):
    application = start(place)
    with pytest.raises(DatabaseError), transaction.atomic():
        Application.objects.filter(pk=application.pk).update(status="handed")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    application.refresh_from_db()
    assert application.status == "draft"


@pytest.mark.django_db
def test_database_refuses_a_case_that_does_not_start_as_a_draft(place):
    application = start(place)
    application.pk, application.uid, application.ordinal = None, "1" * 12, 2
    application.status = "handed"
    with pytest.raises(IntegrityError, match="application_starts_as_draft"), transaction.atomic():
        application.save(force_insert=True)


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["number", "definition"])
def test_database_keeps_number_and_rules_of_a_submitted_case(place, field):
    application = submitted(place)
    from policy.models import Definition

    other = {
        "number": "10-1-2026-9999",
        "definition": Definition.objects.create(
            measure=place.measure, valid_from="2025-01-01", body={}, sha256="1" * 64,
            loaded_at=clock.now(),
        ),
    }[field]  # fmt: skip
    with pytest.raises(DatabaseError), transaction.atomic():
        Application.objects.filter(pk=application.pk).update(**{field: other})


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["update", "delete"])
def test_history_is_append_only_for_the_running_role(place, act):
    move(start(place), "hand_over", actor=place.filler)
    rows = Transition.objects.all()
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(note="x") if act == "update" else rows.delete()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "steps", [400, pytest.param(2000, marks=pytest.mark.long)], ids=["quick", "long"]
)
def test_random_walk_never_leaves_the_table(steps):
    """Attempts of random roles: every accepted one is in MOVES, every refused one changes nothing;
    history and audit log tell each of them exactly once, in the same order."""
    place = world(settings={"rate": "0.3", CASES_SETTING: 1000})
    co_unit, finance = UnitFactory(), UnitFactory()
    users = {
        "filler": place.filler, "org_admin": place.admin, "expert": person(Role.EXPERT),
        "district_clerk": person(Role.CLERK, unit=place.district),
        "district_head": person(Role.HEAD, unit=place.district),
        "lead_clerk": person(Role.CLERK, unit=place.lead),
        "lead_head": person(Role.HEAD, unit=place.lead),
        "finance_clerk": person(Role.FINANCE, unit=finance),
        "finance_head": person(Role.FINANCE_HEAD, unit=finance),
    }  # fmt: skip
    dice = random.Random(10)
    seen, accepted, application = set(), 0, None
    for step in range(steps):
        # From the decision on a case needs its award, which this floor knows nothing of.
        if application is None or application.status in {*ENDED, Status.DECISION}:
            application = start(place)
            _let_in(application, place, co_unit, finance, users["expert"])
        row, role = dice.choice(TABLE), dice.choice(list(users))
        if dice.random() < 0.4:
            # Half blind, half onwards: else every walk ends near its start.
            onwards = ALLOWED.get(application.status, {})
            action = dice.choice([name for name in onwards if name != "withdraw"])
            row, role = workflow.BY_ACTION[action], dice.choice(sorted(onwards[action]))
        before = application.status
        try:
            with transaction.atomic():
                moved = move(
                    application, row.action, actor=users[role], note="x",
                    prepare=lambda case, step=step: _number(case, step),
                )  # fmt: skip
        except MoveRefused:
            application.refresh_from_db()
            assert application.status == before
            continue
        assert (before, moved.status) in MOVES
        assert role in row.roles
        seen.add((before, moved.status))
        accepted += 1
        application = moved
    assert Transition.objects.count() == accepted
    assert len(seen) > 20
    for case in Application.objects.all():
        walked = [("", "draft"), *case.transitions.values_list("source", "target")]
        told = Event.objects.filter(
            object_type="applications.application", object_id=str(case.pk)
        ).exclude(to_state="")
        assert list(told.order_by("id").values_list("from_state", "to_state")) == walked


def _number(case, step):
    if case.number is None and case.status in {"draft", "handed"}:
        case.number, case.submitted_at, case.asked_cny = f"walk-{step}", clock.now(), 1
    elif case.status not in {"draft", "handed"} and case.number is None:
        raise AssertionError("a case without a number is on its way")


# --- the command -----------------------------------------------------------------------------------


def test_mermaid_names_every_status_and_every_action(capsys):
    call_command("workflow", "--mermaid")
    told = capsys.readouterr().out
    assert told.startswith("stateDiagram-v2\n    [*] --> draft\n")
    for status in Status.values:
        assert status in told
    for row in TABLE:
        assert f": {row.action}\n" in told
    drawn = {
        tuple(line.split(":")[0].split(" --> "))
        for line in (line.strip() for line in told.splitlines())
        if " --> " in line and "[*]" not in line
    }
    assert drawn <= set(MOVES)
