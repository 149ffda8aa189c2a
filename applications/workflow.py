"""The one table of moves, and ``move()``, the only way along it.

A move locks the case, checks who and whence, writes status, holder, due date and history, audits
and enqueues notices, all in the caller's or its own transaction. Guards that need facts of an
upper app run in that app's verb before ``move()``. The path between the review stages is the
pinned stage plan's (``policy.schema.Stage.next``); the database's FSM trigger is the last line.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.models import ENDED, MOVES, Application, Part, Party, Status, Transition
from applications.roles import case_roles
from policy import workdays
from policy.models import Call
from policy.schema import DefinitionSchema, Stage, Text, parse
from portal import clock
from portal.accounts.models import Membership, Role, Unit
from portal.audit.recording import record
from portal.notices.outbox import enqueue_all
from portal.types import known

# Marks a target that the stage plan decides.
NEXT = "next"
SYSTEM = "system"

_REVIEW = ("formal_check", "joint_review", "expert_review", "verification", "selection")


@dataclass(frozen=True)
class Move:
    """One row of the table. ``roles`` are case roles (applications.roles) or ``system``."""

    action: str
    sources: tuple[str, ...]
    target: str
    roles: tuple[str, ...]
    label: Any
    # What the history and the letters call it once done (in Chinese often the same word).
    done: Any
    # Drafted by one, released by another: the button only drafts (a proposal, a selection …).
    released_by: tuple[str, ...] = ()
    # A bare button of the case page; other moves are made by a page of their own.
    reason_required: bool = False


TABLE: tuple[Move, ...] = (
    Move("hand_over", ("draft",), "handed", ("filler", "org_admin"), _("交单位审核"), pgettext_lazy("done", "已交单位审核")),
    Move("take_back", ("handed",), "draft", ("filler", "org_admin"), _("退回填报人"), pgettext_lazy("done", "已退回填报人")),
    Move("submit", ("draft", "handed"), NEXT, ("org_admin",), _("提交"), pgettext_lazy("done", "提交")),
    Move("resubmit", ("returned",), "recommendation", ("org_admin",), _("重新提交"), pgettext_lazy("done", "重新提交")),
    Move("return", ("recommendation",), "returned", ("district_clerk",), _("退回修改"), pgettext_lazy("done", "退回修改"), reason_required=True),
    Move("recommend", ("recommendation",), NEXT, ("district_clerk",), _("推荐"), pgettext_lazy("done", "推荐")),
    Move("decline", ("recommendation",), "not_recommended", ("district_head",), _("不予推荐"), pgettext_lazy("done", "不予推荐"), reason_required=True),
    Move("ask_correction", ("formal_check",), "correction", ("lead_clerk",), _("一次性补正"), pgettext_lazy("done", "要求补正")),
    Move("correct", ("correction",), "formal_check", ("org_admin",), _("提交补正"), pgettext_lazy("done", "补正")),
    Move("lapse", ("correction",), "lapsed", (SYSTEM,), _("逾期视为放弃"), pgettext_lazy("done", "逾期未补正，视为放弃")),
    Move("accept", ("formal_check",), NEXT, ("lead_clerk",), _("受理"), pgettext_lazy("done", "受理")),
    Move("refuse", ("formal_check", "joint_review"), "refused", ("lead_head",), _("不予受理"), pgettext_lazy("done", "不予受理"), reason_required=True),
    Move("conclude_joint_review", ("joint_review",), NEXT, ("lead_clerk",), _("会商办结"), pgettext_lazy("done", "会商办结")),
    Move("conclude_expert_review", ("expert_review",), NEXT, ("lead_clerk",), _("专家评审办结"), pgettext_lazy("done", "专家评审办结")),
    Move("release_verification", ("verification",), NEXT, ("lead_head",), _("审签核定"), pgettext_lazy("done", "核定")),
    Move("select", ("selection", "waitlisted"), "public_notice", ("lead_head",), _("拟支持"), pgettext_lazy("done", "列入拟支持名单")),
    Move("waitlist", ("selection",), "waitlisted", ("lead_head",), _("备选"), pgettext_lazy("done", "列为备选")),
    Move("reject", ("selection", "waitlisted"), "not_selected", ("lead_head",), _("不支持"), pgettext_lazy("done", "未获支持"), reason_required=True),
    Move("object", ("public_notice",), "objection", ("lead_clerk",), _("受理异议"), pgettext_lazy("done", "受理异议"), reason_required=True),
    Move("dismiss_objection", ("objection",), "public_notice", ("lead_head",), _("异议不成立"), pgettext_lazy("done", "异议不成立"), reason_required=True),
    Move("uphold_objection", ("objection",), "cancelled", ("lead_head",), _("异议成立"), pgettext_lazy("done", "异议成立，取消拟支持"), reason_required=True),
    Move("close_notice", ("public_notice",), "decision", ("lead_clerk", SYSTEM), _("公示办结"), pgettext_lazy("done", "公示期满")),
    Move("decide", ("decision",), NEXT, ("lead_head",), _("批准"), pgettext_lazy("done", "批准")),
    Move("cancel", ("decision", "finance", "payment", "recognised"), "cancelled", ("lead_head",), _("取消"), pgettext_lazy("done", "取消"), reason_required=True),
    Move("confirm_finance", ("finance",), "payment", ("finance_clerk",), _("财政确认"), pgettext_lazy("done", "财政确认")),
    Move("pay", ("payment",), "paid", ("finance_head",), _("拨付"), pgettext_lazy("done", "拨付")),
    # With the last repayment of a claw-back that took the support itself back: what was not paid
    # yet never will be. The case ends as paid where a part of the money was left to it.
    Move("revoke", ("payment",), "cancelled", (SYSTEM,), _("撤销支持"), pgettext_lazy("done", "撤销支持，追回款已缴清"), reason_required=True),
    Move("give_up", ("payment",), "paid", (SYSTEM,), _("余款不再拨付"), pgettext_lazy("done", "余款不再拨付")),
    Move("bounce", ("paid",), "payment", ("finance_clerk",), _("登记退汇"), pgettext_lazy("done", "退汇，待重新拨付"), reason_required=True),
    Move(
        "withdraw",
        ("recommendation", "returned", "formal_check", "correction", "joint_review", "expert_review",
         "verification", "selection", "waitlisted", "public_notice", "objection", "decision"),
        "withdrawn", ("org_admin",), _("撤回申报"), pgettext_lazy("done", "撤回申报"), reason_required=True,
    ),
)  # fmt: skip
# Not a step of the road: the same officer takes back the last of a few acts, within ten seconds
# (applications.undoing). Its sources and targets are those of the act, the other way round.
UNDO = Move(
    "undo", (), "", ("district_clerk", "lead_clerk"), _("撤销"), pgettext_lazy("done", "撤销上一步")
)
BY_ACTION = {row.action: row for row in (*TABLE, UNDO)}

# Who holds a case in a status: a part of the routing, or the applicant (None).
HOLDER: dict[str, str | None] = {
    "draft": None,
    "handed": None,
    "returned": None,
    "correction": None,
    "recommendation": Part.DISTRICT,
    "finance": Part.FINANCE,
    "payment": Part.FINANCE,
}


class MoveRefused(Exception):
    """The move is not possible: ``reason`` is one of role, state, reason_missing, changed; of an
    undoing also too_late, acted_since."""

    def __init__(self, reason: str, *, action: str, status: str = "", changed_by=None):
        self.reason = reason
        self.action = action
        self.status = status
        self.changed_by = changed_by
        super().__init__(f"{action}: {reason} ({status})")


@lru_cache(maxsize=64)
def _parsed(sha256: str, definition_pk: int) -> DefinitionSchema:
    from policy.models import Definition

    return parse(Definition.objects.values_list("body", flat=True).get(pk=definition_pk))


def schema_of(pinned: Application | Call) -> DefinitionSchema:
    """The pinned definition of a case or a call, parsed; kept by its hash, so a list parses it once."""
    definition = known(pinned.definition)
    schema = _parsed(definition.sha256, definition.pk)
    return schema.direct if isinstance(pinned, Application) and pinned.direct else schema


def plan(application: Application) -> tuple[Stage, ...]:
    """The stages that this case passes, with the call's settings."""
    return schema_of(application).stage_plan(application.call.settings)


def stage(application: Application, code: str) -> Stage | None:
    return next((row for row in plan(application) if row.code == code), None)


def next_stage(application: Application, *, after: str) -> str:
    """The stage after this one in the plan ("" at the end). A draft's next is the plan's first.

    A correction returns to the formal check; it is a loop of that stage, not a step of the road.
    """
    road = [row for row in plan(application) if row.code != "correction"]
    if after in {Status.DRAFT, Status.HANDED, Status.RETURNED}:
        return road[0].code
    if after == Status.CORRECTION:
        return Status.FORMAL_CHECK
    for row in road:
        if row.code == after:
            return row.next or ""
    return ""


def available_actions(application: Application, user) -> tuple[str, ...]:
    """The actions that the user may take now, in the table's order; feeds buttons and tests."""
    roles = case_roles(user, application)
    return tuple(
        row.action for row in TABLE if application.status in row.sources and roles & set(row.roles)
    )


def _target(application: Application, row: Move) -> str:
    target = row.target
    if target == NEXT:
        target = next_stage(application, after=application.status)
        if not target and application.status == Status.DECISION:
            # A plan without money ends with the decision.
            target = Status.RECOGNISED.value
    if (application.status, target) not in MOVES:
        raise MoveRefused("state", action=row.action, status=application.status)
    return target


def _check(application: Application, row: Move, *, actor, note: str) -> None:
    if application.status not in row.sources:
        last = application.transitions.select_related("actor", "unit").last()
        raise MoveRefused("state", action=row.action, status=application.status, changed_by=last)
    if isinstance(actor, str):
        if SYSTEM not in row.roles:
            raise MoveRefused("role", action=row.action, status=application.status)
    elif not case_roles(actor, application) & set(row.roles):
        raise MoveRefused("role", action=row.action, status=application.status)
    if row.reason_required and not note.strip():
        raise MoveRefused("reason_missing", action=row.action, status=application.status)


def holder_of(application: Application, status: str) -> Unit | None:
    """The unit that holds the case in this status; None: the applicant, or nobody any more."""
    if status in ENDED:
        return None
    part = HOLDER.get(status, Part.LEAD)
    if part is None:
        return None
    party = (
        Party.objects.filter(application=application, part=part, ended_at__isnull=True)
        .select_related("unit")
        .first()
    )
    return party.unit if party else None


def due(start: date, limit_workdays: int | None) -> dict:
    """The due-date fields of a case whose limit starts on ``start`` (working days, that day
    excluded); an unloaded year leaves the date open and says from where to compute it."""
    if limit_workdays is None:
        return {"due_on": None, "due_provisional": False, "due_waiting": None}
    found = workdays.add_workdays(start, limit_workdays)
    waiting = {"from": start.isoformat(), "workdays": limit_workdays}
    return {
        "due_on": found.date,
        "due_provisional": found.provisional,
        "due_waiting": None if found.date else waiting,
    }


def add_party(application: Application, part: str, *, unit=None, user=None, at: datetime) -> Party:
    """Let a unit or an expert take part from now on; does nothing if it does already."""
    party, _created = Party.objects.get_or_create(
        application=application,
        part=part,
        unit=unit,
        user=user,
        ended_at=None,
        defaults={"since": at},
    )
    return party


def add_parties(
    applications: Iterable[Application], part: str, *, units=(None,), user=None, at: datetime
) -> None:
    """Let units, or an expert, take part in the cases from now on, each where it does not yet: one
    statement."""
    Party.objects.bulk_create(
        [
            Party(application=application, part=part, unit=unit, user=user, since=at)
            for application in applications
            for unit in units
        ],
        ignore_conflicts=True,
    )


def recipients(application: Application, holder: Unit | None, status: str) -> Iterable:
    """Who is told of a move: the applicant's people, and the clerks (or finance) that now hold it."""
    wanted = Q(organisation=application.organisation)
    if holder is not None:
        role = Role.FINANCE if HOLDER.get(status) == Part.FINANCE else Role.CLERK
        wanted |= Q(unit=holder, role=role)
    held = Membership.objects.active().filter(wanted).select_related("user")
    return sorted({row.user for row in held}, key=lambda user: user.pk)


@transaction.atomic
def move(
    application: Application,
    action: str,
    *,
    actor,
    note: str = "",
    public_note: str = "",
    seen_revision: int | None = None,
    unit: Unit | None = None,
    prepare: Callable[[Application], None] | None = None,
) -> Application:
    """Move a case along the table.

    ``actor`` is a user, or a string for the system. ``seen_revision`` is the revision that the
    actor's page showed: if the case has moved since, nothing is done. ``prepare`` writes what the
    new state needs (number, amounts) on the locked row before it is saved.

    Raises ``MoveRefused``. Source: process.md stages; limits in working days of the stage plan.
    """
    row = BY_ACTION[action]
    application = _locked(application)
    if seen_revision is not None and seen_revision != application.revision:
        last = application.transitions.select_related("actor", "unit").last()
        raise MoveRefused("changed", action=action, status=application.status, changed_by=last)
    _check(application, row, actor=actor, note=note)
    source, target, now = application.status, _target(application, row), clock.now()
    if prepare is not None:
        prepare(application)
    _stand_at(application, target, now=now)
    application.save()
    Transition.objects.create(
        application=application,
        action=action,
        source=source,
        target=target,
        actor=None if isinstance(actor, str) else actor,
        unit=unit,
        at=now,
        note=note,
        public_note=public_note,
    )
    record(
        f"application.{action}",
        obj=application,
        actor=actor,
        data={"note": note, "number": application.number, "revision": application.revision},
        from_state=source,
        to_state=target,
    )
    _tell(application, row, public_note=public_note, now=now)
    return application


def _locked(application: Application) -> Application:
    """The case with what a move reads of it, its row locked."""
    return (
        Application.objects.select_for_update(of=("self",))
        .select_related(
            "call__measure", "call__lead_unit", "definition", "organisation", "district"
        )
        .defer("definition__body")
        .get(pk=application.pk)
    )


def _stand_at(application: Application, target: str, *, now: datetime) -> None:
    """From now on the case stands there: who holds it, what comes next, until when."""
    application.status = target
    application.revision += 1
    application.stage_started_at = now
    application.holder_unit = holder_of(application, target)
    application.next_stage = "" if target in ENDED else next_stage(application, after=target)
    limit = stage(application, target)
    limit_workdays = limit.limit_workdays if limit else None
    for name, value in due(clock.local(now).date(), limit_workdays).items():
        setattr(application, name, value)


def _tell(application: Application, row: Move, *, public_note: str, now: datetime) -> None:
    """Announce the move to whom it concerns, once."""
    name = application.number or application.title
    enqueue_all(
        recipients(application, application.holder_unit, application.status),
        subject=format_lazy(
            "{}{}{}",
            name or Text(application.call.title_zh, application.call.title_en),
            _("："),
            row.done,
        ),
        body=public_note,
        url=f"/applications/{application.uid}/",
        key=f"application:{application.pk}:{application.revision}",
        at=now,
    )


def mermaid() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> draft"]
    for row in TABLE:
        for source in row.sources:
            targets = [t for s, t in MOVES if s == source] if row.target == NEXT else [row.target]
            if row.target == NEXT:
                side = {"not_recommended", "returned", "refused", "correction", "withdrawn",
                        "handed", "draft", "cancelled"}  # fmt: skip
                targets = [t for t in targets if t not in side]
            lines += [f"    {source} --> {target}: {row.action}" for target in targets]
    lines += [f"    {status} --> [*]" for status in sorted(ENDED)]
    return "\n".join(lines) + "\n"
