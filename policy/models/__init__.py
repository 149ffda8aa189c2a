"""The policy as rows: document, articles, measures, dated definitions, calls, calendar.

Text that is policy (names, clauses, guides) carries its own zh and en; identity is the
line ("10-1"), a code or a uid, never a translated text.
"""

from policy.models.calendars import CalendarDay, CalendarYear
from policy.models.calls import (
    PINNED,
    Call,
    CallChange,
    CallChangeQuerySet,
    CallFigures,
    CallQuerySet,
)
from policy.models.documents import (
    Article,
    ArticleUnit,
    Definition,
    DefinitionQuerySet,
    Document,
    Measure,
    MeasureQuerySet,
)
from policy.models.questions import Question

__all__ = [
    "PINNED",
    "Article",
    "ArticleUnit",
    "CalendarDay",
    "CalendarYear",
    "Call",
    "CallChange",
    "CallChangeQuerySet",
    "CallFigures",
    "CallQuerySet",
    "Definition",
    "DefinitionQuerySet",
    "Document",
    "Measure",
    "MeasureQuerySet",
    "Question",
]
