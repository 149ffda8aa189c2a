"""The demonstration of full size: organisations of all districts and 120 cases in every stage.

Everything is done by the product's own verbs, as the people who would do it, at the time at which
they would have done it: the acts of all cases are sorted by time, and the portal's clock is set
before each. All of it is one transaction. A process that is killed leaves nothing behind but the
clock, which the next start sets right (``recover``); the event ``demonstration.load`` says that
it is there, and it is never loaded twice, nor onto data that somebody has made.
"""

import gc
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, time, timedelta
from decimal import Decimal
from functools import partial
from random import Random

from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F, Value

from applications import reminding
from applications.models import Application
from awards import figures, overview
from awards.demonstration import asking, base, cast, nominating, offices, stories, vocabulary
from awards.demonstration.cast import Cast
from awards.demonstration.papers import Papers
from awards.demonstration.plots import UNSUBMITTED, Courses, plots
from awards.demonstration.rounds import GUIDE, ROUNDS, Round
from awards.demonstration.timeline import Act, Days, Schedule
from awards.demonstration.world import Running, World, prepared, savepoints
from policy import call_changes, calls, workdays
from policy.models import Call, Measure
from policy.naming import numeral
from portal import clock
from portal.accounts import memberships
from portal.accounts.models import Organisation, User
from portal.audit.models import Event
from portal.audit.recording import record
from portal.notices.models import Notice
from portal.notices.outbox import without_mail

BEGUN, LOADED = "demonstration.begin", "demonstration.load"
# Working days between an organisation's registration and its first draft.
BEFORE = 12
# Read by those whom they concern, but for the newest.
UNREAD = timedelta(days=4)
WINDOW_YEARS = 2
# For so many acts the database keeps the plans of prepared statements.
PLANS_KEPT = 30
Say = Callable[[str], None]


class NotLoaded(Exception):
    """Somebody's data are here already."""


def is_loaded() -> bool:
    return Event.objects.filter(action=LOADED).exists()


def recover() -> bool:
    """Set the clock right where a process was killed while it loaded; whether it was wrong.

    The clock of a load that is still running is left to it."""
    with clock.held() as hand:
        return hand.claim(wait=False) and _recover(hand)


def _recover(hand: clock.Hand) -> bool:
    begun = Event.objects.filter(action=BEGUN).order_by("-id").first()
    if begun is None or Event.objects.filter(action=LOADED, id__gt=begun.pk).exists():
        return False
    if not hand.shift():
        return False
    hand.reset()
    return True


def make(
    *, seed: str = "1", say: Say = lambda line: None, rounds: Iterable[Round] = ROUNDS
) -> bool:
    """Load it, unless it is there; True if it was loaded now. Raises ``NotLoaded``.

    Two that load at once do it one after the other: the second finds it there."""
    with ExitStack() as stack:
        hand = stack.enter_context(clock.held())
        hand.claim()
        hand.hurry()
        _recover(hand)
        if is_loaded():
            return False
        if Organisation.objects.exists() or Call.objects.exists() or User.objects.exists():
            raise NotLoaded
        with transaction.atomic():
            record(BEGUN, obj=Measure.objects.get(line=base.LINE), actor=base.ACTOR)
        stack.callback(hand.reset)
        stack.enter_context(transaction.atomic())
        stack.enter_context(without_mail())
        stack.enter_context(savepoints(False))
        stack.enter_context(prepared())
        stack.enter_context(memberships.held())
        stack.enter_context(_haste())
        _load(seed, hand, say, list(rounds))
        hand.reset()
        record(
            LOADED,
            obj=Measure.objects.get(line=base.LINE),
            actor=base.ACTOR,
            data={"seed": seed, "cases": Application.objects.count()},
        )
    return True


@contextmanager
def _haste() -> Iterator[None]:
    """Tens of thousands of small statements: the planner need not ponder the order of joins along
    keys, nor Python look for cycles. Plans are made while the tables are nearly empty, so an index
    it is, and they are made anew as the tables grow (``_run``)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL join_collapse_limit = 1; SET LOCAL from_collapse_limit = 1;"
            " SET LOCAL jit = off; SET LOCAL enable_seqscan = off"
        )
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _load(seed: str, hand: clock.Hand, say: Say, rounds: list[Round]) -> None:
    today = clock.today()
    base.make_calendars(*range(today.year - WINDOW_YEARS, today.year))
    with workdays.held_calendar():
        _play(seed, hand, say, rounds)


def _play(seed: str, hand: clock.Hand, say: Say, rounds: list[Round]) -> None:
    days = Days(clock.today())
    world = World(seed, Cast(), Papers(clock.now()), Schedule(days))
    played = _plan(world, rounds)
    first = min(running.opens for running in played) - BEFORE
    hand.set(days.moment(first - 3, time(9, 0)))
    password = base.Password()
    cast.gather_staff(world.cast, password, random=Random(f"{seed}/experts"))
    acts = [*_joining(world, password, days, first), *world.schedule.acts()]
    _run(sorted(acts), hand, say)
    _aftermath(hand, days)


def _plan(world: World, rounds: list[Round]) -> list[Running]:
    """Who applies where, when each case is where, and when the calls open and close."""
    found = cast.applicants(Random(f"{world.seed}/organisations"))
    kinds = {item.key: item.kind for item, _work in found if item.filler is not None}
    districts = {item.key: item.district for item, _work in found}
    planned = plots(rounds, kinds, districts, random=Random(f"{world.seed}/plots"))
    played = []
    for row in rounds:
        measure = Measure.objects.select_related("lead_unit", "article__document").get(
            line=row.line
        )
        definition = calls.definition_in_force(measure, on=clock.today())
        stages = calls.schema_of(definition).stage_plan(row.settings)
        courses = Courses(stages, random=Random(f"{world.seed}/{row.key}"))
        running = Running(row, measure, courses, [p for p in planned if p.round is row])
        for group in row.groups:
            running.gates[id(group)] = courses.gates(group)
        for plot in running.plots:
            courses.plan(plot, running.gates.get(id(plot.group), {}))
        submitted = [plot.submitted for plot in running.plots if plot.end not in UNSUBMITTED]
        running.opens = min((plot.started for plot in running.plots), default=row.opens) - 2
        running.closes = row.closes if row.closes is not None else max(submitted) + 1
        played.append(running)
    lines = [running.round.line for running in played]
    for index, running in enumerate(played):
        running.number = lines[: index + 1].count(running.round.line)
        running.of = lines.count(running.round.line)
        _plan_call(world, running)
        stories.tell(world, running)
        asking.tell(world, running)
        nominating.tell(world, running)
    _plan_drafts(world, played)
    offices.tell(world)
    return played


# --- organisations ---------------------------------------------------------------------------


def _joining(world: World, password: base.Password, days: Days, first: int) -> list[Act]:
    """Registrations, then verifications; those without a filler wait for their district."""
    schedule = Schedule(days)
    found = cast.applicants(Random(f"{world.seed}/organisations"))
    for index, (applicant, work) in enumerate(found):
        waits = applicant.filler is None
        day, hour = first - 2 + index % 5, 9 + index % 8
        if waits:
            day = vocabulary.WAITING_SINCE.get(applicant.key, -2)
        schedule.add(
            day,
            f"{hour:02}:{index % 50:02}",
            f"{applicant.key} registers",
            partial(_join, world, applicant, work, password),
        )
        if not waits:
            schedule.add(
                day + 2,
                f"{hour:02}:{index % 50 + 7:02}",
                f"{applicant.key} is verified",
                partial(cast.verify, world.cast, applicant.key),
            )
    return schedule.acts()  # fmt: skip


def _join(world: World, applicant: base.Applicant, work: str, password: base.Password) -> None:
    cast.join(
        world.cast, applicant, work, password, world.papers,
        random=world.random(applicant.key, "join"),
    )  # fmt: skip


# --- calls -----------------------------------------------------------------------------------------


def _plan_call(world: World, running: Running) -> None:
    world.plan(running.opens - 4, "10:00", f"call {running.round.key}: draft", _draft_call, running)
    world.plan(
        running.opens - 2, "09:30", f"call {running.round.key}: publish", _publish_call, running
    )


def _fields(world: World, running: Running) -> dict:
    row, measure, days = running.round, running.measure, world.schedule.days
    year = days.date(running.opens).year
    name = f"{year}年度{measure.name_zh}申报通知"
    name_en = f"{year} call: {measure.name_en}"
    if running.of > 1:
        name, name_en = (
            f"{name}（第{'一二三四'[running.number - 1]}批）",
            f"{name_en}, round {running.number}",
        )
    definition = calls.definition_in_force(measure, on=clock.today())
    return {
        "title_zh": name,
        "title_en": name_en,
        "guide_zh": GUIDE.format(
            title=measure.article.document.title_zh,
            article=numeral(measure.article.no),
            clause=measure.clause,
            lead=measure.lead_unit.name_zh,
        ),
        "year": year,
        "opens_at": days.moment(running.opens, time(0, 0)),
        "closes_at": days.moment(running.closes, time(17, 30)),
        "budget_cny": Decimal(row.budget_wan) * 10_000,
        "question_workdays": row.question_workdays,
        "places": row.places if row.places is not None else _places(definition),
        "settings": _settings(row, definition, days.date(running.opens)),
    }


def _places(definition) -> int | None:
    quota = calls.schema_of(definition).quota
    return quota.places if quota else None


def _settings(row: Round, definition, opens) -> dict:
    """What the call decides: the round's own words, and the usual for what must be said."""
    known = {item.code: item for item in calls.schema_of(definition).settings}
    found: dict = {code: value for code, value in row.settings.items() if code in known}
    usual = {
        "rate": "0.2",
        "window_start": date(opens.year - WINDOW_YEARS, 1, 1).isoformat(),
        "window_end": opens.isoformat(),
        "eligible_kinds": list(row.kinds),
    }
    for code, value in usual.items():
        if code not in known or code in found:
            continue
        if known[code].type == "multichoice":
            value = [choice.code for choice in known[code].choices if choice.code in value]
        found[code] = value
    for code, item in known.items():
        if item.required and item.default is None and item.type == "choice":
            found.setdefault(code, item.choices[0].code)
    return found


def _draft_call(world: World, running: Running) -> None:
    running.drafted = calls.draft(
        running.measure, _fields(world, running), actor=world.cast.person("policy.admin1")
    )


def _publish_call(world: World, running: Running) -> None:
    call = running.call
    running.drafted = calls.publish(
        call, actor=world.cast.person("policy.admin2"), seen_revision=call.revision
    )


def _plan_drafts(world: World, played: list[Running]) -> None:
    """What waits for the policy administrators: a call to publish, an extension to release."""
    last = [running for running in played if running.plots][-1]
    world.plan(-1, "16:30", "another call: draft", _draft_next, played[0])
    if last.closes > 0:
        world.plan(-1, "16:45", "an extension: draft", _draft_extension, last)


def _draft_next(world: World, running: Running) -> None:
    """A call of next year, drafted by one administrator; the other is asked to publish it."""
    drafter = world.cast.person("policy.admin1")
    fields = _fields(world, running)
    opens = clock.now() + timedelta(days=20)
    fields |= {
        "title_zh": f"{opens.year + 1}年度{running.measure.name_zh}申报通知",
        "title_en": f"{opens.year + 1} call: {running.measure.name_en}",
        "year": opens.year + 1,
        "opens_at": opens,
        "closes_at": opens + timedelta(days=45),
    }
    call = calls.draft(running.measure, fields, actor=drafter)
    calls.ask_publication(call, actor=drafter)


def _draft_extension(world: World, running: Running) -> None:
    later = world.schedule.days.moment(running.closes + 5, time(17, 30))
    call_changes.draft(
        running.call, "closes_at", after=later, actor=world.cast.person("policy.admin2"),
        reason="应申报单位要求，延长申报时间五个工作日。",
    )  # fmt: skip


# --- running -----------------------------------------------------------------------------------------


def _run(acts: list[Act], hand: clock.Hand, say: Say) -> None:
    told = 0
    for number, act in enumerate(acts, start=1):
        try:
            with hand.stopped(act.at), connection.cursor() as cursor:
                act.do()
                # What the database demands by the commit, it demands after each act.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
                if number % PLANS_KEPT == 0:
                    # A plan that was made for three rows takes minutes for three thousand.
                    cursor.execute("DISCARD PLANS")
        except Exception as error:
            error.add_note(f"act {number} of {len(acts)}: {act.what} at {act.at:%Y-%m-%d %H:%M}")
            raise
        if number * 20 // len(acts) > told:
            told = number * 20 // len(acts)
            say(f"  {number} of {len(acts)} acts; {clock.local(act.at):%Y-%m-%d}: {act.what}")


def _aftermath(hand: clock.Hand, days: Days) -> None:
    """What has been read by now, and what the sweeps would have brought up."""
    hand.set(days.moment(-1, time(18, 30)))
    reminding.remind()
    before = clock.now() - UNREAD
    hour = Value(timedelta(hours=1), output_field=DurationField())
    later = ExpressionWrapper((F("pk") % 20 + 2) * hour, output_field=DurationField())
    Notice.objects.filter(created_at__lt=before).update(read_at=F("created_at") + later)
    hand.reset()
    figures.refresh_all()
    overview.check()


# --- telling what there is --------------------------------------------------------------------------


def digest() -> str:
    """A mark of what matters: the same for the same seed on the same day."""
    cases = Application.objects.order_by("call__code", "number", "organisation__uscc", "ordinal")
    rows = cases.values_list(
        "call__code", "number", "organisation__uscc", "title", "status", "asked_cny",
        "computed_cny", "verified_cny", "recommended_cny", "approved_cny", "paid_cny", "due_on",
    )  # fmt: skip
    organisations = Organisation.objects.order_by("uscc").values_list("uscc", "name", "status")
    told = json.dumps([list(rows), list(organisations)], default=str, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()
