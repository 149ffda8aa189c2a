"""免申即享: the lead unit nominates from official data, each organisation confirms.

A clerk drafts the list, a head releases it: every organisation gets a case in its name with what
the unit gave, and a limit to confirm. From its submission the case goes as any other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from applications import drafts, entries, nominated
from applications.models import Application
from policy import answers
from policy.call_settings import Chosen
from policy.calls import schema_of
from policy.models import Call
from policy.schema import Field
from policy.text import Text
from portal import clock
from portal.accounts.models import Membership, Organisation, OrganisationStatus, Role
from portal.audit.recording import record
from portal.notices.outbox import enqueue, enqueue_all
from portal.types import known
from reviews.holding import require_call_role
from reviews.models import Nomination
from reviews.refusals import Refused

MAX_ROWS = 200


@dataclass(frozen=True)
class Column:
    """A column of the list: a field of the reduced form that the unit fills in."""

    section: str
    field: Field


def nominates(call: Call) -> bool:
    """Whether the call lets its lead unit nominate."""
    if call.definition is None:
        return False
    schema = schema_of(call.definition)
    chosen = Chosen(schema, call.settings).optional("nominates")
    return bool(schema.direct_award is not None and chosen)


def columns(call: Call) -> list[Column]:
    """What the unit gives of each organisation, after its credit code."""
    schema = schema_of(known(call.definition)).direct
    return [
        Column(section.code, item)
        for section in schema.form.sections
        for item in section.fields
        if not item.readonly and not item.prefill
    ]


def read(call: Call, text: str) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
    """The rows of a pasted list (a line each, cells by tab, or by commas), and what is wrong with
    which line."""
    wanted = columns(call)
    rows: list[dict[str, Any]] = []
    wrong: list[tuple[int, str]] = []
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in re.split(r"\t" if "\t" in line else "[,，]", line)]
        found, faults = _row(wanted, cells)
        if found["uscc"] in seen:
            faults.append(str(_("统一社会信用代码重复。")))
        seen.add(found["uscc"])
        rows.append(found | {"line": number})
        wrong += [(number, fault) for fault in faults]
    known_names = dict(
        Organisation.objects.filter(uscc__in=seen, status=OrganisationStatus.VERIFIED).values_list(
            "uscc", "name"
        )
    )
    for row in rows:
        number, row["name"] = row.pop("line"), known_names.get(row["uscc"], "")
        if not row["name"]:
            told = _("{code} 未在本系统注册或未通过核验。").format(code=row["uscc"][:20])
            wrong.append((number, str(told)))
    return rows, sorted(wrong)


def _row(wanted: list[Column], cells: list[str]) -> tuple[dict[str, Any], list[str]]:
    given: dict[str, Any] = {}
    faults: list[str] = []
    if len(cells) > len(wanted) + 1:
        faults.append(str(_("多出 {n} 列。").format(n=len(cells) - len(wanted) - 1)))
    for column, cell in zip(wanted, [*cells[1:], *[""] * len(wanted)], strict=False):
        item = column.field
        stored = entries.enter(item, cell)
        try:
            value = answers.read(item, stored)
        except answers.AnswerRefused as refused:
            faults.append(f"{item.label}{_('：')}{refused.issue}")
            continue
        if value is not None:
            given[item.code] = stored
    for column in wanted:
        item = column.field
        needed = item.required or (item.required_if is not None and item.required_if.holds(given))
        if needed and item.code not in given and not any(str(item.label) in f for f in faults):
            faults.append(f"{item.label}{_('：')}{_('请填写此项')}")
    return {"uscc": cells[0], "answers": given}, faults


@transaction.atomic
def draft(call: Call, *, basis: str, text: str, actor) -> Nomination:
    """A list for the head to release. Raises ``Refused``: role, not_direct, basis_missing, no_rows,
    too_many_rows, rows_wrong (line number and fault, each)."""
    require_call_role(actor, call, "lead_clerk")
    if not nominates(call):
        raise Refused("not_direct")
    if not basis.strip():
        raise Refused("basis_missing")
    rows, wrong = read(call, text)
    if not rows:
        raise Refused("no_rows")
    if len(rows) > MAX_ROWS:
        raise Refused("too_many_rows", most=MAX_ROWS, given=len(rows))
    if wrong:
        raise Refused("rows_wrong", lines=wrong)
    now = clock.now()
    nomination = Nomination.objects.create(
        call=call, basis=basis.strip()[:300], rows=rows, drafted_by=actor, drafted_at=now
    )
    record(
        "nomination.draft", obj=nomination, actor=actor, to_state=nomination.state,
        data={"call": call.code, "codes": [row["uscc"] for row in rows]},
    )  # fmt: skip
    heads = Membership.objects.active().filter(unit=call.lead_unit_id, role=Role.HEAD)
    for row in heads.select_related("user"):
        enqueue(
            row.user,
            subject=format_lazy(_("待签发：{code} 免申即享名单"), code=call.code),
            url=f"/reviews/nominations/{nomination.uid}/",
            dedupe_key=f"nomination:{nomination.pk}:drafted:{row.user_id}",
            at=now,
        )
    return nomination


def _locked(nomination: Nomination) -> Nomination:
    found = (
        Nomination.objects.select_for_update(of=("self",))
        .select_related("call__measure", "call__definition", "call__lead_unit", "drafted_by")
        .defer("call__definition__body")
        .get(pk=nomination.pk)
    )
    if found.state != Nomination.State.DRAFTED:
        raise Refused("state", state=found.state)
    return found


@transaction.atomic
def release(nomination: Nomination, *, actor) -> Nomination:
    """Open a case for every organisation of the list and tell it; all or nothing.

    Raises ``Refused``: role, same_person, state, live_cases (organisations that have a case under
    the call already), not_verified.
    """
    nomination = _locked(nomination)
    call = nomination.call
    require_call_role(actor, call, "lead_head")
    if nomination.drafted_by_id == actor.pk:
        raise Refused("same_person")
    sections = {column.field.code: column.section for column in columns(call)}
    chosen = Chosen(schema_of(known(call.definition)), call.settings)
    limit = int(chosen.optional("confirm_workdays") or 10)
    # Locked in one order, whatever that of the list: two lists never wait in a circle.
    organisations = {
        row.uscc: row
        for row in Organisation.objects.select_for_update(no_key=True)
        .filter(
            uscc__in=[row["uscc"] for row in nomination.rows], status=OrganisationStatus.VERIFIED
        )
        .order_by("pk")
    }
    live, rows = [], []
    for row in nomination.rows:
        organisation = organisations.get(row["uscc"])
        if organisation is None:
            raise Refused("not_verified", organisation=row["name"])
        given: dict[str, dict[str, Any]] = {}
        for code, value in row["answers"].items():
            given.setdefault(sections[code], {})[code] = value
        try:
            with transaction.atomic():
                case = nominated.open_case(
                    call, organisation=organisation, title=_title(call), answers=given,
                    limit_workdays=limit, actor=actor,
                )  # fmt: skip
        except drafts.NotStarted:
            live.append(organisation.name)
            continue
        rows.append({**row, "case": case.uid})
        _tell(case, nomination, actor=actor)
    if live:
        raise Refused("live_cases", organisations=live)
    now = clock.now()
    nomination.rows, nomination.state = rows, Nomination.State.RELEASED
    nomination.released_by, nomination.released_at = actor, now
    nomination.save(update_fields=["rows", "state", "released_by", "released_at"])
    record(
        "nomination.release", obj=nomination, actor=actor,
        from_state=Nomination.State.DRAFTED, to_state=nomination.state,
        data={"call": call.code, "cases": [row["case"] for row in rows]},
    )  # fmt: skip
    return nomination


def _title(call: Call) -> str:
    return f"{call.year}年度{call.measure.name_zh}（免申即享）"


def _tell(case: Application, nomination: Nomination, *, actor) -> None:
    people = Membership.objects.active().filter(
        organisation_id=case.organisation_id, role=Role.ORG_ADMIN
    )
    call = nomination.call
    until = f"{case.due_on:%Y-%m-%d}" if case.due_on else Text("待日历发布", "to be published")
    for row in people.select_related("user"):
        enqueue(
            row.user,
            subject=format_lazy(
                _("免申即享：请于 {day} 前确认“{name}”"),
                day=until,
                name=Text(call.measure.name_zh, call.measure.name_en),
            ),
            body=format_lazy(
                _(
                    "依据{basis}，贵单位列入受益名单。请核对金额和收款账户后确认；不同意或有误的，可转为自行申报。"
                ),
                basis=nomination.basis,
            ),
            url=f"/applications/{case.uid}/check/",
            dedupe_key=f"nomination:{nomination.pk}:{case.pk}:{row.user_id}",
            at=clock.now(),
        )


@transaction.atomic
def discard(nomination: Nomination, *, actor, note: str) -> Nomination:
    """Drop a draft (clerk) or turn it down (head). Raises ``Refused``: role, state, reason_missing."""
    nomination = _locked(nomination)
    require_call_role(actor, nomination.call, "lead_clerk", "lead_head")
    if not note.strip():
        raise Refused("reason_missing")
    nomination.state, nomination.discarded_note = Nomination.State.DISCARDED, note.strip()[:500]
    nomination.save(update_fields=["state", "discarded_note"])
    record(
        "nomination.discard", obj=nomination, actor=actor, data={"note": note.strip()},
        from_state=Nomination.State.DRAFTED, to_state=nomination.state,
    )  # fmt: skip
    return nomination


# What a sweep that stood still missed is told so many days later at most.
TOLD_FOR = timedelta(days=30)


def tell_lapsed() -> int:
    """Tell the unit's clerks, and each organisation, what was not confirmed in time: once for each
    list and day. The number of cases."""
    today = clock.local(clock.now()).date()
    lapsed = Application.objects.filter(
        direct=True, submitted_at__isnull=True, due_on__lt=today, due_on__gte=today - TOLD_FOR
    )
    cases = {case.uid: case for case in lapsed.select_related("call__measure")}
    if not cases:
        return 0
    lists = Nomination.objects.filter(
        state=Nomination.State.RELEASED, call__in={case.call_id for case in cases.values()}
    )
    for nomination in lists.select_related("call__measure"):
        mine = [cases[row["case"]] for row in nomination.rows if row["case"] in cases]
        for day in sorted({case.due_on for case in mine if case.due_on}):
            _tell_lapsed(nomination, [case for case in mine if case.due_on == day], day)
    return len(cases)


@transaction.atomic
def _tell_lapsed(nomination: Nomination, cases: list[Application], day: date) -> None:
    call, now = nomination.call, clock.now()
    name = Text(call.measure.name_zh, call.measure.name_en)
    clerks = Membership.objects.active().filter(unit=call.lead_unit_id, role=Role.CLERK)
    enqueue_all(
        (row.user for row in clerks.select_related("user")),
        subject=format_lazy(
            _("免申即享“{name}”：{n} 家单位未在 {day} 前确认"), name=name, n=len(cases), day=day
        ),
        body=_("逾期未确认的不能再确认；单位可在申报截止前转为自行申报。"),
        url=f"/reviews/nominations/{nomination.uid}/",
        key=f"nomination-lapsed:{nomination.pk}:{day}",
        at=now,
    )
    held = Membership.objects.active().filter(
        organisation__in=[case.organisation_id for case in cases], role=Role.ORG_ADMIN
    )
    # Where the call has closed meanwhile, nothing is left to be done.
    body = (
        _("逾期不能再确认；仍需支持的，可在申报截止前转为自行申报。")
        if call.closes_at > now
        else _("未在期限内确认，不再办理")
    )
    admins: dict[int | None, list] = {}
    for row in held.select_related("user"):
        admins.setdefault(row.organisation_id, []).append(row.user)
    for case in cases:
        enqueue_all(
            admins.get(case.organisation_id, []),
            subject=format_lazy(_("免申即享“{name}”未在 {day} 前确认"), name=name, day=day),
            body=body,
            url=f"/applications/{case.uid}/check/",
            key=f"nomination-lapsed:{nomination.pk}:{case.pk}:{day}",
            at=now,
        )


def standing(case: Application, *, today: date) -> str:
    """Where an organisation stands with what was nominated for it."""
    if not case.direct:
        return "own"
    if case.submitted_at is not None:
        return "confirmed"
    return "lapsed" if case.due_on is not None and case.due_on < today else "waiting"


def told(nomination: Nomination) -> list[Mapping[str, Any]]:
    """The rows as a page shows them: name, code, cells in the columns' order, and the case."""
    wanted = columns(nomination.call)
    uids = [row["case"] for row in nomination.rows if "case" in row]
    cases = {case.uid: case for case in Application.objects.filter(uid__in=uids)}
    today = clock.local(clock.now()).date()
    return [
        {
            "standing": standing(cases[row["case"]], today=today) if "case" in row else "",
            "name": row["name"],
            "uscc": row["uscc"],
            "cells": [
                (
                    column.field.label,
                    entries.told(column.field, row["answers"].get(column.field.code)),
                )
                for column in wanted
            ],
            "case": cases.get(row.get("case", "")),
        }
        for row in nomination.rows
    ]
