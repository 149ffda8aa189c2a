"""The formal check (形式审查): items ticked one by one, then accepted, corrected or refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from applications import letters, workflow
from applications.models import Application, Attachment, Correction
from applications.workflow import schema_of
from policy.schema import CheckPoint
from portal import clock
from portal.audit.recording import record, record_all
from portal.types import known
from portal.written import Given, Written
from reviews import consulting, findings
from reviews.holding import hold, refuse_while_pending
from reviews.models import CheckItem
from reviews.refusals import Refused

STAGE = "formal_check"


@dataclass(frozen=True)
class Point:
    """An item of the check with what was ticked so far."""

    point: CheckPoint
    item: CheckItem | None

    @property
    def result(self) -> str:
        return self.item.result if self.item else ""


_TICKED = Written(
    lambda: CheckItem.objects.filter(application=Given("application")).select_related(
        "attachment", "checked_by"
    )
)


def points(application: Application) -> list[Point]:
    """The items of the pinned plan, in its order, with their ticks: one query."""
    stage = workflow.stage(application, STAGE)
    ticked = {row.code: row for row in _TICKED.read_of(application, "application")}
    return [Point(point, ticked.get(point.code)) for point in (stage.checks if stage else ())]


def _hold(application: Application, *, actor, seen_revision: int | None = None) -> Application:
    return hold(
        application,
        actor=actor,
        roles=["lead_clerk"],
        statuses=[STAGE],
        seen_revision=seen_revision,
    )


@transaction.atomic
def tick(
    application: Application,
    code: str,
    *,
    actor,
    result: str,
    note: str = "",
    attachment: Attachment | None = None,
    page: int | None = None,
) -> CheckItem:
    """Settle one item; ``attachment`` and ``page`` say where it was seen.

    Raises ``Refused``: state, role, no_item, outcome, reason_missing (failed without a note),
    no_page (a page that the file does not have).
    """
    application = _hold(application, actor=actor)
    ticked = {row.point.code: row.item for row in points(application)}
    if code not in ticked:
        raise Refused("no_item", code=code)
    if result not in CheckItem.Result.values:
        raise Refused("outcome", outcome=result)
    if result == CheckItem.Result.FAILED and not note.strip():
        raise Refused("reason_missing")
    if attachment is not None and attachment.application_id != application.pk:
        raise Refused("no_page", page=page)
    if page is not None:
        pages = attachment.blob.pages if attachment else None
        if page < 1 or attachment is None or (pages is not None and page > pages):
            raise Refused("no_page", page=page)
    where = {"attachment": attachment, "page": page}
    return _settle(application, code, ticked[code], result, note.strip(), actor=actor, **where)


def _settle(
    application: Application,
    code: str,
    before: CheckItem | None,
    result: str,
    note: str = "",
    *,
    actor,
    **where,
) -> CheckItem:
    """Write the item of the locked case, as a page shows it from now on, and its event."""
    was = before.result if before else ""
    item = before or CheckItem(application=application, code=code)
    item.result, item.note = result, note[:500]
    item.checked_by, item.checked_at = actor, clock.now()
    item.attachment, item.page = where.get("attachment"), where.get("page")
    item.save()
    record(
        "checkitem.tick",
        obj=item,
        actor=actor,
        data={"application": application.pk, "code": code, "note": note},
        from_state=was,
        to_state=result,
    )
    return item


@transaction.atomic
def tick_rest(application: Application, *, actor) -> int:
    """Tick every item that is not settled yet as passed; returns how many.

    Raises ``Refused``: state, role.
    """
    application = _hold(application, actor=actor)
    passed, now = CheckItem.Result.PASSED, clock.now()
    items = CheckItem.objects.bulk_create(
        [
            CheckItem(
                application=application,
                code=row.point.code,
                result=passed,
                checked_by=actor,
                checked_at=now,
            )
            for row in points(application)
            if row.item is None
        ]
    )
    record_all(
        "checkitem.tick",
        [(item, {"application": application.pk, "code": item.code, "note": ""}) for item in items],
        actor=actor,
        to_state=passed,
    )
    return len(items)


@transaction.atomic
def accept(application: Application, *, actor, seen_revision: int | None = None) -> Application:
    """Accept the case for review: every item is settled, none has failed.

    Where the next stage is the joint review, the co-units are asked at once. Raises ``Refused``:
    changed, state, role, proposal_pending, items_open, items_failed.
    """
    application = _hold(application, actor=actor, seen_revision=seen_revision)
    refuse_while_pending(application)
    rows = points(application)
    if waiting := [row.point.code for row in rows if row.item is None]:
        raise Refused("items_open", codes=waiting)
    failed = [row.point.code for row in rows if row.result == CheckItem.Result.FAILED]
    if failed:
        raise Refused("items_failed", codes=failed)
    findings.keep(application)
    lead = application.call.lead_unit
    application = workflow.move(application, "accept", actor=actor, unit=lead)
    letters.issue(
        application,
        "acceptance",
        unit=lead,
        actor=actor,
        facts={"next_step": stage_name(application)},
    )
    if application.status == "joint_review":
        consulting.start(application, actor=actor)
    return application


# --- correction -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Flag:
    """A place that must be corrected, and why."""

    path: str
    reason: str


def max_rounds(application: Application) -> int:
    stage = workflow.stage(application, "correction")
    return (stage.max_rounds if stage else None) or 1


def rounds_left(application: Application) -> int:
    return max(0, max_rounds(application) - application.correction_round)


def earlier_paths(application: Application) -> frozenset[str] | None:
    """What a further round may flag: the places that the rounds before it touched; None: all."""
    before = list(application.corrections.values_list("flagged", flat=True))
    if not before:
        return None
    return frozenset(flag["path"] for flagged in before for flag in flagged)


def may_flag(path: str, allowed: frozenset[str] | None) -> bool:
    """Whether a further round may name the place: it, or the whole that holds it, was touched."""
    if allowed is None or path in allowed:
        return True
    return path.partition(".")[0] in allowed


def flags_of(given: Mapping[str, str] | Iterable[Flag]) -> list[Flag]:
    rows = [Flag(*pair) for pair in given.items()] if isinstance(given, Mapping) else list(given)
    return [Flag(row.path, row.reason.strip()) for row in rows]


@transaction.atomic
def ask_correction(
    application: Application,
    *,
    actor,
    flags: Sequence[Flag],
    seen_revision: int | None = None,
) -> Correction:
    """Ask for everything that is missing at once; only the flagged places unlock.

    A further round may name only what an earlier one touched, and there are no more rounds than
    the stage allows. Raises ``Refused``: changed, state, role, proposal_pending, no_flags,
    reason_missing (paths), no_place (paths), new_places (paths), no_rounds (max).
    """
    application = _hold(application, actor=actor, seen_revision=seen_revision)
    refuse_while_pending(application)
    flags = flags_of(flags)
    check_flags(application, flags)
    findings.keep(application)
    lead = application.call.lead_unit
    number = application.correction_round + 1

    def prepare(case: Application) -> None:
        case.correction_round = number

    application = workflow.move(
        application, "ask_correction", actor=actor, unit=lead, prepare=prepare
    )
    correction = Correction.objects.create(
        application=application,
        round=number,
        flagged=[{"path": flag.path, "reason": flag.reason} for flag in flags],
        asked_by=actor,
        asked_at=clock.now(),
        due_on=application.due_on,
    )
    record(
        "correction.ask",
        obj=correction,
        actor=actor,
        data={"application": application.pk, "round": number, "flagged": correction.flagged},
        to_state=str(number),
    )
    letters.issue(
        application,
        "correction",
        unit=lead,
        actor=actor,
        facts=letter_facts(application, flags, number=number),
    )
    return correction


def check_flags(application: Application, flags: Sequence[Flag]) -> None:
    """Whether the flags make a correction that may be asked for now; raises ``Refused``."""
    if application.correction_round >= (allowed_rounds := max_rounds(application)):
        raise Refused("no_rounds", max=allowed_rounds)
    if not flags:
        raise Refused("no_flags")
    if bare := [flag.path for flag in flags if not flag.reason]:
        raise Refused("reason_missing", paths=bare)
    places = labels(application)
    if strange := [flag.path for flag in flags if flag.path not in places]:
        raise Refused("no_place", paths=strange)
    allowed = earlier_paths(application)
    if new := [flag.path for flag in flags if not may_flag(flag.path, allowed)]:
        raise Refused("new_places", paths=new)


def labels(application: Application) -> dict[str, str]:
    """Every place that may be flagged, and what a letter calls it: fields, slots, table rows.
    Two queries; in Chinese, as on the letter."""
    schema, found = schema_of(application), {}
    rows = list(application.table_rows.all())
    for section in schema.form.sections:
        if section.kind == "attachments":
            for slot in schema.attachments:
                found[f"{section.code}.{slot.code}"] = slot.label.zh
        elif section.kind == "invoices":
            found[section.code] = section.title.zh
            for row in application.invoices.all():
                name = f"{section.title.zh}第 {row.position} 行 {row.invoice_no}".strip()
                found[f"{section.code}.{row.uid}"] = name
        elif section.kind == "table":
            found[section.code] = section.title.zh
            for line in rows:
                if line.table == known(section.table).code:
                    name = f"{section.title.zh}第 {line.position} 行"
                    found[f"{section.code}.{line.uid}"] = name
        else:
            for item in section.fields:
                if not item.readonly:
                    found[f"{section.code}.{item.code}"] = item.label.zh
    return found


def letter_facts(application: Application, flags: Sequence[Flag], *, number: int) -> dict:
    """What the correction letter names besides the case's own facts."""
    names = labels(application)
    limit = workflow.stage(application, "correction")
    return {
        "items": [f"{names.get(flag.path, flag.path)}：{flag.reason}" for flag in flags],
        "round": number,
        "limit_workdays": (limit.limit_workdays if limit else None) or "",
    }


def stage_name(application: Application) -> str:
    """What a letter calls the stage in which the case stands."""
    stage = workflow.stage(application, application.status)
    return stage.label.zh if stage else application.get_status_display()
