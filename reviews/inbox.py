"""What waits for a unit (待办): a query, not rows that somebody pushed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import Any

from django import forms
from django.core.validators import EMPTY_VALUES
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from applications.models import DUE_KEY, LAST_DAY, Application, Party, Status
from policy import workdays
from policy.models import Measure
from portal.accounts.loading import units_of
from portal.accounts.models import Role, Unit
from portal.searching import words
from portal.widgets import PlainDate, PlainSelect, PlainText
from portal.written import Given, Written
from reviews.models import Objection, Opinion

SOON_WORKDAYS = 2
SIZE = 30
# Money matters have pages of their own, above.
ELSEWHERE = (Status.FINANCE, Status.PAYMENT)
KEYS = ("due_key", "uid")
YUAN_PER_WAN = 10_000
# What a list shows of a case: a hundred columns of five tables cost more than the page around it.
_SHOWN = (
    "uid", "number", "title", "status", "correction_round", "asked_cny", "due_on", "due_waiting",
    "submitted_at", "organisation__name", "district__name_zh", "district__name_en",
    "call__measure__line", "call__measure__name_zh", "call__measure__name_en",
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """A saved view of the inbox."""

    code: str
    label: object


VIEWS = (
    View("mine", _("我的待办")),
    View("overdue", _("已超期")),
    View("soon", _("2 个工作日内到期")),
    View("corrected", _("补正已回")),
    View("opinions", _("待反馈会商")),
    View("objections", _("异议")),
)
ALL = View("all", _("全部申报"))


def units(user) -> list[Unit]:
    """The units for which the user reviews."""
    return units_of(user, Role.CLERK, Role.HEAD)


def _keyed(cases: QuerySet, due=DUE_KEY) -> QuerySet:
    """With the key to page by, and only what a list shows."""
    return cases.annotate(due_key=due).only(*_SHOWN)


def _held(of: Sequence[Unit]) -> QuerySet:
    return Application.objects.for_inbox(*of).exclude(status__in=ELSEWHERE)


def soon_until(today: date, calendar: workdays.Calendar) -> date:
    """The last day that counts as soon; where the calendar does not reach, today."""
    found = workdays.add_workdays(today, SOON_WORKDAYS, calendar=calendar)
    return found.date or today


def _conditions(today: date, until: date) -> dict[str, Q]:
    # Once for all cases: an EXISTS would look for objections to each.
    filed = Objection.objects.filter(state="filed").values("application")
    return {
        "mine": Q(),
        "overdue": Q(due_on__lt=today),
        "soon": Q(due_on__range=(today, until)),
        "corrected": Q(status=Status.FORMAL_CHECK, correction_round__gt=0),
        "objections": Q(status=Status.OBJECTION) | Q(pk__in=filed),
    }


def cases(code: str, of: Sequence[Unit], *, today: date, until: date) -> QuerySet:
    """The cases of a saved view, the soonest due first, with ``due_key`` to page by."""
    if code == ALL.code:
        part = Party.objects.filter(application=OuterRef("pk"), unit__in=of, ended_at__isnull=True)
        return _keyed(
            Application.objects.filter(Exists(part), submitted_at__isnull=False).select_related(
                "organisation", "call__measure", "district"
            )
        )
    if code == "opinions":
        return _keyed(_asked(of), Coalesce(F("opinion_due_on"), Value(LAST_DAY)))
    return _keyed(_held(of).filter(_conditions(today, until)[code]))


@cache
def _front(code: str, size: int) -> Written:
    unit, today, until = Given("unit"), Given("today"), Given("until")
    return Written(
        lambda: cases(code, [unit], today=today, until=until).order_by(*KEYS)[:size]  # type: ignore
    )


def front(code: str, of: Sequence[Unit], size: int, *, today: date, until: date) -> list:
    """The first cases of a saved view, the soonest due first: what is looked at most."""
    if len(of) == 1 and code in _conditions(today, until):
        return _front(code, size).read(unit=of[0].pk, today=today, until=until)
    return list(cases(code, of, today=today, until=until).order_by(*KEYS)[:size])


def _held_now(of: Sequence[Unit]) -> Q:
    """Whether one of the units holds the case."""
    return Q(holder_unit__in=of) & ~Q(status__in=ELSEWHERE)


def _asked_now(of: Sequence[Unit]) -> Q:
    """Whether one of the units has not given its opinion yet."""
    return Q(pk__in=_unanswered(of).values("application"), status=Status.JOINT_REVIEW)


def _unanswered(of: Sequence[Unit]) -> QuerySet:
    return Opinion.objects.filter(unit__in=of, outcome=Opinion.Outcome.WAITING)


def _waiting(of: Sequence[Unit]) -> QuerySet:
    return _unanswered(of).filter(application=OuterRef("pk"))


def _asked(of: Sequence[Unit]) -> QuerySet:
    """Cases on which one of the units has not given its opinion yet."""
    return (
        Application.objects.filter(_asked_now(of))
        .annotate(opinion_due_on=_waiting(of).values("due_on")[:1])
        .select_related("organisation", "call__measure", "district")
    )


def everything(of: Sequence[Unit]) -> QuerySet:
    """What the units hold and what awaits their opinion, the soonest due first."""
    held = _held_now(of)
    asked = _waiting(of).values("due_on")[:1]
    return (
        Application.objects.filter(held | _asked_now(of))
        .annotate(
            is_held=ExpressionWrapper(held, output_field=BooleanField()),
            opinion_due_on=Case(When(held, then=None), default=asked, output_field=DateField()),
        )
        .annotate(due_key=Coalesce("opinion_due_on", "due_on", Value(LAST_DAY)))
        .select_related("organisation", "call__measure", "district")
        .only(*_SHOWN)
        .order_by(*KEYS)
    )


# Every view's number in one statement, written out: of what the units hold an index alone is read,
# and the ORM took longer to write it than the database to answer. The conditions are those of
# ``_conditions``, ``_held_now`` and ``_asked_now``; a test compares them.
_COUNTS = """
    SELECT held.*, asked.*, held.mine + asked.more AS todo FROM (
        SELECT count(*) AS mine,
            count(*) FILTER (WHERE due_on < %(today)s) AS overdue,
            count(*) FILTER (WHERE due_on BETWEEN %(today)s AND %(until)s) AS soon,
            count(*) FILTER (WHERE status = 'formal_check' AND correction_round > 0) AS corrected,
            count(*) FILTER (WHERE status = 'objection' OR id IN (
                SELECT application_id FROM {objection} WHERE state = 'filed')) AS objections
        FROM {case} WHERE holder_unit_id = ANY(%(units)s) AND status <> ALL(%(elsewhere)s)
    ) AS held, (
        SELECT count(*) AS opinions,
            count(*) FILTER (WHERE NOT coalesce(holder_unit_id = ANY(%(units)s)
                AND status <> ALL(%(elsewhere)s), false)) AS more
        FROM {case} WHERE status = 'joint_review' AND id IN (
            SELECT application_id FROM {opinion}
            WHERE unit_id = ANY(%(units)s) AND outcome = 'waiting')
    ) AS asked
"""


def counts(of: Sequence[Unit], *, today: date, until: date) -> dict[str, int]:
    """How many cases each view holds, and (``todo``) all together: one query."""
    found = _ask(_COUNTS, of, today=today, until=until)
    found.pop("more")
    return found


def _ask(statement: str, of: Sequence[Unit], **given) -> dict[str, int]:
    """The one row of a statement about what the units hold, by name."""
    tables = {
        "case": Application._meta.db_table,
        "objection": Objection._meta.db_table,
        "opinion": Opinion._meta.db_table,
    }
    given |= {"units": [unit.pk for unit in of], "elsewhere": [code.value for code in ELSEWHERE]}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**tables), given)
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))


def remember(user, counted: dict[str, int]) -> None:
    """Let the menu of this request show what the page has counted."""
    user._todo_count = counted["todo"]


# As ``_COUNTS`` counts ``todo``: every page of an officer asks this.
_TODO = """
    SELECT (
        SELECT count(*) FROM {case}
        WHERE holder_unit_id = ANY(%(units)s) AND status <> ALL(%(elsewhere)s)
    ) + (
        SELECT count(*) FROM {case} WHERE status = 'joint_review' AND id IN (
            SELECT application_id FROM {opinion}
            WHERE unit_id = ANY(%(units)s) AND outcome = 'waiting')
        AND NOT coalesce(holder_unit_id = ANY(%(units)s) AND status <> ALL(%(elsewhere)s), false)
    ) AS todo
"""


def todo_count(user) -> int:
    """The number beside 待办 in the menu: held by the user's units, or awaiting their opinion.
    Asked once for each request."""
    if not hasattr(user, "_todo_count"):
        mine = units(user)
        user._todo_count = _ask(_TODO, mine)["todo"] if mine else 0
    return user._todo_count


_MEASURES = Written(
    lambda: Measure.objects.order_by("position").values_list("line", "name_zh", "name_en")
)
_DISTRICTS = Written(lambda: Unit.objects.districts().values_list("code", "name_zh", "name_en"))


def _english() -> bool:
    return (get_language() or "").startswith("en")


def _measures() -> list[tuple[str, str]]:
    english = _english()
    shown = (
        (line, f"{line} {(english and name_en) or name_zh}")
        for line, name_zh, name_en in _MEASURES.read()
    )
    return [("", gettext("全部措施")), *shown]


def _districts() -> list[tuple[str, str]]:
    place = 2 if _english() else 1
    return [("", gettext("全部区")), *((row[0], row[place]) for row in _DISTRICTS.read())]


def _day(label) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=PlainDate({"class": "form-control"}),
        error_messages={"invalid": _("请填写有效日期。")},
    )  # fmt: skip


def _wan(label) -> forms.DecimalField:
    """A bound of the amount asked for, typed in 万元 as the list shows it."""
    wrong = dict.fromkeys(("invalid", "min_value", "max_value"), _("请填写 0 至 99999999 的数。"))
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_value=99_999_999, error_messages=wrong,
        widget=PlainText({"class": "form-control", "inputmode": "decimal"}),
    )  # fmt: skip


class _FilterForm(forms.Form):
    q = forms.CharField(
        label=_("编号、项目或单位"), required=False, widget=PlainText({"class": "form-control"})
    )
    measure = forms.ChoiceField(
        label=_("支持措施"), required=False, widget=PlainSelect({"class": "form-select"})
    )
    district = forms.ChoiceField(
        label=_("推荐单位"), required=False, widget=PlainSelect({"class": "form-select"})
    )
    status = forms.ChoiceField(
        label=_("环节"),
        choices=[
            ("", _("全部环节")),
            *(pair for pair in Status.choices if pair[0] not in {"draft", "handed"}),
        ],
        required=False,
        widget=PlainSelect({"class": "form-select"}),
    )
    due_from = _day(_("办理期限自"))
    due_to = _day(_("办理期限至"))
    asked_min = _wan(_("申请额自（万元）"))
    asked_max = _wan(_("申请额至（万元）"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Read where they are shown or compared, and then once.
        self.fields["measure"].choices = cache(_measures)
        self.fields["district"].choices = cache(_districts)


class CaseFilter:
    """The filters of a list of cases; they live in the URL. What is not known narrows nothing."""

    # What stands behind 期限和金额.
    MORE = ("due_from", "due_to", "asked_min", "asked_max")

    def __init__(self, query, every: Callable[[], QuerySet]) -> None:
        self.form = _FilterForm(query)
        self._every = every

    @cached_property
    def _wanted(self) -> dict[str, Any]:
        self.form.is_valid()
        given = self.form.cleaned_data.items()
        return {name: value for name, value in given if value not in EMPTY_VALUES}

    @cached_property
    def qs(self) -> QuerySet:
        found: Any = self._every()
        wanted = self._wanted
        if text := wanted.get("q"):
            found = found.with_words(words(text))
        columns = {
            "measure": "call__measure__line", "district": "district__code", "status": "status",
        }  # fmt: skip
        found = found.filter(**{columns[name]: wanted[name] for name in columns if name in wanted})
        if "due_from" in wanted:
            found = found.filter(due_key__gte=wanted["due_from"])
        if "due_to" in wanted:
            # What has no due date stands last, and is due by no day.
            found = found.filter(due_key__lte=wanted["due_to"], due_key__lt=LAST_DAY)
        if "asked_min" in wanted:
            found = found.filter(asked_cny__gte=wanted["asked_min"] * YUAN_PER_WAN)
        if "asked_max" in wanted:
            found = found.filter(asked_cny__lte=wanted["asked_max"] * YUAN_PER_WAN)
        return found

    @property
    def first(self) -> list:
        return [self.form[name] for name in self.form.fields if name not in self.MORE]

    @property
    def more(self) -> list:
        return [self.form[name] for name in self.MORE]

    @property
    def more_is_open(self) -> bool:
        return any(self.form.data.get(name) for name in self.MORE)

    @property
    def narrows(self) -> bool:
        return bool(self._wanted)

    @property
    def is_set(self) -> bool:
        """Whether a filter narrows the list."""
        return not self.form.errors and bool(self._wanted)


@dataclass
class Row:
    """A case in a list: what it is, where it stands, when it is due."""

    case: Application
    due_on: date | None
    workdays_left: int | None

    @property
    def has_due(self) -> bool:
        return self.due_on is not None or self.case.due_waiting is not None


def rows(found: Sequence[Application], *, today: date, calendar: workdays.Calendar) -> list[Row]:
    """The cases with their days left; the calendar is read once for all."""
    made = []
    for case in found:
        due_on = getattr(case, "opinion_due_on", None) or case.due_on
        left = (
            workdays.workdays_between(today, due_on, calendar=calendar)
            if due_on is not None
            else None
        )
        made.append(Row(case, due_on, left))
    return made
