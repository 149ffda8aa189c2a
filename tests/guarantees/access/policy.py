"""The policy's public pages and its administration."""

from typing import Any

from policy import calendars, call_changes, calls
from portal.accounts.models import Role
from tests.guarantees.access.row import Row
from tests.guarantees.cast import EVERYONE, World, holders
from tests.policy.callable import fields as call_fields
from tests.policy.callable import make_callable_measure, person
from tests.policy.catalogue import make_measure, make_open_call

# The policy's public pages.
POLICY = [
    Row("measure_list", get=EVERYONE),
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

ROWS = [*POLICY, *POLICY_ADMINISTRATION]
