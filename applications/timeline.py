"""The road of a case as its applicant sees it: what was, who holds it now, what comes when.

Units, divisions and service phones are named, never an official's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from applications import deadlines, undoing
from applications.listing import holder_name, stage_name
from applications.models import (
    ENDED,
    VOID,
    Application,
    Correction,
    Letter,
    Status,
    Submission,
    Transition,
)
from applications.workflow import BY_ACTION, HOLDER, stage
from policy import workdays
from policy.schema import Stage
from portal import clock
from portal.templatetags.portal_ui import month_day

# Moves of the applicant's own people, who may be named.
_OWN_ACTS = frozenset({"hand_over", "take_back", "submit", "resubmit", "correct", "withdraw"})
# Inside the organisation: not part of the case's road.
_BEFORE = frozenset({"hand_over", "take_back"})
# A letter written in the transaction of a move bears a time a moment before or after it.
_SAME_ACT_S = 2


@dataclass
class Entry:
    """As ``{% timeline %}`` takes it."""

    state: str
    name: str
    meta: str = ""
    tag: str = ""
    tone: str = "info"
    note: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Now:
    """Who holds the case, until when, and what comes next."""

    holder: str
    stage: str
    phone: str
    due_on: date | None
    due_provisional: bool
    due_waiting: bool
    workdays_left: int | None
    next_step: str
    next_hint: str
    is_ended: bool

    @property
    def left_words(self) -> str:
        """还有 2 个工作日 / 今日到期 / 已超期 1 个工作日 / 待日历发布."""
        left = self.workdays_left
        if self.is_ended or (left is None and not self.due_waiting):
            return ""
        if left is None:
            return _("待日历发布")
        if left < 0:
            words = ngettext("已超期 %(n)s 个工作日", "已超期 %(n)s 个工作日", -left)
            return words % {"n": -left}
        if left == 0:
            return _("今日到期")
        return ngettext("还有 %(n)s 个工作日", "还有 %(n)s 个工作日", left) % {"n": left}


def now_of(application: Application, *, today: date, calendar: workdays.Calendar) -> Now:
    """The head of the case's page."""
    unit, ended = application.holder_unit, application.status in ENDED
    left = None
    if application.due_on and not ended:
        left = workdays.workdays_between(today, application.due_on, calendar=calendar)
    coming = stage(application, application.next_stage) if application.next_stage else None
    return Now(
        holder=holder_name(application),
        stage=str(stage_name(application, application.status) or ""),
        phone=unit.service_phone if unit else "",
        due_on=None if ended else application.due_on,
        due_provisional=application.due_provisional,
        due_waiting=application.due_waiting is not None and not ended,
        workdays_left=left,
        next_step=str(coming.label) if coming else "",
        next_hint=_next_hint(coming),
        is_ended=ended,
    )


def _next_hint(coming: Stage | None) -> str:
    if coming is None or coming.limit_workdays is None:
        return ""
    limit = coming.limit_workdays
    return ngettext("%(n)s 个工作日", "%(n)s 个工作日", limit) % {"n": limit}


def returned_because(application: Application) -> str:
    """The recommending unit's words on a case that it returned; one query, else ""."""
    if application.status != Status.RETURNED:
        return ""
    row = application.transitions.filter(target=Status.RETURNED).order_by("-pk").first()
    return row.public_note if row else ""


@dataclass
class Road:
    """What the timeline is made of: 5 queries."""

    application: Application
    transitions: Sequence[Transition]
    submissions: Sequence[Submission]
    letters: Sequence[Letter]
    corrections: Sequence[Correction]
    calendar: workdays.Calendar

    @classmethod
    def of(cls, application: Application, *, calendar: workdays.Calendar) -> "Road":
        return cls(
            application=application,
            transitions=undoing.standing(
                application.transitions.exclude(action__in=_BEFORE).select_related("actor", "unit")
            ),
            submissions=list(
                application.submissions.defer("snapshot").select_related("submitted_by")
            ),
            letters=list(
                application.letters.filter(recalled_at__isnull=True)
                .select_related("unit")
                .order_by("pk")
            ),
            corrections=list(application.corrections.all()),
            calendar=calendar,
        )

    def entries(self, *, today: date) -> list[Entry]:
        past = [(row.at, self._past(place)) for place, row in enumerate(self.transitions)]
        past += [(letter.issued_at, self._instalment(letter)) for letter in self.instalments]
        past.sort(key=lambda pair: pair[0])
        found = [entry for _at, entry in past if entry is not None]
        if self.application.status not in ENDED:
            found.append(self._present())
            found += self._coming(today=today)
        return found

    # --- what was -----------------------------------------------------------------

    @cached_property
    def instalments(self) -> list[Letter]:
        """The letters of payments that moved the case nowhere: instalments but for the last."""
        paid = [row.at for row in self.transitions if row.action == "pay"]
        return [
            letter
            for letter in self.letters
            if letter.kind == "payment"
            and all(abs((letter.issued_at - at).total_seconds()) > _SAME_ACT_S for at in paid)
        ]

    def _instalment(self, letter: Letter) -> Entry:
        return Entry(
            state="done",
            name=_("分期拨付一期"),
            meta=f"{clock.local(letter.issued_at):%Y-%m-%d %H:%M} · {letter.unit.name}",
            links=[self._link(letter)],
        )

    def _link(self, letter: Letter) -> tuple[str, str]:
        url = reverse("application_letter", args=[self.application.uid, letter.uid])
        return url, letter.subject

    def _past(self, place: int) -> Entry | None:
        row = self.transitions[place]
        if row.action == "ask_correction" and self._answer_to(place) is not None:
            return None  # told together with its answer
        before = self.transitions[place - 1] if place else None
        meta = [f"{clock.local(row.at):%Y-%m-%d %H:%M}"]
        if row.action in _OWN_ACTS and row.actor:
            meta.append(str(row.actor))
        else:
            if row.unit:
                meta.append(row.unit.name)
            if used := self._used(before, row):
                meta.append(used)
        entry = Entry(
            state="ended" if row.target in VOID else "done",
            name=str(BY_ACTION[row.action].done),
            meta=" · ".join(meta),
            note=row.public_note,
            links=self._letters_of(place),
        )
        if row.action in {"submit", "resubmit", "correct"}:
            self._tell_submission(entry, row)
        if row.action == "correct":
            self._tell_correction(entry, row)
        return entry

    def _answer_to(self, place: int) -> Transition | None:
        return next((row for row in self.transitions[place + 1 :] if row.action == "correct"), None)

    def _used(self, before: Transition | None, row: Transition) -> str:
        """用时 3 个工作日: from the move before to this one."""
        if before is None:
            return ""
        days = workdays.workdays_between(
            clock.local(before.at).date(), clock.local(row.at).date(), calendar=self.calendar
        )
        if not days:
            return ""
        return ngettext("用时 %(n)s 个工作日", "用时 %(n)s 个工作日", days) % {"n": days}

    def _tell_submission(self, entry: Entry, row: Transition) -> None:
        found = [item for item in self.submissions if item.action == row.action]
        submission = min(
            found, key=lambda item: abs((item.received_at - row.at).total_seconds()), default=None
        )
        if submission is None:
            return
        mark = f"{submission.sha256[:4]} {submission.sha256[4:8]} …"
        entry.note = _("%(number)s · 摘要 %(mark)s") % {
            "number": self.application.number, "mark": mark,
        }  # fmt: skip
        uid = self.application.uid
        entry.links = [
            (reverse("application_paper", args=[uid, submission.uid, kind]), words)
            for kind, words in (("receipt", _("下载回执")), ("form", _("下载申报书")))
        ] + entry.links

    def _tell_correction(self, entry: Entry, row: Transition) -> None:
        asked = [item for item in self.transitions if item.action == "ask_correction"]
        asked = [item for item in asked if item.pk < row.pk]
        correction = next(
            (item for item in reversed(self.corrections) if item.answered_at
             and abs((item.answered_at - row.at).total_seconds()) < 60), None,
        )  # fmt: skip
        if asked:
            began = clock.local(asked[-1].at)
            entry.meta = f"{began:%Y-%m-%d} → {entry.meta}"
            if asked[-1].public_note:
                entry.note = f"{asked[-1].public_note} {entry.note}".strip()
        if correction is not None:
            words = _("第 %(round)s 轮") % {"round": correction.round}
            entry.meta = f"{entry.meta} · {words}"
            url = reverse("application_correction", args=[self.application.uid, correction.round])
            entry.links.append((url, _("查看修改对照")))

    def _letters_of(self, place: int) -> list[tuple[str, str]]:
        """The letters that went with this move: written up to the next one."""
        row = self.transitions[place]
        following = self.transitions[place + 1] if place + 1 < len(self.transitions) else None

        def belongs(letter: Letter) -> bool:
            after = (letter.issued_at - row.at).total_seconds() > -_SAME_ACT_S
            if following is None:
                return after
            return after and (letter.issued_at - following.at).total_seconds() <= -_SAME_ACT_S

        told = {letter.pk for letter in self.instalments}
        return [
            self._link(letter)
            for letter in self.letters
            if letter.pk not in told and belongs(letter)
        ]

    # --- what is and what comes ---------------------------------------------------------

    def _present(self) -> Entry:
        case = self.application
        tag = _("待本单位办理") if case.holder_unit is None else _("办理中")
        name = str(stage_name(case, case.status) or "")
        entry = Entry(state="now", name=name, tag=tag)
        if HOLDER.get(case.status, "lead") is None:
            entry.tone = "warn"
        last = self.transitions[-1] if self.transitions else None
        if last is not None and last.action == "ask_correction":
            round_ = case.correction_round or 1
            entry.meta = _("第 %(round)s 轮") % {"round": round_}
        if case.status == Status.PAYMENT and case.paid_cny:
            entry.note = _("已拨付 %(paid)s 元，批准 %(approved)s 元；余额按批次规定分期拨付。") % {
                "paid": f"{case.paid_cny:,.2f}",
                "approved": f"{case.approved_cny:,.2f}",
            }
        return entry

    def _coming(self, *, today: date) -> list[Entry]:
        case = self.application
        dates = deadlines.expected(case, today=today, calendar=self.calendar)
        found = []
        for coming in deadlines.ahead_of(case):
            due = dates.get(coming.code)
            found.append(Entry(state="next", name=_coming_name(coming, due)))
        return found


def _coming_name(coming: Stage, due: workdays.DueOn | None) -> str:
    name = str(coming.label)
    if due is None:
        return name
    if due.date is None:
        return f"{name} · {_('待日历发布')}"
    words = _("预计 %(day)s前") % {"day": month_day(due.date)}
    return f"{name} · {words}"


def calendar_entry(application: Application, *, at: datetime) -> str:
    """The due date as an iCalendar event of one day."""
    day = application.due_on
    name = stage_name(application, application.status)
    summary = f"{application.number or application.title} {name}".strip()

    def line(text: Any) -> str:
        return (
            str(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
            .replace("\r", "").replace("\n", "\\n")
        )  # fmt: skip

    return "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Nanjing Innovation Grants//ZH",
            "BEGIN:VEVENT",
            f"UID:{application.uid}-{application.revision}@nanjing-grants",
            f"DTSTAMP:{at:%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
            f"SUMMARY:{line(summary)}",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )
