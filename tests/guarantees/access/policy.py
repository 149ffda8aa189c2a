"""The policy's public pages and its administration."""

from typing import Any

from policy import calendars, call_changes, calls, questions
from portal.accounts.models import Role
from tests.guarantees.access.row import Row
from tests.guarantees.cast import APPLICANTS, EVERYONE, OWN, World, holders
from tests.policy.callable import fields as call_fields
from tests.policy.callable import make_callable_measure, person
from tests.policy.catalogue import make_measure, make_open_call

# The policy's public pages.
POLICY = [
    Row("measure_list", get=EVERYONE),
    Row("calculator", get=EVERYONE),
    Row("measure_detail", get=EVERYONE, kwargs=lambda world: {"line": make_measure(1).line}),
    Row("call_list", get=EVERYONE),
    Row(
        "call_detail",
        get=EVERYONE,
        kwargs=lambda world: {"uid": make_open_call(make_measure(2)).uid},
    ),
]

# The policy administrators' pages.
POLICY_ADMIN = holders(Role.POLICY_ADMIN)


def _callable(world: World):
    return make_callable_measure(5)


def _draft(world: World):
    drafter = person("another-policy-admin")
    return calls.draft(world.made(_callable), call_fields(), actor=drafter)


def _published(world: World):
    drafter = world.users["policy_admin"]
    call = calls.draft(world.made(_callable), call_fields(), actor=drafter)
    return calls.publish(call, actor=person("another-policy-admin"))


def _change(world: World):
    return call_changes.draft(
        world.made(_published), "close", reason="x", actor=person("another-policy-admin")
    )


def _year(world: World):
    return calendars.load_year(2026, calendars.packaged_days(2026), source="x", actor="test")


def draft_call(world: World) -> dict[str, Any]:
    return {"uid": world.made(_draft).uid}


def change(world: World) -> dict[str, Any]:
    return {"uid": world.made(_change).uid}


def calendar_day(world: World) -> dict[str, Any]:
    return {"day": f"{world.made(_year).year}-03-02"}


POLICY_ADMINISTRATION = [
    Row("policy_admin_home", get=POLICY_ADMIN),
    Row("policy_call_list", get=POLICY_ADMIN),
    Row("policy_call_choose", get=POLICY_ADMIN),
    Row(
        "policy_call_new",
        get=POLICY_ADMIN,
        post=POLICY_ADMIN,
        kwargs=lambda world: {"line": world.made(_callable).line},
    ),
    Row("policy_call_review", get=POLICY_ADMIN, kwargs=draft_call),
    Row("policy_call_edit", get=POLICY_ADMIN, post=POLICY_ADMIN, kwargs=draft_call),
    Row("policy_call_ask", post=POLICY_ADMIN, kwargs=draft_call),
    Row("policy_call_publish", post=POLICY_ADMIN, kwargs=draft_call),
    Row("policy_call_discard", post=POLICY_ADMIN, kwargs=draft_call),
    Row(
        "policy_callchange_new",
        get=POLICY_ADMIN,
        post=POLICY_ADMIN,
        kwargs=lambda world: {"uid": world.made(_published).uid, "kind": "budget_cny"},
    ),
    Row("policy_callchange_drop", post=POLICY_ADMIN, kwargs=change),
    Row("call_change_release", post=POLICY_ADMIN, kwargs=change),
    Row("policy_calendar", get=POLICY_ADMIN),
    Row("policy_calendar_import", get=POLICY_ADMIN, post=POLICY_ADMIN),
    Row("policy_calendar_confirm", post=POLICY_ADMIN),
    Row("policy_calendar_day", get=POLICY_ADMIN, post=POLICY_ADMIN, kwargs=calendar_day),
]

# Questions on a call that the cast's lead unit answers: one that its filler has asked.
LEAD_CLERK, LEAD_HEAD = frozenset({"lead_clerk"}), frozenset({"lead_head"})


def _question(world: World):
    measure = make_measure(3)
    measure.lead_unit = world.lead
    measure.save(update_fields=["lead_unit"])
    call = make_open_call(measure)
    return questions.ask(call, "投入起算日如何确定？", actor=world.users["filler"])


def question(world: World) -> dict[str, Any]:
    return {"uid": world.made(_question).uid}


def asked_call(world: World) -> dict[str, Any]:
    return {"uid": world.made(_question).call.uid}


QUESTIONS = [
    Row("call_questions", get=EVERYONE, kwargs=asked_call),
    Row("call_question_ask", get=APPLICANTS, post=APPLICANTS, kwargs=asked_call),
    # Not public yet: the organisation's own people, and nobody else by this road.
    Row(
        "call_question",
        get=OWN,
        kwargs=lambda world: asked_call(world) | {"question": question(world)["uid"]},
    ),
    Row("question_list", get=holders(Role.CLERK, Role.HEAD)),
    Row("question_desk", get=LEAD_CLERK | LEAD_HEAD, kwargs=question),
    *(
        Row(f"question_{name}", post=LEAD_CLERK, kwargs=question)
        for name in ("draft", "private", "merge", "decline", "pin")
    ),
    *(
        Row(f"question_{name}", post=LEAD_HEAD, kwargs=question)
        for name in ("approve", "take_down")
    ),
    Row("question_send_back", post=LEAD_CLERK | LEAD_HEAD, kwargs=question),
]

ROWS = [*POLICY, *POLICY_ADMINISTRATION, *QUESTIONS]
